/* socket.h - the record of a socket, and the waiting that all kinds of socket share. */
#ifndef CYCOS_SOCKET_H
#define CYCOS_SOCKET_H

#include <cycos/impl/core.h>
#include <cycos/impl/io.h>
#include <cycos/impl/list.h>
#include <cycos/io.h>

enum cyi_socket_kind { CYI_SOCKET_LISTENER, CYI_SOCKET_STREAM, CYI_SOCKET_DATAGRAM };

struct cy_socket {
    struct cyi_list link; /* in struct cyi_io */
    struct cyi_core *core;
    struct cyi_task *reader, *writer; /* who is suspended in a call */
    int fd;                           /* -1: closed */
    uint8_t kind;                     /* enum cyi_socket_kind */
    uint8_t ready;                    /* what is worth a system call, and CYI_HANGUP */
    bool released;                    /* by cy_close(): the last to leave a call frees it */
    bool lasting;                     /* a listener that the shutdown does not close */
};

/* A core's sockets. */
struct cyi_io {
    struct cyi_list sockets;
    uint64_t switches; /* the core's, when the streak began */
    uint32_t streak;   /* work that one task has done since, without letting others run */
    bool stopped;      /* the node shuts down: nothing is accepted any more */
};

enum { CYI_IO_STREAK_MAX = 8, CYI_IO_STREAK_BYTES = 32 << 10 };

/* A new socket around a descriptor, in the core's list, not yet watched; takes fd if 0. */
CY_MUST_CHECK int cyi_socket_new(cy_socket **out, struct cyi_core *core, int fd,
                                 enum cyi_socket_kind kind);

/* A new socket for addresses of this family; takes nothing from the caller. */
CY_MUST_CHECK int cyi_socket_open(cy_socket **out, struct cyi_core *core,
                                  const cy_address *address, enum cyi_socket_kind kind);

/* The end of making a socket: watch it and hand it out, or close it. */
CY_MUST_CHECK int cyi_socket_watch(cy_socket **out, cy_socket *socket);

/*
 * What every call that may suspend begins with. `side` is the socket's reader or writer.
 * 0, or the result that the caller must return: the socket may be gone then.
 */
CY_MUST_CHECK int cyi_socket_begin(cy_socket *socket, struct cyi_task **side);

/*
 * Between two system calls of one task: lets others run when it has done much without ever
 * having to wait. Results as above.
 */
CY_MUST_CHECK int cyi_socket_pass(cy_socket *socket, struct cyi_task **side);

/* Suspend until an event says that this side is ready. Results as above. */
CY_MUST_CHECK int cyi_socket_wait(cy_socket *socket, struct cyi_task **side, cy_time deadline);

/* Note what a successful system call has moved, for cyi_socket_pass(). */
static inline void
cyi_socket_moved(cy_socket *socket, ssize_t bytes)
{
    uint32_t heavy = (uint32_t) (bytes / CYI_IO_STREAK_BYTES);
    socket->core->io->streak += 1 + heavy;
}

/* The bytes of a socket address; 0 for a family that we do not know. */
socklen_t cyi_address_size(const cy_address *address);

/* A numeric address without a port and without brackets; *out is untouched on failure. */
CY_MUST_CHECK int cyi_address_parse_host(cy_address *out, const char *text, uint16_t port);

#endif
