#include "loopback.h"
#include <errno.h>
#include <net/if.h>

/* A datagram socket and its address. */
static int
open_on(cy_socket **out, cy_address *at, const char *host)
{
    *at = any_port(host);
    int r = cy_udp_open(out, at, NULL);
    return r < 0 ? r : cy_socket_local(at, *out);
}

static int
exchange(const char *host)
{
    cy_socket *a, *b;
    cy_address at_a, at_b, from = {0};
    char text[16];
    CHECK(open_on(&a, &at_a, host) == 0 && open_on(&b, &at_b, host) == 0);
    CHECK(cy_send_to(a, "hello", 5, &at_b) == 5);
    CHECK(cy_receive_from(b, text, sizeof text, &from, SOON) == 5);
    CHECK(memcmp(text, "hello", 5) == 0 && same_address(&from, &at_a));
    CHECK(cy_send_to(b, "back", 4, &from) == 4);
    CHECK(cy_receive_from(a, text, sizeof text, NULL, SOON) == 4);
    cy_close(&a);
    cy_close(&b);
    return 0;
}

static int
exchange_over_both(void *arg)
{
    (void) arg;
    CHECK(exchange("127.0.0.1") == 0);
    CHECK(exchange("::1") == 0);
    return 0;
}

static void
a_datagram_arrives_with_its_senders_address_over_ipv4_and_ipv6(void)
{
    run(exchange_over_both);
}

static int
send_odd_sizes(void *arg)
{
    static char large[65508];
    cy_socket *a;
    cy_address at;
    char text[4] = "";
    (void) arg;
    CHECK(open_on(&a, &at, "127.0.0.1") == 0);
    CHECK(cy_send_to(a, "abcdef", 6, &at) == 6);
    CHECK(cy_receive_from(a, text, 3, NULL, SOON) == 6 && strcmp(text, "abc") == 0);
    CHECK(cy_send_to(a, "", 0, &at) == 0);
    CHECK(cy_receive_from(a, text, sizeof text, NULL, SOON) == 0);
    CHECK(cy_send_to(a, large, 65507, &at) == 65507); /* what fits into one IPv4 packet */
    CHECK(cy_receive_from(a, large, sizeof large, NULL, SOON) == 65507);
    CHECK(cy_send_to(a, large, 65508, &at) == -EMSGSIZE);
    cy_close(&a);
    return 0;
}

static void
tells_what_was_cut_off_takes_the_empty_and_the_largest(void)
{
    run(send_odd_sizes);
}

enum { BURST = 50 };

static int
receive_a_burst(void *arg)
{
    cy_socket *a;
    cy_address at;
    int number;
    (void) arg;
    CHECK(open_on(&a, &at, "127.0.0.1") == 0);
    for (int i = 0; i < BURST; i++)
        CHECK(cy_send_to(a, &i, sizeof i, &at) == sizeof i);
    for (int i = 0; i < BURST; i++)
        CHECK(cy_receive_from(a, &number, 16, NULL, SOON) == sizeof i && number == i);
    CHECK(cy_receive_from(a, &number, sizeof number, NULL, CY_NOW) == -ETIMEDOUT);
    CHECK(cy_receive_from(a, &number, sizeof number, NULL, cy_after(CY_MILLISECOND)) ==
          -ETIMEDOUT);
    cy_close(&a);
    return 0;
}

static void
all_datagrams_behind_one_event_are_read(void)
{
    run(receive_a_burst);
}

static int
fail_to_send(void *arg)
{
    cy_socket *a, *b = NULL;
    cy_address at, bad;
    (void) arg;
    CHECK(open_on(&a, &at, "127.0.0.1") == 0);
    CHECK(cy_udp_open(&b, &at, NULL) == -EADDRINUSE);
    bad = any_port("192.0.2.1");
    CHECK(cy_udp_open(&b, &bad, NULL) == -EADDRNOTAVAIL && b == NULL);
    CHECK(cy_address_parse(&bad, "255.255.255.255:9", 0) == 0);
    CHECK(cy_send_to(a, "x", 1, &bad) == -EACCES);
    bad.u.any.sa_family = AF_UNIX;
    CHECK(cy_udp_open(&b, &bad, NULL) == -EAFNOSUPPORT && b == NULL);
    cy_close(&a);
    CHECK(cyi_io_count(cyi_self) == 0);
    return 0;
}

static void
failures_are_told_and_leave_nothing(void)
{
    run(fail_to_send);
}

static int refusal; /* what the fake call returns */

static ssize_t
refuse_to_send(struct cyi_os *os, int fd, const void *buffer, size_t size,
               const struct sockaddr *to, socklen_t to_size)
{
    (void) os, (void) fd, (void) buffer, (void) size, (void) to, (void) to_size;
    return refusal;
}

static int
send_in_vain(void *arg)
{
    static const int reasons[] = {-EAGAIN, -ENETUNREACH, -EHOSTUNREACH, -EPERM, -ENOBUFS};
    cy_socket *a;
    cy_address at;
    (void) arg;
    CHECK(open_on(&a, &at, "127.0.0.1") == 0);
    use_fake_calls()->send_to = refuse_to_send;
    for (int i = 0; i < 5; i++) {
        refusal = reasons[i];
        CHECK(cy_send_to(a, "x", 1, &at) == refusal);
    }
    use_real_calls();
    CHECK(cy_send_to(a, "x", 1, &at) == 1);
    cy_close(&a);
    return 0;
}

static void
each_reason_not_to_send_is_told(void)
{
    run(send_in_vain);
}

static int
receive_in_vain(void *socket)
{
    char c;
    return (int) cy_receive_from(socket, &c, 1, NULL, SOON);
}

static int
disturb_a_receiver(void *arg)
{
    cy_socket *a;
    cy_address at;
    cy_ref task;
    char c;
    (void) arg;
    CHECK(open_on(&a, &at, "127.0.0.1") == 0);
    CHECK(cy_task_spawn(&task, receive_in_vain, a, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_receive_from(a, &c, 1, NULL, SOON) == -EBUSY);
    CHECK(cy_terminate(task) == 0 && join_code(task) == -ECANCELED);
    CHECK(cy_task_spawn(&task, receive_in_vain, a, &joinable) == 0);
    CHECK(cy_yield() == 0);
    cy_close(&a);
    CHECK(join_code(task) == -EBADF);
    return 0;
}

static void
one_task_receives_until_it_is_terminated_or_the_socket_closed(void)
{
    run(disturb_a_receiver);
}

/* Several sockets on one free port. */
static int
open_shared(cy_socket **out, int count, cy_address *at, const char *host)
{
    static const struct cy_udp_options shared = {.reuse_port = true, .broadcast = true};
    *at = any_port(host);
    for (int i = 0; i < count; i++) {
        int r = cy_udp_open(&out[i], at, &shared);
        if (r == 0)
            r = cy_socket_local(at, out[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int
share_a_port(void *arg)
{
    cy_socket *all[3], *other = NULL;
    cy_address at;
    char byte;
    int heard = 0;
    (void) arg;
    CHECK(open_shared(all, 3, &at, "0.0.0.0") == 0);
    CHECK(cy_udp_open(&other, &at, NULL) == -EADDRINUSE);
    CHECK(cy_udp_open(&other, &at, &(struct cy_udp_options){.broadcast = true}) == -EADDRINUSE);
    at.u.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(cy_send_to(all[0], "x", 1, &at) == 1);
    at.u.v4.sin_addr.s_addr = htonl(0x7fffffff);
    CHECK(cy_send_to(all[0], "y", 1, &at) == 1);
    for (int i = 0; i < 3; i++) {
        /* To one of them alone, and before the other: */
        CHECK(cy_receive_from(all[i], &byte, 1, NULL, SOON) == 1);
        if (byte == 'x') {
            heard++;
            CHECK(cy_receive_from(all[i], &byte, 1, NULL, SOON) == 1);
        }
        CHECK(byte == 'y');
    }
    CHECK(heard == 1);
    for (int i = 0; i < 3; i++)
        cy_close(&all[i]);
    return 0;
}

static void
those_who_share_a_port_all_hear_a_broadcast_and_one_hears_the_rest(void)
{
    run(share_a_port);
}

/* Bound to both families or to IPv6 alone, where IPv4 has the port too. */
static int
bind_both(void *arg)
{
    cy_socket *both, *v6, *v4;
    cy_address at = any_port("::"), at4 = any_port("0.0.0.0");
    (void) arg;
    CHECK(cy_udp_open(&both, &at, NULL) == 0 && cy_socket_local(&at, both) == 0);
    at4.u.v4.sin_port = at.u.v6.sin6_port;
    CHECK(cy_udp_open(&v4, &at4, NULL) == -EADDRINUSE);
    cy_close(&both);
    CHECK(cy_udp_open(&v6, &at, &(struct cy_udp_options){.v6_only = true}) == 0);
    CHECK(cy_udp_open(&v4, &at4, NULL) == 0);
    cy_close(&v4);
    cy_close(&v6);
    return 0;
}

static void
version_6_alone_leaves_the_port_of_version_4(void)
{
    run(bind_both);
}

static int
join_a_group(void *arg)
{
    cy_socket *socket;
    cy_address at, group = any_port("224.0.81.53"), group6 = any_port("ff02::5135");
    char byte;
    (void) arg;
    uint32_t lo = if_nametoindex("lo");
    CHECK(open_shared(&socket, 1, &at, "0.0.0.0") == 0);
    group.u.v4.sin_port = at.u.v4.sin_port;
    CHECK(cyi_udp_join(socket, &group, lo) == 0);
    CHECK(cyi_udp_join(socket, &at, lo) == -EINVAL);
    CHECK(cyi_udp_multicast_interface(socket, lo) == 0);
    CHECK(cyi_udp_multicast_interface(socket, 0x7fffffff) == -EADDRNOTAVAIL);
    CHECK(cy_send_to(socket, "x", 1, &group) == 1);
    CHECK(cy_receive_from(socket, &byte, 1, NULL, SOON) == 1 && byte == 'x');
    cy_close(&socket);
    CHECK(open_shared(&socket, 1, &at, "::") == 0);
    CHECK(cyi_udp_join(socket, &group6, lo) == 0);
    CHECK(cyi_udp_multicast_interface(socket, lo) == 0);
    CHECK(cyi_udp_multicast_interface(socket, 0x7fffffff) == -ENODEV);
    cy_close(&socket);
    return 0;
}

static void
a_group_is_joined_on_an_interface(void)
{
    run(join_a_group);
}

CY_TEST_MAIN("runtime.udp",
             CY_TEST(a_datagram_arrives_with_its_senders_address_over_ipv4_and_ipv6),
             CY_TEST(tells_what_was_cut_off_takes_the_empty_and_the_largest),
             CY_TEST(all_datagrams_behind_one_event_are_read),
             CY_TEST(failures_are_told_and_leave_nothing),
             CY_TEST(each_reason_not_to_send_is_told),
             CY_TEST(one_task_receives_until_it_is_terminated_or_the_socket_closed),
             CY_TEST(those_who_share_a_port_all_hear_a_broadcast_and_one_hears_the_rest),
             CY_TEST(version_6_alone_leaves_the_port_of_version_4),
             CY_TEST(a_group_is_joined_on_an_interface))
