/* run.c - cy_run() and what tasks may ask of their node. */
#include "supervisor.h"
#include "task.h"
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>
#include <cycos/impl/rcu.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* The CPUs of the affinity mask, in order. */
static int
affinity(cpu_set_t *set)
{
    CPU_ZERO(set);
    if (sched_getaffinity(0, sizeof *set, set) != 0)
        return -errno;
    return CPU_COUNT(set);
}

static void
pin(struct cyi_core *core)
{
    cpu_set_t all, one;
    int count = affinity(&all);
    if (count <= 0)
        return;
    int skip = core->index % count;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t) cpu, &all) || skip-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET((size_t) cpu, &one);
        if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) != 0)
            cy_log_write(CY_LOG_WARN, "core.not_pinned", "cpu=%d", cpu);
        return;
    }
}

/* Wait until all threads have been started; false if one could not be. */
static bool
wait_for_others(struct cyi_node *node)
{
    pthread_mutex_lock(&node->lock);
    bool go = !cyi_node_aborted(node);
    pthread_mutex_unlock(&node->lock);
    return go;
}

static void *
core_thread(void *arg)
{
    struct cyi_core *core = arg;
    char name[16];
    if (!wait_for_others(core->node))
        return NULL;
    snprintf(name, sizeof name, "cy-core-%u", core->index);
    pthread_setname_np(pthread_self(), name);
    prctl(PR_SET_TIMERSLACK, 1UL); /* by default the kernel may wake us 50 us late */
    cyi_core_enter(core);
    if (core->node->options->pin)
        pin(core);
    cyi_supervisor_core_begins(core);
    cyi_sched_thread(&core->sched);
    cyi_rcu_register();
    while (!cyi_core_done(core))
        cyi_core_turn(core);
    cyi_rcu_unregister();
    cyi_supervisor_core_ends(core);
    return NULL;
}

/* All or none: no task runs before there is a thread for each core. */
static int
start_threads(struct cyi_node *node, pthread_t *threads, uint16_t *started)
{
    int rc = 0;
    pthread_mutex_lock(&node->lock);
    for (*started = 0; *started < node->core_count; ++*started) {
        rc = -pthread_create(&threads[*started], NULL, core_thread, node->cores[*started]);
        if (rc != 0)
            break;
    }
    if (rc != 0)
        cyi_node_abort_start(node);
    pthread_mutex_unlock(&node->lock);
    return rc;
}

static int
run_node(struct cyi_node *node)
{
    uint16_t started;
    pthread_t *threads = calloc(node->core_count, sizeof *threads);
    int rc = threads == NULL ? -ENOMEM : cyi_supervisor_open(node);
    if (rc != 0) {
        free(threads);
        return rc;
    }
    rc = start_threads(node, threads, &started);
    if (rc == 0)
        cyi_supervisor_run(node);
    for (uint16_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    cyi_supervisor_close(node);
    free(threads);
    return rc;
}

static int
exit_status(const struct cyi_node *node)
{
    /* The threads have been joined: whatever they wrote is visible (row N5 of node.c). */
    if (cyi_node_left_behind(node) != 0)
        return CY_EXIT_INCOMPLETE;
    return cyi_node_exit_status(node);
}

int
cy_run(struct cy_options *options, cy_task_fn *main, void *arg)
{
    cpu_set_t set;
    CY_ASSERT(cyi_self == NULL && "cy_run() in a task would stop its core");
    struct cy_options own = *options;
    struct cyi_node *node = NULL;
    if (own.cores == 0) {
        int count = affinity(&set);
        if (count < 0)
            return count;
        own.cores = count > CY_CORES_MAX ? CY_CORES_MAX : (uint32_t) count;
    }
    int rc = cyi_node_create(&node, &own, cyi_os_linux());
    if (rc == 0 && (rc = cyi_node_main(node, main, arg)) == 0)
        rc = run_node(node);
    else
        memcpy(options->error, own.error, sizeof own.error);
    if (rc == 0)
        rc = exit_status(node);
    if (node != NULL)
        cyi_node_free(&node);
    return rc;
}

void
cy_shutdown(cy_time grace)
{
    cyi_node_stop(cyi_current()->node, grace);
}

bool
cy_stopping(void)
{
    return cyi_node_stopping(cyi_current()->node);
}

int
cy_wait_stopping(cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    if (core->phase >= CYI_PHASE_STOPPING)
        return 0;
    return cyi_waitlist_wait(core, &core->stopping, CYI_WAIT_STOPPING, deadline);
}

uint16_t
cy_core_count(void)
{
    return cyi_current()->node->core_count;
}

uint16_t
cy_core_index(void)
{
    return cyi_current()->index;
}

const char *
cy_core_name(void)
{
    return cyi_current()->name;
}

void
cy_random(void *buffer, size_t size)
{
    struct cyi_core *core = cyi_current();
    core->os->random(core->os, buffer, size);
}

void
cy_core_read_counters(struct cy_core_counters *out)
{
    struct cyi_core *core = cyi_current();
    *out = core->counters;
    out->tasks = core->tasks.alive;
    out->stacks = core->stacks.count;
    out->stacks_pooled = core->stacks.pooled;
    out->message_bytes = core->heap.chunk_bytes;
    out->stalls = cyi_pulse_stalls(&core->pulse);
}
