#include "link.h"
#include "member_world.h"

#include <cycos/impl/router.h>
#include <string.h>

/* Nodes in a simulated world that come, go, hang, crash and lose sight of each other. */

#define MS CY_MILLISECOND

static void
finds_a_node_by_broadcast(void)
{
    world_open(3 * CY_SECOND);
    world_options(0, 2);
    world_options(1, 3);
    world_start(0, 0);
    world_start(1, 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n1.1", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n1.2", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n0.1", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n0.0", true), 0);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.1", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", true) < CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", true) < CY_SECOND);
}

static void
finds_the_nodes_of_a_host_with_nothing_but_loopback(void)
{
    world_open(2 * CY_SECOND);
    cyi_sim_addresses(world.sim, 0, 0);
    for (uint32_t i = 0; i < 4; i++)
        world_start(i, 0);
    world_run();
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t j = 0; j < 4; j++) {
            char name[8];
            snprintf(name, sizeof name, "n%u.0", j);
            CU_ASSERT_EQUAL(world_count(i, name, true), i != j);
            CU_ASSERT_TRUE(i == j || world_first(i, name, true) < CY_SECOND);
        }
    }
}

static void
finds_nodes_that_have_ipv6_only(void)
{
    world_open(2 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++) {
        cyi_sim_addresses(world.sim, i, CYI_SIM_V6);
        world_start(i, i);
    }
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(2, "n0.0", true), 1);
}

static void
is_invisible_without_discovery(void)
{
    world_open(15 * CY_SECOND);
    world.nodes[1].options.discover_peers = false;
    world_start(0, 0);
    world_start(1, 0);
    world_start(2, 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true) + world_count(2, "n1.0", true), 0);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true) + world_count(1, "n2.0", true), 0);
}

/* 4000 and 4001 are the ports of its cores. */
static const char *const known_peers[] = {"10.0.0.2:4000"};

static void
dials_the_peers_that_the_options_name(void)
{
    world_open(4 * CY_SECOND);
    for (uint32_t i = 0; i < 2; i++)
        world.nodes[i].options.discover_peers = false;
    world.nodes[0].options.peers = (struct cy_option_list){known_peers, 1};
    world.nodes[1].options.tcp_port = 4000;
    world_start(0, 0);
    world_start(1, 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
}

static void
start_late(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    world_start((uint32_t) (uintptr_t) arg, 1);
}

static void
waits_for_the_peers_that_the_options_name(void)
{
    world_open(12 * CY_SECOND);
    for (uint32_t i = 0; i < 2; i++)
        world.nodes[i].options.discover_peers = false;
    world.nodes[0].options.peers = (struct cy_option_list){known_peers, 1};
    world.nodes[1].options.tcp_port = 4000;
    world_start(0, 0);
    cyi_sim_at(world.sim, 2 * CY_SECOND, start_late, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
}

static void
crash(struct cyi_sim *sim, void *arg)
{
    cyi_sim_crash(sim, world.nodes[(uintptr_t) arg].node);
}

static void
power_off(struct cyi_sim *sim, void *arg)
{
    cyi_sim_power_off(sim, (uint32_t) (uintptr_t) arg);
}

static void
hang(struct cyi_sim *sim, void *arg)
{
    cyi_sim_hang(sim, world.nodes[(uintptr_t) arg].node);
}

static void
go_on(struct cyi_sim *sim, void *arg)
{
    cyi_sim_continue(sim, world.nodes[(uintptr_t) arg].node);
}

static void
cut(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_reset(sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
}

static void
dials_a_peer_of_the_options_that_begins_again(void)
{
    world_open(25 * CY_SECOND);
    for (uint32_t i = 0; i < 2; i++)
        world.nodes[i].options.discover_peers = false;
    world.nodes[0].options.peers = (struct cy_option_list){known_peers, 1};
    world.nodes[1].options.tcp_port = 4000;
    world_start(0, 0);
    world_start(1, 1);
    cyi_sim_at(world.sim, 3 * CY_SECOND, crash, (void *) 1);
    cyi_sim_at(world.sim, 6 * CY_SECOND, start_late, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 2);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) < 20 * CY_SECOND);
    CU_ASSERT_PTR_NULL(strstr(world.log, "EINVAL"));
}

static void
notices_a_crash_in_a_tenth_of_a_second(void)
{
    world_open(6 * CY_SECOND);
    world_options(1, 2);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, crash, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", false), 1);
    CU_ASSERT_EQUAL(world_count(0, "n1.1", false), 1);
    CU_ASSERT_EQUAL(world_count(2, "n1.1", false), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) > 3 * CY_SECOND);
    /* Half of what is promised: the other half is for machines that are busy. */
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 3050 * MS);
    CU_ASSERT_TRUE(world_first(2, "n1.1", false) < 3050 * MS);
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
}

/* The pauses grow with each cut; but where nobody listens, that is soon clear. */
static void
notices_a_crash_as_soon_when_there_were_cuts_before(void)
{
    world_open(6 * CY_SECOND);
    for (uint32_t i = 0; i < 2; i++)
        world_start(i, i);
    for (cy_time at = 1750; at < 3000; at += 250)
        cyi_sim_at(world.sim, at * MS, cut, NULL);
    cyi_sim_at(world.sim, 3 * CY_SECOND, crash, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) > 3 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 3100 * MS);
}

static void
notices_a_silent_end_in_five_seconds(void)
{
    world_open(12 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, power_off, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", false), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) > 6 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(2, "n1.0", false) < 8 * CY_SECOND);
}

static void
tolerates_a_hang_of_three_seconds(void)
{
    world_open(12 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, hang, (void *) 1);
    cyi_sim_at(world.sim, 6 * CY_SECOND, go_on, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(2, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) >= 12 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) >= 12 * CY_SECOND);
}

static void
takes_a_longer_hang_for_an_end_and_a_new_beginning(void)
{
    world_open(15 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, hang, (void *) 1);
    cyi_sim_at(world.sim, 9 * CY_SECOND, go_on, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 2);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 2);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) > 9 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(1, "n0.0", true) < 11 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) < 11 * CY_SECOND);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
}

static void
restart(struct cyi_sim *sim, void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg;
    cyi_sim_crash(sim, world.nodes[number].node);
    world_start(number, number);
}

static void
takes_a_restart_on_the_same_port_for_another_node(void)
{
    world_open(6 * CY_SECOND);
    world.nodes[1].options.tcp_port = 4000;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, restart, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 2);
    CU_ASSERT_EQUAL(world_count(2, "n1.0", true), 2);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 3100 * MS);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) < 4 * CY_SECOND);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
}

static void
part(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_partition(sim, CYI_SIM_ONLY(1), CYI_SIM_ALL & ~CYI_SIM_ONLY(1));
}

static void
block(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_block(sim, CYI_SIM_ONLY(1), CYI_SIM_ALL & ~CYI_SIM_ONLY(1));
}

static void
heal(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_heal(sim);
}

static void
sees_a_partition_from_both_sides_and_its_end(void)
{
    world_open(40 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, part, NULL);
    cyi_sim_at(world.sim, 20 * CY_SECOND, heal, NULL);
    world_run();
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) > 20 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) < 35 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(1, "n2.0", true) < 35 * CY_SECOND);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
}

static void
sees_a_partition_of_one_direction_from_both_sides(void)
{
    world_open(40 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, block, NULL);
    cyi_sim_at(world.sim, 20 * CY_SECOND, heal, NULL);
    world_run();
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) < 14 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) > 20 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(0, "n1.0", true) < 35 * CY_SECOND);
    CU_ASSERT_TRUE(world_last(1, "n2.0", true) < 35 * CY_SECOND);
}

static void
says_nothing_of_a_cut_that_is_mended(void)
{
    world_open(8 * CY_SECOND);
    world_start(0, 0);
    world_start(1, 1);
    for (cy_time at = 2; at < 7; at++)
        cyi_sim_at(world.sim, at * CY_SECOND, cut, NULL);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) >= 8 * CY_SECOND);
}

/* What a process does between the last turn of its cores and its exit. */
static void
leave(struct cyi_sim *sim, void *arg)
{
    struct cyi_node *node = world.nodes[(uintptr_t) arg].node;
    CU_ASSERT_FALSE(cyi_sim_runs(sim, node));
    node->options->network->leave(node);
    cyi_core_enter(NULL);
}

static void
hears_of_an_orderly_end_at_once(void)
{
    world_open(6 * CY_SECOND);
    world_options(1, 3);
    world.nodes[1].end = 3 * CY_SECOND;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3100 * MS, leave, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.2", false), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.2", false) >= 3 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(0, "n1.2", false) < 3300 * MS);
    CU_ASSERT_TRUE(world_first(2, "n1.0", false) < 3300 * MS);
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "reason=goodbye"));
    CU_ASSERT_PTR_NULL(strstr(world.log, "reason=refused"));
}

static void
part_two(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_partition(sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
}

/* The third hears both and says so, but that gives no messages a way. */
static void
sees_a_partition_between_two_although_a_third_hears_both(void)
{
    world_open(12 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, part_two, NULL);
    world_run();
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) > 6 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) < 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(2, "n0.0", false) >= 12 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(2, "n1.0", false) >= 12 * CY_SECOND);
}

/* Has it a connection to its one peer on host 1 that began after the partition? */
static int
look_for_a_new_connection(void *arg)
{
    uint32_t tag = world.nodes[1].node->tag;
    (void) arg;
    while (cyi_sim_now(world.sim) < 5900 * MS)
        WORLD_CHECK(cy_sleep(10 * MS) == 0);
    const struct cyi_link *link = cyi_link_find(cyi_self, tag, 0);
    WORLD_CHECK(link != NULL && link->connection != NULL);
    WORLD_CHECK(link != NULL && cyi_self->sched.now - link->attached_at < 500 * MS);
    return 0;
}

/* The old connection would try again after 6 s only. */
static void
tries_another_connection_when_a_third_hears_the_silent_one(void)
{
    world_open(8 * CY_SECOND);
    world.nodes[0].extra = look_for_a_new_connection;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 3 * CY_SECOND, part_two, NULL);
    cyi_sim_at(world.sim, 5 * CY_SECOND, heal, NULL);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n1.0", false) >= 8 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(1, "n0.0", false) >= 8 * CY_SECOND);
}

CY_TEST_MAIN("transport.member", CY_TEST(finds_a_node_by_broadcast),
             CY_TEST(finds_the_nodes_of_a_host_with_nothing_but_loopback),
             CY_TEST(finds_nodes_that_have_ipv6_only), CY_TEST(is_invisible_without_discovery),
             CY_TEST(dials_the_peers_that_the_options_name),
             CY_TEST(waits_for_the_peers_that_the_options_name),
             CY_TEST(dials_a_peer_of_the_options_that_begins_again),
             CY_TEST(notices_a_crash_in_a_tenth_of_a_second),
             CY_TEST(notices_a_crash_as_soon_when_there_were_cuts_before),
             CY_TEST(notices_a_silent_end_in_five_seconds),
             CY_TEST(tolerates_a_hang_of_three_seconds),
             CY_TEST(takes_a_longer_hang_for_an_end_and_a_new_beginning),
             CY_TEST(takes_a_restart_on_the_same_port_for_another_node),
             CY_TEST(sees_a_partition_from_both_sides_and_its_end),
             CY_TEST(sees_a_partition_of_one_direction_from_both_sides),
             CY_TEST(says_nothing_of_a_cut_that_is_mended),
             CY_TEST(hears_of_an_orderly_end_at_once),
             CY_TEST(sees_a_partition_between_two_although_a_third_hears_both),
             CY_TEST(tries_another_connection_when_a_third_hears_the_silent_one))
