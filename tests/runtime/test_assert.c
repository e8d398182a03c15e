/* Callers' bugs end the program, with a message that names the bug and the task. */
#include "cy_node.h"
#include "sanitizer.h"
#include <cycos/sync.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct cy_test_child child;

static void
run_in_child(void *fn)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    _exit(cy_run(&options, (cy_task_fn *) fn, NULL));
}

/* The child with this main task ends by an assertion that says so. */
static bool
dies_saying(cy_task_fn *fn, const char *text)
{
    CY_OK(cy_test_run_child(&child, run_in_child, (void *) fn));
    return child.signal == SIGABRT && cy_test_died_saying(&child, text);
}

static int
fail(void *arg)
{
    int one = 1;
    (void) arg;
    CY_ASSERT(one == 2);
    return 0;
}

static int
fail_in_a_task_with_a_name(void *arg)
{
    cy_ref ref;
    struct cy_task_options options = {.name = "accountant"};
    (void) arg;
    if (cy_task_spawn(&ref, fail, NULL, &options) != 0)
        return 98;
    return cy_join(NULL, ref, CY_FOREVER);
}

static void
names_the_place_the_condition_and_the_task(void)
{
    CU_ASSERT_TRUE(dies_saying(fail_in_a_task_with_a_name, "test_assert.c:"));
    CU_ASSERT_TRUE(
        cy_test_died_saying(&child, "assertion failed: one == 2 (task accountant, core 0)"));
}

static void
fail_outside(void *arg)
{
    (void) fail(arg);
}

static void
works_outside_of_a_node(void)
{
    CY_OK(cy_test_run_child(&child, fail_outside, NULL));
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "one == 2 (task none, core -1)"));
}

static void
a_condition_that_holds_says_nothing(void)
{
    int evaluated = 0;
    CY_ASSERT(++evaluated == 1);
    CU_ASSERT_EQUAL(evaluated, 1);
}

static int
free_twice(void *arg)
{
    cy_msg *msg, *again;
    (void) arg;
    if (cy_msg_create(&msg, 1, 10) != 0)
        return 98;
    again = msg;
    cy_msg_free(&msg);
    cy_msg_free(&again);
    return 0;
}

static void
a_message_freed_twice(void)
{
    if (CYI_ASAN) { /* it finds the read of the freed message before we do */
        CY_OK(cy_test_run_child(&child, run_in_child, (void *) free_twice));
        CU_ASSERT_TRUE(cy_test_died_saying(&child, "use-after-free"));
        return;
    }
    CU_ASSERT_TRUE(dies_saying(free_twice, "message freed twice"));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "task main"));
}

static int
send_to_self(cy_msg **copy)
{
    cy_msg *msg;
    if (cy_msg_create(&msg, 1, 10) != 0)
        return 98;
    *copy = msg;
    return cy_send(cy_self(), &msg);
}

static int
send_twice(void *arg)
{
    cy_msg *again;
    (void) arg;
    int rc = send_to_self(&again);
    return rc != 0 ? rc : cy_send(cy_self(), &again);
}

static int
free_after_sending(void *arg)
{
    cy_msg *again;
    (void) arg;
    int rc = send_to_self(&again);
    cy_msg_free(&again);
    return rc;
}

static void
a_message_used_after_it_was_sent(void)
{
    CU_ASSERT_TRUE(dies_saying(send_twice, "assertion failed"));
    CU_ASSERT_TRUE(dies_saying(free_after_sending, "message freed after it was sent"));
}

static int
send_nothing(void *arg)
{
    cy_msg *none = NULL;
    (void) arg;
    return cy_send(cy_self(), &none);
}

static void
a_message_that_is_none(void)
{
    CU_ASSERT_TRUE(dies_saying(send_nothing, "*msg != NULL"));
}

static int
grow(void *arg)
{
    cy_msg *msg;
    (void) arg;
    if (cy_msg_create(&msg, 1, 10) != 0)
        return 98;
    cy_msg_truncate(msg, 11);
    return 0;
}

static void
a_message_made_longer_than_it_is(void)
{
    CU_ASSERT_TRUE(dies_saying(grow, "size <= msg->size"));
}

static int
leave_by_the_handlers_door(void *arg)
{
    (void) arg;
    cy_handler_exit(0);
    return 0;
}

static void
a_stackful_task_that_exits_like_a_handler(void)
{
    CU_ASSERT_TRUE(dies_saying(leave_by_the_handlers_door, "CYI_TASK_HANDLER"));
}

static int
release_what_nobody_holds(void *arg)
{
    struct cy_lock lock = {0};
    (void) arg;
    cy_lock_release(&lock);
    return 0;
}

static void
a_lock_released_by_who_does_not_hold_it(void)
{
    CU_ASSERT_TRUE(dies_saying(release_what_nobody_holds, "assertion failed"));
}

static void
ask_outside(void *arg)
{
    (void) arg;
    (void) cy_self();
}

static void
a_call_outside_of_a_task(void)
{
    CY_OK(cy_test_run_child(&child, ask_outside, NULL));
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "core != NULL"));
}

CY_TEST_MAIN("runtime.assert", CY_TEST(names_the_place_the_condition_and_the_task),
             CY_TEST(works_outside_of_a_node), CY_TEST(a_condition_that_holds_says_nothing),
             CY_TEST(a_message_freed_twice), CY_TEST(a_message_used_after_it_was_sent),
             CY_TEST(a_message_that_is_none), CY_TEST(a_message_made_longer_than_it_is),
             CY_TEST(a_stackful_task_that_exits_like_a_handler),
             CY_TEST(a_lock_released_by_who_does_not_hold_it),
             CY_TEST(a_call_outside_of_a_task))
