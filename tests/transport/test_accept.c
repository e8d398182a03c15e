#include "member_world.h"
#include "net.h"

#include <arpa/inet.h>
#include <string.h>

/*
 * Whoever connects to a node: how many may be silent, for how long, and what becomes of those
 * who talk rubbish or have another secret. Node 0 listens; nodes 1 and 2 have no network of
 * their own, and connect to it by themselves.
 */

enum { PORT = 4000, GUESTS = 32, ALL_MAX = 4, SOURCE_MAX = 3 };

static struct cyi_net_setup setup[3];
static cy_socket *guests[GUESTS];

static struct cyi_net_core *
host_core(void)
{
    const struct cyi_net *net = world.nodes[0].node->net;
    return &net->cores[0];
}

static struct cyi_net_counters *
host(void)
{
    return &host_core()->counters;
}

static uint32_t
pending(void)
{
    uint32_t n = 0;
    cyi_list_for_each(at, &host_core()->pending) {
        (void) at;
        n++;
    }
    return n;
}

static int
visit(cy_socket **out)
{
    cy_address address = {.u.v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)}};
    address.u.v4.sin_addr.s_addr = htonl(UINT32_C(0x0a000001));
    return cy_tcp_connect(out, &address, cy_after(CY_SECOND));
}

/* The host has ended the connection: 0, or a reset where it had not read all. */
static bool
is_ended(cy_socket *socket, cy_time deadline)
{
    uint8_t byte;
    ssize_t n = cy_read(socket, &byte, 1, deadline);
    return n == 0 || n == -ECONNRESET;
}

static bool
is_open(cy_socket *socket)
{
    uint8_t byte;
    return cy_read(socket, &byte, 1, cy_after(10 * CY_MILLISECOND)) == -ETIMEDOUT;
}

static void
visit_all(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        WORLD_CHECK(visit(&guests[i]) == 0);
    WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
}

static void
leave_all(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        cy_close(&guests[i]);
    WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
}

static void
open_host(cy_task_fn *one, cy_task_fn *two)
{
    world_open(10 * CY_SECOND);
    for (uint32_t i = 0; i < 3; i++) {
        cyi_net_setup_init(&setup[i]);
        world.nodes[i].options.network = i == 0 ? &setup[0].network : NULL;
        world.nodes[i].silent = i != 0;
    }
    world.nodes[0].options.tcp_port = PORT;
    world.nodes[1].extra = one;
    world.nodes[2].extra = two;
}

static void
run_host(void)
{
    world_start(0, 0);
    for (uint32_t i = 1; i < 3; i++) {
        if (world.nodes[i].extra != NULL)
            world_start(i, i);
    }
    world_run();
}

static void
wait_for_host(void)
{
    WORLD_CHECK(cy_sleep(200 * CY_MILLISECOND) == 0);
}

/* Number. */

/* One past the limit is refused, nobody else; a place that is free again is taken again. */
static void
overfill(uint32_t limit)
{
    uint64_t refused = host()->handshakes_refused;
    uint32_t others = pending();
    visit_all(0, limit);
    WORLD_CHECK(pending() == others + limit && host()->handshakes_refused == refused);
    visit_all(limit, limit + 1);
    WORLD_CHECK(pending() == others + limit && host()->handshakes_refused == refused + 1);
    WORLD_CHECK(is_ended(guests[limit], CY_NOW));
    for (uint32_t i = 0; i < limit; i++)
        WORLD_CHECK(is_open(guests[i]));
    leave_all(0, 1);
    WORLD_CHECK(pending() == others + limit - 1);
    visit_all(0, 1);
    WORLD_CHECK(is_open(guests[0]) && host()->handshakes_refused == refused + 1);
    leave_all(0, limit + 1);
    WORLD_CHECK(pending() == others);
}

static int
overfill_source(void *arg)
{
    (void) arg;
    wait_for_host();
    overfill(setup[0].limits.handshakes_source);
    return 0;
}

static void
bears_so_many_silent_connections_from_one_address(void)
{
    open_host(overfill_source, NULL);
    CU_ASSERT_EQUAL(setup[0].limits.handshakes_source, 16);
    run_host();
}

static int
hold_some(void *arg)
{
    cy_socket *held[SOURCE_MAX];
    (void) arg;
    wait_for_host();
    for (int i = 0; i < SOURCE_MAX; i++)
        WORLD_CHECK(visit(&held[i]) == 0);
    WORLD_CHECK(cy_sleep(2 * CY_SECOND) == 0);
    for (int i = 0; i < SOURCE_MAX; i++) {
        WORLD_CHECK(is_open(held[i]));
        cy_close(&held[i]);
    }
    return 0;
}

static int
overfill_rest(void *arg)
{
    (void) arg;
    wait_for_host();
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pending() == SOURCE_MAX);
    overfill(setup[0].limits.handshakes_max - SOURCE_MAX);
    return 0;
}

static void
bears_so_many_silent_connections_in_all(void)
{
    open_host(hold_some, overfill_rest);
    setup[0].limits.handshakes_source = SOURCE_MAX;
    setup[0].limits.handshakes_max = ALL_MAX;
    run_host();
}

static void
has_room_for_one_address_while_another_has_used_up_its_own(void)
{
    open_host(hold_some, overfill_rest);
    setup[0].limits.handshakes_source = SOURCE_MAX;
    setup[0].limits.handshakes_max = 2 * SOURCE_MAX;
    run_host();
}

/* Time. */

static int
be_silent(void *arg)
{
    cy_socket *socket;
    (void) arg;
    wait_for_host();
    WORLD_CHECK(visit(&socket) == 0);
    cy_time begin = cyi_sim_now(world.sim);
    WORLD_CHECK(is_ended(socket, CY_FOREVER));
    cy_time took = cyi_sim_now(world.sim) - begin;
    WORLD_CHECK(took > 4990 * CY_MILLISECOND && took < 5010 * CY_MILLISECOND);
    WORLD_CHECK(host()->bad_handshake == 1 && host()->bad_secret == 0 && pending() == 0);
    cy_close(&socket);
    return 0;
}

static void
closes_a_silent_connection_after_five_seconds(void)
{
    open_host(be_silent, NULL);
    run_host();
}

/* It begins well, and goes on so slowly that it would take for ever. */
static int
drip(void *arg)
{
    cy_socket *socket;
    (void) arg;
    wait_for_host();
    WORLD_CHECK(visit(&socket) == 0);
    cy_time begin = cyi_sim_now(world.sim);
    for (uint32_t i = 0; i < sizeof "CYCO" - 1; i++) {
        WORLD_CHECK(cy_write(socket, &"CYCO"[i], 1, cy_after(CY_SECOND)) == 1);
        WORLD_CHECK(cy_sleep(CY_SECOND) == 0);
    }
    WORLD_CHECK(is_open(socket));
    WORLD_CHECK(is_ended(socket, CY_FOREVER));
    cy_time took = cyi_sim_now(world.sim) - begin;
    WORLD_CHECK(took > 4990 * CY_MILLISECOND && took < 5010 * CY_MILLISECOND);
    cy_close(&socket);
    return 0;
}

static void
gives_no_more_time_to_who_sends_byte_by_byte(void)
{
    open_host(drip, NULL);
    run_host();
}

/* Rubbish. */

static void
talk_rubbish(size_t size, uint8_t first)
{
    static uint8_t rubbish[4096];
    cy_socket *socket;
    uint64_t before = host()->bad_handshake;
    for (size_t i = 0; i < size; i++)
        rubbish[i] = (uint8_t) (first + i);
    WORLD_CHECK(visit(&socket) == 0);
    WORLD_CHECK(cy_write(socket, rubbish, size, cy_after(CY_SECOND)) == (ssize_t) size);
    WORLD_CHECK(is_ended(socket, cy_after(100 * CY_MILLISECOND)));
    WORLD_CHECK(host()->bad_handshake == before + 1 && pending() == 0);
    cy_close(&socket);
}

static int
talk_all_rubbish(void *arg)
{
    cy_socket *socket;
    (void) arg;
    wait_for_host();
    talk_rubbish(16, 1);
    talk_rubbish(200, 'A');
    talk_rubbish(4096, 0);
    /* Who says nothing at all and goes is refused too. */
    WORLD_CHECK(visit(&socket) == 0);
    cy_close(&socket);
    WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
    WORLD_CHECK(host()->bad_handshake == 4 && host()->bad_secret == 0);
    WORLD_CHECK(host()->accepts == 4 && host()->handshakes_refused == 0);
    return 0;
}

static void
closes_and_counts_connections_that_talk_rubbish(void)
{
    open_host(talk_all_rubbish, NULL);
    run_host();
    CU_ASSERT_EQUAL(world.count, 0);
}

/* Secrets. */

static const char *const ours[] = {"our secret"}, *const theirs[] = {"another secret"};
static bool expected, differ; /* both have one, but not the same */

static int
add_host(void *arg)
{
    cy_location location;
    (void) arg;
    wait_for_host();
    WORLD_CHECK(cy_location_resolve(&location, "10.0.0.1", PORT, CY_NOW) == 0);
    int rc = cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND));
    WORLD_CHECK(rc == (expected ? 0 : CY_EAUTH));
    WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
    WORLD_CHECK((host()->bad_handshake == 0) == expected);
    WORLD_CHECK(!differ || host()->bad_secret == host()->bad_handshake);
    WORLD_CHECK(!expected || host()->bad_secret == 0);
    WORLD_CHECK((cy_peer_list(NULL, 0) == 1) == expected);
    WORLD_CHECK(pending() == 0);
    return 0;
}

static void
run_secrets(const char *const *first, const char *const *second)
{
    expected = first == second;
    differ = !expected && first != NULL && second != NULL;
    open_host(add_host, NULL);
    world.nodes[1].options.network = &setup[1].network;
    setup[0].passwords = first;
    setup[0].password_count = first != NULL;
    setup[1].passwords = second;
    setup[1].password_count = second != NULL;
    run_host();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), expected);
}

static bool
is_logged(const char *text)
{
    return memmem(world.log, world.logged, text, strlen(text)) != NULL;
}

static void
is_no_peer_of_a_node_with_another_secret(void)
{
    run_secrets(ours, theirs);
    CU_ASSERT_TRUE(is_logged("net.refused"));
    CU_ASSERT_TRUE(is_logged("error=CY_EAUTH"));
}

static void
is_no_peer_of_a_node_without_a_secret(void)
{
    run_secrets(ours, NULL);
    CU_ASSERT_TRUE(is_logged("error=CY_EOPEN"));
    run_secrets(NULL, theirs);
    CU_ASSERT_TRUE(is_logged("error=CY_ESECRET"));
}

static void
is_a_peer_of_a_node_with_the_same_secret(void)
{
    run_secrets(ours, ours);
    run_secrets(NULL, NULL);
}

/* A good one that came while all places were taken. */

static int
occupy_all(void *arg)
{
    (void) arg;
    wait_for_host();
    visit_all(0, SOURCE_MAX);
    WORLD_CHECK(pending() == SOURCE_MAX);
    WORLD_CHECK(cy_sleep(3 * CY_SECOND) == 0);
    leave_all(0, SOURCE_MAX);
    return 0;
}

static void
start_good_one(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    (void) arg;
    world_start(3, 3);
}

static void
lets_good_ones_in_when_there_is_room_again(void)
{
    open_host(occupy_all, NULL);
    setup[0].limits.handshakes_max = SOURCE_MAX;
    cyi_sim_at(world.sim, CY_SECOND, start_good_one, NULL);
    run_host();
    CU_ASSERT_EQUAL(world_count(0, "n3.0", true), 1);
    CU_ASSERT_EQUAL(world_count(3, "n0.0", true), 1);
}

CY_TEST_MAIN("transport.accept", CY_TEST(bears_so_many_silent_connections_from_one_address),
             CY_TEST(bears_so_many_silent_connections_in_all),
             CY_TEST(has_room_for_one_address_while_another_has_used_up_its_own),
             CY_TEST(closes_a_silent_connection_after_five_seconds),
             CY_TEST(gives_no_more_time_to_who_sends_byte_by_byte),
             CY_TEST(closes_and_counts_connections_that_talk_rubbish),
             CY_TEST(is_no_peer_of_a_node_with_another_secret),
             CY_TEST(is_no_peer_of_a_node_without_a_secret),
             CY_TEST(is_a_peer_of_a_node_with_the_same_secret),
             CY_TEST(lets_good_ones_in_when_there_is_room_again))
