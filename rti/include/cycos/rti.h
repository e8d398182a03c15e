/*
 * cycos/rti.h - remote task invocation: a method that others may start as a task, here.
 *
 * The server makes a method of a function and gives it a name:
 *
 *     cy_rti_create(&method, greet, NULL) and cy_rti_register(method, NULL)
 *
 * Any task of any node finds it, starts it, and gets a reference as cy_task_spawn() gives it:
 *
 *     cy_rti_locate(&method, "greet", NULL, deadline)
 *     cy_rti_call(&task, method, &args, deadline)
 *
 * A call starts a task once or not at all, whatever happens to the network.
 */
#ifndef CYCOS_RTI_H
#define CYCOS_RTI_H

#include <cycos/args.h>
#include <cycos/location.h>
#include <cycos/task.h>

CY_BEGIN_DECLS

/* A method: returns the task's exit code. The arguments are lent until then. */
typedef int cy_rti_fn(cy_args_reader *args);

/* All zero is the default of everything. */
struct cy_rti_options {
    const char *name;         /* copied; NULL: the name of the function */
    void *arg;                /* for cy_rti_arg() */
    const char *signature;    /* copied; what arguments there are; NULL: the method will see */
    cy_handler_fn *handler;   /* the task goes on as one when the method has returned 0 */
    const cy_location *allow; /* copied; which cores of other nodes may call; port 0: a host */
    uint32_t allow_count;     /* at most CY_RTI_ALLOW_MAX; 0: all */
    uint32_t tasks_max;       /* at a time; 0: 1024; at most CY_RTI_TASKS_MAX */
    uint32_t peer_tasks_max;  /* of them, for callers of one node; 0: as many */
    uint32_t results_max;     /* of ended tasks, for one node; 0: 1024 */
    size_t results_bytes;     /* of their values, for one node; 0: 16 MiB */
    cy_time result_ns;        /* how long a result is kept; 0: 30 s */
    size_t stack_bytes;       /* of the tasks, as in cy_task_options */
    uint32_t mailbox_max;     /* the same */
    bool daemon;              /* the same */
    bool spread;        /* start tasks on the cores of the node in turn, not only on this */
    bool end_with_node; /* terminate tasks whose caller's node is lost; else they run on */
};

enum { CY_RTI_ALLOW_MAX = 1024, CY_RTI_TASKS_MAX = 65000 };

/* As the macro below, with the function's name given. */
CY_MUST_CHECK int cy_rti_create_named(cy_ref *out, cy_rti_fn *fn, const char *name,
                                      const struct cy_rti_options *options);

/**
 * cy_rti_create - make a method of a function, on this core
 * @out:     receives its reference; untouched on failure
 * @fn:      what each call runs, in a task of its own
 * @options: a struct cy_rti_options or NULL
 *
 * A signature lets the method refuse wrong arguments before a task is started. It lists the
 * parameters in order, as "whom:text times:int? ...": a name, a type (any bool bytes double int
 * list map ref text uint), a ? from the first one on that may be absent, and ... when there may
 * be others too.
 *
 * The result of a task is kept for result_ns after its end, for all who join or monitor it
 * then. There are results_max, or results_bytes, at most for the callers of one node: then the
 * oldest that somebody knows already is forgotten; if there is none, the call is refused. Who
 * wants no reference of a call leaves no result.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: the method lives until cy_rti_close() or the node's end
 * Errors:    -EINVAL an option, the signature; -ENAMETOOLONG, -E2BIG, -EILSEQ the signature;
 *            -ENOMEM, -EAGAIN too many tasks
 * Since:     0.1
 */
#define cy_rti_create(out, fn, options) cy_rti_create_named(out, fn, #fn, options)

/**
 * cy_rti_close - end a method; its names vanish, its tasks run on
 * @method: of this core
 *
 * Calls under way, and whoever uses its reference from then on, get -ENOENT.
 *
 * Context:   a task or handler of the method's core; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOENT no such method here
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_close(cy_ref method);

/**
 * cy_rti_register - give a method a name that others can find
 * @method: of this core
 * @name:   NULL: the name it was created with
 *
 * Names of methods are unique in a node. Tasks and channels may have the same names.
 *
 * Context:   a task or handler of the method's core; suspends: no; blocks: no
 * Ownership: copies @name
 * Errors:    -ENOENT no such method here, -EEXIST another has the name (0 if it is this one's
 *            already), -EINVAL empty, -ENAMETOOLONG, -ENOBUFS, -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_register(cy_ref method, const char *name);

/**
 * cy_rti_unregister - take a name of a method away
 * @method: of this core
 * @name:   NULL: the name it was created with
 *
 * Nobody finds it any more; who has the reference may still call.
 *
 * Context:   a task or handler of the method's core; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOENT no such method here, or it is not a name of it
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_unregister(cy_ref method, const char *name);

/**
 * cy_rti_lookup - find a method of this node by name
 * @out:  receives the reference; untouched on failure
 * @name: its name
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -ENOENT
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_lookup(cy_ref *out, const char *name);

/**
 * cy_rti_locate - find a method by name, waiting until somebody has it
 * @out:      receives the reference; untouched on failure
 * @name:     its name
 * @location: NULL, or of the core that is asked alone; with port 0, of the host
 * @deadline: absolute
 *
 * As cy_task_locate() does it.
 *
 * Context:   a task; suspends: while nobody has the name; blocks: no
 * Ownership: copies
 * Errors:    -ETIMEDOUT, -ECANCELED, -EINVAL empty, -ENAMETOOLONG, -ENOBUFS this node waits for
 *            too many names of others, CY_ENOPEER another location in a node without a network,
 *            -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_locate(cy_ref *out, const char *name, const cy_location *location,
                                cy_time deadline);

/**
 * cy_rti_call - start a method's task and learn its reference
 * @out:      receives the reference; untouched on failure. NULL: nobody will ask for the result
 * @method:   of any core of any node
 * @args:     what to give it; NULL: nothing. May be given again to another call
 * @deadline: absolute
 *
 * The task is one like any other: send to it, join it, monitor it, terminate it. A join or a
 * monitor gets its result also when it has ended before: see cy_rti_create().
 *
 * When the call fails by -ETIMEDOUT, -ECANCELED, CY_ENOPEER or CY_EFRAME, the task may have
 * been started. The method is told, if it can be reached, and terminates it.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows @args
 * Errors:    -EINVAL wrong arguments: cy_args_error() says which; -ENOENT no such method, or
 *            its node is known to have ended; -EACCES the caller may not, -ENOBUFS as many
 *            tasks or results as the method allows, -EAGAIN the way there, or its core, is
 *            full; CY_ENOPEER the node cannot be reached or was lost, -ETIMEDOUT, -ECANCELED,
 *            -ENOMEM; CY_EFRAME another node's answer was none; those that cy_args_next()
 *            leaves
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_call(cy_ref *out, cy_ref method, cy_args *args, cy_time deadline);

/**
 * cy_rti_monitor - let a task get the exits of all that the running task starts by a method
 * @method: of any core of any node
 * @task:   of this node; CY_NOBODY: no more
 *
 * Each later cy_rti_call() of @method by the running task, if it succeeds and wants a
 * reference, monitors the new task on behalf of @task, as cy_monitor() does. When that fails
 * the call does, with the same error, and the new task is terminated.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: until the running task ends
 * Errors:    -ENOENT it is no method, -ESRCH @task is no task of this node, -ENOBUFS the
 *            running core has 1024 of these, -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_rti_monitor(cy_ref method, cy_ref task);

/**
 * cy_rti_caller, cy_rti_arg - who has started the running task; the method's own argument
 *
 * cy_ref_location() of <cycos/peer.h> says where the caller is.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    CY_NOBODY, or NULL, in a task that no method has started
 * Since:     0.1
 */
cy_ref cy_rti_caller(void);
void *cy_rti_arg(void);

/**
 * cy_rti_keep - what the handler of the running method's task will get as its state
 * @state: the handler's; NULL until then
 *
 * For methods with a handler: the function reads the arguments and makes the state, cy_defer()
 * frees it.
 *
 * Context:   a method's task; suspends: no; blocks: no
 * Ownership: @state stays the caller's affair
 * Errors:    none; in a task that no method has started it is a caller's bug
 * Since:     0.1
 */
void cy_rti_keep(void *state);

CY_END_DECLS

#endif
