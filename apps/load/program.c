/* program.c - the four things that the program does. */
#include "program.h"
#include "compare.h"
#include "coordinator.h"
#include "export.h"
#include "flags.h"
#include "hgrm.h"
#include "html.h"
#include "report.h"
#include "serve.h"
#include "serve_name.h"
#include "talk.h"
#include "worker.h"

#include <cycos/peer.h>
#include <cycos/run.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: load [OPTIONS] TARGET         make load, print what came of it\n"
    "       load [OPTIONS] serve TARGET   something to load, on every core: raw TCP echo at\n"
    "                                     tcp://HOST:PORT (port 0: any), or a task and a\n"
    "                                     channel with books at task://NAME (or --name NAME)\n"
    "       load [OPTIONS] worker         make load for a `load --workers` elsewhere\n"
    "       load compare A.json B.json    compare two results, or two lists A1,A2,... "
    "B1,B2,...\n"
    "\n"
    "TARGET is kv://HOST[:PORT] for a RESP server, tcp://HOST:PORT for a raw TCP echo, or\n"
    "task://NAME or channel://NAME for whoever on the network has that name.\n"
    "Without --rate or --stages each connection sends as soon as a reply has made room "
    "(closed\n"
    "loop). With them requests are sent at their time, whatever the server does (open loop).\n"
    "\n"
    "  load --connections 100 --pipeline 16 kv://127.0.0.1:6379\n"
    "  load --rate 50k --arrival poisson --assert 'p99<5ms,errors==0' kv://127.0.0.1:6379\n"
    "  load --stages 10s:1k,30s:50k --html ramp.html kv://127.0.0.1:6379\n"
    "  load --find-max --slo 'p99<1ms' kv://127.0.0.1:6379\n"
    "  load serve task://box      and elsewhere on the network\n"
    "  load --verb deliver task://box\n"
    "  load --workers 3 --verb send channel://box\n"
    "\n"
    "Conditions compare p50, p99.9..., mean, min, max, stddev (raw.p50... without "
    "correction),\n"
    "throughput, requests, errors, error_replies, disconnects, connect_errors, timeouts, "
    "late,\n"
    "dropped, unproved, faults, lost, duplicated, reordered, corrupted, stale.\n"
    "Exit status: 0; 1 a fault, a failed assertion, no answer at all, or a worker lost;\n"
    "2 wrong options; 3 no connection, name, worker, port or file.\n"
    "\n";

static __attribute__((format(printf, 2, 3))) int
complain(int status, const char *format, ...)
{
    va_list ap;
    fputs("load: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

static int
compare(int argc, char **argv)
{
    struct load_results a, b;
    char error[512];
    if (argc != 4)
        return complain(LOAD_EXIT_USAGE, "compare: two results, such as a.json b.json");
    if (load_results_read(&a, argv[2], error, sizeof error) != 0)
        return complain(LOAD_EXIT_CANNOT, "compare: %s", error);
    if (load_results_read(&b, argv[3], error, sizeof error) != 0) {
        load_results_free(&a);
        return complain(LOAD_EXIT_CANNOT, "compare: %s", error);
    }
    load_compare_print(stdout, &a, &b);
    load_results_free(&a);
    load_results_free(&b);
    return LOAD_EXIT_OK;
}

/* Without a target it is the name of the node: so scripts/launch gives each its own. */
static int
serve(struct cy_options *options, const char *target)
{
    struct load_service service = {.announce = stdout};
    char text[300];
    if (target == NULL && options->name == NULL)
        return complain(LOAD_EXIT_USAGE, "serve: neither a target nor a --name given");
    snprintf(text, sizeof text, "%s%s", target != NULL ? "" : "task://",
             target != NULL ? target : options->name);
    if (load_target_parse(&service.target, text) != 0 || service.target.protocol == LOAD_KV)
        return complain(LOAD_EXIT_USAGE,
                        "serve %s: a target such as tcp://127.0.0.1:0 or task://name", text);
    bool named = load_target_named(&service.target);
    if (named && strlen(service.target.host) > LOAD_SERVED_MAX)
        return complain(LOAD_EXIT_USAGE, "serve %s: a name of at most %d bytes", text,
                        LOAD_SERVED_MAX);
    if (named)
        options->network = cy_network();
    int status = cy_run(options, named ? load_serve_name : load_serve, &service);
    if (status < 0)
        return complain(LOAD_EXIT_CANNOT, "%s", options->error);
    if (service.error[0] != '\0')
        return complain(LOAD_EXIT_CANNOT, "%s", service.error);
    return status;
}

static int
work(struct cy_options *options)
{
    struct load_worker worker = {.announce = stdout};
    options->network = cy_network();
    int status = cy_run(options, load_work, &worker);
    if (status < 0)
        return complain(LOAD_EXIT_CANNOT, "%s", options->error);
    if (worker.error[0] != '\0')
        return complain(LOAD_EXIT_CANNOT, "%s", worker.error);
    return status;
}

/* One output file; which one is said when it cannot be written. */
static int
write_file(const char *path, const struct load_result *result,
           const struct load_machine *machine,
           int (*write)(FILE *file, const struct load_result *result,
                        const struct load_machine *machine))
{
    if (path == NULL)
        return 0;
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return complain(LOAD_EXIT_CANNOT, "%s: %s", path, strerror(errno));
    int rc = write(file, result, machine);
    if (fclose(file) != 0 && rc == 0)
        rc = -errno;
    return rc == 0 ? 0 : complain(LOAD_EXIT_CANNOT, "%s: %s", path, strerror(-rc));
}

static int
write_hgrm(FILE *file, const struct load_result *result, const struct load_machine *machine)
{
    (void) machine;
    return load_hgrm_write(file, result->corrected, 5, 1000);
}

static int
conclude(const struct load_settings *settings, struct load_result *r)
{
    struct load_machine machine;
    load_machine_read(&machine);
    load_predicates_check(&settings->assertion, r, &r->verdict);
    load_report_print(stdout, r, &machine);
    int status = write_file(settings->flags.json, r, &machine, load_export);
    status = status != 0 ? status : write_file(settings->flags.hgrm, r, &machine, write_hgrm);
    status =
        status != 0 ? status : write_file(settings->flags.html, r, &machine, load_html_write);
    if (status != 0)
        return status;
    if (load_faults_sum(&r->total.faults) > 0)
        return complain(LOAD_EXIT_FAILED, "the server's replies have faults, see above");
    if (load_result_missing(r) > 0)
        return complain(LOAD_EXIT_FAILED, "workers were lost or left early, see above");
    if (!r->verdict.all)
        return complain(LOAD_EXIT_FAILED, "an assertion does not hold, see above");
    if (r->corrected->total == 0)
        return complain(LOAD_EXIT_FAILED, "no request was answered");
    return LOAD_EXIT_OK;
}

static int
make_load(struct cy_options *options, const struct load_flags *flags, const char *target)
{
    char error[400];
    struct load_settings *settings = calloc(1, sizeof *settings);
    struct load_job *job = calloc(1, sizeof *job);
    int status = LOAD_EXIT_CANNOT;
    if (settings == NULL || job == NULL) {
        complain(status, "out of memory");
    } else if (load_settings_make(settings, flags, target, error, sizeof error) != 0) {
        status = complain(LOAD_EXIT_USAGE, "%s", error);
    } else {
        job->settings = settings;
        if (load_target_named(&settings->target) || flags->workers > 0)
            options->network = cy_network();
        int rc = cy_run(options, load_coordinate, job);
        if (job->has_result)
            status = conclude(settings, &job->result);
        else
            complain(status, "%s", rc < 0 ? options->error : job->error);
        if (job->has_result)
            load_result_fini(&job->result);
    }
    free(settings);
    free(job);
    return status;
}

static bool
asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int
act(struct cy_options *options, const struct load_flags *flags, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-')
            return complain(LOAD_EXIT_USAGE, "%s: there is no such option; see --help",
                            argv[i]);
    if (argc >= 2 && strcmp(argv[1], "compare") == 0)
        return compare(argc, argv);
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "serve") == 0)
        return serve(options, argc == 3 ? argv[2] : NULL);
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return work(options);
    if (argc != 2)
        return complain(LOAD_EXIT_USAGE, "%s; see --help",
                        argc < 2 ? "no target given" : "more than one target given");
    return make_load(options, flags, argv[1]);
}

int
load_program(int argc, char **argv)
{
    struct load_flags flags;
    struct cy_options options;
    load_flags_init(&flags);
    cy_options_init(&options);
    /* The runtime's reports of its start and end are not what is to be seen here. */
    options.log_level = CY_LOG_WARN;
    const struct cy_option_set set = load_flags_set(&flags);
    int status = LOAD_EXIT_OK;
    if (asks_for_help(argc, argv)) {
        fputs(usage, stdout);
        cy_options_help(stdout, &set);
    } else if (cy_options_parse_with(&options, &set, &argc, argv) < 0) {
        status = complain(LOAD_EXIT_USAGE, "%s", options.error);
    } else {
        status = act(&options, &flags, argc, argv);
    }
    cy_options_fini(&options);
    return status;
}
