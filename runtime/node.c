/*
 * node.c - a node: making its cores, following its phases, freeing it.
 *
 * Synchronisation:
 *   N1  node.phase        seq_cst; only rises, with stop_at under the lock; cores follow at
 *                         their next turn
 *   N2  node.live_cores   acq_rel; the core that takes it to zero begins the end
 *   N3  node.quiet_cores  acq_rel; all: no core has a task any more, none can get one
 *   N4  node.stop_at      release before the phase rises -> acquire by who sees the phase
 *   N5  node.exit_status, left_behind  relaxed; read after the threads were joined
 *   N6  node.dumps        relaxed; a core that misses one sees it at its next turn
 */
#include "task.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/inbox.h>
#include <cycos/impl/io.h>
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>
#include <cycos/impl/pool.h>
#include <cycos/impl/router.h>
#include <cycos/impl/time.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MPROTECT_SHARE = 24000 }; /* of vm.max_map_count, for guards on old kernels */

#define LAST_GRACE CY_SECOND /* for cancelled tasks to end */

static int
open_core(struct cyi_node *node, uint16_t index)
{
    struct cyi_core *core = aligned_alloc(64, (sizeof *core + 63) & ~(size_t) 63);
    if (core == NULL)
        return -ENOMEM;
    memset(core, 0, sizeof *core);
    node->cores[index] = core;
    core->index = index;
    core->node = node;
    core->os = node->os;
    core->home.node = node->tag;
    core->home.core = index;
    snprintf(core->name, sizeof core->name, "%s.%u",
             node->options->name != NULL ? node->options->name : "node", index);
    cyi_sched_init(&core->sched);
    cyi_heap_init(&core->heap);
    cyi_tasks_init(&core->tasks, node->options->tasks_max);
    cyi_stacks_init(&core->stacks, (uint32_t) MPROTECT_SHARE / node->core_count);
    core->sched.now = core->os->now(core->os);
    cyi_wheel_init(&core->wheel, core->sched.now);
    int rc =
        cyi_inbox_open(&core->inbox, &core->heap, node->core_count, node->options->outbox_max);
    if (rc != 0)
        return rc;
    return core->os->reactor->open(core->os, &core->reactor);
}

static int
open_log(struct cyi_node *node)
{
    struct cyi_log_options options = {
        .level = node->options->log_level,
        .rate = node->options->log_rate,
        .clock = (int64_t(*)(void *)) node->os->realtime,
        .clock_arg = node->os,
        .sink = node->options->log_sink,
        .sink_arg = node->options->log_arg,
        .node = node->options->name,
    };
    if ((node->log = malloc(sizeof *node->log)) == NULL)
        return -ENOMEM;
    cyi_log_init(node->log, &options);
    return 0;
}

static bool
membarrier_ready(const struct cyi_os *os)
{
    return !os->simulated &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static void
draw_incarnation(struct cyi_node *node)
{
    do {
        node->os->random(node->os, node->incarnation, sizeof node->incarnation);
        memcpy(&node->tag, node->incarnation, sizeof node->tag);
    } while (node->tag == 0);
}

/* Nothing runs yet, and what is opened belongs to the cores: so the network enters each. */
static int
open_network(struct cyi_node *node)
{
    struct cy_options *options = node->options;
    struct cyi_core *self = cyi_self;
    if (options->network == NULL)
        return 0;
    int rc = options->network->open(node, options->error, sizeof options->error);
    cyi_core_enter(self);
    return rc;
}

int
cyi_node_create(struct cyi_node **out, struct cy_options *options, struct cyi_os *os)
{
    int rc = cy_options_check(options);
    if (rc != 0)
        return rc;
    struct cyi_node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return -ENOMEM;
    node->options = options;
    node->os = os;
    node->core_count = (uint16_t) options->cores;
    node->started = os->now(os);
    node->asymmetric = membarrier_ready(os);
    pthread_mutex_init(&node->lock, NULL);
    draw_incarnation(node);
    /* N4: nobody else sees the node yet. */
    atomic_store_explicit(&node->stop_at, CY_FOREVER, memory_order_relaxed);
    node->cores = calloc(node->core_count, sizeof *node->cores);
    rc = node->cores == NULL ? -ENOMEM : open_log(node);
    for (uint16_t i = 0; rc == 0 && i < node->core_count; i++)
        rc = open_core(node, i);
    node->complete = rc == 0;
    if (rc == 0)
        rc = open_network(node);
    if (rc != 0)
        cyi_node_free(&node);
    else
        *out = node;
    return rc;
}

static void
drop_task(struct cyi_task *task, void *arg)
{
    struct cyi_core *core = arg;
    if (task->state == CYI_TASK_ENDED && task->extra != NULL && task->extra->result != NULL) {
        cyi_watch_forget(core, task);
        return;
    }
    if (task->state != CYI_TASK_ENDED)
        cyi_task_abandon(core, task);
}

static void
empty_core(struct cyi_core *core)
{
    cyi_core_enter(core);
    cyi_task_each(core, drop_task, core);
    if (core->channels != NULL)
        cyi_channels_fini(core);
    if (core->io != NULL)
        cyi_io_fini(core);
}

/* What is on its way between cores arrives: it may have another core's memory in it. */
static void
empty_ways(struct cyi_node *node)
{
    for (uint32_t moved = 1; moved != 0;) {
        moved = 0;
        for (uint16_t i = 0; i < node->core_count; i++)
            moved += cyi_inbox_drain(node->cores[i]);
        for (uint16_t i = 0; i < node->core_count; i++)
            moved += cyi_inbox_hand_over(node->cores[i]);
    }
}

/* While all cores still exist. What one of them drops, another may have to hear. */
static void
empty_cores(struct cyi_node *node)
{
    empty_ways(node);
    for (uint16_t i = 0; i < node->core_count; i++)
        empty_core(node->cores[i]);
    empty_ways(node);
}

static void
close_core(struct cyi_core *core)
{
    if (core->reactor != NULL)
        core->os->reactor->close(core->reactor);
    cyi_inbox_close(&core->inbox);
    cyi_tasks_fini(core);
    cyi_stacks_fini(&core->stacks);
    cyi_heap_fini(&core->heap);
    free(core);
}

static void
close_extensions(struct cyi_node *node)
{
    for (int i = 0; i < CYI_EXTENSIONS; i++) {
        if (node->extensions[i].data != NULL)
            node->extensions[i].fini(node->extensions[i].data);
    }
}

/* Messages that somebody took and nobody gave back: a bug, ours or the application's. */
static void
report_leak(const struct cyi_node *node, uint64_t blocks)
{
    if (blocks != 0 && node->log != NULL)
        cyi_log_write(node->log, NULL, CY_LOG_ERROR, "node.leaked", "blocks=%llu",
                      (unsigned long long) blocks);
}

uint64_t
cyi_node_free(struct cyi_node **freed)
{
    struct cyi_node *node = *freed;
    struct cyi_core *self = cyi_self;
    uint64_t leaked = 0;
    if (node->pool != NULL)
        cyi_pool_fini(node);
    if (node->net != NULL)
        node->options->network->leave(node);
    if (node->complete)
        empty_cores(node);
    if (node->net != NULL)
        node->options->network->close(node);
    close_extensions(node);
    for (uint16_t i = 0; node->cores != NULL && i < node->core_count; i++) {
        if (node->cores[i] == NULL)
            continue;
        leaked += node->cores[i]->heap.taken - node->cores[i]->heap.given;
        close_core(node->cores[i]);
    }
    report_leak(node, leaked);
    cyi_core_enter(self);
    free(node->cores);
    if (node->log != NULL) {
        cyi_log_fini(node->log);
        free(node->log);
    }
    pthread_mutex_destroy(&node->lock);
    free(node);
    *freed = NULL;
    return leaked;
}

void
cyi_core_enter(struct cyi_core *core)
{
    cyi_self = core;
}

int
cyi_node_main(struct cyi_node *node, cy_task_fn *main, void *arg)
{
    struct cyi_task *task;
    struct cyi_spawn spawn = {
        .fn = (void *) main,
        .arg = arg,
        .name = "main",
        .mailbox_max = node->options->mailbox_max,
        .flags = CYI_TASK_MAIN,
        .stack_class = cyi_stack_class(node->options->stack_bytes),
    };
    return cyi_task_start(node->cores[0], &task, &spawn);
}

void
cyi_node_wake_all(struct cyi_node *node)
{
    for (uint16_t i = 0; i < node->core_count; i++)
        node->os->reactor->wake(node->cores[i]->reactor);
}

/* Raise the phase; false when it was as high already. */
static bool
raise_phase(struct cyi_node *node, int phase)
{
    /* N1: whoever raises it first does what belongs to it. */
    int old = atomic_load_explicit(&node->phase, memory_order_seq_cst);
    while (old < phase) {
        /* N1: as above. */
        if (atomic_compare_exchange_weak_explicit(&node->phase, &old, phase,
                                                  memory_order_seq_cst, memory_order_seq_cst)) {
            cyi_node_wake_all(node);
            return true;
        }
    }
    return false;
}

static void
set_stop_at(struct cyi_node *node, cy_time at)
{
    /* N4: it can only come nearer, or be set anew for the next phase. */
    atomic_store_explicit(&node->stop_at, at, memory_order_release);
}

static bool
terminating(const struct cyi_node *node)
{
    /* N1: rises under the lock, which the caller holds. */
    return atomic_load_explicit(&node->phase, memory_order_seq_cst) >= CYI_PHASE_TERMINATE;
}

static void
begin_terminate(struct cyi_node *node)
{
    pthread_mutex_lock(&node->lock);
    if (!terminating(node)) {
        /* The time comes first, so that nobody ends the new phase by the old time. */
        set_stop_at(node, cyi_time_add(node->os->now(node->os), LAST_GRACE));
        raise_phase(node, CYI_PHASE_TERMINATE);
    }
    pthread_mutex_unlock(&node->lock);
}

void
cyi_node_stop(struct cyi_node *node, cy_time grace)
{
    cy_time at = cyi_time_add(node->os->now(node->os), grace < 0 ? 0 : grace);
    pthread_mutex_lock(&node->lock);
    /* N4: an earlier end wins; the last second of those that are terminated is theirs. */
    if (!terminating(node) && at < atomic_load_explicit(&node->stop_at, memory_order_acquire))
        set_stop_at(node, at);
    raise_phase(node, CYI_PHASE_STOPPING);
    pthread_mutex_unlock(&node->lock);
    cyi_node_wake_all(node);
}

void
cyi_node_core_live(struct cyi_node *node)
{
    /* N2: before the task that we count can end. */
    atomic_fetch_add_explicit(&node->live_cores, 1, memory_order_acq_rel);
}

void
cyi_node_core_idle(struct cyi_node *node)
{
    /* N2: a task that spawns elsewhere waits for the answer, so zero is final. */
    if (atomic_fetch_sub_explicit(&node->live_cores, 1, memory_order_acq_rel) == 1)
        begin_terminate(node);
}

void
cyi_node_main_ended(struct cyi_node *node, enum cy_exit_reason reason, int code)
{
    if (reason == CY_EXIT_TERMINATED)
        return;
    /* Whoever passes on what accept() said when the listeners closed has done well. */
    if (code == -ECANCELED && cyi_node_stopping(node))
        return;
    /* N5: only this task sets it. */
    atomic_store_explicit(&node->exit_status, code < 0 || code > 255 ? 255 : code,
                          memory_order_relaxed);
}

static struct cyi_extension
extension_of(struct cyi_node *node, int which)
{
    pthread_mutex_lock(&node->lock);
    struct cyi_extension extension = node->extensions[which];
    pthread_mutex_unlock(&node->lock);
    return extension;
}

void
cyi_node_gone(struct cyi_core *core, cy_ref ref)
{
    for (int i = 0; i < CYI_EXTENSIONS; i++) {
        struct cyi_extension extension = extension_of(core->node, i);
        if (extension.data != NULL && extension.gone != NULL)
            extension.gone(core, extension.data, ref);
    }
}

void
cyi_node_lost(struct cyi_core *core, cy_ref peer)
{
    for (int i = 0; i < CYI_EXTENSIONS; i++) {
        struct cyi_extension extension = extension_of(core->node, i);
        if (extension.data != NULL && extension.lost != NULL)
            extension.lost(core, extension.data, peer);
    }
}

void *
cyi_node_extend(struct cyi_node *node, int which, int (*create)(struct cyi_extension *out))
{
    struct cyi_extension *extension = &node->extensions[which];
    pthread_mutex_lock(&node->lock);
    if (extension->data == NULL && create(extension) != 0)
        extension->data = NULL;
    void *data = extension->data;
    pthread_mutex_unlock(&node->lock);
    return data;
}

static void
cancel_task(struct cyi_task *task, void *arg)
{
    if (task->state > CYI_TASK_ENDED)
        cyi_task_cancel(arg, task);
}

static void
enter_phase(struct cyi_core *core, int phase)
{
    if (core->phase < CYI_PHASE_STOPPING && phase >= CYI_PHASE_STOPPING) {
        if (core->io != NULL)
            cyi_io_stop_accepting(core);
        while (cyi_waitlist_wake(core, &core->stopping, 0) != NULL)
            continue;
    }
    if (core->phase < CYI_PHASE_TERMINATE && phase >= CYI_PHASE_TERMINATE)
        cyi_task_each(core, cancel_task, core);
    core->phase = phase;
}

static void
report_left(struct cyi_task *task, void *arg)
{
    struct cyi_core *core = arg;
    if (task->state <= CYI_TASK_ENDED)
        return;
    struct cyi_log_origin origin = {core->index, task->name};
    /* N5: only counted here. */
    atomic_fetch_add_explicit(&core->node->left_behind, 1, memory_order_relaxed);
    cyi_log_write(core->node->log, &origin, CY_LOG_ERROR, "shutdown.left",
                  "waits_for=%s mailbox=%u", cyi_wait_name(task), task->queued);
}

static void
become_quiet(struct cyi_core *core)
{
    core->quiet = true;
    /* N3: the last one ends the node. */
    uint32_t quiet =
        atomic_fetch_add_explicit(&core->node->quiet_cores, 1, memory_order_acq_rel) + 1;
    if (quiet == core->node->core_count)
        raise_phase(core->node, CYI_PHASE_END);
}

cy_time
cyi_node_follow(struct cyi_core *core)
{
    struct cyi_node *node = core->node;
    /* N1: rises seldom, so its line stays in the cache. */
    int phase = atomic_load_explicit(&node->phase, memory_order_seq_cst);
    /* N6: a hint. */
    uint32_t dumps = atomic_load_explicit(&node->dumps, memory_order_relaxed);
    if (__builtin_expect(dumps != core->dumps, 0)) {
        core->dumps = dumps;
        cyi_core_dump(core);
    }
    if (__builtin_expect(phase == CYI_PHASE_RUN, 1))
        return CY_FOREVER;
    if (phase != core->phase)
        enter_phase(core, phase);
    if (phase == CYI_PHASE_END)
        return CY_NOW; /* out of the loop, not to sleep */
    if (core->quiet)
        return CY_FOREVER;
    /* N4: the time that belongs to the phase we saw, or to a later one. */
    cy_time at = atomic_load_explicit(&node->stop_at, memory_order_acquire);
    bool late = node->os->now(node->os) >= at;
    if (phase == CYI_PHASE_STOPPING && late)
        begin_terminate(node);
    if (phase == CYI_PHASE_TERMINATE && (late || core->tasks.alive == 0)) {
        cyi_task_each(core, report_left, core);
        become_quiet(core);
        return CY_FOREVER;
    }
    return at;
}

bool
cyi_node_stopping(const struct cyi_node *node)
{
    /* N1: may be asked before the own core has followed. */
    return atomic_load_explicit(&node->phase, memory_order_seq_cst) >= CYI_PHASE_STOPPING;
}

void
cyi_node_abort_start(struct cyi_node *node)
{
    raise_phase(node, CYI_PHASE_END);
}

bool
cyi_node_aborted(const struct cyi_node *node)
{
    /* N1: before the first turn of any core. */
    return atomic_load_explicit(&node->phase, memory_order_seq_cst) == CYI_PHASE_END;
}

int
cyi_node_exit_status(const struct cyi_node *node)
{
    /* N5: the threads have been joined. */
    return atomic_load_explicit(&node->exit_status, memory_order_relaxed);
}

uint32_t
cyi_node_left_behind(const struct cyi_node *node)
{
    /* N5: as above. */
    return atomic_load_explicit(&node->left_behind, memory_order_relaxed);
}

void
cyi_node_request_dump(struct cyi_node *node)
{
    /* N6: cores follow when they wake. */
    atomic_fetch_add_explicit(&node->dumps, 1, memory_order_relaxed);
    cyi_node_wake_all(node);
}

bool
cyi_core_done(struct cyi_core *core)
{
    return core->phase == CYI_PHASE_END;
}
