/* test_task.c - clean-ups, handlers, names: what a task is and how it ends. */
#include "cy_node.h"
#include <cycos/impl/core.h>

#include <stdint.h>
#include <string.h>

static int order[8], order_count;

static void
note(void *arg)
{
    order[order_count++] = (int) (intptr_t) arg;
}

static void
note_suspending(void *arg)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_sleep(CY_SECOND), -ECANCELED);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), -ECANCELED);
    note(arg);
}

static int
with_defers(void *arg)
{
    CY_CHECK_EQ(cy_defer(note, (void *) 1), 0);
    CY_CHECK_EQ(cy_defer(note_suspending, (void *) 2), 0);
    CY_CHECK_EQ(cy_defer(note, (void *) 3), 0);
    return arg != NULL ? cy_suspend(CY_FOREVER) : 0;
}

static int
defer_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref there;
    (void) arg;
    for (int endless = 0; endless < 2; endless++) {
        order_count = 0;
        CY_CHECK_EQ(cy_task_spawn(&there, with_defers, endless ? &order : NULL, &joinable), 0);
        cy_yield();
        if (endless)
            CY_CHECK_EQ(cy_terminate(there), 0);
        CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        CY_CHECK_EQ(order_count, 3);
        CY_CHECK(order[0] == 3 && order[1] == 2 && order[2] == 1);
    }
    return 0;
}

static void
deferred_clean_ups_run_last_first_however_it_ends(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, defer_body, NULL), 0);
}

struct tally {
    int calls, sum;
};

static void
add_up(void *state, cy_msg **msg)
{
    struct tally *tally = state;
    tally->calls++;
    tally->sum += *(int *) cy_msg_body(*msg);
    if (tally->sum >= 1000)
        cy_handler_exit(5);
}

static void
slow_add(void *state, cy_msg **msg)
{
    CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0); /* keeps the lent stack meanwhile */
    add_up(state, msg);
}

static int
handler_body(void *arg)
{
    static cy_handler_fn *const FNS[] = {add_up, slow_add};
    (void) arg;
    for (uint16_t core = 0; core < 2; core++) {
        for (int f = 0; f < 2; f++) {
            struct tally tally = {0};
            struct cy_task_options monitor = {.monitor = true};
            cy_ref there;
            cy_msg *msg;
            CY_CHECK_EQ(cy_handler_spawn_on(&there, core, FNS[f], &tally, &monitor), 0);
            for (int i = 0; i < 100; i++)
                CY_CHECK_EQ(cy_send_bytes(there, 1, &(int){10}, sizeof(int)), 0);
            CY_CHECK_EQ(cy_receive_tag(&msg, CY_TAG_EXIT, CY_FOREVER), 0);
            struct cy_exit exit;
            CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
            CY_CHECK_EQ(exit.code, 5);
            CY_CHECK_EQ(tally.calls, 100);
            CY_CHECK_EQ(tally.sum, 1000);
            cy_msg_free(&msg);
        }
    }
    return 0;
}

static void
a_handler_is_called_once_per_message_and_may_suspend(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, handler_body, NULL), 0);
}

static int
handler_end_body(void *arg)
{
    struct tally tally = {0};
    cy_ref there;
    (void) arg;
    CY_CHECK_EQ(cy_handler_spawn(&there, add_up, &tally, NULL), 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, &(int){1}, sizeof(int)), 0);
    CY_CHECK_EQ(cy_terminate(there), 0);
    int rc = cy_join(NULL, there, CY_FOREVER);
    CY_CHECK(rc == 0 || rc == -ESRCH);
    CY_CHECK_EQ(tally.calls, 0); /* terminated before its next message */
    CY_CHECK(!cy_task_alive(there));
    return 0;
}

static void
a_terminated_handler_takes_no_more_messages(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, handler_end_body, NULL), 0);
}

static int
identity(void *arg)
{
    *(cy_ref *) arg = cy_self();
    CY_CHECK(strcmp(cy_task_name(), "identity") == 0);
    return 0;
}

static int
identity_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref told, there;
    (void) arg;
    CY_CHECK(strcmp(cy_task_name(), "main") == 0);
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, identity, &told, &joinable), 0);
        CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        CY_CHECK(cy_ref_equal(there, told));
        CY_CHECK_EQ(there.core, core);
    }
    CY_CHECK(cy_task_alive(cy_self()));
    return 0;
}

static void
a_task_knows_its_name_and_reference(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, identity_body, NULL), 0);
}

static int
scarce(void *arg)
{
    struct cyi_heap *heap = &cyi_self->heap;
    cy_msg *value = NULL, *kept;
    (void) arg;
    CY_CHECK_EQ(cy_msg_copy(&value, 1, "value", 5), 0);
    kept = value;
    order_count = 0;
    heap->fail_at = heap->taken; /* the first makes a record beside that of the task */
    CY_CHECK_EQ(cy_exit_value(&value), -ENOMEM);
    for (uint64_t later = 0; later < 2; later++) {
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_defer(note, NULL), -ENOMEM);
    }
    CY_CHECK(value == kept);
    cy_msg_free(&value);
    CY_CHECK_EQ(cy_msg_create(&value, 1, 1000), 0);
    heap->fail_at = heap->taken; /* a value is for many */
    CY_CHECK_EQ(cy_exit_value(&value), -ENOMEM);
    CY_CHECK(value != NULL);
    heap->fail_at = UINT64_MAX;
    CY_CHECK_EQ(cy_exit_value(&value), 0);
    CY_CHECK(value == NULL);
    return 0;
}

static void
without_memory_nothing_is_deferred_or_left(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, scarce, NULL), 0);
    CU_ASSERT_EQUAL(order_count, 0);
}

static int
exit_as_a_handler(void *arg)
{
    (void) arg;
    cy_handler_exit(0);
    return 0;
}

static void
run_child(void *arg)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    (void) !cy_run(&options, exit_as_a_handler, arg);
}

static void
a_stackful_task_does_not_end_as_a_handler(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, run_child, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "CYI_TASK_HANDLER"));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "task main"));
}

CY_TEST_MAIN("runtime.task", CY_TEST(a_stackful_task_does_not_end_as_a_handler),
             CY_TEST(deferred_clean_ups_run_last_first_however_it_ends),
             CY_TEST(a_handler_is_called_once_per_message_and_may_suspend),
             CY_TEST(a_terminated_handler_takes_no_more_messages),
             CY_TEST(without_memory_nothing_is_deferred_or_left),
             CY_TEST(a_task_knows_its_name_and_reference))
