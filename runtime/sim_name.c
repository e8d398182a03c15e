/*
 * sim_name.c - addresses of the simulated network: whose they are, and what they mean.
 *
 * One network, 10.0.0.0/24 and fd00::/64, that every host is on by one interface; the program
 * may take the addresses of either kind away from a host. Loopback is always there.
 *
 * Tests: tests/runtime/test_sim_udp.c, tests/runtime/test_sim_net.c
 */
#include "sim.h"
#include <string.h>

enum { LOOPBACK_INDEX = 1 };

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

static struct sim_name
name_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct sim_name){.address = {[10] = 0xff, 0xff, a, b, c, d}};
}

static struct sim_name
name_v6(uint8_t first, uint8_t last)
{
    return (struct sim_name){.address = {[0] = first, [15] = last}};
}

static bool
same_address(const struct sim_name *a, const struct sim_name *b)
{
    return memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* The host's address on the network, of the kind that `like` is. */
static struct sim_name
own_name(const struct sim_host *host, const struct sim_name *like)
{
    uint8_t last = (uint8_t) (host->index + 1);
    return sim_is_v4(like) ? name_v4(10, 0, 0, last) : name_v6(0xfd, last);
}

static bool
has_family_of(const struct sim_host *host, const struct sim_name *name)
{
    return (host->addresses & (sim_is_v4(name) ? CYI_SIM_V4 : CYI_SIM_V6)) != 0;
}

enum sim_scope
cyi_sim_scope(const struct sim_name *name)
{
    const struct sim_name limited = name_v4(255, 255, 255, 255);
    const struct sim_name directed = name_v4(10, 0, 0, 255);
    const struct sim_name within = name_v4(127, 255, 255, 255);
    if (same_address(name, &within))
        return SIM_BROADCAST_WITHIN;
    if (same_address(name, &limited) || same_address(name, &directed))
        return SIM_BROADCAST;
    if (sim_is_v4(name) ? name->address[12] >> 4 == 14 : name->address[0] == 0xff)
        return SIM_MULTICAST;
    return SIM_UNICAST;
}

bool
cyi_sim_on_network(const struct sim_host *host, const struct sim_name *name)
{
    return has_family_of(host, name);
}

bool
cyi_sim_may_bind(const struct sim_host *host, const struct sim_name *name, bool datagram)
{
    const struct sim_name own = own_name(host, name);
    if (sim_is_any(name) || sim_is_loopback(name))
        return true;
    if (!has_family_of(host, name))
        return false;
    return same_address(name, &own) || (datagram && cyi_sim_scope(name) != SIM_UNICAST);
}

/* An unbound socket gets the address of the interface that leads there. */
static int
choose_source(struct sim_name *local, const struct sim_host *host, const struct sim_name *to)
{
    const struct sim_name within = name_v4(127, 0, 0, 1);
    const struct sim_name own = own_name(host, to);
    bool stays = sim_is_loopback(to) || sim_is_any(to);
    if (sim_is_any(local)) {
        const struct sim_name *source = stays ? to : &own;
        if (cyi_sim_scope(to) == SIM_BROADCAST_WITHIN)
            source = &within;
        memcpy(local->address, source->address, sizeof local->address);
        return 0;
    }
    return sim_is_loopback(local) && !stays ? -EINVAL : 0;
}

int
cyi_sim_socket_source(struct sim_name *out, struct sim_socket *socket,
                      const struct sim_name *to)
{
    struct sim_name local = socket->local;
    if (local.port == 0) {
        int rc = cyi_sim_socket_bind(socket, &local);
        if (rc != 0)
            return rc == -EADDRINUSE ? -EADDRNOTAVAIL : rc;
        local = socket->local;
    }
    int rc = choose_source(&local, socket->host, to);
    if (rc == 0)
        *out = local;
    return rc;
}

struct sim_host *
cyi_sim_host_of(struct sim_host *from, const struct sim_name *to)
{
    uint32_t index = (uint32_t) to->address[15] - 1;
    if (cyi_sim_scope(to) != SIM_UNICAST)
        return NULL;
    if (sim_is_loopback(to) || sim_is_any(to))
        return from;
    if (index >= CYI_SIM_HOSTS || !has_family_of(from, to))
        return NULL;
    struct sim_host *host = &from->sim->hosts[index];
    const struct sim_name own = own_name(host, to);
    return same_address(to, &own) && has_family_of(host, to) ? host : NULL;
}

static void
write_address(cy_address *out, const struct sim_name *name)
{
    const struct sim_socket like = {.v6 = !sim_is_v4(name)};
    socklen_t size = sizeof *out;
    *out = (cy_address){0};
    cyi_sim_name_write(name, &like, &out->u.any, &size);
}

static struct cyi_interface
describe(const struct sim_name *name, uint32_t index, uint8_t prefix)
{
    struct cyi_interface interface = {.index = index,
                                      .prefix = prefix,
                                      .up = true,
                                      .loopback = index == LOOPBACK_INDEX,
                                      .multicast = index != LOOPBACK_INDEX};
    write_address(&interface.address, name);
    return interface;
}

int
cyi_sim_host_interfaces(const struct sim_host *host, struct cyi_interface *out, int max)
{
    const struct sim_name within = name_v4(127, 0, 0, 1), within_v6 = name_v6(0, 1);
    const struct sim_name v4 = own_name(host, &within), v6 = own_name(host, &within_v6);
    const struct sim_name broadcast = name_v4(10, 0, 0, 255);
    struct cyi_interface all[4];
    int n = 0;
    all[n++] = describe(&within, LOOPBACK_INDEX, 8);
    all[n++] = describe(&within_v6, LOOPBACK_INDEX, 128);
    if (host->addresses & CYI_SIM_V4) {
        all[n] = describe(&v4, CYI_SIM_INTERFACE, 24);
        write_address(&all[n++].broadcast, &broadcast);
    }
    if (host->addresses & CYI_SIM_V6)
        all[n++] = describe(&v6, CYI_SIM_INTERFACE, 64);
    n = n < max ? n : max;
    memcpy(out, all, (size_t) n * sizeof *out);
    return n;
}

void
cyi_sim_addresses(struct cyi_sim *sim, uint32_t host, uint32_t kinds)
{
    CY_ASSERT(host < CYI_SIM_HOSTS);
    sim->hosts[host].addresses = (uint8_t) kinds;
}
