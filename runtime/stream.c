/* stream.c - reading and writing connections. */
#include "socket.h"
#include <errno.h>
#include <limits.h>

enum { PARTS_MAX = 1024 }; /* what Linux takes in one call */
_Static_assert(PARTS_MAX <= IOV_MAX, "the kernel must take that many");

/*
 * Lowers the flag where the kernel would say -EAGAIN next, to save that call: a stream gives
 * all it has, so a short read has drained it. Not so after a hang-up, whose end (0) is still
 * to be read and will not be announced again, nor after an error: nothing is announced either.
 */
static void
note_read(cy_socket *socket, ssize_t n, size_t size)
{
    bool drained = n > 0 && (size_t) n < size && (socket->ready & CYI_HANGUP) == 0;
    if (drained || n == -EAGAIN)
        socket->ready &= (uint8_t) ~CYI_READABLE;
    if (n > 0)
        cyi_socket_moved(socket, n);
}

ssize_t
cy_read(cy_socket *socket, void *buffer, size_t size, cy_time deadline)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->kind == CYI_SOCKET_STREAM && size > 0);
    int r = cyi_socket_begin(socket, &socket->reader);
    while (r == 0) {
        if (socket->ready & CYI_READABLE) {
            ssize_t n = os->socket->read(os, socket->fd, buffer, size);
            note_read(socket, n, size);
            if (n != -EAGAIN)
                return n;
        }
        r = cyi_socket_wait(socket, &socket->reader, deadline);
    }
    return r;
}

ssize_t
cyi_stream_try_read(cy_socket *socket, void *buffer, size_t size)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_STREAM);
    if ((socket->ready & CYI_READABLE) == 0)
        return -EAGAIN;
    ssize_t n = os->socket->read(os, socket->fd, buffer, size);
    note_read(socket, n, size);
    return n;
}

int
cyi_stream_wait(cy_socket *socket, cy_time deadline)
{
    int r = cyi_socket_begin(socket, &socket->reader);
    if (r == 0 && (socket->ready & CYI_READABLE) == 0)
        r = cyi_socket_wait(socket, &socket->reader, deadline);
    return r;
}

ssize_t
cy_read_full(cy_socket *socket, void *buffer, size_t size, cy_time deadline)
{
    uint8_t *at = buffer, *end = at + size;
    while (at < end) {
        ssize_t n = cy_read(socket, at, (size_t) (end - at), deadline);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        at += n;
    }
    return at - (uint8_t *) buffer;
}

/* Takes n bytes, and parts that are empty, off the front. */
static void
advance(struct iovec **parts, int *count, size_t n)
{
    while (*count > 0 && n >= (*parts)->iov_len) {
        n -= (*parts)->iov_len;
        ++*parts;
        --*count;
    }
    if (*count > 0) {
        (*parts)->iov_base = (uint8_t *) (*parts)->iov_base + n;
        (*parts)->iov_len -= n;
    }
}

/* One system call, or a wait when it would say -EAGAIN. Returns what it wrote, maybe 0. */
static ssize_t
write_some(cy_socket *socket, const struct iovec *parts, int count, cy_time deadline)
{
    struct cyi_os *os = socket->core->os;
    if (socket->ready & CYI_WRITABLE) {
        ssize_t n = os->socket->writev(os, socket->fd, parts, count);
        if (n != -EAGAIN) {
            cyi_socket_moved(socket, n > 0 ? n : 0);
            return n;
        }
        socket->ready &= (uint8_t) ~CYI_WRITABLE;
    }
    return cyi_socket_wait(socket, &socket->writer, deadline);
}

ssize_t
cy_writev(cy_socket *socket, struct iovec *parts, int count, cy_time deadline)
{
    ssize_t total = 0;
    CY_ASSERT(socket->kind == CYI_SOCKET_STREAM);
    if (count < 0 || count > PARTS_MAX)
        return -EINVAL;
    int r = cyi_socket_begin(socket, &socket->writer);
    if (r < 0)
        return r;
    advance(&parts, &count, 0);
    while (count > 0) {
        ssize_t n = write_some(socket, parts, count, deadline);
        if (n < 0)
            return n;
        total += n;
        advance(&parts, &count, (size_t) n);
        if (count > 0 && (r = cyi_socket_pass(socket, &socket->writer)) < 0)
            return r;
    }
    return total;
}

ssize_t
cy_write(cy_socket *socket, const void *buffer, size_t size, cy_time deadline)
{
    struct iovec part = {(void *) (uintptr_t) buffer, size};
    return cy_writev(socket, &part, 1, deadline);
}

ssize_t
cyi_stream_send_file(cy_socket *socket, int file, uint64_t offset, size_t size,
                     cy_time deadline)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->kind == CYI_SOCKET_STREAM && size > 0);
    int r = cyi_socket_begin(socket, &socket->writer);
    while (r == 0) {
        if (socket->ready & CYI_WRITABLE) {
            ssize_t n = os->socket->send_file(os, socket->fd, file, offset, size);
            if (n != -EAGAIN) {
                cyi_socket_moved(socket, n > 0 ? n : 0);
                return n;
            }
            socket->ready &= (uint8_t) ~CYI_WRITABLE;
        }
        r = cyi_socket_wait(socket, &socket->writer, deadline);
    }
    return r;
}

/* A short write has filled the kernel's buffer, as -EAGAIN says it: epoll(7), question 9. */
ssize_t
cyi_stream_try_writev(cy_socket *socket, const struct iovec *parts, int count)
{
    struct cyi_os *os = socket->core->os;
    size_t size = 0;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_STREAM);
    CY_ASSERT(!socket->released && socket->writer == NULL);
    if (!cyi_stream_writable(socket))
        return -EAGAIN;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    ssize_t n = os->socket->writev(os, socket->fd, parts, count);
    if (n == -EAGAIN || (n >= 0 && (size_t) n < size))
        socket->ready &= (uint8_t) ~CYI_WRITABLE;
    return n;
}

bool
cyi_stream_writable(const cy_socket *socket)
{
    return (socket->ready & CYI_WRITABLE) != 0;
}

int
cy_shutdown_write(cy_socket *socket)
{
    struct cyi_os *os = socket->core->os;
    CY_ASSERT(socket->core == cyi_self && socket->kind == CYI_SOCKET_STREAM);
    return os->socket->shutdown_write(os, socket->fd);
}
