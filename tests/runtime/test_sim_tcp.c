#include "simulated.h"

/* A connection from host 1 to host 0. */
struct pair {
    struct cyi_os *server, *client;
    int listener, accepted, connected;
};

static struct pair
connect_pair(void)
{
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
    close_world();
}

static ssize_t
get(struct cyi_os *os, int fd, char *buffer, size_t size)
{
    return os->socket->read(os, fd, buffer, size);
}

static void
bytes_arrive_in_order_after_a_while(void)
{
    char buffer[16];
    open_world(NULL);
    struct pair p = connect_pair();
    CY_FAILS(get(p.server, p.accepted, buffer, 16), -EAGAIN);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "hello "), 6);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "world"), 5);
    CY_FAILS(get(p.server, p.accepted, buffer, 16), -EAGAIN);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 8);
    CU_ASSERT_EQUAL(memcmp(buffer, "hello wo", 8), 0);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 16), 3);
    CU_ASSERT_EQUAL(memcmp(buffer, "rld", 3), 0);
    CY_FAILS(get(p.server, p.accepted, buffer, 16), -EAGAIN);
    close_pair(&p);
}

static void
both_ends_know_both_names(void)
{
    struct sockaddr_in local, remote;
    socklen_t size = sizeof local;
    open_world(NULL);
    struct pair p = connect_pair();
    CY_OK(p.client->socket->local(p.client, p.connected, (struct sockaddr *) &local, &size));
    size = sizeof remote;
    CY_OK(p.server->socket->remote(p.server, p.accepted, (struct sockaddr *) &remote, &size));
    CU_ASSERT_EQUAL(memcmp(&local, &remote, sizeof local), 0);
    CU_ASSERT_EQUAL(ntohl(local.sin_addr.s_addr), 0x0a000002);
    CU_ASSERT_TRUE(ntohs(local.sin_port) >= 32768);
    size = sizeof local;
    CY_OK(p.server->socket->local(p.server, p.accepted, (struct sockaddr *) &local, &size));
    CU_ASSERT_EQUAL(ntohl(local.sin_addr.s_addr), 0x0a000001);
    CY_FAILS(p.server->socket->remote(p.server, p.listener, (struct sockaddr *) &local, &size),
             -ENOTCONN);
    close_pair(&p);
}

static void
a_full_buffer_takes_a_part_and_then_nothing(void)
{
    static const struct cyi_sim_options tiny = {.buffer_max = 1};
    char buffer[4];
    open_world(&tiny);
    struct pair p = connect_pair();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abc"), 1);
    CY_FAILS(put(p.client, p.connected, "bc"), -EAGAIN);
    settle();
    CY_FAILS(put(p.client, p.connected, "bc"), -EAGAIN);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 4), 1);
    CY_FAILS(put(p.client, p.connected, "bc"), -EAGAIN);
    settle();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "bc"), 1);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 4), 1);
    CU_ASSERT_EQUAL(buffer[0], 'b');
    close_pair(&p);
}

static void
segments_arrive_one_by_one(void)
{
    static const struct cyi_sim_options cut = {.segment_max = 1};
    char buffer[8];
    int times = 0;
    open_world(&cut);
    struct pair p = connect_pair();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abc"), 3);
    for (size_t got = 0; got < 3 && times < 10;) {
        sim->now = cyi_sim_event_next(sim);
        cyi_sim_events_run(sim);
        ssize_t n = get(p.server, p.accepted, buffer + got, 8);
        if (n > 0) {
            got += (size_t) n;
            times++;
        }
    }
    CU_ASSERT_TRUE(times >= 2);
    CU_ASSERT_EQUAL(memcmp(buffer, "abc", 3), 0);
    close_pair(&p);
}

static void
after_the_last_byte_comes_the_end(void)
{
    char buffer[8];
    open_world(NULL);
    struct pair p = connect_pair();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "bye"), 3);
    CY_OK(p.client->socket->shutdown_write(p.client, p.connected));
    CY_OK(p.client->socket->shutdown_write(p.client, p.connected));
    CY_FAILS(put(p.client, p.connected, "x"), -EPIPE);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 3);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 0);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 0);
    /* The other direction goes on. */
    CU_ASSERT_EQUAL(put(p.server, p.accepted, "yes"), 3);
    settle();
    CU_ASSERT_EQUAL(get(p.client, p.connected, buffer, 8), 3);
    close_pair(&p);
}

static void
closing_with_bytes_unread_resets(void)
{
    char buffer[8];
    open_world(NULL);
    struct pair p = connect_pair();
    CU_ASSERT_EQUAL(put(p.server, p.accepted, "first"), 5);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "unread"), 6);
    settle();
    shut(p.server, p.accepted);
    p.accepted = -1;
    settle();
    /* What came before the reset is still there; then the error, once. */
    CU_ASSERT_EQUAL(get(p.client, p.connected, buffer, 8), 5);
    CY_FAILS(get(p.client, p.connected, buffer, 8), -ECONNRESET);
    CU_ASSERT_EQUAL(get(p.client, p.connected, buffer, 8), 0);
    CY_FAILS(put(p.client, p.connected, "x"), -EPIPE);
    close_pair(&p);
}

static void
writing_to_who_has_closed_is_answered_by_a_reset(void)
{
    char buffer[8];
    open_world(NULL);
    struct pair p = connect_pair();
    shut(p.server, p.accepted);
    p.accepted = -1;
    settle();
    CU_ASSERT_EQUAL(get(p.client, p.connected, buffer, 8), 0);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "x"), 1);
    settle();
    CY_FAILS(put(p.client, p.connected, "y"), -ECONNRESET);
    CY_FAILS(put(p.client, p.connected, "y"), -EPIPE);
    close_pair(&p);
}

static void
nobody_listening_is_a_refusal(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = stream(os);
    CY_FAILS(connect_v4(os, fd, "127.0.0.1", 80), -EINPROGRESS);
    CY_FAILS(connect_v4(os, fd, "127.0.0.1", 80), -EALREADY);
    CY_FAILS(put(os, fd, "x"), -EAGAIN);
    settle();
    CY_FAILS(os->socket->error(os, fd), -ECONNREFUSED);
    CY_OK(os->socket->error(os, fd));
    shut(os, fd);
    fd = stream(os);
    CY_FAILS(connect_v4(os, fd, "10.9.9.9", 80), -ENETUNREACH);
    shut(os, fd);
    settle();
    close_world();
}

static void
a_full_queue_lets_the_caller_wait_and_give_up(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int listener = stream(os), first = stream(os), second = stream(os);
    CY_OK(bind_v4(os, listener, "127.0.0.1", 80));
    CY_OK(os->socket->listen(os, listener, 1));
    CY_FAILS(connect_v4(os, first, "127.0.0.1", 80), -EINPROGRESS);
    settle();
    CY_FAILS(connect_v4(os, second, "127.0.0.1", 80), -EINPROGRESS);
    cy_time before = sim->now;
    settle();
    CU_ASSERT_TRUE(sim->now - before > 10 * CY_SECOND);
    CY_FAILS(os->socket->error(os, second), -ETIMEDOUT);
    CY_OK(os->socket->error(os, first));
    /* The listener goes, and with it who was not accepted. */
    shut(os, listener);
    settle();
    CY_FAILS(os->socket->error(os, first), -ECONNRESET);
    shut(os, first);
    shut(os, second);
    settle();
    close_world();
}

static void
readiness_is_told_once_per_change(void)
{
    struct cyi_reactor *reactor;
    struct cyi_ready ready[4];
    char buffer[8];
    open_world(NULL);
    struct pair p = connect_pair();
    const struct cyi_reactor_ops *ops = p.server->reactor;
    CY_OK(ops->open(p.server, &reactor));
    CY_OK(ops->add(reactor, p.accepted, &p));
    CY_FAILS(ops->add(reactor, p.accepted, &p), -EEXIST);
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 1);
    CU_ASSERT_EQUAL(ready[0].what, CYI_WRITABLE);
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 0);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abc"), 3);
    settle();
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 1);
    CU_ASSERT_EQUAL(ready[0].what, CYI_READABLE | CYI_WRITABLE);
    CU_ASSERT_PTR_EQUAL(ready[0].token, &p);
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 0);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 3);
    shut(p.client, p.connected);
    p.connected = -1;
    settle();
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 1);
    CU_ASSERT_EQUAL(ready[0].what, CYI_READABLE | CYI_WRITABLE | CYI_HANGUP);
    ops->remove(reactor, p.accepted);
    CU_ASSERT_EQUAL(put(p.server, p.accepted, "x"), 1);
    settle();
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 0);
    ops->close(reactor);
    close_pair(&p);
}

static void
room_is_told_to_who_found_none(void)
{
    static const struct cyi_sim_options tiny = {.buffer_max = 1};
    struct cyi_reactor *reactor;
    struct cyi_ready ready[4];
    char buffer[8];
    open_world(&tiny);
    struct pair p = connect_pair();
    const struct cyi_reactor_ops *ops = p.client->reactor;
    CY_OK(ops->open(p.client, &reactor));
    CY_OK(ops->add(reactor, p.connected, &p));
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 1);
    CU_ASSERT_EQUAL(put(p.client, p.connected, "ab"), 1);
    CY_FAILS(put(p.client, p.connected, "b"), -EAGAIN);
    settle();
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 0);
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 1);
    settle();
    CU_ASSERT_EQUAL(ops->wait(reactor, ready, 4, 0), 1);
    CU_ASSERT_EQUAL(ready[0].what, CYI_WRITABLE);
    shut(p.client, p.connected);
    p.connected = -1;
    ops->close(reactor);
    close_pair(&p);
}

static void
a_broken_network_breaks_both_ends(void)
{
    static const struct cyi_sim_options broken = {.reset_chance = CYI_SIM_CERTAIN};
    char buffer[8];
    open_world(&broken);
    struct pair p = connect_pair();
    CU_ASSERT_EQUAL(put(p.client, p.connected, "abc"), 3);
    settle();
    CU_ASSERT_EQUAL(get(p.server, p.accepted, buffer, 8), 3);
    CY_FAILS(get(p.server, p.accepted, buffer, 8), -ECONNRESET);
    CY_FAILS(put(p.client, p.connected, "x"), -ECONNRESET);
    CU_ASSERT_EQUAL(sim->counters.resets, 2);
    close_pair(&p);
}

CY_TEST_MAIN("runtime.sim_tcp", CY_TEST(bytes_arrive_in_order_after_a_while),
             CY_TEST(both_ends_know_both_names),
             CY_TEST(a_full_buffer_takes_a_part_and_then_nothing),
             CY_TEST(segments_arrive_one_by_one), CY_TEST(after_the_last_byte_comes_the_end),
             CY_TEST(closing_with_bytes_unread_resets),
             CY_TEST(writing_to_who_has_closed_is_answered_by_a_reset),
             CY_TEST(nobody_listening_is_a_refusal),
             CY_TEST(a_full_queue_lets_the_caller_wait_and_give_up),
             CY_TEST(readiness_is_told_once_per_change),
             CY_TEST(room_is_told_to_who_found_none),
             CY_TEST(a_broken_network_breaks_both_ends))
