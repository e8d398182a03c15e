/* test_dial.c - tries that lead nowhere, and references to nodes that are no more. */
#include "link_pair.h"
#include "member_table.h"

#include <string.h>

/* The other end loses connections while hands are shaken, and says nothing. */

static cy_time lose_every;

static int
lose_handshakes(void *arg)
{
    cy_time step = lose_every;
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(pair_send(1, 8) == 0);
    for (int i = 0; i < 200; i++) {
        WORLD_CHECK(cy_sleep(step) == 0);
        cyi_sim_half_open(world.sim, CYI_SIM_ONLY(1), CYI_SIM_ONLY(0));
    }
    WORLD_CHECK(pair.got == 0);
    /* Who waits 5 s for the other's first words is too late: a node is dead after 4.25 s. */
    WORLD_CHECK(cy_sleep(2 * CY_SECOND) == 0);
    WORLD_CHECK(pair.got == 1);
    WORLD_CHECK(pair_counters()->lost == 0);
    return 0;
}

static void
a_handshake_that_the_other_side_forgets_is_begun_anew(void)
{
    for (lose_every = 21000; lose_every < 61000; lose_every += 2000) {
        pair_open(6 * CY_SECOND, lose_handshakes);
        pair_run();
    }
}

/* References to nodes that this one has never met: nobody says hello. */

static void
open_strangers(cy_time end, cy_task_fn *test)
{
    pair_open(end, test);
    for (uint32_t i = 0; i < 2; i++)
        world.nodes[i].options.discover_peers = false;
}

static void
wait_for_the_server(void)
{
    while (cy_ref_is_nobody(pair.server))
        WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0);
}

static int
deliver(cy_ref to)
{
    cy_msg *msg = pair_message(1, 8);
    int rc = cy_deliver(to, &msg, cy_after(10 * CY_SECOND));
    WORLD_CHECK((msg == NULL) == (rc >= 0));
    cy_msg_free(&msg);
    return rc;
}

/* Each call says at once that it has ended, and nobody is dialled any more. */
static void
expect_ended(cy_ref task)
{
    uint64_t dials = pair_counters()->dials;
    cy_msg *reply = NULL, *msg = pair_message(1, 8);
    WORLD_CHECK(deliver(task) == -ESRCH);
    WORLD_CHECK(cy_send(task, &msg) == -ESRCH && msg != NULL);
    WORLD_CHECK(cy_send_bytes(task, PAIR_TAG, NULL, 0) == -ESRCH);
    WORLD_CHECK(cy_call(&reply, task, &msg, CY_FOREVER) == -ESRCH && reply == NULL);
    WORLD_CHECK(cy_monitor(task) == -ESRCH);
    WORLD_CHECK(cy_join(NULL, task, CY_FOREVER) == -ESRCH);
    WORLD_CHECK(cy_terminate(task) == -ESRCH);
    WORLD_CHECK(pair_counters()->dials == dials);
    cy_msg_free(&msg);
}

static int
send_to_the_replaced(void *arg)
{
    (void) arg;
    wait_for_the_server();
    cy_ref old = pair.server;
    old.node ^= 1; /* the process that was there before */
    uint64_t dials = pair_counters()->dials;
    WORLD_CHECK(deliver(old) == -ESRCH); /* waits for the connection */
    WORLD_CHECK(pair_counters()->dials == dials + 1);
    WORLD_CHECK(cyi_link_find(cyi_self, old.node, old.core) == NULL);
    expect_ended(old);
    old.core ^= 1;
    expect_ended(old);
    /* Its heir is well, though it was not yet met. */
    WORLD_CHECK(pair_send(1, 8) == 0);
    pair_wait_for(1);
    return 0;
}

static void
where_another_node_is_the_old_one_has_ended(void)
{
    open_strangers(10 * CY_SECOND, send_to_the_replaced);
    pair_run();
}

static int
send_to_our_own_place(void *arg)
{
    (void) arg;
    cy_ref old = cy_self();
    old.node ^= 1;
    WORLD_CHECK(deliver(old) == -ESRCH);
    expect_ended(old);
    return 0;
}

static void
where_this_node_is_itself_the_old_one_has_ended(void)
{
    open_strangers(5 * CY_SECOND, send_to_our_own_place);
    pair_run();
}

static int
send_to_a_wrong_core(void *arg)
{
    (void) arg;
    wait_for_the_server();
    cy_ref wrong = pair.server;
    wrong.core = 0; /* at the port of another core */
    WORLD_CHECK(deliver(wrong) == CY_ENOPEER);
    WORLD_CHECK(pair_send(1, 8) == 0); /* its node has not ended */
    pair_wait_for(1);
    return 0;
}

static void
a_node_lives_whose_cores_are_elsewhere_than_a_reference_says(void)
{
    open_strangers(10 * CY_SECOND, send_to_a_wrong_core);
    pair_run();
}

static int
remember_the_unmet(void *arg)
{
    struct cyi_members *members = cyi_net_core(cyi_self)->net->members;
    uint32_t server = pair.server.node;
    uint8_t other[16] = {0xff, 0xff, 0xff, 0xff};
    cy_address out;
    (void) arg;
    for (uint32_t i = 1; i <= CYI_MEMBERS_UNMET_MAX; i++) {
        cyi_members_unmet(members, i, other);
        cyi_members_unmet(members, i, other); /* takes no second place */
    }
    WORLD_CHECK(cyi_members_route(members, 1, 0, 0, &out) == -ESRCH);
    WORLD_CHECK(cyi_members_route(members, CYI_MEMBERS_UNMET_MAX, 0, 0, &out) == -ESRCH);
    cyi_members_unmet(members, CYI_MEMBERS_UNMET_MAX + 1, other);
    WORLD_CHECK(cyi_members_route(members, 1, 0, 0, &out) == -ENOENT);
    WORLD_CHECK(cyi_members_route(members, 2, 0, 0, &out) == -ESRCH);
    WORLD_CHECK(cyi_members_route(members, CYI_MEMBERS_UNMET_MAX + 1, 0, 0, &out) == -ESRCH);
    /* One that is met lives, whoever was where. */
    wait_for_the_server();
    server = pair.server.node;
    cyi_members_unmet(members, server, other);
    WORLD_CHECK(cyi_members_route(members, server, 0, 0, &out) == -ESRCH);
    cy_location location = cy_ref_location(pair.server);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cyi_members_route(members, server, 0, 0, &out) == 0);
    cyi_members_unmet(members, server, other);
    WORLD_CHECK(cyi_members_route(members, server, 0, 0, &out) == 0);
    return 0;
}

static void
so_many_of_the_unmet_are_remembered(void)
{
    open_strangers(5 * CY_SECOND, remember_the_unmet);
    pair_run();
}

CY_TEST_MAIN("transport.dial", CY_TEST(a_handshake_that_the_other_side_forgets_is_begun_anew),
             CY_TEST(where_another_node_is_the_old_one_has_ended),
             CY_TEST(where_this_node_is_itself_the_old_one_has_ended),
             CY_TEST(a_node_lives_whose_cores_are_elsewhere_than_a_reference_says),
             CY_TEST(so_many_of_the_unmet_are_remembered))
