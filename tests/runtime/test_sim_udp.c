#include "simulated.h"

static int
datagram_socket(struct cyi_os *os, const char *address, uint16_t port)
{
    int fd = os->socket->open(os, AF_INET, SOCK_DGRAM);
    CU_ASSERT_TRUE(fd >= 0);
    CY_OK(bind_v4(os, fd, address, port));
    return fd;
}

static ssize_t
send_text(struct cyi_os *os, int fd, const char *text, const char *address, uint16_t port)
{
    struct sockaddr_in to = v4(address, port);
    return os->socket->send_to(os, fd, text, strlen(text), (struct sockaddr *) &to, sizeof to);
}

static ssize_t
receive(struct cyi_os *os, int fd, char *buffer, size_t size, struct sockaddr_in *from)
{
    socklen_t from_size = sizeof *from;
    return os->socket->receive_from(os, fd, buffer, size, (struct sockaddr *) from, &from_size);
}

static void
a_datagram_comes_whole_with_its_sender(void)
{
    char buffer[4];
    struct sockaddr_in from;
    open_world(NULL);
    struct cyi_os *a = host(0), *b = host(1);
    int fa = datagram_socket(a, "0.0.0.0", 0), fb = datagram_socket(b, "10.0.0.2", 5000);
    CY_FAILS(receive(b, fb, buffer, 4, &from), -EAGAIN);
    CU_ASSERT_EQUAL(send_text(a, fa, "hello", "10.0.0.2", 5000), 5);
    CU_ASSERT_EQUAL(send_text(a, fa, "", "10.0.0.2", 5000), 0);
    settle();
    /* They may have overtaken each other; the size is told although the buffer is small. */
    ssize_t first = receive(b, fb, buffer, 4, &from);
    CU_ASSERT_EQUAL(ntohl(from.sin_addr.s_addr), 0x0a000001);
    CU_ASSERT_EQUAL(ntohs(from.sin_port), port_of(a, fa));
    ssize_t second = receive(b, fb, buffer, 4, &from);
    CU_ASSERT_TRUE((first == 5 && second == 0) || (first == 0 && second == 5));
    CU_ASSERT_EQUAL(memcmp(buffer, "hell", 4), 0);
    shut(a, fa);
    shut(b, fb);
    close_world();
}

static void
lost_datagrams_are_counted(void)
{
    static const struct cyi_sim_options lossy = {.loss_chance = CYI_SIM_CERTAIN};
    char buffer[4];
    struct sockaddr_in from;
    open_world(&lossy);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "127.0.0.1", 5000);
    CU_ASSERT_EQUAL(send_text(os, fd, "x", "127.0.0.1", 5000), 1);
    settle();
    CY_FAILS(receive(os, fd, buffer, 4, &from), -EAGAIN);
    CU_ASSERT_EQUAL(sim->counters.lost, 1);
    shut(os, fd);
    close_world();
}

static void
doubled_datagrams_come_twice(void)
{
    static const struct cyi_sim_options doubling = {.duplicate_chance = CYI_SIM_CERTAIN};
    char buffer[4];
    struct sockaddr_in from;
    open_world(&doubling);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "127.0.0.1", 5000);
    CU_ASSERT_EQUAL(send_text(os, fd, "x", "127.0.0.1", 5000), 1);
    settle();
    CU_ASSERT_EQUAL(receive(os, fd, buffer, 4, &from), 1);
    CU_ASSERT_EQUAL(receive(os, fd, buffer, 4, &from), 1);
    CY_FAILS(receive(os, fd, buffer, 4, &from), -EAGAIN);
    shut(os, fd);
    close_world();
}

static void
a_full_queue_drops(void)
{
    static char large[60000];
    struct sockaddr_in from;
    char buffer[4];
    int came = 0;
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "127.0.0.1", 5000);
    memset(large, 'x', sizeof large - 1);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(send_text(os, fd, large, "127.0.0.1", 5000), sizeof large - 1);
    settle();
    while (receive(os, fd, buffer, 4, &from) > 0)
        came++;
    CU_ASSERT_EQUAL(came, 3);
    CU_ASSERT_EQUAL(sim->counters.lost, 2);
    shut(os, fd);
    close_world();
}

static void
what_cannot_be_sent_is_an_error(void)
{
    static char huge[65600];
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "127.0.0.1", 5000);
    struct sockaddr_in to = v4("127.0.0.1", 5000);
    const struct sockaddr *at = (const struct sockaddr *) &to;
    CU_ASSERT_EQUAL(os->socket->send_to(os, fd, huge, 65507, at, sizeof to), 65507);
    CY_FAILS(os->socket->send_to(os, fd, huge, 65508, at, sizeof to), -EMSGSIZE);
    CY_FAILS(send_text(os, fd, "x", "192.168.1.1", 5000), -ENETUNREACH);
    CY_FAILS(os->socket->listen(os, fd, 1), -EOPNOTSUPP);
    shut(os, fd);
    close_world();
}

static void
what_is_under_way_at_the_end_is_freed(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "127.0.0.1", 5000);
    CU_ASSERT_EQUAL(send_text(os, fd, "x", "127.0.0.1", 5000), 1);
    settle();
    CU_ASSERT_EQUAL(send_text(os, fd, "y", "127.0.0.1", 5000), 1);
    shut(os, fd);
    close_world();
}

CY_TEST_MAIN("runtime.sim_udp", CY_TEST(a_datagram_comes_whole_with_its_sender),
             CY_TEST(lost_datagrams_are_counted), CY_TEST(doubled_datagrams_come_twice),
             CY_TEST(a_full_queue_drops), CY_TEST(what_cannot_be_sent_is_an_error),
             CY_TEST(what_is_under_way_at_the_end_is_freed))
