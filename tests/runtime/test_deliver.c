#include "cy_node.h"

static int
hold(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
deliver_to(uint16_t core)
{
    cy_ref there;
    cy_msg *msg;
    struct cy_task_options two = {.mailbox_max = 2, .joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&there, core, hold, NULL, &two), 0);
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_msg_create(&msg, 1, 100), 0);
        CY_CHECK_EQ(cy_deliver(there, &msg, CY_FOREVER), 1);
        CY_CHECK(msg == NULL);
    }
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 100), 0);
    CY_CHECK_EQ(cy_deliver(there, &msg, CY_FOREVER), -EAGAIN);
    CY_CHECK(msg != NULL);
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_deliver(there, &msg, CY_FOREVER), -ESRCH);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    return 0;
}

static int
deliver_body(void *arg)
{
    (void) arg;
    return deliver_to(0) + deliver_to(1);
}

static void
deliver_says_whether_it_is_queued(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, deliver_body, NULL), 0);
}

/* Answers each request with its own body, tag plus 1; drops those of tag 9. */
static int
answer(void *arg)
{
    cy_msg *request, *reply;
    (void) arg;
    while (cy_receive(&request, CY_FOREVER) == 0) {
        uint32_t tag = cy_msg_tag(request);
        if (tag != 9 &&
            cy_msg_copy(&reply, tag + 1, cy_msg_body(request), cy_msg_size(request)) == 0 &&
            cy_reply(request, &reply) != 0)
            cy_msg_free(&reply);
        cy_msg_free(&request);
    }
    return 0;
}

static int
call_on(uint16_t core)
{
    cy_ref there;
    cy_msg *msg, *reply = NULL;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&there, core, answer, NULL, &joinable), 0);
    for (uint32_t i = 0; i < 50; i++) {
        CY_CHECK_EQ(cy_msg_copy(&msg, 20, &i, sizeof i), 0);
        CY_CHECK_EQ(cy_call(&reply, there, &msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_tag(reply), 21);
        CY_CHECK_EQ(*(uint32_t *) cy_msg_body(reply), i);
        CY_CHECK(cy_ref_equal(cy_msg_sender(reply), there));
        cy_msg_free(&reply);
    }
    CY_CHECK_EQ(cy_msg_create(&msg, 9, 0), 0);
    CY_CHECK_EQ(cy_call(&reply, there, &msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    /* To a request that was only sent, the answer is an ordinary message. */
    CY_CHECK_EQ(cy_send_bytes(there, 30, "x", 1), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), 31);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_create(&msg, 20, 0), 0);
    CY_CHECK_EQ(cy_call(&reply, there, &msg, CY_FOREVER), -ESRCH);
    if (msg != NULL)
        cy_msg_free(&msg);
    return 0;
}

static int
call_body(void *arg)
{
    (void) arg;
    return call_on(0) + call_on(1);
}

static void
call_gets_the_reply_to_this_request(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, call_body, NULL), 0);
}

/* Ends with requests unanswered in its mailbox. */
static int
leave(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
ask(void *arg)
{
    cy_msg *msg, *reply;
    int rc = cy_msg_create(&msg, 1, 0);
    CY_CHECK_EQ(rc, 0);
    rc = cy_call(&reply, *(cy_ref *) arg, &msg, CY_FOREVER);
    CY_CHECK_EQ(rc, -ESRCH);
    return 0;
}

static int
unanswered_body(void *arg)
{
    (void) arg;
    cy_ref there, asking;
    struct cy_task_options joinable = {.joinable = true};
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, leave, NULL, NULL), 0);
        CY_CHECK_EQ(cy_task_spawn(&asking, ask, &there, &joinable), 0);
        cy_node_settle();
        CY_CHECK_EQ(cy_terminate(there), 0);
        CY_CHECK_EQ(cy_join(NULL, asking, CY_FOREVER), 0);
    }
    return 0;
}

static void
a_caller_hears_when_the_callee_ends(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, unanswered_body, NULL), 0);
}

/* Waits for an answer that never comes, until it is terminated. */
static int
ask_in_vain(void *arg)
{
    cy_msg *msg, *reply;
    cy_ref to = *(cy_ref *) arg;
    if (cy_msg_create(&msg, 9, 0) != 0)
        return 1;
    int rc = cy_call(&reply, to, &msg, CY_FOREVER);
    CY_CHECK_EQ(rc, -ECANCELED);
    CY_CHECK_EQ(cy_msg_create(&msg, 9, 0), 0);
    CY_CHECK_EQ(cy_call(&reply, to, &msg, CY_FOREVER), -ECANCELED);
    CY_CHECK(msg != NULL);
    CY_CHECK_EQ(cy_deliver(to, &msg, CY_FOREVER), -ECANCELED);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    return 0;
}

static int
cancel_body(void *arg)
{
    (void) arg;
    cy_ref there, asking;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, answer, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(&asking, ask_in_vain, &there, &joinable), 0);
    cy_node_settle();
    CY_CHECK_EQ(cy_terminate(asking), 0);
    CY_CHECK_EQ(cy_join(NULL, asking, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_terminate(there), 0);
    return 0;
}

static void
a_terminated_caller_stops_waiting(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, cancel_body, NULL), 0);
}

CY_TEST_MAIN("runtime.deliver", CY_TEST(deliver_says_whether_it_is_queued),
             CY_TEST(call_gets_the_reply_to_this_request),
             CY_TEST(a_caller_hears_when_the_callee_ends),
             CY_TEST(a_terminated_caller_stops_waiting))
