#include "simulated.h"

#include <cycos/impl/inbox.h>
#include <cycos/mailbox.h>
#include <cycos/run.h>

/* What the programs below have seen. */
static struct {
    struct cyi_node *node;
    struct cy_options options;
    cy_time slept;
    uint8_t bytes[16];
    int runs, failures;
} seen;

static void
open_node(const struct cyi_sim_options *options, uint32_t cores, cy_task_fn *main)
{
    memset(&seen, 0, sizeof seen);
    cy_options_init(&seen.options);
    seen.options.cores = cores;
    seen.options.log_level = CY_LOG_ERROR;
    open_world(options);
    CY_OK(cyi_sim_node(&seen.node, sim, 0, &seen.options, main, NULL));
}

static void
close_node(void)
{
    close_world();
    cy_options_fini(&seen.options);
}

static int
sleep_an_hour(void *arg)
{
    (void) arg;
    cy_time before = cy_now();
    cy_random(seen.bytes, sizeof seen.bytes);
    int rc = cy_sleep(CY_HOUR);
    seen.slept = cy_now() - before;
    seen.runs++;
    return rc;
}

static void
the_clock_jumps_when_all_sleep(void)
{
    open_node(NULL, 2, sleep_an_hour);
    CY_OK(cyi_sim_run(sim, 2 * CY_HOUR));
    CU_ASSERT_TRUE(seen.slept >= CY_HOUR && seen.slept < CY_HOUR + CY_MILLISECOND);
    CU_ASSERT_TRUE(cyi_sim_now(sim) >= CY_HOUR);
    CU_ASSERT_TRUE(sim->counters.turns < 1000);
    close_node();
}

static void
the_end_of_time_is_told(void)
{
    open_node(NULL, 1, sleep_an_hour);
    CY_FAILS(cyi_sim_run(sim, CY_MINUTE), -ETIMEDOUT);
    CU_ASSERT_EQUAL(seen.runs, 0);
    CY_OK(cyi_sim_run(sim, 2 * CY_HOUR));
    CU_ASSERT_EQUAL(seen.runs, 1);
    close_node();
}

static int
wait_for_nobody(void *arg)
{
    cy_msg *msg;
    (void) arg;
    return cy_receive(&msg, CY_FOREVER);
}

static void
a_world_where_nothing_can_happen_is_a_deadlock(void)
{
    open_node(NULL, 2, wait_for_nobody);
    CY_FAILS(cyi_sim_run(sim, CY_HOUR), -EDEADLK);
    close_node();
}

static int
yield_for_ever(void *arg)
{
    while (arg == NULL)
        cy_yield();
    return 0;
}

static void
a_world_that_never_rests_is_stopped(void)
{
    static const struct cyi_sim_options few = {.turns_max = 100};
    open_node(&few, 1, yield_for_ever);
    CY_FAILS(cyi_sim_run(sim, CY_FOREVER), -ELOOP);
    CU_ASSERT_EQUAL(sim->counters.turns, 100);
    close_node();
}

static int
need_memory(void *arg)
{
    cy_msg *msg;
    (void) arg;
    for (int i = 0; i < 100; i++) {
        if (cy_msg_create(&msg, 1, 10) != 0)
            seen.failures++;
        else
            cy_msg_free(&msg);
        cy_yield();
    }
    return 0;
}

static void
memory_fails_as_often_as_it_should(void)
{
    static const struct cyi_sim_options scarce = {.no_memory_chance = CYI_SIM_CERTAIN,
                                                  .turn_switches = 8};
    open_node(NULL, 1, need_memory);
    CY_OK(cyi_sim_run(sim, CY_HOUR));
    CU_ASSERT_EQUAL(seen.failures, 0);
    close_node();
    open_node(&scarce, 1, need_memory);
    CY_OK(cyi_sim_run(sim, CY_HOUR));
    CU_ASSERT_TRUE(seen.failures > 5 && seen.failures < 50);
    close_node();
}

static void
limits_reach_every_core(void)
{
    static const struct cyi_sim_options tight = {
        .ring_size = 16, .turn_switches = 7, .front_streak = 1};
    open_node(&tight, 3, sleep_an_hour);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(seen.node->cores[i]->inbox->ring_size, 16);
        CU_ASSERT_EQUAL(seen.node->cores[i]->sched.turn_switches, 7);
        CU_ASSERT_EQUAL(seen.node->cores[i]->sched.front_streak, 1);
    }
    CU_ASSERT_FALSE(seen.node->asymmetric);
    CY_OK(cyi_sim_run(sim, 2 * CY_HOUR));
    close_node();
}

static uint64_t
hash_of(uint64_t seed, uint8_t *bytes)
{
    memset(&seen, 0, sizeof seen);
    cy_options_init(&seen.options);
    seen.options.cores = 3;
    CY_OK(cyi_sim_create(&sim, seed, NULL));
    CY_OK(cyi_sim_node(&seen.node, sim, 0, &seen.options, sleep_an_hour, NULL));
    CY_OK(cyi_sim_run(sim, 3 * CY_HOUR));
    uint64_t hash = cyi_sim_hash(sim);
    memcpy(bytes, seen.bytes, sizeof seen.bytes);
    close_node();
    return hash;
}

static void
the_seed_decides_and_nothing_else(void)
{
    uint8_t a[16], b[16], c[16];
    uint64_t first = hash_of(1, a);
    CU_ASSERT_EQUAL(hash_of(1, b), first);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof a), 0);
    CU_ASSERT_NOT_EQUAL(hash_of(2, c), first);
    CU_ASSERT_NOT_EQUAL(memcmp(a, c, sizeof a), 0);
}

static void
what_a_program_notes_is_in_the_hash(void)
{
    open_world(NULL);
    uint64_t before = cyi_sim_hash(sim);
    cyi_sim_note(sim, 1);
    CU_ASSERT_NOT_EQUAL(cyi_sim_hash(sim), before);
    close_world();
}

static void
draws_stay_within_bounds(void)
{
    int hits = 0;
    open_world(NULL);
    for (int i = 0; i < 10000; i++) {
        CU_ASSERT_TRUE(cyi_sim_below(sim, 7) < 7);
        hits += cyi_sim_chance(sim, CYI_SIM_CERTAIN / 4);
        CU_ASSERT_FALSE(cyi_sim_chance(sim, 0));
        CU_ASSERT_TRUE(cyi_sim_chance(sim, CYI_SIM_CERTAIN));
    }
    CU_ASSERT_TRUE(hits > 2000 && hits < 3000);
    close_world();
}

static void
each_seed_draws_another_mix(void)
{
    int paused = 0, small = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct cyi_sim_options options, again;
        cyi_sim_options_draw(&options, seed);
        cyi_sim_options_draw(&again, seed);
        CU_ASSERT_EQUAL(memcmp(&options, &again, sizeof options), 0);
        CU_ASSERT_TRUE(options.ring_size == 0 ||
                       (options.ring_size >= CYI_RING_MIN &&
                        (options.ring_size & (options.ring_size - 1)) == 0));
        CU_ASSERT_TRUE(options.turn_ns_max > 0 && options.latency_ns_max > 0);
        paused += options.pause_chance != 0;
        small += options.ring_size != 0;
    }
    CU_ASSERT_TRUE(paused > 50 && paused < 150 && small > 50 && small < 150);
}

static void
clocks_of_hosts_differ_and_go_alike(void)
{
    open_world(NULL);
    cy_time a = host(0)->now(host(0)), b = host(1)->now(host(1));
    CU_ASSERT_NOT_EQUAL(a, b);
    sim->now += 5;
    CU_ASSERT_EQUAL(host(0)->now(host(0)), a + 5);
    CU_ASSERT_EQUAL(host(1)->now(host(1)), b + 5);
    CU_ASSERT_TRUE(host(0)->realtime(host(0)) == host(1)->realtime(host(1)));
    close_world();
}

static void
calendars_are_wrong_within_bounds(void)
{
    static const struct cyi_sim_options wrong = {.clock_error_max = CY_SECOND};
    int ahead = 0, behind = 0;
    open_world(&wrong);
    cy_time right = host(0)->realtime(host(0)) - sim->hosts[0].realtime;
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        cy_time error = host(i)->realtime(host(i)) - right;
        CU_ASSERT_TRUE(error >= -CY_SECOND && error <= CY_SECOND);
        ahead += error > 0;
        behind += error < 0;
    }
    CU_ASSERT_TRUE(ahead > 10 && behind > 10);
    close_world();
}

static void
clocks_drift_within_bounds_and_never_go_back(void)
{
    static const struct cyi_sim_options wrong = {.drift_max = 100};
    int fast = 0, slow = 0;
    open_world(&wrong);
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        cy_time start = host(i)->now(host(i)), before = start;
        for (int j = 0; j < 1000; j++) {
            sim->now += 99;
            CU_ASSERT_TRUE(host(i)->now(host(i)) > before);
            before = host(i)->now(host(i));
        }
        sim->now += CY_SECOND - 1000 * 99;
        cy_time gained = host(i)->now(host(i)) - start - CY_SECOND;
        CU_ASSERT_TRUE(gained >= -100 * CY_MICROSECOND - 1);
        CU_ASSERT_TRUE(gained <= 100 * CY_MICROSECOND + 1);
        fast += gained > 0;
        slow += gained < 0;
    }
    CU_ASSERT_TRUE(fast > 10 && slow > 10);
    close_world();
}

static void
a_timer_is_right_by_the_clock_of_its_host(void)
{
    static const struct cyi_sim_options wrong = {.drift_max = 1000};
    open_node(&wrong, 1, sleep_an_hour);
    CY_OK(cyi_sim_run(sim, 2 * CY_HOUR));
    CU_ASSERT_TRUE(seen.slept >= CY_HOUR && seen.slept < CY_HOUR + 10 * CY_MILLISECOND);
    CU_ASSERT_TRUE(sim->counters.turns < 1000);
    close_node();
}

static void
a_reactor_sleeps_until_it_is_woken(void)
{
    struct cyi_reactor *reactor;
    struct cyi_ready ready;
    open_world(NULL);
    const struct cyi_reactor_ops *ops = host(0)->reactor;
    CY_OK(ops->open(host(0), &reactor));
    CU_ASSERT_EQUAL(ops->wait(reactor, &ready, 1, 100), 0);
    CU_ASSERT_TRUE(reactor->asleep && reactor->until == sim->now + 100);
    reactor->asleep = false;
    ops->wake(reactor);
    CU_ASSERT_EQUAL(ops->wait(reactor, &ready, 1, CY_FOREVER), 0);
    CU_ASSERT_FALSE(reactor->asleep);
    CU_ASSERT_EQUAL(ops->wait(reactor, &ready, 1, CY_FOREVER), 0);
    CU_ASSERT_TRUE(reactor->asleep && reactor->until == CY_FOREVER);
    CY_FAILS(ops->add(reactor, 5, reactor), -EBADF);
    ops->close(reactor);
    close_world();
}

static void
bad_options_are_told(void)
{
    struct cy_options options;
    struct cyi_node *node = NULL;
    cy_options_init(&options);
    options.cores = 1;
    options.mailbox_max = 0;
    open_world(NULL);
    CY_FAILS(cyi_sim_node(&node, sim, 0, &options, sleep_an_hour, NULL), -EINVAL);
    CU_ASSERT_PTR_NULL(node);
    close_world();
    cy_options_fini(&options);
}

CY_TEST_MAIN("runtime.sim", CY_TEST(the_clock_jumps_when_all_sleep),
             CY_TEST(the_end_of_time_is_told),
             CY_TEST(a_world_where_nothing_can_happen_is_a_deadlock),
             CY_TEST(a_world_that_never_rests_is_stopped),
             CY_TEST(memory_fails_as_often_as_it_should), CY_TEST(limits_reach_every_core),
             CY_TEST(the_seed_decides_and_nothing_else),
             CY_TEST(what_a_program_notes_is_in_the_hash), CY_TEST(draws_stay_within_bounds),
             CY_TEST(each_seed_draws_another_mix), CY_TEST(clocks_of_hosts_differ_and_go_alike),
             CY_TEST(calendars_are_wrong_within_bounds),
             CY_TEST(clocks_drift_within_bounds_and_never_go_back),
             CY_TEST(a_timer_is_right_by_the_clock_of_its_host),
             CY_TEST(a_reactor_sleeps_until_it_is_woken), CY_TEST(bad_options_are_told))
