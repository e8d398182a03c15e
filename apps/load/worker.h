/* worker.h - a node that makes load for a coordinator on another node. */
#ifndef LOAD_WORKER_H
#define LOAD_WORKER_H

#include <cycos/ref.h>
#include <stdio.h>

struct load_worker {
    FILE *announce;  /* where it says that it is ready; may be NULL */
    char error[300]; /* why it could not begin */
    cy_ref self;
};

/* A task: serves until the node is shut down. The argument is a struct load_worker. */
int load_work(void *arg);

#endif
