/* test_invocation.c - what a task knows of its call, and what becomes of it. */
#include "spots.h"
#include <stdlib.h>

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static int argument;

static int
knows(cy_args_reader *args)
{
    cy_ref caller = CY_NOBODY;
    cy_args_get_ref(args, "caller", &caller);
    CY_CHECK_EQ(cy_args_end(args), 0);
    CY_CHECK(cy_ref_equal(cy_rti_caller(), caller));
    CY_CHECK(cy_rti_arg() == &argument);
    CY_CHECK_EQ(strcmp(cy_task_name(), "known"), 0);
    return 0;
}

static int
call_as(void *arg)
{
    cy_ref method = *(cy_ref *) arg, task = CY_NOBODY;
    cy_args args;
    CY_CHECK(cy_ref_is_nobody(cy_rti_caller()));
    CY_CHECK(cy_rti_arg() == NULL);
    cy_args_init(&args);
    cy_args_put_ref(&args, NULL, cy_self());
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    cy_args_fini(&args);
    expect_exit(task, CY_EXIT_NORMAL, 0, NULL);
    return 0;
}

static int
knowing(void *arg)
{
    const struct cy_rti_options options = {.name = "known", .arg = &argument, .spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], knows, &options);
        for (int n = 0; n < SPOTS; n++)
            spot_run(spots[n], call_as, &method);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
the_task_knows_its_caller(void)
{
    trio_run(knowing);
}

static int
fails(cy_args_reader *args)
{
    int64_t code = 0;
    bool says = false;
    cy_msg *value;
    cy_args_get_int(args, "code", &code);
    cy_args_get_bool(args, "says", &says);
    if (says && cy_msg_copy(&value, 1, "\x61z", 2) == 0)
        CY_CHECK_EQ(cy_exit_value(&value), 0);
    return cy_args_end(args) != 0 ? -EINVAL : (int) code;
}

static cy_ref
call_fails(cy_ref method, int code, const char *says, bool value)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, "code", code);
    cy_args_put_bool(&args, says, value);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    cy_args_fini(&args);
    return task;
}

static int
explaining(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], fails, NULL);
        expect_exit(call_fails(method, 3, "says", true), CY_EXIT_ERROR, 3, "\"z\"");
        expect_exit(call_fails(method, 0, "says", true), CY_EXIT_NORMAL, 0, "\"z\"");
        expect_exit(call_fails(method, 0, "sais", true), CY_EXIT_ERROR, -EINVAL,
                    "\"argument 2 ('says'): missing\"");
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
an_error_of_arguments_is_the_exit_value_if_there_is_no_other(void)
{
    trio_run(explaining);
}

/* A counter: the method makes it, the handler counts. */
struct counter {
    int64_t sum;
};
static int freed;

static void
free_counter(void *arg)
{
    free(arg);
    freed++;
}

static int
make_counter(cy_args_reader *args)
{
    int64_t first = 0;
    cy_args_get_int(args, "first", &first);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    struct counter *counter = calloc(1, sizeof *counter);
    counter->sum = first;
    CY_CHECK_EQ(cy_defer(free_counter, counter), 0);
    cy_rti_keep(counter);
    return cy_sleep(CY_MILLISECOND); /* it may suspend as any task */
}

static void
count(void *state, cy_msg **msg)
{
    struct counter *counter = state;
    CY_CHECK(!cy_ref_is_nobody(cy_rti_caller()));
    counter->sum += cy_msg_tag(*msg);
    if (cy_msg_tag(*msg) == 100)
        cy_handler_exit((int) counter->sum);
}

static int
counting(void *arg)
{
    const struct cy_rti_options options = {.handler = count, .signature = "first:any?"};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task = CY_NOBODY, method = spot_method(spots[i], make_counter, &options);
        cy_args args;
        freed = 0;
        cy_args_init(&args);
        cy_args_put_int(&args, NULL, 5);
        CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
        for (int n = 0; n < 3; n++)
            CY_CHECK_EQ(cy_send_bytes(task, 1, NULL, 0), 0);
        CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
        CY_CHECK_EQ(freed, 0);
        CY_CHECK_EQ(cy_send_bytes(task, 100, NULL, 0), 0);
        expect_exit(task, CY_EXIT_ERROR, 108, NULL);
        CY_CHECK_EQ(freed, 1);
        /* Terminated, before it is a handler and after. */
        for (int n = 0; n < 2; n++) {
            CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
            CY_CHECK_EQ(cy_sleep(20 * n * CY_MILLISECOND), 0);
            CY_CHECK_EQ(cy_terminate(task), 0);
            cy_msg *exit = NULL;
            CY_CHECK_EQ(cy_join(&exit, task, soon()), 0);
            cy_msg_free(&exit);
        }
        cy_args_fini(&args);
        CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
        expect_exit(task, CY_EXIT_ERROR, -EINVAL, "\"argument 1 ('first'): missing\"");
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
a_method_may_leave_a_handler(void)
{
    trio_run(counting);
}

static int
ending(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task = CY_NOBODY, method = spot_method(spots[i], rti_linger, NULL);
        cy_args args;
        cy_args_init(&args);
        cy_args_put_int(&args, "code", 4);
        CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
        cy_args_fini(&args);
        CY_CHECK_EQ(cy_join(NULL, task, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
        spot_close(method, spots[i]); /* it runs on */
        CY_CHECK_EQ(cy_join(NULL, task, cy_after(20 * CY_MILLISECOND)), -ETIMEDOUT);
        CY_CHECK_EQ(cy_terminate(task), 0);
        expect_exit(task, CY_EXIT_TERMINATED, 4, NULL);
    }
    return 0;
}

static void
a_task_outlives_its_method(void)
{
    trio_run(ending);
}

CY_TEST_MAIN("rti.invocation", CY_TEST(the_task_knows_its_caller),
             CY_TEST(an_error_of_arguments_is_the_exit_value_if_there_is_no_other),
             CY_TEST(a_method_may_leave_a_handler), CY_TEST(a_task_outlives_its_method))
