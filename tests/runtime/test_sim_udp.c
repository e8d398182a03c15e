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

/* A socket on the shared port, as every node has one. */
static int
shared_socket(struct cyi_os *os, const char *address)
{
    int fd = os->socket->open(os, AF_INET, SOCK_DGRAM);
    CY_OK(os->socket->set_option(os, fd, SOL_SOCKET, SO_REUSEPORT, 1));
    CY_OK(os->socket->set_option(os, fd, SOL_SOCKET, SO_BROADCAST, 1));
    CY_OK(bind_v4(os, fd, address, 5000));
    return fd;
}

static int
count(struct cyi_os *os, int fd)
{
    char buffer[4];
    int n = 0;
    while (os->socket->receive_from(os, fd, buffer, 4, NULL, NULL) >= 0)
        n++;
    return n;
}

static void
a_broadcast_reaches_every_wildcard_of_the_network(void)
{
    static const char *const where[] = {"255.255.255.255", "10.0.0.255"};
    open_world(NULL);
    cyi_sim_addresses(sim, 3, CYI_SIM_V6);
    int a = shared_socket(host(0), "0.0.0.0"), b = shared_socket(host(0), "0.0.0.0"),
        c = shared_socket(host(1), "0.0.0.0"), own = shared_socket(host(1), "10.0.0.2"),
        exact = shared_socket(host(2), "10.0.0.255"), off = shared_socket(host(3), "0.0.0.0");
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(send_text(host(0), a, "x", where[i], 5000), 1);
        settle();
        CU_ASSERT_EQUAL(count(host(0), a), 1); /* the sender hears it too */
        CU_ASSERT_EQUAL(count(host(0), b), 1);
        CU_ASSERT_EQUAL(count(host(1), c), 1);
        CU_ASSERT_EQUAL(count(host(1), own), 0);
        CU_ASSERT_EQUAL(count(host(2), exact), i);
        CU_ASSERT_EQUAL(count(host(3), off), 0);
        CY_FAILS(send_text(host(3), off, "x", where[i], 5000), -ENETUNREACH);
    }
    shut(host(0), a);
    shut(host(0), b);
    shut(host(1), c);
    shut(host(1), own);
    shut(host(2), exact);
    shut(host(3), off);
    close_world();
}

static void
a_broadcast_on_loopback_stays_within_the_host(void)
{
    char buffer[4];
    struct sockaddr_in from;
    open_world(NULL);
    cyi_sim_addresses(sim, 0, 0);
    int a = shared_socket(host(0), "0.0.0.0"), b = shared_socket(host(0), "0.0.0.0"),
        c = shared_socket(host(1), "0.0.0.0");
    CU_ASSERT_EQUAL(send_text(host(0), a, "x", "127.255.255.255", 5000), 1);
    settle();
    CU_ASSERT_EQUAL(count(host(0), a), 1);
    CU_ASSERT_EQUAL(receive(host(0), b, buffer, 4, &from), 1);
    CU_ASSERT_EQUAL(ntohl(from.sin_addr.s_addr), INADDR_LOOPBACK);
    CU_ASSERT_EQUAL(count(host(1), c), 0);
    shut(host(0), a);
    shut(host(0), b);
    shut(host(1), c);
    close_world();
}

static void
who_may_not_broadcast_is_told(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = datagram_socket(os, "0.0.0.0", 0), bound = datagram_socket(os, "127.0.0.1", 0);
    CY_FAILS(send_text(os, fd, "x", "255.255.255.255", 5000), -EACCES);
    CY_FAILS(send_text(os, fd, "x", "10.0.0.255", 5000), -EACCES);
    CY_FAILS(send_text(os, fd, "x", "127.255.255.255", 5000), -EACCES);
    /* Loopback cannot be where a packet on the network comes from. */
    CY_FAILS(send_text(os, bound, "x", "10.0.0.2", 5000), -EINVAL);
    shut(os, fd);
    shut(os, bound);
    close_world();
}

/* The kernel hashes both names: a sender stays with its socket, and each socket has some. */
static void
those_who_share_a_port_share_the_senders(void)
{
    enum { SHARERS = 3, SENDERS = 40 };
    int fd[SHARERS], senders[SHARERS] = {0};
    open_world(NULL);
    for (int i = 0; i < SHARERS; i++)
        fd[i] = shared_socket(host(0), "0.0.0.0");
    for (int i = 0; i < SENDERS; i++) {
        int from = datagram_socket(host(1), "0.0.0.0", 0), total = 0;
        for (int j = 0; j < 3; j++)
            CU_ASSERT_EQUAL(send_text(host(1), from, "x", "10.0.0.1", 5000), 1);
        settle();
        for (int j = 0; j < SHARERS; j++) {
            int n = count(host(0), fd[j]);
            CU_ASSERT_TRUE(n == 0 || n == 3);
            senders[j] += n != 0;
            total += n;
        }
        CU_ASSERT_EQUAL(total, 3);
        shut(host(1), from);
    }
    for (int i = 0; i < SHARERS; i++) {
        CU_ASSERT_TRUE(senders[i] > 0);
        shut(host(0), fd[i]);
    }
    close_world();
}

static int
group_socket(struct cyi_os *os, const char *group, uint32_t interface, int expected)
{
    struct sockaddr_in6 any = v6("::", 5000), to = v6(group, 0);
    int fd = os->socket->open(os, AF_INET6, SOCK_DGRAM);
    CY_OK(os->socket->set_option(os, fd, SOL_SOCKET, SO_REUSEPORT, 1));
    CY_OK(os->socket->bind(os, fd, (struct sockaddr *) &any, sizeof any));
    CY_FAILS(os->socket->join(os, fd, (struct sockaddr *) &to, interface), expected);
    return fd;
}

static void
a_group_hears_what_is_sent_to_it(void)
{
    struct sockaddr_in6 group = v6("ff02::5135", 5000), from;
    struct sockaddr *to = (struct sockaddr *) &group;
    socklen_t size = sizeof from;
    char byte;
    open_world(NULL);
    cyi_sim_addresses(sim, 2, CYI_SIM_V4);
    int a = group_socket(host(0), "ff02::5135", 2, 0),
        b = group_socket(host(1), "ff02::5135", 0, 0),
        other = group_socket(host(1), "ff02::1", 2, 0),
        within = group_socket(host(1), "ff02::5135", 1, 0),
        off = group_socket(host(2), "ff02::5135", 0, -ENODEV);
    CU_ASSERT_EQUAL(host(0)->socket->send_to(host(0), a, "x", 1, to, sizeof group), 1);
    settle();
    CU_ASSERT_EQUAL(count(host(0), a), 1);
    CU_ASSERT_EQUAL(count(host(1), other), 0);
    CU_ASSERT_EQUAL(count(host(1), within), 0);
    CU_ASSERT_EQUAL(
        host(1)->socket->receive_from(host(1), b, &byte, 1, (struct sockaddr *) &from, &size),
        1);
    CU_ASSERT_EQUAL(from.sin6_addr.s6_addr[0], 0xfd);
    CU_ASSERT_EQUAL(from.sin6_addr.s6_addr[15], 1);
    CY_FAILS(host(2)->socket->send_to(host(2), off, "x", 1, to, sizeof group), -ENETUNREACH);
    shut(host(0), a);
    shut(host(1), b);
    shut(host(1), other);
    shut(host(1), within);
    shut(host(2), off);
    close_world();
}

static int
leave_by(struct cyi_os *os, int fd, int interface)
{
    return os->socket->set_option(os, fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface);
}

static void
groups_and_interfaces_that_do_not_exist_are_refused(void)
{
    struct sockaddr_in6 group = v6("ff02::5135", 5000), single = v6("fd00::1", 0);
    struct sockaddr *to = (struct sockaddr *) &group;
    struct ip_mreqn lo = {.imr_ifindex = 1}, none = {.imr_ifindex = 3};
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = group_socket(os, "ff02::5135", 2, 0), v4 = datagram_socket(os, "0.0.0.0", 0);
    CY_FAILS(os->socket->join(os, fd, to, 2), -EADDRINUSE);
    CY_FAILS(os->socket->join(os, fd, to, 3), -ENODEV);
    CY_FAILS(os->socket->join(os, fd, (struct sockaddr *) &single, 2), -EINVAL);
    CY_FAILS(os->socket->join(os, v4, to, 2), -EAFNOSUPPORT);
    CY_FAILS(os->socket->join(os, -1, to, 2), -EBADF);
    for (int i = 1; i < SIM_GROUPS; i++) {
        group.sin6_addr.s6_addr[15]++;
        CY_OK(os->socket->join(os, fd, to, 2));
    }
    group.sin6_addr.s6_addr[15]++;
    CY_FAILS(os->socket->join(os, fd, to, 2), -ENOBUFS);
    CY_FAILS(leave_by(os, fd, 3), -ENODEV);
    CY_OK(leave_by(os, fd, 1));
    CY_FAILS(os->socket->send_to(os, fd, "x", 1, to, sizeof group), -ENETUNREACH);
    CY_OK(leave_by(os, fd, 2));
    CU_ASSERT_EQUAL(os->socket->send_to(os, fd, "x", 1, to, sizeof group), 1);
    const struct cyi_socket_ops *ops = os->socket;
    CY_OK(ops->set_option_bytes(os, v4, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo));
    CY_FAILS(send_text(os, v4, "x", "224.0.0.9", 5000), -ENETUNREACH);
    CY_FAILS(ops->set_option_bytes(os, v4, IPPROTO_IP, IP_MULTICAST_IF, &none, sizeof none),
             -ENODEV);
    CY_OK(ops->set_option_bytes(os, v4, IPPROTO_TCP, 13, "reno", 4));
    CY_FAILS(ops->set_option_bytes(os, -1, IPPROTO_TCP, 13, "reno", 4), -EBADF);
    shut(os, fd);
    shut(os, v4);
    close_world();
}

static void
datagrams_get_lost_where_the_way_is_blocked(void)
{
    open_world(NULL);
    int a = shared_socket(host(0), "0.0.0.0"), b = shared_socket(host(1), "0.0.0.0"),
        c = shared_socket(host(2), "0.0.0.0");
    cyi_sim_block(sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
    CU_ASSERT_EQUAL(send_text(host(0), a, "x", "10.0.0.2", 5000), 1);
    CU_ASSERT_EQUAL(send_text(host(1), b, "x", "10.0.0.1", 5000), 1);
    settle();
    CU_ASSERT_EQUAL(count(host(0), a), 1);
    CU_ASSERT_EQUAL(count(host(1), b), 0);
    CU_ASSERT_EQUAL(send_text(host(0), a, "x", "10.0.0.255", 5000), 1);
    settle();
    CU_ASSERT_EQUAL(count(host(0), a), 1);
    CU_ASSERT_EQUAL(count(host(1), b), 0);
    CU_ASSERT_EQUAL(count(host(2), c), 1);
    shut(host(0), a);
    shut(host(1), b);
    shut(host(2), c);
    close_world();
}

CY_TEST_MAIN("runtime.sim_udp", CY_TEST(a_datagram_comes_whole_with_its_sender),
             CY_TEST(lost_datagrams_are_counted), CY_TEST(doubled_datagrams_come_twice),
             CY_TEST(a_full_queue_drops), CY_TEST(what_cannot_be_sent_is_an_error),
             CY_TEST(what_is_under_way_at_the_end_is_freed),
             CY_TEST(a_broadcast_reaches_every_wildcard_of_the_network),
             CY_TEST(a_broadcast_on_loopback_stays_within_the_host),
             CY_TEST(who_may_not_broadcast_is_told),
             CY_TEST(those_who_share_a_port_share_the_senders),
             CY_TEST(a_group_hears_what_is_sent_to_it),
             CY_TEST(groups_and_interfaces_that_do_not_exist_are_refused),
             CY_TEST(datagrams_get_lost_where_the_way_is_blocked))
