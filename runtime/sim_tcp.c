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

static void
release(struct sim_link *link)
{
    if (link->end[0] != NULL || link->end[1] != NULL || link->events != 0)
        return;
    free(link->pipe[0].bytes);
    free(link->pipe[1].bytes);
    free(link);
}

static void
drop_event(struct sim_event *event)
{
    struct sim_link *link = event->what;
    link->events--;
    release(link);
}

/* Tell the other side of `from` something, in order with what was told before. */
static void
tell(struct cyi_sim *sim, struct sim_link *link, uint8_t from, uint64_t value,
     void (*fn)(struct cyi_sim *sim, struct sim_event *event))
{
    struct sim_pipe *pipe = &link->pipe[from];
    cy_time at = sim->now + cyi_sim_latency(sim);
    if (at < pipe->last)
        at = pipe->last;
    pipe->last = at;
    link->events++;
    struct sim_event event = {
        .at = at, .fn = fn, .drop = drop_event, .what = link, .value = value, .side = from};
    cyi_sim_event_add(sim, &event);
}

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

static void
die(struct sim_socket *socket, int error)
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
    die(socket, (int) event->value);
    drop_event(event);
}

static void
send_reset(struct cyi_sim *sim, struct sim_link *link, uint8_t from, int error)
{
    if (link->reset_sent[from])
        return;
    link->reset_sent[from] = true;
    sim->counters.resets++;
    tell(sim, link, from, (uint64_t) error, reset_arrives);
}

static void
segment_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    struct sim_socket *socket = far_end(event);
    link->pipe[event->side].arrived = event->value;
    sim->counters.segments++;
    if (socket == NULL) {
        send_reset(sim, link, 1 - event->side, -ECONNRESET);
    } else if (socket->state == SIM_CONNECTED) {
        cyi_sim_socket_edge(socket);
        if (sim_chance(&sim->world, sim->options.reset_chance)) {
            send_reset(sim, link, 0, -ECONNRESET);
            send_reset(sim, link, 1, -ECONNRESET);
        }
    }
    drop_event(event);
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
    drop_event(event);
}

static void
fin_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_link *link = event->what;
    (void) sim;
    link->pipe[event->side].fin_arrived = true;
    cyi_sim_socket_edge(far_end(event));
    drop_event(event);
}

static void
refusal_arrives(struct cyi_sim *sim, struct sim_event *event)
{
    (void) sim;
    die(far_end(event), (int) event->value);
    drop_event(event);
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
    drop_event(event);
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
        cyi_sim_socket_find(link->to, &link->name[1], &link->name[0], false);
    if (near_end(event) == NULL) {
        /* The caller has given up. */
    } else if (listener == NULL || sim_chance(&sim->world, sim->options.refuse_chance)) {
        tell(sim, link, 1, (uint64_t) -ECONNREFUSED, refusal_arrives);
    } else if (listener->queued < listener->backlog) {
        make_end(link, listener);
        tell(sim, link, 1, 0, welcome_arrives);
    } else if (link->tries++ == SYN_TRIES) {
        tell(sim, link, 1, (uint64_t) -ETIMEDOUT, refusal_arrives);
    } else {
        link->pipe[0].last = sim->now + (CY_SECOND << link->tries);
        tell(sim, link, 0, 0, syn_arrives);
    }
    drop_event(event);
}

static void
make_pipe(struct cyi_sim *sim, struct sim_pipe *pipe)
{
    uint32_t max = sim->options.buffer_max;
    pipe->capacity = max == 0 ? BUFFER : 1 + (uint32_t) sim_below(&sim->world, max);
    pipe->bytes = cyi_sim_memory(pipe->capacity);
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
    make_pipe(sim, &link->pipe[0]);
    make_pipe(sim, &link->pipe[1]);
    link->name[0] = socket->local = source;
    link->name[1] = *to;
    link->to = host;
    link->end[0] = socket;
    socket->link = link;
    socket->side = 0;
    socket->state = SIM_CONNECTING;
    tell(sim, link, 0, 0, syn_arrives);
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
    for (size_t i = 0; i < n; i++)
        out[i] = pipe->bytes[(pipe->taken + i) % pipe->capacity];
    if (n > 0) {
        pipe->taken += n;
        tell(socket->host->sim, socket->link, socket->side, pipe->taken,
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
        tell(sim, socket->link, socket->side, from, segment_arrives);
    }
}

static size_t
put_bytes(struct sim_pipe *pipe, const struct iovec *parts, int count, size_t room)
{
    size_t total = 0;
    for (int i = 0; i < count && total < room; i++) {
        const uint8_t *bytes = parts[i].iov_base;
        for (size_t j = 0; j < parts[i].iov_len && total < room; j++, total++)
            pipe->bytes[(pipe->written + total) % pipe->capacity] = bytes[j];
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
        tell(socket->host->sim, socket->link, socket->side, 0, fin_arrives);
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
        send_reset(sim, link, socket->side, -ECONNRESET);
    } else if (socket->state == SIM_CONNECTED && !link->pipe[socket->side].fin_sent) {
        link->pipe[socket->side].fin_sent = true;
        tell(sim, link, socket->side, 0, fin_arrives);
    }
    release(link);
}

/* The listener goes: who waits in its queue is reset. */
static void
close_waiting(struct cyi_sim *sim, struct sim_socket *listener)
{
    cyi_list_for_each_safe(place, &listener->queue) {
        struct sim_socket *waiting = cyi_container_of(place, struct sim_socket, queue);
        waiting->link->end[1] = NULL;
        send_reset(sim, waiting->link, 1, -ECONNRESET);
        free(waiting);
    }
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
