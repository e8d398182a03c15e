/* dump.h - every task and what it waits for, as text for people. */
#ifndef CYI_DUMP_H
#define CYI_DUMP_H

#include <cycos/impl/core.h>
#include <stdio.h>

enum {
    CYI_DUMP_TASKS = 10000, /* lines of one core; the other tasks are only counted */
    CYI_DUMP_GROUPS = 64,   /* by name and what they wait for, so many kinds */
};

/* Tasks, sockets, channels and counters of this core, on its thread. */
void cyi_dump_core(struct cyi_core *core, FILE *out);

/* All of a text to standard error; texts of several threads do not mix. */
void cyi_dump_write(const char *text, size_t bytes);

#endif
