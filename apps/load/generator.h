/* generator.h - makes the load of one core: its connections, and the pace of an open loop. */
#ifndef LOAD_GENERATOR_H
#define LOAD_GENERATOR_H

#include "connection.h"

/* What a generator is told when it is spawned. It frees nothing of it. */
struct load_order {
    const struct load_settings *settings;
    cy_address address;
    cy_ref coordinator;
    uint32_t part, parts;             /* which generator of how many */
    uint32_t first_connection, count; /* its connections, by number */
    uint32_t run;                     /* marks the payloads of this run */
    bool fill;                        /* write all keys first */
};

/* A task; the argument is a struct load_order that lives as long as it does. */
int load_generate(void *arg);

#endif
