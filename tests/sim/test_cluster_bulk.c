/*
 * test_cluster_bulk.c - more than windows, queues and mailboxes hold, in both directions.
 *
 * Senders are told to stop and go on; nothing gets lost and nobody waits for ever.
 */
#include "ledger.h"

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    ledger_prepare(2, 3);
    o->jump_chance = 0;
    if (o->segment_max < 16384)
        o->segment_max = 0;
    if (o->latency_ns_max > CY_MILLISECOND)
        o->latency_ns_max = CY_MILLISECOND;
    struct ledger_plan *plan = &ledger()->plan;
    plan->buffer_bytes = UINT32_C(16384) << draw(3);
    plan->messages = draw_between(50, 400);
    plan->burst_max = 200;
    plan->size_max = one_in(20) ? 3 << 20 : 200 << 10;
    plan->bytes = 8 << 20;
    plan->pause_max = draw_between(1, 100) * CY_MILLISECOND;
    plan->stop_at = 4 * CY_SECOND;
    plan->end_at = 20 * CY_SECOND;
    for (uint32_t i = 0; i < world.nodes; i++) {
        ledger()->setup[i].limits.window_bytes = UINT32_C(70000) << draw(4);
        ledger()->setup[i].limits.queue_bytes = UINT64_C(70000) << draw(8);
    }
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.kinds &= CYI_SIM_FAULT_RESET | CYI_SIM_FAULT_CUT | CYI_SIM_FAULT_HALF_OPEN;
    world.swarm.every_max = 10 * CY_SECOND + draw_time(60 * CY_SECOND);
}

static void
check(void)
{
    ledger_check();
    EXPECT_EQ(ledger()->missing, 0);
}

static void
nothing_is_lost_at_the_limits(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare, ledger_main,
                                                 check};
    seeds_run(&program, 1000);
    ledger_print("bulk");
}

CY_TEST_MAIN("sim.cluster_bulk", CY_TEST(nothing_is_lost_at_the_limits))
