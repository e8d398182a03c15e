/*
 * sim_udp.c - simulated datagrams: delayed, so reordered; lost; doubled.
 *
 * Tests: tests/runtime/test_sim_udp.c
 */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_UDP = 65507, QUEUE_BYTES = 212992, OVERHEAD = 512 };

struct sim_datagram {
    struct sim_datagram *next;
    struct sim_host *source, *host;
    struct sim_name from, to;
    uint32_t size;
    uint8_t bytes[];
};

static void
drop_event(struct sim_event *event)
{
    free(event->what);
}

static bool
has_joined(const struct sim_socket *socket, const struct sim_name *group)
{
    for (int i = 0; i < socket->group_count; i++) {
        if (memcmp(socket->groups[i].address, group->address, sizeof group->address) == 0)
            return true;
    }
    return false;
}

int
cyi_sim_udp_join(struct sim_socket *socket, const struct sim_name *group, uint32_t interface)
{
    if (!socket->datagram || cyi_sim_scope(group) != SIM_MULTICAST)
        return -EINVAL;
    if (interface > CYI_SIM_INTERFACE || !cyi_sim_on_network(socket->host, group))
        return -ENODEV;
    if (has_joined(socket, group))
        return -EADDRINUSE;
    if (socket->group_count == SIM_GROUPS)
        return -ENOBUFS;
    /* On loopback there is no multicast, so a member there hears nothing. */
    if (interface == 0 || interface == CYI_SIM_INTERFACE)
        socket->groups[socket->group_count++] = *group;
    return 0;
}

int
cyi_sim_udp_multicast_interface(struct sim_socket *socket, uint32_t interface)
{
    if (interface > CYI_SIM_INTERFACE)
        return -ENODEV;
    socket->multicast_within = interface != 0 && interface != CYI_SIM_INTERFACE;
    return 0;
}

static void
deliver(struct sim_socket *socket, const struct sim_datagram *datagram)
{
    if (socket->queued + datagram->size + OVERHEAD > QUEUE_BYTES) {
        socket->host->sim->counters.lost++;
        return;
    }
    struct sim_datagram *copy = cyi_sim_memory(sizeof *copy + datagram->size);
    memcpy(copy, datagram, sizeof *copy + datagram->size);
    copy->next = NULL;
    *socket->last = copy;
    socket->last = &copy->next;
    socket->queued += copy->size + OVERHEAD;
    cyi_sim_socket_edge(socket);
}

/* What is broadcast reaches all; what is sent to a group, its members. */
static bool
is_for(const struct sim_socket *socket, const struct sim_name *to, enum sim_scope scope)
{
    return socket->datagram && cyi_sim_socket_hears(socket, to) &&
           (scope != SIM_MULTICAST || has_joined(socket, to));
}

static void
deliver_to_all(struct sim_host *host, const struct sim_datagram *datagram, enum sim_scope scope)
{
    cyi_list_for_each(link, &host->bound) {
        struct sim_socket *socket = cyi_container_of(link, struct sim_socket, bound);
        if (is_for(socket, &datagram->to, scope))
            deliver(socket, datagram);
    }
}

static void
arrive(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_datagram *datagram = event->what;
    enum sim_scope scope = cyi_sim_scope(&datagram->to);
    struct sim_socket *socket =
        scope != SIM_UNICAST
            ? NULL
            : cyi_sim_socket_find(datagram->host, &datagram->to, &datagram->from, true);
    if (scope != SIM_UNICAST)
        deliver_to_all(datagram->host, datagram, scope);
    else if (socket != NULL)
        deliver(socket, datagram);
    else
        sim->counters.lost++;
    free(datagram);
}

static void
post(struct cyi_sim *sim, const struct sim_datagram *header, const void *bytes)
{
    struct sim_datagram *datagram = cyi_sim_memory(sizeof *datagram + header->size);
    *datagram = *header;
    if (header->size != 0)
        memcpy(datagram->bytes, bytes, header->size);
    struct sim_event event = {.at =
                                  sim->now + cyi_sim_latency(sim, header->source, header->host),
                              .fn = arrive,
                              .drop = drop_event,
                              .what = datagram};
    cyi_sim_event_add(sim, &event);
}

static void
send_to_host(struct sim_host *host, struct sim_datagram *header, const void *bytes)
{
    struct cyi_sim *sim = host->sim;
    header->host = host;
    sim->counters.datagrams++;
    if (sim_chance(&sim->world, sim->options.loss_chance) ||
        sim_is_blocked(header->source, host)) {
        sim->counters.lost++;
        return;
    }
    post(sim, header, bytes);
    if (sim_chance(&sim->world, sim->options.duplicate_chance))
        post(sim, header, bytes);
}

/* The sender's own host hears it too. */
static void
send_to_network(struct cyi_sim *sim, struct sim_datagram *header, const void *bytes)
{
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        struct sim_host *host = &sim->hosts[i];
        if (cyi_sim_on_network(host, &header->to) && !cyi_list_empty(&host->bound))
            send_to_host(host, header, bytes);
    }
}

static int
check_way(struct sim_socket *socket, const struct sim_name *to, enum sim_scope scope)
{
    bool broadcast = scope == SIM_BROADCAST || scope == SIM_BROADCAST_WITHIN;
    if (scope == SIM_UNICAST)
        return cyi_sim_host_of(socket->host, to) != NULL ? 0 : -ENETUNREACH;
    if (scope != SIM_BROADCAST_WITHIN && !cyi_sim_on_network(socket->host, to))
        return -ENETUNREACH;
    if (scope == SIM_MULTICAST && socket->multicast_within)
        return -ENETUNREACH;
    return broadcast && !socket->broadcast ? -EACCES : 0;
}

ssize_t
cyi_sim_udp_send(struct sim_socket *socket, const struct iovec *bytes,
                 const struct sim_name *to)
{
    struct sim_datagram header = {
        .source = socket->host, .to = *to, .size = (uint32_t) bytes->iov_len};
    enum sim_scope scope = cyi_sim_scope(to);
    if (!socket->datagram)
        return -EISCONN;
    if (bytes->iov_len > SIZE_MAX_UDP)
        return -EMSGSIZE;
    int rc = check_way(socket, to, scope);
    if (rc == 0)
        rc = cyi_sim_socket_source(&header.from, socket, to);
    if (rc != 0)
        return rc;
    if (scope == SIM_UNICAST)
        send_to_host(cyi_sim_host_of(socket->host, to), &header, bytes->iov_base);
    else if (scope == SIM_BROADCAST_WITHIN)
        send_to_host(socket->host, &header, bytes->iov_base);
    else
        send_to_network(socket->host->sim, &header, bytes->iov_base);
    return (ssize_t) bytes->iov_len;
}

static struct sim_datagram *
take(struct sim_socket *socket)
{
    struct sim_datagram *datagram = socket->first;
    socket->first = datagram->next;
    if (socket->first == NULL)
        socket->last = &socket->first;
    socket->queued -= datagram->size + OVERHEAD;
    return datagram;
}

ssize_t
cyi_sim_udp_receive(struct sim_socket *socket, struct iovec *into, struct sockaddr *from,
                    socklen_t *from_size)
{
    if (!socket->datagram)
        return -ENOTCONN; /* the runtime never does that */
    if (socket->first == NULL)
        return -EAGAIN;
    struct sim_datagram *datagram = take(socket);
    uint32_t size = datagram->size;
    memcpy(into->iov_base, datagram->bytes, size < into->iov_len ? size : into->iov_len);
    cyi_sim_name_write(&datagram->from, socket, from, from_size);
    free(datagram);
    return (ssize_t) size;
}

void
cyi_sim_udp_close(struct sim_socket *socket)
{
    while (socket->first != NULL)
        free(take(socket));
    free(socket);
}

uint32_t
cyi_sim_udp_ready(const struct sim_socket *socket)
{
    return CYI_WRITABLE | (socket->first != NULL ? CYI_READABLE : 0);
}
