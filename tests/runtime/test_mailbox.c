#include "cy_node.h"

#include <string.h>

/* What a receiver of numbered messages saw. */
struct seen {
    int count, out_of_order, last;
};

static int
send_numbers(cy_ref to, int n)
{
    int rc = 0;
    for (int i = 1; i <= n && rc == 0; i++) {
        while ((rc = cy_send_bytes(to, 1, &i, sizeof i)) == -EAGAIN)
            cy_yield();
    }
    return rc;
}

static int
count_numbers(void *arg)
{
    struct seen *seen = arg;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        int n = cy_msg_size(msg) == 0 ? 0 : *(int *) cy_msg_body(msg);
        cy_msg_free(&msg);
        if (n == 0)
            break;
        seen->out_of_order += n != seen->last + 1;
        seen->last = n;
        seen->count++;
    }
    return 0;
}

static void
numbers_to(uint16_t core, int n)
{
    struct seen seen = {0};
    cy_ref to;
    struct cy_task_options options = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&to, core, count_numbers, &seen, &options), 0);
    CY_CHECK_EQ(send_numbers(to, n), 0);
    CY_CHECK_EQ(cy_send_bytes(to, 1, NULL, 0), 0);
    CY_CHECK_EQ(cy_join(NULL, to, CY_FOREVER), 0);
    CY_CHECK_EQ(seen.count, n);
    CY_CHECK_EQ(seen.out_of_order, 0);
}

static int
order_body(void *arg)
{
    (void) arg;
    numbers_to(0, 1000);
    numbers_to(1, 1000);
    numbers_to(1, 100000); /* more than ring, outbox and mailbox hold at once */
    return 0;
}

static void
keeps_order_on_one_core_and_across(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, order_body, NULL), 0);
}

static int
big_body(void *arg)
{
    cy_msg *msg;
    (void) arg;
    static const size_t SIZES[] = {0, 1, 40, 41, 64, 65, 4096, 65536, 1 << 20};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        CY_CHECK_EQ(cy_msg_create(&msg, 7, SIZES[i]), 0);
        memset(cy_msg_body(msg), 0x5a, SIZES[i]);
        CY_CHECK_EQ(cy_send(cy_self(), &msg), 0);
        CY_CHECK(msg == NULL);
        CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
        CY_CHECK_EQ(cy_msg_size(msg), SIZES[i]);
        CY_CHECK(SIZES[i] == 0 || ((char *) cy_msg_body(msg))[SIZES[i] - 1] == 0x5a);
        CY_CHECK(cy_ref_equal(cy_msg_sender(msg), cy_self()));
        cy_msg_free(&msg);
    }
    return 0;
}

static void
carries_bodies_of_every_size(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, big_body, NULL), 0);
}

static int
echo(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_send(cy_msg_sender(msg), &msg) != 0)
            cy_msg_free(&msg);
    }
    return 0;
}

static int
echo_body(void *arg)
{
    cy_ref there;
    cy_msg *msg;
    char out[100];
    (void) arg;
    struct cy_task_options daemon = {.daemon = true};
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, echo, NULL, &daemon), 0);
    memset(out, 'x', sizeof out);
    for (size_t size = 0; size <= sizeof out; size++) {
        CY_CHECK_EQ(cy_send_bytes(there, 5, out, size), 0);
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_size(msg), size);
        CY_CHECK_EQ(cy_msg_tag(msg), 5);
        CY_CHECK(memcmp(cy_msg_body(msg), out, size) == 0);
        CY_CHECK(cy_ref_equal(cy_msg_sender(msg), there));
        cy_msg_free(&msg);
    }
    return 0;
}

static void
bytes_cross_cores_and_come_back(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, echo_body, NULL), 0);
}

static int
sleeper(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
limit_body(void *arg)
{
    (void) arg;
    cy_ref there;
    cy_msg *msg;
    struct cy_task_options four = {.mailbox_max = 4};
    CY_CHECK_EQ(cy_task_spawn(&there, sleeper, NULL, &four), 0);
    for (int i = 0; i < 4; i++)
        CY_CHECK_EQ(cy_send_bytes(there, 1, "a", 1), 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, "a", 1), -EAGAIN);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 8), 0);
    CY_CHECK_EQ(cy_send(there, &msg), -EAGAIN);
    CY_CHECK(msg != NULL); /* still ours */
    CY_CHECK_EQ(cy_deliver(there, &msg, CY_FOREVER), -EAGAIN);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_terminate(there), 0);
    return 0;
}

static void
a_full_mailbox_refuses_and_the_sender_keeps_the_message(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, limit_body, NULL), 0);
}

static int
dead_body(void *arg)
{
    (void) arg;
    cy_ref there;
    cy_msg *msg;
    CY_CHECK_EQ(cy_task_spawn(&there, echo, NULL, NULL), 0);
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), -ESRCH);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 8), 0);
    CY_CHECK_EQ(cy_send(there, &msg), -ESRCH);
    CY_CHECK_EQ(cy_send(CY_NOBODY, &msg), -ESRCH);
    cy_ref foreign = there;
    foreign.node++;
    CY_CHECK_EQ(cy_send(foreign, &msg), CY_ENOPEER);
    foreign = there;
    foreign.core = 99;
    CY_CHECK_EQ(cy_send(foreign, &msg), CY_ENOPEER);
    cy_msg_free(&msg);
    /* Its slot is used again: the old reference still names nobody. */
    cy_ref again;
    CY_CHECK_EQ(cy_task_spawn(&again, echo, NULL, NULL), 0);
    CY_CHECK_EQ(again.slot, there.slot);
    CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), -ESRCH);
    CY_CHECK_EQ(cy_terminate(again), 0);
    return 0;
}

static void
sending_to_a_dead_reference_is_an_error(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, dead_body, NULL), 0);
}

static int
selective_body(void *arg)
{
    (void) arg;
    cy_msg *msg;
    for (uint32_t tag = 1; tag <= 5; tag++)
        CY_CHECK_EQ(cy_send_bytes(cy_self(), tag, NULL, 0), 0);
    CY_CHECK_EQ(cy_mailbox_count(), 5);
    CY_CHECK_EQ(cy_receive_tag(&msg, 5, CY_NOW), 0); /* the last: the tail moves */
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_receive_tag(&msg, 3, CY_NOW), 0);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_receive_tag(&msg, 9, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_receive_tag(&msg, 9, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 6, NULL, 0), 0);
    static const uint32_t LEFT[] = {1, 2, 4, 6};
    for (int i = 0; i < 4; i++) {
        CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
        CY_CHECK_EQ(cy_msg_tag(msg), LEFT[i]);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), -ETIMEDOUT);
    return 0;
}

static void
selective_receive_leaves_the_others_in_place(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, selective_body, NULL), 0);
}

static int
later(void *arg)
{
    cy_ref *to = arg;
    cy_yield();
    int rc = cy_send_bytes(*to, 1, NULL, 0);
    cy_yield();
    return rc != 0 ? rc : cy_send_bytes(*to, 2, NULL, 0);
}

static int
wait_tag_body(void *arg)
{
    (void) arg;
    cy_msg *msg;
    cy_ref self = cy_self();
    CY_CHECK_EQ(cy_task_spawn(NULL, later, &self, NULL), 0);
    CY_CHECK_EQ(cy_receive_tag(&msg, 2, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), 2);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), 1);
    cy_msg_free(&msg);
    return 0;
}

static void
selective_receive_waits_for_its_message(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, wait_tag_body, NULL), 0);
}

static bool
has_tag_of(const cy_msg *msg, void *arg)
{
    return cy_msg_tag(msg) % *(uint32_t *) arg == 0;
}

static int
choosing_body(void *arg)
{
    cy_msg *msg = NULL;
    uint32_t three = 3, seven = 7;
    (void) arg;
    for (uint32_t tag = 1; tag <= 6; tag++)
        CY_CHECK_EQ(cy_send_bytes(cy_self(), tag, NULL, 0), 0);
    for (uint32_t tag = 3; tag <= 6; tag += 3) {
        CY_CHECK_EQ(cy_receive_if(&msg, has_tag_of, &three, CY_NOW), 0);
        CY_CHECK_EQ(cy_msg_tag(msg), tag);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(cy_receive_if(&msg, has_tag_of, &seven, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_receive_if(&msg, has_tag_of, &seven, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK(msg == NULL);
    CY_CHECK_EQ(cy_mailbox_count(), 4);
    return 0; /* with messages left */
}

static void
a_function_may_choose_the_message(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, choosing_body, NULL), 0);
}

/* In a task that was terminated: what waits, and what need not. */
static int
receive_at_the_end(void *arg)
{
    cy_msg *msg = NULL;
    uint32_t any = 1;
    (void) arg;
    CY_CHECK_EQ(cy_receive_tag(&msg, 9, CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_receive_tag(&msg, 1, CY_NOW), -ECANCELED);
    CY_CHECK_EQ(cy_receive_if(&msg, has_tag_of, &any, CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_receive_if(&msg, has_tag_of, &any, CY_NOW), -ECANCELED);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), -ECANCELED);
    CY_CHECK(msg == NULL);
    return 0;
}

static int
terminated_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref task;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&task, receive_at_the_end, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_send_bytes(task, 1, NULL, 0), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(cy_terminate(task), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    return 0;
}

static void
a_terminated_task_receives_nothing_by_any_call(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, terminated_body, NULL), 0);
}

static int
bad_input_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_send_bytes(cy_self(), CY_TAG_EXIT, NULL, 0), -EINVAL);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), CY_TAG_SYSTEM - 1, NULL, 0), 0);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, "", CY_MSG_MAX + 1), -EMSGSIZE);
    return 0;
}

static void
tags_of_the_system_and_oversize_are_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, bad_input_body, NULL), 0);
}

CY_TEST_MAIN("runtime.mailbox", CY_TEST(keeps_order_on_one_core_and_across),
             CY_TEST(carries_bodies_of_every_size), CY_TEST(bytes_cross_cores_and_come_back),
             CY_TEST(a_full_mailbox_refuses_and_the_sender_keeps_the_message),
             CY_TEST(sending_to_a_dead_reference_is_an_error),
             CY_TEST(selective_receive_leaves_the_others_in_place),
             CY_TEST(selective_receive_waits_for_its_message),
             CY_TEST(a_function_may_choose_the_message),
             CY_TEST(a_terminated_task_receives_nothing_by_any_call),
             CY_TEST(tags_of_the_system_and_oversize_are_refused))
