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
    struct sim_host *host;
    struct sim_name from, to;
    uint32_t size;
    uint8_t bytes[];
};

static void
drop_event(struct sim_event *event)
{
    free(event->what);
}

static void
arrive(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_datagram *datagram = event->what;
    struct sim_socket *socket = cyi_sim_socket_find(datagram->host, &datagram->to, true);
    if (socket == NULL || socket->queued + datagram->size + OVERHEAD > QUEUE_BYTES) {
        sim->counters.lost++;
        free(datagram);
        return;
    }
    datagram->next = NULL;
    *socket->last = datagram;
    socket->last = &datagram->next;
    socket->queued += datagram->size + OVERHEAD;
    cyi_sim_socket_edge(socket);
}

static void
post(struct cyi_sim *sim, const struct sim_datagram *header, const void *bytes)
{
    struct sim_datagram *datagram = cyi_sim_memory(sizeof *datagram + header->size);
    *datagram = *header;
    memcpy(datagram->bytes, bytes, header->size);
    struct sim_event event = {.at = sim->now + cyi_sim_latency(sim),
                              .fn = arrive,
                              .drop = drop_event,
                              .what = datagram};
    cyi_sim_event_add(sim, &event);
}

ssize_t
cyi_sim_udp_send(struct sim_socket *socket, const struct iovec *bytes,
                 const struct sim_name *to)
{
    struct cyi_sim *sim = socket->host->sim;
    struct sim_datagram header = {.to = *to, .size = (uint32_t) bytes->iov_len};
    if (!socket->datagram)
        return -EISCONN;
    if (bytes->iov_len > SIZE_MAX_UDP)
        return -EMSGSIZE;
    if ((header.host = cyi_sim_host_of(socket->host, to)) == NULL)
        return -ENETUNREACH;
    int rc = cyi_sim_socket_source(&header.from, socket, to);
    if (rc != 0)
        return rc;
    sim->counters.datagrams++;
    if (sim_chance(&sim->world, sim->options.loss_chance)) {
        sim->counters.lost++;
        return (ssize_t) bytes->iov_len;
    }
    post(sim, &header, bytes->iov_base);
    if (sim_chance(&sim->world, sim->options.duplicate_chance))
        post(sim, &header, bytes->iov_base);
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
