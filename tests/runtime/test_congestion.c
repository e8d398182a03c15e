/* test_congestion.c - a full mailbox on another core stops its senders, and only while full. */
#include "hand.h"

enum { LIMIT = 10, MANY = CYI_CONGESTED_MAX + 50 };

/* What a slow receiver has found. */
struct tally {
    uint32_t received, wrong;
};

/* Takes nothing until it is resumed; then all there is. */
static int
take_when_told(void *arg)
{
    struct tally *tally = arg;
    cy_msg *msg;
    while (cy_suspend(CY_FOREVER) == 0) {
        while (cy_receive(&msg, CY_NOW) == 0) {
            tally->wrong += *(uint32_t *) cy_msg_body(msg) != tally->received++;
            cy_msg_free(&msg);
        }
    }
    return 0;
}

static void
next_turn(void)
{
    struct cyi_core *core = cyi_self;
    uint64_t before = core->counters.turns;
    while (core->counters.turns == before)
        cy_yield();
}

/* Send numbers from *next on until we are told that it is full. */
static void
send_until_full(cy_ref to, uint32_t *next)
{
    for (int left = 100; left > 0; left--) {
        int rc = cy_send_bytes(to, 1, next, sizeof *next);
        if (rc != 0) {
            CY_CHECK_EQ(rc, -EAGAIN);
            return;
        }
        ++*next;
        next_turn();
        next_turn();
    }
    CY_CHECK(false); /* it is full for long */
}

/* By pointer. */
static int
send_number(cy_ref to, uint32_t number)
{
    cy_msg *msg;
    int rc = cy_msg_create(&msg, 1, 100);
    if (rc != 0)
        return rc;
    *(uint32_t *) cy_msg_body(msg) = number;
    if ((rc = cy_send(to, &msg)) != 0)
        cy_msg_free(&msg);
    return rc;
}

static cy_ref
spawn_slow(uint16_t core, struct tally *tally)
{
    cy_ref there;
    struct cy_task_options options = {.mailbox_max = LIMIT, .joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&there, core, take_when_told, tally, &options), 0);
    return there;
}

static void
end_slow(cy_ref there)
{
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
}

static int
stop_and_go_body(void *arg)
{
    struct tally tally = {0, 0};
    uint32_t sent = 0;
    cy_msg *msg;
    (void) arg;
    cy_ref there = spawn_slow(1, &tally);
    for (int round = 0; round < 20; round++) {
        uint32_t before = sent;
        uint64_t refused = cyi_self->counters.refused;
        send_until_full(there, &sent);
        CY_CHECK_EQ(cyi_self->counters.refused, refused + 1);
        CY_CHECK(sent - before > LIMIT);
        CY_CHECK(sent - before < LIMIT + 5); /* one, and what was under way */
        /* However we send. */
        CY_CHECK_EQ(cy_msg_create(&msg, 1, 100), 0);
        CY_CHECK_EQ(cy_send(there, &msg), -EAGAIN);
        CY_CHECK_EQ(cy_deliver(there, &msg, CY_FOREVER), -EAGAIN);
        CY_CHECK_EQ(cy_call(&msg, there, &msg, CY_FOREVER), -EAGAIN);
        cy_msg_free(&msg);
        CY_CHECK_EQ(cyi_self->counters.refused, refused + 4);
        CY_CHECK_EQ(cy_resume(there), 0);
        cy_node_settle();
        CY_CHECK_EQ(tally.received, sent);
    }
    CY_CHECK_EQ(tally.wrong, 0);
    end_slow(there);
    CY_CHECK_EQ(cyi_self->congested_count, 0);
    return 0;
}

static void
the_sender_is_stopped_while_the_mailbox_is_full(void)
{
    struct hand hand;
    hand_open(&hand, 2, stop_and_go_body, NULL);
    hand_run(&hand);
    /* Nobody counts as refused what was taken. */
    CU_ASSERT_EQUAL(hand.node->cores[1]->counters.refused, 0);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Core 1 takes what has come, as it would while we go on sending. */
static void
let_it_take(void)
{
    struct cyi_core *core = cyi_self, *other = core->node->cores[1];
    cyi_core_enter(other);
    while (cyi_inbox_poll(other) != 0)
        continue;
    cyi_core_enter(core);
}

static int
restless_body(void *arg)
{
    struct tally tally = {0, 0};
    uint32_t sent = 0;
    int rc = 0;
    (void) arg;
    cy_ref there = spawn_slow(1, &tally);
    /* All in one turn: we never look at what we are told. */
    while (sent < 20000 && rc == 0) {
        rc = sent % 2 == 0 ? cy_send_bytes(there, 1, &sent, sizeof sent)
                           : send_number(there, sent);
        sent += rc == 0;
        if (sent % 100 == 0)
            let_it_take();
    }
    CY_CHECK_EQ(rc, -EAGAIN);
    CY_CHECK(sent <= LIMIT + 1024 + 100);
    /* What the runtime itself has to say passes. */
    CY_CHECK_EQ(cy_resume(there), 0);
    cy_node_settle();
    CY_CHECK_EQ(tally.received, sent);
    CY_CHECK_EQ(tally.wrong, 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, &sent, sizeof sent), 0);
    end_slow(there);
    return 0;
}

static void
a_sender_that_never_pauses_is_stopped_too(void)
{
    struct hand hand;
    hand_open(&hand, 2, restless_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
end_body(void *arg)
{
    struct tally tally = {0, 0};
    uint32_t sent = 0;
    (void) arg;
    for (int joined = 0; joined < 2; joined++) {
        cy_ref there = spawn_slow(1, &tally);
        send_until_full(there, &sent);
        CY_CHECK_EQ(cy_terminate(there), 0);
        if (joined)
            CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        cy_node_settle();
        /* It cannot be known here whether it lives: taken, and counted there as lost. */
        CY_CHECK_EQ(cy_send_bytes(there, 1, &sent, sizeof sent), 0);
        if (!joined)
            CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        cy_node_settle();
        CY_CHECK_EQ(cyi_self->congested_count, 0);
    }
    *(uint32_t *) arg = sent + 2;
    return 0;
}

static void
when_the_task_has_ended_its_mailbox_is_not_full(void)
{
    struct hand hand;
    uint32_t sent;
    hand_open(&hand, 2, end_body, &sent);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand.node->cores[1]->counters.lost, sent);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
many_body(void *arg)
{
    static struct tally tallies[MANY];
    static cy_ref there[MANY];
    static uint32_t sent[MANY];
    struct tally other = {0, 0};
    (void) arg;
    for (int i = 0; i < MANY; i++) {
        tallies[i] = (struct tally){0, 0};
        sent[i] = 0;
        there[i] = spawn_slow(1, &tallies[i]);
    }
    cy_ref elsewhere = spawn_slow(2, &other);
    /* All of them before we can hear of the first. */
    for (int i = 0; i < MANY; i++) {
        for (; sent[i] < LIMIT + 2; sent[i]++)
            CY_CHECK_EQ(cy_send_bytes(there[i], 1, &sent[i], sizeof sent[i]), 0);
    }
    cy_node_settle();
    CY_CHECK_EQ(cyi_self->congested_count, CYI_CONGESTED_MAX);
    CY_CHECK_EQ(cyi_self->inbox->outbox[1].congested, MANY - CYI_CONGESTED_MAX);
    for (int i = 0; i < MANY; i++)
        CY_CHECK_EQ(cy_send_bytes(there[i], 1, &sent[i], sizeof sent[i]), -EAGAIN);
    CY_CHECK_EQ(cy_send_bytes(elsewhere, 1, &other.received, sizeof other.received), 0);
    for (int i = 0; i < MANY; i++)
        CY_CHECK_EQ(cy_resume(there[i]), 0);
    cy_node_settle();
    for (int i = 0; i < MANY; i++) {
        CY_CHECK_EQ(tallies[i].received, sent[i]);
        CY_CHECK_EQ(cy_send_bytes(there[i], 1, &sent[i], sizeof sent[i]), 0);
    }
    CY_CHECK_EQ(cyi_self->congested_count, 0);
    CY_CHECK_EQ(cyi_self->inbox->outbox[1].congested, 0);
    CY_CHECK_EQ(cyi_self->inbox->congested, 0);
    for (int i = 0; i < MANY; i++)
        end_slow(there[i]);
    end_slow(elsewhere);
    return 0;
}

/* More full mailboxes than a core keeps in mind, and yet no mailbox grows without bound. */
static void
many_full_mailboxes_stop_their_senders_too(void)
{
    struct hand hand;
    hand_open(&hand, 3, many_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
no_memory_body(void *arg)
{
    struct tally tally = {0, 0};
    uint32_t sent = 0;
    struct cyi_heap *heap = &cyi_self->node->cores[1]->heap;
    (void) arg;
    for (uint64_t later = 0; later < 2; later++) {
        cy_ref there = spawn_slow(1, &tally);
        for (int i = 0; i < LIMIT; i++, sent++)
            CY_CHECK_EQ(cy_send_bytes(there, 1, &sent, sizeof sent), 0);
        cy_node_settle();
        cy_msg *msg; /* comes by pointer: the first memory needed there is for telling us */
        CY_CHECK_EQ(cy_msg_create(&msg, 1, 100), 0);
        *(uint32_t *) cy_msg_body(msg) = sent++;
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_send(there, &msg), 0);
        next_turn();
        next_turn();
        heap->fail_at = UINT64_MAX;
        send_until_full(there, &sent); /* the next message tells */
        CY_CHECK_EQ(cy_resume(there), 0);
        cy_node_settle();
        CY_CHECK_EQ(tally.received, sent);
        end_slow(there);
    }
    CY_CHECK_EQ(tally.wrong, 0);
    return 0;
}

static void
without_memory_to_tell_it_nothing_is_lost(void)
{
    struct hand hand;
    hand_open(&hand, 2, no_memory_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { SENDERS = 3 };

static uint32_t flood_count;

static int
flood(void *arg)
{
    for (uint32_t i = 0; i < flood_count; i++) {
        while (cy_send_bytes(*(cy_ref *) arg, 1, &i, sizeof i) == -EAGAIN)
            cy_yield();
    }
    return 0;
}

/* All cores send at once, ours too. */
static int
flood_body(void *arg)
{
    cy_ref me = cy_self(), sender;
    uint32_t next[SENDERS] = {0}, wrong = 0, most = 0;
    cy_msg *msg;
    (void) arg;
    for (uint16_t i = 0; i < SENDERS; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&sender, i, flood, &me, NULL), 0);
    for (uint32_t i = 0; i < flood_count * SENDERS; i++) {
        if (cy_receive(&msg, CY_FOREVER) != 0)
            break;
        uint16_t from = cy_msg_sender(msg).core;
        wrong += *(uint32_t *) cy_msg_body(msg) != next[from]++;
        most = cy_mailbox_count() > most ? cy_mailbox_count() : most;
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(wrong, 0);
    /* Beyond the limit is only what was under way: two rings and two outboxes. */
    CY_CHECK(most <= LIMIT + 2 * (1024 + LIMIT));
    return 0;
}

static void
what_was_accepted_arrives_in_order(void)
{
    struct cy_options options;
    flood_count = (uint32_t) cy_test_scale(50000);
    cy_node_options(&options, SENDERS);
    options.mailbox_max = LIMIT;
    options.outbox_max = LIMIT;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, flood_body, NULL), 0);
}

CY_TEST_MAIN("runtime.congestion", CY_TEST(the_sender_is_stopped_while_the_mailbox_is_full),
             CY_TEST(a_sender_that_never_pauses_is_stopped_too),
             CY_TEST(when_the_task_has_ended_its_mailbox_is_not_full),
             CY_TEST(many_full_mailboxes_stop_their_senders_too),
             CY_TEST(without_memory_to_tell_it_nothing_is_lost),
             CY_TEST(what_was_accepted_arrives_in_order))
