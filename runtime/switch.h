/*
 * switch.h - switching from the current task to the next, and parking, inline.
 *
 * Inline where messages are received, because one function saves registers once, where three
 * that call each other would do so three times. Everybody else calls cyi_park().
 */
#ifndef CYI_SWITCH_H
#define CYI_SWITCH_H

#include "context.h"
#include "sanitizer.h"
#include "task.h"
#include <cycos/impl/core.h>
#include <cycos/impl/rcu.h>

/* The task that runs next, taken from the queue; NULL when the loop shall go on. */
static inline struct cyi_task *
cyi_next_ready(struct cyi_sched *sched)
{
    struct cyi_task *task = sched->first;
    if (task == NULL || sched->budget == 0)
        return NULL;
    sched->budget--;
    sched->first = task->run_next;
    if (sched->first == NULL)
        sched->last = &sched->first;
    return task;
}

/* Leave the stack `from`, whose task is `save`d, for the task `to` or (NULL) the loop. */
static inline void
cyi_leap(struct cyi_core *core, struct cyi_stack *from, void **save, struct cyi_task *to,
         bool last)
{
    struct cyi_sched *sched = &core->sched;
    struct cyi_stack *stack = to != NULL ? to->stack : &sched->loop_stack;
    size_t bytes = to != NULL ? cyi_stack_room(stack) : sched->loop_stack_bytes;
    void *sp = to != NULL ? to->sp : sched->loop_sp;

    sched->current = to;
    if (to != NULL)
        to->state = CYI_TASK_RUNNING;
    cyi_fiber_leave(from, stack, bytes, last);
    cyi_context_switch(save, sp);
    cyi_fiber_arrive(from);
}

/* From the current task, `me`, to the next ready one, or to the loop. */
static inline void
cyi_switch(struct cyi_core *core, struct cyi_task *me)
{
    struct cyi_sched *sched = &core->sched;
    struct cyi_task *next = cyi_next_ready(sched);
    core->counters.switches++;
    cyi_pulse_beat(&core->pulse);
    if (next != NULL && next == me) {
        me->state = CYI_TASK_RUNNING;
        return;
    }
    if (next != NULL && next->sp == NULL && !cyi_sched_bind(core, next)) {
        cyi_sched_push(sched, next);
        next = NULL;
    }
    cyi_leap(core, me->stack, &me->sp, next, false);
}

/* The current task, `task`, waits from now on; 0, or why it must not. */
static inline int
cyi_park_begin(const struct cyi_core *core, struct cyi_task *task, enum cyi_wait wait,
               const void *object, cy_time deadline)
{
    CY_ASSERT(!cyi_rcu_in_read_section());
    if (task->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING) && wait < CYI_WAIT_POOL)
        return -ECANCELED;
    if (deadline == CY_NOW)
        return -ETIMEDOUT;
    task->state = CYI_TASK_WAITING;
    task->wait = (uint8_t) wait;
    task->wait_object = object;
    task->wait_since = (uint32_t) (core->sched.now >> CYI_SINCE_SHIFT);
    return 0;
}

#endif
