/*
 * test_cluster_tls.c - clusters with a certificate, in worlds that fail.
 *
 * It is the real TLS: its random bytes come of the seed and its dates of the simulated
 * calendar, so that a world repeats itself byte for byte.
 */
#include "ledger.h"
#include "sim_certificate.h"
#include "tls.h"

static void
give_certificates(void)
{
    for (uint32_t i = 0; i < world.nodes; i++)
        ledger()->setup[i].tls = &sim_certificate;
}

/* Is it what it is meant to be? */
static uint64_t shaken;

static int
count_handshakes(void *arg)
{
    const struct ledger_instance *self = arg;
    const struct cyi_net *net = self->node->net;
    if (cy_sleep(ledger()->plan.stop_at - cyi_sim_now(world.sim)) != 0)
        return 0;
    for (uint16_t i = 0; i < self->node->core_count; i++)
        shaken += net->cores[i].counters.tls;
    return 0;
}

/* Bytes come in pieces of any size, connections break, hosts are cut off for a moment. */
static void
prepare_short(void)
{
    static const uint32_t kinds = CYI_SIM_FAULT_PARTITION | CYI_SIM_FAULT_ONE_WAY |
                                  CYI_SIM_FAULT_RESET | CYI_SIM_FAULT_HALF_OPEN |
                                  CYI_SIM_FAULT_CUT | CYI_SIM_FAULT_SLOW;
    ledger_prepare(2, 3);
    give_certificates();
    world.sim_options.jump_chance = 0;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.kinds &= kinds;
    world.swarm.every_max = 4 * CY_SECOND + draw_time(30 * CY_SECOND);
    world.swarm.lasts_max = draw_time(CY_SECOND / 2);
    ledger()->plan.companion = count_handshakes;
    shaken = 0;
}

static void
check_none_lost(void)
{
    ledger_check();
    EXPECT_EQ(ledger()->missing, 0);
}

static void
check_short(void)
{
    check_none_lost();
    EXPECT(shaken > 0);
}

static void
nothing_is_lost_by_short_faults(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_short,
                                                 ledger_main, check_short};
    seeds_run(&program, 25);
    ledger_print("short faults");
}

/* Nodes crash and begin again, power fails, hosts are away for long. */
static void
prepare_any(void)
{
    ledger_prepare(2, 3);
    give_certificates();
    world.sim_options.may_crash = true;
    world.sim_options.loss_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 8);
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.kinds &= ~(uint32_t) CYI_SIM_FAULT_CLOCK;
    world.swarm.every_max = 8 * CY_SECOND + draw_time(60 * CY_SECOND);
    world.swarm.lasts_max = draw_time(8 * CY_SECOND);
}

static void
what_is_lost_was_counted(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_any,
                                                 ledger_main, ledger_check};
    seeds_run(&program, 25);
    ledger_print("any faults");
}

/*
 * A connection that breaks after some bytes: within each message of a handshake, and after. In
 * some worlds bytes come one by one.
 */
enum { STEP = 67, CUTS = 60 };

static int
cut(void *arg)
{
    uint32_t from = world.seed % 2 == 0 ? 0 : 1;
    const struct ledger_instance *self = arg;
    if (self->slot == 0)
        cyi_sim_cut_after(world.sim, from, 1 - from, world.seed / 2 * STEP);
    return 0;
}

static void
prepare_cut(void)
{
    ledger_prepare(2, 2);
    give_certificates();
    world.hosts = 2;
    world.sim_options = (struct cyi_sim_options){.latency_ns_max = CY_MILLISECOND,
                                                 .segment_max = one_in(8) ? 1 : 1000};
    for (uint32_t i = 0; i < 2; i++) {
        world.options[i].cores = 1;
        ledger()->setup[i].password_count = world.seed / 2 % 2 == 0;
    }
    struct ledger_plan *plan = &ledger()->plan;
    plan->buffer_bytes = 0;
    plan->parties = 1;
    plan->messages = 20;
    plan->burst_max = 10;
    plan->size_max = 300;
    plan->pause_max = 10 * CY_MILLISECOND;
    plan->stop_at = CY_SECOND;
    plan->end_at = 4 * CY_SECOND;
    plan->companion = cut;
}

static void
a_cut_within_the_handshake_loses_nothing(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_cut,
                                                 ledger_main, check_none_lost};
    seeds_run(&program, CUTS);
    ledger_print("cuts");
}

CY_TEST_MAIN("sim.cluster_tls", CY_TEST(nothing_is_lost_by_short_faults),
             CY_TEST(what_is_lost_was_counted),
             CY_TEST(a_cut_within_the_handshake_loses_nothing))
