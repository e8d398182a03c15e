/*
 * io.c - the life of sockets, and how tasks wait for them.
 *
 * Edge-triggered: an event raises flags in the socket and wakes whoever waits; a flag is
 * lowered only by a system call that shows there is nothing more. So a task that was
 * cancelled or timed out has lost nothing, and no call of the kernel registers a wait.
 */
#include "socket.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(struct cy_socket) <= CYI_HEAP_BLOCK_MIN, "the smallest class holds it");

static struct cyi_io *
io_of(struct cyi_core *core)
{
    if (core->io == NULL) {
        struct cyi_io *io = calloc(1, sizeof *io);
        if (io == NULL)
            return NULL;
        cyi_list_init(&io->sockets);
        core->io = io;
    }
    return core->io;
}

int
cyi_socket_new(cy_socket **out, struct cyi_core *core, int fd, enum cyi_socket_kind kind)
{
    struct cyi_io *io = io_of(core);
    cy_socket *socket = io != NULL ? cyi_heap_take(&core->heap, 0, sizeof *socket) : NULL;
    if (socket == NULL)
        return -ENOMEM;
    *socket = (struct cy_socket){.core = core, .fd = fd, .kind = (uint8_t) kind};
    cyi_list_append(&io->sockets, &socket->link);
    *out = socket;
    return 0;
}

int
cyi_socket_open(cy_socket **out, struct cyi_core *core, const cy_address *address,
                enum cyi_socket_kind kind)
{
    int type = kind == CYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    if (cyi_address_size(address) == 0)
        return -EAFNOSUPPORT;
    int fd = core->os->socket->open(core->os, address->u.any.sa_family, type);
    if (fd < 0)
        return fd;
    int r = cyi_socket_new(out, core, fd, kind);
    if (r < 0)
        core->os->socket->close(core->os, fd);
    return r;
}

int
cyi_socket_watch(cy_socket **out, cy_socket *socket)
{
    struct cyi_core *core = socket->core;
    int r = core->os->reactor->add(core->reactor, socket->fd, socket);
    if (r < 0)
        cy_close(&socket);
    else
        *out = socket;
    return r;
}

/* No event can name the socket afterwards: removed here, and no batch is half handed on. */
static void
close_descriptor(cy_socket *socket)
{
    struct cyi_core *core = socket->core;
    if (socket->fd < 0)
        return;
    core->os->reactor->remove(core->reactor, socket->fd);
    core->os->socket->close(core->os, socket->fd);
    socket->fd = -1;
}

static void
free_if_unused(cy_socket *socket)
{
    if (socket->reader == NULL && socket->writer == NULL)
        cyi_heap_give(&socket->core->heap, 0, socket);
}

static void
wake(struct cyi_core *core, struct cyi_task *task, int result)
{
    if (task != NULL)
        cyi_wake(core, task, result);
}

void
cy_close(cy_socket **socket)
{
    cy_socket *closed = *socket;
    *socket = NULL;
    if (closed == NULL)
        return;
    CY_ASSERT(closed->core == cyi_self && !closed->released);
    close_descriptor(closed);
    cyi_list_remove(&closed->link);
    closed->released = true;
    wake(closed->core, closed->reader, -EBADF);
    wake(closed->core, closed->writer, -EBADF);
    free_if_unused(closed);
}

/* After a suspension: the socket may have been closed meanwhile. */
static int
leave(cy_socket *socket, struct cyi_task **side, int result)
{
    *side = NULL;
    if (!socket->released)
        return result;
    free_if_unused(socket);
    return result == -ECANCELED ? -ECANCELED : -EBADF;
}

int
cyi_socket_wait(cy_socket *socket, struct cyi_task **side, cy_time deadline)
{
    struct cyi_core *core = socket->core;
    enum cyi_wait wait = side == &socket->reader ? CYI_WAIT_READ : CYI_WAIT_WRITE;
    *side = core->sched.current;
    return leave(socket, side, cyi_park(core, wait, socket, deadline));
}

int
cyi_socket_pass(cy_socket *socket, struct cyi_task **side)
{
    struct cyi_core *core = socket->core;
    struct cyi_io *io = core->io;
    if (core->sched.current->flags & CYI_TASK_CANCELLED)
        return -ECANCELED;
    if (io->streak < CYI_IO_STREAK_MAX)
        return 0;
    io->streak = 0;
    if (io->switches != core->counters.switches) {
        io->switches = core->counters.switches;
        return 0;
    }
    *side = core->sched.current;
    return leave(socket, side, cy_yield());
}

int
cyi_socket_begin(cy_socket *socket, struct cyi_task **side)
{
    CY_ASSERT(socket->core == cyi_current() && !socket->released);
    if (*side != NULL)
        return -EBUSY;
    return cyi_socket_pass(socket, side);
}

void
cyi_io_ready(struct cyi_core *core, const struct cyi_ready *events, int count)
{
    for (int i = 0; i < count; i++) {
        cy_socket *socket = events[i].token;
        uint32_t what = events[i].what;
        socket->ready |= (uint8_t) what;
        if (what & CYI_READABLE)
            wake(core, socket->reader, 0);
        if (what & CYI_WRITABLE)
            wake(core, socket->writer, 0);
    }
}

/* Closed at once, not only ignored: clients are refused and try another node. */
void
cyi_io_stop_accepting(struct cyi_core *core)
{
    struct cyi_io *io = io_of(core);
    if (io == NULL)
        return;
    io->stopped = true;
    cyi_list_for_each(link, &io->sockets) {
        cy_socket *socket = cyi_container_of(link, cy_socket, link);
        if (socket->kind != CYI_SOCKET_LISTENER || socket->lasting)
            continue;
        close_descriptor(socket);
        wake(core, socket->reader, -ECANCELED);
    }
}

uint32_t
cyi_io_fini(struct cyi_core *core)
{
    uint32_t left = 0;
    if (core->io == NULL)
        return 0;
    cyi_list_for_each_safe(link, &core->io->sockets) {
        cy_socket *socket = cyi_container_of(link, cy_socket, link);
        close_descriptor(socket);
        cyi_heap_give(&core->heap, 0, socket);
        left++;
    }
    free(core->io);
    core->io = NULL;
    return left;
}

void
cyi_io_each(struct cyi_core *core, void (*visit)(cy_socket *socket, void *arg), void *arg)
{
    if (core->io == NULL)
        return;
    cyi_list_for_each(link, &core->io->sockets)
        visit(cyi_container_of(link, cy_socket, link), arg);
}

static void
count_one(cy_socket *socket, void *arg)
{
    (void) socket;
    ++*(uint32_t *) arg;
}

uint32_t
cyi_io_count(struct cyi_core *core)
{
    uint32_t count = 0;
    cyi_io_each(core, count_one, &count);
    return count;
}

typedef int address_fn(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size);

static int
ask_address(cy_address *out, const cy_socket *socket, address_fn *ask)
{
    cy_address address = {0};
    socklen_t size = sizeof address;
    if (socket->fd < 0)
        return -EBADF;
    int r = ask(socket->core->os, socket->fd, &address.u.any, &size);
    if (r == 0)
        *out = address;
    return r;
}

int
cy_socket_local(cy_address *out, const cy_socket *socket)
{
    return ask_address(out, socket, socket->core->os->socket->local);
}

int
cy_socket_remote(cy_address *out, const cy_socket *socket)
{
    return ask_address(out, socket, socket->core->os->socket->remote);
}

int
cyi_socket_format(char *text, size_t size, const cy_socket *socket)
{
    static const char *const kinds[] = {"listener", "stream", "datagram"};
    char local[CY_ADDRESS_TEXT_MAX] = "?", remote[CY_ADDRESS_TEXT_MAX] = "";
    cy_address address;
    if (cy_socket_local(&address, socket) == 0)
        cy_address_format(local, sizeof local, &address);
    if (cy_socket_remote(&address, socket) == 0)
        cy_address_format(remote, sizeof remote, &address);
    return snprintf(text, size, "%s %d %s%s%s", kinds[socket->kind], socket->fd, local,
                    *remote != '\0' ? " to " : "", remote);
}
