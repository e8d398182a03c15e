#include "link_pair.h"

#include <string.h>

/* What tasks learn of the end of tasks of another node. */

/* A subject waits for a message with the code that it ends with. */

enum { SUBJECTS = 4, LAST = SUBJECTS - 1 };

static cy_ref subjects[SUBJECTS], told;

static int
be_subject(void *arg)
{
    int code = 0;
    cy_msg *msg, *value;
    (void) arg;
    if (cy_receive(&msg, CY_FOREVER) != 0)
        return 0;
    memcpy(&code, cy_msg_body(msg), sizeof code);
    cy_msg_free(&msg);
    WORLD_CHECK(cy_msg_copy(&value, PAIR_TAG, "value", 5) == 0);
    WORLD_CHECK(cy_exit_value(&value) == 0);
    if (!cy_ref_is_nobody(told))
        WORLD_CHECK(cy_notify(told) == 0);
    return code;
}

static int
start_subjects(void *arg)
{
    struct cy_task_options options = {.daemon = true, .joinable = true};
    for (int i = 0; i < SUBJECTS; i++)
        WORLD_CHECK(cy_task_spawn_on(&subjects[i], 1, be_subject, NULL, &options) == 0);
    return pair_start_server(arg);
}

static void
end_subject(int i, int code)
{
    WORLD_CHECK(cy_send_bytes(subjects[i], PAIR_TAG, &code, sizeof code) == 0);
}

static void
check_exit(cy_msg *msg, int i, enum cy_exit_reason reason, int code)
{
    struct cy_exit exit;
    size_t bytes = reason == CY_EXIT_NORMAL || reason == CY_EXIT_ERROR ? 5 : 0;
    WORLD_CHECK(cy_exit_read(&exit, msg) == 0);
    WORLD_CHECK(cy_ref_equal(exit.task, subjects[i]));
    WORLD_CHECK(exit.reason == reason && exit.code == code && exit.value_bytes == bytes);
    WORLD_CHECK(bytes == 0 || memcmp(exit.value, "value", bytes) == 0);
    cy_msg_free(&msg);
}

static void
expect_exit(int i, enum cy_exit_reason reason, int code)
{
    cy_msg *msg = NULL;
    int rc = cy_receive(&msg, cy_after(10 * CY_SECOND));
    WORLD_CHECK(rc == 0);
    if (rc == 0)
        check_exit(msg, i, reason, code);
}

static void
expect_nothing(void)
{
    cy_msg *msg;
    WORLD_CHECK(cy_receive(&msg, cy_after(CY_SECOND)) == -ETIMEDOUT);
}

static int
watch_subjects(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(cy_monitor(subjects[0]) == 0);
    WORLD_CHECK(cy_monitor(subjects[0]) == 0);
    expect_nothing();
    end_subject(0, 0);
    expect_exit(0, CY_EXIT_NORMAL, 0);
    expect_exit(0, CY_EXIT_NORMAL, 0);
    WORLD_CHECK(cy_monitor(subjects[1]) == 0);
    WORLD_CHECK(cy_terminate(subjects[1]) == 0);
    expect_exit(1, CY_EXIT_TERMINATED, 0);
    WORLD_CHECK(cy_join(&msg, subjects[2], cy_after(CY_SECOND)) == -ETIMEDOUT);
    end_subject(2, 42);
    WORLD_CHECK(cy_join(&msg, subjects[2], cy_after(CY_SECOND)) == 0);
    check_exit(msg, 2, CY_EXIT_ERROR, 42);
    WORLD_CHECK(cy_join(NULL, subjects[2], cy_after(CY_SECOND)) == -ESRCH);
    WORLD_CHECK(cy_monitor(subjects[2]) == 0);
    expect_exit(2, CY_EXIT_NO_TASK, -ESRCH);
    told = cy_self();
    end_subject(LAST, 7);
    expect_exit(LAST, CY_EXIT_ERROR, 7);
    expect_nothing();
    return 0;
}

static void
open_subjects(cy_task_fn *test)
{
    pair_open(30 * CY_SECOND, test);
    told = CY_NOBODY;
    world.nodes[1].extra = start_subjects;
}

static void
tells_how_tasks_of_another_node_end(void)
{
    open_subjects(watch_subjects);
    pair_run();
}

static bool joined, called;

static int
join_subject(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    joined = cy_join(&msg, subjects[LAST], CY_FOREVER) == CY_ENOPEER && msg == NULL;
    return 0;
}

static int
call_subject(void *arg)
{
    cy_msg *reply = NULL, *msg = pair_message(1, 8);
    (void) arg;
    called = cy_call(&reply, pair.server, &msg, CY_FOREVER) == CY_ENOPEER && reply == NULL;
    cy_msg_free(&msg);
    return 0;
}

/* Silently: the node is not reached any more, for as long as it must be. */
static int
lose_the_node(void *arg)
{
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(cy_monitor(subjects[0]) == 0);
    WORLD_CHECK(cy_task_spawn(NULL, join_subject, NULL, NULL) == 0);
    WORLD_CHECK(cy_task_spawn(NULL, call_subject, NULL, NULL) == 0);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair.got == 1);
    cyi_sim_power_off(world.sim, 1);
    WORLD_CHECK(cy_terminate(subjects[1]) == 0); /* nobody knows yet */
    expect_nothing();
    WORLD_CHECK(!joined && !called);
    expect_exit(0, CY_EXIT_NODE_DOWN, CY_ENOPEER);
    WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0);
    WORLD_CHECK(joined && called);
    WORLD_CHECK(cy_terminate(subjects[1]) == CY_ENOPEER);
    WORLD_CHECK(cy_monitor(subjects[1]) == CY_ENOPEER);
    WORLD_CHECK(cy_notify(subjects[1]) == 0); /* it may be back when this task ends */
    WORLD_CHECK(cy_join(NULL, subjects[1], CY_FOREVER) == CY_ENOPEER);
    WORLD_CHECK(pair_send(2, 8) == CY_ENOPEER);
    return 0;
}

static void
tells_that_a_node_is_down_to_all_who_wait(void)
{
    joined = called = false;
    open_subjects(lose_the_node);
    pair_run();
}

CY_TEST_MAIN("transport.watches", CY_TEST(tells_how_tasks_of_another_node_end),
             CY_TEST(tells_that_a_node_is_down_to_all_who_wait))
