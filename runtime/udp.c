/* udp.c - datagrams. */
#include "socket.h"
#include <errno.h>

static int
set(cy_socket *socket, int level, int name, int value)
{
    struct cyi_os *os = socket->core->os;
    return os->socket->set_option(os, socket->fd, level, name, value);
}

/* SO_REUSEPORT and never SO_REUSEADDR: with it any user could take datagrams from the port. */
static int
prepare(cy_socket *socket, const cy_address *address, const struct cy_udp_options *options)
{
    struct cyi_os *os = socket->core->os;
    int r = 0;
    if (options->reuse_port)
        r = set(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0 && options->broadcast)
        r = set(socket, SOL_SOCKET, SO_BROADCAST, 1);
    if (r == 0 && address->u.any.sa_family == AF_INET6)
        r = set(socket, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
    if (r == 0)
        r = os->socket->bind(os, socket->fd, &address->u.any, cyi_address_size(address));
    return r;
}

int
cy_udp_open(cy_socket **out, const cy_address *address, const struct cy_udp_options *options)
{
    static const struct cy_udp_options defaults;
    cy_socket *socket;
    int r = cyi_socket_open(&socket, cyi_current(), address, CYI_SOCKET_DATAGRAM);
    if (r < 0)
        return r;
    r = prepare(socket, address, options != NULL ? options : &defaults);
    if (r < 0) {
        cy_close(&socket);
        return r;
    }
    return cyi_socket_watch(out, socket);
}

int
cyi_udp_join(cy_socket *socket, const cy_address *group, uint32_t interface)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_DATAGRAM);
    return os->socket->join(os, socket->fd, &group->u.any, interface);
}

int
cyi_udp_multicast_interface(cy_socket *socket, uint32_t interface)
{
    struct cyi_os *os = socket->core->os;
    cy_address local;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_DATAGRAM);
    int r = cy_socket_local(&local, socket);
    if (r < 0)
        return r;
    if (local.u.any.sa_family == AF_INET6)
        return set(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int) interface);
    struct ip_mreqn wish = {.imr_ifindex = (int) interface};
    return os->socket->set_option_bytes(os, socket->fd, IPPROTO_IP, IP_MULTICAST_IF, &wish,
                                        sizeof wish);
}

static ssize_t
receive_one(cy_socket *socket, void *buffer, size_t size, cy_address *from)
{
    struct cyi_os *os = socket->core->os;
    cy_address sender = {0};
    socklen_t sender_size = sizeof sender;
    ssize_t n =
        os->socket->receive_from(os, socket->fd, buffer, size, &sender.u.any, &sender_size);
    if (n >= 0 && from != NULL)
        *from = sender;
    return n;
}

/* A short datagram says nothing about the next: only -EAGAIN lowers the flag. */
ssize_t
cy_receive_from(cy_socket *socket, void *buffer, size_t size, cy_address *from,
                cy_time deadline)
{
    CY_ASSERT(socket->kind == CYI_SOCKET_DATAGRAM);
    int r = cyi_socket_begin(socket, &socket->reader);
    while (r == 0) {
        if (socket->ready & CYI_READABLE) {
            ssize_t n = receive_one(socket, buffer, size, from);
            if (n >= 0)
                cyi_socket_moved(socket, n);
            if (n != -EAGAIN)
                return n;
            socket->ready &= (uint8_t) ~CYI_READABLE;
        }
        r = cyi_socket_wait(socket, &socket->reader, deadline);
    }
    return r;
}

ssize_t
cy_send_to(cy_socket *socket, const void *buffer, size_t size, const cy_address *to)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_DATAGRAM);
    return os->socket->send_to(os, socket->fd, buffer, size, &to->u.any, cyi_address_size(to));
}
