#include "simulated.h"

#include <cycos/run.h>
#include <cycos/task.h>

enum { NODES = 4 };

static struct {
    struct cy_options options;
    struct cyi_node *node;
    uint32_t crashed, restarted;
    bool stop;
} seen;

static int
idle_until_told(void *arg)
{
    (void) arg;
    while (!seen.stop)
        (void) !cy_sleep(10 * CY_MILLISECOND);
    return 0;
}

static void
start(uint32_t host)
{
    CY_OK(cyi_sim_node(&seen.node, sim, host, &seen.options, idle_until_told, NULL));
}

static void
note_crash(struct cyi_sim *world, struct cyi_node *node, void *arg)
{
    CU_ASSERT_TRUE(world == sim && arg == &seen && cyi_sim_runs(sim, node));
    seen.crashed++;
}

static void
start_again(struct cyi_sim *world, struct cyi_node *node, void *arg)
{
    uint32_t host = 0;
    CU_ASSERT_TRUE(world == sim && arg == &seen && !cyi_sim_runs(sim, node));
    while (&sim->hosts[host].os != node->os)
        host++;
    seen.restarted++;
    cyi_sim_bury(world, &node);
    start(host);
}

static void
open_cluster(uint32_t kinds)
{
    static const struct cyi_sim_options crashing = {.may_crash = true};
    const struct cyi_sim_swarm swarm = {
        .kinds = kinds,
        .hosts = CYI_SIM_ONLY(NODES) - 1,
        .begin = CY_SECOND,
        .end = CY_MINUTE,
        .every_max = CY_SECOND,
        .lasts_max = CY_SECOND,
        .crashed = note_crash,
        .restart = start_again,
        .arg = &seen,
    };
    memset(&seen, 0, sizeof seen);
    cy_options_init(&seen.options);
    seen.options.cores = 1;
    seen.options.log_level = CY_LOG_ERROR;
    open_world(&crashing);
    for (uint32_t i = 0; i < NODES; i++)
        start(i);
    cyi_sim_swarm(sim, &swarm);
}

static bool
something_is_broken(void)
{
    bool broken = false;
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++)
        broken |= sim->blocked[i] != 0 || sim->hosts[i].off || sim->hosts[i].buffer != 0 ||
                  sim->hosts[i].realtime != 0;
    for (uint32_t i = 0; i < sim->core_count; i++)
        broken |= sim->cores[i].hung;
    for (uint32_t i = 0; i < NODES * NODES; i++)
        broken |= sim->cut_after[i / NODES][i % NODES] != 0;
    return broken || sim->core_count < NODES;
}

/* All that begins is over in the end; clocks stay as somebody has set them. */
static void
end_cluster(void)
{
    CY_FAILS(cyi_sim_run(sim, CY_MINUTE + 1), -ETIMEDOUT);
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++)
        sim->hosts[i].realtime = 0;
    CU_ASSERT_FALSE(something_is_broken());
    CU_ASSERT_EQUAL(seen.crashed, seen.restarted);
    seen.stop = true;
    CY_OK(cyi_sim_run(sim, CY_HOUR));
    close_world();
    cy_options_fini(&seen.options);
}

static void
each_kind_of_fault_comes_and_goes(void)
{
    for (uint32_t kind = 0; kind < CYI_SIM_FAULT_KINDS; kind++) {
        const uint32_t fleeting = CYI_SIM_FAULT_RESET | CYI_SIM_FAULT_HALF_OPEN;
        int broken = 0;
        open_cluster(UINT32_C(1) << kind);
        CY_FAILS(cyi_sim_run(sim, CY_SECOND - CY_MILLISECOND), -ETIMEDOUT);
        CU_ASSERT_FALSE(something_is_broken());
        for (int i = 1; i < 590; i++) {
            CY_FAILS(cyi_sim_run(sim, CY_SECOND + i * (100 * CY_MILLISECOND)), -ETIMEDOUT);
            broken += something_is_broken();
        }
        CU_ASSERT_TRUE(sim->counters.faults > 20);
        CU_ASSERT_EQUAL(broken != 0, (fleeting >> kind & 1) == 0);
        bool crashes = (1 << kind & (CYI_SIM_FAULT_CRASH | CYI_SIM_FAULT_POWER)) != 0;
        CU_ASSERT_EQUAL(seen.crashed != 0, crashes);
        end_cluster();
    }
}

static void
all_kinds_come_together(void)
{
    open_cluster((1 << CYI_SIM_FAULT_KINDS) - 1);
    end_cluster();
}

static uint64_t
hash_of_all_kinds(void)
{
    open_cluster((1 << CYI_SIM_FAULT_KINDS) - 1);
    CY_FAILS(cyi_sim_run(sim, CY_MINUTE), -ETIMEDOUT);
    uint64_t hash = cyi_sim_hash(sim);
    end_cluster();
    return hash;
}

/* Nodes that were buried lend their addresses to others, and that changes nothing. */
static void
the_same_seed_brings_the_same_faults(void)
{
    uint64_t hash = hash_of_all_kinds();
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(hash_of_all_kinds(), hash);
}

static void
no_kind_is_no_fault(void)
{
    open_cluster(0);
    CY_FAILS(cyi_sim_run(sim, 50 * CY_SECOND), -ETIMEDOUT);
    CU_ASSERT_EQUAL(sim->counters.faults, 0);
    end_cluster();
}

static void
a_swarm_that_is_not_over_leaves_nothing(void)
{
    open_cluster(CYI_SIM_FAULT_PARTITION | CYI_SIM_FAULT_HANG);
    CY_FAILS(cyi_sim_run(sim, 30 * CY_SECOND), -ETIMEDOUT);
    close_world();
    cy_options_fini(&seen.options);
}

static void
each_seed_draws_another_swarm(void)
{
    uint32_t all = 0, none = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct cyi_sim_swarm swarm = {.begin = 7}, again = {.begin = 7};
        cyi_sim_swarm_draw(&swarm, seed);
        cyi_sim_swarm_draw(&again, seed);
        CU_ASSERT_EQUAL(swarm.kinds, again.kinds);
        CU_ASSERT_EQUAL(swarm.every_max, again.every_max);
        CU_ASSERT_EQUAL(swarm.lasts_max, again.lasts_max);
        CU_ASSERT_TRUE(swarm.begin == 7 && swarm.every_max > 0 && swarm.lasts_max > 0);
        CU_ASSERT_TRUE(swarm.kinds < 1 << CYI_SIM_FAULT_KINDS);
        all |= swarm.kinds;
        none += swarm.kinds == 0;
    }
    CU_ASSERT_EQUAL(all, (1 << CYI_SIM_FAULT_KINDS) - 1);
    CU_ASSERT_TRUE(none > 0 && none < 100);
}

CY_TEST_MAIN("runtime.sim_swarm", CY_TEST(each_kind_of_fault_comes_and_goes),
             CY_TEST(all_kinds_come_together), CY_TEST(the_same_seed_brings_the_same_faults),
             CY_TEST(no_kind_is_no_fault), CY_TEST(a_swarm_that_is_not_over_leaves_nothing),
             CY_TEST(each_seed_draws_another_swarm))
