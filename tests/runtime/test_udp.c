#include "loopback.h"
#include <errno.h>

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

CY_TEST_MAIN("runtime.udp",
             CY_TEST(a_datagram_arrives_with_its_senders_address_over_ipv4_and_ipv6),
             CY_TEST(tells_what_was_cut_off_takes_the_empty_and_the_largest),
             CY_TEST(all_datagrams_behind_one_event_are_read),
             CY_TEST(failures_are_told_and_leave_nothing),
             CY_TEST(one_task_receives_until_it_is_terminated_or_the_socket_closed))
