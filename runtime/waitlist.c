/*
 * waitlist.c - tasks of one core that wait in line, first come first served.
 *
 * The record of a waiter stands on its own stack. Who wakes takes it out of the list and
 * marks it granted before the task runs; so a task whose deadline passes, or which is
 * terminated, in the same moment still finds the grant and does not lose it.
 */
#include <cycos/impl/core.h>

static void
append(struct cyi_waitlist *list, struct cyi_waiter *waiter)
{
    waiter->next = NULL;
    waiter->prev = list->last;
    if (list->last == NULL)
        list->first = waiter;
    else
        list->last->next = waiter;
    list->last = waiter;
}

static void
take_out(struct cyi_waitlist *list, struct cyi_waiter *waiter)
{
    if (waiter->prev == NULL)
        list->first = waiter->next;
    else
        waiter->prev->next = waiter->next;
    if (waiter->next == NULL)
        list->last = waiter->prev;
    else
        waiter->next->prev = waiter->prev;
}

int
cyi_waitlist_wait(struct cyi_core *core, struct cyi_waitlist *list, enum cyi_wait wait,
                  cy_time deadline)
{
    struct cyi_waiter waiter = {.task = core->sched.current};
    append(list, &waiter);
    int rc = cyi_park(core, wait, list, deadline);
    if (waiter.granted)
        return waiter.result;
    CY_ASSERT(rc < 0);
    take_out(list, &waiter);
    return rc;
}

struct cyi_task *
cyi_waitlist_wake(struct cyi_core *core, struct cyi_waitlist *list, int result)
{
    struct cyi_waiter *waiter = list->first;
    if (waiter == NULL)
        return NULL;
    take_out(list, waiter);
    struct cyi_task *task = waiter->task;
    waiter->granted = true;
    waiter->result = result;
    cyi_wake(core, task, result);
    return task;
}
