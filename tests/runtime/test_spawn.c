/* test_spawn.c - starting tasks: names, stacks, limits, daemons. */
#include "cy_node.h"
#include <cycos/impl/core.h>

#include <string.h>

static int
stay(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
say_name(void *arg)
{
    snprintf(arg, 100, "%s", cy_task_name());
    return 0;
}

static void
ignore(void *state, cy_msg **msg)
{
    (void) state, (void) msg;
}

static int
names_body(void *arg)
{
    char longest[CY_TASK_NAME_MAX + 2], told[100];
    struct cy_task_options options = {.joinable = true, .name = longest};
    cy_ref there;
    (void) arg;
    memset(longest, 'n', sizeof longest);
    longest[CY_TASK_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_task_spawn(&there, say_name, told, &options), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, say_name, told, &options), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_handler_spawn(&there, ignore, NULL, &options), -ENAMETOOLONG);
    longest[CY_TASK_NAME_MAX] = '\0';
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, say_name, told, &options), 0);
        CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        CY_CHECK(strcmp(told, longest) == 0);
    }
    options.name = "";
    CY_CHECK_EQ(cy_task_spawn(&there, say_name, told, &options), -EINVAL);
    CY_CHECK_EQ(cy_handler_spawn_on(&there, 1, ignore, NULL, &options), -EINVAL);
    return 0;
}

static void
a_name_has_a_limit_and_is_copied(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, names_body, NULL), 0);
}

/* To wait for the other core is cancelled; on the own core there is nothing to wait for. */
static int
spawn_at_the_end(void *arg)
{
    char told[100];
    cy_ref there = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cy_terminate(cy_self()), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, say_name, told, NULL), -ECANCELED);
    CY_CHECK_EQ(cy_handler_spawn_on(&there, 1, ignore, NULL, NULL), -ECANCELED);
    CY_CHECK(cy_ref_is_nobody(there));
    CY_CHECK_EQ(cy_task_spawn(&there, say_name, arg, NULL), 0);
    return 0;
}

static int
terminated_body(void *arg)
{
    static char told[100];
    const struct cy_task_options joinable = {.joinable = true};
    cy_ref task;
    (void) arg;
    told[0] = '\0';
    CY_CHECK_EQ(cy_task_spawn(&task, spawn_at_the_end, told, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    cy_node_settle();
    CY_CHECK(strcmp(told, "say_name") == 0);
    return 0;
}

static void
a_terminated_task_starts_others_here_only(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, terminated_body, NULL), 0);
}

static int
use_stack(void *arg)
{
    volatile char deep[128 * 1024]; /* a quarter of the 256 KiB may be guard */
    deep[0] = 1;
    deep[sizeof deep - 1] = 1;
    *(int *) arg = deep[0] + deep[sizeof deep - 1];
    return 0;
}

static int
stack_body(void *arg)
{
    int used = 0;
    cy_ref there;
    struct cy_task_options options = {.joinable = true, .stack_bytes = 256 * 1024};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&there, use_stack, &used, &options), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    CY_CHECK_EQ(used, 2);
    options.stack_bytes = (64 << 20) + 1;
    CY_CHECK_EQ(cy_task_spawn(&there, use_stack, &used, &options), -EINVAL);
    options.stack_bytes = 64 << 20;
    CY_CHECK_EQ(cy_task_spawn(&there, use_stack, &used, &options), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    return 0;
}

static void
a_task_may_ask_for_a_larger_stack(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, stack_body, NULL), 0);
}

enum { TASKS_MAX = 16 }; /* the least that a core can be told */

/* Fill a core up to its limit; `have` of its tasks are there already. */
static void
fill(uint16_t core, int have)
{
    cy_ref there[TASKS_MAX];
    for (int i = have; i < TASKS_MAX; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&there[i], core, stay, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, core, stay, NULL, NULL), -EAGAIN);
    CY_CHECK_EQ(cy_terminate(there[TASKS_MAX / 2]), 0);
    int rc;
    while ((rc = cy_task_spawn_on(&there[TASKS_MAX / 2], core, stay, NULL, NULL)) == -EAGAIN)
        cy_yield(); /* until it has ended */
    CY_CHECK_EQ(rc, 0);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, core, stay, NULL, NULL), -EAGAIN);
    for (int i = have; i < TASKS_MAX; i++)
        CY_CHECK_EQ(cy_terminate(there[i]), 0);
}

static int
limit_body(void *arg)
{
    (void) arg;
    fill(0, 1); /* we are one of core 0's */
    fill(1, 0);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 2, stay, NULL, NULL), -EINVAL);
    return 0;
}

static void
a_core_takes_so_many_tasks_and_no_more(void)
{
    struct cy_options options;
    cy_node_options(&options, 2);
    options.tasks_max = TASKS_MAX;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, limit_body, NULL), 0);
}

static int
failing_watch_body(void *arg)
{
    struct cy_task_options options = {.monitor = true};
    (void) arg;
    for (int i = 1; i < TASKS_MAX; i++)
        CY_CHECK_EQ(cy_task_spawn(NULL, stay, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, stay, NULL, &options), -EAGAIN);
    CY_CHECK_EQ(cy_mailbox_count(), 0); /* what failed to start is not reported as ended */
    cy_shutdown(0);
    return 0;
}

static void
a_spawn_that_fails_leaves_no_watch(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.tasks_max = TASKS_MAX;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, failing_watch_body, NULL), 0);
}

static int
daemons_body(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(NULL, stay, NULL, &daemon), 0);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, stay, NULL, &daemon), 0);
    return 11;
}

static void
the_node_does_not_wait_for_daemons(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, daemons_body, NULL), 11);
}

/* How many tasks of this core have a stack of so many bytes. */
static uint32_t
stacks_of(uint8_t class)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cyi_self->tasks.count; i++) {
        const struct cyi_task *task = cyi_task_at(cyi_self, i);
        count += task != NULL && task->stack_class == class;
    }
    return count;
}

static int
system_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(stacks_of(14), 1); /* our own */
    CY_CHECK_EQ(cyi_daemon_start(cyi_self, stay, NULL, "system"), 0);
    CY_CHECK_EQ(stacks_of(14), 1);
    CY_CHECK_EQ(stacks_of(16), 1);
    return 0;
}

static void
tasks_of_the_system_do_not_get_the_small_stacks_of_applications(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.stack_bytes = 16 << 10;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, system_body, NULL), 0);
}

CY_TEST_MAIN("runtime.spawn", CY_TEST(a_name_has_a_limit_and_is_copied),
             CY_TEST(a_terminated_task_starts_others_here_only),
             CY_TEST(a_task_may_ask_for_a_larger_stack),
             CY_TEST(a_core_takes_so_many_tasks_and_no_more),
             CY_TEST(a_spawn_that_fails_leaves_no_watch),
             CY_TEST(the_node_does_not_wait_for_daemons),
             CY_TEST(tasks_of_the_system_do_not_get_the_small_stacks_of_applications))
