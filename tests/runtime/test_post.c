/* test_post.c - handing work to another core: order, limits, answers, waking, blocks home. */
#include "hand.h"

#include "sanitizer.h"
#include <cycos/impl/msg.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 3000 }; /* more than a ring of two cores has slots: 1024 */

/* What core 1 has seen; only its own tasks and calls touch it, or who comes after its end. */
static struct {
    uint32_t next; /* number that is due */
    uint32_t wrong;
} seen;

static void
see(uint32_t number)
{
    seen.wrong += number != seen.next;
    seen.next = number + 1;
}

static void
see_call(struct cyi_core *core, const void *args)
{
    (void) core;
    see(*(const uint32_t *) args);
}

/* Of three sizes: in the slot, by pointer, by pointer and from malloc. */
static int
send_number(cy_ref to, uint32_t number)
{
    static const size_t SIZES[] = {0, 256, 100000};
    size_t size = SIZES[number / 3 % 3];
    cy_msg *msg;
    if (size == 0)
        return cy_send_bytes(to, 1, &number, sizeof number);
    int rc = cy_msg_create(&msg, 1, size);
    if (rc != 0)
        return rc;
    memcpy(cy_msg_body(msg), &number, sizeof number);
    if ((rc = cy_send(to, &msg)) != 0)
        cy_msg_free(&msg);
    return rc;
}

static void
see_message(void *state, cy_msg **msg)
{
    (void) state;
    see(*(const uint32_t *) cy_msg_body(*msg));
}

static cy_ref
spawn_seer(void)
{
    cy_ref seer;
    seen.next = seen.wrong = 0;
    CY_CHECK_EQ(cy_handler_spawn_on(&seer, 1, see_message, NULL, NULL), 0);
    return seer;
}

static void
next_turn(void)
{
    struct cyi_core *core = cyi_self;
    uint64_t before = core->counters.turns;
    while (core->counters.turns == before)
        cy_yield();
}

/* Core 1 goes to sleep, as it would, when nothing is on the way to it. */
static void
put_to_sleep(struct cyi_core *core)
{
    cy_node_settle();
    while (cyi_inbox_pending(core))
        next_turn();
    CY_CHECK(cyi_inbox_sleep(core));
}

/* Ends a handler behind all that was sent to it; says nothing about calls. */
static void
wait_for_end(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    int rc = cy_join(NULL, task, CY_FOREVER);
    CY_CHECK(rc == 0 || rc == -ESRCH);
}

static int
mixed_body(void *arg)
{
    (void) arg;
    cy_ref seer = spawn_seer();
    /* Only messages: a handler runs later than the calls that came with its messages. */
    for (uint32_t i = 0; i < MANY; i++)
        CY_CHECK_EQ(send_number(seer, i), 0);
    CY_CHECK(cyi_self->inbox->outbox[1].count > 0);
    while (seen.next < MANY)
        cy_yield();
    CY_CHECK_EQ(cyi_self->inbox->outbox[1].count, 0);
    wait_for_end(seer);
    return 0;
}

static void
messages_keep_their_order_through_ring_and_outbox(void)
{
    struct hand hand;
    hand_open(&hand, 2, mixed_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
    CU_ASSERT_EQUAL(seen.next, MANY);
    CU_ASSERT_EQUAL(seen.wrong, 0);
}

/* A message that is seen when it is taken from the ring, not later by a task. */
static void
see_run(struct cyi_core *core, cy_msg *msg)
{
    see(*(const uint32_t *) cyi_msg_body(msg));
    cyi_msg_drop(core, msg);
}

static int
post_number(uint32_t number)
{
    struct cyi_core *core = cyi_self;
    if (number % 3 == 0)
        return cyi_post_call(core, 1, see_call, &number, sizeof number);
    if (number % 3 == 1) {
        cyi_post_answer(core, 1, see_call, &number, sizeof number);
        return 0;
    }
    cy_msg *msg = cyi_msg_take(core, 1, 200);
    memcpy(msg->body, &number, sizeof number);
    msg->run = see_run;
    msg->flags = CYI_MSG_RUN;
    cyi_post_promised(core, 1, msg);
    return 0;
}

static int
calls_body(void *arg)
{
    (void) arg;
    seen.next = seen.wrong = 0;
    for (uint32_t i = 0; i < MANY; i++)
        CY_CHECK_EQ(post_number(i), 0);
    while (seen.next < MANY)
        cy_yield();
    return 0;
}

static void
calls_answers_and_promised_messages_keep_one_order(void)
{
    struct hand hand;
    hand_open(&hand, 2, calls_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
    CU_ASSERT_EQUAL(seen.next, MANY);
    CU_ASSERT_EQUAL(seen.wrong, 0);
}

enum { OUTBOX_MAX = 10 };

static uint64_t
refused(void)
{
    struct cy_core_counters counters;
    cy_core_read_counters(&counters);
    return counters.refused;
}

/* Send until core 1, which stands still, takes no more of this kind. */
static void
fill_the_way(cy_ref to, int kind)
{
    for (uint32_t i = 0;; i++) {
        int rc = kind == 0   ? cy_send_bytes(to, 1, &i, sizeof i)
                 : kind == 1 ? send_number(to, 3 + i % 2)
                 : kind == 2 ? cy_send_bytes(to, 1, NULL, 0)
                             : cy_resume(to);
        if (rc != 0) {
            CY_CHECK_EQ(rc, -EAGAIN);
            return;
        }
    }
}

static void
ignore(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
}

static int
outbox_body(void *arg)
{
    (void) arg;
    cy_ref there;
    CY_CHECK_EQ(cy_handler_spawn_on(&there, 1, ignore, NULL, NULL), 0);
    for (int kind = 0; kind < 4; kind++) {
        uint64_t before = refused();
        fill_the_way(there, kind);
        CY_CHECK_EQ(cyi_self->inbox->outbox[1].count, OUTBOX_MAX);
        CY_CHECK_EQ(refused(), before + 1);
        CY_CHECK_EQ(cy_terminate(there), -EAGAIN);
        CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, NULL, NULL, NULL), -EAGAIN);
        CY_CHECK_EQ(refused(), before + 3);
        while (cyi_self->inbox->outbox[1].count != 0)
            cy_yield();
        cy_node_settle();
    }
    wait_for_end(there);
    return 0;
}

static void
the_outbox_takes_its_limit_and_not_one_more(void)
{
    struct hand hand;
    cy_node_options(&hand.options, 2);
    hand.options.outbox_max = OUTBOX_MAX;
    hand_open_with(&hand, outbox_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
answers_body(void *arg)
{
    uint32_t i = 0;
    (void) arg;
    seen.next = seen.wrong = 0;
    while (cyi_post_call(cyi_self, 1, see_call, &i, sizeof i) == 0)
        i++;
    for (int more = 0; more < 100; more++, i++)
        cyi_post_answer(cyi_self, 1, see_call, &i, sizeof i);
    CY_CHECK_EQ(i, 1024 + OUTBOX_MAX + 100);
    CY_CHECK_EQ(cyi_post_call(cyi_self, 1, see_call, &i, sizeof i), -EAGAIN);
    while (seen.next < i)
        cy_yield();
    CY_CHECK_EQ(seen.wrong, 0);
    return 0;
}

static void
answers_are_never_refused(void)
{
    struct hand hand;
    cy_node_options(&hand.options, 2);
    hand.options.outbox_max = OUTBOX_MAX;
    hand_open_with(&hand, answers_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* An answer finds no slot and no memory, again and again. */
static int
no_memory_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    (void) arg;
    for (int round = 0; round < 200; round++) {
        uint32_t i = 0;
        seen.next = seen.wrong = 0;
        while (cyi_self->inbox->outbox[1].count == 0)
            cyi_post_answer(core, 1, see_call, &i, sizeof i), i++;
        core->heap.fail_at = core->heap.taken;
        cyi_post_answer(core, 1, see_call, &i, sizeof i), i++;
        CY_CHECK_EQ(core->heap.fail_at, UINT64_MAX);
        while (seen.next < i)
            cy_yield();
        CY_CHECK_EQ(seen.wrong, 0);
    }
    return 0;
}

static void
an_answer_needs_no_memory_however_often(void)
{
    struct hand hand;
    hand_open(&hand, 2, no_memory_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Without memory for what is to wait in the outbox, the sender is told and keeps it. */
static int
no_outbox_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint32_t i = 0;
    (void) arg;
    cy_ref seer = spawn_seer();
    while (core->inbox->outbox[1].count == 0)
        CY_CHECK_EQ(cy_send_bytes(seer, 1, &i, sizeof i), 0), i++;
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_send_bytes(seer, 1, &i, sizeof i), -ENOMEM);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_terminate(seer), -ENOMEM);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, NULL, NULL, NULL), -ENOMEM);
    CY_CHECK_EQ(cy_send_bytes(seer, 1, &i, sizeof i), 0), i++;
    while (seen.next < i)
        cy_yield();
    CY_CHECK_EQ(seen.wrong, 0);
    wait_for_end(seer);
    return 0;
}

static void
without_memory_for_the_outbox_the_sender_is_told(void)
{
    struct hand hand;
    hand_open(&hand, 2, no_outbox_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Posts itself once more from within: that one has to wait for the next turn. */
static void
see_and_post(struct cyi_core *core, const void *args)
{
    uint32_t number = *(const uint32_t *) args;
    see(number);
    number += 2;
    if (number < 10)
        CY_CHECK_EQ(cyi_post_call(core, core->index, see_and_post, &number, sizeof number), 0);
}

static int
own_core_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    (void) arg;
    seen.next = seen.wrong = 0;
    for (uint32_t i = 0; i < 2; i++)
        CY_CHECK_EQ(cyi_post_call(core, core->index, see_and_post, &i, sizeof i), 0);
    CY_CHECK_EQ(seen.next, 0);
    CY_CHECK(cyi_inbox_pending(core));
    for (uint32_t turn = 1; turn <= 5; turn++) {
        next_turn();
        CY_CHECK_EQ(seen.next, 2 * turn);
    }
    CY_CHECK(!cyi_inbox_pending(core));
    CY_CHECK_EQ(seen.wrong, 0);
    return 0;
}

static void
calls_to_the_own_core_run_at_its_next_turn(void)
{
    struct hand hand;
    hand_open(&hand, 1, own_core_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { THREADS = 4 };

/* A thread that is no core, and what it posts. */
struct poster {
    struct cyi_core *to;
    cy_ref waiting; /* resumed when all have arrived */
    int64_t count, arrived, wrong;
    pthread_t thread;
};

struct posted {
    struct cyi_foreign record;
    struct poster *from;
    int64_t number;
};

static int posters_done; /* of the core */

static void
arrive(struct cyi_core *core, struct cyi_foreign *record)
{
    struct posted *posted = (struct posted *) (void *) record;
    struct poster *from = posted->from;
    CY_CHECK(core == from->to && core == cyi_self);
    from->wrong += posted->number != from->arrived++;
    posters_done += from->arrived == from->count;
    free(posted);
}

static void *
post_all(void *arg)
{
    struct poster *poster = arg;
    for (int64_t i = 0; i < poster->count; i++) {
        struct posted *posted = malloc(sizeof *posted);
        *posted = (struct posted){{NULL, arrive}, poster, i};
        cyi_post_foreign(poster->to, &posted->record);
    }
    return NULL;
}

static int
foreign_body(void *arg)
{
    struct poster *posters = arg;
    posters_done = 0;
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.to = cyi_self, .count = cy_test_scale(5000)};
        CY_CHECK_EQ(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    while (posters_done < THREADS)
        CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        CY_CHECK_EQ(posters[i].wrong, 0);
    }
    return 0;
}

static void
other_threads_may_post_and_keep_their_order(void)
{
    struct poster posters[THREADS];
    CU_ASSERT_EQUAL(cy_node_run(1, foreign_body, posters), 0);
}

/* Nobody but the foreign thread wakes this core. */
static void
resume_main(struct cyi_core *core, struct cyi_foreign *record)
{
    struct posted *posted = (struct posted *) (void *) record;
    (void) core;
    cy_ref main = posted->from->waiting;
    struct cyi_task *task = cyi_task_find(core, main.slot, main.generation);
    cyi_wake(core, task, 0);
}

static void *
post_one(void *arg)
{
    cyi_post_foreign(((struct posted *) arg)->from->to, &((struct posted *) arg)->record);
    return NULL;
}

static int
foreign_wakes_body(void *arg)
{
    (void) arg;
    for (long i = 0; i < cy_test_scale(200); i++) {
        struct poster poster = {.to = cyi_self, .waiting = cy_self()};
        struct posted posted = {{NULL, resume_main}, &poster, 0};
        CY_CHECK_EQ(pthread_create(&poster.thread, NULL, post_one, &posted), 0);
        CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
        pthread_join(poster.thread, NULL);
    }
    return 0;
}

static void
a_post_from_another_thread_wakes_a_sleeping_core(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, foreign_wakes_body, NULL), 0);
}

static int
nudge_body(void *arg)
{
    struct cyi_core *core = cyi_self, *to = core->node->cores[1];
    struct cyi_ready events[1];
    cy_ref seer = spawn_seer();
    (void) arg;
    for (int asymmetric = 0; asymmetric < 2; asymmetric++) {
        core->node->asymmetric = asymmetric && core->node->asymmetric;
        uint64_t before = core->counters.wakeups_sent;
        CY_CHECK_EQ(send_number(seer, 0), 0); /* nobody sleeps */
        CY_CHECK_EQ(core->counters.wakeups_sent, before);
        put_to_sleep(to);
        for (uint32_t i = 1; i < 5; i++)
            CY_CHECK_EQ(send_number(seer, i), 0);
        CY_CHECK_EQ(core->counters.wakeups_sent, before + 1);
        CY_CHECK_EQ(atomic_load(&to->inbox->sleeping), 0);
        /* This would hang if it had not been woken. */
        CY_CHECK_EQ(to->os->reactor->wait(to->reactor, events, 1, CY_FOREVER), 0);
        cy_node_settle();
        CY_CHECK_EQ(seen.wrong, 0);
        seen.next = 0;
    }
    wait_for_end(seer);
    return 0;
}

static void
only_the_first_post_to_a_sleeping_core_wakes_it(void)
{
    struct hand hand;
    hand_open(&hand, 2, nudge_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { BLOCKS = 1000 };

static int
send_blocks(void *arg)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        CY_CHECK_EQ(send_number(*(cy_ref *) arg, 3), 0);
    return 0;
}

/* Receive what core 1 allocated; it sleeps while we free it all. */
static void
take_and_free_blocks(void)
{
    struct cyi_core *core = cyi_self, *home = core->node->cores[1];
    cy_msg *taken[BLOCKS];
    cy_ref me = cy_self(), sender;
    CY_CHECK_EQ(cy_task_spawn_on(&sender, 1, send_blocks, &me, NULL), 0);
    for (int i = 0; i < BLOCKS; i++)
        CY_CHECK_EQ(cy_receive(&taken[i], CY_FOREVER), 0);
    put_to_sleep(home);
    for (int i = 0; i < BLOCKS; i++)
        cy_msg_free(&taken[i]);
}

static int
full_of_blocks_body(void *arg)
{
    struct cyi_core *core = cyi_self, *home = core->node->cores[1];
    cy_ref seer = spawn_seer();
    (void) arg;
    take_and_free_blocks();
    if (!CYI_ASAN) {
        CY_CHECK_EQ(atomic_load(&home->inbox->sleeping), 1); /* blocks are in no hurry */
        CY_CHECK(cyi_ring_next(core->inbox->out[1], 1) == NULL);
    }
    CY_CHECK_EQ(send_number(seer, 0), 0);
    CY_CHECK_EQ(atomic_load(&home->inbox->sleeping), 0);
    wait_for_end(seer);
    return 0;
}

static void
a_ring_full_of_blocks_going_home_hides_no_message(void)
{
    struct hand hand;
    hand_open(&hand, 2, full_of_blocks_body, NULL);
    hand.node->cores[0]->inbox->ring_size = CYI_RING_MIN;
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Sends and forgets; the other side frees: after a while no more memory is needed. */
static int
flow_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint64_t settled = 0;
    (void) arg;
    cy_ref sink;
    CY_CHECK_EQ(cy_handler_spawn_on(&sink, 1, ignore, NULL, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        CY_CHECK_EQ(send_number(sink, 3), 0);
        if (i % 100 == 99)
            next_turn();
        if (i == 10000)
            settled = core->heap.chunk_bytes;
    }
    CY_CHECK_EQ(core->heap.chunk_bytes, settled);
    wait_for_end(sink);
    return 0;
}

static void
blocks_come_home_and_are_used_again(void)
{
    struct hand hand;
    hand_open(&hand, 2, flow_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

CY_TEST_MAIN("runtime.post", CY_TEST(messages_keep_their_order_through_ring_and_outbox),
             CY_TEST(calls_answers_and_promised_messages_keep_one_order),
             CY_TEST(the_outbox_takes_its_limit_and_not_one_more),
             CY_TEST(answers_are_never_refused),
             CY_TEST(an_answer_needs_no_memory_however_often),
             CY_TEST(without_memory_for_the_outbox_the_sender_is_told),
             CY_TEST(calls_to_the_own_core_run_at_its_next_turn),
             CY_TEST(other_threads_may_post_and_keep_their_order),
             CY_TEST(a_post_from_another_thread_wakes_a_sleeping_core),
             CY_TEST(only_the_first_post_to_a_sleeping_core_wakes_it),
             CY_TEST(a_ring_full_of_blocks_going_home_hides_no_message),
             CY_TEST(blocks_come_home_and_are_used_again))
