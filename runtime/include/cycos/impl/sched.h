/* cycos/impl/sched.h - the run queue and the turn of a core's loop. */
#ifndef CYCOS_IMPL_SCHED_H
#define CYCOS_IMPL_SCHED_H

#include <cycos/impl/stack.h>
#include <cycos/impl/task.h>

struct cyi_core;

enum {
    CYI_TURN_SWITCHES =
        256,               /* tasks run per turn, before I/O, timers and the inbox get a look */
    CYI_FRONT_STREAK = 64, /* woken tasks that may jump the queue per turn */
    CYI_HANDLER_BATCH = 64, /* messages a handler gets before others run */
};

/* Ready tasks, singly linked through run_next. */
struct cyi_sched {
    struct cyi_task *current; /* running now; NULL: the loop itself */
    struct cyi_task *first, **last;
    uint32_t budget;             /* switches left in this turn */
    uint32_t front_budget;       /* of those, wake-ups that may go to the front */
    uint32_t turn_switches;      /* CYI_TURN_SWITCHES, unless a simulation wants less */
    uint32_t front_streak;       /* CYI_FRONT_STREAK, likewise */
    void *loop_sp;               /* where the loop was switched off */
    struct cyi_stack loop_stack; /* the thread's own: only what sanitizers must know of it */
    size_t loop_stack_bytes;
    cy_time now;        /* read once in a while, for what may be a turn late */
    cy_time idle_since; /* 0: not idle */
    cy_time idle_seen;  /* up to when idle time has been counted */
    uint32_t vain;      /* looks before a sleep that found nothing, or were left out since */
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

/* Queue a ready task: behind all, or (a woken one) in front while the streak lasts. */
static inline void
cyi_sched_push(struct cyi_sched *sched, struct cyi_task *task)
{
    task->run_next = NULL;
    *sched->last = task;
    sched->last = &task->run_next;
}

static inline void
cyi_sched_push_woken(struct cyi_sched *sched, struct cyi_task *task)
{
    /* Consumers drain while their data is hot; the streak is bounded, so nobody starves. */
    if (sched->front_budget == 0) {
        cyi_sched_push(sched, task);
        return;
    }
    sched->front_budget--;
    task->run_next = sched->first;
    if (sched->first == NULL)
        sched->last = &task->run_next;
    sched->first = task;
}

/* Run ready tasks until there are none or the turn's budget is spent; returns how many. */
uint32_t cyi_sched_run(struct cyi_core *core);

/*
 * One turn of the loop: inbox, timers, I/O, tasks, outboxes; with nothing to do it spins or
 * sleeps. True when it did something.
 */
bool cyi_core_turn(struct cyi_core *core);

#endif
