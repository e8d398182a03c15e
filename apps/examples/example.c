/* example.c - what all examples have in common: a node with a network. */
#include "example.h"

#include <stdlib.h>

int
example_run(int argc, char **argv, cy_task_fn *main)
{
    struct cy_options options;
    cy_options_init(&options);
    options.network = cy_network();
    options.cores = 1;
    options.log_level = CY_LOG_ERROR;
    options.shutdown_grace_ns = 100 * CY_MILLISECOND; /* Ctrl-C ends who waits, soon */
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return cy_options_help(stdout, NULL), 0;
    if (cy_options_parse(&options, &argc, argv) < 0)
        return fprintf(stderr, "%s\n", options.error), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct example example = {argc, argv};
    int status = cy_run(&options, main, &example);
    if (status < 0)
        fprintf(stderr, "%s: %s\n", argv[0], options.error);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}

const char *
example_argument(const struct example *example, int at, const char *otherwise)
{
    return at < example->argc ? example->argv[at] : otherwise;
}

long
example_number(const struct example *example, int at, long otherwise)
{
    return at < example->argc ? strtol(example->argv[at], NULL, 10) : otherwise;
}

int
example_failed(const char *what, int code)
{
    fprintf(stderr, "%s: %s\n", what, cy_strerror(code));
    return code;
}
