/* main.c - the load-testing harness. */
#include "coordinator.h"
#include "flags.h"
#include "hgrm.h"
#include "machine.h"
#include "report.h"

#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANNOT = 3 };

static int
conclude(struct load_job *job)
{
    struct load_machine machine;
    struct load_result *r = &job->result;
    load_machine_read(&machine);
    load_predicates_check(&job->settings->assertion, r, &r->verdict);
    load_report_print(stdout, r, &machine);
    return load_faults_sum(&r->total.faults) > 0 || !r->verdict.all || r->corrected->total == 0
               ? EXIT_FAILED
               : EXIT_OK;
}

int
main(int argc, char **argv)
{
    static struct load_settings settings;
    static struct load_job job;
    struct load_flags flags;
    struct cy_options options;
    char error[300];
    load_flags_init(&flags);
    cy_options_init(&options);
    struct cy_option_set set = load_flags_set(&flags);
    if (cy_options_parse_with(&options, &set, &argc, argv) < 0)
        return fprintf(stderr, "load: %s\n", options.error), EXIT_USAGE;
    if (argc != 2)
        return fprintf(stderr, "load: one target\n"), EXIT_USAGE;
    if (load_settings_make(&settings, &flags, argv[1], error, sizeof error) != 0)
        return fprintf(stderr, "load: %s\n", error), EXIT_USAGE;
    job.settings = &settings;
    int status = cy_run(&options, load_coordinate, &job);
    if (status < 0)
        return fprintf(stderr, "load: %s\n", options.error), EXIT_CANNOT;
    if (!job.has_result)
        return fprintf(stderr, "load: %s\n", job.error), EXIT_CANNOT;
    status = conclude(&job);
    load_result_fini(&job.result);
    cy_options_fini(&options);
    return status;
}
