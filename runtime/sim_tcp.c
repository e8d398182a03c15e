/*
 * sim_tcp.c - simulated connections.
 *
 * Bytes lie in a ring per direction; events move the border up to which they have arrived, by
 * cuts that the seed chooses, and the border up to which the writer knows them to be taken.
 * The rules are those of Linux where a program can see them: what arrived before a reset can
 * still be read, then the error comes once; after that a read gives 0 and a write -EPIPE; a
 * socket closed with bytes unread resets the connection.
 *
 * Tests: tests/runtime/test_sim_tcp.c
 */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

enum { CUTS_MAX = 4, SYN_TRIES = 5, BUFFER = 65536, BACKLOG_MAX = 4096 };

/* The end of the side that an event comes from, or that it leads to; NULL: closed. */
static struct sim_socket *
near_end(const struct sim_event *event)
{
    return ((struct sim_link *) event->what)->end[event->side];
}

static struct sim_socket *
far_end(const struct sim_event *event)
{
    return ((struct sim_link *) event->what)->end[1 - event->side];
}

void
cyi_sim_tcp_die(struct sim_socket *socket, int error)
{
    if (socket == NULL || socket->state == SIM_DEAD)
        return;
    socket->state = SIM_DEAD;
    socket->error = error;
    cyi_sim_socket_edge(socket);
}

static void
reset_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_socket *socket = far_end(event);
    (void) sim;
    cyi_sim_tcp_die(socket, (int) event->value);
    cyi_sim_told(event);
}

void
cyi_sim_tcp_reset(struct cyi_sim *sim, struct sim_link *link, uint8_t from, int error)
{
    /* A lost reset is not sent again by itself, only in answer to what comes later. */
    if (link->reset_sent[from] || sim_is_blocked(link->host[from], link->host[1 - from]))
        return;
    link->reset_sent[from] = true;
    sim->counters.resets++;
    cyi_sim_tell(sim, link, from, (uint64_t) error, reset_arrives);
}

/* Has the program ordered a cut before these bytes have all come? Then *until is where. */
static bool
is_cut(struct cyi_sim *sim, const struct sim_event *event, uint64_t *until)
{
    const struct sim_link *link = event->what;
    uint64_t arrived = link->pipe[event->side].arrived;
    uint64_t *left =
        &sim->cut_after[link->host[event->side]->index][link->host[1 - event->side]->index];
    if (*left == 0)
        return false;
    if (*left - 1 > *until - arrived) {
        *left -= *until - arrived;
        return false;
    }
    *until = arrived + *left - 1;
    *left = 0;
    return true;
}

static void
reset_both(struct cyi_sim *sim, struct sim_link *link)
{
    cyi_sim_tcp_reset(sim, link, 0, -ECONNRESET);
    cyi_sim_tcp_reset(sim, link, 1, -ECONNRESET);
}

/* Nobody is there to take it: closed, or forgotten without a word. */
static bool
is_stray(const struct sim_event *event)
{
    const struct sim_socket *near = near_end(event), *far = far_end(event);
    return far == NULL || (far->state == SIM_DEAD && near != NULL && near->state != SIM_DEAD);
}

static void
segment_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    struct sim_pipe *pipe = &link->pipe[event->side];
    struct sim_socket *socket = far_end(event);
    uint64_t until = event->value;
    bool cut = !pipe->cut && is_cut(sim, event, &until);
    sim->counters.segments++;
    if (!pipe->cut)
        pipe->arrived = until;
    if (is_stray(event)) {
        cyi_sim_tcp_reset(sim, link, 1 - event->side, -ECONNRESET);
    } else if (cut) {
        pipe->cut = true;
        cyi_sim_tcp_die(socket, -ECONNRESET);
        cyi_sim_tcp_reset(sim, link, 1 - event->side, -ECONNRESET);
    } else if (socket->state == SIM_CONNECTED) {
        cyi_sim_socket_edge(socket);
        if (sim_chance(&sim->world, sim->options.reset_chance))
            reset_both(sim, link);
    }
    cyi_sim_told(event);
}

static void
acknowledgement_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    struct sim_socket *writer = far_end(event);
    (void) sim;
    link->pipe[1 - event->side].acknowledged = event->value;
    if (writer != NULL && writer->blocked) {
        writer->blocked = false;
        cyi_sim_socket_edge(writer);
    }
    cyi_sim_told(event);
}

static void
fin_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    (void) sim;
    link->pipe[event->side].fin_arrived = true;
    cyi_sim_socket_edge(far_end(event));
    cyi_sim_told(event);
}

static void
refusal_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    (void) sim;
    cyi_sim_tcp_die(far_end(event), (int) event->value);
    cyi_sim_told(event);
}

static void
welcome_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_socket *socket = far_end(event);
    (void) sim;
    if (socket != NULL && socket->state == SIM_CONNECTING) {
        socket->state = SIM_CONNECTED;
        cyi_sim_socket_edge(socket);
    }
    cyi_sim_told(event);
}

/* The end at the listener's side, in its queue until somebody accepts it. */
static void
make_end(struct sim_link *link, struct sim_socket *listener)
{
    struct sim_socket *socket = cyi_sim_socket_make(listener->host, false, listener->v6);
    socket->state = SIM_CONNECTED;
    socket->side = 1;
    socket->link = link;
    socket->local = link->name[1];
    link->end[1] = socket;
    cyi_list_append(&listener->queue, &socket->queue);
    listener->queued++;
    cyi_sim_socket_edge(listener);
}

static void
syn_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    struct sim_socket *listener =
        cyi_sim_socket_find(link->host[1], &link->name[1], &link->name[0], false);
    if (near_end(event) == NULL) {
        /* The caller has given up. */
    } else if (listener == NULL || sim_chance(&sim->world, sim->options.refuse_chance)) {
        cyi_sim_tell(sim, link, 1, (uint64_t) -ECONNREFUSED, refusal_arrives);
    } else if (listener->queued < listener->backlog) {
        make_end(link, listener);
        cyi_sim_tell(sim, link, 1, 0, welcome_arrives);
    } else if (link->tries++ == SYN_TRIES) {
        cyi_sim_tell(sim, link, 1, (uint64_t) -ETIMEDOUT, refusal_arrives);
    } else {
        link->pipe[0].last = sim->now + (CY_SECOND << link->tries);
        cyi_sim_tell(sim, link, 0, 0, syn_arrives);
    }
    cyi_sim_told(event);
}

/* The buffer of who receives says how much is under way. */
static void
make_pipe(const struct sim_host *receiver, struct sim_pipe *pipe)
{
    struct cyi_sim *sim = receiver->sim;
    uint32_t max = sim->options.buffer_max;
    pipe->capacity = max == 0 ? BUFFER : 1 + (uint32_t) sim_below(&sim->world, max);
    if (receiver->buffer != 0)
        pipe->capacity = receiver->buffer;
    pipe->bytes = malloc(pipe->capacity); /* read only where it was written to */
    CY_ASSERT(pipe->bytes != NULL);
}

int
cyi_sim_tcp_connect(struct sim_socket *socket, const struct sim_name *to)
{
    struct cyi_sim *sim = socket->host->sim;
    struct sim_host *host = cyi_sim_host_of(socket->host, to);
    struct sim_name source;
    if (socket->state != SIM_FRESH)
        return socket->state == SIM_CONNECTING ? -EALREADY : -EISCONN;
    if (host == NULL)
        return -ENETUNREACH;
    int rc = cyi_sim_socket_source(&source, socket, to);
    if (rc != 0)
        return rc;
    struct sim_link *link = cyi_sim_memory(sizeof *link);
    make_pipe(host, &link->pipe[0]);
    make_pipe(socket->host, &link->pipe[1]);
    link->name[0] = socket->local = source;
    link->name[1] = *to;
    link->host[0] = socket->host;
    link->host[1] = host;
    cyi_list_append(&sim->links, &link->all);
    link->end[0] = socket;
    socket->link = link;
    socket->side = 0;
    socket->state = SIM_CONNECTING;
    cyi_sim_tell(sim, link, 0, 0, syn_arrives);
    return -EINPROGRESS;
}

int
cyi_sim_tcp_listen(struct sim_socket *socket, int backlog)
{
    struct sim_name any = socket->local;
    if (socket->state != SIM_FRESH)
        return -EINVAL;
    if (!cyi_list_linked(&socket->bound)) {
        int rc = cyi_sim_socket_bind(socket, &any);
        if (rc != 0)
            return rc;
    }
    if (cyi_sim_name_clashes(socket, &socket->local, true))
        return -EADDRINUSE;
    socket->state = SIM_LISTENING;
    socket->backlog = backlog > 0 && backlog < BACKLOG_MAX ? (uint32_t) backlog : BACKLOG_MAX;
    return 0;
}

int
cyi_sim_tcp_accept(struct sim_socket *listener, struct sockaddr *from, socklen_t *size)
{
    struct cyi_sim *sim = listener->host->sim;
    if (listener->datagram || listener->state != SIM_LISTENING)
        return -EINVAL;
    if (cyi_list_empty(&listener->queue))
        return -EAGAIN;
    struct cyi_list *first = cyi_list_first(&listener->queue);
    struct sim_socket *socket = cyi_container_of(first, struct sim_socket, queue);
    int fd = cyi_sim_socket_number(sim, socket);
    if (fd < 0)
        return fd;
    cyi_list_remove(first);
    listener->queued--;
    cyi_sim_name_write(&socket->link->name[0], socket, from, size);
    return fd;
}

/* Where the byte at this position lies, and how many of `wanted` follow it there. */
static uint8_t *
ring_at(const struct sim_pipe *pipe, uint64_t position, size_t wanted, size_t *part)
{
    uint32_t at = (uint32_t) (position % pipe->capacity);
    size_t rest = pipe->capacity - at;
    *part = wanted < rest ? wanted : rest;
    return pipe->bytes + at;
}

ssize_t
cyi_sim_tcp_read(struct sim_socket *socket, void *buffer, size_t size)
{
    uint8_t *out = buffer;
    if (socket->datagram || socket->link == NULL)
        return -ENOTCONN;
    struct sim_pipe *pipe = &socket->link->pipe[1 - socket->side];
    size_t n = (size_t) (pipe->arrived - pipe->taken);
    if (n > size)
        n = size;
    for (size_t done = 0; done < n;) {
        size_t part;
        const uint8_t *bytes = ring_at(pipe, pipe->taken + done, n - done, &part);
        memcpy(out + done, bytes, part);
        done += part;
    }
    if (n > 0) {
        pipe->taken += n;
        cyi_sim_tell(socket->host->sim, socket->link, socket->side, pipe->taken,
                     acknowledgement_arrives);
        return (ssize_t) n;
    }
    if (socket->error != 0) {
        int error = socket->error;
        socket->error = 0;
        return error;
    }
    return pipe->fin_arrived || socket->state == SIM_DEAD ? 0 : -EAGAIN;
}

/* Let what was written arrive in pieces. */
static void
send_segments(struct cyi_sim *sim, struct sim_socket *socket, uint64_t from, uint64_t to)
{
    uint64_t max = sim->options.segment_max;
    for (int cut = 1; from < to; cut++) {
        uint64_t n = max == 0 || cut == CUTS_MAX ? to - from : 1 + sim_below(&sim->world, max);
        from = n < to - from ? from + n : to;
        cyi_sim_tell(sim, socket->link, socket->side, from, segment_arrives);
    }
}

static size_t
put_bytes(struct sim_pipe *pipe, const struct iovec *parts, int count, size_t room)
{
    size_t total = 0;
    for (int i = 0; i < count && total < room; i++) {
        const uint8_t *bytes = parts[i].iov_base;
        for (size_t done = 0; done < parts[i].iov_len && total < room;) {
            size_t left = parts[i].iov_len - done, part;
            if (left > room - total)
                left = room - total;
            uint8_t *at = ring_at(pipe, pipe->written + total, left, &part);
            memcpy(at, bytes + done, part);
            done += part;
            total += part;
        }
    }
    pipe->written += total;
    return total;
}

ssize_t
cyi_sim_tcp_writev(struct sim_socket *socket, const struct iovec *parts, int count)
{
    if (socket->datagram || socket->link == NULL)
        return -ENOTCONN;
    struct cyi_sim *sim = socket->host->sim;
    struct sim_pipe *pipe = &socket->link->pipe[socket->side];
    int error = socket->error;
    socket->error = 0;
    if (error != 0)
        return error;
    if (socket->state == SIM_DEAD || pipe->fin_sent)
        return -EPIPE;
    size_t room = (size_t) (pipe->capacity - (pipe->written - pipe->acknowledged));
    if (socket->state == SIM_CONNECTING || room == 0) {
        socket->blocked = true;
        return -EAGAIN;
    }
    uint64_t before = pipe->written;
    size_t n = put_bytes(pipe, parts, count, room);
    socket->blocked = n == room;
    send_segments(sim, socket, before, pipe->written);
    return (ssize_t) n;
}

int
cyi_sim_tcp_shutdown_write(struct sim_socket *socket)
{
    if (socket->datagram || socket->state != SIM_CONNECTED)
        return -ENOTCONN;
    struct sim_pipe *pipe = &socket->link->pipe[socket->side];
    if (!pipe->fin_sent)
        cyi_sim_tell(socket->host->sim, socket->link, socket->side, 0, fin_arrives);
    pipe->fin_sent = true;
    return 0;
}

static void
close_end(struct cyi_sim *sim, struct sim_socket *socket)
{
    struct sim_link *link = socket->link;
    const struct sim_pipe *in = &link->pipe[1 - socket->side];
    bool unread = in->arrived != in->taken;
    link->end[socket->side] = NULL;
    if (socket->state == SIM_CONNECTING || (socket->state == SIM_CONNECTED && unread)) {
        cyi_sim_tcp_reset(sim, link, socket->side, -ECONNRESET);
    } else if (socket->state == SIM_CONNECTED && !link->pipe[socket->side].fin_sent) {
        link->pipe[socket->side].fin_sent = true;
        cyi_sim_tell(sim, link, socket->side, 0, fin_arrives);
    }
    cyi_sim_link_release(link);
}

/* The listener goes: who waits in its queue is reset. */
static void
close_waiting(struct cyi_sim *sim, struct sim_socket *listener)
{
    cyi_list_for_each_safe(place, &listener->queue) {
        struct sim_socket *waiting = cyi_container_of(place, struct sim_socket, queue);
        waiting->link->end[1] = NULL;
        cyi_sim_tcp_reset(sim, waiting->link, 1, -ECONNRESET);
        free(waiting);
    }
}

static void
vanish_end(struct cyi_sim *sim, struct sim_socket *socket)
{
    struct sim_link *link = socket->link;
    if (link != NULL) {
        cyi_sim_way_lose(sim, link, socket->side);
        link->end[socket->side] = NULL;
        cyi_sim_link_release(link);
    }
    free(socket);
}

void
cyi_sim_tcp_vanish(struct cyi_sim *sim, struct sim_socket *socket)
{
    if (socket->state == SIM_LISTENING) {
        cyi_list_for_each_safe(place, &socket->queue)
            vanish_end(sim, cyi_container_of(place, struct sim_socket, queue));
    }
    vanish_end(sim, socket);
}

void
cyi_sim_tcp_close(struct cyi_sim *sim, struct sim_socket *socket)
{
    if (socket->state == SIM_LISTENING)
        close_waiting(sim, socket);
    if (socket->link != NULL)
        close_end(sim, socket);
    free(socket);
}

uint32_t
cyi_sim_tcp_ready(const struct sim_socket *socket)
{
    const uint32_t all = CYI_READABLE | CYI_WRITABLE | CYI_HANGUP;
    if (socket->state == SIM_LISTENING)
        return cyi_list_empty(&socket->queue) ? 0 : CYI_READABLE;
    if (socket->state == SIM_CONNECTING)
        return 0;
    if (socket->state != SIM_CONNECTED)
        return all;
    const struct sim_pipe *in = &socket->link->pipe[1 - socket->side];
    const struct sim_pipe *out = &socket->link->pipe[socket->side];
    uint32_t what = 0;
    if (in->arrived != in->taken || in->fin_arrived)
        what |= CYI_READABLE;
    if (in->fin_arrived)
        what |= CYI_HANGUP;
    if (out->fin_sent || out->written - out->acknowledged < out->capacity)
        what |= CYI_WRITABLE;
    return what;
}
