/* cycos/task.h - tasks: spawning, ending, watching, waiting. */
#ifndef CYCOS_TASK_H
#define CYCOS_TASK_H

#include <cycos/msg.h>
#include <cycos/time.h>

CY_BEGIN_DECLS

/* A stackful task: returns 0 for a normal end, anything else is reported as an error's code. */
typedef int cy_task_fn(void *arg);

/* A handler: called once per message with its state; takes *msg by setting it to NULL. */
typedef void cy_handler_fn(void *state, cy_msg **msg);

/*
 * All zero is the default of everything. Of a stack, a quarter but at most 64 KiB is the guard
 * that finds an overflow; memory is only used as far as the task goes.
 */
struct cy_task_options {
    const char *name;     /* copied; NULL: the name of the function */
    size_t stack_bytes;   /* 0: the node's; rounded up to a power of two, 16 KiB to 64 MiB */
    uint32_t mailbox_max; /* messages; 0: the node's */
    bool daemon;          /* the node does not wait for it to end */
    bool monitor;         /* the spawning task gets the exit message, as by cy_monitor() */
    bool joinable;        /* keep the result until somebody has joined */
};

#define CY_TASK_NAME_MAX 63         /* bytes, without the terminator */
#define CY_CORE_HERE     UINT16_MAX /* the core of the caller */

/* As the calls below, with the function's name given; they are what applications use. */
CY_MUST_CHECK int cy_task_spawn_named(cy_ref *out, uint16_t core, cy_task_fn *fn, void *arg,
                                      const char *name, const struct cy_task_options *options);
CY_MUST_CHECK int cy_handler_spawn_named(cy_ref *out, uint16_t core, cy_handler_fn *fn,
                                         void *state, const char *name,
                                         const struct cy_task_options *options);

/**
 * cy_task_spawn, cy_task_spawn_on - start a task, on this core or on another
 * @out:     receives its reference, may be NULL
 * @core:    index of the core, below cy_core_count()
 * @fn:      what it runs
 * @arg:     passed to @fn
 * @options: a struct cy_task_options or NULL
 *
 * The task starts when its core next comes to it, never inside this call.
 *
 * Context:   a task or handler; suspends: only when another core is named; blocks: no
 * Ownership: @arg stays the caller's affair
 * Errors:    -EAGAIN the core has tasks_max tasks or shuts down, or the spawner would watch
 *            too many, -ENOMEM, -EINVAL an option, -ENAMETOOLONG, -ECANCELED
 * Since:     0.1
 */
#define cy_task_spawn(out, fn, arg, options) \
    cy_task_spawn_named(out, CY_CORE_HERE, fn, arg, #fn, options)
#define cy_task_spawn_on(out, core, fn, arg, options) \
    cy_task_spawn_named(out, core, fn, arg, #fn, options)

/**
 * cy_handler_spawn, cy_handler_spawn_on - start a handler: a task without a stack of its own
 *
 * The function is called once per message on a stack that the core lends. It costs some 150
 * bytes while nothing comes. It may call what suspends: it then keeps the stack until it
 * returns. It ends by cy_handler_exit(), or when it is terminated.
 * Arguments, context and errors are those of cy_task_spawn().
 */
#define cy_handler_spawn(out, fn, state, options) \
    cy_handler_spawn_named(out, CY_CORE_HERE, fn, state, #fn, options)
#define cy_handler_spawn_on(out, core, fn, state, options) \
    cy_handler_spawn_named(out, core, fn, state, #fn, options)

/**
 * cy_self - the running task's own reference
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none
 * Since:     0.1
 */
cy_ref cy_self(void);

/**
 * cy_task_name - name of the running task
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrowed from the task
 * Errors:    none
 * Since:     0.1
 */
const char *cy_task_name(void);

/**
 * cy_task_alive - does this core know that task to be running?
 * @task: a task of this core
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none; false for tasks of other cores
 * Since:     0.1
 */
bool cy_task_alive(cy_ref task);

/**
 * cy_yield - let the other tasks of this core run
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: nothing
 * Errors:    -ECANCELED this task was terminated
 * Since:     0.1
 */
int cy_yield(void);

/**
 * cy_sleep - wait for a time
 * @duration: nanoseconds; never less, usually less than 0.1 ms more
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: nothing
 * Errors:    -ECANCELED
 * Since:     0.1
 */
int cy_sleep(cy_time duration);

/**
 * cy_suspend - wait until somebody calls cy_resume()
 * @deadline: absolute
 *
 * A resume that came first is remembered, once, so none is lost.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: nothing
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_suspend(cy_time deadline);

/**
 * cy_resume - end another task's cy_suspend()
 * @task: on any core of any node
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH known to have ended, -EAGAIN the way there is full, -ENOMEM, CY_ENOPEER
 * Since:     0.1
 */
CY_MUST_CHECK int cy_resume(cy_ref task);

/* Why a task ended. */
enum cy_exit_reason {
    CY_EXIT_NORMAL,     /* returned 0 */
    CY_EXIT_ERROR,      /* returned something else: the code */
    CY_EXIT_TERMINATED, /* by cy_terminate() or the node's shutdown */
    CY_EXIT_NODE_DOWN,  /* its node cannot be reached any more */
    CY_EXIT_NO_TASK,    /* there was no such task when the watch began */
};

/* What an exit message says; value points into the message. */
struct cy_exit {
    cy_ref task;
    enum cy_exit_reason reason;
    int code;
    const void *value;
    size_t value_bytes;
};

/**
 * cy_exit_read - read a message tagged CY_TAG_EXIT
 * @out: receives what it says; untouched on failure
 * @msg: the message
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: out->value is borrowed from @msg
 * Errors:    -EINVAL not an exit message
 * Since:     0.1
 */
CY_MUST_CHECK int cy_exit_read(struct cy_exit *out, const cy_msg *msg);

/**
 * cy_exit_value - set the value that those who watch or join will get
 * @value: the variable that owns a message; its body is the value
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: moves *@value on success; an earlier value is freed
 * Errors:    -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_exit_value(cy_msg **value);

/**
 * cy_handler_exit - end a handler when the present message is done with
 * @code: 0 for a normal end
 *
 * Context:   a handler; suspends: no; blocks: no
 * Ownership: nothing; returns
 * Errors:    none; calling it in a stackful task (which simply returns) is a caller's bug
 * Since:     0.1
 */
void cy_handler_exit(int code);

/**
 * cy_join - wait for a task to end
 * @exit:     receives the exit message for cy_exit_read(); may be NULL
 * @task:     whom; not oneself
 * @deadline: absolute
 *
 * A task that has ended already is known only if it was spawned joinable; then the first to
 * join gets the result and the task is forgotten. Should the node of the task be lost
 * meanwhile, nobody knows: CY_ENOPEER.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: the caller owns *@exit
 * Errors:    -ESRCH no such task, or its node is known to have ended; -ETIMEDOUT, -ECANCELED,
 *            -EDEADLK oneself, -EAGAIN the way there is full, -ENOMEM, CY_ENOPEER its node
 *            cannot be reached, or was lost meanwhile
 * Since:     0.1
 */
CY_MUST_CHECK int cy_join(cy_msg **exit, cy_ref task, cy_time deadline);

/**
 * cy_monitor - tell me when a task ends
 * @task: whom
 *
 * Exactly one CY_TAG_EXIT message comes for each successful call, after all that @task sent
 * to the caller before. For a task that is gone already it comes at once: with the result, if
 * that waits to be joined, else with CY_EXIT_NO_TASK. When the task's node is lost, it comes
 * with CY_EXIT_NODE_DOWN and the code CY_ENOPEER. An exit value from another node that finds no
 * memory here is counted lost; the message comes without it.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOMEM, -EAGAIN this task watches 65 536 tasks or the way there is full,
 *            -ESRCH its node is known to have ended, CY_ENOPEER it cannot be reached
 * Since:     0.1
 */
CY_MUST_CHECK int cy_monitor(cy_ref task);

/**
 * cy_notify - tell a task when I end
 * @task: whom to tell, by one CY_TAG_EXIT message
 *
 * A task of another node is told if its node can be reached at that time.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOMEM, -ESRCH known to have ended, CY_ENOPEER
 * Since:     0.1
 */
CY_MUST_CHECK int cy_notify(cy_ref task);

/**
 * cy_terminate - ask a task to end
 * @task: whom; may be oneself
 *
 * Its blocking calls return -ECANCELED from then on; when its function returns its deferred
 * clean-ups run and it counts as terminated. A handler ends before its next message.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH known to have ended, -EAGAIN the way there is full, -ENOMEM, CY_ENOPEER
 * Since:     0.1
 */
CY_MUST_CHECK int cy_terminate(cy_ref task);

/**
 * cy_defer - run a clean-up when this task ends, however it ends
 * @fn:  called on the task's stack, last registered first; what suspends is cancelled there
 * @arg: passed to @fn
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: @arg must stay valid until then
 * Errors:    -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_defer(void (*fn)(void *arg), void *arg);

CY_END_DECLS

#endif
