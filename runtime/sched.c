/*
 * sched.c - the run queue and switching between tasks.
 *
 * A task that waits switches straight to the next ready one; the loop is entered only when
 * the turn's budget is spent or nothing is ready. A task without a stack gets one when it
 * first runs; when a task ends (or a handler has nothing more to do), the next ready task
 * that has none starts on the same stack, while it is hot.
 */
#include "stack_hot.h"
#include "switch.h"

_Thread_local struct cyi_core *cyi_self __attribute__((tls_model("initial-exec")));

void
cyi_sched_init(struct cyi_sched *sched)
{
    *sched = (struct cyi_sched){.turn_switches = CYI_TURN_SWITCHES,
                                .front_streak = CYI_FRONT_STREAK};
    sched->last = &sched->first;
}

void
cyi_sched_thread(struct cyi_sched *sched)
{
    cyi_fiber_of_thread(&sched->loop_stack, &sched->loop_stack_bytes);
}

/* Runs on every task's stack. Never returns: it leaves by a switch. */
static void
task_entry(void)
{
    struct cyi_core *core = cyi_self;
    struct cyi_sched *sched = &core->sched;
    cyi_fiber_arrive(NULL);
    for (;;) {
        struct cyi_task *task = sched->current;
        struct cyi_stack *stack = task->stack;
        cyi_task_run(core, task);
        task->sp = NULL;
        task->stack = NULL;
        struct cyi_task *next = cyi_next_ready(sched);
        core->counters.switches++;
        cyi_pulse_beat(&core->pulse);
        if (next != NULL && next->sp == NULL && next->stack_class == stack->class) {
            next->stack = stack;
            next->state = CYI_TASK_RUNNING;
            sched->current = next;
            continue;
        }
        /* Bind first: the pool's newest stack is the one we still stand on. */
        if (next != NULL && next->sp == NULL && !cyi_sched_bind(core, next)) {
            cyi_sched_push(sched, next);
            next = NULL;
        }
        cyi_stack_give_hot(&core->stacks, stack);
        cyi_leap(core, stack, &stack->runner, next, false);
    }
}

bool
cyi_sched_bind(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_stack_list *hot = &core->stacks.hot[task->stack_class - CYI_STACK_CLASS_MIN];
    struct cyi_stack *stack = hot->first != NULL
                                  ? cyi_stack_take_hot(&core->stacks, hot)
                                  : cyi_stack_take(&core->stacks, task->stack_class);
    if (stack == NULL)
        return false;
    task->stack = stack;
    task->sp = stack->runner;
    if (task->sp == NULL)
        task->sp = cyi_context_make(cyi_stack_top(stack), task_entry);
    stack->runner = NULL;
    return true;
}

uint32_t
cyi_sched_run(struct cyi_core *core)
{
    struct cyi_sched *sched = &core->sched;
    struct cyi_task *task;
    sched->budget = sched->turn_switches;
    sched->front_budget = sched->front_streak;
    while ((task = cyi_next_ready(sched)) != NULL) {
        if (task->sp == NULL && !cyi_sched_bind(core, task)) {
            cyi_sched_push(sched, task);
            break;
        }
        cyi_leap(core, &sched->loop_stack, &sched->loop_sp, task, false);
    }
    uint32_t ran = sched->turn_switches - sched->budget;
    sched->front_budget = sched->front_streak;
    return ran;
}
