#include "member_stage.h"

/* When a member counts as online, as lost, as ended. */

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

/* So long that others are asked. */
static void
fall_silent(uint32_t number)
{
    uint32_t before = did.suspects;
    hear_from(number);
    cy_sleep(2300 * CY_MILLISECOND);
    hear_from(8);
    cyi_members_turn(members, now());
    WORLD_CHECK(did.suspects == before + 1);
}

static int
vouch(void *arg)
{
    cy_time took;
    (void) arg;
    go_online(7);
    go_online(8);
    give_item(8, CYI_OP_ALIVE, 7, 4); /* nobody has asked */
    WORLD_CHECK(did.cuts == 0);
    took = patience(7);
    WORLD_CHECK(did.cuts == 1 && did.cut_tag == 7); /* told often, taken once */
    WORLD_CHECK(took > 4150 * CY_MILLISECOND && took < 4350 * CY_MILLISECOND);
    return 0;
}

static int
vouch_again(void *arg)
{
    (void) arg;
    go_online(7);
    go_online(8);
    for (uint32_t round = 1; round <= 2; round++) {
        fall_silent(7);
        give_item(8, CYI_OP_ALIVE, 7, 3);
        WORLD_CHECK(did.cuts == round - 1);
        give_item(8, CYI_OP_ALIVE, 7, 4);
        WORLD_CHECK(did.cuts == round);
        hear_from(7);
        give_item(8, CYI_OP_ALIVE, 7, 4);
        WORLD_CHECK(did.cuts == round);
    }
    /* One that has no connection is dialled already. */
    fall_silent(7);
    go_down(7);
    give_item(8, CYI_OP_ALIVE, 7, 4);
    WORLD_CHECK(did.cuts == 2 && did.offline == 0);
    return 0;
}

static void
tries_a_new_connection_once_in_each_silence(void)
{
    run(vouch_again);
}

static void
tries_a_new_connection_when_others_vouch_but_waits_no_longer(void)
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
    intro.ports[0] = 4014;
    intro.ports[1] = 4015;
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

static int
watch_and_not_read(void *arg)
{
    struct cyi_core *core = cyi_self;
    struct cyi_task *task = core->sched.current;
    uint32_t told = 0;
    cy_msg *msg;
    (void) arg;
    WORLD_CHECK(cy_peer_watch(cy_self()) == 0);
    for (uint32_t i = 1; told <= CYI_WATCHER_QUEUE_MAX; i++, told += 4) {
        go_online(i);
        go_down(i);
        fail_to_dial(i, -ESRCH);
    }
    WORLD_CHECK(task->promised == CYI_WATCHER_QUEUE_MAX);
    WORLD_CHECK(core->counters.lost == told - CYI_WATCHER_QUEUE_MAX);
    for (uint32_t i = 0; i < CYI_WATCHER_QUEUE_MAX; i++) {
        WORLD_CHECK(cy_receive(&msg, CY_NOW) == 0);
        cy_msg_free(&msg);
    }
    WORLD_CHECK(task->promised == 0 && cy_receive(&msg, CY_NOW) == -ETIMEDOUT);
    go_online(20000);
    WORLD_CHECK(task->promised == 2);
    return 0;
}

static void
keeps_so_many_messages_for_who_does_not_read(void)
{
    run(watch_and_not_read);
}

CY_TEST_MAIN("transport.member_state", CY_TEST(takes_the_silent_for_lost_until_they_speak),
             CY_TEST(tries_a_new_connection_when_others_vouch_but_waits_no_longer),
             CY_TEST(tries_a_new_connection_once_in_each_silence),
             CY_TEST(says_of_others_what_it_has_just_heard),
             CY_TEST(gives_others_the_time_that_it_has_slept_itself),
             CY_TEST(takes_a_node_for_ended_when_nobody_listens_there),
             CY_TEST(does_not_believe_what_is_said_at_another_place),
             CY_TEST(lets_those_go_who_say_goodbye),
             CY_TEST(follows_when_it_was_declared_dead_itself),
             CY_TEST(dials_the_lost_more_and_more_rarely),
             CY_TEST(keeps_so_many_messages_for_who_does_not_read))
