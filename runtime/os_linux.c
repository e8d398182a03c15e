/* os_linux.c - the real world behind the os seam: clocks, random bytes and sockets of Linux. */
#include "os_file.h"
#include "reactor_epoll.h"
#include <cycos/base.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

/* What a system call gave, with the reason in place of the -1. */
static inline int
result(int n)
{
    return n >= 0 ? n : -errno;
}

static inline ssize_t
length(ssize_t n)
{
    return n >= 0 ? n : -errno;
}

static cy_time
clock_read(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t); /* through the vDSO; fails only for a clock that does not exist */
    return (cy_time) t.tv_sec * CY_SECOND + t.tv_nsec;
}

static cy_time
now(struct cyi_os *os)
{
    (void) os;
    return clock_read(CLOCK_MONOTONIC);
}

static cy_time
realtime(struct cyi_os *os)
{
    (void) os;
    return clock_read(CLOCK_REALTIME);
}

/* A program that goes on with bytes that are not random is worse than one that stops. */
static void
random_fill(struct cyi_os *os, void *buffer, size_t size)
{
    (void) os;
    uint8_t *at = buffer;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        CY_ASSERT(n > 0 || errno == EINTR);
        if (n > 0) {
            at += n;
            size -= (size_t) n;
        }
    }
}

static int
socket_open(struct cyi_os *os, int family, int type)
{
    (void) os;
    return result(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/* No retry on EINTR: Linux has freed the number by then, and somebody else may have it. */
static void
socket_close(struct cyi_os *os, int fd)
{
    (void) os;
    close(fd);
}

static int
socket_bind(struct cyi_os *os, int fd, const struct sockaddr *at, socklen_t size)
{
    (void) os;
    return result(bind(fd, at, size));
}

static int
socket_listen(struct cyi_os *os, int fd, int backlog)
{
    (void) os;
    return result(listen(fd, backlog));
}

static int
socket_accept(struct cyi_os *os, int fd, struct sockaddr *from, socklen_t *size)
{
    (void) os;
    return result(accept4(fd, from, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static int
socket_connect(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size)
{
    (void) os;
    return result(connect(fd, to, size));
}

/* recv() and send(), not read() and write(): they skip the layers that only files need. */
static ssize_t
socket_read(struct cyi_os *os, int fd, void *buffer, size_t size)
{
    (void) os;
    return length(recv(fd, buffer, size, 0));
}

static ssize_t
socket_writev(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    (void) os;
    if (count == 1)
        return length(send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL));
    struct msghdr message = {.msg_iov = (struct iovec *) parts, .msg_iovlen = (size_t) count};
    return length(sendmsg(fd, &message, MSG_NOSIGNAL));
}

/* MSG_TRUNC: the whole size of a datagram that was cut off, so that the caller can tell. */
static ssize_t
socket_receive_from(struct cyi_os *os, int fd, void *buffer, size_t size, struct sockaddr *from,
                    socklen_t *from_size)
{
    (void) os;
    return length(recvfrom(fd, buffer, size, MSG_TRUNC, from, from_size));
}

static ssize_t
socket_send_to(struct cyi_os *os, int fd, const void *buffer, size_t size,
               const struct sockaddr *to, socklen_t to_size)
{
    (void) os;
    return length(sendto(fd, buffer, size, MSG_NOSIGNAL, to, to_size));
}

/*
 * sendfile() has no flag against SIGPIPE. It is held back for the call, and taken when it came;
 * not for good, because what a task starts would inherit that.
 */
static ssize_t
socket_send_file(struct cyi_os *os, int fd, int file, uint64_t offset, size_t size)
{
    static const struct timespec none;
    sigset_t pipe, before;
    (void) os;
    off_t at = (off_t) offset;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = length(sendfile(fd, file, &at, size));
    if (n == -EPIPE && sigismember(&before, SIGPIPE) == 0)
        sigtimedwait(&pipe, NULL, &none);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

static int
socket_shutdown_write(struct cyi_os *os, int fd)
{
    (void) os;
    return result(shutdown(fd, SHUT_WR));
}

static int
socket_error(struct cyi_os *os, int fd)
{
    (void) os;
    int error = 0;
    socklen_t size = sizeof error;
    int r = result(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
    return r < 0 ? r : -error;
}

static int
socket_set_option(struct cyi_os *os, int fd, int level, int name, int value)
{
    (void) os;
    return result(setsockopt(fd, level, name, &value, sizeof value));
}

static int
socket_set_option_bytes(struct cyi_os *os, int fd, int level, int name, const void *value,
                        socklen_t size)
{
    (void) os;
    return result(setsockopt(fd, level, name, value, size));
}

static int
socket_join(struct cyi_os *os, int fd, const struct sockaddr *group, uint32_t interface)
{
    cy_address address;
    if (group->sa_family == AF_INET) {
        memcpy(&address.u.v4, group, sizeof address.u.v4);
        struct ip_mreqn wish = {.imr_multiaddr = address.u.v4.sin_addr,
                                .imr_ifindex = (int) interface};
        return socket_set_option_bytes(os, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &wish,
                                       sizeof wish);
    }
    if (group->sa_family != AF_INET6)
        return -EAFNOSUPPORT;
    memcpy(&address.u.v6, group, sizeof address.u.v6);
    struct ipv6_mreq wish = {.ipv6mr_multiaddr = address.u.v6.sin6_addr,
                             .ipv6mr_interface = interface};
    return socket_set_option_bytes(os, fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &wish,
                                   sizeof wish);
}

/* False for what is no Internet address, as the packet level lists them. */
static bool
read_address(cy_address *out, const struct sockaddr *from)
{
    *out = (cy_address){0};
    if (from == NULL || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
        return false;
    memcpy(out, from, from->sa_family == AF_INET ? sizeof out->u.v4 : sizeof out->u.v6);
    return true;
}

static uint8_t
count_prefix(const cy_address *mask)
{
    bool v4 = mask->u.any.sa_family == AF_INET;
    const uint8_t *bytes =
        v4 ? (const void *) &mask->u.v4.sin_addr : (const void *) &mask->u.v6.sin6_addr;
    int bits = 0;
    for (int i = 0; i < (v4 ? 4 : 16); i++)
        bits += __builtin_popcount(bytes[i]);
    return (uint8_t) bits;
}

static bool
read_interface(struct cyi_interface *out, const struct ifaddrs *from)
{
    cy_address mask;
    *out = (struct cyi_interface){.index = if_nametoindex(from->ifa_name),
                                  .up = (from->ifa_flags & IFF_UP) != 0,
                                  .loopback = (from->ifa_flags & IFF_LOOPBACK) != 0,
                                  .multicast = (from->ifa_flags & IFF_MULTICAST) != 0};
    if (!read_address(&out->address, from->ifa_addr))
        return false;
    if (read_address(&mask, from->ifa_netmask))
        out->prefix = count_prefix(&mask);
    if ((from->ifa_flags & IFF_BROADCAST) != 0 && out->address.u.any.sa_family == AF_INET)
        (void) read_address(&out->broadcast, from->ifa_broadaddr);
    return true;
}

static int
list_interfaces(struct cyi_os *os, struct cyi_interface *out, int max)
{
    struct ifaddrs *all;
    int n = 0, rc = result(getifaddrs(&all));
    (void) os;
    if (rc < 0)
        return rc;
    for (const struct ifaddrs *at = all; at != NULL && n < max; at = at->ifa_next)
        n += read_interface(&out[n], at);
    freeifaddrs(all);
    return n;
}

static int
socket_local(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size)
{
    (void) os;
    return result(getsockname(fd, out, size));
}

static int
socket_remote(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size)
{
    (void) os;
    return result(getpeername(fd, out, size));
}

static const struct cyi_socket_ops sockets = {
    .open = socket_open,
    .close = socket_close,
    .bind = socket_bind,
    .listen = socket_listen,
    .accept = socket_accept,
    .connect = socket_connect,
    .read = socket_read,
    .writev = socket_writev,
    .receive_from = socket_receive_from,
    .send_to = socket_send_to,
    .send_file = socket_send_file,
    .shutdown_write = socket_shutdown_write,
    .error = socket_error,
    .set_option = socket_set_option,
    .set_option_bytes = socket_set_option_bytes,
    .join = socket_join,
    .interfaces = list_interfaces,
    .local = socket_local,
    .remote = socket_remote,
};

struct cyi_os *
cyi_os_linux(void)
{
    /* Nobody writes to it; not const because a simulated one has state behind this type. */
    static struct cyi_os os = {
        .now = now,
        .realtime = realtime,
        .random = random_fill,
        .reactor = &cyi_reactor_epoll,
        .socket = &sockets,
        .file = &cyi_file_linux,
    };
    return &os;
}
