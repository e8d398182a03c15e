/* cycos/impl/view.h - what is to be said of a task, for the dump and for those who ask. */
#ifndef CYCOS_IMPL_VIEW_H
#define CYCOS_IMPL_VIEW_H

#include <cycos/impl/io.h>
#include <cycos/impl/task.h>

struct cyi_core;

enum { CYI_VIEW_FLAGS_MAX = 16 };

struct cyi_task_view {
    cy_ref ref;
    const char *name; /* the task's: until it ends */
    const char *state;
    const char *wait;                 /* NULL: it waits for nothing but its turn */
    char object[CYI_SOCKET_TEXT_MAX]; /* of what it waits for; may be empty */
    cy_time waited;
    cy_time timeout; /* how long it will wait; CY_FOREVER: without limit */
    uint32_t queued, mailbox_max, promised;
    size_t stack_used, stack_bytes; /* 0: it has no stack now */
    const char *flags[CYI_VIEW_FLAGS_MAX];
    unsigned flag_count;
};

/* Of a task that is not free, on its core; `now` is the core's clock. */
void cyi_task_view(struct cyi_task_view *out, const struct cyi_core *core,
                   const struct cyi_task *task, cy_time now);

/* What it waits for, or its state, in a word. */
const char *cyi_task_does(const struct cyi_task *task);

#endif
