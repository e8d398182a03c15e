/* test_wait.c - yielding, sleeping, suspending, and being terminated while at it. */
#include "cy_node.h"

static int steps[16], step_count;

static int
take_turns(void *arg)
{
    for (int i = 0; i < 3; i++) {
        steps[step_count++] = (int) (intptr_t) arg;
        CY_CHECK_EQ(cy_yield(), 0);
    }
    return 0;
}

static int
yield_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref a, b;
    (void) arg;
    step_count = 0;
    CY_CHECK_EQ(cy_task_spawn(&a, take_turns, (void *) 1, &joinable), 0);
    CY_CHECK_EQ(cy_task_spawn(&b, take_turns, (void *) 2, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, a, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_join(NULL, b, CY_FOREVER), 0);
    for (int i = 0; i < 6; i++)
        CY_CHECK_EQ(steps[i], 1 + i % 2);
    return 0;
}

static void
tasks_that_yield_take_turns(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, yield_body, NULL), 0);
}

static int
sleep_body(void *arg)
{
    (void) arg;
    static const cy_time TIMES[] = {0, 1, CY_MICROSECOND, CY_MILLISECOND, 20 * CY_MILLISECOND};
    for (int i = 0; i < 5; i++) {
        cy_time before = cy_now();
        CY_CHECK_EQ(cy_sleep(TIMES[i]), 0);
        CY_CHECK(cy_now() - before >= TIMES[i]);
    }
    CY_CHECK_EQ(cy_sleep(-5), 0);
    return 0;
}

static void
a_sleep_is_never_short(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, sleep_body, NULL), 0);
}

static int
suspended(void *arg)
{
    int *count = arg;
    while (cy_suspend(CY_FOREVER) == 0)
        ++*count;
    return 0;
}

static void
resume_on(uint16_t core)
{
    struct cy_task_options joinable = {.joinable = true};
    int count = 0;
    cy_ref there;
    CY_CHECK_EQ(cy_task_spawn_on(&there, core, suspended, &count, &joinable), 0);
    for (int i = 0; i < 5; i++) {
        CY_CHECK_EQ(cy_resume(there), 0);
        cy_node_settle();
    }
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(count, 5);
    CY_CHECK_EQ(cy_resume(there), core == 0 ? -ESRCH : 0);
    CY_CHECK_EQ(cy_terminate(there), core == 0 ? -ESRCH : 0);
}

static int
resume_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_resume(cy_self()), 0); /* remembered, once */
    CY_CHECK_EQ(cy_resume(cy_self()), 0);
    CY_CHECK_EQ(cy_suspend(CY_NOW), 0);
    CY_CHECK_EQ(cy_suspend(CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_suspend(cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    resume_on(0);
    resume_on(1);
    CY_CHECK_EQ(cy_resume(CY_NOBODY), -ESRCH);
    cy_ref foreign = cy_self();
    foreign.node++;
    CY_CHECK_EQ(cy_resume(foreign), CY_ENOPEER);
    CY_CHECK_EQ(cy_terminate(foreign), CY_ENOPEER);
    foreign = cy_self();
    foreign.core = cy_core_count(); /* from a message that somebody made up */
    CY_CHECK_EQ(cy_resume(foreign), CY_ENOPEER);
    CY_CHECK_EQ(cy_terminate(foreign), CY_ENOPEER);
    return 0;
}

static void
a_resume_is_not_lost_here_or_across(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, resume_body, NULL), 0);
}

static int
cancelled(void *arg)
{
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), -ECANCELED);
    CY_CHECK_EQ(cy_yield(), -ECANCELED);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), -ECANCELED);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_wait_stopping(CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_join(NULL, cy_self(), CY_FOREVER), -EDEADLK);
    return 0;
}

static int
cancel_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_msg *exit;
    cy_ref there;
    (void) arg;
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, cancelled, NULL, &joinable), 0);
        cy_node_settle();
        CY_CHECK_EQ(cy_terminate(there), 0);
        CY_CHECK_EQ(cy_join(&exit, there, CY_FOREVER), 0);
        struct cy_exit read;
        CY_CHECK_EQ(cy_exit_read(&read, exit), 0);
        CY_CHECK_EQ(read.reason, CY_EXIT_TERMINATED);
        cy_msg_free(&exit);
    }
    CY_CHECK_EQ(cy_terminate(cy_self()), 0); /* oneself: from now on nothing waits */
    CY_CHECK_EQ(cy_yield(), -ECANCELED);
    return 0;
}

static void
a_terminated_task_waits_for_nothing_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, cancel_body, NULL), 0);
}

static void
clean_up(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_resume(cy_self()), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0); /* remembered: no wait */
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_yield(), -ECANCELED);
    CY_CHECK_EQ(cy_sleep(0), -ECANCELED);
}

static int
end_by_itself(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_defer(clean_up, NULL), 0);
    return 0;
}

static int
resumed_for_ever(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_resume(cy_self()), 0);
    CY_CHECK_EQ(cy_terminate(cy_self()), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_resume(cy_self()), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return 0;
}

static int
no_way_round_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref there;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&there, resumed_for_ever, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_task_spawn(&there, end_by_itself, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    return 0;
}

static void
neither_resume_nor_clean_up_hides_the_end(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, no_way_round_body, NULL), 0);
}

CY_TEST_MAIN("runtime.wait", CY_TEST(tasks_that_yield_take_turns),
             CY_TEST(a_sleep_is_never_short), CY_TEST(a_resume_is_not_lost_here_or_across),
             CY_TEST(a_terminated_task_waits_for_nothing_more),
             CY_TEST(neither_resume_nor_clean_up_hides_the_end))
