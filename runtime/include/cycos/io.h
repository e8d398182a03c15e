/* cycos/io.h - sockets for tasks: calls that look blocking and suspend only the task. */
#ifndef CYCOS_IO_H
#define CYCOS_IO_H

#include <cycos/address.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

CY_BEGIN_DECLS

/*
 * A socket belongs to the core that opened it. One task may read it while another writes.
 *
 * Calls that suspend lose nothing when they are cancelled or time out: what had arrived is
 * there for the next call. A task that never has to wait lets others run now and then. With
 * CY_NOW as deadline a call uses what the core has been told of when its loop last looked.
 */
typedef struct cy_socket cy_socket;

/* All zero is the default of everything. */
struct cy_listen_options {
    int backlog;     /* 0: 1024 */
    bool reuse_port; /* every core, and every process of this user, may accept on the port */
    bool v6_only;
};

/**
 * cy_tcp_listen - open a listening socket
 * @out:     receives it; untouched on failure
 * @address: where; port 0 takes a free one, see cy_socket_local()
 * @options: or NULL
 *
 * A server that restarts gets its port back although old connections linger. The shutdown of
 * the node ends accepting: the port is closed and cy_tcp_accept() returns -ECANCELED.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: the caller owns *@out until cy_close()
 * Errors:    -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EAFNOSUPPORT, -EMFILE, -ENFILE, -ENOMEM,
 *            -ENOSPC the system can watch no more, -ECANCELED the node shuts down
 * Since:     0.1
 */
CY_MUST_CHECK int cy_tcp_listen(cy_socket **out, const cy_address *address,
                                const struct cy_listen_options *options);

/**
 * cy_tcp_accept - wait for the next connection
 * @out:      receives it, TCP_NODELAY set; untouched on failure
 * @listener: from cy_tcp_listen(); one task at a time
 * @deadline: absolute
 *
 * Connections that die before they are accepted are passed over.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: the caller owns *@out until cy_close()
 * Errors:    -ETIMEDOUT, -ECANCELED, -EBUSY another task accepts, -EBADF it was closed
 *            meanwhile; -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM, -ENOSPC: wait a little and try
 *            again
 * Since:     0.1
 */
CY_MUST_CHECK int cy_tcp_accept(cy_socket **out, cy_socket *listener, cy_time deadline);

/**
 * cy_tcp_connect - connect to an address
 * @out:      receives the connection, TCP_NODELAY set; untouched on failure
 * @address:  where
 * @deadline: absolute
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: the caller owns *@out until cy_close()
 * Errors:    -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, -ETIMEDOUT, -ECANCELED, -EACCES and
 *            -EPERM a firewall, -EADDRNOTAVAIL no port is free, -EAFNOSUPPORT, -EMFILE,
 *            -ENFILE, -ENOMEM, -ENOSPC
 * Since:     0.1
 */
CY_MUST_CHECK int cy_tcp_connect(cy_socket **out, const cy_address *address, cy_time deadline);

/**
 * cy_read - read what there is, waiting for the first byte
 * @socket:   a connection
 * @buffer:   receives the bytes
 * @size:     at most so many, not 0
 * @deadline: absolute; CY_NOW only tries
 *
 * Returns how many bytes, 0 when the other side has finished sending. A buffer with room for
 * more than comes spares a system call: less than @size tells that nothing is left.
 *
 * Context:   a task; suspends: while nothing is there; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED, -ECONNRESET, -EBUSY another task reads it, -EBADF it was
 *            closed meanwhile
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_read(cy_socket *socket, void *buffer, size_t size, cy_time deadline);

/**
 * cy_read_full - read exactly so many bytes
 * @socket:   a connection
 * @buffer:   receives the bytes
 * @size:     so many
 * @deadline: absolute, for all of them
 *
 * Returns @size, or less when the other side finished first.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows
 * Errors:    as cy_read(); bytes read before the error are lost
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_read_full(cy_socket *socket, void *buffer, size_t size,
                                   cy_time deadline);

/**
 * cy_write - write all of a buffer
 * @socket:   a connection
 * @buffer:   the bytes
 * @size:     how many
 * @deadline: absolute, for all of them
 *
 * Returns @size. After an error some of them may have gone out.
 * Nothing is copied: @buffer must not change meanwhile.
 *
 * Context:   a task; suspends: while the kernel's buffer is full; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED, -EPIPE, -ECONNRESET, -EBUSY another task writes it, -EBADF
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_write(cy_socket *socket, const void *buffer, size_t size,
                               cy_time deadline);

/**
 * cy_writev - write all of several buffers in one go
 * @socket:   a connection
 * @parts:    the buffers; changed while writing: after -ETIMEDOUT they are what is left
 * @count:    how many, at most 1024
 * @deadline: absolute, for all of them
 *
 * Returns the sum of their sizes.
 *
 * Context:   a task; suspends: while the kernel's buffer is full; blocks: no
 * Ownership: borrows
 * Errors:    as cy_write(); -EINVAL too many parts
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_writev(cy_socket *socket, struct iovec *parts, int count,
                                cy_time deadline);

/**
 * cy_shutdown_write - say that nothing more will be sent; reading goes on
 * @socket: a connection
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    -ENOTCONN
 * Since:     0.1
 */
int cy_shutdown_write(cy_socket *socket);

/* All zero is the default of everything. */
struct cy_udp_options {
    bool reuse_port; /* several sockets, also of other processes of this user, share the port */
    bool broadcast;  /* may send to broadcast addresses */
    bool v6_only;
};

/**
 * cy_udp_open - open a datagram socket
 * @out:     receives it; untouched on failure
 * @address: where it receives; port 0 takes a free one
 * @options: or NULL
 *
 * Of those who share a port, one receives what is sent to it, the same one for each sender's
 * address; what is broadcast reaches all that are bound to the wildcard address.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: the caller owns *@out until cy_close()
 * Errors:    -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EAFNOSUPPORT, -EMFILE, -ENFILE, -ENOMEM,
 *            -ENOSPC
 * Since:     0.1
 */
CY_MUST_CHECK int cy_udp_open(cy_socket **out, const cy_address *address,
                              const struct cy_udp_options *options);

/**
 * cy_receive_from - wait for a datagram
 * @socket:   from cy_udp_open()
 * @buffer:   receives it; what does not fit is cut off
 * @size:     bytes at @buffer
 * @from:     receives the sender's address; may be NULL
 * @deadline: absolute
 *
 * Returns the size of the datagram: more than @size when it was cut off, 0 for an empty one.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows
 * Errors:    -ETIMEDOUT, -ECANCELED, -EBUSY, -EBADF
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_receive_from(cy_socket *socket, void *buffer, size_t size,
                                      cy_address *from, cy_time deadline);

/**
 * cy_send_to - send a datagram
 * @socket: from cy_udp_open()
 * @buffer: the bytes
 * @size:   how many
 * @to:     where
 *
 * Returns @size. Datagrams may get lost, here as well.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    -EAGAIN and -ENOBUFS the kernel's buffer is full, -EMSGSIZE, -ENETUNREACH,
 *            -EHOSTUNREACH, -EPERM a firewall, -EACCES a broadcast without the option
 * Since:     0.1
 */
CY_MUST_CHECK ssize_t cy_send_to(cy_socket *socket, const void *buffer, size_t size,
                                 const cy_address *to);

/**
 * cy_close - close a socket and clear the caller's variable
 * @socket: the address of the variable that owns it; may hold NULL
 *
 * Tasks that wait on it return with -EBADF. What was written is still sent, unless there is
 * something to read that nobody has read: then the other side gets a reset. What a task does
 * not close is closed when the node ends.
 *
 * Context:   a task or handler of its core; suspends: no; blocks: no
 * Ownership: releases *@socket and sets it to NULL
 * Errors:    none
 * Since:     0.1
 */
void cy_close(cy_socket **socket);

/**
 * cy_socket_local - the address that a socket is bound to
 * @out:    receives it; untouched on failure
 * @socket: any socket
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -EBADF a listener that the shutdown has closed
 * Since:     0.1
 */
CY_MUST_CHECK int cy_socket_local(cy_address *out, const cy_socket *socket);

/**
 * cy_socket_remote - the address that a connection leads to
 * @out:    receives it; untouched on failure
 * @socket: a connection
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -ENOTCONN, -EBADF as above
 * Since:     0.1
 */
CY_MUST_CHECK int cy_socket_remote(cy_address *out, const cy_socket *socket);

CY_END_DECLS

#endif
