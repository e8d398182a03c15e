/*
 * sim_net.c - the simulated network: what is under way, who has which name and number.
 *
 * Events of one time happen in the order in which they were made.
 *
 * Tests: tests/runtime/test_sim_net.c
 */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_FD = 1 << 20, /* far from real descriptors, so that a mix-up shows */
    SOCKETS_MAX = 4096,
    EPHEMERAL = 32768,
    EPHEMERAL_COUNT = 28232,
};

void *
cyi_sim_memory(size_t bytes)
{
    void *memory = calloc(1, bytes);
    CY_ASSERT(memory != NULL);
    return memory;
}

static bool
earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at < b->at || (a->at == b->at && a->number < b->number);
}

static void
swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;
    *a = *b;
    *b = t;
}

void
cyi_sim_event_add(struct cyi_sim *sim, const struct sim_event *event)
{
    if (sim->event_count == sim->event_room) {
        sim->event_room = sim->event_room * 2 + 64;
        sim->events = realloc(sim->events, sim->event_room * sizeof *sim->events);
        CY_ASSERT(sim->events != NULL);
    }
    uint32_t at = sim->event_count++;
    sim->events[at] = *event;
    sim->events[at].number = sim->event_number++;
    while (at > 0 && earlier(&sim->events[at], &sim->events[(at - 1) / 2])) {
        swap(&sim->events[at], &sim->events[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct sim_event
take_first(struct cyi_sim *sim)
{
    struct sim_event first = sim->events[0];
    sim->events[0] = sim->events[--sim->event_count];
    for (uint32_t at = 0, child; (child = 2 * at + 1) < sim->event_count; at = child) {
        if (child + 1 < sim->event_count &&
            earlier(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!earlier(&sim->events[child], &sim->events[at]))
            break;
        swap(&sim->events[child], &sim->events[at]);
    }
    return first;
}

cy_time
cyi_sim_event_next(const struct cyi_sim *sim)
{
    return sim->event_count == 0 ? CY_FOREVER : sim->events[0].at;
}

void
cyi_sim_events_run(struct cyi_sim *sim)
{
    while (sim->event_count != 0 && sim->events[0].at <= sim->now) {
        struct sim_event event = take_first(sim);
        event.fn(sim, &event);
    }
}

void
cyi_sim_events_drop(struct cyi_sim *sim)
{
    while (sim->event_count != 0) {
        struct sim_event event = take_first(sim);
        event.drop(&event);
    }
}

cy_time
cyi_sim_latency(struct cyi_sim *sim)
{
    cy_time max = sim->options.latency_ns_max;
    if (max == 0)
        max = 50 * CY_MICROSECOND;
    return 1 + (cy_time) sim_below(&sim->world, (uint64_t) max);
}

struct sim_socket *
cyi_sim_socket_of(struct cyi_os *os, int fd)
{
    const struct cyi_sim *sim = ((struct sim_host *) (void *) os)->sim;
    uint32_t index = (uint32_t) (fd - FIRST_FD);
    return fd >= FIRST_FD && index < sim->socket_room ? sim->sockets[index] : NULL;
}

struct sim_socket *
cyi_sim_socket_make(struct sim_host *host, bool datagram, bool v6)
{
    struct sim_socket *socket = cyi_sim_memory(sizeof *socket);
    socket->host = host;
    socket->datagram = datagram;
    socket->v6 = v6;
    socket->fd = -1;
    socket->last = &socket->first;
    cyi_list_init(&socket->queue);
    if (!v6)
        socket->local.address[10] = socket->local.address[11] = 0xff;
    return socket;
}

static void
more_numbers(struct cyi_sim *sim)
{
    uint32_t room = sim->socket_room * 2 + 16;
    sim->sockets = realloc(sim->sockets, room * sizeof *sim->sockets);
    CY_ASSERT(sim->sockets != NULL);
    while (sim->socket_room < room)
        sim->sockets[sim->socket_room++] = NULL;
}

int
cyi_sim_socket_number(struct cyi_sim *sim, struct sim_socket *socket)
{
    uint32_t i = 0;
    if (sim_chance(&sim->world, sim->options.no_socket_chance))
        return -EMFILE;
    while (i < sim->socket_room && sim->sockets[i] != NULL)
        i++;
    if (i == SOCKETS_MAX)
        return -EMFILE;
    if (i == sim->socket_room)
        more_numbers(sim);
    sim->sockets[i] = socket;
    return socket->fd = FIRST_FD + (int) i;
}

void
cyi_sim_socket_forget(struct cyi_sim *sim, struct sim_socket *socket)
{
    sim->sockets[socket->fd - FIRST_FD] = NULL;
    cyi_list_remove(&socket->ready);
    cyi_list_remove(&socket->bound);
    socket->reactor = NULL;
}

void
cyi_sim_socket_edge(struct sim_socket *socket)
{
    if (socket == NULL || socket->reactor == NULL || cyi_list_linked(&socket->ready))
        return;
    cyi_list_append(&socket->reactor->ready, &socket->ready);
}

static bool
is_v4(const struct sim_name *name)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(name->address, mapped, sizeof mapped) == 0;
}

/* 0.0.0.0 or :: */
static bool
is_any(const struct sim_name *name)
{
    static const uint8_t zero[16];
    return memcmp(name->address, zero, 10) == 0 && memcmp(name->address + 12, zero, 4) == 0;
}

static bool
is_loopback(const struct sim_name *name)
{
    static const uint8_t one[16] = {[15] = 1};
    return (is_v4(name) && name->address[12] == 127) ||
           memcmp(name->address, one, sizeof one) == 0;
}

int
cyi_sim_name_read(struct sim_name *out, const struct sim_socket *socket,
                  const struct sockaddr *from, socklen_t size)
{
    *out = (struct sim_name){0};
    if (from->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        out->address[10] = out->address[11] = 0xff;
        memcpy(out->address + 12, &in.sin_addr, 4);
        out->port = ntohs(in.sin_port);
    } else if (from->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(out->address, &in6.sin6_addr, 16);
        out->port = ntohs(in6.sin6_port);
    } else {
        return -EINVAL;
    }
    return (from->sa_family == AF_INET6) == socket->v6 ? 0 : -EAFNOSUPPORT;
}

void
cyi_sim_name_write(const struct sim_name *name, const struct sim_socket *socket,
                   struct sockaddr *out, socklen_t *size)
{
    if (out == NULL)
        return;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(name->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(name->port)};
    memcpy(&in.sin_addr, name->address + 12, 4);
    memcpy(&in6.sin6_addr, name->address, 16);
    socklen_t needed = socket->v6 ? sizeof in6 : sizeof in;
    memcpy(out, socket->v6 ? (void *) &in6 : (void *) &in, needed < *size ? needed : *size);
    *size = needed;
}

/* Would both get what comes to one of them? */
static bool
overlap(const struct sim_socket *a, const struct sim_name *name, const struct sim_socket *b)
{
    if (name->port != b->local.port)
        return false;
    if (memcmp(name->address, b->local.address, 16) == 0)
        return true;
    bool a_any = is_any(name), b_any = is_any(&b->local);
    if (!a_any && !b_any)
        return false;
    bool same_family = is_v4(name) == is_v4(&b->local);
    bool both_families =
        (a_any && !is_v4(name) && !a->v6_only) || (b_any && !is_v4(&b->local) && !b->v6_only);
    return same_family || both_families;
}

bool
cyi_sim_name_clashes(const struct sim_socket *socket, const struct sim_name *name,
                     bool listening)
{
    cyi_list_for_each(link, &socket->host->sim->bound) {
        const struct sim_socket *other = cyi_container_of(link, struct sim_socket, bound);
        if (other == socket || other->host != socket->host ||
            other->datagram != socket->datagram || !overlap(socket, name, other))
            continue;
        bool both_ports = other->reuse_port && socket->reuse_port;
        bool both_addresses = other->reuse_address && socket->reuse_address &&
                              other->state != SIM_LISTENING && !listening;
        if (!both_ports && !both_addresses && !(listening && other->state != SIM_LISTENING))
            return true;
    }
    return false;
}

/* The wildcard, loopback, or 10.0.0.(index + 1). */
static bool
is_own(const struct sim_host *host, const struct sim_name *name)
{
    const uint8_t own[4] = {10, 0, 0, (uint8_t) (host->index + 1)};
    return is_any(name) || is_loopback(name) ||
           (is_v4(name) && memcmp(name->address + 12, own, 4) == 0);
}

static uint16_t
free_port(const struct sim_socket *socket, const struct sim_name *wanted)
{
    struct sim_name name = *wanted;
    uint32_t start = (uint32_t) sim_below(&socket->host->sim->world, EPHEMERAL_COUNT);
    for (uint32_t i = 0; i < EPHEMERAL_COUNT; i++) {
        name.port = (uint16_t) (EPHEMERAL + (start + i) % EPHEMERAL_COUNT);
        if (!cyi_sim_name_clashes(socket, &name, true) &&
            !cyi_sim_name_clashes(socket, &name, false))
            return name.port;
    }
    return 0;
}

int
cyi_sim_socket_bind(struct sim_socket *socket, const struct sim_name *name)
{
    struct sim_name full = *name;
    if (cyi_list_linked(&socket->bound))
        return -EINVAL;
    if (!is_own(socket->host, &full))
        return -EADDRNOTAVAIL;
    if (full.port == 0)
        full.port = free_port(socket, &full);
    if (full.port == 0 || cyi_sim_name_clashes(socket, &full, false))
        return -EADDRINUSE;
    socket->local = full;
    cyi_list_append(&socket->host->sim->bound, &socket->bound);
    return 0;
}

int
cyi_sim_socket_source(struct sim_name *out, struct sim_socket *socket,
                      const struct sim_name *to)
{
    struct sim_name local = socket->local;
    if (is_any(&local)) {
        const uint8_t own[4] = {10, 0, 0, (uint8_t) (socket->host->index + 1)};
        memcpy(local.address, to->address, 16);
        if (is_v4(to) && !is_loopback(to) && !is_any(to))
            memcpy(local.address + 12, own, 4);
    }
    if (local.port == 0) {
        int rc = cyi_sim_socket_bind(socket, &local);
        if (rc != 0)
            return rc == -EADDRINUSE ? -EADDRNOTAVAIL : rc;
        local = socket->local;
    }
    *out = local;
    return 0;
}

struct sim_host *
cyi_sim_host_of(struct sim_host *from, const struct sim_name *to)
{
    static const uint8_t network[3] = {10, 0, 0};
    if (is_loopback(to) || is_any(to))
        return from;
    uint32_t index = (uint32_t) to->address[15] - 1;
    if (!is_v4(to) || memcmp(to->address + 12, network, 3) != 0 || index >= CYI_SIM_HOSTS)
        return NULL;
    return &from->sim->hosts[index];
}

/* 0: not at all, 1: by the wildcard, 2: by its very address. */
static int
match(const struct sim_socket *socket, const struct sim_name *name)
{
    if (socket->local.port != name->port)
        return 0;
    if (memcmp(socket->local.address, name->address, 16) == 0)
        return 2;
    if (!is_any(&socket->local))
        return is_any(name) && is_loopback(&socket->local) ? 1 : 0;
    if (is_v4(&socket->local))
        return is_v4(name);
    return !is_v4(name) || !socket->v6_only;
}

struct sim_socket *
cyi_sim_socket_find(struct sim_host *host, const struct sim_name *name, bool datagram)
{
    struct sim_socket *found = NULL;
    int best = 0;
    uint64_t equals = 0;
    cyi_list_for_each(link, &host->sim->bound) {
        struct sim_socket *socket = cyi_container_of(link, struct sim_socket, bound);
        if (socket->host != host || socket->datagram != datagram ||
            (!datagram && socket->state != SIM_LISTENING))
            continue;
        int how = match(socket, name);
        if (how == 0 || how < best)
            continue;
        equals = how > best ? 1 : equals + 1;
        best = how;
        if (sim_below(&host->sim->world, equals) == 0)
            found = socket;
    }
    return found;
}
