/* cycos/impl/node.h - a node: cores that share options, a log, an end. */
#ifndef CYCOS_IMPL_NODE_H
#define CYCOS_IMPL_NODE_H

#include <cycos/impl/core.h>
#include <cycos/log.h>
#include <pthread.h>
#include <stdatomic.h>

enum cyi_phase {
    CYI_PHASE_RUN,
    CYI_PHASE_STOPPING,  /* no new tasks; the grace runs */
    CYI_PHASE_TERMINATE, /* every task is cancelled */
    CYI_PHASE_END,       /* cores leave their loops when all are quiet */
};

/*
 * What a component above the runtime hangs onto a node (the registry does). Made on first
 * use under the node's lock; told of each end of a task or channel whose flag asks for it, and
 * of each core of another node that was lost, on the cores that had a link to it.
 */
struct cyi_extension {
    void *data;
    void (*gone)(struct cyi_core *core, void *data, cy_ref ref);
    void (*lost)(struct cyi_core *core, void *data, cy_ref peer);
    void (*fini)(void *data);
};
enum { CYI_EXTENSION_REGISTRY, CYI_EXTENSION_CHANNELS, CYI_EXTENSION_RTI, CYI_EXTENSIONS };

struct cyi_pool;
struct cyi_router;
struct cyi_supervisor;

struct cyi_node {
    struct cy_options *options;
    struct cyi_os *os;
    struct cyi_log *log;
    uint8_t incarnation[16];
    uint32_t tag; /* the first 32 bits of it */
    uint16_t core_count;
    bool complete; /* all cores have been made */
    struct cyi_core **cores;
    cy_time started;
    bool asymmetric; /* sleepers pay by membarrier; else senders by an atomic exchange */
    _Atomic int phase;
    _Atomic uint32_t live_cores;  /* that have a task which is no daemon */
    _Atomic uint32_t quiet_cores; /* that have nothing left */
    _Atomic uint32_t dumps;       /* requested so far */
    _Atomic cy_time stop_at;      /* when the grace ends */
    _Atomic int exit_status;
    _Atomic uint32_t left_behind; /* tasks that did not end */
    pthread_mutex_t lock;         /* extensions, channel graph, the end: rare things */
    struct cyi_extension extensions[CYI_EXTENSIONS];
    const struct cyi_router *router;   /* the network's; NULL: no other nodes */
    void *net;                         /* the network's own record */
    struct cyi_pool *pool;             /* pool.c; NULL until the first use */
    struct cyi_supervisor *supervisor; /* NULL in a simulation */
};

/* A node whose cores do not run yet: threads turn them (cy_run), or a simulator. */
CY_MUST_CHECK int cyi_node_create(struct cyi_node **out, struct cy_options *options,
                                  struct cyi_os *os);
/* After the last turn of each core. Returns blocks of memory that were never given back. */
uint64_t cyi_node_free(struct cyi_node **freed);

/* Spawn the first task on core 0 before the cores run. */
CY_MUST_CHECK int cyi_node_main(struct cyi_node *node, cy_task_fn *main, void *arg);

/* A core got its first task that is no daemon, or has ended its last. */
void cyi_node_core_live(struct cyi_node *node);
void cyi_node_core_idle(struct cyi_node *node);

/* The first task has ended: the exit status. */
void cyi_node_main_ended(struct cyi_node *node, enum cy_exit_reason reason, int code);

/* Tell the extensions that a task or channel which has names is gone. */
void cyi_node_gone(struct cyi_core *core, cy_ref ref);

/* Tell the extensions that nothing will come from that core of another node any more. */
void cyi_node_lost(struct cyi_core *core, cy_ref peer);

/* Follow the node's phase on this core; CY_FOREVER or when it next needs a look. */
cy_time cyi_node_follow(struct cyi_core *core);

/* Any thread: begin the end. */
void cyi_node_stop(struct cyi_node *node, cy_time grace);

bool cyi_node_stopping(const struct cyi_node *node);

/*
 * Some threads could not be started: let those that were leave. They look for it before their
 * first turn, so that no task has run.
 */
void cyi_node_abort_start(struct cyi_node *node);
bool cyi_node_aborted(const struct cyi_node *node);

/* After the threads were joined. */
int cyi_node_exit_status(const struct cyi_node *node);
uint32_t cyi_node_left_behind(const struct cyi_node *node);

/* Every core prints its tasks at its next turn. */
void cyi_node_request_dump(struct cyi_node *node);
void cyi_core_dump(struct cyi_core *core);
/* What a task waits for, in a word. */
const char *cyi_wait_name(const struct cyi_task *task);

/* Make `core` the caller's, or none (NULL): the loop and the simulator do so. */
void cyi_core_enter(struct cyi_core *core);

/* True when the core may leave its loop for good. */
bool cyi_core_done(struct cyi_core *core);

/* Wake every core that sleeps, from any thread. */
void cyi_node_wake_all(struct cyi_node *node);

/* The extension, made by create() if it is not there yet; NULL without memory. */
void *cyi_node_extend(struct cyi_node *node, int which,
                      int (*create)(struct cyi_extension *out));

#endif
