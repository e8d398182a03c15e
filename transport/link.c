/*
 * link.c - the links of a core: making, finding and ending them.
 */
#include "link.h"
#include "connection.h"
#include "locate.h"
#include "member.h"
#include <cycos/impl/io.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
hash_of(uint32_t tag, uint16_t peer_core)
{
    return cyi_hash_number((uint64_t) peer_core << 32 | tag);
}

struct cyi_link *
cyi_link_find(const struct cyi_core *core, uint32_t tag, uint16_t peer_core)
{
    cyi_map_for_each(node, &cyi_net_core(core)->links, hash_of(tag, peer_core)) {
        struct cyi_link *link = cyi_container_of(node, struct cyi_link, node);
        if (link->home.node == tag && link->home.core == peer_core)
            return link;
    }
    return NULL;
}

struct cyi_link *
cyi_link_numbered(const struct cyi_core *core, uint16_t number)
{
    return cyi_net_core(core)->numbered[number];
}

/* Numbers come again as late as possible: an answer to a link that is gone finds nobody. */
static uint16_t
free_number(struct cyi_net_core *owner)
{
    for (uint32_t i = 0; i < CYI_LINKS_MAX; i++) {
        owner->last_number = owner->last_number == CYI_LINKS_MAX ? 1 : owner->last_number + 1;
        if (owner->numbered[owner->last_number] == NULL)
            return owner->last_number;
    }
    return 0;
}

static int
create(struct cyi_link **out, struct cyi_net_core *owner, cy_ref to)
{
    uint16_t number = free_number(owner);
    if (number == 0)
        return -EAGAIN;
    struct cyi_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return -ENOMEM;
    link->owner = owner;
    link->home = to;
    link->home.slot = link->home.generation = 0;
    link->number = number;
    link->stream = cyi_members_stream(owner->net->members, to.node);
    link->last = &link->first;
    link->next_number = link->expected = 1;
    link->ack_at = CY_FOREVER;
    if (cyi_map_insert(&owner->links, &link->node, hash_of(to.node, to.core)) != 0) {
        free(link);
        return -ENOMEM;
    }
    owner->numbered[number] = link;
    cyi_list_append(&owner->all, &link->all);
    cyi_link_provide(link);
    *out = link;
    return 0;
}

int
cyi_link_get(struct cyi_link **out, struct cyi_core *core, cy_ref to)
{
    struct cyi_net_core *owner = cyi_net_core(core);
    struct cyi_link *link = cyi_link_find(core, to.node, to.core);
    cy_address ignored;
    if (link != NULL) {
        *out = link;
        return 0;
    }
    int rc = cyi_members_route(owner->net->members, to.node, to.core, 0, &ignored);
    if (rc == -ENOENT)
        rc = to.port == 0 ? CY_ENOPEER : 0;
    return rc != 0 ? rc : create(out, owner, to);
}

void
cyi_link_stream(struct cyi_link *link, bool stream)
{
    link->stream = stream;
    link->used_at = link->owner->core->sched.now;
    if (cyi_link_wanted(link))
        cyi_link_dial(link);
}

bool
cyi_link_wanted(const struct cyi_link *link)
{
    return link->connection == NULL && !link->accepting &&
           (link->hub || link->stream || cyi_link_pending(link));
}

/* Out of the tables first: what fails may send again, and must not find it. */
void
cyi_link_end(struct cyi_link *link)
{
    struct cyi_net_core *owner = link->owner;
    struct cyi_core *core = owner->core;
    cyi_map_remove(&owner->links, &link->node);
    cyi_list_remove(&link->all);
    cyi_list_remove(&link->active);
    owner->numbered[link->number] = NULL;
    if (link->connection != NULL)
        cyi_connection_cut(link->connection, -ECONNABORTED);
    cyi_requests_fail(link);
    cyi_watches_fail(link);
    cyi_locates_link_end(link);
    cyi_channels_lost(core, link->home, link->number);
    cyi_node_lost(core, link->home);
    uint32_t lost = cyi_link_drop_chunks(link);
    owner->counters.lost += lost;
    core->counters.lost += lost;
    cyi_link_drop_spare(link);
    if (link->assembly.msg != NULL)
        cyi_msg_drop(core, link->assembly.msg);
    cyi_told_forget(link);
    cyi_congestion_forget(core, link->home.node);
    free(link);
}

void
cyi_links_each(struct cyi_core *core, void (*visit)(struct cyi_link *link, void *arg),
               void *arg)
{
    struct cyi_net_core *owner = cyi_net_core(core);
    cyi_list_for_each_safe(at, &owner->all)
        visit(cyi_container_of(at, struct cyi_link, all), arg);
}

static void
end_of_node(struct cyi_link *link, void *arg)
{
    if (link->home.node == *(const uint32_t *) arg)
        cyi_link_end(link);
}

/* What fails with a link wakes tasks, but runs none: so no end leads to another. */
void
cyi_links_end(struct cyi_core *core, uint32_t tag)
{
    cyi_links_each(core, end_of_node, &tag);
}

void
cyi_link_served(struct cyi_connection *connection, int error)
{
    struct cyi_net_core *owner = connection->owner;
    struct cyi_link *link = connection->link;
    if (link != NULL && error == -ECANCELED && owner->core->phase >= CYI_PHASE_TERMINATE) {
        cyi_list_append(&owner->parting, &connection->parting);
        return;
    }
    uint16_t number = connection->number;
    owner->counters.cuts += error != -ETIME;
    cyi_connection_free(&connection);
    link = cyi_link_numbered(owner->core, number);
    if (link == NULL || link->connection != NULL)
        return; /* it has ended, or has another connection */
    if (owner->core->sched.now - link->attached_at >= owner->net->limits.redial_max_ns)
        link->dials = 0;
    cyi_link_activate(link); /* who wants a connection dials at the end of the turn */
    if (link->hub)
        cyi_members_link_down(owner->net->members, link, error);
}

static bool
on_this_host(const struct cyi_net *net, const cy_address *peer)
{
    struct in6_addr address;
    uint8_t wire[16];
    cyi_address_to_wire(wire, peer);
    memcpy(&address, wire, sizeof address);
    if (IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && wire[12] == 127))
        return true;
    for (uint8_t i = 0; i < net->address_count; i++) {
        if (memcmp(net->addresses[i], wire, sizeof wire) == 0)
            return true;
    }
    return false;
}

/* A host whose default is bbr paces the loopback to a fifth; without cubic there is reno. */
void
cyi_link_choose_congestion(cy_socket *socket, const cy_address *peer)
{
    if (!on_this_host(cyi_net_core(cyi_self)->net, peer))
        return;
    if (cyi_tcp_congestion(socket, "cubic") != 0)
        (void) !cyi_tcp_congestion(socket, "reno");
}
