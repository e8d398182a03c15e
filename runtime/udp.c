/* udp.c - datagrams. */
#include "socket.h"
#include <errno.h>

int
cy_udp_open(cy_socket **out, const cy_address *address)
{
    struct cyi_core *core = cyi_current();
    cy_socket *socket;
    int r = cyi_socket_open(&socket, core, address, CYI_SOCKET_DATAGRAM);
    if (r < 0)
        return r;
    r = core->os->socket->bind(core->os, socket->fd, &address->u.any,
                               cyi_address_size(address));
    if (r < 0) {
        cy_close(&socket);
        return r;
    }
    return cyi_socket_watch(out, socket);
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
