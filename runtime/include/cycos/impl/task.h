/*
 * cycos/impl/task.h - the task record, waiting and waking, for the parts of the runtime.
 */
#ifndef CYCOS_IMPL_TASK_H
#define CYCOS_IMPL_TASK_H

#include <cycos/impl/list.h>
#include <cycos/impl/wheel.h>
#include <cycos/sync.h>
#include <cycos/task.h>

struct cyi_core;

enum cyi_task_state {
    CYI_TASK_FREE,
    CYI_TASK_ENDED,   /* ending, or joinable and not yet joined; from here on: alive */
    CYI_TASK_READY,   /* in the run queue */
    CYI_TASK_RUNNING, /* the core's current */
    CYI_TASK_WAITING, /* for what `wait` says */
};

/* What a task waits for; the dump prints it. */
enum cyi_wait {
    CYI_WAIT_NOTHING,
    CYI_WAIT_MESSAGE,
    CYI_WAIT_SLEEP,
    CYI_WAIT_RESUME,
    CYI_WAIT_ANSWER, /* another core's, to a request with our token */
    CYI_WAIT_JOIN,
    CYI_WAIT_EVENT,
    CYI_WAIT_LOCK,
    CYI_WAIT_CONDITION,
    CYI_WAIT_SEMAPHORE,
    CYI_WAIT_CHANNEL,
    CYI_WAIT_NAME,
    CYI_WAIT_READ,
    CYI_WAIT_WRITE,
    CYI_WAIT_STOPPING,
    CYI_WAIT_POOL, /* from here on: cannot be cancelled, because memory is lent meanwhile */
    CYI_WAIT_SPAWN,
    CYI_WAIT_RELOCK, /* the lock that a condition gave away */
    CYI_WAITS,
};

enum {
    CYI_TASK_HANDLER = 1, /* fn is a cy_handler_fn */
    CYI_TASK_DAEMON = 2,
    CYI_TASK_CANCELLED = 4, /* cy_terminate() came */
    CYI_TASK_JOINABLE = 8,
    CYI_TASK_RESUMED = 16,      /* a cy_resume() came before the cy_suspend() */
    CYI_TASK_NAMED = 32,        /* the registry knows it: tell it at the end */
    CYI_TASK_FINISH = 64,       /* a handler called cy_handler_exit() */
    CYI_TASK_CONGESTED = 128,   /* other cores were told that the mailbox is full */
    CYI_TASK_OWN_NAME = 256,    /* name is a block of the core's heap */
    CYI_TASK_CLEANING = 512,    /* its deferred clean-ups run: nothing suspends */
    CYI_TASK_MAIN = 1024,       /* its exit code is the node's */
    CYI_TASK_SUBSCRIBED = 2048, /* of channels: tell them at the end */
    CYI_TASK_BECOMES = 4096,    /* a handler, when its function has returned */
};

struct cyi_extra; /* what few tasks have: watchers, clean-ups, an exit value (watch.c) */

/* Never freed while the node lives, so a stale reference finds a generation, not a hole. */
struct cyi_task {
    void *sp; /* where it was switched off; NULL: no stack bound */
    struct cyi_task *run_next;
    cy_msg *first, **last; /* the mailbox */
    uint32_t queued;       /* messages of applications in it */
    uint32_t mailbox_max;  /* for those */
    uint32_t slot;         /* these two together, as in cy_ref */
    uint32_t generation;
    uint32_t promised; /* exit messages queued, or to come from watches */
    uint8_t state, wait;
    uint16_t flags;
    void *fn, *arg;
    struct cyi_timer timer;
    struct cyi_stack *stack;
    const void *wait_object; /* for the dump: a socket, a cy_ref (join, answer), a name */
    cy_msg *answer;          /* what an awaited answer brought */
    uint64_t answer_value;
    int32_t wait_result;
    uint32_t token;      /* counts waits for answers, so that a late one is known */
    uint32_t wait_since; /* core's clock >> CYI_SINCE_SHIFT, some ms */
    int32_t exit_code;
    const char *name; /* static, or in extra */
    struct cyi_extra *extra;
    uint8_t stack_class; /* log2 of the stack's size */
    uint16_t core;
};

enum { CYI_SLOT_MASK = (1 << 28) - 1, CYI_SINCE_SHIFT = 20, CYI_PROMISED_MAX = 65536 };

/*
 * Suspend the current task until cyi_wake() or the deadline. Returns what cyi_wake() was
 * given, -ETIMEDOUT (at once for CY_NOW), or -ECANCELED (at once if terminated). `object` is
 * for the dump.
 */
CY_MUST_CHECK int cyi_park(struct cyi_core *core, enum cyi_wait wait, const void *object,
                           cy_time deadline);

/* Let a waiting task of this core go on with this result. No effect when it does not wait. */
void cyi_wake(struct cyi_core *core, struct cyi_task *task, int result);

/*
 * Waiting for an answer of another core: take a token, post a request that carries a struct
 * cyi_return, then await. An answer with another token is dropped. Who waits is a task of
 * `core`, or (link not 0) a task of another node: the request came to `core` over that link.
 */
struct cyi_return {
    uint16_t core, link;
    uint32_t slot, generation, token;
};
static inline bool
cyi_return_equal(const struct cyi_return *a, const struct cyi_return *b)
{
    return a->core == b->core && a->link == b->link && a->slot == b->slot &&
           a->generation == b->generation && a->token == b->token;
}
struct cyi_return cyi_await_begin(struct cyi_core *core);
/* What an answer brought; the message is the receiver's now. */
struct cyi_answered {
    uint64_t value;
    cy_msg *msg;
};
/* Returns the answer's result or -ETIMEDOUT, -ECANCELED. `out` may be NULL. */
CY_MUST_CHECK int cyi_await(struct cyi_core *core, enum cyi_wait wait, const void *object,
                            cy_time deadline, struct cyi_answered *out);
/* On any core: answer. Takes msg (may be NULL), which is freed if nobody waits any more. */
void cyi_answer(struct cyi_core *core, struct cyi_return to, int result, uint64_t value,
                cy_msg *msg);

/* On a task's own stack while it waits in a struct cyi_waitlist. */
struct cyi_waiter {
    struct cyi_waiter *next, *prev;
    struct cyi_task *task;
    int result; /* of cyi_waitlist_wake() */
    bool granted;
};

/* Wait at the end of the list. 0 when cyi_waitlist_wake() chose us, whatever else happened. */
CY_MUST_CHECK int cyi_waitlist_wait(struct cyi_core *core, struct cyi_waitlist *list,
                                    enum cyi_wait wait, cy_time deadline);
/* Let the first go on, with this result; its task, or NULL when nobody waits. */
struct cyi_task *cyi_waitlist_wake(struct cyi_core *core, struct cyi_waitlist *list,
                                   int result);

/* Start a daemon task on this core, also outside of a task. `name` is static. */
CY_MUST_CHECK int cyi_daemon_start(struct cyi_core *core, cy_task_fn *fn, void *arg,
                                   const char *name);

/* End of a task from outside of it: what cy_terminate() does on the task's own core. */
void cyi_task_cancel(struct cyi_core *core, struct cyi_task *task);

/*
 * What a component above the runtime hangs onto a task that it starts (RTI does). All are
 * called on the task's core, outside of any task, and must neither suspend nor change the task.
 */
struct cyi_owner {
    /*
     * It was joinable and has ended: its result is kept until cyi_result_forget(). Told:
     * somebody who watched it knows the result.
     */
    void (*ended)(struct cyi_core *core, struct cyi_owner *self, size_t value_bytes, bool told);
    /* Somebody has been told of the result that is kept, or has joined. */
    void (*told)(struct cyi_core *core, struct cyi_owner *self);
    /* The task is no more, nor its result. The last of the calls. */
    void (*gone)(struct cyi_core *core, struct cyi_owner *self);
};

/* How to start an owned task; the options must have a name. */
struct cyi_owned {
    cy_task_fn *fn;
    void *arg;
    struct cyi_owner *owner; /* the caller's until the task has been started */
    const struct cy_task_options *options;
};
/* As cy_task_spawn_named(). */
CY_MUST_CHECK int cyi_spawn_owned(cy_ref *out, uint16_t core, const struct cyi_owned *owned);
/* The owner of the running task, or NULL. */
struct cyi_owner *cyi_owner_of_current(struct cyi_core *core);
/* The running task, a stackful one, goes on as a handler when its function has returned. */
void cyi_task_become(struct cyi_core *core, cy_handler_fn *fn, void *state);
/* Has the running task set an exit value? */
bool cyi_exit_value_is_set(const struct cyi_core *core);

/*
 * Of a task of any core of this node, also outside of a task: terminate it; forget its result,
 * at the next turn.
 */
void cyi_terminate(struct cyi_core *core, cy_ref task);
void cyi_result_forget(struct cyi_core *core, cy_ref ended);

/* cy_monitor() on behalf of a task of this core. */
CY_MUST_CHECK int cyi_monitor_for(struct cyi_core *core, struct cyi_task *watcher,
                                  cy_ref target);

/* Is there no room for another message of an application? Counts the refusal. */
bool cyi_mailbox_full(struct cyi_core *core, const struct cyi_task *task);

/* Put a message, its sender filled in, into the mailbox of a task, whatever the limit. */
void cyi_mailbox_put(struct cyi_core *core, struct cyi_task *task, cy_msg *msg);

/* Calls visit(task, arg) for every task of this core that is not free. */
void cyi_task_each(struct cyi_core *core, void (*visit)(struct cyi_task *task, void *arg),
                   void *arg);

#endif
