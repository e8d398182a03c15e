/*
 * member_stage.h - a table of members with intros that are made up and links that only count.
 *
 * Each test runs in a task of a simulated node without a network, so time is ours.
 */
#ifndef CY_MEMBER_STAGE_H
#define CY_MEMBER_STAGE_H

#include "link.h"
#include "member_table.h"
#include "member_world.h"

#include <stdlib.h>
#include <string.h>

static struct cyi_net net;
static struct cyi_members *members;

/* What the membership has asked of links, and told. */
static struct {
    uint32_t dials, pings, pongs, suspects, alives, cuts, ends, online, offline;
    uint32_t ended_tag, cut_tag, asked;
} did;

static inline int
count_dial(struct cyi_core *core, const struct cyi_member *member)
{
    (void) core;
    (void) member;
    did.dials++;
    return 0;
}

static inline void
count_control(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body,
              size_t size)
{
    (void) core;
    (void) body;
    (void) size;
    did.pings += op == CYI_OP_PING;
    did.pongs += op == CYI_OP_PONG;
    did.suspects += op == CYI_OP_SUSPECT;
    did.alives += op == CYI_OP_ALIVE;
    did.asked = tag;
}

static inline int
count_put(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body, size_t size)
{
    (void) core;
    (void) tag;
    (void) op;
    (void) body;
    (void) size;
    return 0;
}

static inline void
count_cut(struct cyi_core *core, uint32_t tag)
{
    (void) core;
    did.cuts++;
    did.cut_tag = tag;
}

static inline void
count_end(struct cyi_core *core, uint32_t tag)
{
    (void) core;
    did.ends++;
    did.ended_tag = tag;
}

static inline void
count_stream(struct cyi_core *core, uint32_t tag, uint16_t peer_cores, bool on)
{
    (void) core;
    (void) tag;
    (void) peer_cores;
    (void) on;
}

static int meet_result;

static inline int
refuse_to_meet(struct cyi_core *core, const cy_address *address, struct cyi_intro *out,
               cy_time deadline)
{
    (void) core;
    (void) address;
    (void) deadline;
    memset(out, 0, sizeof *out);
    did.dials++;
    return meet_result;
}

static const struct cyi_member_way counting = {
    .dial = count_dial,
    .control = count_control,
    .put = count_put,
    .cut = count_cut,
    .end = count_end,
    .stream = count_stream,
    .meet = refuse_to_meet,
};

static inline void
count_change(void *arg, uint32_t tag, bool online)
{
    (void) arg;
    (void) tag;
    did.online += online;
    did.offline += !online;
}

static inline cy_address
address(const char *text)
{
    cy_address out;
    WORLD_CHECK(cy_address_parse(&out, text, 0) == 0);
    return out;
}

static inline void
add_address(struct cyi_intro *intro, const char *text)
{
    cy_address at = address(text);
    cyi_address_to_wire(intro->addresses[intro->address_count++], &at);
}

/* Node `number` with two cores at 10.1.0.1, ports 4000 and 4001. */
static inline struct cyi_intro
intro_of(uint32_t number)
{
    static struct cyi_intro intro;
    memset(&intro, 0, sizeof intro);
    cyi_put32(intro.incarnation, number);
    intro.core_count = 2;
    intro.ports[0] = 4000;
    intro.ports[1] = 4001;
    intro.next = 1;
    intro.name_size = 3;
    memcpy(intro.name, "web", 3);
    add_address(&intro, "10.1.0.1");
    memcpy(intro.home.address, intro.addresses[0], 16);
    return intro;
}

static inline int
meet(const struct cyi_intro *intro, const char *at)
{
    cy_address from = address(at);
    return cyi_members_meet(members, cyi_self, intro, &from);
}

static inline cy_time
now(void)
{
    return cyi_self->os->now(cyi_self->os);
}

static inline struct cyi_link
link_of(uint32_t tag)
{
    struct cyi_link link = {.hub = true};
    link.home.node = tag;
    return link;
}

static inline void
go_online(uint32_t number)
{
    struct cyi_intro intro = intro_of(number);
    struct cyi_link link = link_of(number);
    char at[32];
    snprintf(at, sizeof at, "10.1.0.1:%u", 4000 + number * 2);
    intro.ports[0] = (uint16_t) (4000 + number * 2);
    intro.ports[1] = (uint16_t) (4001 + number * 2);
    WORLD_CHECK(meet(&intro, at) == 0);
    cyi_members_link_up(members, &link);
}

static inline void
give_item(uint32_t from, enum cyi_op op, uint32_t value, uint16_t size)
{
    uint8_t body[8] = {0};
    struct cyi_link link = link_of(from);
    cyi_put32(body, value);
    struct cyi_item item = {.size = size, .op = (uint8_t) op, .body = body};
    cyi_members_control(members, &link, &item);
}

static inline void
fail_to_dial(uint32_t number, int error)
{
    struct cyi_link link = link_of(number);
    cyi_members_dial_failed(members, &link, error);
}

static inline void
go_down(uint32_t number)
{
    struct cyi_link link = link_of(number);
    cyi_members_link_down(members, &link, -ECONNRESET);
}

static inline void
hear_from(uint32_t number)
{
    struct cyi_link link = link_of(number);
    cyi_members_alive(members, &link);
}

static inline int
route(uint32_t tag, uint16_t core)
{
    cy_address out;
    return cyi_members_route(members, tag, core, 0, &out);
}

static inline uint16_t
port_at(uint32_t tag, uint16_t core, uint32_t attempt, const char *host)
{
    cy_address out, wanted = address(host);
    WORLD_CHECK(cyi_members_route(members, tag, core, attempt, &out) == 0);
    uint16_t port = ntohs(out.u.v4.sin_port);
    out.u.v4.sin_port = 0;
    return memcmp(&out, &wanted, sizeof out) == 0 ? port : 0;
}

/* The network of a node whose links are never written. */
static inline int
open_nothing(struct cyi_node *node, char *why, size_t size)
{
    (void) node;
    (void) why;
    (void) size;
    return 0;
}

static inline void
flush_nothing(struct cyi_core *core)
{
    (void) core;
}

static inline void
close_nothing(struct cyi_node *node)
{
    (void) node;
}

static const struct cyi_network nothing = {.open = open_nothing,
                                           .flush = flush_nothing,
                                           .leave = close_nothing,
                                           .close = close_nothing};

static cy_task_fn *body;

static inline int
with_a_table(void *arg)
{
    struct cyi_core *core = cyi_self;
    static struct cyi_net_core owner;
    net = (struct cyi_net){.node = core->node, .cores = &owner};
    net.limits.probe_ns = 500 * CY_MILLISECOND;
    net.limits.dead_ns = 4250 * CY_MILLISECOND;
    net.limits.peers_max = 4096;
    owner.net = &net;
    owner.core = core;
    core->net = &owner;
    memset(&did, 0, sizeof did);
    WORLD_CHECK(cyi_members_create(&net.members, &net) == 0);
    members = net.members;
    members->way = &counting;
    cyi_members_on_change(members, count_change, NULL);
    int rc = body(arg);
    cyi_members_free(&net.members);
    core->net = NULL;
    return rc;
}

static inline void
run(cy_task_fn *fn)
{
    body = fn;
    world_open(60 * CY_SECOND);
    world.nodes[0].options.network = &nothing;
    world.nodes[0].silent = true;
    world.nodes[0].extra = with_a_table;
    world_start(0, 0);
    world_run();
}

#endif
