#include "simulated.h"

/* A connection from host 1 to host 0. */
struct pair {
    struct cyi_os *server, *client;
    int listener, accepted, connected;
};

static struct pair
open_pair(const struct cyi_sim_options *options)
{
    open_world(options);
    struct pair p = {.server = host(0), .client = host(1)};
    p.listener = listen_on(p.server, "0.0.0.0", 80);
    p.connected = stream(p.client);
    CY_FAILS(connect_v4(p.client, p.connected, "10.0.0.1", 80), -EINPROGRESS);
    settle();
    p.accepted = p.server->socket->accept(p.server, p.listener, NULL, NULL);
    CU_ASSERT_TRUE(p.accepted >= 0);
    return p;
}

static void
close_pair(const struct pair *p)
{
    shut(p->server, p->listener);
    shut(p->server, p->accepted);
    shut(p->client, p->connected);
    settle();
    CU_ASSERT_TRUE(cyi_list_empty(&sim->links));
    close_world();
}

static ssize_t
get(struct cyi_os *os, int fd, char *buffer, size_t size)
{
    return os->socket->read(os, fd, buffer, size);
}

static uint64_t
only(uint32_t index)
{
    return CYI_SIM_ONLY(index);
}

static void
bytes_wait_for_a_partition_to_heal(void)
{
    char text[16];
    struct pair p = open_pair(NULL);
    cyi_sim_partition(sim, only(0), only(1));
    CU_ASSERT_EQUAL(put(p.client, p.connected, "one "), 4);
    settle_for(CY_SECOND);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "two"), 3);
    settle_for(10 * CY_SECOND);
    CY_FAILS(get(p.server, p.accepted, text, sizeof text), -EAGAIN);
    cyi_sim_heal(sim);
    settle_for(20 * CY_SECOND);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, sizeof text), 7);
    CU_ASSERT_EQUAL(memcmp(text, "one two", 7), 0);
    close_pair(&p);
}

static void
a_healed_way_is_tried_after_a_while_as_tcp_does(void)
{
    char text[16];
    struct pair p = open_pair(NULL);
    cyi_sim_partition(sim, only(0), only(1));
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle_for(CY_MILLISECOND);
    cyi_sim_heal(sim);
    settle_for(150 * CY_MILLISECOND);
    CY_FAILS(get(p.server, p.accepted, text, sizeof text), -EAGAIN);
    /* What comes later does not overtake it. */
    CU_ASSERT_EQUAL(put(p.client, p.connected, "y"), 1);
    settle_for(10 * CY_MILLISECOND);
    CY_FAILS(get(p.server, p.accepted, text, sizeof text), -EAGAIN);
    settle_for(50 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, sizeof text), 2);
    CU_ASSERT_EQUAL(memcmp(text, "xy", 2), 0);
    close_pair(&p);
}

static void
one_way_can_be_blocked_alone(void)
{
    char text[16];
    struct pair p = open_pair(NULL);
    cyi_sim_block(sim, only(1), only(0));
    CU_ASSERT_EQUAL(put(p.client, p.connected, "lost"), 4);
    CU_ASSERT_EQUAL(put(p.server, p.accepted, "got"), 3);
    settle_for(CY_SECOND);
    CY_FAILS(get(p.server, p.accepted, text, sizeof text), -EAGAIN);
    CU_ASSERT_EQUAL(get(p.client, p.connected, text, sizeof text), 3);
    cyi_sim_unblock(sim, only(1), only(0));
    settle_for(CY_SECOND);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, sizeof text), 4);
    close_pair(&p);
}

static void
a_host_always_reaches_itself(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int listener = listen_on(os, "0.0.0.0", 80), fd = stream(os);
    cyi_sim_partition(sim, CYI_SIM_ALL, CYI_SIM_ALL);
    CY_FAILS(connect_v4(os, fd, "10.0.0.1", 80), -EINPROGRESS);
    settle_for(CY_MILLISECOND);
    int accepted = os->socket->accept(os, listener, NULL, NULL);
    CU_ASSERT_TRUE(accepted >= 0);
    shut(os, accepted);
    shut(os, fd);
    shut(os, listener);
    close_world();
}

/* The kernel asks after 1, 3, 7... 63 seconds and stops at 127. */
static void
a_connect_into_a_partition_times_out(void)
{
    open_world(NULL);
    struct cyi_os *os = host(1);
    int listener = listen_on(host(0), "0.0.0.0", 80), fd = stream(os);
    cyi_sim_partition(sim, only(0), only(1));
    CY_FAILS(connect_v4(os, fd, "10.0.0.1", 80), -EINPROGRESS);
    settle_for(126 * CY_SECOND);
    CY_OK(os->socket->error(os, fd));
    settle_for(2 * CY_SECOND);
    CY_FAILS(os->socket->error(os, fd), -ETIMEDOUT);
    shut(os, fd);
    shut(host(0), listener);
    close_world();
}

static void
a_connect_succeeds_when_the_partition_heals_in_time(void)
{
    open_world(NULL);
    struct cyi_os *os = host(1);
    int listener = listen_on(host(0), "0.0.0.0", 80), fd = stream(os);
    cyi_sim_partition(sim, only(0), only(1));
    CY_FAILS(connect_v4(os, fd, "10.0.0.1", 80), -EINPROGRESS);
    settle_for(2 * CY_SECOND);
    cyi_sim_heal(sim);
    settle_for(2 * CY_SECOND);
    int accepted = host(0)->socket->accept(host(0), listener, NULL, NULL);
    CU_ASSERT_TRUE(accepted >= 0);
    CU_ASSERT_EQUAL(put(os, fd, "x"), 1);
    shut(os, fd);
    shut(host(0), accepted);
    shut(host(0), listener);
    settle();
    close_world();
}

static void
who_has_sent_gives_up_after_a_quarter_of_an_hour_and_who_has_not_never(void)
{
    char text[4];
    struct pair p = open_pair(NULL);
    cyi_sim_partition(sim, only(0), only(1));
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle_for(15 * CY_MINUTE);
    CY_FAILS(get(p.client, p.connected, text, 4), -EAGAIN);
    settle_for(5 * CY_MINUTE);
    CY_FAILS(get(p.client, p.connected, text, 4), -ETIMEDOUT);
    settle_for(CY_HOUR);
    cyi_sim_heal(sim);
    CY_FAILS(get(p.server, p.accepted, text, 4), -EAGAIN);
    close_pair(&p);
}

static void
a_world_may_end_with_a_partition(void)
{
    struct pair p = open_pair(NULL);
    cyi_sim_partition(sim, only(0), only(1));
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle_for(CY_SECOND);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "y"), 1);
    shut(p.server, p.listener);
    shut(p.server, p.accepted);
    shut(p.client, p.connected);
    close_world();
}

static void
a_reset_is_lost_in_a_partition_and_comes_in_answer_to_a_byte(void)
{
    char text[4];
    struct pair p = open_pair(NULL);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle();
    cyi_sim_partition(sim, only(0), only(1));
    shut(p.server, p.accepted); /* with a byte unread: a reset */
    settle_for(CY_MINUTE);
    cyi_sim_heal(sim);
    settle_for(CY_HOUR);
    CY_FAILS(get(p.client, p.connected, text, 4), -EAGAIN);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "y"), 1);
    settle();
    CY_FAILS(get(p.client, p.connected, text, 4), -ECONNRESET);
    shut(p.client, p.connected);
    shut(p.server, p.listener);
    settle();
    close_world();
}

static void
a_flap_resets_the_connections_between_two_sets(void)
{
    char text[4];
    struct pair p = open_pair(NULL);
    CU_ASSERT_EQUAL(cyi_sim_reset(sim, only(1), only(2)), 0);
    CU_ASSERT_EQUAL(cyi_sim_reset(sim, only(1), CYI_SIM_ALL), 1);
    CU_ASSERT_EQUAL(cyi_sim_reset(sim, only(1), CYI_SIM_ALL), 0);
    CY_FAILS(get(p.client, p.connected, text, 4), -ECONNRESET);
    CY_FAILS(get(p.server, p.accepted, text, 4), -ECONNRESET);
    close_pair(&p);
}

static void
a_half_open_connection_shows_when_it_is_used(void)
{
    char text[4];
    struct pair p = open_pair(NULL);
    CU_ASSERT_EQUAL(cyi_sim_half_open(sim, only(2), CYI_SIM_ALL), 0);
    CU_ASSERT_EQUAL(cyi_sim_half_open(sim, only(0), only(1)), 1);
    CU_ASSERT_EQUAL(cyi_sim_half_open(sim, only(0), only(1)), 0);
    CY_FAILS(get(p.server, p.accepted, text, 4), -ECONNRESET);
    settle_for(CY_HOUR);
    CY_FAILS(get(p.client, p.connected, text, 4), -EAGAIN);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle();
    CY_FAILS(get(p.client, p.connected, text, 4), -ECONNRESET);
    close_pair(&p);
}

/* For each byte of three writes: so many come, in whatever segments, and no more. */
static void
a_connection_is_cut_after_each_number_of_bytes(void)
{
    static const struct cyi_sim_options small = {.segment_max = 4};
    for (uint64_t bytes = 0; bytes <= 12; bytes++) {
        char text[16];
        struct pair p = open_pair(bytes % 2 == 0 ? NULL : &small);
        cyi_sim_cut_after(sim, 1, 0, bytes);
        for (int i = 0; i < 3; i++)
            CU_ASSERT_EQUAL(put(p.client, p.connected, "abcd"), 4);
        CU_ASSERT_EQUAL(put(p.server, p.accepted, "back"), 4);
        settle();
        ssize_t came = get(p.server, p.accepted, text, sizeof text);
        CU_ASSERT_EQUAL(came, bytes == 0 ? -ECONNRESET : (ssize_t) bytes);
        CU_ASSERT_EQUAL(memcmp(text, "abcdabcdabcd", bytes), 0);
        if (bytes != 0)
            CY_FAILS(get(p.server, p.accepted, text, sizeof text), -ECONNRESET);
        CU_ASSERT_EQUAL(get(p.client, p.connected, text, 4), 4);
        CY_FAILS(get(p.client, p.connected, text, 4), -ECONNRESET);
        close_pair(&p);
    }
}

static void
a_cut_that_is_not_reached_does_nothing_and_can_be_called_off(void)
{
    char text[16];
    struct pair p = open_pair(NULL);
    cyi_sim_cut_after(sim, 1, 0, 5);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abcd"), 4);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, sizeof text), 4);
    cyi_sim_cut_after(sim, 1, 0, CYI_SIM_NEVER);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "efgh"), 4);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, sizeof text), 4);
    CY_FAILS(get(p.server, p.accepted, text, sizeof text), -EAGAIN);
    close_pair(&p);
}

static void
a_delay_comes_on_top_of_the_latency(void)
{
    char text[4];
    struct pair p = open_pair(NULL);
    cyi_sim_delay(sim, only(0), only(1), CY_SECOND);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle_for(999 * CY_MILLISECOND);
    CY_FAILS(get(p.server, p.accepted, text, 4), -EAGAIN);
    settle_for(2 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, 4), 1);
    close_pair(&p);
}

static void
a_slow_reader_has_a_small_buffer(void)
{
    char text[16];
    open_world(NULL);
    cyi_sim_buffer(sim, only(0), 3);
    struct pair p = {.server = host(0), .client = host(1)};
    p.listener = listen_on(p.server, "0.0.0.0", 80);
    p.connected = stream(p.client);
    CY_FAILS(connect_v4(p.client, p.connected, "10.0.0.1", 80), -EINPROGRESS);
    settle();
    p.accepted = p.server->socket->accept(p.server, p.listener, NULL, NULL);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abcdef"), 3);
    CY_FAILS(put(p.client, p.connected, "def"), -EAGAIN);
    settle();
    CY_FAILS(put(p.client, p.connected, "def"), -EAGAIN);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, text, 16), 3);
    settle();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "def"), 3);
    CU_ASSERT_EQUAL(put(p.server, p.accepted, "abcdef"), 6);
    close_pair(&p);
}

static void
the_calendar_of_a_host_can_be_set(void)
{
    open_world(NULL);
    cy_time real = host(0)->realtime(host(0)), mono = host(0)->now(host(0));
    cyi_sim_clock_jump(sim, 0, -CY_HOUR);
    CU_ASSERT_TRUE(host(0)->realtime(host(0)) == real - CY_HOUR);
    CU_ASSERT_TRUE(host(0)->now(host(0)) == mono);
    CU_ASSERT_TRUE(host(1)->realtime(host(1)) == real);
    close_world();
}

CY_TEST_MAIN("runtime.sim_fault", CY_TEST(bytes_wait_for_a_partition_to_heal),
             CY_TEST(a_healed_way_is_tried_after_a_while_as_tcp_does),
             CY_TEST(one_way_can_be_blocked_alone), CY_TEST(a_host_always_reaches_itself),
             CY_TEST(a_connect_into_a_partition_times_out),
             CY_TEST(a_connect_succeeds_when_the_partition_heals_in_time),
             CY_TEST(who_has_sent_gives_up_after_a_quarter_of_an_hour_and_who_has_not_never),
             CY_TEST(a_world_may_end_with_a_partition),
             CY_TEST(a_reset_is_lost_in_a_partition_and_comes_in_answer_to_a_byte),
             CY_TEST(a_flap_resets_the_connections_between_two_sets),
             CY_TEST(a_half_open_connection_shows_when_it_is_used),
             CY_TEST(a_connection_is_cut_after_each_number_of_bytes),
             CY_TEST(a_cut_that_is_not_reached_does_nothing_and_can_be_called_off),
             CY_TEST(a_delay_comes_on_top_of_the_latency),
             CY_TEST(a_slow_reader_has_a_small_buffer),
             CY_TEST(the_calendar_of_a_host_can_be_set))
