/* cycos/impl/sched.h - the run queue and the turn of a core's loop. */
#ifndef CYCOS_IMPL_SCHED_H
#define CYCOS_IMPL_SCHED_H

#include <cycos/impl/stack.h>
#include <cycos/impl/task.h>

struct cyi_core;

enum {
    CYI_TURN_SWITCHES =
        256,               /* tasks run per turn, before I/O, timers and the inbox get a look */
    CYI_FRONT_STREAK = 64, /* tasks that may overtake the queue per turn */
    CYI_FRONT_MAX = 256,   /* those in front of which the newest runs first; a power of two */
    CYI_HANDLER_BATCH = 64, /* messages a handler gets before others run */
};

/* Tasks linked through run_next. */
struct cyi_queue {
    struct cyi_task *first, **last;
};

/*
 * Those in front: who was woken, or is new. What one task makes ready runs in this order, but
 * before what was ready already: it finds its data hot, and a tree of tasks grows depth first,
 * with few of them alive. The first of them is `next`; the others are a stack, whose bottom
 * goes over to `old` when there are many.
 */
struct cyi_front {
    struct cyi_task *next;
    uint32_t top, bottom; /* of the stack, counted without end */
    uint32_t mark;        /* above it, upside down: made ready since the last switch */
    bool late;            /* somebody has waited since before this turn */
    struct cyi_queue old; /* those who have waited longest, in order */
    struct cyi_task *stack[CYI_FRONT_MAX];
};

/*
 * Ready tasks: those in front, then the queue of who has had its turn and wants more. Nobody
 * starves: while somebody waits in the queue, only so many per turn may come before it; and
 * each turn begins with who has waited longest in front.
 */
struct cyi_sched {
    struct cyi_task *current; /* running now; NULL: the loop itself */
    struct cyi_queue queue;
    uint32_t budget;             /* switches left in this turn */
    uint32_t front_budget;       /* tasks that may still overtake the queue in it */
    uint32_t turn_switches;      /* CYI_TURN_SWITCHES, unless a simulation wants less */
    uint32_t front_streak;       /* CYI_FRONT_STREAK, likewise */
    void *loop_sp;               /* where the loop was switched off */
    struct cyi_stack loop_stack; /* the thread's own: only what sanitizers must know of it */
    size_t loop_stack_bytes;
    cy_time now;        /* read once in a while, for what may be a turn late */
    cy_time idle_since; /* 0: not idle */
    cy_time idle_seen;  /* up to when idle time has been counted */
    uint32_t vain;      /* looks before a sleep that found nothing, or were left out since */
    struct cyi_front front;
};

/* The table of task records, in chunks that never move. */
enum { CYI_TASK_CHUNK = 1024 };
struct cyi_tasks {
    struct cyi_task **chunks;
    uint32_t chunk_count;
    uint32_t count; /* slots handed out so far */
    uint32_t max;
    struct cyi_task *free;
    uint32_t alive;   /* not free and not ended */
    uint32_t counted; /* alive and no daemon: they keep the node running */
};

void cyi_sched_init(struct cyi_sched *sched);

/* On the thread that will run the loop, before its first turn. */
void cyi_sched_thread(struct cyi_sched *sched);

static inline void
cyi_queue_append(struct cyi_queue *queue, struct cyi_task *task)
{
    task->run_next = NULL;
    *queue->last = task;
    queue->last = &task->run_next;
}

/* The first one; the queue is not empty. */
static inline struct cyi_task *
cyi_queue_take(struct cyi_queue *queue)
{
    struct cyi_task *task = queue->first;
    queue->first = task->run_next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return task;
}

/* Is anybody in front but the next one? */
static inline bool
cyi_front_more(const struct cyi_front *front)
{
    return front->top != front->bottom || front->old.first != NULL;
}

static inline bool
cyi_sched_ready(const struct cyi_sched *sched)
{
    return sched->front.next != NULL || sched->queue.first != NULL ||
           cyi_front_more(&sched->front);
}

/* A ready task that has had its turn: behind all others. */
static inline void
cyi_sched_push(struct cyi_sched *sched, struct cyi_task *task)
{
    cyi_queue_append(&sched->queue, task);
}

/* What the next function does with all but the first. */
void cyi_front_push(struct cyi_front *front, struct cyi_task *task);

/* A woken or a new one: in front, while it may be. */
static inline void
cyi_sched_push_front(struct cyi_sched *sched, struct cyi_task *task)
{
    if (sched->queue.first != NULL) {
        if (sched->front_budget == 0) {
            cyi_sched_push(sched, task);
            return;
        }
        sched->front_budget--;
    }
    if (sched->front.next == NULL)
        sched->front.next = task;
    else
        cyi_front_push(&sched->front, task);
}

/* Switch from the current task to the next ready one, or to the loop. */
void cyi_sched_switch(struct cyi_core *core);

/* Run ready tasks until there are none or the turn's budget is spent; returns how many. */
uint32_t cyi_sched_run(struct cyi_core *core);

/*
 * One turn of the loop: inbox, timers, I/O, tasks, outboxes; with nothing to do it spins or
 * sleeps. True when it did something.
 */
bool cyi_core_turn(struct cyi_core *core);

#endif
