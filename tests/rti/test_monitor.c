/* test_monitor.c - one task is told of all that another starts. */
#include "spots.h"

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static uint32_t heard;
static int64_t codes;

/* Counts exits; ends by any other message. */
static int
listen_to_exits(void *arg)
{
    struct cy_exit exit;
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        bool last = cy_exit_read(&exit, msg) != 0;
        if (!last) {
            CY_CHECK_EQ(exit.reason, CY_EXIT_ERROR);
            codes += exit.code;
            heard++;
        }
        cy_msg_free(&msg);
        if (last)
            break;
    }
    return 0;
}

static void
sum(cy_ref method, int64_t a)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, a);
    cy_args_put_int(&args, NULL, 1);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    cy_args_fini(&args);
    expect_exit(task, CY_EXIT_ERROR, (int) a + 1, NULL); /* a join gets it as well */
}

static int
told_body(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        for (int n = 0; n < 2; n++) {
            cy_ref method = spot_method(spots[i], rti_sum, NULL);
            cy_ref other = spot_method(spots[i], rti_sum, NULL);
            cy_ref listener = trio_spawn(0, spots[n].core, listen_to_exits, NULL);
            heard = 0;
            codes = 0;
            CY_CHECK_EQ(cy_rti_monitor(method, listener), 0);
            for (int a = 1; a <= 3; a++)
                sum(method, a);
            sum(other, 100); /* of this one nobody wants to hear */
            CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
            CY_CHECK_EQ(heard, 3);
            CY_CHECK_EQ(codes, 9);
            CY_CHECK_EQ(cy_rti_monitor(method, CY_NOBODY), 0);
            CY_CHECK_EQ(cy_rti_monitor(other, CY_NOBODY), 0);
            sum(method, 1);
            CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
            CY_CHECK_EQ(heard, 3);
            CY_CHECK_EQ(cy_rti_monitor(method, listener), 0);
            CY_CHECK_EQ(cy_send_bytes(listener, 1, NULL, 0), 0);
            CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
            cy_ref task = CY_NOBODY;
            CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), -ESRCH);
            CY_CHECK(cy_ref_is_nobody(task));
            CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), 0);
            CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
            expect_monitored(task, CY_EXIT_ERROR, -EINVAL);
            CY_CHECK_EQ(cy_rti_monitor(method, CY_NOBODY), 0);
            spot_close(method, spots[i]);
            spot_close(other, spots[i]);
        }
    }
    return 0;
}

static void
a_task_is_told_of_all_ends(void)
{
    trio_run(told_body);
}

static int
refused(void *arg)
{
    cy_ref method = spot_method(spots[0], rti_linger, NULL), nobody = cy_self();
    (void) arg;
    CY_CHECK_EQ(cy_rti_monitor(cy_self(), cy_self()), -ENOENT);
    CY_CHECK_EQ(cy_rti_monitor(method, method), -ESRCH);
    nobody.generation++;
    CY_CHECK_EQ(cy_rti_monitor(method, nobody), -ESRCH);
    nobody.node++;
    CY_CHECK_EQ(cy_rti_monitor(method, nobody), -ESRCH);
    nobody = cy_self();
    nobody.core = 2;
    CY_CHECK_EQ(cy_rti_monitor(method, nobody), -ESRCH);
    /* One on another core is known to be gone when the call begins: the task is terminated. */
    nobody.core = 1;
    nobody.generation += 77;
    CY_CHECK_EQ(cy_rti_monitor(method, nobody), 0);
    CY_CHECK_EQ(cy_rti_call(&nobody, method, NULL, soon()), -ESRCH);
    return 0;
}

static void
only_tasks_of_this_node_are_told(void)
{
    trio_run(refused);
}

enum { MONITORS_MAX = 1024 };

static int
many(void *arg)
{
    cy_ref method;
    (void) arg;
    CY_CHECK_EQ(cy_rti_create(&method, rti_nothing, NULL), 0);
    for (uint32_t i = 0; i < MONITORS_MAX; i++) {
        method.generation++;
        CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), 0);
    }
    CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), 0); /* it is one of them */
    method.generation++;
    CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), -ENOBUFS);
    return 0;
}

static int
limit(void *arg)
{
    (void) arg;
    for (int i = 0; i < 2; i++)
        spot_run(spots[0], many, NULL); /* they end with their task */
    return 0;
}

static void
monitors_are_limited_and_end_with_their_task(void)
{
    trio_run(limit);
}

static int
lost(void *arg)
{
    const struct cy_rti_options options = {.spread = true};
    cy_ref task[4], method = spot_method(spots[2], rti_linger, &options);
    (void) arg;
    CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), 0);
    for (int i = 0; i < 4; i++)
        CY_CHECK_EQ(cy_rti_call(&task[i], method, NULL, soon()), 0);
    trio_crash(1);
    for (int i = 0; i < 4; i++) {
        struct cy_exit exit;
        cy_msg *msg = NULL;
        CY_CHECK_EQ(cy_receive(&msg, soon()), 0);
        CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
        CY_CHECK_EQ(exit.reason, CY_EXIT_NODE_DOWN);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(cy_sleep(10 * CY_SECOND), 0);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
the_loss_of_the_node_is_told_once_each(void)
{
    trio_run(lost);
}

CY_TEST_MAIN("rti.monitor", CY_TEST(a_task_is_told_of_all_ends),
             CY_TEST(only_tasks_of_this_node_are_told),
             CY_TEST(monitors_are_limited_and_end_with_their_task),
             CY_TEST(the_loss_of_the_node_is_told_once_each))
