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

/* A partition, one way or both, or a hang: about as long as a node may be silent, or longer. */
static int
fail_for_long(void *arg)
{
    struct ledger_instance *self = arg, *other;
    uint64_t some = CYI_SIM_ONLY(draw(world.hosts)), others = CYI_SIM_ONLY(draw(world.hosts));
    if (self->slot != 0)
        return 0;
    cy_sleep(draw_time(4 * CY_SECOND));
    other = &ledger()->instances[draw(ledger()->instance_count)];
    bool hang = one_in(3) && other != self && other->node != NULL;
    if (hang)
        cyi_sim_hang(world.sim, other->node);
    else
        cyi_sim_block(world.sim, some, others);
    if (!hang && one_in(2))
        cyi_sim_block(world.sim, others, some);
    cy_sleep(CY_SECOND + draw(10000) * CY_MILLISECOND);
    cyi_sim_unblock(world.sim, some | others, some | others);
    if (hang && other->node != NULL)
        cyi_sim_continue(world.sim, other->node);
    return 0;
}

static void
prepare_long(void)
{
    prepare_any();
    world.swarm.kinds &= one_in(2) ? 0 : OF_THE_NETWORK;
    ledger()->plan.companion = fail_for_long;
    ledger()->plan.messages *= 2;
    ledger()->plan.pause_max = CY_SECOND / 2 + draw_time(4 * CY_SECOND);
    ledger()->plan.stop_at = 14 * CY_SECOND;
    ledger()->plan.end_at = 45 * CY_SECOND;
    world.swarm.end = ledger()->plan.stop_at;
}

static void
what_is_lost_with_a_session_was_counted(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_long,
                                                 ledger_main, ledger_check};
    seeds_run(&program, 400);
    ledger_print("long faults");
}

static void
check_short(void)
{
    ledger_check();
    EXPECT_EQ(ledger()->missing, 0);
}

static void
nothing_is_lost_by_short_faults(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_short,
                                                 ledger_main, check_short};
    seeds_run(&program, 400);
    ledger_print("short faults");
}

static void
what_is_lost_was_counted(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare_any,
                                                 ledger_main, ledger_check};
    seeds_run(&program, 400);
    ledger_print("any faults");
}

CY_TEST_MAIN("sim.cluster_messages", CY_TEST(nothing_is_lost_by_short_faults),
             CY_TEST(what_is_lost_was_counted),
             CY_TEST(what_is_lost_with_a_session_was_counted))
