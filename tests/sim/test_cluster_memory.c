/*
 * test_cluster_memory.c - messages between nodes that now and then have no memory.
 *
 * Then a send may be refused, or what has come is lost and counted; but nothing comes twice,
 * out of order or in pieces, who was told that a message arrived was told the truth, and
 * nobody waits for ever.
 */
#include "ledger.h"

static void
prepare(void)
{
    ledger_prepare(2, 4);
    world.sim_options.no_memory_chance = draw_scarcity() / 16;
    world.sim_options.jump_chance = 0;
    ledger()->plan.no_memory = true;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.kinds &= CYI_SIM_FAULT_RESET | CYI_SIM_FAULT_CUT | CYI_SIM_FAULT_PARTITION;
    world.swarm.every_max = 4 * CY_SECOND + draw_time(30 * CY_SECOND);
    world.swarm.lasts_max = draw_time(CY_SECOND);
}

static void
what_finds_no_memory_is_refused_or_counted(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare, ledger_main,
                                                 ledger_check};
    seeds_run(&program, 1000);
    ledger_print("memory");
}

CY_TEST_MAIN("sim.cluster_memory", CY_TEST(what_finds_no_memory_is_refused_or_counted))
