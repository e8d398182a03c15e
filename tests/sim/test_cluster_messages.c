/* test_cluster_messages.c - messages in a cluster where connections and hosts fail. */
#include "ledger.h"

static const uint32_t OF_THE_NETWORK =
    CYI_SIM_FAULT_PARTITION | CYI_SIM_FAULT_ONE_WAY | CYI_SIM_FAULT_RESET |
    CYI_SIM_FAULT_HALF_OPEN | CYI_SIM_FAULT_CUT | CYI_SIM_FAULT_SLOW | CYI_SIM_FAULT_CLOCK;

/* No fault lasts long enough for a node to be declared dead: then nothing may be lost. */
static void
prepare_short(void)
{
    ledger_prepare(2, 4);
    world.sim_options.jump_chance = 0;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.kinds &= OF_THE_NETWORK;
    world.swarm.every_max = 4 * CY_SECOND + draw_time(30 * CY_SECOND);
    world.swarm.lasts_max = draw_time(CY_SECOND / 2);
}

static void
prepare_any(void)
{
    ledger_prepare(2, 5);
    world.sim_options.may_crash = true;
    world.sim_options.loss_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 8);
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.every_max = 8 * CY_SECOND + draw_time(60 * CY_SECOND);
    world.swarm.lasts_max = draw_time(8 * CY_SECOND);
}

static void
nothing_is_lost_by_short_faults(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_short,
                                                 ledger_main, ledger_check};
    seeds_run(&program, 1000);
    ledger_print("short faults");
}

static void
what_is_lost_was_counted(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_any,
                                                 ledger_main, ledger_check};
    seeds_run(&program, 1000);
    ledger_print("any faults");
}

CY_TEST_MAIN("sim.cluster_messages", CY_TEST(nothing_is_lost_by_short_faults),
             CY_TEST(what_is_lost_was_counted))
