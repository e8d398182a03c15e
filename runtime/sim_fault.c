/*
 * sim_fault.c - what a program may do to the hosts and the network between them.
 *
 * Tests: tests/runtime/test_sim_fault.c
 */
#include "sim.h"

static bool
is_in(uint64_t hosts, uint32_t index)
{
    return (hosts >> index & 1) != 0;
}

void
cyi_sim_block(struct cyi_sim *sim, uint64_t from, uint64_t to)
{
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        if (is_in(from, i))
            sim->blocked[i] |= to & ~CYI_SIM_ONLY(i); /* a host always reaches itself */
    }
}

void
cyi_sim_unblock(struct cyi_sim *sim, uint64_t from, uint64_t to)
{
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        if (is_in(from, i))
            sim->blocked[i] &= ~to;
    }
}

void
cyi_sim_partition(struct cyi_sim *sim, uint64_t some, uint64_t others)
{
    cyi_sim_block(sim, some, others);
    cyi_sim_block(sim, others, some);
}

void
cyi_sim_heal(struct cyi_sim *sim)
{
    cyi_sim_unblock(sim, CYI_SIM_ALL, CYI_SIM_ALL);
}

/* Does the connection lead from a host of the one set to a host of the other, or back? */
static bool
is_between(const struct sim_link *link, uint64_t some, uint64_t others)
{
    uint32_t a = link->host[0]->index, b = link->host[1]->index;
    return (is_in(some, a) && is_in(others, b)) || (is_in(some, b) && is_in(others, a));
}

static bool
is_alive(const struct sim_socket *socket)
{
    return socket != NULL && socket->state != SIM_DEAD;
}

uint32_t
cyi_sim_reset(struct cyi_sim *sim, uint64_t some, uint64_t others)
{
    uint32_t count = 0;
    cyi_list_for_each(place, &sim->links) {
        struct sim_link *link = cyi_container_of(place, struct sim_link, all);
        if (!is_between(link, some, others))
            continue;
        count += is_alive(link->end[0]) || is_alive(link->end[1]);
        for (int i = 0; i < 2; i++)
            cyi_sim_tcp_die(link->end[i], -ECONNRESET);
    }
    return count;
}

uint32_t
cyi_sim_half_open(struct cyi_sim *sim, uint64_t forgetful, uint64_t others)
{
    uint32_t count = 0;
    cyi_list_for_each(place, &sim->links) {
        struct sim_link *link = cyi_container_of(place, struct sim_link, all);
        int which = is_in(forgetful, link->host[0]->index) ? 0 : 1;
        struct sim_socket *end = link->end[which];
        if (!is_between(link, forgetful, others) || !is_alive(end) ||
            end->state != SIM_CONNECTED)
            continue;
        cyi_sim_tcp_die(end, -ECONNRESET);
        cyi_sim_way_lose(sim, link, (uint8_t) which);
        count++;
    }
    return count;
}

void
cyi_sim_cut_after(struct cyi_sim *sim, uint32_t from, uint32_t to, uint64_t bytes)
{
    CY_ASSERT(from < CYI_SIM_HOSTS && to < CYI_SIM_HOSTS);
    sim->cut_after[from][to] = bytes == CYI_SIM_NEVER ? 0 : bytes + 1;
}

void
cyi_sim_delay(struct cyi_sim *sim, uint64_t some, uint64_t others, cy_time delay)
{
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        for (uint32_t j = 0; j < CYI_SIM_HOSTS; j++) {
            if (is_in(some, i) && is_in(others, j))
                sim->delay[i][j] = sim->delay[j][i] = delay;
        }
    }
}

void
cyi_sim_buffer(struct cyi_sim *sim, uint64_t hosts, uint32_t bytes)
{
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        if (is_in(hosts, i))
            sim->hosts[i].buffer = bytes;
    }
}

void
cyi_sim_clock_jump(struct cyi_sim *sim, uint32_t host, cy_time ahead)
{
    CY_ASSERT(host < CYI_SIM_HOSTS);
    sim->hosts[host].realtime += ahead;
}
