/*
 * sim_node.c - nodes in the simulated world: they begin, hang, and crash.
 *
 * A node that has crashed keeps its memory until the world ends, so that the program may still
 * look at it; what its tasks had in their hands is lost with it.
 *
 * Tests: tests/runtime/test_sim_node.c
 */
#include "sim.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/log.h>
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

/* The cores of nodes that have ended make room. */
static void
drop_done(struct cyi_sim *sim)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sim->core_count; i++) {
        if (!cyi_core_done(sim->cores[i].core))
            sim->cores[kept++] = sim->cores[i];
    }
    sim->core_count = kept;
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
        sim->cores[sim->core_count++] = (struct sim_core){.core = node->cores[i]};
    sim->nodes[sim->node_count++] = (struct sim_node){.node = node, .host = host};
}

int
cyi_sim_node(struct cyi_node **out, struct cyi_sim *sim, uint32_t host,
             struct cy_options *options, cy_task_fn *main, void *arg)
{
    struct cyi_node *node;
    CY_ASSERT(host < CYI_SIM_HOSTS && options->cores > 0);
    if (sim->core_count + options->cores > CYI_SIM_CORES)
        drop_done(sim);
    CY_ASSERT(sim->core_count + options->cores <= CYI_SIM_CORES);
    int rc = cyi_node_create(&node, options, &sim->hosts[host].os);
    if (rc != 0)
        return rc;
    for (uint16_t i = 0; i < node->core_count; i++) {
        set_limits(&sim->options, node->cores[i]);
        cyi_sched_thread(&node->cores[i]->sched);
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
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i].node == node)
            return &sim->nodes[i];
    }
    CY_ASSERT(!"a node of this world");
    return NULL;
}

/* Its cores never run again. */
static void
stop(struct cyi_sim *sim, struct sim_node *node)
{
    uint32_t kept = 0;
    CY_ASSERT(cyi_self == NULL || cyi_self->node != node->node);
    CY_ASSERT(sim->options.may_crash);
    for (uint32_t i = 0; i < sim->core_count; i++) {
        if (sim->cores[i].core->node != node->node)
            sim->cores[kept++] = sim->cores[i];
    }
    sim->core_count = kept;
    node->crashed = true;
    sim->counters.crashes++;
}

void
cyi_sim_crash(struct cyi_sim *sim, struct cyi_node *node)
{
    struct sim_node *found = find_node(sim, node);
    if (found->crashed)
        return;
    stop(sim, found);
    for (struct sim_socket *s; (s = cyi_sim_socket_orphan(sim, node)) != NULL;) {
        if (s->datagram)
            cyi_sim_udp_close(s);
        else
            cyi_sim_tcp_close(sim, s);
    }
}

void
cyi_sim_power_off(struct cyi_sim *sim, uint32_t host)
{
    CY_ASSERT(host < CYI_SIM_HOSTS);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (node->crashed || node->host->index != host)
            continue;
        stop(sim, node);
        for (struct sim_socket *s; (s = cyi_sim_socket_orphan(sim, node->node)) != NULL;) {
            if (s->datagram)
                cyi_sim_udp_close(s);
            else
                cyi_sim_tcp_vanish(sim, s);
        }
    }
    sim->hosts[host].off = true;
}

static void
set_hung(struct cyi_sim *sim, const struct cyi_node *node, bool hung)
{
    for (uint32_t i = 0; i < sim->core_count; i++) {
        if (sim->cores[i].core->node == node)
            sim->cores[i].hung = hung;
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
        if (sim->cores[i].core->node == node && !cyi_core_done(sim->cores[i].core))
            return true;
    }
    return false;
}

uint64_t
cyi_sim_nodes_free(struct cyi_sim *sim)
{
    uint64_t leaked = 0;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (node->crashed)
            cyi_log_set_level(node->node->log, CY_LOG_OFF);
        uint64_t blocks = cyi_node_free(&node->node);
        if (!node->crashed)
            leaked += blocks;
    }
    free(sim->nodes);
    return leaked;
}
