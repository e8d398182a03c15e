#include "cy_test.h"
#include <cycos/impl/os.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct cyi_os *os;
static const struct cyi_socket_ops *ops;

static void
set_up(void)
{
    os = cyi_os_linux();
    ops = os->socket;
}

static struct sockaddr_in
loopback(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A bound socket; its address, with the port it got, goes to *at. */
static int
bound(int type, struct sockaddr_in *at)
{
    set_up();
    *at = loopback();
    socklen_t size = sizeof *at;
    int fd = ops->open(os, AF_INET, type);
    CU_ASSERT_FATAL(fd >= 0);
    CY_OK(ops->bind(os, fd, (struct sockaddr *) at, size));
    CY_OK(ops->local(os, fd, (struct sockaddr *) at, &size));
    return fd;
}

static void
await(int fd, short what)
{
    struct pollfd p = {.fd = fd, .events = what};
    CU_ASSERT_EQUAL(poll(&p, 1, 10000), 1);
}

/* fd[0] is the accepted end. */
static void
connect_pair(int fd[2])
{
    struct sockaddr_in at;
    int listener = bound(SOCK_STREAM, &at);
    CY_OK(ops->listen(os, listener, 8));
    CY_FAILS(ops->accept(os, listener, NULL, NULL), -EAGAIN);
    fd[1] = ops->open(os, AF_INET, SOCK_STREAM);
    int r = ops->connect(os, fd[1], (struct sockaddr *) &at, sizeof at);
    CU_ASSERT(r == 0 || r == -EINPROGRESS);
    await(fd[1], POLLOUT);
    CY_OK(ops->error(os, fd[1]));
    await(listener, POLLIN);
    fd[0] = ops->accept(os, listener, NULL, NULL);
    CU_ASSERT_FATAL(fd[0] >= 0);
    ops->close(os, listener);
}

static void
disconnect(const int fd[2])
{
    ops->close(os, fd[0]);
    ops->close(os, fd[1]);
}

static void
the_monotonic_clock_is_the_systems(void)
{
    set_up();
    struct timespec t;
    cy_time before = os->now(os);
    clock_gettime(CLOCK_MONOTONIC, &t);
    cy_time now = t.tv_sec * CY_SECOND + t.tv_nsec;
    CU_ASSERT(before <= now && now <= os->now(os));
    CU_ASSERT_FALSE(os->simulated);
}

static void
the_calendar_clock_counts_from_1970(void)
{
    set_up();
    time_t before = time(NULL);
    cy_time now = os->realtime(os);
    CU_ASSERT(now / CY_SECOND >= before && now / CY_SECOND <= time(NULL) + 1);
}

static void
random_fills_all_of_a_buffer_and_not_a_byte_more(void)
{
    set_up();
    static uint8_t a[100000], b[100000];
    memset(a, 0, sizeof a);
    os->random(os, a, sizeof a - 1);
    os->random(os, b, sizeof b);
    CU_ASSERT_EQUAL(a[sizeof a - 1], 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    CU_ASSERT(zeros < 1000); /* 391 are to be expected */
    os->random(os, NULL, 0);
}

static void
sockets_do_not_block_and_do_not_survive_exec(void)
{
    int fd[2];
    connect_pair(fd);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(fcntl(fd[i], F_GETFL) & O_NONBLOCK);
        CU_ASSERT(fcntl(fd[i], F_GETFD) & FD_CLOEXEC);
    }
    char c;
    CY_FAILS(ops->read(os, fd[0], &c, 1), -EAGAIN);
    disconnect(fd);
}

static void
writes_one_part_and_many_and_reads_them_in_order(void)
{
    int fd[2];
    char text[16];
    struct iovec parts[3] = {{(char *) "ab", 2}, {NULL, 0}, {(char *) "cde", 3}};
    connect_pair(fd);
    CU_ASSERT_EQUAL(ops->writev(os, fd[1], parts, 3), 5);
    CU_ASSERT_EQUAL(ops->writev(os, fd[1], parts, 1), 2);
    await(fd[0], POLLIN);
    CU_ASSERT_EQUAL(ops->read(os, fd[0], text, sizeof text), 7);
    CU_ASSERT_EQUAL(memcmp(text, "abcdeab", 7), 0);
    disconnect(fd);
}

static void
half_close_reads_as_the_end_and_a_broken_pipe_is_no_signal(void)
{
    int fd[2];
    char c = 0;
    struct iovec parts[2] = {{(char *) "x", 1}, {(char *) "y", 1}};
    connect_pair(fd);
    CY_OK(ops->shutdown_write(os, fd[1]));
    await(fd[0], POLLIN);
    CU_ASSERT_EQUAL(ops->read(os, fd[0], &c, 1), 0);
    CY_FAILS(ops->writev(os, fd[1], parts, 1), -EPIPE);
    CY_FAILS(ops->writev(os, fd[1], parts, 2), -EPIPE);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    sigset_t mask;
    CY_FAILS(ops->send_file(os, fd[1], file, 0, 4096), -EPIPE);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CU_ASSERT_EQUAL(sigismember(&mask, SIGPIPE), 0); /* a child would inherit it */
    sigpending(&mask);
    CU_ASSERT_EQUAL(sigismember(&mask, SIGPIPE), 0);
    close(file);
    CU_ASSERT_EQUAL(ops->writev(os, fd[0], parts, 1), 1);
    await(fd[1], POLLIN);
    CU_ASSERT_EQUAL(ops->read(os, fd[1], &c, 1), 1);
    CU_ASSERT_EQUAL(c, 'x');
    disconnect(fd);
}

static void
a_refused_connection_says_so_once(void)
{
    struct sockaddr_in at;
    int taken = bound(SOCK_STREAM, &at); /* bound, so that nobody listens there */
    int fd = ops->open(os, AF_INET, SOCK_STREAM);
    int r = ops->connect(os, fd, (struct sockaddr *) &at, sizeof at);
    if (r == -EINPROGRESS) {
        await(fd, POLLOUT);
        r = ops->error(os, fd);
    }
    CY_FAILS(r, -ECONNREFUSED);
    CY_OK(ops->error(os, fd));
    CY_FAILS(ops->remote(os, fd, (struct sockaddr *) &at, &(socklen_t){sizeof at}), -ENOTCONN);
    ops->close(os, fd);
    ops->close(os, taken);
}

static void
datagrams_keep_their_size_and_sender(void)
{
    struct sockaddr_in a, b, from;
    socklen_t size = sizeof from;
    char text[4];
    int fa = bound(SOCK_DGRAM, &a), fb = bound(SOCK_DGRAM, &b);
    CY_FAILS(ops->receive_from(os, fb, text, sizeof text, NULL, NULL), -EAGAIN);
    CU_ASSERT_EQUAL(ops->send_to(os, fa, "abcdef", 6, (struct sockaddr *) &b, sizeof b), 6);
    await(fb, POLLIN);
    CU_ASSERT_EQUAL(
        ops->receive_from(os, fb, text, sizeof text, (struct sockaddr *) &from, &size), 6);
    CU_ASSERT_EQUAL(memcmp(text, "abcd", 4), 0);
    CU_ASSERT_EQUAL(from.sin_port, a.sin_port);
    static char huge[70000];
    CY_FAILS(ops->send_to(os, fa, huge, sizeof huge, (struct sockaddr *) &b, sizeof b),
             -EMSGSIZE);
    ops->close(os, fa);
    ops->close(os, fb);
}

static void
both_ends_know_their_addresses_and_options_hold(void)
{
    int fd[2], value = 0;
    struct sockaddr_in local, remote;
    socklen_t size = sizeof local;
    connect_pair(fd);
    CY_OK(ops->local(os, fd[0], (struct sockaddr *) &local, &size));
    CY_OK(ops->remote(os, fd[1], (struct sockaddr *) &remote, &size));
    CU_ASSERT_EQUAL(local.sin_port, remote.sin_port);
    CY_OK(ops->set_option(os, fd[0], IPPROTO_TCP, TCP_NODELAY, 1));
    size = sizeof value;
    getsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &value, &size);
    CU_ASSERT_NOT_EQUAL(value, 0);
    CY_FAILS(ops->set_option(os, fd[0], IPPROTO_TCP, 9999, 1), -ENOPROTOOPT);
    disconnect(fd);
}

static void
failures_are_negative_codes(void)
{
    struct sockaddr_in at;
    int fd = bound(SOCK_STREAM, &at);
    int other = ops->open(os, AF_INET, SOCK_STREAM);
    CY_FAILS(ops->bind(os, other, (struct sockaddr *) &at, sizeof at), -EADDRINUSE);
    CY_FAILS(ops->open(os, 9999, SOCK_STREAM), -EAFNOSUPPORT);
    CY_FAILS(ops->listen(os, -1, 1), -EBADF);
    CY_FAILS(ops->accept(os, -1, NULL, NULL), -EBADF);
    CY_FAILS(ops->error(os, -1), -EBADF);
    CY_FAILS(ops->shutdown_write(os, other), -ENOTCONN);
    ops->close(os, fd);
    ops->close(os, other);
}

static void
the_addresses_of_loopback_are_listed(void)
{
    struct cyi_interface all[64];
    int seen = 0;
    set_up();
    int n = ops->interfaces(os, all, 64);
    CU_ASSERT_FATAL(n > 0 && n <= 64);
    for (int i = 0; i < n; i++) {
        const struct sockaddr_in *v4 = &all[i].address.u.v4;
        CU_ASSERT_TRUE(v4->sin_family == AF_INET || v4->sin_family == AF_INET6);
        CU_ASSERT_NOT_EQUAL(all[i].index, 0);
        if (v4->sin_family != AF_INET || ntohl(v4->sin_addr.s_addr) != INADDR_LOOPBACK)
            continue;
        seen++;
        CU_ASSERT_TRUE(all[i].up && all[i].loopback && all[i].prefix == 8);
        CU_ASSERT_EQUAL(all[i].broadcast.u.any.sa_family, AF_UNSPEC);
        CU_ASSERT_EQUAL(v4->sin_port, 0);
    }
    CU_ASSERT_EQUAL(seen, 1);
    CU_ASSERT_EQUAL(ops->interfaces(os, all, 1), 1);
    CU_ASSERT_EQUAL(ops->interfaces(os, all, 0), 0);
}

static uint32_t
loopback_index(void)
{
    struct cyi_interface all[64];
    int n = ops->interfaces(os, all, 64);
    for (int i = 0; i < n; i++) {
        if (all[i].loopback)
            return all[i].index;
    }
    return 0;
}

static void
a_member_of_a_group_hears_it(void)
{
    struct sockaddr_in at, group = {.sin_family = AF_INET};
    char byte;
    set_up();
    group.sin_addr.s_addr = htonl(0xe0005135);
    struct ip_mreqn by = {.imr_ifindex = (int) loopback_index()};
    int sender = bound(SOCK_DGRAM, &at), member = ops->open(os, AF_INET, SOCK_DGRAM);
    CY_OK(ops->bind(os, member, (struct sockaddr *) &group, sizeof group));
    CY_OK(ops->local(os, member, (struct sockaddr *) &at, &(socklen_t){sizeof at}));
    CY_OK(ops->join(os, member, (struct sockaddr *) &group, loopback_index()));
    CY_FAILS(ops->join(os, member, (struct sockaddr *) &group, loopback_index()), -EADDRINUSE);
    CY_OK(ops->set_option_bytes(os, sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by));
    group.sin_port = at.sin_port;
    CU_ASSERT_EQUAL(ops->send_to(os, sender, "x", 1, (struct sockaddr *) &group, sizeof group),
                    1);
    await(member, POLLIN);
    CU_ASSERT_EQUAL(ops->receive_from(os, member, &byte, 1, NULL, NULL), 1);
    ops->close(os, sender);
    ops->close(os, member);
}

static void
what_is_no_group_cannot_be_joined(void)
{
    struct sockaddr_in at;
    struct sockaddr_in6 single = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = bound(SOCK_DGRAM, &at), fd6 = ops->open(os, AF_INET6, SOCK_DGRAM);
    CY_FAILS(ops->join(os, fd, (struct sockaddr *) &at, 0), -EINVAL);
    CY_FAILS(ops->join(os, fd6, (struct sockaddr *) &single, 0), -EINVAL);
    at.sin_family = AF_UNIX;
    CY_FAILS(ops->join(os, fd, (struct sockaddr *) &at, 0), -EAFNOSUPPORT);
    CY_FAILS(ops->set_option_bytes(os, -1, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int)),
             -EBADF);
    ops->close(os, fd);
    ops->close(os, fd6);
}

CY_TEST_MAIN("runtime.os_linux", CY_TEST(the_monotonic_clock_is_the_systems),
             CY_TEST(the_calendar_clock_counts_from_1970),
             CY_TEST(random_fills_all_of_a_buffer_and_not_a_byte_more),
             CY_TEST(sockets_do_not_block_and_do_not_survive_exec),
             CY_TEST(writes_one_part_and_many_and_reads_them_in_order),
             CY_TEST(half_close_reads_as_the_end_and_a_broken_pipe_is_no_signal),
             CY_TEST(a_refused_connection_says_so_once),
             CY_TEST(datagrams_keep_their_size_and_sender),
             CY_TEST(both_ends_know_their_addresses_and_options_hold),
             CY_TEST(failures_are_negative_codes),
             CY_TEST(the_addresses_of_loopback_are_listed),
             CY_TEST(a_member_of_a_group_hears_it), CY_TEST(what_is_no_group_cannot_be_joined))
