/*
 * sync.c - event, lock, condition and semaphore among the tasks of one core.
 *
 * Only tasks of one core touch an object, and only in cyi_park() does another task run, so
 * no operation is atomic. What a release gives away goes straight to the first that waits:
 * a newcomer can never overtake it.
 */
#include <cycos/impl/core.h>

static void
wake_all(struct cyi_core *core, struct cyi_waitlist *list)
{
    while (cyi_waitlist_wake(core, list, 0) != NULL)
        continue;
}

void
cy_event_set(struct cy_event *event)
{
    event->set = true;
    wake_all(cyi_current(), &event->waiters);
}

void
cy_event_clear(struct cy_event *event)
{
    event->set = false;
}

/* A task that was terminated does not go on as if nothing had happened. */
static bool
cancelled(const struct cyi_core *core)
{
    return core->sched.current->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING);
}

int
cy_event_wait(struct cy_event *event, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    if (event->set && !cancelled(core))
        return 0;
    return cyi_waitlist_wait(core, &event->waiters, CYI_WAIT_EVENT, deadline);
}

/* Generations are never 0, so neither is this. */
static uint64_t
holder(const struct cyi_task *task)
{
    return (uint64_t) task->slot << 32 | task->generation;
}

/* Nobody would ever get the lock: better a word about it than a silent hang. */
static void
check_holder(struct cyi_core *core, const struct cy_lock *lock)
{
    bool holder_ended_without_releasing_the_lock =
        cyi_task_find(core, (uint32_t) (lock->owner >> 32), (uint32_t) lock->owner) == NULL;
    CY_ASSERT(!holder_ended_without_releasing_the_lock);
}

int
cy_lock_acquire(struct cy_lock *lock, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    uint64_t me = holder(core->sched.current);
    if (lock->owner == 0) {
        lock->owner = me;
        return 0;
    }
    if (lock->owner == me)
        return -EDEADLK;
    check_holder(core, lock);
    return cyi_waitlist_wait(core, &lock->waiters, CYI_WAIT_LOCK, deadline);
}

void
cy_lock_release(struct cy_lock *lock)
{
    struct cyi_core *core = cyi_current();
    CY_ASSERT(lock->owner == holder(core->sched.current));
    const struct cyi_task *next = cyi_waitlist_wake(core, &lock->waiters, 0);
    lock->owner = next == NULL ? 0 : holder(next);
}

/*
 * The caller relies on holding the lock, so a task that is terminated meanwhile waits for it
 * all the same: whoever has the lock is on its way to releasing it.
 */
static void
take_back(struct cyi_core *core, struct cy_lock *lock)
{
    if (lock->owner == 0) {
        lock->owner = holder(core->sched.current);
        return;
    }
    int rc = cyi_waitlist_wait(core, &lock->waiters, CYI_WAIT_RELOCK, CY_FOREVER);
    CY_ASSERT(rc == 0);
}

int
cy_condition_wait(struct cy_condition *condition, struct cy_lock *lock, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    CY_ASSERT(lock->owner == holder(core->sched.current));
    if (cancelled(core))
        return -ECANCELED;
    cy_lock_release(lock);
    int rc = cyi_waitlist_wait(core, &condition->waiters, CYI_WAIT_CONDITION, deadline);
    take_back(core, lock);
    return rc;
}

void
cy_condition_signal(struct cy_condition *condition)
{
    cyi_waitlist_wake(cyi_current(), &condition->waiters, 0);
}

void
cy_condition_broadcast(struct cy_condition *condition)
{
    wake_all(cyi_current(), &condition->waiters);
}

void
cy_semaphore_init(struct cy_semaphore *semaphore, uint32_t count)
{
    *semaphore = (struct cy_semaphore){.count = count};
}

int
cy_semaphore_acquire(struct cy_semaphore *semaphore, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    if (semaphore->count > 0 && !cancelled(core)) { /* then nobody waits: releases hand over */
        semaphore->count--;
        return 0;
    }
    return cyi_waitlist_wait(core, &semaphore->waiters, CYI_WAIT_SEMAPHORE, deadline);
}

int
cy_semaphore_release(struct cy_semaphore *semaphore)
{
    if (cyi_waitlist_wake(cyi_current(), &semaphore->waiters, 0) != NULL)
        return 0;
    if (semaphore->count == UINT32_MAX)
        return -EOVERFLOW;
    semaphore->count++;
    return 0;
}
