/*
 * sim_swarm.c - faults by chance, one after the other, each healed after a while.
 *
 * Tests: tests/runtime/test_sim_swarm.c
 */
#include "sim.h"
#include <stdlib.h>

enum { CUT_BYTES = 65536, BUFFER_BYTES = 4096 };
#define CLOCK_JUMP CY_HOUR

/*
 * What was done and must be undone. A node is named by its place in the world's list: when one
 * was buried, another may have its address, and whether it has is not for the seed to say.
 */
struct sim_fault {
    struct sim_fault *next;
    uint32_t kind, node;
    uint64_t some, others;
};

static uint64_t
draw_some(struct cyi_sim *sim)
{
    uint64_t some;
    do
        some = sim_draw(&sim->faults) & sim->swarm.hosts;
    while (some == 0);
    return some;
}

static uint32_t
draw_host(struct cyi_sim *sim)
{
    for (;;) {
        uint32_t host = (uint32_t) sim_below(&sim->faults, CYI_SIM_HOSTS);
        if (sim->swarm.hosts & CYI_SIM_ONLY(host))
            return host;
    }
}

static uint64_t
draw_one_or_some(struct cyi_sim *sim)
{
    return sim_below(&sim->faults, 2) == 0 ? CYI_SIM_ONLY(draw_host(sim)) : draw_some(sim);
}

static bool
may_fail(struct cyi_sim *sim, const struct sim_node *node)
{
    return node->node != NULL && !node->crashed &&
           (sim->swarm.hosts & CYI_SIM_ONLY(node->host->index)) != 0 &&
           cyi_sim_runs(sim, node->node);
}

/* False: none runs. */
static bool
draw_node(struct cyi_sim *sim, uint32_t *out)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (may_fail(sim, &sim->nodes[i]) && sim_below(&sim->faults, ++seen) == 0)
            *out = i;
    }
    return seen != 0;
}

/* NULL when it was buried. */
static struct cyi_node *
victim_of(const struct cyi_sim *sim, const struct sim_fault *fault)
{
    return sim->nodes[fault->node].node;
}

static void
tell_crash(struct cyi_sim *sim, struct cyi_node *node)
{
    if (sim->swarm.crashed != NULL)
        sim->swarm.crashed(sim, node, sim->swarm.arg);
}

/* A host may have several nodes: each is told of, and restarted. */
static void
power_off(struct cyi_sim *sim, uint32_t host, const struct sim_fault *fault)
{
    for (uint32_t i = 0, count = sim->node_count; i < count; i++) {
        if (sim->nodes[i].host->index != host || !may_fail(sim, &sim->nodes[i]))
            continue;
        sim->nodes[i].fault = fault;
        tell_crash(sim, sim->nodes[i].node);
    }
    cyi_sim_power_off(sim, host);
}

static void
restart(struct cyi_sim *sim, struct cyi_node *node)
{
    if (node != NULL && sim->swarm.restart != NULL)
        sim->swarm.restart(sim, node, sim->swarm.arg);
}

static void
power_on(struct cyi_sim *sim, const struct sim_fault *fault)
{
    for (uint32_t i = 0, count = sim->node_count; i < count; i++) {
        if (sim->nodes[i].fault == fault)
            restart(sim, sim->nodes[i].node);
    }
}

static uint32_t
draw_kind(struct cyi_sim *sim)
{
    for (;;) {
        uint32_t kind = UINT32_C(1) << sim_below(&sim->faults, CYI_SIM_FAULT_KINDS);
        if (sim->swarm.kinds & kind)
            return kind;
    }
}

static void
draw_fault(struct cyi_sim *sim, struct sim_fault *fault)
{
    fault->kind = draw_kind(sim);
    fault->some = draw_one_or_some(sim);
    fault->others = sim->swarm.hosts & ~fault->some;
    if ((fault->kind & (CYI_SIM_FAULT_HANG | CYI_SIM_FAULT_CRASH | CYI_SIM_FAULT_POWER)) != 0 &&
        !draw_node(sim, &fault->node))
        fault->kind = 0;
}

/* One draw after the other: the order of arguments is the compiler's choice. */
static void
cut(struct cyi_sim *sim)
{
    uint32_t from = draw_host(sim);
    uint32_t to = draw_host(sim);
    int64_t bytes = sim_magnitude(&sim->faults, CUT_BYTES);
    cyi_sim_cut_after(sim, from, to, (uint64_t) bytes);
}

static void
jump(struct cyi_sim *sim)
{
    uint32_t host = draw_host(sim);
    cy_time ahead = (cy_time) sim_below(&sim->faults, 2 * CLOCK_JUMP) - CLOCK_JUMP;
    cyi_sim_clock_jump(sim, host, ahead);
}

static void
begin_network_fault(struct cyi_sim *sim, const struct sim_fault *fault)
{
    switch (fault->kind) {
    case CYI_SIM_FAULT_PARTITION:
        cyi_sim_partition(sim, fault->some, fault->others);
        break;
    case CYI_SIM_FAULT_ONE_WAY:
        cyi_sim_block(sim, fault->some, fault->others);
        break;
    case CYI_SIM_FAULT_RESET:
        cyi_sim_reset(sim, fault->some, CYI_SIM_ALL);
        break;
    case CYI_SIM_FAULT_HALF_OPEN:
        cyi_sim_half_open(sim, fault->some, CYI_SIM_ALL);
        break;
    case CYI_SIM_FAULT_CUT:
        cut(sim);
        break;
    case CYI_SIM_FAULT_SLOW:
        cyi_sim_buffer(sim, fault->some, (uint32_t) sim_magnitude(&sim->faults, BUFFER_BYTES));
        break;
    default:
        jump(sim);
    }
}

static void
begin_fault(struct cyi_sim *sim, const struct sim_fault *fault)
{
    switch (fault->kind) {
    case 0:
        break;
    case CYI_SIM_FAULT_HANG:
        cyi_sim_hang(sim, victim_of(sim, fault));
        break;
    case CYI_SIM_FAULT_CRASH:
        tell_crash(sim, victim_of(sim, fault));
        cyi_sim_crash(sim, victim_of(sim, fault));
        break;
    case CYI_SIM_FAULT_POWER:
        power_off(sim, sim->nodes[fault->node].host->index, fault);
        break;
    default:
        begin_network_fault(sim, fault);
    }
}

static void
end_fault(struct cyi_sim *sim, void *arg)
{
    const struct sim_fault *fault = arg;
    switch (fault->kind) {
    case CYI_SIM_FAULT_PARTITION:
        cyi_sim_unblock(sim, fault->others, fault->some);
        cyi_sim_unblock(sim, fault->some, fault->others);
        break;
    case CYI_SIM_FAULT_ONE_WAY:
        cyi_sim_unblock(sim, fault->some, fault->others);
        break;
    case CYI_SIM_FAULT_HANG:
        cyi_sim_continue(sim, victim_of(sim, fault));
        break;
    case CYI_SIM_FAULT_CRASH:
        restart(sim, victim_of(sim, fault));
        break;
    case CYI_SIM_FAULT_POWER:
        power_on(sim, fault);
        break;
    case CYI_SIM_FAULT_SLOW:
        cyi_sim_buffer(sim, fault->some, 0);
        break;
    default:
        break;
    }
}

static void
end_swarm(struct cyi_sim *sim)
{
    cyi_sim_heal(sim);
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        for (uint32_t j = 0; j < CYI_SIM_HOSTS; j++)
            cyi_sim_cut_after(sim, i, j, CYI_SIM_NEVER);
    }
}

static void
next_fault(struct cyi_sim *sim, void *arg)
{
    const struct cyi_sim_swarm *swarm = &sim->swarm;
    cy_time now = cyi_sim_now(sim);
    (void) arg;
    if (now >= swarm->end) {
        end_swarm(sim);
        return;
    }
    struct sim_fault *fault = cyi_sim_memory(sizeof *fault);
    fault->next = sim->fault;
    sim->fault = fault;
    draw_fault(sim, fault);
    begin_fault(sim, fault);
    sim->counters.faults += fault->kind != 0;
    cy_time until = now + sim_magnitude(&sim->faults, swarm->lasts_max);
    cyi_sim_at(sim, until < swarm->end ? until : swarm->end, end_fault, fault);
    cy_time next = now + sim_magnitude(&sim->faults, swarm->every_max);
    cyi_sim_at(sim, next < swarm->end ? next : swarm->end, next_fault, NULL);
}

void
cyi_sim_swarm(struct cyi_sim *sim, const struct cyi_sim_swarm *swarm)
{
    CY_ASSERT(swarm->hosts != 0 && swarm->every_max > 0 && swarm->lasts_max > 0);
    CY_ASSERT(swarm->kinds < 1 << CYI_SIM_FAULT_KINDS);
    sim->swarm = *swarm;
    if (swarm->kinds != 0)
        cyi_sim_at(sim, swarm->begin, next_fault, NULL);
}

void
cyi_sim_swarm_draw(struct cyi_sim_swarm *out, uint64_t seed)
{
    struct sim_random random = {seed * UINT64_C(0x2545f4914f6cdd1d)};
    out->kinds = (uint32_t) sim_draw(&random);
    out->kinds &= (uint32_t) sim_draw(&random);
    out->kinds &= (1 << CYI_SIM_FAULT_KINDS) - 1;
    out->every_max = sim_magnitude(&random, 30 * CY_SECOND);
    out->lasts_max = sim_magnitude(&random, 30 * CY_SECOND);
    /* More often would only cost time and descriptors: who begins again must get somewhere. */
    if (out->every_max < CY_SECOND)
        out->every_max = CY_SECOND;
}

void
cyi_sim_swarm_free(struct cyi_sim *sim)
{
    struct sim_fault *next;
    for (struct sim_fault *fault = sim->fault; fault != NULL; fault = next) {
        next = fault->next;
        free(fault);
    }
}
