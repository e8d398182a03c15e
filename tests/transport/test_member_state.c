#include "link.h"
#include "member_table.h"
#include "member_world.h"

#include <stdlib.h>
#include <string.h>

/*
 * The table and the states of members, with intros that are made up and links that only count.
 * Each test runs in a task of a simulated node without a network, so time is ours.
 */

static struct cyi_net net;
static struct cyi_members *members;

/* What the membership has asked of links, and told. */
static struct {
    uint32_t dials, pings, pongs, suspects, alives, ends, online, offline;
    uint32_t ended_tag, asked;
} did;

static int
count_dial(struct cyi_core *core, const struct cyi_member *member)
{
    (void) core;
    (void) member;
    did.dials++;
    return 0;
}

static void
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

static int
count_put(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body, size_t size)
{
    (void) core;
    (void) tag;
    (void) op;
    (void) body;
    (void) size;
    return 0;
}

static void
count_end(struct cyi_core *core, uint32_t tag)
{
    (void) core;
    did.ends++;
    did.ended_tag = tag;
}

static void
count_stream(struct cyi_core *core, uint32_t tag, uint16_t peer_cores, bool on)
{
    (void) core;
    (void) tag;
    (void) peer_cores;
    (void) on;
}

static int meet_result;

static int
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
    .end = count_end,
    .stream = count_stream,
    .meet = refuse_to_meet,
};

static void
count_change(void *arg, uint32_t tag, bool online)
{
    (void) arg;
    (void) tag;
    did.online += online;
    did.offline += !online;
}

static cy_address
address(const char *text)
{
    cy_address out;
    WORLD_CHECK(cy_address_parse(&out, text, 0) == 0);
    return out;
}

static void
add_address(struct cyi_intro *intro, const char *text)
{
    cy_address at = address(text);
    cyi_address_to_wire(intro->addresses[intro->address_count++], &at);
}

/* Node `number` with two cores at 10.1.0.1, ports 4000 and 4001. */
static struct cyi_intro
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

static int
meet(const struct cyi_intro *intro, const char *at)
{
    cy_address from = address(at);
    return cyi_members_meet(members, cyi_self, intro, &from);
}

static cy_time
now(void)
{
    return cyi_self->os->now(cyi_self->os);
}

static struct cyi_link
link_of(uint32_t tag)
{
    struct cyi_link link = {.hub = true};
    link.home.node = tag;
    return link;
}

static void
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

static void
give_item(uint32_t from, enum cyi_op op, uint32_t value, uint16_t size)
{
    uint8_t body[8] = {0};
    struct cyi_link link = link_of(from);
    cyi_put32(body, value);
    struct cyi_item item = {.size = size, .op = (uint8_t) op, .body = body};
    cyi_members_control(members, &link, &item);
}

static void
hear_from(uint32_t number)
{
    struct cyi_link link = link_of(number);
    cyi_members_alive(members, &link);
}

static int
route(uint32_t tag, uint16_t core)
{
    cy_address out;
    return cyi_members_route(members, tag, core, 0, &out);
}

static uint16_t
port_at(uint32_t tag, uint16_t core, uint32_t attempt, const char *host)
{
    cy_address out, wanted = address(host);
    WORLD_CHECK(cyi_members_route(members, tag, core, attempt, &out) == 0);
    uint16_t port = ntohs(out.u.v4.sin_port);
    out.u.v4.sin_port = 0;
    return memcmp(&out, &wanted, sizeof out) == 0 ? port : 0;
}

/* The network of a node whose links are never written. */
static int
open_nothing(struct cyi_node *node, char *why, size_t size)
{
    (void) node;
    (void) why;
    (void) size;
    return 0;
}

static void
flush_nothing(struct cyi_core *core)
{
    (void) core;
}

static void
close_nothing(struct cyi_node *node)
{
    (void) node;
}

static const struct cyi_network nothing = {.open = open_nothing,
                                           .flush = flush_nothing,
                                           .leave = close_nothing,
                                           .close = close_nothing};

static cy_task_fn *body;

static int
with_a_table(void *arg)
{
    struct cyi_core *core = cyi_self;
    static struct cyi_net_core owner;
    net = (struct cyi_net){.node = core->node, .cores = &owner};
    net.limits.probe_ns = 500 * CY_MILLISECOND;
    net.limits.dead_ns = 4500 * CY_MILLISECOND;
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

static void
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

static int
meet_some(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    (void) arg;
    WORLD_CHECK(route(7, 0) == -ENOENT);
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == 0);
    WORLD_CHECK(port_at(7, 0, 0, "10.1.0.1") == 4000);
    WORLD_CHECK(port_at(7, 1, 0, "10.1.0.1") == 4001);
    WORLD_CHECK(route(7, 2) == -ESRCH);
    WORLD_CHECK(cyi_members_life(members, intro.incarnation) == 0);
    intro.incarnation[9] = 1; /* the same tag, another node */
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == -EEXIST);
    memcpy(intro.incarnation, cyi_self->node->incarnation, 16);
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == CY_ESELF);
    intro.incarnation[9]++;
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == -EEXIST);
    return 0;
}

static void
knows_who_was_met_and_where(void)
{
    run(meet_some);
}

static int
meet_too_many(void *arg)
{
    struct cyi_member_counters counters;
    (void) arg;
    net.limits.peers_max = 5;
    for (uint32_t i = 1; i <= 6; i++) {
        struct cyi_intro intro = intro_of(i);
        intro.ports[0] = (uint16_t) (5000 + i);
        WORLD_CHECK(meet(&intro, "10.9.9.9:1") == (i <= 5 ? 0 : -ENOBUFS));
    }
    cyi_members_count(members, &counters);
    WORLD_CHECK(counters.peers_refused == 1);
    return 0;
}

static void
knows_so_many_and_no_more(void)
{
    run(meet_too_many);
}

static int
rotate(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    (void) arg;
    add_address(&intro, "10.2.0.1");
    add_address(&intro, "10.3.0.1");
    WORLD_CHECK(meet(&intro, "10.2.0.1:4000") == 0);
    for (uint32_t i = 0; i < 4; i++)
        WORLD_CHECK(port_at(7, 1, i, "10.2.0.1") == 4001);
    WORLD_CHECK(port_at(7, 1, 4, "10.3.0.1") == 4001);
    WORLD_CHECK(port_at(7, 1, 5, "10.2.0.1") == 4001);
    WORLD_CHECK(port_at(7, 1, 6, "10.1.0.1") == 4001);
    WORLD_CHECK(port_at(7, 1, 8, "10.3.0.1") == 4001);
    /* It dials us, from a place that it names, then from a gateway: that is dialled last. */
    WORLD_CHECK(meet(&intro, "10.3.0.1:39999") == 0);
    WORLD_CHECK(port_at(7, 1, 0, "10.3.0.1") == 4001);
    WORLD_CHECK(meet(&intro, "10.4.0.1:39999") == 0);
    WORLD_CHECK(port_at(7, 1, 0, "10.3.0.1") == 4001);
    WORLD_CHECK(port_at(7, 1, 4, "10.4.0.1") == 4001);
    return 0;
}

static void
dials_where_it_worked_last_and_then_the_other_places(void)
{
    run(rotate);
}

static int
be_silent(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    (void) arg;
    go_online(7);
    go_online(8);
    WORLD_CHECK(did.online == 2);
    cy_time due = cyi_members_turn(members, now());
    WORLD_CHECK(due <= now() + 500 * CY_MILLISECOND && did.pings == 0);
    for (int i = 0; i < 5; i++) {
        cy_sleep(500 * CY_MILLISECOND);
        hear_from(8);
        cyi_members_turn(members, now());
    }
    WORLD_CHECK(did.suspects == 1 && did.asked == 8 && did.pings == 10);
    for (int i = 0; i < 3; i++) {
        cy_sleep(500 * CY_MILLISECOND);
        hear_from(8);
        cyi_members_turn(members, now());
    }
    WORLD_CHECK(did.suspects == 1 && did.offline == 0 && did.ends == 0);
    cy_sleep(CY_SECOND);
    hear_from(8);
    cyi_members_turn(members, now());
    WORLD_CHECK(did.offline == 1 && did.ends == 1 && did.ended_tag == 7);
    WORLD_CHECK(route(7, 0) == CY_ENOPEER && route(8, 0) == 0);
    WORLD_CHECK(cyi_members_life(members, intro.incarnation) == 1);
    go_online(7);
    WORLD_CHECK(did.online == 3 && route(7, 0) == 0 && did.ends == 1);
    return 0;
}

static void
takes_the_silent_for_lost_until_they_speak(void)
{
    run(be_silent);
}

/* Until it is lost, from the last word on. */
static cy_time
patience(uint32_t number)
{
    uint32_t before = did.offline;
    cy_time begin = now();
    hear_from(number);
    while (did.offline == before && now() < begin + 20 * CY_SECOND) {
        cy_sleep(50 * CY_MILLISECOND);
        cyi_members_turn(members, now());
        if (now() > begin + 2300 * CY_MILLISECOND) {
            give_item(8, CYI_OP_ALIVE, 7, 4);
            give_item(8, CYI_OP_ALIVE, 7, 4);
        }
        hear_from(8);
    }
    return now() - begin;
}

static int
vouch(void *arg)
{
    cy_time took;
    (void) arg;
    go_online(7);
    go_online(8);
    give_item(8, CYI_OP_ALIVE, 7, 4); /* nobody has asked */
    took = patience(7);
    WORLD_CHECK(took > 6700 * CY_MILLISECOND && took < 7 * CY_SECOND);
    return 0;
}

static void
has_half_as_much_patience_again_when_others_vouch(void)
{
    run(vouch);
}

static int
testify(void *arg)
{
    (void) arg;
    go_online(7);
    go_online(8);
    give_item(8, CYI_OP_SUSPECT, 7, 4);
    WORLD_CHECK(did.alives == 1 && did.asked == 8);
    give_item(8, CYI_OP_SUSPECT, 9, 4);
    give_item(8, CYI_OP_SUSPECT, 7, 3);
    WORLD_CHECK(did.alives == 1);
    cy_sleep(CY_SECOND);
    give_item(8, CYI_OP_SUSPECT, 7, 4); /* that was before it fell silent */
    WORLD_CHECK(did.alives == 1);
    give_item(8, CYI_OP_PING, 1, 8);
    WORLD_CHECK(did.pongs == 1 && did.asked == 8);
    give_item(8, CYI_OP_PONG, 1, 8);
    WORLD_CHECK(did.pongs == 1);
    return 0;
}

static void
says_of_others_what_it_has_just_heard(void)
{
    run(testify);
}

static int
be_late(void *arg)
{
    (void) arg;
    go_online(7);
    cy_sleep(6 * CY_SECOND);
    cyi_members_forgive(members, 6 * CY_SECOND - CY_MILLISECOND);
    cyi_members_turn(members, now());
    WORLD_CHECK(did.offline == 0);
    cy_sleep(5 * CY_SECOND);
    cyi_members_turn(members, now());
    WORLD_CHECK(did.offline == 1);
    return 0;
}

static void
gives_others_the_time_that_it_has_slept_itself(void)
{
    run(be_late);
}

static void
fail_to_dial(uint32_t number, int error)
{
    struct cyi_link link = link_of(number);
    cyi_members_dial_failed(members, &link, error);
}

static void
go_down(uint32_t number)
{
    struct cyi_link link = link_of(number);
    cyi_members_link_down(members, &link, -ECONNRESET);
}

static int
be_refused(void *arg)
{
    (void) arg;
    go_online(7);
    go_down(7);
    fail_to_dial(7, -ECONNREFUSED);
    fail_to_dial(7, -ETIMEDOUT);
    fail_to_dial(7, -ECONNREFUSED);
    WORLD_CHECK(did.offline == 0 && route(7, 0) == 0);
    go_online(7); /* it was not the end: the count begins anew */
    go_down(7);
    fail_to_dial(7, -ECONNREFUSED);
    fail_to_dial(7, -ECONNREFUSED);
    WORLD_CHECK(did.offline == 0);
    fail_to_dial(7, -ECONNREFUSED);
    WORLD_CHECK(did.offline == 1 && did.ends == 1 && route(7, 0) == -ESRCH);
    go_online(8);
    go_down(8);
    fail_to_dial(8, -ESRCH);
    WORLD_CHECK(did.offline == 2 && route(8, 1) == -ESRCH);
    return 0;
}

static void
takes_a_node_for_ended_when_nobody_listens_there(void)
{
    run(be_refused);
}

static int
refuse_elsewhere(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    struct cyi_link link = link_of(7);
    cy_address out;
    (void) arg;
    add_address(&intro, "10.2.0.1");
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == 0);
    fail_to_dial(7, -ESRCH); /* it has never been online */
    WORLD_CHECK(route(7, 0) == 0);
    cyi_members_link_up(members, &link);
    go_down(7);
    WORLD_CHECK(cyi_members_route(members, 7, 0, 4, &out) == 0);
    for (int i = 0; i < 4; i++)
        fail_to_dial(7, i < 2 ? -ECONNREFUSED : -ESRCH);
    WORLD_CHECK(did.offline == 0 && route(7, 0) == 0);
    return 0;
}

static void
does_not_believe_what_is_said_at_another_place(void)
{
    run(refuse_elsewhere);
}

static int
say_goodbye(void *arg)
{
    (void) arg;
    go_online(7);
    go_online(8);
    give_item(7, CYI_OP_BYE, CYI_BYE_CONNECTION, 1);
    go_down(7);
    WORLD_CHECK(did.offline == 0);
    go_online(7);
    give_item(7, CYI_OP_BYE, CYI_BYE_NODE, 1);
    WORLD_CHECK(did.offline == 0 && route(7, 0) == 0); /* what is on its way may come */
    go_down(7);
    WORLD_CHECK(did.offline == 1 && route(7, 0) == -ESRCH && did.suspects == 0);
    give_item(8, CYI_OP_BYE, CYI_BYE_NODE, 1);
    cy_sleep(250 * CY_MILLISECOND);
    cyi_members_turn(members, now());
    WORLD_CHECK(did.offline == 2 && route(8, 0) == -ESRCH);
    return 0;
}

static void
lets_those_go_who_say_goodbye(void)
{
    run(say_goodbye);
}

static int
be_declared_dead(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    struct cyi_link link = link_of(7);
    (void) arg;
    go_online(7);
    intro.life = 1;
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == 0);
    WORLD_CHECK(did.offline == 1 && did.ends == 1 && did.online == 1);
    cyi_members_link_up(members, &link);
    WORLD_CHECK(did.online == 2);
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == 0);
    WORLD_CHECK(did.offline == 1 && did.ends == 1 && did.online == 2);
    WORLD_CHECK(cyi_members_life(members, intro.incarnation) == 0);
    return 0;
}

static void
follows_when_it_was_declared_dead_itself(void)
{
    run(be_declared_dead);
}

static int
restart(void *arg)
{
    struct cyi_intro intro = intro_of(9);
    (void) arg;
    go_online(7);
    intro.ports[0] = 4014;
    WORLD_CHECK(meet(&intro, "10.1.0.1:4014") == 0);
    WORLD_CHECK(did.offline == 1 && route(7, 0) == -ESRCH && route(9, 0) == 0);
    /* One that came to us, from where it says that it is, with a port of the old one. */
    go_online(8);
    intro = intro_of(10);
    intro.ports[1] = 4017;
    WORLD_CHECK(meet(&intro, "10.1.0.1:39999") == 0);
    WORLD_CHECK(did.offline == 2 && route(8, 0) == -ESRCH);
    /* Two behind a gateway may have the same address and port. */
    intro = intro_of(11);
    intro.ports[1] = 4017;
    WORLD_CHECK(meet(&intro, "10.7.0.1:39999") == 0);
    WORLD_CHECK(did.offline == 2 && route(10, 0) == 0 && route(11, 0) == 0);
    return 0;
}

static void
takes_a_node_for_ended_when_another_is_there(void)
{
    run(restart);
}

static int
come_back(void *arg)
{
    struct cyi_intro intro = intro_of(7);
    (void) arg;
    go_online(7);
    go_down(7);
    fail_to_dial(7, -ESRCH);
    WORLD_CHECK(route(7, 0) == -ESRCH);
    WORLD_CHECK(cyi_members_life(members, intro.incarnation) == 1);
    go_online(7);
    WORLD_CHECK(route(7, 0) == 0 && did.online == 2);
    WORLD_CHECK(cyi_members_life(members, intro.incarnation) == 1);
    return 0;
}

static void
welcomes_one_that_was_taken_for_ended(void)
{
    run(come_back);
}

static int
bury_many(void *arg)
{
    (void) arg;
    for (uint32_t i = 1; i <= CYI_MEMBERS_GONE_MAX + 1; i++) {
        go_online(i);
        go_down(i);
        fail_to_dial(i, -ESRCH);
        if (i == CYI_MEMBERS_GONE_MAX)
            WORLD_CHECK(route(1, 0) == -ESRCH);
    }
    WORLD_CHECK(route(1, 0) == -ENOENT && route(2, 0) == -ESRCH);
    WORLD_CHECK(members->count == 0 && members->gone_count == CYI_MEMBERS_GONE_MAX);
    return 0;
}

static void
remembers_so_many_of_the_ended(void)
{
    run(bury_many);
}

static struct cyi_hello
hello_of(uint32_t number, uint32_t sequence)
{
    struct cyi_hello hello = {.kind = CYI_HELLO_ASK, .sequence = sequence, .port = 4000};
    cyi_put32(hello.incarnation, number);
    return hello;
}

static int
hear_rumours(void *arg)
{
    cy_address from = address("10.1.0.1:51350");
    struct cyi_hello hello = hello_of(7, 1);
    (void) arg;
    meet_result = -ECONNREFUSED;
    WORLD_CHECK(cyi_members_hear(members, &hello, &from));
    WORLD_CHECK(route(7, 0) == -ENOENT && members->count == 1 && members->heard_count == 1);
    for (int i = 0; i < 100 && members->count > 0; i++) {
        cyi_members_turn(members, now());
        cy_sleep(50 * CY_MILLISECOND);
    }
    WORLD_CHECK(members->count == 0 && members->heard_count == 0);
    WORLD_CHECK(did.dials == CYI_MEMBER_TRIES);
    for (uint32_t i = 1; i <= CYI_MEMBERS_HEARD_MAX + 1; i++) {
        hello = hello_of(i, 1);
        WORLD_CHECK(cyi_members_hear(members, &hello, &from) == (i <= CYI_MEMBERS_HEARD_MAX));
    }
    go_online(1);
    hello = hello_of(1, 2);
    WORLD_CHECK(!cyi_members_hear(members, &hello, &from));
    memcpy(hello.incarnation, cyi_self->node->incarnation, 16);
    WORLD_CHECK(!cyi_members_hear(members, &hello, &from));
    return 0;
}

static void
forgets_who_cannot_be_met(void)
{
    run(hear_rumours);
}

static int
hear_the_dead(void *arg)
{
    cy_address from = address("10.1.0.1:51350");
    struct cyi_hello hello = hello_of(7, 5);
    (void) arg;
    meet_result = -ECONNREFUSED;
    go_online(7);
    go_down(7);
    fail_to_dial(7, -ESRCH);
    WORLD_CHECK(!cyi_members_hear(members, &hello, &from)); /* it may have been under way */
    cy_sleep(3 * CY_SECOND);
    WORLD_CHECK(cyi_members_hear(members, &hello, &from));
    WORLD_CHECK(route(7, 0) == -ENOENT && members->gone_count == 0);
    for (int i = 0; i < 100 && members->count > 0; i++) {
        cyi_members_turn(members, now());
        cy_sleep(50 * CY_MILLISECOND);
    }
    WORLD_CHECK(route(7, 0) == -ESRCH && members->gone_count == 1);
    return 0;
}

static void
looks_for_one_of_the_ended_that_says_hello(void)
{
    run(hear_the_dead);
}

static int
stay_lost(void *arg)
{
    (void) arg;
    meet_result = -ETIMEDOUT;
    go_online(7);
    cy_sleep(5 * CY_SECOND);
    cyi_members_turn(members, now());
    WORLD_CHECK(route(7, 0) == CY_ENOPEER && did.dials == 0);
    for (int i = 0; i < 300; i++) {
        cyi_members_turn(members, now());
        cy_sleep(100 * CY_MILLISECOND);
    }
    /* After about 1, 3, 7, 15 and 25 seconds. */
    WORLD_CHECK(did.dials >= 4 && did.dials <= 7);
    WORLD_CHECK(route(7, 0) == CY_ENOPEER);
    cyi_members_turn(members, now() + CYI_MEMBER_FORGET);
    WORLD_CHECK(route(7, 0) == -ESRCH && did.offline == 1);
    return 0;
}

static void
dials_the_lost_more_and_more_rarely(void)
{
    run(stay_lost);
}

static void
note_view(const struct cyi_member_view *view, void *arg)
{
    uint32_t *sum = arg;
    WORLD_CHECK(view->core_count == 2 && strcmp(view->name, "web") == 0);
    WORLD_CHECK(view->state == CYI_MEMBER_ONLINE);
    *sum += view->tag;
}

static int
visit(void *arg)
{
    uint32_t sum = 0;
    struct cyi_intro intro = intro_of(1000);
    (void) arg;
    cyi_members_each(members, note_view, &sum);
    WORLD_CHECK(sum == 0);
    for (uint32_t i = 1; i <= 50; i++)
        go_online(i);
    WORLD_CHECK(meet(&intro, "10.8.0.1:4000") == 0); /* met, but not online */
    cyi_members_each(members, note_view, &sum);
    WORLD_CHECK(sum == 50 * 51 / 2);
    return 0;
}

static void
visits_each_that_is_online(void)
{
    run(visit);
}

CY_TEST_MAIN("transport.member_state", CY_TEST(knows_who_was_met_and_where),
             CY_TEST(knows_so_many_and_no_more),
             CY_TEST(dials_where_it_worked_last_and_then_the_other_places),
             CY_TEST(takes_the_silent_for_lost_until_they_speak),
             CY_TEST(has_half_as_much_patience_again_when_others_vouch),
             CY_TEST(says_of_others_what_it_has_just_heard),
             CY_TEST(gives_others_the_time_that_it_has_slept_itself),
             CY_TEST(takes_a_node_for_ended_when_nobody_listens_there),
             CY_TEST(does_not_believe_what_is_said_at_another_place),
             CY_TEST(lets_those_go_who_say_goodbye),
             CY_TEST(follows_when_it_was_declared_dead_itself),
             CY_TEST(takes_a_node_for_ended_when_another_is_there),
             CY_TEST(welcomes_one_that_was_taken_for_ended),
             CY_TEST(remembers_so_many_of_the_ended), CY_TEST(forgets_who_cannot_be_met),
             CY_TEST(looks_for_one_of_the_ended_that_says_hello),
             CY_TEST(dials_the_lost_more_and_more_rarely), CY_TEST(visits_each_that_is_online))
