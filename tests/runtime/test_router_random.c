/*
 * test_router_random.c - tasks of two nodes do everything to each other, by a seed.
 *
 * They send, deliver, call, watch, join, terminate and end at any moment, while the network
 * between them stalls, refuses and is lost. No message comes twice or out of order; each watch
 * that began ends once; a message that surely was not delivered is back; nothing leaks.
 */
#include "pair.h"

#include <string.h>

enum { PER_CORE = 4, ACTORS = 2 * PAIR_CORES * PER_CORE, OPERATIONS = 60, WATCHES = 3 };
enum { DATA = 1, REQUEST = 2 };

struct body {
    uint32_t from, number;
};

static struct state {
    uint64_t random;
    uint32_t ready, live;
    cy_ref actor[ACTORS];
    uint32_t sent[ACTORS][ACTORS], came[ACTORS][ACTORS];
    uint32_t watched[ACTORS], ended[ACTORS]; /* by the first node's main task */
} state;

static uint32_t
draw(uint32_t bound)
{
    state.random ^= state.random << 13;
    state.random ^= state.random >> 7;
    state.random ^= state.random << 17;
    return (uint32_t) (state.random >> 33) % bound;
}

static cy_time
draw_deadline(void)
{
    uint32_t kind = draw(4);
    return kind == 0 ? CY_NOW : kind == 1 ? cy_after(draw(200000)) : CY_FOREVER;
}

static void
got(uint32_t me, cy_msg *msg)
{
    struct cy_exit exit;
    cy_msg *reply;
    if (cy_exit_read(&exit, msg) == 0) {
        CY_CHECK(exit.reason <= CY_EXIT_NO_TASK);
        cy_msg_free(&msg);
        return;
    }
    struct body body = {ACTORS, 0};
    memcpy(&body, cy_msg_body(msg), sizeof body);
    CY_CHECK(body.from < ACTORS && cy_msg_size(msg) >= sizeof body);
    CY_CHECK(body.number > state.came[me][body.from]);
    state.came[me][body.from] = body.number;
    if (cy_msg_tag(msg) == REQUEST && draw(8) != 0 &&
        cy_msg_copy(&reply, REQUEST, &body, sizeof body) == 0 && cy_reply(msg, &reply) != 0)
        cy_msg_free(&reply);
    cy_msg_free(&msg);
}

static void
receive_some(uint32_t me)
{
    cy_msg *msg;
    for (uint32_t i = draw(6); i > 0 && cy_receive(&msg, CY_NOW) == 0; i--)
        got(me, msg);
}

static cy_msg *
make(uint32_t me, uint32_t to, uint32_t tag)
{
    cy_msg *msg = NULL;
    struct body body = {me, ++state.sent[me][to]};
    CY_CHECK_EQ(cy_msg_create(&msg, tag, sizeof body + draw(300)), 0);
    memset(cy_msg_body(msg), 'x', cy_msg_size(msg));
    memcpy(cy_msg_body(msg), &body, sizeof body);
    return msg;
}

static void
deliver(uint32_t me, uint32_t to)
{
    cy_msg *msg = make(me, to, DATA);
    int rc = cy_deliver(state.actor[to], &msg, draw_deadline());
    CY_CHECK(rc <= 1);
    CY_CHECK((rc < 0) == (msg != NULL));
    cy_msg_free(&msg);
}

static void
call(uint32_t me, uint32_t to)
{
    cy_msg *msg = make(me, to, REQUEST), *reply = NULL;
    struct body asked, answered;
    memcpy(&asked, cy_msg_body(msg), sizeof asked);
    /* Some are never answered. */
    int rc = cy_call(&reply, state.actor[to], &msg, cy_after(draw(300000)));
    CY_CHECK(rc <= 0 && (rc == 0) == (reply != NULL));
    if (rc == 0) {
        memcpy(&answered, cy_msg_body(reply), sizeof answered);
        CY_CHECK(memcmp(&asked, &answered, sizeof asked) == 0);
        CY_CHECK(cy_ref_equal(cy_msg_sender(reply), state.actor[to]));
        cy_msg_free(&reply);
    }
    cy_msg_free(&msg);
}

static void
join(uint32_t to)
{
    struct cy_exit exit;
    cy_msg *msg = NULL;
    int rc = cy_join(&msg, state.actor[to], cy_after(draw(100000)));
    CY_CHECK(rc <= 0 && (rc == 0) == (msg != NULL));
    if (rc != 0)
        return;
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(exit.reason < CY_EXIT_NODE_DOWN);
    CY_CHECK(exit.reason == CY_EXIT_TERMINATED || exit.code == (int) to + 1);
    CY_CHECK(exit.value_bytes == 0 ||
             (exit.value_bytes == sizeof to && memcmp(exit.value, &to, sizeof to) == 0));
    cy_msg_free(&msg);
}

static void
send_one(uint32_t me, uint32_t to)
{
    cy_msg *msg = make(me, to, DATA);
    int rc = draw(2) ? cy_send(state.actor[to], &msg)
                     : cy_send_bytes(state.actor[to], DATA, cy_msg_body(msg), cy_msg_size(msg));
    CY_CHECK(rc <= 0);
    cy_msg_free(&msg);
}

static void
act(uint32_t me)
{
    uint32_t to = draw(ACTORS);
    switch (draw(12)) {
    case 0:
        deliver(me, to);
        break;
    case 1:
        if (to != me)
            call(me, to);
        break;
    case 2:
        CY_CHECK(cy_monitor(state.actor[to]) <= 0);
        break;
    case 3:
        if (to != me)
            join(to);
        break;
    case 4:
        CY_CHECK(cy_notify(state.actor[to]) <= 0);
        break;
    case 5:
        CY_CHECK((draw(8) == 0 ? cy_terminate : cy_resume)(state.actor[to]) <= 0);
        break;
    case 6:
    case 7:
        receive_some(me);
        break;
    default:
        send_one(me, to);
        break;
    }
}

static int
actor(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    cy_msg *value;
    state.actor[me] = cy_self();
    state.ready++;
    for (uint32_t left = OPERATIONS / 2 + draw(OPERATIONS); left > 0; left--) {
        if (cy_yield() != 0)
            break;
        if (state.ready == ACTORS)
            act(me);
    }
    if (cy_msg_copy(&value, 0, &me, sizeof me) == 0 && cy_exit_value(&value) != 0)
        cy_msg_free(&value);
    state.live--;
    return (int) me + 1;
}

static void
spawn_actors(uint32_t first)
{
    for (uint32_t i = 0; i < ACTORS / 2; i++) {
        struct cy_task_options options = {.joinable = draw(2), .mailbox_max = 1 + draw(20)};
        CY_CHECK_EQ(cy_task_spawn_on(NULL, (uint16_t) (i % PAIR_CORES), actor,
                                     (void *) (uintptr_t) (first + i), &options),
                    0);
    }
}

static void
audit(void)
{
    struct cy_exit exit;
    cy_msg *msg;
    while (cy_receive(&msg, CY_NOW) == 0) {
        bool is_exit = cy_exit_read(&exit, msg) == 0;
        for (uint32_t i = 0; is_exit && i < ACTORS; i++)
            state.ended[i] += cy_ref_equal(exit.task, state.actor[i]);
        CY_CHECK(is_exit);
        cy_msg_free(&msg);
    }
}

static void
watch_some(void)
{
    for (int i = 0; i < WATCHES; i++) {
        uint32_t to = draw(ACTORS);
        state.watched[to] += cy_monitor(state.actor[to]) == 0;
    }
}

/* What may happen to a network. */
static void
disturb(void)
{
    static const int codes[] = {-EAGAIN, -ENOMEM, -ESRCH, CY_ENOPEER};
    uint32_t what = draw(24);
    if (what < 6)
        pair.held = what < 3;
    else if (what < 12)
        pair.refuse = what < 7 ? codes[draw(4)] : 0;
    else if (what == 12 && !pair.down)
        pair_cut();
    else if (what < 18 && pair.down)
        pair_mend();
}

static void
calm(void)
{
    pair.held = false;
    pair.refuse = 0;
    pair_mend();
}

static int
disturb_and_audit(void *arg)
{
    (void) arg;
    spawn_actors(0);
    while (state.ready < ACTORS)
        cy_yield();
    while (state.live > 0) {
        watch_some();
        disturb();
        audit();
        if (cy_yield() != 0)
            break;
    }
    calm();
    pair_settle();
    audit();
    for (uint32_t i = 0; i < ACTORS; i++)
        CY_CHECK_EQ(state.ended[i], state.watched[i]);
    return 0;
}

static int
other_actors(void *arg)
{
    (void) arg;
    spawn_actors(ACTORS / 2);
    return pair_hold(NULL);
}

static void
every_watch_ends_once_and_every_message_comes_at_most_once(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 300);) {
        state = (struct state){.random = seed * UINT64_C(0x9e3779b97f4a7c15), .live = ACTORS};
        pair_open(disturb_and_audit, NULL, other_actors, NULL);
        pair_run();
        CU_ASSERT_EQUAL(pair_close(), 0);
    }
}

CY_TEST_MAIN("runtime.router_random",
             CY_TEST(every_watch_ends_once_and_every_message_comes_at_most_once))
