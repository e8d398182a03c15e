/* tcp.c - listening, accepting and connecting. */
#include "socket.h"
#include <cycos/impl/node.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

enum { BACKLOG = 1024 };

static int
set(cy_socket *socket, int level, int name, int value)
{
    struct cyi_os *os = socket->core->os;
    return os->socket->set_option(os, socket->fd, level, name, value);
}

/*
 * SO_REUSEADDR lets a restarted server have its port although connections of its predecessor
 * linger; it does not let two listen. TCP_NODELAY passes from a listener to what it accepts.
 */
static int
prepare_listener(cy_socket *socket, const cy_address *address,
                 const struct cy_listen_options *options)
{
    struct cyi_os *os = socket->core->os;
    int r = set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (r == 0)
        r = set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (r == 0 && options->reuse_port)
        r = set(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0 && address->u.any.sa_family == AF_INET6)
        r = set(socket, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
    if (r == 0)
        r = os->socket->bind(os, socket->fd, &address->u.any, cyi_address_size(address));
    if (r == 0)
        r = os->socket->listen(os, socket->fd,
                               options->backlog > 0 ? options->backlog : BACKLOG);
    return r;
}

int
cyi_tcp_congestion(cy_socket *socket, const char *algorithm)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->core == cyi_self && socket->kind != CYI_SOCKET_DATAGRAM);
    return os->socket->set_option_bytes(os, socket->fd, IPPROTO_TCP, TCP_CONGESTION, algorithm,
                                        (socklen_t) strlen(algorithm));
}

int
cy_tcp_listen(cy_socket **out, const cy_address *address,
              const struct cy_listen_options *options)
{
    struct cyi_core *core = cyi_current();
    if (cyi_node_stopping(core->node))
        return -ECANCELED;
    return cyi_tcp_listen(out, core, address, options);
}

int
cyi_tcp_listen(cy_socket **out, struct cyi_core *core, const cy_address *address,
               const struct cy_listen_options *options)
{
    static const struct cy_listen_options defaults;
    cy_socket *socket;
    int r = cyi_socket_open(&socket, core, address, CYI_SOCKET_LISTENER);
    if (r < 0)
        return r;
    r = prepare_listener(socket, address, options != NULL ? options : &defaults);
    if (r < 0) {
        cy_close(&socket);
        return r;
    }
    return cyi_socket_watch(out, socket);
}

void
cyi_listener_last(cy_socket *listener)
{
    listener->lasting = true;
}

/* What accept(2) may report of a connection that broke before it was accepted. */
static bool
is_stillborn(int error)
{
    switch (error) {
    case -ECONNABORTED:
    case -EINTR:
    case -EPROTO:
    case -EPERM: /* a firewall's rule */
    case -ENETDOWN:
    case -ENETUNREACH:
    case -EHOSTDOWN:
    case -EHOSTUNREACH:
    case -ENONET:
    case -ENOPROTOOPT:
    case -EOPNOTSUPP:
    case -ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static int
adopt(cy_socket **out, struct cyi_core *core, int fd)
{
    cy_socket *socket;
    int r = cyi_socket_new(&socket, core, fd, CYI_SOCKET_STREAM);
    if (r < 0) {
        core->os->socket->close(core->os, fd);
        return r;
    }
    socket->ready = CYI_WRITABLE; /* nothing was sent yet, so there is room */
    return cyi_socket_watch(out, socket);
}

/* A descriptor, or -EAGAIN when there is none, or another error that the caller must see. */
static int
accept_one(cy_socket *listener)
{
    struct cyi_os *os = listener->core->os;
    int fd = -EAGAIN;
    if (listener->ready & CYI_READABLE) {
        do
            fd = os->socket->accept(os, listener->fd, NULL, NULL);
        while (is_stillborn(fd));
        if (fd == -EAGAIN)
            listener->ready &= (uint8_t) ~CYI_READABLE;
    }
    return fd;
}

int
cy_tcp_accept(cy_socket **out, cy_socket *listener, cy_time deadline)
{
    struct cyi_core *core = listener->core;
    CY_ASSERT(listener->kind == CYI_SOCKET_LISTENER);
    int r = cyi_socket_begin(listener, &listener->reader);
    while (r == 0) {
        if (core->io->stopped && !listener->lasting)
            return -ECANCELED;
        int fd = accept_one(listener);
        if (fd >= 0) {
            cyi_socket_moved(listener, 0);
            return adopt(out, core, fd);
        }
        if (fd != -EAGAIN)
            return fd;
        r = cyi_socket_wait(listener, &listener->reader, deadline);
    }
    return r;
}

/*
 * Where nobody listens on a port of this host that the kernel may also choose for our end, a
 * connection can meet itself: two SYNs that cross. Nobody is there, so say so.
 */
static int
refuse_oneself(const cy_socket *socket, const cy_address *to)
{
    cy_address local;
    int r = cy_socket_local(&local, socket);
    if (r == 0 && memcmp(&local, to, cyi_address_size(to)) == 0)
        r = -ECONNREFUSED;
    return r;
}

/* Watched only now: before connect() a socket counts as hung up, and an event would say so. */
static int
await_connection(cy_socket *socket, cy_time deadline)
{
    struct cyi_os *os = socket->core->os;
    int r = 0;
    while (r == 0 && (socket->ready & CYI_WRITABLE) == 0)
        r = cyi_socket_wait(socket, &socket->writer, deadline);
    return r == 0 ? os->socket->error(os, socket->fd) : r;
}

static int
begin_connection(cy_socket **out, struct cyi_core *core, const cy_address *address)
{
    cy_socket *socket;
    int r = cyi_socket_open(&socket, core, address, CYI_SOCKET_STREAM);
    if (r < 0)
        return r;
    r = set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (r == 0)
        r = core->os->socket->connect(core->os, socket->fd, &address->u.any,
                                      cyi_address_size(address));
    if (r < 0 && r != -EINPROGRESS) {
        cy_close(&socket);
        return r;
    }
    return cyi_socket_watch(out, socket);
}

int
cy_tcp_connect(cy_socket **out, const cy_address *address, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    cy_socket *socket;
    if (core->sched.current->flags & CYI_TASK_CANCELLED)
        return -ECANCELED;
    int r = begin_connection(&socket, core, address);
    if (r < 0)
        return r;
    r = await_connection(socket, deadline);
    if (r == 0)
        r = refuse_oneself(socket, address);
    if (r < 0)
        cy_close(&socket);
    else
        *out = socket;
    return r;
}
