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
#include <cycos/impl/pulse.h>
#include <cycos/impl/sched.h>
#include <cycos/impl/task.h>
#include <cycos/impl/wheel.h>
#include <cycos/run.h>
#include <stdalign.h>

struct cyi_node;
struct cyi_inbox;
struct cyi_channels;
struct cyi_io;
struct cyi_evidence;
struct cyi_told_away;

/* A task of another core, or of another node, whose mailbox is full (congestion.c). */
struct cyi_congested {
    uint32_t slot, generation;
    uint32_t node;
    uint16_t core;
};
/* How many more another node has, that found no place in the list. */
struct cyi_congested_node {
    uint32_t node, count;
};
enum { CYI_CONGESTED_MAX = 128, CYI_CONGESTED_NODES_MAX = 64 };

struct cyi_core {
    /* A line that senders on other cores read with each message, and nobody writes. */
    alignas(64) cy_ref home; /* of this core's tasks, but for slot and generation */
    struct cyi_node *node;
    struct cyi_os *os;
    struct cyi_inbox *inbox; /* post.c: the rings, the outboxes, the sleeping flag */
    uint16_t index;
    alignas(64) struct cyi_sched sched;
    struct cyi_heap heap;
    struct cyi_tasks tasks;
    struct cyi_wheel wheel;
    struct cyi_stacks stacks;
    uint8_t stack_class; /* of tasks whose options say nothing of it; 0: to be found out */
    struct cyi_channels *channels; /* channel.c; NULL until the first */
    void *names;                   /* the registry's; NULL until this core has asked */
    struct cyi_io *io;             /* io.c; NULL until the first socket */
    void *rti;                     /* RTI's; NULL until this core has used it */
    void *net;                     /* the network's; NULL without one */
    struct cyi_reactor *reactor;
    struct cy_core_counters counters;
    struct cyi_pulse pulse;        /* for other threads to look at */
    struct cyi_evidence *evidence; /* stall.c: for the supervisor; NULL in a simulation */
    struct cyi_waitlist stopping;  /* tasks in cy_wait_stopping() */
    struct cyi_congested congested[CYI_CONGESTED_MAX];
    uint32_t congested_count;
    struct cyi_congested_node congested_nodes[CYI_CONGESTED_NODES_MAX];
    uint32_t congested_nodes_count;
    struct cyi_told_away *told_away; /* of all tasks of this core */
    uint32_t watches_refused; /* for want of memory, ever: their notes hang nowhere (watch.c) */
    int phase;                /* of the node, as far as this core has followed */
    bool asleep;              /* the sleeping flag may be up */
    bool quiet;               /* counted in the node's quiet_cores */
    uint32_t dumps;           /* of the node's, done */
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

/* The living task of this core, or NULL. */
static inline struct cyi_task *
cyi_task_find(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    uint32_t index = slot & CYI_SLOT_MASK;
    if (__builtin_expect(index >= core->tasks.count, 0))
        return NULL;
    struct cyi_task *task = &core->tasks.chunks[index / CYI_TASK_CHUNK][index % CYI_TASK_CHUNK];
    /* A task's slot says that it is one; so does that of `slot` when they are equal. */
    bool same = task->slot == slot && task->generation == generation;
    return same && task->state > CYI_TASK_ENDED ? task : NULL;
}

/*
 * Write the reference of a task of this core. In two 16-byte stores: whoever copies it next
 * does so by 16-byte loads, which cannot be served from several smaller stores in flight, and
 * the wait for those costs more than all the rest of a send.
 */
static inline void
cyi_ref_write(cy_ref *out, const struct cyi_core *core, const struct cyi_task *task)
{
    typedef uint64_t pair __attribute__((vector_size(16), aligned(4), may_alias));
    uint64_t place, who;
    memcpy(&place, &core->home.port, sizeof place);
    memcpy(&who, &task->slot, sizeof who);
    pair *half = (pair *) (void *) out;
    half[0] = *(const pair *) (const void *) &core->home;
    half[1] = (pair){place, who};
}
_Static_assert(offsetof(cy_ref, port) == 16 && offsetof(cy_ref, slot) == 24 &&
                   offsetof(struct cyi_task, generation) == offsetof(struct cyi_task, slot) + 4,
               "cyi_ref_write() copies them in pairs");

static inline cy_ref
cyi_task_ref(const struct cyi_core *core, const struct cyi_task *task)
{
    cy_ref ref;
    cyi_ref_write(&ref, core, task);
    return ref;
}

#endif
