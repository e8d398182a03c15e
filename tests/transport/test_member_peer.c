#include "member_table.h"
#include "member_world.h"

#include <cycos/msg.h>
#include <stdlib.h>
#include <string.h>

/* The calls on peers, between nodes of a simulated world. */

static cy_location
at(const char *host, uint16_t port)
{
    cy_location location;
    WORLD_CHECK(cy_location_resolve(&location, host, port, CY_NOW) == 0);
    return location;
}

static cy_time
now(void)
{
    return cyi_sim_now(world.sim);
}

static void
start_late(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    world_start((uint32_t) (uintptr_t) arg, 1);
}

static int
locate_some(void *arg)
{
    char long_name[CY_PEER_NAME_MAX + 2];
    cy_location location, again;
    (void) arg;
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    WORLD_CHECK(cy_peer_locate(&location, "", CY_FOREVER) == -EINVAL);
    WORLD_CHECK(cy_peer_locate(&location, long_name, CY_FOREVER) == -ENAMETOOLONG);
    WORLD_CHECK(cy_peer_locate(&location, long_name + 1, CY_NOW) == -ETIMEDOUT);
    WORLD_CHECK(cy_peer_locate(&location, "n1.0", CY_NOW) == -ETIMEDOUT);
    WORLD_CHECK(cy_peer_locate(&location, "n1.0", cy_after(CY_SECOND)) == -ETIMEDOUT);
    WORLD_CHECK(now() < 1100 * CY_MILLISECOND);
    WORLD_CHECK(cy_peer_locate(&location, "n1.0", CY_FOREVER) == 0);
    WORLD_CHECK(now() > 2 * CY_SECOND && now() < 3 * CY_SECOND);
    WORLD_CHECK(location.port == 4000 && location.address[15] == 2);
    WORLD_CHECK(cy_peer_locate(&again, "n1", CY_NOW) == 0);
    WORLD_CHECK(memcmp(&again, &location, sizeof again) == 0);
    WORLD_CHECK(cy_peer_locate(&again, "n1.1", CY_NOW) == -ETIMEDOUT);
    WORLD_CHECK(cy_peer_locate(&again, "n0.0", CY_NOW) == 0);
    location = cy_self_location();
    WORLD_CHECK(memcmp(&again, &location, sizeof again) == 0);
    return 0;
}

static void
locates_a_peer_that_starts_later(void)
{
    world_open(5 * CY_SECOND);
    world.nodes[0].extra = locate_some;
    world.nodes[1].options.tcp_port = 4000;
    world_start(0, 0);
    cyi_sim_at(world.sim, 2 * CY_SECOND, start_late, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
}

static int
locate_for_ever(void *arg)
{
    cy_location location;
    (void) arg;
    WORLD_CHECK(cy_peer_locate(&location, "nobody", CY_FOREVER) == -ECANCELED);
    return 0;
}

/* On the last core, far from the hub. */
static int
locate_on_a_core(void *arg)
{
    cy_location location;
    cy_ref task;
    struct cy_task_options options = {.joinable = true};
    (void) arg;
    WORLD_CHECK(cy_task_spawn_on(&task, 0, locate_for_ever, NULL, &options) == 0);
    WORLD_CHECK(cy_peer_locate(&location, "n1.2", CY_FOREVER) == 0);
    WORLD_CHECK(cy_peer_locate(&location, "n1", CY_NOW) == -ETIMEDOUT);
    WORLD_CHECK(cy_terminate(task) == 0);
    WORLD_CHECK(cy_join(NULL, task, CY_FOREVER) == 0);
    return 0;
}

static int
locate_far_from_the_hub(void *arg)
{
    (void) arg;
    WORLD_CHECK(cy_task_spawn_on(NULL, 2, locate_on_a_core, NULL, NULL) == 0);
    return 0;
}

static void
locates_on_any_core_and_can_be_terminated(void)
{
    world_open(4 * CY_SECOND);
    world_options(0, 3);
    world_options(1, 3);
    world.nodes[0].extra = locate_far_from_the_hub;
    world_start(0, 0);
    cyi_sim_at(world.sim, CY_SECOND, start_late, (void *) 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.2", true), 1);
}

static int
list_all(void *arg)
{
    struct cy_peer peers[8];
    (void) arg;
    WORLD_CHECK(cy_peer_list(peers, 8) == 1);
    WORLD_CHECK(strcmp(peers[0].name, "n0.1") == 0 && peers[0].online);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(cy_peer_list(peers, 8) == 4);
    WORLD_CHECK(strcmp(peers[1].name, "n1.0") == 0 && peers[1].online);
    WORLD_CHECK(strcmp(peers[3].name, "n1.2") == 0);
    memset(peers, 0, sizeof peers);
    WORLD_CHECK(cy_peer_list(peers, 2) == 4);
    WORLD_CHECK(peers[1].online && !peers[2].online);
    WORLD_CHECK(cy_peer_list(NULL, 0) == 4);
    return 0;
}

static void
lists_who_is_online(void)
{
    world_open(2 * CY_SECOND);
    world_options(0, 2);
    world_options(1, 3);
    world.nodes[0].extra = list_all;
    world_start(0, 0);
    world_start(1, 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
}

static int
add_a_core(void *arg)
{
    cy_location location = at("10.0.0.2", 4001), nobody = at("10.0.0.2", 4100), none = {{0}, 1};
    struct cy_peer peers[4];
    (void) arg;
    WORLD_CHECK(cy_peer_add(&none, NULL, CY_FOREVER) == -EINVAL);
    WORLD_CHECK(cy_peer_add(&nobody, NULL, CY_FOREVER) == -ECONNREFUSED);
    WORLD_CHECK(cy_peer_list(peers, 4) == 0);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(2 * CY_SECOND)) == 0);
    WORLD_CHECK(cy_peer_list(peers, 4) == 2);
    WORLD_CHECK(memcmp(&peers[1].location, &location, sizeof location) == 0);
    WORLD_CHECK(cy_peer_add(&location, NULL, CY_NOW) == 0);
    location = cy_self_location();
    WORLD_CHECK(cy_peer_add(&location, NULL, CY_FOREVER) == 0);
    WORLD_CHECK(cy_peer_list(peers, 4) == 2);
    cyi_sim_partition(world.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(2));
    location = at("10.0.0.3", 4000);
    cy_time begin = now();
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(CY_SECOND)) == -ETIMEDOUT);
    WORLD_CHECK(now() >= begin + CY_SECOND && now() < begin + 2 * CY_SECOND);
    return 0;
}

static void
adds_a_peer_that_discovery_does_not_find(void)
{
    world_open(6 * CY_SECOND);
    world_options(1, 2);
    for (uint32_t i = 0; i < 3; i++)
        world.nodes[i].options.discover_peers = false;
    world.nodes[1].options.tcp_port = 4000;
    world.nodes[0].extra = add_a_core;
    world_start(0, 0);
    world_start(1, 1);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n1.1", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), 1);
}

static int
add_a_host(void *arg)
{
    cy_location location = at("10.0.0.2", 0), empty = at("10.0.0.3", 0);
    (void) arg;
    cy_sleep(CY_SECOND / 10);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(2 * CY_SECOND)) == 0);
    WORLD_CHECK(cy_peer_list(NULL, 0) >= 1);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(cy_peer_list(NULL, 0) == 3);
    cy_time begin = now();
    WORLD_CHECK(cy_peer_add(&empty, NULL, cy_after(CY_SECOND)) == -ETIMEDOUT);
    WORLD_CHECK(now() >= begin + CY_SECOND && now() < begin + 2 * CY_SECOND);
    return 0;
}

static void
adds_each_node_of_a_host_whichever_got_the_datagram(void)
{
    world_open(5 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = add_a_host;
    for (uint32_t i = 0; i < 4; i++)
        world_start(i, i > 0);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n3.0", true), 1);
    CU_ASSERT_EQUAL(world_count(3, "n0.0", true), 1);
}

static void
hang_one(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_hang(sim, world.nodes[1].node);
}

static void
go_on(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_continue(sim, world.nodes[1].node);
}

static int
add_a_host_later(void *arg)
{
    cy_location location = at("10.0.0.2", 0);
    (void) arg;
    cy_sleep(CY_SECOND);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(10 * CY_SECOND)) == 0);
    return 0;
}

static void
adds_a_host_of_which_a_node_hangs(void)
{
    world_open(12 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = add_a_host_later;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i > 0);
    cyi_sim_at(world.sim, CY_SECOND / 2, hang_one, NULL);
    cyi_sim_at(world.sim, 11 * CY_SECOND, go_on, NULL);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n2.0", true) < 10 * CY_SECOND);
    CU_ASSERT_TRUE(world_first(0, "n1.0", true) > 11 * CY_SECOND);
}

static int
add_by_loopback(void *arg)
{
    cy_location location = at("127.0.0.1", 0);
    (void) arg;
    cy_sleep(CY_SECOND / 10);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(2 * CY_SECOND)) == 0);
    WORLD_CHECK(cy_peer_list(NULL, 0) == 1);
    return 0;
}

static void
adds_its_own_host(void)
{
    world_open(4 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = add_by_loopback;
    world_start(0, 0);
    world_start(1, 0);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
}

static int
add_with_broadcast(void *arg)
{
    cy_location location = at("10.0.0.2", 4000);
    struct cy_peer_options options = {.broadcast = true};
    (void) arg;
    cy_sleep(CY_SECOND);
    WORLD_CHECK(cy_peer_add(&location, &options, cy_after(CY_SECOND)) == 0);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(cy_peer_list(NULL, 0) == 3);
    return 0;
}

static void
is_announced_by_a_peer_to_its_network(void)
{
    world_open(4 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = add_with_broadcast;
    world.nodes[1].options.tcp_port = 4000;
    for (uint32_t i = 0; i < 4; i++)
        world_start(i, i);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(3, "n0.0", true), 1);
}

static void
start_on_the_third_host(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    world_start((uint32_t) (uintptr_t) arg, 2);
}

static int
stream_some(void *arg)
{
    cy_location core = at("10.0.0.2", 4000), host = at("10.0.0.3", 0);
    struct cy_peer_options stream = {.stream = true}, drop = {.stream = false};
    struct cyi_members *members = cyi_net_core(cyi_self)->net->members;
    (void) arg;
    cy_sleep(CY_SECOND);
    uint32_t tag = world.nodes[1].node->tag;
    WORLD_CHECK(!cyi_members_stream(members, tag));
    WORLD_CHECK(cy_peer_add(&core, &stream, CY_NOW) == 0);
    WORLD_CHECK(cyi_members_stream(members, tag));
    WORLD_CHECK(cy_peer_add(&core, &drop, CY_NOW) == 0);
    WORLD_CHECK(!cyi_members_stream(members, tag));
    WORLD_CHECK(cy_peer_add(&host, &stream, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cyi_members_stream(members, world.nodes[2].node->tag));
    WORLD_CHECK(!cyi_members_stream(members, tag));
    cy_sleep(CY_SECOND); /* node 3 begins when there is the rule */
    WORLD_CHECK(cyi_members_stream(members, world.nodes[3].node->tag));
    return 0;
}

static void
keeps_the_links_to_a_core_or_to_a_host(void)
{
    world_open(4 * CY_SECOND);
    world.nodes[0].extra = stream_some;
    world.nodes[1].options.tcp_port = 4000;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    cyi_sim_at(world.sim, 1500 * CY_MILLISECOND, start_on_the_third_host, (void *) 3);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n3.0", true), 1);
    CU_ASSERT_TRUE(world_first(0, "n3.0", true) > 1500 * CY_MILLISECOND);
}

static int
add_one_with_another_secret(void *arg)
{
    cy_location location = at("10.0.0.2", 4000);
    (void) arg;
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(2 * CY_SECOND)) == CY_EAUTH);
    location = at("10.0.0.3", 4000);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(2 * CY_SECOND)) == CY_EAUTH);
    WORLD_CHECK(cyi_net_core(cyi_self)->counters.bad_secret >= 2);
    WORLD_CHECK(cy_peer_list(NULL, 0) <= 1);
    return 0;
}

/* Of those that were noted before the nodes began to end, one after the other. */
static uint32_t
count_before_the_end(void)
{
    uint32_t n = 0;
    while (n < world.count && world.events[n].at < world.end)
        n++;
    return n;
}

static void
refuses_a_node_with_another_secret_or_none(void)
{
    static const char *const secrets[] = {"a secret of the first cluster",
                                          "a secret of the second cluster", NULL,
                                          "a secret of the first cluster"};
    world_open(4 * CY_SECOND);
    world.nodes[0].extra = add_one_with_another_secret;
    world.nodes[1].options.tcp_port = world.nodes[2].options.tcp_port = 4000;
    for (uint32_t i = 0; i < 4; i++) {
        if (secrets[i] != NULL)
            setenv("CYCOS_SECRET", secrets[i], 1);
        else
            unsetenv("CYCOS_SECRET");
        world_start(i, i);
    }
    unsetenv("CYCOS_SECRET");
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n3.0", true), 1);
    CU_ASSERT_EQUAL(world_count(3, "n0.0", true), 1);
    CU_ASSERT_EQUAL(count_before_the_end(), 2);
    const char *line = strstr(world.log, "event=discover.foreign");
    CU_ASSERT_PTR_NOT_NULL(line);
}

static uint32_t seen[4];

static int
count_messages(void *arg)
{
    uint32_t *count = arg;
    struct cy_peer peer;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        WORLD_CHECK(cy_msg_tag(msg) == CY_TAG_PEER && cy_peer_read(&peer, msg) == 0);
        WORLD_CHECK(cy_ref_is_nobody(cy_msg_sender(msg)));
        cy_msg_free(&msg);
        ++*count;
    }
    return 0;
}

static int
end_at_once(void *arg)
{
    (void) arg;
    return 0;
}

static int
watch_in_many_ways(void *arg)
{
    struct cy_task_options options = {.daemon = true};
    cy_ref here, there, dead, other = cy_self();
    (void) arg;
    WORLD_CHECK(cy_task_spawn(&here, count_messages, &seen[0], &options) == 0);
    WORLD_CHECK(cy_task_spawn_on(&there, 1, count_messages, &seen[1], &options) == 0);
    WORLD_CHECK(cy_task_spawn(&dead, end_at_once, NULL, NULL) == 0);
    WORLD_CHECK(cy_peer_watch(there) == 0);
    WORLD_CHECK(cy_peer_watch(here) == 0);
    WORLD_CHECK(cy_peer_watch(here) == 0);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(seen[0] == 3 && seen[1] == 3); /* the sibling, n1 and n2 */
    WORLD_CHECK(cy_peer_watch(dead) == -ESRCH);
    other.node++;
    WORLD_CHECK(cy_peer_watch(other) == -EINVAL);
    other = cy_self();
    other.core = 2;
    WORLD_CHECK(cy_peer_watch(other) == -EINVAL);
    cyi_sim_crash(world.sim, world.nodes[1].node);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(seen[0] == 4 && seen[1] == 4);
    WORLD_CHECK(cy_peer_watch(CY_NOBODY) == 0);
    cyi_sim_crash(world.sim, world.nodes[2].node);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(seen[0] == 4 && seen[1] == 4);
    WORLD_CHECK(cy_peer_watch(there) == 0);
    cy_sleep(CY_SECOND);
    WORLD_CHECK(seen[1] == 5);
    return 0;
}

static void
tells_each_watcher_of_each_change_once(void)
{
    memset(seen, 0, sizeof seen);
    world_open(6 * CY_SECOND);
    world_options(0, 2);
    world.nodes[0].extra = watch_in_many_ways;
    world.nodes[0].silent = true;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    world_run();
    CU_ASSERT_EQUAL(seen[0], 4);
}

enum { WATCHERS_MAX = 1024 };

static int
wait_for_a_word(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    if (cy_receive_tag(&msg, 1, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    return 0;
}

static int
watch_by_too_many(void *arg)
{
    static cy_ref tasks[WATCHERS_MAX + 1];
    struct cy_task_options options = {.daemon = true, .stack_bytes = 16384};
    (void) arg;
    for (int i = 0; i <= WATCHERS_MAX; i++)
        WORLD_CHECK(cy_task_spawn_on(&tasks[i], (uint16_t) (i % 2), wait_for_a_word, NULL,
                                     &options) == 0);
    for (int i = 0; i < WATCHERS_MAX; i++)
        WORLD_CHECK(cy_peer_watch(tasks[i]) == 0);
    WORLD_CHECK(cy_peer_watch(tasks[WATCHERS_MAX]) == -ENOBUFS);
    cy_sleep(CY_SECOND / 10);
    for (int i = 0; i < 2; i++)
        WORLD_CHECK(cy_send_bytes(tasks[i], 1, NULL, 0) == 0);
    cy_sleep(CY_SECOND / 10);
    /* Nobody has told of their end: who asks in vain has it looked for. */
    WORLD_CHECK(cy_peer_watch(tasks[WATCHERS_MAX]) == -ENOBUFS);
    cy_sleep(CY_SECOND / 10);
    WORLD_CHECK(cy_peer_watch(tasks[WATCHERS_MAX]) == 0);
    return 0;
}

static void
takes_so_many_watchers_and_forgets_those_that_ended(void)
{
    world_open(CY_SECOND);
    world_options(0, 2);
    world.nodes[0].extra = watch_by_too_many;
    world.nodes[0].silent = true;
    world_start(0, 0);
    world_run();
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
ask_without_a_network(void *arg)
{
    cy_location location = {{[15] = 1}, 80};
    struct cy_peer peer;
    cy_msg *msg = NULL;
    (void) arg;
    WORLD_CHECK(cy_peer_list(&peer, 1) == 0);
    WORLD_CHECK(cy_peer_locate(&location, "n1.0", CY_NOW) == CY_ENOPEER);
    WORLD_CHECK(cy_peer_add(&location, NULL, CY_NOW) == CY_ENOPEER);
    WORLD_CHECK(cy_peer_watch(cy_self()) == CY_ENOPEER);
    location = cy_self_location();
    WORLD_CHECK(location.port == 0 && location.address[15] == 0);
    WORLD_CHECK(cy_msg_create(&msg, 7, 84) == 0);
    WORLD_CHECK(cy_peer_read(&peer, msg) == -EINVAL);
    cy_msg_free(&msg);
    return 0;
}

static void
says_so_where_there_is_no_network(void)
{
    world_open(CY_SECOND);
    world.nodes[0].options.network = NULL;
    world.nodes[0].extra = ask_without_a_network;
    world.nodes[0].silent = true;
    world_start(0, 0);
    world_run();
    CU_ASSERT_EQUAL(world.count, 0);
}

CY_TEST_MAIN("transport.member_peer", CY_TEST(locates_a_peer_that_starts_later),
             CY_TEST(locates_on_any_core_and_can_be_terminated), CY_TEST(lists_who_is_online),
             CY_TEST(adds_a_peer_that_discovery_does_not_find),
             CY_TEST(adds_each_node_of_a_host_whichever_got_the_datagram),
             CY_TEST(adds_a_host_of_which_a_node_hangs), CY_TEST(adds_its_own_host),
             CY_TEST(is_announced_by_a_peer_to_its_network),
             CY_TEST(keeps_the_links_to_a_core_or_to_a_host),
             CY_TEST(refuses_a_node_with_another_secret_or_none),
             CY_TEST(tells_each_watcher_of_each_change_once),
             CY_TEST(takes_so_many_watchers_and_forgets_those_that_ended),
             CY_TEST(says_so_where_there_is_no_network))
