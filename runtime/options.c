/*
 * options.c - reads the node's options from file, environment and flags, in this order.
 *
 * Each source overwrites what the one before has set, so what is read last wins. All goes into
 * a copy that replaces the caller's struct only when every source was good.
 */
#include "options.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void
set_where(struct cyi_option_reader *reader, const char *prefix, const char *name, size_t bytes)
{
    snprintf(reader->where, sizeof reader->where, "%s%.*s", prefix, (int) bytes, name);
}

/* "CYCOS_UDP_PORT" from "cycos" and "udp-port". */
static void
variable_name(char *out, size_t size, const char *section, const char *name)
{
    snprintf(out, size, "%s_%s", section, name);
    for (; *out != '\0'; out++)
        *out = *out == '-' ? '_' : (char) toupper((unsigned char) *out);
}

/* What a variable holds; NULL when it is not set or empty, which counts as not set. */
static const char *
variable(struct cyi_option_reader *reader, const char *section, const char *name)
{
    variable_name(reader->where, sizeof reader->where, section, name);
    const char *value = getenv(reader->where);
    return value != NULL && *value != '\0' ? value : NULL;
}

static int
read_environment(struct cyi_option_reader *reader)
{
    cyi_option_new_source(reader);
    for (struct cyi_option_at at = {0, 0}; at.set < reader->set_count; at.set++) {
        const struct cy_option_set *set = &reader->sets[at.set];
        for (at.index = 0; at.index < set->count; at.index++) {
            const char *value = variable(reader, set->section, set->options[at.index].name);
            int rc = value != NULL ? cyi_option_set(reader, at, value, false) : 0;
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* One argument that begins with "--", cut at its "=". */
struct flag {
    const char *name;
    size_t bytes;
    const char *value; /* behind "="; NULL when there is none */
};

static struct flag
split_flag(const char *arg)
{
    const char *name = arg + 2, *equals = strchr(name, '=');
    return (struct flag){.name = name,
                         .bytes = equals != NULL ? (size_t) (equals - name) : strlen(name),
                         .value = equals != NULL ? equals + 1 : NULL};
}

static bool
flag_is(const struct flag *flag, const char *name)
{
    return strlen(name) == flag->bytes && memcmp(name, flag->name, flag->bytes) == 0;
}

/* The value behind "=" or in the next argument; an argument that looks like a flag is none. */
static int
flag_value(struct cyi_option_reader *reader, struct flag *flag, char **argv, int argc, int *i)
{
    if (flag->value != NULL)
        return 0;
    if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
        return cyi_option_fail(reader, NULL, "a value is missing");
    flag->value = argv[++*i];
    return 0;
}

/* --pin, --no-pin, --pin=yes. */
static int
set_switch(struct cyi_option_reader *reader, const struct flag *flag, struct cyi_option_at at,
           bool negated)
{
    if (negated && flag->value != NULL)
        return cyi_option_fail(reader, flag->value, "takes no value");
    const char *value = negated ? "no" : "yes";
    return cyi_option_set(reader, at, flag->value != NULL ? flag->value : value, false);
}

static bool
find_negated(const struct cyi_option_reader *reader, const struct flag *flag,
             struct cyi_option_at *at)
{
    return flag->bytes > 3 && strncmp(flag->name, "no-", 3) == 0 &&
           cyi_option_find(reader, -1, flag->name + 3, flag->bytes - 3, false, at) &&
           cyi_option_of(reader, *at)->type == CY_OPTION_SWITCH;
}

/* 1: taken, i is at its last argument; 0: not ours; negative: bad. */
static int
take_flag(struct cyi_option_reader *reader, char **argv, int argc, int *i)
{
    struct flag flag = split_flag(argv[*i]);
    struct cyi_option_at at;
    int rc;
    set_where(reader, "--", flag.name, flag.bytes);
    bool found = cyi_option_find(reader, -1, flag.name, flag.bytes, false, &at);
    if (found && cyi_option_of(reader, at)->type == CY_OPTION_SWITCH) {
        rc = set_switch(reader, &flag, at, false);
    } else if (found) {
        rc = flag_value(reader, &flag, argv, argc, i);
        rc = rc == 0 ? cyi_option_set(reader, at, flag.value, false) : rc;
    } else if (find_negated(reader, &flag, &at)) {
        rc = set_switch(reader, &flag, at, true);
    } else if (flag_is(&flag, "config")) {
        rc = flag_value(reader, &flag, argv, argc, i); /* read before all others */
    } else if (flag_is(&flag, "secret")) {
        rc = cyi_option_fail(reader, NULL,
                             "every user of this machine can read an argument; "
                             "put the secret into a file and give --secret-file");
    } else {
        return 0;
    }
    return rc < 0 ? rc : 1;
}

/* Keeps in `rest` what is not taken and counts it. */
static int
read_flags(struct cyi_option_reader *reader, char **argv, int argc, char **rest, int *count)
{
    bool stopped = false;
    cyi_option_new_source(reader);
    *count = 0;
    for (int i = 0; i < argc; i++) {
        stopped = stopped || strcmp(argv[i], "--") == 0;
        int rc = 0;
        if (i > 0 && !stopped && strncmp(argv[i], "--", 2) == 0)
            rc = take_flag(reader, argv, argc, &i);
        if (rc < 0)
            return rc;
        if (rc == 0)
            rest[(*count)++] = argv[i];
    }
    return 0;
}

/* The file that --config or else CYCOS_CONFIG names, or NULL. */
static int
find_config(struct cyi_option_reader *reader, char **argv, int argc, const char **path)
{
    *path = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        struct flag flag = split_flag(argv[i]);
        if (!flag_is(&flag, "config"))
            continue;
        set_where(reader, "--", "config", 6);
        int rc = flag_value(reader, &flag, argv, argc, &i);
        if (rc < 0)
            return rc;
        if (*path != NULL)
            return cyi_option_fail(reader, flag.value, "is a second file");
        *path = flag.value;
    }
    if (*path == NULL)
        *path = variable(reader, "cycos", "config");
    return 0;
}

static int
read_all(struct cyi_option_reader *reader, char **argv, int argc, char **rest, int *count)
{
    const char *path;
    int rc = find_config(reader, argv, argc, &path);
    if (rc == 0 && path != NULL)
        rc = cyi_options_read_file(reader, path);
    if (rc == 0)
        rc = read_environment(reader);
    if (rc == 0)
        rc = read_flags(reader, argv, argc, rest, count);
    if (rc == 0)
        rc = cyi_options_check_together(reader);
    return rc;
}

static void
open_reader(struct cyi_option_reader *reader, struct cy_options *options,
            const struct cy_option_set *set)
{
    memset(reader, 0, sizeof *reader);
    reader->options = options;
    reader->sets[reader->set_count++] = cyi_options_node_set(options);
    if (set != NULL)
        reader->sets[reader->set_count++] = *set;
}

int
cy_options_parse_with(struct cy_options *options, const struct cy_option_set *set, int *argc,
                      char **argv)
{
    struct cyi_option_reader reader;
    struct cy_options next = *options;
    int count = 0;
    char **rest = malloc(((size_t) *argc + 1) * sizeof *rest);
    if (rest == NULL)
        return -ENOMEM;
    next.error[0] = '\0';
    open_reader(&reader, &next, set);
    int rc = read_all(&reader, argv, *argc, rest, &count);
    if (rc == 0) {
        memcpy(argv, rest, (size_t) count * sizeof *argv);
        if (count < *argc)
            argv[count] = NULL;
        *argc = count;
        *options = next;
    } else {
        memcpy(options->error, next.error, sizeof options->error);
        options->owned = next.owned; /* fields of `set` may point there */
    }
    free(rest);
    return rc;
}

int
cy_options_parse(struct cy_options *options, int *argc, char **argv)
{
    return cy_options_parse_with(options, NULL, argc, argv);
}

int
cy_options_check(struct cy_options *options)
{
    struct cyi_option_reader reader;
    options->error[0] = '\0';
    open_reader(&reader, options, NULL);
    for (struct cyi_option_at at = {0, 0}; at.index < reader.sets[0].count; at.index++) {
        const char *name = cyi_option_of(&reader, at)->name;
        set_where(&reader, "option ", name, strlen(name));
        int rc = cyi_option_check(&reader, at);
        if (rc < 0)
            return rc;
    }
    return cyi_options_check_together(&reader);
}
