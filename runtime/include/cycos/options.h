/* cycos/options.h - what a node can be told: flags, environment, file. */
#ifndef CYCOS_OPTIONS_H
#define CYCOS_OPTIONS_H

#include <cycos/err.h>
#include <cycos/log.h>
#include <cycos/time.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

CY_BEGIN_DECLS

/*
 *     struct cy_options options;
 *     cy_options_init(&options);
 *     if (cy_options_parse(&options, &argc, argv) < 0)
 *         return fprintf(stderr, "%s\n", options.error), 2;
 *     status = cy_run(&options, main_task, NULL);
 *     cy_options_fini(&options);
 *
 * An option `--udp-port 5000` is CYCOS_UDP_PORT=5000 in the environment and `udp-port = 5000`
 * in the file that --config or CYCOS_CONFIG names. Flags win over the environment, which wins
 * over the file, which wins over what the fields hold before. CYCOS_SECRET is no option: it
 * holds a secret itself, which counts after those of secret_file.
 *
 * Sizes take k, m, g, t (powers of 1024); durations need one of ns, us, ms, s, m, h, d (only 0
 * needs none).
 * Switches are --pin and --no-pin, or yes and no. Lists are separated by commas or given by
 * repetition.
 */
struct cy_option_list {
    const char *const *items;
    uint32_t count;
};

#define CY_OPTION_LIST_MAX  1024 /* items */
#define CY_OPTION_VALUE_MAX 4095 /* bytes of one value */
#define CY_NODE_NAME_MAX    57   /* bytes; a core's name adds ".0" up to ".65535" */
#define CY_CORES_MAX        1024

struct cyi_network;

struct cy_options {
    /* The node and its network. */
    const struct cyi_network *network; /* NULL: none; cy_network() of cycos/peer.h; no option */
    uint32_t cores;                    /* 0: one per CPU of the affinity mask */
    struct cy_option_list node;        /* host names or addresses to serve on; none: all */
    struct cy_option_list ext_ip_addr; /* addresses behind a gateway, in the order of node */
    uint32_t udp_port;                 /* 51350; 0 means that too */
    uint32_t tcp_port;                 /* of core 0, the others follow; 0: any */
    const char *name;                  /* NULL: the location */
    bool discover_peers;               /* yes */
    bool control;                      /* tell peers who ask about this node: yes */
    struct cy_option_list peers;       /* HOST, HOST:PORT or [ADDRESS]:PORT to contact */
    struct cy_option_list secret_file; /* the first signs, all are accepted: for a change */
    const char *certfile;              /* PEM; TLS is on; the first certificate is our own */
    const char *keyfile;               /* PEM; NULL: in certfile */
    const char *cafile;    /* PEM: who signs peers; NULL: peers have one of those in certfile */
    const char *dest_path; /* for files from peers; NULL: the temporary folder */
    uint64_t max_file_size;   /* bytes; 0: no limit */
    uint64_t file_quota;      /* bytes that files of one peer may have; 0: no limit */
    bool file_delete_any;     /* peers may delete files that others have sent: no */
    const char *metrics_node; /* where to show metrics; NULL: 127.0.0.1 */
    uint32_t metrics_port;    /* TCP; 0: nowhere */

    /* The runtime. */
    bool pin;                    /* each core's thread to its CPU: yes */
    cy_time spin_ns;             /* poll so long before sleeping: 50 us */
    cy_time stall_ns;            /* report a task that runs so long: 25 ms; 0: never */
    uint32_t mailbox_max;        /* messages per task: 65536 */
    uint32_t outbox_max;         /* messages on the way from one core to another: 65536 */
    uint32_t tasks_max;          /* per core: 4194304 */
    uint64_t stack_bytes;        /* per stackful task, virtual: 64 KiB */
    uint32_t pool_threads;       /* for cy_blocking(): 4 */
    uint32_t pool_queue_max;     /* calls that wait for them: 1024 */
    bool handle_signals;         /* SIGTERM, SIGINT, SIGQUIT, SIGHUP: yes */
    cy_time shutdown_grace_ns;   /* for tasks to finish after a signal: 10 s */
    enum cy_log_level log_level; /* info */
    uint32_t log_rate;           /* lines per second and event: 100; 0: no limit */

    /* Only for programs to fill in. */
    cy_log_sink *log_sink; /* NULL: standard error */
    void *log_arg;

    char error[512]; /* why the last call failed, one line without newline */
    void *owned;     /* what cy_options_parse() allocated */
};

/**
 * cy_options_init - fill in the defaults
 * @options: uninitialised
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: the caller calls cy_options_fini()
 * Errors:    none
 * Since:     0.1
 */
void cy_options_init(struct cy_options *options);

/**
 * cy_options_fini - free what cy_options_parse() allocated
 * @options: initialised; must be initialised again before the next use
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: strings and lists that parsing has set become invalid
 * Errors:    none
 * Since:     0.1
 */
void cy_options_fini(struct cy_options *options);

/* What a value is, and the type of the field that takes it. */
enum cy_option_type {
    CY_OPTION_SWITCH,   /* bool */
    CY_OPTION_NUMBER,   /* uint32_t */
    CY_OPTION_SIZE,     /* uint64_t, bytes */
    CY_OPTION_DURATION, /* cy_time */
    CY_OPTION_CHOICE,   /* int: the index into `choices`, "debug|info|warn" */
    CY_OPTION_STRING,   /* const char *, NULL when not given; min and max of its length */
    CY_OPTION_LIST,     /* struct cy_option_list; min and max of its count */
};

struct cy_option {
    const char *name; /* "udp-port" */
    enum cy_option_type type;
    size_t offset; /* of the field in its struct */
    int64_t min, max;
    const char *choices; /* for a choice; else what help calls the value, or NULL */
    const char *help;
    int (*check)(char *why, size_t size, const char *value); /* of a string or item; or NULL */
};

/* The options of an application, so that they are read, checked and explained alike. */
struct cy_option_set {
    const char *section; /* in the file: "kv"; in the environment: KV_... */
    const struct cy_option *options;
    size_t count; /* at most 64 */
    void *target; /* the struct of their fields, holding the defaults */
};

/**
 * cy_options_parse - take the node's options from flags, environment and file
 * @options: initialised
 * @argc:    the argument count of main(); reduced by what is taken
 * @argv:    its arguments; what is not the node's stays, in order, as does
 *           everything from -- on
 *
 * Both --option value and --option=value. A later flag wins; a list grows instead. Unknown
 * keys in the file are errors, unknown flags are left for the application.
 *
 * Context:   any thread, before cy_run(); suspends: no; blocks: reads the file
 * Ownership: strings are copied into memory that cy_options_fini() frees
 * Errors:    -EINVAL a bad value, -E2BIG a limit, -ENOENT, -EACCES... the file, -ENOMEM;
 *            options->error names the source, the option, the value and what is expected
 * Since:     0.1
 */
CY_MUST_CHECK int cy_options_parse(struct cy_options *options, int *argc, char **argv);

/**
 * cy_options_parse_with - the same, with the application's own options
 * @options: initialised
 * @set:     the application's options; their strings live as long as @options
 * @argc:    as above
 * @argv:    as above
 *
 * In the file they stand below the line [section]. On failure the fields of @set may have
 * changed. What is left in @argv is neither the node's nor the application's.
 *
 * Context:   any thread, before cy_run(); suspends: no; blocks: reads the file
 * Ownership: borrows @set
 * Errors:    as cy_options_parse()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_options_parse_with(struct cy_options *options,
                                        const struct cy_option_set *set, int *argc,
                                        char **argv);

/**
 * cy_options_check - look for bad values in a struct that was filled by hand
 * @options: initialised
 *
 * cy_run() does it too.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -EINVAL; options->error says what is wrong
 * Since:     0.1
 */
CY_MUST_CHECK int cy_options_check(struct cy_options *options);

/**
 * cy_options_help - print what options there are, with their defaults
 * @out: where to
 * @set: the application's, printed first; or NULL
 *
 * Context:   any thread; suspends: no; blocks: as @out does
 * Ownership: nothing
 * Errors:    none; ferror(@out) tells
 * Since:     0.1
 */
void cy_options_help(FILE *out, const struct cy_option_set *set);

/**
 * cy_options_write_ini - write all values in the form that --config reads
 * @options: initialised
 * @set:     the application's, or NULL
 * @out:     where to
 *
 * Context:   any thread; suspends: no; blocks: as @out does
 * Ownership: nothing
 * Errors:    -EIO writing failed
 * Since:     0.1
 */
CY_MUST_CHECK int cy_options_write_ini(const struct cy_options *options,
                                       const struct cy_option_set *set, FILE *out);

/**
 * cy_size_parse - read a size such as "64k" or "1.5gb"
 * @out:  receives bytes; untouched on failure
 * @text: a number, with b, k, m, g or t in either case, also as kb or kib
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -EINVAL no size, -ERANGE more than INT64_MAX
 * Since:     0.1
 */
CY_MUST_CHECK int cy_size_parse(uint64_t *out, const char *text);

/**
 * cy_duration_parse - read a duration such as "250us" or "1.5s"
 * @out:  receives nanoseconds; untouched on failure
 * @text: a number with ns, us, ms, s, m, min, h or d; or 0
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -EINVAL no duration, -ERANGE CY_FOREVER or more
 * Since:     0.1
 */
CY_MUST_CHECK int cy_duration_parse(cy_time *out, const char *text);

CY_END_DECLS

#endif
