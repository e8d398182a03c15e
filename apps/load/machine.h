/* machine.h - on what a result was measured. */
#ifndef LOAD_MACHINE_H
#define LOAD_MACHINE_H

#include <stdint.h>

struct load_machine {
    char kernel[160];  /* "Linux 6.1.0 x86_64" */
    char cpu[128];     /* model name */
    char governor[32]; /* of frequency scaling; "-" where there is none */
    char time[32];     /* UTC, ISO 8601 */
    char version[32], commit[48], compiler[64];
    unsigned cpus, cpus_usable; /* online; in the affinity mask */
    uint64_t memory_bytes;
};

/* What cannot be found out is "unknown" or 0. */
void load_machine_read(struct load_machine *out);

#endif
