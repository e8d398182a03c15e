/*
 * sim_node.c - nodes in the simulated world: they begin, hang, and crash.
 *
 * A node that has crashed keeps its memory until the program buries it or the world ends, so
 * that the program may still look at it; what its tasks had in their hands is lost with it.
 *
 * Tests: tests/runtime/test_sim_node.c
 */
#include "sim_disk.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/io.h>
#include <cycos/impl/log.h>
#include <cycos/impl/router.h>
#include <stdlib.h>

static void
set_limits(const struct cyi_sim_options *options, struct cyi_core *core)
{
    if (options->ring_size != 0)
        core->inbox->ring_size = options->ring_size;
    if (options->turn_switches != 0)
        core->sched.turn_switches = options->turn_switches;
    if (options->front_streak != 0)
        core->sched.front_streak = options->front_streak;
    /* A streak comes twice in a turn; more than half of the turn would let others starve. */
    if (core->sched.front_streak > core->sched.turn_switches / 4)
        core->sched.front_streak = core->sched.turn_switches / 4;
}

/*
 * Where a task begins the node, the current stack is the task's own; but its core runs in the
 * same loop as the new ones will. To take the task's stack for the loop's would mislead the
 * thread sanitizer, which would free a fiber that it believes to run.
 */
static void
enter_loop(struct cyi_core *core)
{
    cyi_sched_thread(&core->sched);
    if (cyi_self == NULL)
        return;
    core->sched.loop_stack = cyi_self->sched.loop_stack;
    core->sched.loop_stack_bytes = cyi_self->sched.loop_stack_bytes;
}

static void
put_core(struct cyi_sim *sim, const struct sim_core *core)
{
    uint32_t slot = sim->core_count++;
    sim->cores[slot] = *core;
    sim->alive += !core->done;
    core->reactor->slot = (int32_t) slot;
    sim_core_changed(sim, (int32_t) slot);
}

/* Keeps the cores that go on, but for those of one node, and in their order. */
static void
drop_cores(struct cyi_sim *sim, const struct cyi_node *node)
{
    uint32_t count = sim->core_count;
    sim->core_count = sim->alive = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_core core = sim->cores[i];
        core.reactor->slot = -1;
        if (!core.done && core.core->node != node)
            put_core(sim, &core);
    }
}

static void
add_node(struct cyi_sim *sim, struct cyi_node *node, struct sim_host *host)
{
    if (sim->node_count == sim->node_room) {
        sim->node_room = sim->node_room * 2 + 8;
        sim->nodes = realloc(sim->nodes, sim->node_room * sizeof *sim->nodes);
        CY_ASSERT(sim->nodes != NULL);
    }
    for (uint16_t i = 0; i < node->core_count; i++)
        put_core(sim, &(struct sim_core){.core = node->cores[i],
                                         .reactor = node->cores[i]->reactor});
    sim->nodes[sim->node_count++] = (struct sim_node){.node = node, .host = host};
}

int
cyi_sim_node(struct cyi_node **out, struct cyi_sim *sim, uint32_t host,
             struct cy_options *options, cy_task_fn *main, void *arg)
{
    struct cyi_node *node;
    CY_ASSERT(host < CYI_SIM_HOSTS && options->cores > 0);
    if (sim->core_count + options->cores > CYI_SIM_CORES)
        drop_cores(sim, NULL);
    CY_ASSERT(sim->core_count + options->cores <= CYI_SIM_CORES);
    int rc = cyi_node_create(&node, options, &sim->hosts[host].os);
    if (rc != 0)
        return rc;
    for (uint16_t i = 0; i < node->core_count; i++) {
        set_limits(&sim->options, node->cores[i]);
        enter_loop(node->cores[i]);
    }
    rc = cyi_node_main(node, main, arg);
    if (rc != 0) {
        cyi_node_free(&node);
        return rc;
    }
    sim->hosts[host].off = false;
    add_node(sim, node, &sim->hosts[host]);
    *out = node;
    return 0;
}

static struct sim_node *
find_node(struct cyi_sim *sim, const struct cyi_node *node)
{
    uint32_t i = 0;
    while (i < sim->node_count && sim->nodes[i].node != node)
        i++;
    CY_ASSERT(node != NULL && i < sim->node_count);
    return &sim->nodes[i];
}

/* Its cores never run again. */
static void
stop(struct cyi_sim *sim, struct sim_node *node)
{
    CY_ASSERT(cyi_self == NULL || cyi_self->node != node->node);
    CY_ASSERT(sim->options.may_crash);
    drop_cores(sim, node->node);
    node->crashed = true;
    sim->counters.crashes++;
}

/* By the kernel, which tells the other ends, or by want of power, which does not. */
static void
take_sockets(struct cyi_sim *sim, const struct cyi_node *node, bool silently)
{
    uint32_t from = 0;
    for (struct sim_socket *s; (s = cyi_sim_socket_orphan(sim, node, &from)) != NULL;) {
        if (s->datagram)
            cyi_sim_udp_close(s);
        else if (silently)
            cyi_sim_tcp_vanish(sim, s);
        else
            cyi_sim_tcp_close(sim, s);
    }
}

void
cyi_sim_crash(struct cyi_sim *sim, struct cyi_node *node)
{
    struct sim_node *found = find_node(sim, node);
    if (found->crashed)
        return;
    stop(sim, found);
    take_sockets(sim, node, false);
    cyi_sim_files_close(sim, node);
}

void
cyi_sim_power_off(struct cyi_sim *sim, uint32_t host)
{
    CY_ASSERT(host < CYI_SIM_HOSTS);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (node->crashed || node->node == NULL || node->host->index != host)
            continue;
        stop(sim, node);
        take_sockets(sim, node->node, true);
        cyi_sim_files_close(sim, node->node);
    }
    cyi_sim_disk_power_off(&sim->hosts[host]);
    sim->hosts[host].off = true;
}

static void
set_hung(struct cyi_sim *sim, const struct cyi_node *node, bool hung)
{
    for (uint32_t i = 0; i < sim->core_count; i++) {
        if (sim->cores[i].core->node == node)
            sim->cores[i].hung = hung;
        sim_core_changed(sim, (int32_t) i);
    }
}

void
cyi_sim_hang(struct cyi_sim *sim, struct cyi_node *node)
{
    set_hung(sim, node, true);
}

void
cyi_sim_continue(struct cyi_sim *sim, struct cyi_node *node)
{
    set_hung(sim, node, false);
}

bool
cyi_sim_runs(struct cyi_sim *sim, const struct cyi_node *node)
{
    for (uint32_t i = 0; i < sim->core_count; i++) {
        if (sim->cores[i].core->node == node && !sim->cores[i].done)
            return true;
    }
    return false;
}

/* As the kernel does it for a process that ends; but before, the node may say goodbye. */
void
cyi_sim_node_ended(struct cyi_node *node)
{
    if (node->net != NULL)
        node->options->network->leave(node);
    for (uint16_t i = 0; i < node->core_count; i++) {
        cyi_core_enter(node->cores[i]);
        cyi_io_fini(node->cores[i]);
    }
    cyi_core_enter(NULL);
}

bool
cyi_sim_crashed(struct cyi_sim *sim, const struct cyi_node *node)
{
    return find_node(sim, node)->crashed;
}

static uint64_t
free_node(struct sim_node *node)
{
    if (node->node == NULL)
        return 0;
    if (node->crashed)
        cyi_log_set_level(node->node->log, CY_LOG_OFF); /* it would report what it lost */
    uint64_t blocks = cyi_node_free(&node->node);
    return node->crashed ? 0 : blocks;
}

void
cyi_sim_bury(struct cyi_sim *sim, struct cyi_node **variable)
{
    struct sim_node *node = find_node(sim, *variable);
    CY_ASSERT(node->crashed);
    free_node(node);
    *variable = NULL;
}

uint64_t
cyi_sim_nodes_free(struct cyi_sim *sim)
{
    uint64_t leaked = 0;
    for (uint32_t i = 0; i < sim->node_count; i++)
        leaked += free_node(&sim->nodes[i]);
    free(sim->nodes);
    return leaked;
}
