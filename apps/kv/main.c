/* main.c - kv, a key-value server that Redis clients know how to talk to. */
#include "server.h"

#include <cycos/peer.h>
#include <stdio.h>
#include <string.h>

static bool
wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* Reads the options and runs the node; returns the exit status. */
static int
run(struct cy_options *options, struct kv_server *server, int argc, char **argv)
{
    struct cy_option_set set;

    kv_flags_init(&server->flags, &set);
    if (wants_help(argc, argv)) {
        printf("usage: kv [OPTION...]\n\nA key-value server that Redis clients can use.\n\n");
        cy_options_help(stdout, &set);
        return 0;
    }
    if (cy_options_parse_with(options, &set, &argc, argv) < 0) {
        fprintf(stderr, "kv: %s\n", options->error);
        return 2;
    }
    if (argc > 1) {
        fprintf(stderr, "kv: unknown option %s; --help lists them\n", argv[1]);
        return 2;
    }
    const char *wrong = kv_flags_finish(&server->flags);
    if (wrong != NULL) {
        fprintf(stderr, "kv: %s\n", wrong);
        return 2;
    }
    if (server->flags.cluster_size > 1)
        options->network = cy_network();
    int status = cy_run(options, kv_server_main, server);
    if (status >= 0)
        return status;
    fprintf(stderr, "kv: %s\n",
            options->error[0] != '\0' ? options->error : cy_strerror(status));
    return 1;
}

int
main(int argc, char **argv)
{
    struct kv_server server = {0};
    struct cy_options options;

    cy_options_init(&options);
    int status = run(&options, &server, argc, argv);
    kv_server_fini(&server);
    cy_options_fini(&options);
    return status;
}
