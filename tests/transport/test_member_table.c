#include "member_stage.h"

/* Who is known, where, and what of those who have ended. */

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
    intro.core_count = 1; /* it cannot change its mind */
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == -EBADMSG);
    intro.core_count = 2;
    intro.ports[1]++;
    WORLD_CHECK(meet(&intro, "10.1.0.1:4000") == -EBADMSG &&
                port_at(7, 1, 0, "10.1.0.1") == 4001);
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

static uint32_t dialling, dialling_max;

static int
take_long_to_meet(struct cyi_core *core, const cy_address *at, struct cyi_intro *out,
                  cy_time deadline)
{
    (void) core;
    (void) at;
    (void) out;
    (void) deadline;
    if (++dialling > dialling_max)
        dialling_max = dialling;
    int rc = cy_sleep(CY_SECOND);
    dialling--;
    return rc == 0 ? -ETIMEDOUT : rc;
}

static int
hear_many(void *arg)
{
    static struct cyi_member_way slow;
    cy_address from = address("10.1.0.1:51350");
    (void) arg;
    slow = counting;
    slow.meet = take_long_to_meet;
    members->way = &slow;
    dialling_max = 0;
    for (uint32_t i = 1; i <= 100; i++) {
        struct cyi_hello hello = hello_of(i, 1);
        WORLD_CHECK(cyi_members_hear(members, &hello, &from));
    }
    for (int i = 0; i < 1000 && members->count > 0; i++) {
        cyi_members_turn(members, now());
        cy_sleep(50 * CY_MILLISECOND);
    }
    WORLD_CHECK(dialling_max == CYI_MEMBER_PROBES_MAX);
    WORLD_CHECK(members->count == 0 && members->probes == 0);
    return 0;
}

static void
dials_so_many_at_once(void)
{
    run(hear_many);
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

CY_TEST_MAIN("transport.member_table", CY_TEST(knows_who_was_met_and_where),
             CY_TEST(knows_so_many_and_no_more),
             CY_TEST(dials_where_it_worked_last_and_then_the_other_places),
             CY_TEST(takes_a_node_for_ended_when_another_is_there),
             CY_TEST(welcomes_one_that_was_taken_for_ended),
             CY_TEST(remembers_so_many_of_the_ended), CY_TEST(forgets_who_cannot_be_met),
             CY_TEST(dials_so_many_at_once),
             CY_TEST(looks_for_one_of_the_ended_that_says_hello),
             CY_TEST(visits_each_that_is_online))
