/* serve.h - a raw TCP echo server: something to load, on every core. */
#ifndef LOAD_SERVE_H
#define LOAD_SERVE_H

#include "settings.h"

#include <cycos/ref.h>
#include <stdio.h>

struct load_service {
    struct load_target target; /* port 0: any free one */
    FILE *announce;            /* where the address is printed once it listens; may be NULL */
    char error[512];           /* why it ended, if not by a shutdown */
    cy_ref reader;             /* of a name: the task that has it */
};

/* A task: serves until the node is shut down. The argument is a struct load_service. */
int load_serve(void *arg);

#endif
