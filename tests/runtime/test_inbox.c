/* test_inbox.c - taking what others posted, sleeping and waking, the end of all ways. */
#include "hand.h"

#include "sanitizer.h"
#include <cycos/impl/msg.h>
#include <string.h>

static int
nothing(void *arg)
{
    (void) arg;
    return 0;
}

static void
count_call(struct cyi_core *core, const void *args)
{
    (void) core;
    ++**(uint32_t *const *) args;
}

static void
count_foreign(struct cyi_core *core, struct cyi_foreign *record)
{
    (void) core;
    record->fn = NULL;
}

/* A core that has something to take must not sleep. */
static void
expect_pending(struct cyi_core *core)
{
    CU_ASSERT_TRUE(cyi_inbox_pending(core));
    CU_ASSERT_FALSE(cyi_inbox_sleep(core));
    CU_ASSERT_FALSE(core->asleep);
    CU_ASSERT_EQUAL(atomic_load(&core->inbox->sleeping), 0);
    CU_ASSERT_EQUAL(cyi_inbox_poll(core), 1);
    CU_ASSERT_FALSE(cyi_inbox_pending(core));
    CU_ASSERT_TRUE(cyi_inbox_sleep(core));
    CU_ASSERT_TRUE(core->asleep);
    cyi_inbox_awake(core);
    CU_ASSERT_FALSE(core->asleep);
    CU_ASSERT_EQUAL(atomic_load(&core->inbox->sleeping), 0);
}

static void
sleeps_only_when_nothing_is_there_to_take(void)
{
    struct hand hand;
    uint32_t calls = 0, *counter = &calls;
    struct cyi_foreign foreign = {NULL, count_foreign};
    hand_open(&hand, 2, nothing, NULL);
    struct cyi_core *core = hand.node->cores[0], *other = hand.node->cores[1];
    CU_ASSERT_FALSE(cyi_inbox_pending(core));
    CY_OK(cyi_post_call(other, 0, count_call, &counter, sizeof counter));
    expect_pending(core);
    CU_ASSERT_EQUAL(calls, 1);
    CY_OK(cyi_post_call(core, 0, count_call, &counter, sizeof counter));
    expect_pending(core);
    CU_ASSERT_EQUAL(calls, 2);
    cyi_post_foreign(core, &foreign);
    expect_pending(core);
    CU_ASSERT_TRUE(foreign.fn == NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static void
one_busy_sender_does_not_keep_others_waiting(void)
{
    struct hand hand;
    uint32_t many = 0, few = 0, *counter = &many, *other = &few;
    hand_open(&hand, 3, nothing, NULL);
    struct cyi_node *node = hand.node;
    for (int i = 0; i < 1000; i++)
        CY_OK(cyi_post_call(node->cores[1], 0, count_call, &counter, sizeof counter));
    CY_OK(cyi_post_call(node->cores[2], 0, count_call, &other, sizeof other));
    cyi_inbox_poll(node->cores[0]);
    CU_ASSERT_EQUAL(few, 1);
    CU_ASSERT_TRUE(many < 1000);
    while (cyi_inbox_poll(node->cores[0]) != 0)
        continue;
    CU_ASSERT_EQUAL(many, 1000);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static void
rings_get_smaller_when_there_are_more_cores(void)
{
    static const struct {
        uint32_t cores, size;
    } WANT[] = {{1, 1024}, {16, 1024}, {17, 512}, {32, 512}, {128, 128}, {1024, 64}};
    for (size_t i = 0; i < sizeof WANT / sizeof *WANT; i++) {
        struct cyi_heap heap;
        struct cyi_inbox *inbox = NULL;
        cyi_heap_init(&heap);
        CY_OK(cyi_inbox_open(&inbox, &heap, WANT[i].cores, 1));
        CU_ASSERT_EQUAL(inbox->ring_size, WANT[i].size);
        cyi_inbox_close(&inbox);
        CU_ASSERT_PTR_NULL(inbox);
        cyi_heap_fini(&heap);
    }
}

static void
without_memory_there_is_no_inbox(void)
{
    struct cyi_heap heap;
    struct cyi_inbox *inbox = NULL;
    cyi_heap_init(&heap);
    heap.fail_at = 0;
    CY_FAILS(cyi_inbox_open(&inbox, &heap, 2, 1), -ENOMEM);
    CU_ASSERT_PTR_NULL(inbox);
    cyi_heap_fini(&heap);
}

/* Bounces a number to whom the message came from, until it is 0. */
static int
bounce(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        uint32_t left = *(uint32_t *) cy_msg_body(msg);
        cy_ref from = cy_msg_sender(msg);
        cy_msg_free(&msg);
        if (left == 0)
            break;
        left--;
        CY_CHECK_EQ(cy_send_bytes(from, 1, &left, sizeof left), 0);
        if (left == 0)
            break;
    }
    return 0;
}

static int
rally_body(void *arg)
{
    uint32_t rounds = (uint32_t) cy_test_scale(20000) | 1;
    struct cy_core_counters counters;
    cy_ref there;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, bounce, NULL, NULL), 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, &rounds, sizeof rounds), 0);
    bounce(NULL);
    cy_core_read_counters(&counters);
    CY_CHECK(counters.sleeps > 0); /* it was no spinning that kept us going */
    return 0;
}

/* Both cores sleep after each message: a wake-up that got lost would be the end. */
static void
rally(bool asymmetric)
{
    struct hand hand;
    hand_open(&hand, 2, rally_body, NULL);
    hand.node->asymmetric = asymmetric && hand.node->asymmetric;
    hand_run_threads(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static void
no_wake_up_is_lost_when_the_sleeper_pays(void)
{
    rally(true);
}

static void
no_wake_up_is_lost_when_the_sender_pays(void)
{
    rally(false);
}

enum { FLOOD_CORES = 3 };

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

/* All others send at once, into a small outbox and a small mailbox. */
static int
flood_body(void *arg)
{
    cy_ref me = cy_self(), senders[FLOOD_CORES];
    uint32_t next[FLOOD_CORES] = {0}, wrong = 0;
    cy_msg *msg;
    (void) arg;
    for (uint16_t i = 1; i < FLOOD_CORES; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&senders[i], i, flood, &me, NULL), 0);
    for (uint32_t i = 0; i < flood_count * (FLOOD_CORES - 1); i++) {
        if (cy_receive(&msg, CY_FOREVER) != 0)
            break;
        uint16_t from = cy_msg_sender(msg).core;
        wrong += *(uint32_t *) cy_msg_body(msg) != next[from]++;
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(wrong, 0);
    return 0;
}

static void
flood_with(bool asymmetric)
{
    struct hand hand;
    flood_count = (uint32_t) cy_test_scale(100000);
    cy_node_options(&hand.options, FLOOD_CORES);
    hand.options.outbox_max = 16;
    hand.options.mailbox_max = 256;
    hand_open_with(&hand, flood_body, NULL);
    hand.node->asymmetric = asymmetric && hand.node->asymmetric;
    hand_run_threads(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static void
a_flood_through_small_limits_arrives_in_order(void)
{
    flood_with(true);
    flood_with(false);
}

enum { LEFT = 2000 }; /* a ring and an outbox of these */

/* Leaves messages, calls with messages in them and freed blocks on all ways. */
static int
litter_body(void *arg)
{
    cy_ref gone = cy_self();
    struct cyi_core *core = cyi_self;
    (void) arg;
    gone.core = 1;
    for (uint32_t i = 0; i < LEFT; i++) {
        cy_msg *msg;
        CY_CHECK_EQ(cy_msg_create(&msg, 1, i % 2 == 0 ? 0 : 100000), 0);
        if (i % 3 == 0) {
            CY_CHECK_EQ(cy_send(gone, &msg), 0);
        } else {
            struct cyi_return to = {1, 0, gone.slot, gone.generation, i};
            cyi_answer(core, to, 0, 0, msg);
        }
    }
    CY_CHECK(core->inbox->outbox[1].count != 0);
    /* Nobody hears of it before the last turn of core 1. */
    return 0;
}

static void
what_is_under_way_at_the_end_is_given_back(void)
{
    struct hand hand;
    hand_open(&hand, 2, litter_body, NULL);
    for (int i = 0; i < 3; i++)
        hand_turn(&hand, 0);
    CU_ASSERT_TRUE(hand.node->cores[0]->inbox->outbox[1].count != 0);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Watches what ended at the far side, whose answer nobody takes any more. */
static int
watch_litter_body(void *arg)
{
    cy_ref gone = cy_self();
    (void) arg;
    gone.core = 1;
    for (int i = 0; i < LEFT; i++)
        CY_CHECK_EQ(cy_monitor(gone), 0);
    for (int i = 0; i < 10; i++)
        CY_CHECK_EQ(cy_notify(gone), 0);
    return 0;
}

static void
watches_under_way_at_the_end_are_given_back(void)
{
    struct hand hand;
    hand_open(&hand, 2, watch_litter_body, NULL);
    for (int i = 0; i < 3; i++)
        hand_turn(&hand, 0);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { LONG = CYI_POST_BODY_MAX + 2, LENGTHS = 40 * LONG };

/* Each message in its turn is one byte longer, up to two beyond what is copied. */
static int
measure_lengths(void *arg)
{
    cy_msg *msg;
    uint32_t wrong = 0;
    (void) arg;
    for (uint32_t i = 0; i < LENGTHS && cy_receive(&msg, CY_FOREVER) == 0; i++) {
        const uint8_t *body = cy_msg_body(msg);
        size_t size = cy_msg_size(msg);
        wrong += size != i % LONG || cy_msg_tag(msg) != i;
        for (size_t at = 0; at < size; at++)
            wrong += body[at] != (uint8_t) (i + at);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(wrong, 0);
    return 0;
}

static int
lengths_body(void *arg)
{
    cy_ref there;
    uint8_t body[LONG];
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, measure_lengths, NULL, NULL), 0);
    for (uint32_t i = 0; i < LENGTHS; i++) {
        cy_msg *msg;
        for (size_t at = 0; at < i % LONG; at++)
            body[at] = (uint8_t) (i + at);
        if (i / LONG % 2 == 0) {
            CY_CHECK_EQ(cy_send_bytes(there, i, body, i % LONG), 0);
            continue;
        }
        CY_CHECK_EQ(cy_msg_copy(&msg, i, body, i % LONG), 0);
        CY_CHECK_EQ(cy_send(there, &msg), 0);
    }
    return 0;
}

static void
bodies_of_every_length_arrive_whole(void)
{
    struct hand hand;
    hand_open(&hand, 2, lengths_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
two_wait_body(void *arg)
{
    struct cyi_core *to = cyi_self->node->cores[1];
    cy_ref there;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, bounce, NULL, NULL), 0);
    cy_node_settle();
    to->heap.fail_at = to->heap.taken;
    for (uint32_t left = 3; left > 1; left--)
        CY_CHECK_EQ(cy_send_bytes(there, 1, &left, sizeof left), 0);
    for (uint32_t left = 2; left > 0; left--) {
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        CY_CHECK_EQ(*(uint32_t *) cy_msg_body(msg), left);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(to->heap.fail_at, UINT64_MAX); /* it did fail */
    CY_CHECK_EQ(to->counters.lost, 0);
    CY_CHECK_EQ(cy_terminate(there), 0);
    return 0;
}

static void
what_there_is_no_memory_for_waits_in_the_ring(void)
{
    struct hand hand;
    hand_open(&hand, 2, two_wait_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

CY_TEST_MAIN("runtime.inbox", CY_TEST(sleeps_only_when_nothing_is_there_to_take),
             CY_TEST(one_busy_sender_does_not_keep_others_waiting),
             CY_TEST(rings_get_smaller_when_there_are_more_cores),
             CY_TEST(without_memory_there_is_no_inbox),
             CY_TEST(no_wake_up_is_lost_when_the_sleeper_pays),
             CY_TEST(no_wake_up_is_lost_when_the_sender_pays),
             CY_TEST(a_flood_through_small_limits_arrives_in_order),
             CY_TEST(bodies_of_every_length_arrive_whole),
             CY_TEST(what_there_is_no_memory_for_waits_in_the_ring),
             CY_TEST(what_is_under_way_at_the_end_is_given_back),
             CY_TEST(watches_under_way_at_the_end_are_given_back))
