/*
 * sim.c - the simulated world: its clock and whose turn it is.
 *
 * A core that waits in its reactor has only noted until when. It is chosen again when somebody
 * wakes it, an event is there, or its time has come. Everything else is chosen by the seed, so
 * cores overtake each other as threads do; pauses make that extreme.
 *
 * Six streams of numbers come from the seed (schedule, world, clocks, faults, the program's and
 * bytes for it), so that a change of the one disturbs the others as little as possible.
 */
#include "sanitizer.h"
#include "sim_disk.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/rcu.h>
#include <cycos/impl/time.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS_MAX = 10 * 1000 * 1000, FAIL_AFTER = 8 };

/* Out of CYI_SIM_CERTAIN, mostly off; when on, rare or not so rare. */
static uint32_t
draw_chance(struct sim_random *random, uint32_t max)
{
    return sim_below(random, 2) == 0 ? 0 : 1 + (uint32_t) sim_below(random, max);
}

void
cyi_sim_options_draw(struct cyi_sim_options *out, uint64_t seed)
{
    struct sim_random random = {seed * UINT64_C(0x5851f42d4c957f2d)};
    struct sim_random *r = &random;
    /* One after the other: the order of initialisers is the compiler's choice. */
    memset(out, 0, sizeof *out);
    out->turn_ns_max = sim_magnitude(r, 100 * CY_MICROSECOND);
    out->pause_chance = draw_chance(r, CYI_SIM_CERTAIN / 50);
    out->pause_ns_max = sim_magnitude(r, 20 * CY_MILLISECOND);
    out->jump_chance = draw_chance(r, CYI_SIM_CERTAIN / 1000);
    out->jump_ns_max = sim_magnitude(r, CY_SECOND);
    out->spurious_chance = draw_chance(r, CYI_SIM_CERTAIN / 50);
    out->ring_size = sim_below(r, 2) == 0 ? 0 : UINT32_C(1) << (3 + sim_below(r, 5));
    out->turn_switches = sim_below(r, 2) == 0 ? 0 : (uint32_t) sim_magnitude(r, 256);
    out->front_streak = sim_below(r, 2) == 0 ? 0 : (uint32_t) sim_magnitude(r, 64);
    out->latency_ns_max = sim_magnitude(r, 50 * CY_MILLISECOND);
    out->buffer_max = (uint32_t) sim_magnitude(r, 65536);
    out->segment_max = (uint32_t) sim_magnitude(r, 65536);
    out->clock_error_max = sim_below(r, 2) == 0 ? 0 : sim_magnitude(r, CY_HOUR);
    out->drift_max = sim_below(r, 2) == 0 ? 0 : (uint32_t) sim_magnitude(r, 200);
}

int
cyi_sim_create(struct cyi_sim **out, uint64_t seed, const struct cyi_sim_options *options)
{
    struct cyi_sim *sim = cyi_sim_memory(sizeof *sim);
    struct sim_random random = {seed};
    if (options != NULL)
        sim->options = *options;
    else
        cyi_sim_options_draw(&sim->options, seed);
    if (sim->options.turn_ns_max == 0)
        sim->options.turn_ns_max = 10 * CY_MICROSECOND;
    if (sim->options.turns_max == 0)
        sim->options.turns_max = TURNS_MAX;
    sim->schedule.state = sim_draw(&random);
    sim->world.state = sim_draw(&random);
    sim->program.state = sim_draw(&random);
    sim->bytes.state = sim_draw(&random);
    sim->now = CYI_SIM_START;
    cyi_list_init(&sim->links);
    sim->clocks.state = sim_draw(&random);
    sim->faults.state = sim_draw(&random);
    sim->flow_salt = sim_draw(&random);
    sim->disks.state = sim_draw(&random);
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++)
        cyi_sim_host_init(&sim->hosts[i], sim, i);
    cyi_rcu_register();
    *out = sim;
    return 0;
}

uint64_t
cyi_sim_free(struct cyi_sim **variable)
{
    struct cyi_sim *sim = *variable;
    if (sim == NULL)
        return 0;
    uint64_t leaked = cyi_sim_nodes_free(sim);
    cyi_sim_events_drop(sim);
    cyi_sim_swarm_free(sim);
    cyi_sim_disks_free(sim);
    cyi_rcu_unregister();
    free(sim->events);
    free(sim->sockets);
    free(sim);
    *variable = NULL;
    return leaked;
}

static void
mix(struct cyi_sim *sim, uint64_t what)
{
    uint64_t h = (sim->hash ^ what) * UINT64_C(0x9e3779b97f4a7c15);
    sim->hash = h ^ h >> 29;
}

/* What a turn has done shows in the counters; nothing of it depends on addresses. */
static void
mix_turn(struct cyi_sim *sim, uint32_t which)
{
    const struct cyi_core *core = sim->cores[which].core;
    const struct cy_core_counters *c = &core->counters;
    mix(sim, which ^ (uint64_t) sim->now << 8);
    mix(sim, c->switches ^ c->timers_fired << 32);
    mix(sim, c->sent_here ^ c->sent_across << 32);
    mix(sim, c->received_across ^ c->refused << 32);
    mix(sim, c->spawned ^ c->ended << 32);
    mix(sim, c->lost ^ c->sleeps << 32);
    mix(sim, c->wakeups_sent ^ c->io_events << 32);
    mix(sim, core->heap.taken ^ core->heap.given << 32);
}

/* The cores that can do something now; if none can, *next is when the first one can. */
static uint32_t
find_runnable(const struct cyi_sim *sim, uint32_t *out, cy_time *next)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sim->core_count; i++) {
        out[n] = i;
        n += sim->due[i] <= sim->now;
        *next = sim->due[i] < *next ? sim->due[i] : *next;
    }
    return n;
}

static void
wake_for_nothing(struct cyi_sim *sim)
{
    uint32_t which = (uint32_t) sim_below(&sim->schedule, sim->core_count);
    sim->cores[which].reactor->woken = true;
    sim_core_changed(sim, (int32_t) which);
}

static void
disturb(struct cyi_sim *sim, struct sim_core *core)
{
    const struct cyi_sim_options *o = &sim->options;
    struct sim_random *r = &sim->schedule;
    if (sim_chance(r, o->pause_chance)) {
        core->paused_until = sim->now + (cy_time) sim_below(r, (uint64_t) o->pause_ns_max + 1);
        sim->counters.pauses++;
    }
    if (sim_chance(r, o->jump_chance)) {
        sim->now += (cy_time) sim_below(r, (uint64_t) o->jump_ns_max + 1);
        sim->counters.jumps++;
    }
    if (sim_chance(r, o->spurious_chance))
        wake_for_nothing(sim);
}

static void
turn(struct cyi_sim *sim, uint32_t which)
{
    struct cyi_core *core = sim->cores[which].core;
    struct cyi_heap *heap = &core->heap;
    core->reactor->asleep = false;
    if (sim_chance(&sim->schedule, sim->options.no_memory_chance))
        heap->fail_at = heap->taken + sim_below(&sim->schedule, FAIL_AFTER);
    if (sim->options.may_crash)
        CYI_LEAKS_ALLOW();
    cyi_core_enter(core);
    cyi_core_turn(core);
    cyi_core_enter(NULL);
    if (sim->options.may_crash)
        CYI_LEAKS_FORBID();
    heap->fail_at = UINT64_MAX;
    sim->counters.turns++;
    which = (uint32_t) core->reactor->slot; /* moved when it has crashed others */
    sim->cores[which].done = cyi_core_done(core);
    sim->alive -= sim->cores[which].done;
    if (sim->cores[which].done && !cyi_sim_runs(sim, core->node))
        cyi_sim_node_ended(core->node);
    mix_turn(sim, which);
    sim->now += 1 + (cy_time) sim_below(&sim->schedule, (uint64_t) sim->options.turn_ns_max);
    disturb(sim, &sim->cores[which]);
    sim_core_changed(sim, (int32_t) which);
}

int
cyi_sim_run(struct cyi_sim *sim, cy_time until)
{
    uint32_t runnable[CYI_SIM_CORES + 1];
    cy_time end = cyi_time_add(CYI_SIM_START, until);
    while (sim->counters.turns < sim->options.turns_max) {
        if (sim->now >= end)
            return -ETIMEDOUT;
        cyi_sim_events_run(sim);
        cy_time next = cyi_sim_event_next(sim);
        uint32_t n = find_runnable(sim, runnable, &next);
        if (sim->alive == 0 && sim->commands == 0)
            return 0;
        if (n != 0)
            turn(sim, runnable[sim_below(&sim->schedule, n)]);
        else if (next == CY_FOREVER)
            return -EDEADLK;
        else
            sim->now = next < end ? next : end;
    }
    return -ELOOP;
}

cy_time
cyi_sim_now(const struct cyi_sim *sim)
{
    return sim->now - CYI_SIM_START;
}

uint64_t
cyi_sim_random(struct cyi_sim *sim)
{
    return sim_draw(&sim->program);
}

uint64_t
cyi_sim_below(struct cyi_sim *sim, uint64_t bound)
{
    return sim_below(&sim->program, bound);
}

bool
cyi_sim_chance(struct cyi_sim *sim, uint32_t chance)
{
    return sim_chance(&sim->program, chance);
}

void
cyi_sim_note(struct cyi_sim *sim, uint64_t what)
{
    mix(sim, what);
}

uint64_t
cyi_sim_hash(const struct cyi_sim *sim)
{
    return sim->hash;
}

void
cyi_sim_count(const struct cyi_sim *sim, struct cyi_sim_counters *out)
{
    *out = sim->counters;
    for (uint32_t i = 0; i < sim->socket_room; i++)
        out->sockets += sim->sockets[i] != NULL && sim->sockets[i] != &sim->crashed;
}
