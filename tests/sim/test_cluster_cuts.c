/*
 * test_cluster_cuts.c - a connection that breaks after exactly n bytes, for each n.
 *
 * The seed says how many bytes: so the cut comes within each field of the handshake, of the
 * intros, of frames and of their headers, in either direction, with and without a secret.
 */
#include "ledger.h"

enum { VARIANTS = 4 };

static uint64_t
bytes_before_the_cut(void)
{
    return world.seed / VARIANTS;
}

static int
cut(void *arg)
{
    uint32_t from = world.seed % 2 == 0 ? 0 : 1;
    const struct ledger_instance *self = arg;
    if (self->slot == 0)
        cyi_sim_cut_after(world.sim, from, 1 - from, bytes_before_the_cut());
    return 0;
}

static void
prepare(void)
{
    ledger_prepare(2, 2);
    world.hosts = 2;
    world.sim_options =
        (struct cyi_sim_options){.latency_ns_max = CY_MILLISECOND, .segment_max = 1000};
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
check(void)
{
    ledger_check();
    EXPECT_EQ(ledger()->missing, 0);
    EXPECT(!ledger_parted(&ledger()->instances[0], &ledger()->instances[1]));
}

static void
a_cut_after_any_number_of_bytes_loses_nothing(void)
{
    static const struct seeds_program program = {sizeof(struct ledger), prepare, ledger_main,
                                                 check};
    seeds_run(&program, 1500 * VARIANTS);
    ledger_print("cuts");
}

CY_TEST_MAIN("sim.cluster_cuts", CY_TEST(a_cut_after_any_number_of_bytes_loses_nothing))
