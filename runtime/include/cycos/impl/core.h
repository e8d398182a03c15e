/*
 * cycos/impl/core.h - a core: one thread's scheduler, composed of the slices of its modules.
 *
 * Each module owns its slice and takes it as an argument, so that it can be tested without a
 * core. A core's data is touched by its own thread only; the exceptions are named below.
 */
#ifndef CYCOS_IMPL_CORE_H
#define CYCOS_IMPL_CORE_H

#include <cycos/impl/heap.h>
#include <cycos/impl/os.h>
#include <cycos/impl/post.h>
#include <cycos/impl/sched.h>
#include <cycos/impl/task.h>
#include <cycos/impl/wheel.h>
#include <cycos/run.h>
#include <stdalign.h>

struct cyi_node;
struct cyi_inbox;
struct cyi_stacks;
struct cyi_channels;
struct cyi_io;

struct cyi_core {
    struct cyi_sched sched;
    struct cyi_heap heap;
    cy_ref home; /* the reference of this core's tasks, but for slot and generation */
    uint16_t index;
    struct cyi_node *node;
    struct cyi_os *os;
    struct cyi_tasks tasks;
    struct cyi_wheel wheel;
    struct cyi_inbox *inbox;       /* post.c: the rings, the outboxes, the sleeping flag */
    struct cyi_stacks *stacks;     /* stack.c */
    struct cyi_channels *channels; /* channel.c; NULL until the first */
    struct cyi_io *io;             /* io.c; NULL until the first socket */
    struct cyi_reactor *reactor;
    struct cy_core_counters counters;
    struct cyi_waitlist stopping;  /* tasks in cy_wait_stopping() */
    bool rcu;                      /* registered with the registry's RCU */
    char name[CY_TASK_NAME_MAX + 16];
};

/* The core of the calling thread; NULL on a thread that is no core. */
extern _Thread_local struct cyi_core *cyi_self __attribute__((tls_model("initial-exec")));

/* The core of the caller, which must be a task: for the public calls. */
static inline struct cyi_core *
cyi_current(void)
{
    struct cyi_core *core = cyi_self;
    CY_ASSERT(core != NULL && core->sched.current != NULL);
    return core;
}

#endif
