/* test_result.c - the result of a task that has ended before anybody asked for it. */
#include "spots.h"

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static cy_ref
call_text(cy_ref method, const char *text)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_text(&args, NULL, text);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    cy_args_fini(&args);
    return task;
}

static int
late(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        for (int spread = 0; spread < 2; spread++) {
            const struct cy_rti_options options = {.spread = spread,
                                                   .result_ns = CY_SECOND / 5};
            cy_ref task[3], method = spot_method(spots[i], rti_echo, &options);
            for (int n = 0; n < 3; n++)
                task[n] = call_text(method, "kept");
            CY_CHECK_EQ(cy_sleep(CY_SECOND / 10), 0);
            for (int n = 0; n < 3; n++) {
                CY_CHECK_EQ(cy_monitor(task[n]), 0);
                expect_monitored(task[n], CY_EXIT_NORMAL, 0);
                expect_exit(task[n], CY_EXIT_NORMAL, 0, "\"kept\"");
                expect_exit(task[n], CY_EXIT_NORMAL, 0, "\"kept\"");
            }
            CY_CHECK_EQ(cy_sleep(CY_SECOND / 5), 0);
            CY_CHECK_EQ(cy_join(NULL, task[0], soon()), -ESRCH);
            CY_CHECK_EQ(cy_monitor(task[1]), 0);
            expect_monitored(task[1], CY_EXIT_NO_TASK, -ESRCH);
            CY_CHECK_EQ(cy_mailbox_count(), 0);
            spot_close(method, spots[i]);
        }
    }
    return 0;
}

static void
a_result_waits_for_a_join_or_a_monitor(void)
{
    trio_run(late);
}

static int
expires(void *arg)
{
    const struct cy_rti_options options = {.result_ns = CY_SECOND / 2, .spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task[4], method = spot_method(spots[i], rti_echo, &options);
        for (int n = 0; n < 4; n++) {
            task[n] = call_text(method, "late");
            CY_CHECK_EQ(cy_sleep(CY_SECOND / 10), 0);
        }
        expect_exit(task[0], CY_EXIT_NORMAL, 0, "\"late\""); /* 0.4 s have passed */
        CY_CHECK_EQ(cy_sleep(CY_SECOND / 5), 0);
        CY_CHECK_EQ(cy_join(NULL, task[1], soon()), -ESRCH);
        expect_exit(task[2], CY_EXIT_NORMAL, 0, "\"late\"");
        spot_close(method, spots[i]);
        expect_exit(task[3], CY_EXIT_NORMAL, 0, "\"late\""); /* outlives the method */
    }
    return 0;
}

static void
a_result_is_kept_for_its_time(void)
{
    trio_run(expires);
}

static int
limited(void *arg)
{
    const struct cy_rti_options options = {.results_max = 3, .spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref more = CY_NOBODY, task[3], method = spot_method(spots[i], rti_nothing, &options);
        for (int n = 0; n < 3; n++)
            CY_CHECK_EQ(cy_rti_call(&task[n], method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), -ENOBUFS);
        CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), 0); /* leaves none */
        /* One that somebody knows gives way. */
        expect_exit(task[1], CY_EXIT_NORMAL, 0, NULL);
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_join(NULL, task[1], soon()), -ESRCH);
        task[1] = more;
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), -ENOBUFS);
        CY_CHECK_EQ(cy_monitor(task[2]), 0);
        expect_monitored(task[2], CY_EXIT_NORMAL, 0);
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_join(NULL, task[2], soon()), -ESRCH);
        expect_exit(task[0], CY_EXIT_NORMAL, 0, NULL);
        expect_exit(task[1], CY_EXIT_NORMAL, 0, NULL);
        expect_exit(more, CY_EXIT_NORMAL, 0, NULL);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
results_that_nobody_fetches_are_limited(void)
{
    trio_run(limited);
}

static int
monitored(void *arg)
{
    const struct cy_rti_options options = {.results_max = 2, .spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], rti_nothing, &options);
        for (int n = 0; n < 20; n++) {
            cy_ref task = CY_NOBODY;
            CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
            CY_CHECK_EQ(cy_monitor(task), 0);
            expect_monitored(task, CY_EXIT_NORMAL, 0);
        }
        CY_CHECK_EQ(cy_mailbox_count(), 0);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
who_monitors_all_that_he_starts_meets_no_limit(void)
{
    trio_run(monitored);
}

static int
large(void *arg)
{
    const struct cy_rti_options options = {.results_bytes = 6}; /* "xxxx" takes 5 */
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref first, more = CY_NOBODY, method = spot_method(spots[i], rti_echo, &options);
        first = call_text(method, "xxxx");
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        cy_ref second = call_text(method, "");
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), -ENOBUFS);
        expect_exit(first, CY_EXIT_NORMAL, 0, "\"xxxx\"");
        expect_exit(second, CY_EXIT_NORMAL, 0, "\"\"");
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
        CY_CHECK_EQ(cy_rti_call(&more, method, NULL, soon()), 0);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
their_values_are_limited_in_bytes(void)
{
    trio_run(large);
}

static int
left(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        const struct cy_rti_options options = {.spread = true};
        cy_ref method = spot_method(spots[i], rti_echo, &options);
        call_text(method, "left");
        call_text(method, "left");
    }
    return 0; /* with results that nobody has fetched */
}

static void
results_end_with_their_node(void)
{
    trio_run(left);
}

CY_TEST_MAIN("rti.result", CY_TEST(a_result_waits_for_a_join_or_a_monitor),
             CY_TEST(a_result_is_kept_for_its_time),
             CY_TEST(results_that_nobody_fetches_are_limited),
             CY_TEST(who_monitors_all_that_he_starts_meets_no_limit),
             CY_TEST(their_values_are_limited_in_bytes), CY_TEST(results_end_with_their_node))
