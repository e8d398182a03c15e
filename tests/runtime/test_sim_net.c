#include "simulated.h"

static void
events_happen_in_the_order_of_time_and_making(void)
{
    struct sockaddr_in to = v4("127.0.0.1", 5000);
    static const struct cyi_sim_options instant = {.latency_ns_max = 1};
    char buffer[4];
    open_world(&instant);
    struct cyi_os *os = host(0);
    int fd = os->socket->open(os, AF_INET, SOCK_DGRAM);
    CY_OK(bind_v4(os, fd, "127.0.0.1", 5000));
    for (char c = 0; c < 100; c++)
        CU_ASSERT_EQUAL(os->socket->send_to(os, fd, &c, 1, (struct sockaddr *) &to, sizeof to),
                        1);
    settle();
    for (char c = 0; c < 100; c++) {
        CU_ASSERT_EQUAL(os->socket->receive_from(os, fd, buffer, 4, NULL, NULL), 1);
        CU_ASSERT_EQUAL(buffer[0], c);
    }
    shut(os, fd);
    close_world();
}

static void
a_port_belongs_to_one_unless_all_share(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0), *other = host(1);
    int a = stream(os), b = stream(os), c = stream(other);
    CY_OK(bind_v4(os, a, "0.0.0.0", 80));
    CY_FAILS(bind_v4(os, a, "0.0.0.0", 81), -EINVAL);
    CY_FAILS(bind_v4(os, b, "127.0.0.1", 80), -EADDRINUSE);
    CY_OK(bind_v4(other, c, "0.0.0.0", 80));
    CY_OK(bind_v4(os, b, "127.0.0.1", 0));
    CU_ASSERT_TRUE(port_of(os, b) >= 32768);
    shut(os, a);
    a = stream(os);
    int d = stream(os), e = stream(os);
    CY_OK(os->socket->set_option(os, a, SOL_SOCKET, SO_REUSEPORT, 1));
    CY_OK(os->socket->set_option(os, d, SOL_SOCKET, SO_REUSEPORT, 1));
    CY_OK(bind_v4(os, a, "0.0.0.0", 80));
    CY_OK(bind_v4(os, d, "0.0.0.0", 80));
    CY_FAILS(bind_v4(os, e, "0.0.0.0", 80), -EADDRINUSE);
    shut(os, a);
    shut(os, b);
    shut(other, c);
    shut(os, d);
    shut(os, e);
    close_world();
}

static void
reuse_of_an_address_does_not_let_two_listen(void)
{
    open_world(NULL);
    struct cyi_os *os = host(0);
    int a = stream(os), b = stream(os);
    CY_OK(os->socket->set_option(os, a, SOL_SOCKET, SO_REUSEADDR, 1));
    CY_OK(os->socket->set_option(os, b, SOL_SOCKET, SO_REUSEADDR, 1));
    CY_OK(bind_v4(os, a, "0.0.0.0", 80));
    CY_OK(bind_v4(os, b, "0.0.0.0", 80));
    CY_OK(os->socket->listen(os, a, 1));
    CY_FAILS(os->socket->listen(os, b, 1), -EADDRINUSE);
    CY_FAILS(os->socket->listen(os, a, 1), -EINVAL);
    shut(os, a);
    CY_OK(os->socket->listen(os, b, 1));
    shut(os, b);
    close_world();
}

static void
those_who_share_a_port_share_the_callers(void)
{
    int listeners[3], callers[60], accepted[3] = {0};
    open_world(NULL);
    struct cyi_os *os = host(0);
    for (int i = 0; i < 3; i++) {
        listeners[i] = stream(os);
        CY_OK(os->socket->set_option(os, listeners[i], SOL_SOCKET, SO_REUSEPORT, 1));
        CY_OK(bind_v4(os, listeners[i], "0.0.0.0", 80));
        CY_OK(os->socket->listen(os, listeners[i], 100));
    }
    for (int i = 0; i < 60; i++) {
        callers[i] = stream(os);
        CY_FAILS(connect_v4(os, callers[i], "127.0.0.1", 80), -EINPROGRESS);
    }
    settle();
    for (int i = 0; i < 3; i++) {
        int fd;
        while ((fd = os->socket->accept(os, listeners[i], NULL, NULL)) >= 0) {
            accepted[i]++;
            shut(os, fd);
        }
        CY_FAILS(fd, -EAGAIN);
        CU_ASSERT_TRUE(accepted[i] > 0);
        shut(os, listeners[i]);
    }
    CU_ASSERT_EQUAL(accepted[0] + accepted[1] + accepted[2], 60);
    for (int i = 0; i < 60; i++)
        shut(os, callers[i]);
    settle();
    close_world();
}

static void
only_own_addresses_can_be_bound(void)
{
    open_world(NULL);
    struct cyi_os *os = host(2);
    int fd = stream(os);
    struct sockaddr_in6 in6 = v6("::1", 80);
    CY_FAILS(bind_v4(os, fd, "10.0.0.1", 80), -EADDRNOTAVAIL);
    CY_FAILS(bind_v4(os, fd, "8.8.8.8", 80), -EADDRNOTAVAIL);
    CY_FAILS(os->socket->bind(os, fd, (struct sockaddr *) &in6, sizeof in6), -EAFNOSUPPORT);
    CY_FAILS(os->socket->bind(os, fd, (struct sockaddr *) &in6, 3), -EINVAL);
    CY_OK(bind_v4(os, fd, "10.0.0.3", 80));
    shut(os, fd);
    CY_FAILS(os->socket->open(os, AF_UNIX, SOCK_STREAM), -EAFNOSUPPORT);
    close_world();
}

/* The wildcard address of IPv6 serves IPv4 too, unless it is told not to. */
static void
version_6_takes_version_4_along(void)
{
    for (int only = 0; only < 2; only++) {
        open_world(NULL);
        struct cyi_os *os = host(0);
        int listener = os->socket->open(os, AF_INET6, SOCK_STREAM), caller = stream(os);
        struct sockaddr_in6 any = v6("::", 80), from;
        socklen_t size = sizeof from;
        CY_OK(os->socket->set_option(os, listener, IPPROTO_IPV6, IPV6_V6ONLY, only));
        CY_OK(os->socket->bind(os, listener, (struct sockaddr *) &any, sizeof any));
        CY_OK(os->socket->listen(os, listener, 1));
        CY_FAILS(connect_v4(os, caller, "127.0.0.1", 80), -EINPROGRESS);
        settle();
        int fd = os->socket->accept(os, listener, (struct sockaddr *) &from, &size);
        CU_ASSERT_EQUAL(os->socket->error(os, caller), only ? -ECONNREFUSED : 0);
        CU_ASSERT_EQUAL(fd >= 0, !only);
        if (fd >= 0) {
            CU_ASSERT_EQUAL(from.sin6_family, AF_INET6);
            CU_ASSERT_TRUE(IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
            shut(os, fd);
        }
        shut(os, listener);
        shut(os, caller);
        settle();
        close_world();
    }
}

static void
descriptors_run_out_by_chance(void)
{
    static const struct cyi_sim_options scarce = {.no_socket_chance = CYI_SIM_CERTAIN};
    open_world(&scarce);
    struct cyi_os *os = host(0);
    CY_FAILS(os->socket->open(os, AF_INET, SOCK_STREAM), -EMFILE);
    close_world();
}

static void
a_closed_descriptor_is_a_bad_one(void)
{
    char byte;
    open_world(NULL);
    struct cyi_os *os = host(0);
    int fd = stream(os);
    CY_FAILS(os->socket->read(os, fd, &byte, 1), -ENOTCONN);
    CY_FAILS(os->socket->shutdown_write(os, fd), -ENOTCONN);
    CY_FAILS(os->socket->accept(os, fd, NULL, NULL), -EINVAL);
    shut(os, fd);
    shut(os, fd);
    CY_FAILS(os->socket->read(os, fd, &byte, 1), -EBADF);
    CY_FAILS(put(os, fd, "x"), -EBADF);
    CY_FAILS(bind_v4(os, fd, "0.0.0.0", 1), -EBADF);
    CY_FAILS(connect_v4(os, 3, "0.0.0.0", 1), -EBADF);
    CY_FAILS(os->socket->error(os, fd), -EBADF);
    close_world();
}

static void
each_host_lists_its_addresses(void)
{
    static const struct {
        uint32_t kinds;
        int count;
    } cases[] = {{CYI_SIM_V4 | CYI_SIM_V6, 4}, {CYI_SIM_V4, 3}, {CYI_SIM_V6, 3}, {0, 2}};
    char text[CY_ADDRESS_TEXT_MAX];
    struct cyi_interface all[5];
    open_world(NULL);
    struct cyi_os *os = host(4);
    for (int i = 0; i < 4; i++) {
        cyi_sim_addresses(sim, 4, cases[i].kinds);
        CU_ASSERT_EQUAL(os->socket->interfaces(os, all, 5), cases[i].count);
        CU_ASSERT_TRUE(all[0].loopback && all[1].loopback && all[0].up);
        CU_ASSERT_TRUE(all[0].prefix == 8 && all[1].prefix == 128);
        CU_ASSERT_EQUAL(os->socket->interfaces(os, all, 1), 1);
    }
    cyi_sim_addresses(sim, 4, cases[0].kinds);
    CU_ASSERT_EQUAL(os->socket->interfaces(os, all, 4), 4);
    cy_address_format(text, sizeof text, &all[2].address);
    CU_ASSERT_STRING_EQUAL(text, "10.0.0.5:0");
    cy_address_format(text, sizeof text, &all[2].broadcast);
    CU_ASSERT_STRING_EQUAL(text, "10.0.0.255:0");
    cy_address_format(text, sizeof text, &all[3].address);
    CU_ASSERT_STRING_EQUAL(text, "[fd00::5]:0");
    CU_ASSERT_EQUAL(all[3].broadcast.u.any.sa_family, AF_UNSPEC);
    CU_ASSERT_TRUE(all[2].index == CYI_SIM_INTERFACE && all[2].prefix == 24);
    CU_ASSERT_TRUE(all[3].multicast && !all[3].loopback && !all[0].multicast);
    close_world();
}

static int
connect_v6(struct cyi_os *os, int fd, const char *address, uint16_t port)
{
    struct sockaddr_in6 in6 = v6(address, port);
    return os->socket->connect(os, fd, (struct sockaddr *) &in6, sizeof in6);
}

static void
hosts_meet_by_the_addresses_that_both_have(void)
{
    struct sockaddr_in6 any = v6("::", 80), from;
    socklen_t size = sizeof from;
    open_world(NULL);
    cyi_sim_addresses(sim, 0, CYI_SIM_V6);
    struct cyi_os *os = host(0), *other = host(1);
    int listener = os->socket->open(os, AF_INET6, SOCK_STREAM), v4 = stream(other),
        caller = other->socket->open(other, AF_INET6, SOCK_STREAM);
    CY_OK(os->socket->bind(os, listener, (struct sockaddr *) &any, sizeof any));
    CY_OK(os->socket->listen(os, listener, 1));
    CY_FAILS(connect_v4(other, v4, "10.0.0.1", 80), -ENETUNREACH);
    CY_FAILS(connect_v6(other, caller, "fd00::1", 80), -EINPROGRESS);
    settle();
    int fd = os->socket->accept(os, listener, (struct sockaddr *) &from, &size);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(from.sin6_addr.s6_addr[0], 0xfd);
    CU_ASSERT_EQUAL(from.sin6_addr.s6_addr[15], 2);
    shut(other, v4);
    v4 = stream(os);
    CY_FAILS(connect_v4(os, v4, "10.0.0.2", 80), -ENETUNREACH);
    CY_FAILS(bind_v4(os, v4, "10.0.0.1", 80), -EADDRNOTAVAIL);
    CY_FAILS(bind_v4(os, v4, "10.0.0.255", 80), -EADDRNOTAVAIL);
    CY_FAILS(connect_v4(os, v4, "127.255.255.255", 80), -ENETUNREACH);
    shut(os, fd);
    shut(os, v4);
    shut(os, listener);
    shut(other, caller);
    settle();
    close_world();
}

enum { THOUSANDS = 3000 };

/* Each has its number and its port; closed ones give theirs back, the lowest goes first. */
static void
thousands_of_sockets_have_their_numbers_and_ports(void)
{
    static int fd[THOUSANDS];
    static bool taken[65536];
    open_world(NULL);
    struct cyi_os *os = host(0);
    memset(taken, 0, sizeof taken);
    for (int i = 0; i < THOUSANDS; i++) {
        fd[i] = stream(os);
        CU_ASSERT_EQUAL(fd[i], fd[0] + i);
        CY_OK(bind_v4(os, fd[i], "0.0.0.0", 0));
        CU_ASSERT_FALSE(taken[port_of(os, fd[i])]);
        taken[port_of(os, fd[i])] = true;
    }
    shut(os, fd[100]);
    shut(os, fd[10]);
    CU_ASSERT_EQUAL(stream(os), fd[10]);
    CU_ASSERT_EQUAL(stream(os), fd[100]);
    for (int i = 0; i < THOUSANDS; i++)
        shut(os, fd[i]);
    close_world();
}

CY_TEST_MAIN("runtime.sim_net", CY_TEST(events_happen_in_the_order_of_time_and_making),
             CY_TEST(a_port_belongs_to_one_unless_all_share),
             CY_TEST(reuse_of_an_address_does_not_let_two_listen),
             CY_TEST(those_who_share_a_port_share_the_callers),
             CY_TEST(only_own_addresses_can_be_bound), CY_TEST(version_6_takes_version_4_along),
             CY_TEST(descriptors_run_out_by_chance), CY_TEST(a_closed_descriptor_is_a_bad_one),
             CY_TEST(thousands_of_sockets_have_their_numbers_and_ports),
             CY_TEST(each_host_lists_its_addresses),
             CY_TEST(hosts_meet_by_the_addresses_that_both_have))
