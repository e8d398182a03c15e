/* test_router.c - messages, requests, answers and commands between tasks of two nodes. */
#include "pair.h"
#include "task.h"

#include <string.h>

static void
expect(uint32_t tag, const void *body, size_t size, cy_ref sender)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), tag);
    CY_CHECK_EQ(cy_msg_size(msg), size);
    CY_CHECK(size == 0 || memcmp(cy_msg_body(msg), body, size) == 0);
    CY_CHECK(cy_ref_equal(cy_msg_sender(msg), sender));
    cy_msg_free(&msg);
}

static int
send_body(void *arg)
{
    static char big[100000];
    size_t sizes[] = {0, 1, 40, 41, 64, 65, sizeof big};
    cy_msg *msg, *twin;
    (void) arg;
    pair_settle();
    memset(big, 'x', sizeof big);
    for (uint32_t i = 0; i < 7; i++) {
        CY_CHECK_EQ(cy_send_bytes(pair_there[0], 10 * i, big, sizes[i]), 0);
        CY_CHECK_EQ(cy_msg_copy(&msg, 10 * i + 5, big, sizes[i]), 0);
        CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
        CY_CHECK_EQ(cy_send(pair_there[0], &msg), 0);
        CY_CHECK(msg == NULL);
        cy_msg_free(&twin);
    }
    CY_CHECK_EQ(pair.sends, 14);
    for (uint32_t i = 0; i < 7; i++) {
        expect(10 * i + 1, big, sizes[i], pair_there[0]);
        expect(10 * i + 6, big, sizes[i], pair_there[0]);
    }
    CY_CHECK_EQ(cyi_self->counters.sent_across >= 14, true);
    return 0;
}

static void
messages_of_any_size_arrive_in_order(void)
{
    pair_test(send_body);
}

static int
refused_body(void *arg)
{
    int codes[] = {-EAGAIN, -ESRCH, CY_ENOPEER, -ENOMEM};
    cy_ref odd = pair_there[0];
    (void) arg;
    pair_settle();
    cy_msg *msg = pair_made(1, "text"), *reply = NULL;
    for (int i = 0; i < 4; i++) {
        pair.refuse = codes[i];
        CY_CHECK_EQ(cy_send(pair_there[0], &msg), codes[i]);
        CY_CHECK_EQ(cy_send_bytes(pair_there[0], 1, "text", 4), codes[i]);
        CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), codes[i]);
        CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), codes[i]);
        CY_CHECK_EQ(cy_terminate(pair_there[0]), codes[i]);
        CY_CHECK_EQ(cy_resume(pair_there[0]), codes[i]);
        CY_CHECK(msg != NULL && reply == NULL);
    }
    pair.refuse = 0;
    odd = pair_ref(0, 0, 1); /* of no kind */
    CY_CHECK_EQ(cy_send(odd, &msg), -ESRCH);
    CY_CHECK_EQ(cy_send_bytes(odd, 1, NULL, 0), -ESRCH);
    CY_CHECK_EQ(cy_terminate(odd), -ESRCH);
    CY_CHECK_EQ(cy_send(CY_NOBODY, &msg), -ESRCH);
    CY_CHECK_EQ(cy_send_bytes(pair_there[0], CY_TAG_SYSTEM, NULL, 0), -EINVAL);
    CY_CHECK_EQ(cy_send_bytes(pair_there[0], 1, msg, CY_MSG_MAX + 1), -EMSGSIZE);
    odd = pair_there[0];
    odd.node = ~odd.node ^ cy_self().node; /* a node that nobody knows */
    CY_CHECK_EQ(cy_send(odd, &msg), CY_ENOPEER);
    cy_msg_free(&msg);
    CY_CHECK_EQ(pair.sends, 0);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
what_the_network_refuses_stays_with_the_sender(void)
{
    pair_test(refused_body);
}

static int
lonely_body(void *arg)
{
    cy_ref self = cy_self(), elsewhere = self;
    cy_msg *msg = pair_made(1, "text"), *reply = NULL;
    (void) arg;
    elsewhere.node ^= 1;
    CY_CHECK_EQ(cy_send(elsewhere, &msg), CY_ENOPEER);
    CY_CHECK_EQ(cy_send_bytes(elsewhere, 1, NULL, 0), CY_ENOPEER);
    CY_CHECK_EQ(cy_deliver(elsewhere, &msg, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_call(&reply, elsewhere, &msg, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_terminate(elsewhere), CY_ENOPEER);
    CY_CHECK_EQ(cy_resume(elsewhere), CY_ENOPEER);
    CY_CHECK_EQ(cy_monitor(elsewhere), CY_ENOPEER);
    CY_CHECK_EQ(cy_notify(elsewhere), CY_ENOPEER);
    CY_CHECK_EQ(cy_join(NULL, elsewhere, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(!cy_task_alive(elsewhere));
    cy_msg_free(&msg);
    return 0;
}

static void
without_a_network_there_are_no_other_nodes(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, lonely_body, NULL), 0);
}

static int
exit_message_body(void *arg)
{
    cy_ref child;
    cy_msg *exit, *request = NULL;
    struct cy_task_options watched = {.monitor = true};
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_task_spawn(&child, pair_hold, NULL, &watched), 0);
    CY_CHECK_EQ(cy_terminate(child), 0);
    CY_CHECK_EQ(cy_receive_tag(&exit, CY_TAG_EXIT, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_send(pair_there[0], &exit), -EINVAL);
    CY_CHECK_EQ(cy_deliver(pair_there[0], &exit, CY_FOREVER), -EINVAL);
    CY_CHECK_EQ(cy_call(&request, pair_there[0], &exit, CY_FOREVER), -EINVAL);
    /* Not as a reply either. */
    struct cyi_core *core = cyi_self;
    request = pair_made(1, "asks");
    request->sender = pair_there[0];
    request->flags |= CYI_MSG_CALL;
    CY_CHECK_EQ(cy_reply(request, &exit), -EINVAL);
    cyi_msg_drop(core, request);
    cy_msg_free(&exit);
    return 0;
}

static void
what_the_system_has_said_stays_on_its_node(void)
{
    pair_test(exit_message_body);
}

static int
deliver_body(void *arg)
{
    (void) arg;
    pair_settle();
    cy_msg *msg = pair_made(9, "text");
    CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), 1);
    CY_CHECK(msg == NULL);
    for (int i = 0; i < 2; i++) {
        msg = pair_made(9, "text");
        CY_CHECK_EQ(cy_deliver(pair_there[1], &msg, CY_FOREVER), 1);
    }
    msg = pair_made(9, "text");
    CY_CHECK_EQ(cy_deliver(pair_there[1], &msg, CY_FOREVER), -EAGAIN);
    CY_CHECK(msg != NULL && memcmp(cy_msg_body(msg), "text", 4) == 0);
    CY_CHECK_EQ(pair.congested, 0); /* it was told already */
    CY_CHECK_EQ(cy_terminate(pair_there[1]), 0);
    pair_settle();
    CY_CHECK_EQ(cy_deliver(pair_there[1], &msg, CY_FOREVER), -ESRCH);
    CY_CHECK(msg != NULL);
    pair.held = true;
    CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, cy_after(CY_MILLISECOND)), 0);
    CY_CHECK(msg == NULL);
    msg = pair_made(9, "text");
    CY_CHECK_EQ(cy_deliver(pair_there[1], &msg, cy_after(CY_MILLISECOND)), 0);
    pair.held = false; /* both answers are late: one of them brings its message */
    pair_settle();
    CY_CHECK_EQ(pair.queued, 0);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
deliver_says_what_became_of_a_message_there(void)
{
    pair_test(deliver_body);
}

static int
call_body(void *arg)
{
    cy_msg *reply = NULL;
    (void) arg;
    pair_settle();
    for (uint32_t i = 0; i < 50; i++) {
        cy_msg *msg = NULL;
        CY_CHECK_EQ(cy_msg_copy(&msg, 20, &i, sizeof i), 0);
        CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_tag(reply), 21);
        CY_CHECK_EQ(*(uint32_t *) cy_msg_body(reply), i);
        CY_CHECK(cy_ref_equal(cy_msg_sender(reply), pair_there[0]));
        cy_msg_free(&reply);
    }
    cy_msg *msg = pair_made(9, "unanswered");
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK(msg == NULL && reply == NULL);
    pair.held = true;
    msg = pair_made(20, "late");
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    pair.held = false;
    pair_settle();
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    /* Found, but never answered: its end is the answer. */
    msg = pair_made(20, "in the mailbox of one that ends");
    CY_CHECK_EQ(cy_send_bytes(pair_there[0], 9, NULL, 0), 0);
    CY_CHECK_EQ(cy_terminate(pair_there[1]), 0);
    CY_CHECK_EQ(cy_call(&reply, pair_there[1], &msg, CY_FOREVER), -ESRCH);
    msg = pair_made(20, "gone");
    CY_CHECK_EQ(cy_call(&reply, pair_there[1], &msg, CY_FOREVER), -ESRCH);
    CY_CHECK(reply == NULL);
    return 0;
}

static void
call_brings_the_reply_of_another_node(void)
{
    pair_test(call_body);
}

static int
end_what_waits(void *arg)
{
    pair_settle();
    CY_CHECK_EQ(cy_terminate(*(cy_ref *) arg), 0);
    return 0;
}

static int
dying_body(void *arg)
{
    cy_msg *reply = NULL, *msg = pair_made(20, "waits in its mailbox");
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_task_spawn(NULL, end_what_waits, &pair_there[1], NULL), 0);
    CY_CHECK_EQ(cy_call(&reply, pair_there[1], &msg, CY_FOREVER), -ESRCH);
    cy_ref self = cy_self();
    CY_CHECK_EQ(cy_task_spawn(NULL, end_what_waits, &self, NULL), 0);
    msg = pair_made(9, "asks for nothing");
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), -ECANCELED);
    msg = pair_made(9, "too late");
    CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), -ECANCELED);
    cy_msg_free(&msg);
    return 0;
}

static void
the_end_of_either_side_ends_a_call(void)
{
    pair_test(dying_body);
}

static int
cut_soon(void *arg)
{
    (void) arg;
    pair_cut();
    return 0;
}

static int
cut_body(void *arg)
{
    cy_msg *reply = NULL, *msg = pair_made(9, "text");
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_task_spawn(NULL, cut_soon, NULL, NULL), 0);
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(msg == NULL && reply == NULL);
    msg = pair_made(9, "text");
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(msg != NULL);
    pair_mend();
    CY_CHECK_EQ(cy_task_spawn(NULL, cut_soon, NULL, NULL), 0);
    CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(msg != NULL); /* surely not delivered */
    cy_msg_free(&msg);
    return 0;
}

static void
who_waits_for_a_lost_node_is_told(void)
{
    pair_test(cut_body);
}

/* Replies to its first request when it is resumed, by which time the other node is lost. */
static int
reply_too_late(void *arg)
{
    cy_msg *request, *reply;
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[0], 0, pair_hold, NULL, NULL), 0);
    pair_there[1] = cy_self();
    CY_CHECK_EQ(cy_receive(&request, CY_FOREVER), 0);
    pair_cut();
    reply = pair_made(2, "text");
    CY_CHECK_EQ(cy_reply(request, &reply), CY_ENOPEER);
    CY_CHECK(reply != NULL);
    cy_msg_free(&reply);
    cy_msg_free(&request);
    *(int *) arg += 1;
    return 0;
}

static int
ask_body(void *arg)
{
    cy_msg *reply, *msg = pair_made(1, "text");
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_call(&reply, pair_there[1], &msg, CY_FOREVER), CY_ENOPEER);
    return 0;
}

static void
a_reply_to_a_lost_node_stays_with_the_caller(void)
{
    int replied = 0;
    pair_open(ask_body, NULL, reply_too_late, &replied);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
    CU_ASSERT_EQUAL(replied, 1);
}

static int
command_body(void *arg)
{
    struct cyi_core *other = pair.hand[1].node->cores[1];
    (void) arg;
    pair_settle();
    struct cyi_task *task = cyi_task_find(other, pair_there[1].slot, pair_there[1].generation);
    CY_CHECK(task != NULL && task->wait == CYI_WAIT_RESUME);
    uint64_t switches = other->counters.switches;
    CY_CHECK_EQ(cy_resume(pair_there[1]), 0);
    pair_settle();
    CY_CHECK(other->counters.switches > switches);
    CY_CHECK(cyi_task_find(other, pair_there[1].slot, pair_there[1].generation) == task);
    CY_CHECK_EQ(cy_terminate(pair_there[1]), 0);
    pair_settle();
    CY_CHECK(cyi_task_find(other, pair_there[1].slot, pair_there[1].generation) == NULL);
    /* Nobody is there any more: nothing happens. */
    CY_CHECK_EQ(cy_resume(pair_there[1]), 0);
    CY_CHECK_EQ(cy_terminate(pair_there[1]), 0);
    pair_settle();
    CY_CHECK_EQ(pair.commands, 4);
    return 0;
}

static void
tasks_of_other_nodes_are_resumed_and_terminated(void)
{
    pair_test(command_body);
}

/* Asked on core 1, answered from core 0. */
static int
answer_from_afar(void *arg)
{
    cy_msg *msg;
    struct cyi_return to;
    (void) arg;
    pair_there[0] = cy_self();
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK(cyi_return_of(cyi_self, &to, msg));
    CY_CHECK_EQ(to.core, 0);
    CY_CHECK(to.link != 0);
    to.core = 1; /* as if its link were there */
    cyi_answer(cyi_self, to, 0, 0, pair_made(77, "from afar"));
    cy_msg_free(&msg);
    return pair_hold(NULL);
}

static int
ask_afar_body(void *arg)
{
    cy_msg *reply = NULL, *msg = pair_made(1, "text");
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_tag(reply), 77);
    cy_msg_free(&reply);
    return 0;
}

static void
an_answer_leaves_by_the_core_of_its_link(void)
{
    pair_open(ask_afar_body, NULL, answer_from_afar, NULL);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
}

/* Requests and messages are under way in every direction when both nodes end. */
static int
ask_forever(void *arg)
{
    cy_msg *reply, *msg = pair_made(9, "text");
    (void) arg;
    if (cy_call(&reply, pair_there[1], &msg, CY_FOREVER) == 0)
        cy_msg_free(&reply);
    cy_msg_free(&msg); /* the later ones find it full */
    return 0;
}

static int
abrupt_body(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    pair_settle();
    for (int i = 0; i < 5; i++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, (uint16_t) (i % 2), ask_forever, NULL, &daemon), 0);
    pair_settle();
    pair.held = true;
    CY_CHECK_EQ(cy_send_bytes(pair_there[0], 1, NULL, 0), 0);
    return 0;
}

static void
what_is_under_way_at_the_end_does_not_leak(void)
{
    pair_test(abrupt_body);
}

CY_TEST_MAIN("runtime.router", CY_TEST(messages_of_any_size_arrive_in_order),
             CY_TEST(what_the_network_refuses_stays_with_the_sender),
             CY_TEST(without_a_network_there_are_no_other_nodes),
             CY_TEST(what_the_system_has_said_stays_on_its_node),
             CY_TEST(deliver_says_what_became_of_a_message_there),
             CY_TEST(call_brings_the_reply_of_another_node),
             CY_TEST(the_end_of_either_side_ends_a_call),
             CY_TEST(who_waits_for_a_lost_node_is_told),
             CY_TEST(a_reply_to_a_lost_node_stays_with_the_caller),
             CY_TEST(tasks_of_other_nodes_are_resumed_and_terminated),
             CY_TEST(an_answer_leaves_by_the_core_of_its_link),
             CY_TEST(what_is_under_way_at_the_end_does_not_leak))
