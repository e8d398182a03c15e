/*
 * cycos/impl/os.h - the seam to the world: clock, random, sockets, readiness, wake-up, files.
 *
 * Every effect of the runtime passes through one of these tables. There are two: the Linux
 * one (os_linux.c, os_file.c, reactor_epoll.c) and the simulated one (sim*.c), under which a
 * whole node, or many, runs in one thread from one seed. Calls return a value or -errno; none
 * suspends, only wait() and those of files block.
 */
#ifndef CYCOS_IMPL_OS_H
#define CYCOS_IMPL_OS_H

#include <cycos/address.h>
#include <cycos/time.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct cyi_os;
struct cyi_reactor;

enum { CYI_READABLE = 1, CYI_WRITABLE = 2, CYI_HANGUP = 4 };

/*
 * Something became ready; edge-triggered: what was there and not taken is not told again. The
 * receiver must go on until -EAGAIN; for a stream, a read that gives less than was asked for
 * says the same, unless CYI_HANGUP came (the end, an error, urgent data): then it says nothing.
 */
struct cyi_ready {
    void *token;
    uint32_t what;
};

/* Waiting for readiness, one reactor per core. All but wake() belong to the core's thread. */
struct cyi_reactor_ops {
    int (*open)(struct cyi_os *os, struct cyi_reactor **out);
    void (*close)(struct cyi_reactor *reactor);
    /* Both directions, edge-triggered, until remove(); the token comes back in cyi_ready. */
    int (*add)(struct cyi_reactor *reactor, int fd, void *token);
    void (*remove)(struct cyi_reactor *reactor, int fd);
    /* At most `max` events; waits up to `timeout` ns (0: not at all) or until a wake(). */
    int (*wait)(struct cyi_reactor *reactor, struct cyi_ready *out, int max, cy_time timeout);
    /* From any thread: the present wait() returns, or the next that would wait. */
    void (*wake)(struct cyi_reactor *reactor);
};

/* An address of this host and the interface that has it, which may have several. */
struct cyi_interface {
    cy_address address;   /* port 0; of a link-local one with its scope */
    cy_address broadcast; /* directed; of family AF_UNSPEC when there is none, as in IPv6 */
    uint32_t index;
    uint8_t prefix; /* the network's leading bits */
    bool up, loopback, multicast;
};

/* Sockets: non-blocking, close-on-exec, never a SIGPIPE. Same meaning as the system calls. */
struct cyi_socket_ops {
    int (*open)(struct cyi_os *os, int family, int type);
    void (*close)(struct cyi_os *os, int fd);
    int (*bind)(struct cyi_os *os, int fd, const struct sockaddr *at, socklen_t size);
    int (*listen)(struct cyi_os *os, int fd, int backlog);
    int (*accept)(struct cyi_os *os, int fd, struct sockaddr *from, socklen_t *size);
    int (*connect)(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size);
    ssize_t (*read)(struct cyi_os *os, int fd, void *buffer, size_t size);
    ssize_t (*writev)(struct cyi_os *os, int fd, const struct iovec *parts, int count);
    /* The whole size of the datagram, also when the buffer was smaller: MSG_TRUNC. */
    ssize_t (*receive_from)(struct cyi_os *os, int fd, void *buffer, size_t size,
                            struct sockaddr *from, socklen_t *from_size);
    ssize_t (*send_to)(struct cyi_os *os, int fd, const void *buffer, size_t size,
                       const struct sockaddr *to, socklen_t to_size);
    /* Bytes of a file to a stream without a copy; 0 at the end of the file. */
    ssize_t (*send_file)(struct cyi_os *os, int fd, int file, uint64_t offset, size_t size);
    int (*shutdown_write)(struct cyi_os *os, int fd);
    int (*error)(struct cyi_os *os, int fd); /* SO_ERROR as a negative code, or 0 */
    int (*set_option)(struct cyi_os *os, int fd, int level, int name, int value);
    int (*set_option_bytes)(struct cyi_os *os, int fd, int level, int name, const void *value,
                            socklen_t size);
    /* Receive what is sent to a multicast group; on interface 0 the system chooses one. */
    int (*join)(struct cyi_os *os, int fd, const struct sockaddr *group, uint32_t interface);
    /* The addresses of this host, IPv4 and IPv6: how many, at most `max`. */
    int (*interfaces)(struct cyi_os *os, struct cyi_interface *out, int max);
    int (*local)(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size);
    int (*remote)(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size);
};

enum cyi_file_kind { CYI_FILE_REGULAR, CYI_FILE_FOLDER, CYI_FILE_LINK, CYI_FILE_OTHER };

struct cyi_file_info {
    uint64_t size;
    int64_t mtime_ns; /* since 1970 */
    uint32_t mode;    /* permissions and the three bits above them */
    uint32_t owner;   /* user */
    enum cyi_file_kind kind;
};

/*
 * Files. All may block, so they belong onto a thread of the pool, except send_file() above of
 * what was just read. A `name` is one component beneath an open folder; it is never followed
 * when it is a symbolic link. Descriptors are close-on-exec.
 */
struct cyi_file_ops {
    /* Any file for reading; does not hang on a pipe. */
    int (*open)(struct cyi_os *os, const char *path);
    /*
     * A folder: with root -1 any, else beneath `root`, where no component of the path may be a
     * symbolic link (-ELOOP, -ENOTDIR) or lead out.
     */
    int (*open_folder)(struct cyi_os *os, int root, const char *path);
    /* One in a folder, for reading. */
    int (*open_at)(struct cyi_os *os, int folder, const char *name);
    /* For reading and writing, made if there is none. */
    int (*create)(struct cyi_os *os, int folder, const char *name, uint32_t mode);
    void (*close)(struct cyi_os *os, int fd);
    /* Against others who lock it, until it is closed: -EWOULDBLOCK one of them has it. */
    int (*lock)(struct cyi_os *os, int fd);
    ssize_t (*read)(struct cyi_os *os, int fd, void *buffer, size_t size, uint64_t offset);
    ssize_t (*write)(struct cyi_os *os, int fd, const void *bytes, size_t size,
                     uint64_t offset);
    int (*truncate)(struct cyi_os *os, int fd, uint64_t size);
    /* What a file holds, or the names in a folder, survive a power failure when it is 0. */
    int (*sync)(struct cyi_os *os, int fd);
    /* Begin with these bytes: what sync() has to wait for later is less. Promises nothing. */
    void (*sync_ahead)(struct cyi_os *os, int fd, uint64_t offset, uint64_t size);
    int (*info)(struct cyi_os *os, int fd, struct cyi_file_info *out);
    int (*set_info)(struct cyi_os *os, int fd, uint32_t mode, int64_t mtime_ns);
    int (*lookup)(struct cyi_os *os, int folder, const char *name, struct cyi_file_info *out);
    int (*make_folder)(struct cyi_os *os, int folder, const char *name, uint32_t mode);
    int (*rename)(struct cyi_os *os, int from_folder, const char *from, int to_folder,
                  const char *to, bool replace); /* -EEXIST when not */
    int (*remove)(struct cyi_os *os, int folder, const char *name);
    int (*remove_folder)(struct cyi_os *os, int folder, const char *name); /* an empty one */
    int (*space)(struct cyi_os *os, int folder, uint64_t *bytes); /* free, for this user */
    /* Calls each(name, arg) for all in it but "." and ".."; it may remove them. */
    int (*list)(struct cyi_os *os, int folder, void (*each)(const char *name, void *arg),
                void *arg);
};

/* First member of either implementation. */
struct cyi_os {
    cy_time (*now)(struct cyi_os *os);      /* monotonic */
    cy_time (*realtime)(struct cyi_os *os); /* nanoseconds since 1970 */
    void (*random)(struct cyi_os *os, void *buffer, size_t size);
    const struct cyi_reactor_ops *reactor;
    const struct cyi_socket_ops *socket;
    const struct cyi_file_ops *file;
    bool simulated; /* one thread runs all cores: no pool threads, no membarrier */
};

/* The real one; stateless, shared by all nodes of the process. */
struct cyi_os *cyi_os_linux(void);

#endif
