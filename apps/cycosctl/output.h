/* output.h - text that is gathered and written in one go. */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct ctl_output {
    FILE *file; /* print here; NULL without memory */
    bool table; /* for people: tables; else JSON */
    int error;  /* of an earlier write; nothing is written after it */
    int fd;
    char *text;
    size_t bytes;
};

CY_MUST_CHECK int ctl_output_open(struct ctl_output *out, int fd, bool table);
void ctl_output_close(struct ctl_output *out);

/* Write what was printed. Blocks. -EPIPE nobody reads any more, -ENOSPC...; sticks. */
int ctl_output_flush(struct ctl_output *out);

/* The same in a task, without holding its core up. */
int ctl_output_flush_task(struct ctl_output *out);

#endif
