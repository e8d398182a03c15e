/* cycos/impl/io.h - what the loop, the shutdown and the dump need of the sockets of a core. */
#ifndef CYCOS_IMPL_IO_H
#define CYCOS_IMPL_IO_H

#include <cycos/impl/os.h>
#include <cycos/io.h>

struct cyi_core;

/*
 * Hand on what reactor->wait() has just given: wakes tasks, runs none. All of a batch must be
 * handed on before any task runs, else a task could close a socket that a later event names.
 */
void cyi_io_ready(struct cyi_core *core, const struct cyi_ready *events, int count);

/* The shutdown begins: listeners close, whoever accepts gets -ECANCELED, now and later. */
void cyi_io_stop_accepting(struct cyi_core *core);

/* After the core's last turn: close and free what was left, and say how many that were. */
uint32_t cyi_io_fini(struct cyi_core *core);

/* How many sockets this core has open. */
uint32_t cyi_io_count(struct cyi_core *core);

/* Calls visit(socket, arg) for each open socket of this core. */
void cyi_io_each(struct cyi_core *core, void (*visit)(cy_socket *socket, void *arg), void *arg);

/*
 * For a core's own links, which have no task that waits to write: one writev, now. Returns how
 * many bytes it took, maybe not all; -EAGAIN when there is no room; or another error. Writes
 * nothing while the core does not know of room, so it costs little to try. On the socket's
 * core, inside of a task or between tasks, while no task writes. After a short write or -EAGAIN
 * the stream is not writable until the reactor has told of room, at the begin of some turn.
 */
CY_MUST_CHECK ssize_t cyi_stream_try_writev(cy_socket *socket, const struct iovec *parts,
                                            int count);
bool cyi_stream_writable(const cy_socket *socket);

/* As cy_tcp_listen(), outside of a task. A lasting one goes on during the shutdown. */
CY_MUST_CHECK int cyi_tcp_listen(cy_socket **out, struct cyi_core *core,
                                 const cy_address *address,
                                 const struct cy_listen_options *options);
void cyi_listener_last(cy_socket *listener);

/* As cy_address_resolve(), before any core runs: it blocks. The port is 0. */
CY_MUST_CHECK int cyi_address_lookup(cy_address *out, const char *host,
                                     const struct cyi_os *os);

/* Wait until there may be something to read: 0, or what cy_read() would say instead. */
CY_MUST_CHECK int cyi_stream_wait(cy_socket *socket, cy_time deadline);

/* Read what there is, without a wait: -EAGAIN nothing as far as the core knows; 0 the end. */
CY_MUST_CHECK ssize_t cyi_stream_try_read(cy_socket *socket, void *buffer, size_t size);

/*
 * Send so many bytes of an open file without copying them, at most; suspends while there is no
 * room. How many, 0 at the end of the file, else as cy_write(). The file should have been read
 * just before: a wait for the disk would be one of the whole core.
 */
CY_MUST_CHECK ssize_t cyi_stream_send_file(cy_socket *socket, int file, uint64_t offset,
                                           size_t size, cy_time deadline);

/* Receive what is sent to a multicast group on an interface; 0: the system chooses one. */
CY_MUST_CHECK int cyi_udp_join(cy_socket *socket, const cy_address *group, uint32_t interface);

/* What this socket sends to multicast groups leaves through this interface. */
CY_MUST_CHECK int cyi_udp_multicast_interface(cy_socket *socket, uint32_t interface);

/* Choose the congestion control of a connection or listener; -ENOENT: not in this kernel. */
CY_MUST_CHECK int cyi_tcp_congestion(cy_socket *socket, const char *algorithm);

#define CYI_SOCKET_TEXT_MAX (2 * CY_ADDRESS_TEXT_MAX + 32)

/* For the dump: "stream 12 127.0.0.1:80 to 127.0.0.1:4711". Returns the length. */
int cyi_socket_format(char *text, size_t size, const cy_socket *socket);

#endif
