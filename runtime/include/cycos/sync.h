/* cycos/sync.h - event, lock, condition and semaphore among the tasks of one core. */
#ifndef CYCOS_SYNC_H
#define CYCOS_SYNC_H

#include <cycos/base.h>
#include <cycos/err.h>
#include <cycos/ref.h>
#include <cycos/time.h>

CY_BEGIN_DECLS

/* Tasks that wait, first come first served. All zero is an empty one. */
struct cyi_waitlist {
    struct cyi_waiter *first, *last;
};

/*
 * All zero is valid for each of these: an event not set, a free lock, a count of 0. They belong
 * to one core: tasks of other cores must not touch them.
 *
 * Who waits is served in the order of asking. A task that was terminated gets -ECANCELED from
 * each wait; only a lock that is free it still gets, so that its clean-ups can take it.
 */
struct cy_event {
    struct cyi_waitlist waiters;
    bool set;
};
struct cy_lock {
    struct cyi_waitlist waiters;
    uint64_t owner; /* slot and generation of the holder; 0: free */
};
struct cy_condition {
    struct cyi_waitlist waiters;
};
struct cy_semaphore {
    struct cyi_waitlist waiters;
    uint32_t count;
};

/**
 * cy_event_set - let all that wait go on, and all that will, until it is cleared
 * @event: the event
 *
 * Context:   a task or handler of the event's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_event_set(struct cy_event *event);

/**
 * cy_event_clear - make tasks wait again
 * @event: the event
 *
 * Context:   a task or handler of the event's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_event_clear(struct cy_event *event);

/**
 * cy_event_wait - wait until the event is set
 * @event:    the event
 * @deadline: absolute
 *
 * Context:   a task of the event's core; suspends: while it is not set; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_event_wait(struct cy_event *event, cy_time deadline);

/**
 * cy_lock_acquire - take the lock, in the order of asking
 * @lock:     the lock; not recursive
 * @deadline: absolute; CY_NOW only tries
 *
 * A task must release what it holds before it ends, see cy_defer(). If it does not, the next
 * task that asks for the lock ends the program with a word.
 *
 * Context:   a task of the lock's core; suspends: while another has it; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED, -EDEADLK the caller has it already
 * Since:     0.1
 */
CY_MUST_CHECK int cy_lock_acquire(struct cy_lock *lock, cy_time deadline);

/**
 * cy_lock_release - give the lock to the next
 * @lock: held by the caller, else it is a caller's bug
 *
 * Context:   a task of the lock's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_lock_release(struct cy_lock *lock);

/**
 * cy_condition_wait - release the lock, wait for a signal, take the lock again
 * @condition: the condition
 * @lock:      held by the caller; held again on return, whatever the result
 * @deadline:  absolute
 *
 * Context:   a task of the condition's core; suspends: yes; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_condition_wait(struct cy_condition *condition, struct cy_lock *lock,
                                    cy_time deadline);

/**
 * cy_condition_signal - wake the first that waits, if any
 * @condition: the condition
 *
 * Context:   a task or handler of the condition's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_condition_signal(struct cy_condition *condition);

/**
 * cy_condition_broadcast - wake all that wait
 * @condition: the condition
 *
 * Context:   a task or handler of the condition's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_condition_broadcast(struct cy_condition *condition);

/**
 * cy_semaphore_init - set how many may pass
 * @semaphore: uninitialised, or with nobody waiting
 * @count:     how many
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
void cy_semaphore_init(struct cy_semaphore *semaphore, uint32_t count);

/**
 * cy_semaphore_acquire - take one, in the order of asking
 * @semaphore: the semaphore
 * @deadline:  absolute; CY_NOW only tries
 *
 * Context:   a task of the semaphore's core; suspends: while there is none; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_semaphore_acquire(struct cy_semaphore *semaphore, cy_time deadline);

/**
 * cy_semaphore_release - give one back
 * @semaphore: the semaphore
 *
 * Context:   a task or handler of the semaphore's core; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    -EOVERFLOW the count is at its maximum
 * Since:     0.1
 */
int cy_semaphore_release(struct cy_semaphore *semaphore);

CY_END_DECLS

#endif
