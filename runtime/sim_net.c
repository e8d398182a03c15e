/*
 * sim_net.c - the sockets of the simulated network: who has which number and which port.
 *
 * Tests: tests/runtime/test_sim_net.c
 */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_FD = 1 << 20, /* far from real descriptors, so that a mix-up shows */
    SOCKETS_MAX = 65536,
    EPHEMERAL = 32768,
    EPHEMERAL_COUNT = 28232,
};

struct sim_socket *
cyi_sim_socket_of(struct cyi_os *os, int fd)
{
    const struct cyi_sim *sim = ((struct sim_host *) (void *) os)->sim;
    uint32_t index = (uint32_t) (fd - FIRST_FD);
    struct sim_socket *socket =
        fd >= FIRST_FD && index < sim->socket_room ? sim->sockets[index] : NULL;
    return socket != &sim->crashed ? socket : NULL;
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
    uint32_t i = sim->socket_lowest;
    if (sim_chance(&sim->world, sim->options.no_socket_chance))
        return -EMFILE;
    while (i < sim->socket_room && sim->sockets[i] != NULL)
        i++;
    sim->socket_lowest = i;
    if (i == SOCKETS_MAX)
        return -EMFILE;
    if (i == sim->socket_room)
        more_numbers(sim);
    sim->sockets[i] = socket;
    socket->node = cyi_self != NULL ? cyi_self->node : NULL;
    return socket->fd = FIRST_FD + (int) i;
}

static void
lose_number(struct sim_socket *socket)
{
    cyi_list_remove(&socket->ready);
    cyi_list_remove(&socket->bound);
    socket->reactor = NULL;
}

void
cyi_sim_socket_forget(struct cyi_sim *sim, struct sim_socket *socket)
{
    uint32_t i = (uint32_t) (socket->fd - FIRST_FD);
    sim->sockets[i] = NULL;
    if (i < sim->socket_lowest)
        sim->socket_lowest = i;
    lose_number(socket);
}

/* Its number is not given to another one: what is left of the node may still use it. */
struct sim_socket *
cyi_sim_socket_orphan(struct cyi_sim *sim, const struct cyi_node *node, uint32_t *from)
{
    while (*from < sim->socket_room) {
        struct sim_socket **place = &sim->sockets[(*from)++], *socket = *place;
        if (socket == NULL || socket == &sim->crashed || socket->node != node)
            continue;
        *place = &sim->crashed;
        lose_number(socket);
        return socket;
    }
    return NULL;
}

void
cyi_sim_socket_edge(struct sim_socket *socket)
{
    if (socket == NULL || socket->reactor == NULL || cyi_list_linked(&socket->ready))
        return;
    cyi_list_append(&socket->reactor->ready, &socket->ready);
    sim_core_changed(socket->host->sim, socket->reactor->slot);
}

/* Would both get what comes to one of them? */
static bool
overlap(const struct sim_socket *a, const struct sim_name *name, const struct sim_socket *b)
{
    if (name->port != b->local.port)
        return false;
    if (memcmp(name->address, b->local.address, 16) == 0)
        return true;
    bool a_any = sim_is_any(name), b_any = sim_is_any(&b->local);
    if (!a_any && !b_any)
        return false;
    bool same_family = sim_is_v4(name) == sim_is_v4(&b->local);
    bool both_families = (a_any && !sim_is_v4(name) && !a->v6_only) ||
                         (b_any && !sim_is_v4(&b->local) && !b->v6_only);
    return same_family || both_families;
}

bool
cyi_sim_name_clashes(const struct sim_socket *socket, const struct sim_name *name,
                     bool listening)
{
    cyi_list_for_each(link, &socket->host->bound) {
        const struct sim_socket *other = cyi_container_of(link, struct sim_socket, bound);
        if (other == socket || other->datagram != socket->datagram ||
            !overlap(socket, name, other))
            continue;
        bool both_ports = other->reuse_port && socket->reuse_port;
        bool both_addresses = other->reuse_address && socket->reuse_address &&
                              other->state != SIM_LISTENING && !listening;
        if (!both_ports && !both_addresses && !(listening && other->state != SIM_LISTENING))
            return true;
    }
    return false;
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
    if (!cyi_sim_may_bind(socket->host, &full, socket->datagram))
        return -EADDRNOTAVAIL;
    if (full.port == 0)
        full.port = free_port(socket, &full);
    if (full.port == 0 || cyi_sim_name_clashes(socket, &full, false))
        return -EADDRINUSE;
    socket->local = full;
    cyi_list_append(&socket->host->bound, &socket->bound);
    return 0;
}

/* 0: not at all, 1: by the wildcard, 2: by its very address. */
static int
match(const struct sim_socket *socket, const struct sim_name *name)
{
    if (socket->local.port != name->port)
        return 0;
    if (memcmp(socket->local.address, name->address, 16) == 0)
        return 2;
    if (!sim_is_any(&socket->local))
        return sim_is_any(name) && sim_is_loopback(&socket->local) ? 1 : 0;
    if (sim_is_v4(&socket->local))
        return sim_is_v4(name);
    return !sim_is_v4(name) || !socket->v6_only;
}

bool
cyi_sim_socket_hears(const struct sim_socket *socket, const struct sim_name *name)
{
    return match(socket, name) != 0;
}

static uint64_t
hash_flow(uint64_t salt, const struct sim_name *a, const struct sim_name *b)
{
    struct sim_random random = {salt};
    const struct sim_name *names[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        uint64_t half[2];
        memcpy(half, names[i]->address, sizeof half);
        random.state ^= half[0] ^ names[i]->port;
        random.state = sim_draw(&random) ^ half[1];
    }
    return sim_draw(&random);
}

/* The socket number `index` among those that fit best, or how many those are. */
static uint32_t
look_through(struct sim_socket **out, const struct sim_host *host, const struct sim_name *to,
             bool datagram, uint32_t index)
{
    int best = 1;
    uint32_t count = 0;
    cyi_list_for_each(link, &host->bound) {
        struct sim_socket *socket = cyi_container_of(link, struct sim_socket, bound);
        if (socket->datagram != datagram || (!datagram && socket->state != SIM_LISTENING))
            continue;
        int how = match(socket, to);
        if (how < best)
            continue;
        count = how > best ? 1 : count + 1;
        best = how;
        if (count == index + 1)
            *out = socket;
    }
    return count;
}

struct sim_socket *
cyi_sim_socket_find(struct sim_host *host, const struct sim_name *to,
                    const struct sim_name *from, bool datagram)
{
    struct sim_socket *found = NULL;
    uint32_t count = look_through(&found, host, to, datagram, 0);
    if (count > 1) {
        uint64_t hash = hash_flow(host->sim->flow_salt, from, to);
        look_through(&found, host, to, datagram, (uint32_t) (hash % count));
    }
    return found;
}
