#include "locate_world.h"
#include <string.h>

/* The same name at more than one place, and a location that says which. */

static cy_ref twins[3]; /* node 1 core 0, node 1 core 1 (never), node 2 core 1 */

static int
seek_at(cy_ref *out, const char *name, cy_location location, cy_time patience)
{
    return cy_task_locate(out, name, &location, cy_after(patience));
}

static void
run(cy_task_fn *first, cy_task_fn *second, cy_task_fn *third, cy_time end)
{
    cy_task_fn *const scripts[] = {first, second, third};
    locate_open(third != NULL ? 3 : 2, scripts, end);
    world_run();
}

static int
has_a_twin(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    twins[me] = hold((uint16_t) (me - 1), "twin");
    return 0;
}

static int
chooses(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(seek_at(&ref, "twin", location_of(1, 0), CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, twins[1]));
    WORLD_EQ(counters_of(2).told, 0);
    WORLD_EQ(seek_at(&ref, "twin", location_of(2, 1), CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, twins[2]));
    WORLD_EQ(counters_of(1).told, 1);
    WORLD_EQ(counters_of(0).asked, 2);
    WORLD_EQ(seek_at(&ref, "twin", location_of(1, 1), 100 * MS), -ETIMEDOUT);
    WORLD_EQ(seek_at(&ref, "twin", location_of(2, 0), 100 * MS), -ETIMEDOUT);
    WORLD_CHECK(cy_ref_equal(ref, twins[2]));
    until(cyi_sim_now(world.sim) + 10 * MS);
    WORLD_EQ(standing_on(1) + standing_on(2), 0);
    return 0;
}

static void
a_location_chooses_the_core_that_is_asked(void)
{
    run(chooses, has_a_twin, has_a_twin, 4 * CY_SECOND);
}

static int
chooses_a_host(void *arg)
{
    cy_ref ref = CY_NOBODY;
    cy_location host = location_of(2, 0);
    (void) arg;
    host.port = 0;
    until(CY_SECOND);
    WORLD_EQ(seek_at(&ref, "twin", host, CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, twins[2]));
    WORLD_EQ(counters_of(0).asked, 1);
    return 0;
}

static void
a_location_without_a_port_chooses_the_host(void)
{
    run(chooses_a_host, has_a_twin, has_a_twin, 4 * CY_SECOND);
}

/* The name is on the wrong core first; only the right one counts. */
static int
has_it_elsewhere_first(void *arg)
{
    (void) arg;
    hold_for(0, "moving", CY_SECOND);
    until(3 * CY_SECOND);
    hold(1, "moving");
    return 0;
}

static int
waits_for_the_right_core(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(500 * MS);
    WORLD_EQ(seek_at(&ref, "moving", location_of(1, 1), 9 * CY_SECOND), 0);
    WORLD_EQ(ref.core, 1);
    WORLD_CHECK(cyi_sim_now(world.sim) >= 3 * CY_SECOND);
    return 0;
}

static void
a_name_of_another_core_does_not_answer(void)
{
    run(waits_for_the_right_core, has_it_elsewhere_first, NULL, 5 * CY_SECOND);
}

static int
seeks_at_home(void *arg)
{
    cy_ref ref = CY_NOBODY, other;
    cy_location loopback = {.address = {[10] = 0xff, 0xff, 127, 0, 0, 1}};
    (void) arg;
    until(CY_SECOND);
    other = hold(1, "twin");
    WORLD_EQ(seek_at(&ref, "twin", location_of(0, 0), 100 * MS), -ETIMEDOUT);
    WORLD_EQ(seek_at(&ref, "twin", cy_self_location(), CY_NOW), -ETIMEDOUT);
    WORLD_EQ(seek_at(&ref, "twin", location_of(0, 1), CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, other));
    loopback.port = location_of(0, 1).port;
    ref = CY_NOBODY;
    WORLD_EQ(seek_at(&ref, "twin", loopback, CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, other));
    loopback.port = 0;
    WORLD_EQ(seek_at(&ref, "twin", loopback, CY_SECOND), 0);
    WORLD_EQ(counters_of(0).asked, 0);
    return 0;
}

static void
nobody_is_asked_for_a_core_of_the_own_node(void)
{
    run(seeks_at_home, has_a_twin, NULL, 3 * CY_SECOND);
}

/* A node has many addresses and is one peer. */
static cy_location
by_ipv6(uint32_t node, uint16_t core)
{
    cy_location location = {.address = {0xfd, [15] = (uint8_t) (node + 1)}};
    location.port = location_of(node, core).port;
    return location;
}

static int
seeks_by_another_address(void *arg)
{
    cy_ref ref = CY_NOBODY, own;
    cy_location host = by_ipv6(1, 0);
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(seek_at(&ref, "twin", by_ipv6(1, 0), CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, twins[1]));
    WORLD_EQ(seek_at(&ref, "twin", by_ipv6(1, 1), 100 * MS), -ETIMEDOUT);
    host.port = 0;
    WORLD_EQ(seek_at(&ref, "twin", host, CY_SECOND), 0);
    own = hold(1, "own");
    WORLD_EQ(seek_at(&ref, "own", by_ipv6(0, 1), CY_SECOND), 0);
    WORLD_CHECK(cy_ref_equal(ref, own));
    WORLD_EQ(counters_of(0).asked, 3);
    return 0;
}

static void
a_location_may_have_any_address_of_the_node(void)
{
    run(seeks_by_another_address, has_a_twin, NULL, 4 * CY_SECOND);
}

/* Python's: a location that nobody knows could never be found, not even when it came. */
static int
seeks_nowhere(void *arg)
{
    cy_ref ref = CY_NOBODY;
    cy_location location = {.address = {[10] = 0xff, 0xff, 10, 0, 0, 2}, .port = 4001};
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(seek_at(&ref, "twin", location, CY_SECOND), -ETIMEDOUT);
    WORLD_CHECK(cyi_sim_now(world.sim) >= 2 * CY_SECOND);
    WORLD_CHECK(cy_ref_is_nobody(ref));
    WORLD_EQ(seek_at(&ref, "twin", location, 5 * CY_SECOND), 0);
    WORLD_EQ(ref.core, 1);
    WORLD_EQ(ref.port, 4001);
    WORLD_CHECK(cyi_sim_now(world.sim) >= 3 * CY_SECOND);
    return 0;
}

static int
has_it_on_core_one(void *arg)
{
    (void) arg;
    hold(1, "twin");
    return 0;
}

static void
start_second(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    (void) arg;
    world_start(1, 1);
}

static void
a_location_that_nobody_knows_yet_is_asked_when_it_comes(void)
{
    cy_task_fn *const scripts[] = {seeks_nowhere};
    locate_open(1, scripts, 6 * CY_SECOND);
    world_options(1, 2)->tcp_port = 4000;
    world.nodes[1].extra = has_it_on_core_one;
    cyi_sim_at(world.sim, 3 * CY_SECOND, start_second, NULL);
    world_run();
}

/* Two nodes of one host, a third on another: all of that host are asked, the own one too. */
static int
seeks_on_its_host(void *arg)
{
    cy_ref ref = CY_NOBODY;
    cy_location host = location_of(0, 0);
    (void) arg;
    host.port = 0;
    until(CY_SECOND);
    WORLD_EQ(seek_at(&ref, "service", host, CY_SECOND), 0);
    WORLD_EQ(ref.node, tag_of(1));
    WORLD_EQ(counters_of(0).asked, 1);
    hold(1, "mine");
    WORLD_EQ(seek_at(&ref, "mine", host, CY_SECOND), 0);
    WORLD_EQ(ref.node, tag_of(0));
    return 0;
}

static int
has_service(void *arg)
{
    (void) arg;
    hold(0, "service");
    return 0;
}

static void
all_nodes_of_the_own_host_can_be_asked(void)
{
    cy_task_fn *const scripts[] = {seeks_on_its_host};
    locate_open(1, scripts, 4 * CY_SECOND);
    world.nodes[1].extra = world.nodes[2].extra = has_service;
    world_start(1, 0);
    world_start(2, 1);
    world_run();
}

CY_TEST_MAIN("transport.locate_place", CY_TEST(a_location_chooses_the_core_that_is_asked),
             CY_TEST(a_location_without_a_port_chooses_the_host),
             CY_TEST(a_name_of_another_core_does_not_answer),
             CY_TEST(nobody_is_asked_for_a_core_of_the_own_node),
             CY_TEST(a_location_may_have_any_address_of_the_node),
             CY_TEST(a_location_that_nobody_knows_yet_is_asked_when_it_comes),
             CY_TEST(all_nodes_of_the_own_host_can_be_asked))
