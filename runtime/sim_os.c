/*
 * sim_os.c - the simulated side of the os seam: clock, random bytes, reactor, sockets.
 *
 * Tests: tests/runtime/test_sim.c
 */
#include "sim_disk.h"
#include <cycos/impl/time.h>
#include <stdlib.h>
#include <string.h>

/* 2033: a moment whose nanoseconds still fit. */
#define EPOCH (INT64_C(2000000000) * CY_SECOND)

static struct sim_host *
host_of(struct cyi_os *os)
{
    return (struct sim_host *) (void *) os;
}

enum { PER_MILLION = 1000 * 1000 };

/* Of so much time; rounded so that no clock ever goes back. */
static cy_time
gain(const struct sim_host *host, cy_time time)
{
    if (time < INT64_MAX / PER_MILLION)
        return time * host->drift / PER_MILLION;
    return (cy_time) ((__int128) time * host->drift / PER_MILLION);
}

static cy_time
gained(const struct sim_host *host)
{
    return gain(host, host->sim->now - CYI_SIM_START);
}

static cy_time
now(struct cyi_os *os)
{
    const struct sim_host *host = host_of(os);
    return host->sim->now + host->ahead + gained(host);
}

static cy_time
realtime(struct cyi_os *os)
{
    const struct sim_host *host = host_of(os);
    return EPOCH + host->sim->now + host->realtime + gained(host);
}

static void
random_fill(struct cyi_os *os, void *buffer, size_t size)
{
    uint8_t *at = buffer;
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t) sim_draw(&host_of(os)->sim->bytes);
}

static int
reactor_open(struct cyi_os *os, struct cyi_reactor **out)
{
    struct cyi_reactor *reactor = cyi_sim_memory(sizeof *reactor);
    reactor->sim = host_of(os)->sim;
    reactor->host = host_of(os);
    reactor->slot = -1;
    cyi_list_init(&reactor->ready);
    *out = reactor;
    return 0;
}

static void
reactor_close(struct cyi_reactor *reactor)
{
    free(reactor);
}

static uint32_t
ready(const struct sim_socket *socket)
{
    return socket->datagram ? cyi_sim_udp_ready(socket) : cyi_sim_tcp_ready(socket);
}

static int
reactor_add(struct cyi_reactor *reactor, int fd, void *token)
{
    struct sim_socket *socket = cyi_sim_socket_of(&reactor->sim->hosts[0].os, fd);
    if (socket == NULL)
        return -EBADF;
    if (socket->reactor != NULL)
        return -EEXIST;
    socket->reactor = reactor;
    socket->token = token;
    if (ready(socket) != 0)
        cyi_sim_socket_edge(socket);
    /* Who adds it has seen nothing yet: a lack of room must be announced. */
    socket->blocked = true;
    return 0;
}

static void
reactor_remove(struct cyi_reactor *reactor, int fd)
{
    struct sim_socket *socket = cyi_sim_socket_of(&reactor->sim->hosts[0].os, fd);
    if (socket == NULL)
        return;
    cyi_list_remove(&socket->ready);
    socket->reactor = NULL;
}

/* As epoll does: an edge puts the socket into the list, what it tells is the state now. */
static int
take_ready(struct cyi_reactor *reactor, struct cyi_ready *out, int max)
{
    int n = 0;
    while (n < max && !cyi_list_empty(&reactor->ready)) {
        struct cyi_list *link = cyi_list_pop(&reactor->ready);
        struct sim_socket *socket = cyi_container_of(link, struct sim_socket, ready);
        uint32_t what = ready(socket);
        if (what != 0)
            out[n++] = (struct cyi_ready){socket->token, what};
    }
    return n;
}

static int
reactor_wait(struct cyi_reactor *reactor, struct cyi_ready *out, int max, cy_time timeout)
{
    int n = take_ready(reactor, out, max);
    if (timeout <= 0)
        return n; /* a wake-up is kept for a wait that would sleep */
    bool woken = reactor->woken;
    reactor->woken = false;
    if (n == 0 && !woken) {
        reactor->asleep = true;
        reactor->until =
            timeout == CY_FOREVER
                ? CY_FOREVER
                : cyi_time_add(reactor->sim->now, timeout - gain(reactor->host, timeout));
    }
    return n;
}

static void
reactor_wake(struct cyi_reactor *reactor)
{
    reactor->woken = true;
    sim_core_changed(reactor->sim, reactor->slot);
}

static const struct cyi_reactor_ops reactors = {
    .open = reactor_open,
    .close = reactor_close,
    .add = reactor_add,
    .remove = reactor_remove,
    .wait = reactor_wait,
    .wake = reactor_wake,
};

static int
socket_open(struct cyi_os *os, int family, int type)
{
    struct sim_host *host = host_of(os);
    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    struct sim_socket *socket =
        cyi_sim_socket_make(host, (type & 15) == SOCK_DGRAM, family == AF_INET6);
    int fd = cyi_sim_socket_number(host->sim, socket);
    if (fd < 0)
        free(socket);
    return fd;
}

static void
socket_close(struct cyi_os *os, int fd)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct cyi_sim *sim = host_of(os)->sim;
    if (socket == NULL)
        return;
    cyi_sim_socket_forget(sim, socket);
    if (socket->datagram)
        cyi_sim_udp_close(socket);
    else
        cyi_sim_tcp_close(sim, socket);
}

static int
socket_bind(struct cyi_os *os, int fd, const struct sockaddr *at, socklen_t size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct sim_name name;
    if (socket == NULL)
        return -EBADF;
    int rc = cyi_sim_name_read(&name, socket, at, size);
    return rc != 0 ? rc : cyi_sim_socket_bind(socket, &name);
}

static int
socket_listen(struct cyi_os *os, int fd, int backlog)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    if (socket == NULL)
        return -EBADF;
    return socket->datagram ? -EOPNOTSUPP : cyi_sim_tcp_listen(socket, backlog);
}

static int
socket_accept(struct cyi_os *os, int fd, struct sockaddr *from, socklen_t *size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    return socket == NULL ? -EBADF : cyi_sim_tcp_accept(socket, from, size);
}

static int
socket_connect(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct sim_name name;
    if (socket == NULL)
        return -EBADF;
    if (socket->datagram)
        return -EOPNOTSUPP; /* the runtime never does that */
    int rc = cyi_sim_name_read(&name, socket, to, size);
    return rc != 0 ? rc : cyi_sim_tcp_connect(socket, &name);
}

static ssize_t
socket_read(struct cyi_os *os, int fd, void *buffer, size_t size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    return socket == NULL ? -EBADF : cyi_sim_tcp_read(socket, buffer, size);
}

static ssize_t
socket_writev(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    return socket == NULL ? -EBADF : cyi_sim_tcp_writev(socket, parts, count);
}

static ssize_t
socket_receive_from(struct cyi_os *os, int fd, void *buffer, size_t size, struct sockaddr *from,
                    socklen_t *from_size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct iovec into = {buffer, size};
    return socket == NULL ? -EBADF : cyi_sim_udp_receive(socket, &into, from, from_size);
}

static ssize_t
socket_send_to(struct cyi_os *os, int fd, const void *buffer, size_t size,
               const struct sockaddr *to, socklen_t to_size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct iovec bytes = {(void *) (uintptr_t) buffer, size};
    struct sim_name name;
    if (socket == NULL)
        return -EBADF;
    int rc = cyi_sim_name_read(&name, socket, to, to_size);
    return rc != 0 ? rc : cyi_sim_udp_send(socket, &bytes, &name);
}

static ssize_t
socket_send_file(struct cyi_os *os, int fd, int file, uint64_t offset, size_t size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    return socket == NULL ? -EBADF : cyi_sim_file_send(socket, file, offset, size);
}

static int
socket_shutdown_write(struct cyi_os *os, int fd)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    return socket == NULL ? -EBADF : cyi_sim_tcp_shutdown_write(socket);
}

static int
socket_error(struct cyi_os *os, int fd)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    if (socket == NULL)
        return -EBADF;
    int error = socket->error;
    socket->error = 0;
    return error;
}

static int
socket_set_option(struct cyi_os *os, int fd, int level, int option, int value)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    if (socket == NULL)
        return -EBADF;
    if (level == SOL_SOCKET && option == SO_REUSEPORT)
        socket->reuse_port = value != 0;
    else if (level == SOL_SOCKET && option == SO_REUSEADDR)
        socket->reuse_address = value != 0;
    else if (level == SOL_SOCKET && option == SO_BROADCAST)
        socket->broadcast = value != 0;
    else if (level == IPPROTO_IPV6 && option == IPV6_V6ONLY)
        socket->v6_only = value != 0;
    else if (level == IPPROTO_IPV6 && option == IPV6_MULTICAST_IF)
        return cyi_sim_udp_multicast_interface(socket, (uint32_t) value);
    return 0; /* the others change nothing here */
}

static int
socket_set_option_bytes(struct cyi_os *os, int fd, int level, int option, const void *value,
                        socklen_t size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct ip_mreqn wish;
    int number;
    if (socket == NULL)
        return -EBADF;
    if (level == IPPROTO_IP && option == IP_MULTICAST_IF && size == sizeof wish) {
        memcpy(&wish, value, sizeof wish);
        return cyi_sim_udp_multicast_interface(socket, (uint32_t) wish.imr_ifindex);
    }
    if (size != sizeof number)
        return 0;
    memcpy(&number, value, sizeof number);
    return socket_set_option(os, fd, level, option, number);
}

static int
socket_join(struct cyi_os *os, int fd, const struct sockaddr *group, uint32_t interface)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    struct sim_name name;
    if (socket == NULL)
        return -EBADF;
    socklen_t size =
        group->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int rc = cyi_sim_name_read(&name, socket, group, size);
    return rc != 0 ? rc : cyi_sim_udp_join(socket, &name, interface);
}

static int
list_interfaces(struct cyi_os *os, struct cyi_interface *out, int max)
{
    return cyi_sim_host_interfaces(host_of(os), out, max);
}

static int
socket_local(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    if (socket == NULL)
        return -EBADF;
    cyi_sim_name_write(&socket->local, socket, out, size);
    return 0;
}

static int
socket_remote(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size)
{
    struct sim_socket *socket = cyi_sim_socket_of(os, fd);
    if (socket == NULL)
        return -EBADF;
    if (socket->state != SIM_CONNECTED)
        return -ENOTCONN;
    cyi_sim_name_write(&socket->link->name[1 - socket->side], socket, out, size);
    return 0;
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

static int64_t
draw_around_zero(struct cyi_sim *sim, int64_t max)
{
    return (int64_t) sim_below(&sim->clocks, 2 * (uint64_t) max + 1) - max;
}

void
cyi_sim_host_init(struct sim_host *host, struct cyi_sim *sim, uint32_t index)
{
    *host = (struct sim_host){
        .os = {.now = now,
               .realtime = realtime,
               .random = random_fill,
               .reactor = &reactors,
               .socket = &sockets,
               .file = &cyi_sim_files,
               .simulated = true},
        .sim = sim,
        .index = index,
        .addresses = CYI_SIM_V4 | CYI_SIM_V6,
    };
    /* One after the other: the order of initialisers is the compiler's choice. */
    host->ahead = (cy_time) sim_below(&sim->clocks, (uint64_t) (CY_HOUR));
    host->realtime = draw_around_zero(sim, sim->options.clock_error_max);
    host->drift = draw_around_zero(sim, sim->options.drift_max);
    cyi_list_init(&host->bound);
}
