#include "spots.h"
#include <cycos/channel.h>
#include <cycos/peer.h>

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static cy_ref
call_sum(cy_ref method, int64_t a, int64_t b)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, a);
    cy_args_put_int(&args, "b", b);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    CY_CHECK_EQ(strcmp(cy_args_error(&args), ""), 0);
    cy_args_fini(&args);
    return task;
}

static int
calls_everywhere(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], rti_sum, NULL);
        CY_CHECK_EQ(cy_ref_kind(method), CY_KIND_METHOD);
        for (int n = 1; n < 5; n++) {
            cy_ref task = call_sum(method, n, 10);
            CY_CHECK_EQ(cy_ref_kind(task), CY_KIND_TASK);
            CY_CHECK_EQ(task.node, method.node);
            CY_CHECK_EQ(task.core, method.core);
            expect_exit(task, CY_EXIT_ERROR, 10 + n, NULL);
            expect_exit(task, CY_EXIT_ERROR, 10 + n, NULL); /* whoever asks */
        }
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
a_method_is_called_from_anywhere(void)
{
    trio_run(calls_everywhere);
}

/* What was said of the first argument of that call, an int, or "". */
static int
call_wrong(cy_ref method, int64_t value, const char *wrong)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, value);
    int rc = cy_rti_call(&task, method, &args, soon());
    CY_CHECK_EQ(strcmp(cy_args_error(&args), wrong), 0);
    CY_CHECK_EQ(cy_ref_is_nobody(task), rc != 0);
    cy_args_fini(&args);
    return rc;
}

static int
refusals(void *arg)
{
    static const struct cy_rti_options two = {.signature = "text:text n:int?"};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], rti_echo, &two);
        CY_CHECK_EQ(call_wrong(method, 1, "argument 1 ('text'): expected text, got int"),
                    -EINVAL);
        CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), -EINVAL);
        spot_close(method, spots[i]);
        CY_CHECK_EQ(call_wrong(method, 1, ""), -ENOENT);
        /* Without a signature the task finds out, and its value says so. */
        method = spot_method(spots[i], rti_echo, NULL);
        cy_ref task = CY_NOBODY;
        CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
        expect_exit(task, CY_EXIT_ERROR, -EINVAL, "\"argument 1 ('text'): missing\"");
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
wrong_arguments_are_told_by_name(void)
{
    trio_run(refusals);
}

static int
incomplete(void *arg)
{
    cy_ref method = spot_method(spots[2], rti_sum, NULL), task = CY_NOBODY;
    cy_args args;
    (void) arg;
    cy_args_init(&args);
    cy_args_next(&args, NULL);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), -EINVAL);
    CY_CHECK_EQ(strcmp(cy_args_error(&args), ""), 0);
    cy_args_fini(&args);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), -EINVAL);
    cy_args_init(&args);
    cy_args_put_int(&args, "a", 1);
    cy_args_put_int(&args, "a", 1);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), -EEXIST);
    cy_args_fini(&args);
    CY_CHECK(cy_ref_is_nobody(task));
    return 0;
}

static void
arguments_that_were_not_finished_do_not_leave(void)
{
    trio_run(incomplete);
}

static int
reuse(void *arg)
{
    cy_ref method = spot_method(spots[3], rti_sum, NULL), task = CY_NOBODY;
    cy_args args;
    (void) arg;
    cy_args_init(&args);
    cy_args_put_int(&args, "b", 1);
    cy_args_put_int(&args, "a", 2);
    for (int i = 0; i < 3; i++) {
        CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
        expect_exit(task, CY_EXIT_ERROR, 3, NULL);
    }
    cy_args_fini(&args);
    return 0;
}

static void
arguments_may_be_given_again(void)
{
    trio_run(reuse);
}

static int
allowed(void *arg)
{
    cy_location self, other = {.port = 1};
    struct cy_rti_options options = {.allow = &other, .allow_count = 1};
    (void) arg;
    self = cy_ref_location(cy_self());
    for (int i = 0; i < SPOTS; i++) {
        bool own = spots[i].node == 0;
        cy_ref method = spot_method(spots[i], rti_nothing, &options);
        CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), own ? 0 : -EACCES);
        spot_close(method, spots[i]);
    }
    options.allow = &self;
    cy_ref method = spot_method(spots[2], rti_nothing, &options);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), 0);
    self.port++; /* it was copied */
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), 0);
    method = spot_method(spots[2], rti_nothing, &options);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), -EACCES);
    self.port = 0; /* all of the host */
    method = spot_method(spots[2], rti_nothing, &options);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), 0);
    self.address[15]++;
    method = spot_method(spots[2], rti_nothing, &options);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), -EACCES);
    return 0;
}

static void
other_nodes_may_be_kept_out(void)
{
    trio_run(allowed);
}

static int
full(void *arg)
{
    static const struct cy_rti_options few = {.tasks_max = 3, .peer_tasks_max = 2};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task[2], method = spot_method(spots[i], rti_linger, &few);
        for (int n = 0; n < 2; n++)
            CY_CHECK_EQ(cy_rti_call(&task[n], method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), -ENOBUFS);
        CY_CHECK_EQ(cy_terminate(task[0]), 0);
        expect_exit(task[0], CY_EXIT_TERMINATED, 0, NULL);
        CY_CHECK_EQ(cy_rti_call(&task[0], method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), -ENOBUFS);
        for (int n = 0; n < 2; n++)
            CY_CHECK_EQ(cy_terminate(task[n]), 0);
        for (int n = 0; n < 2; n++)
            expect_exit(task[n], CY_EXIT_TERMINATED, 0, NULL);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
too_many_tasks_are_refused(void)
{
    trio_run(full);
}

static int
use(void *arg)
{
    const cy_ref *task = arg;
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_send_bytes(*task, 5, "x", 1), 0);
    CY_CHECK_EQ(cy_msg_copy(&msg, 6, "y", 1), 0);
    CY_CHECK_EQ(cy_deliver(*task, &msg, soon()), 1);
    return 0;
}

/* Ends with the tags of the two messages that it gets. */
static int
two_messages(cy_args_reader *args)
{
    cy_msg *msg;
    int sum = 0;
    CY_CHECK_EQ(cy_args_end(args), 0);
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_receive(&msg, soon()), 0);
        sum = 10 * sum + (int) cy_msg_tag(msg);
        cy_msg_free(&msg);
    }
    return sum;
}

static int
references(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task = CY_NOBODY, method = spot_method(spots[i], two_messages, NULL);
        CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_monitor(task), 0);
        spot_run(spots[SPOTS - 1 - i], use, &task);
        expect_monitored(task, CY_EXIT_ERROR, 56);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
the_reference_is_one_like_any_other(void)
{
    trio_run(references);
}

/* A method that some task pretends to be. */
static bool silent;

static int
pretend(void *arg)
{
    cy_msg *msg, *reply;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        if (!silent && cy_msg_copy(&reply, 1, "none", 4) == 0 && cy_reply(msg, &reply) != 0)
            cy_msg_free(&reply);
        cy_msg_free(&msg);
    }
    return 0;
}

/* Calls what does not answer, until it is terminated itself: its exit code. */
static int
wait_in_vain(void *arg)
{
    cy_ref out = CY_NOBODY;
    return cy_rti_call(&out, *(cy_ref *) arg, NULL, CY_FOREVER);
}

static void
cancel(cy_ref method)
{
    static const struct cy_task_options joinable = {.joinable = true};
    cy_ref task;
    CY_CHECK_EQ(cy_task_spawn(&task, wait_in_vain, &method, &joinable), 0);
    CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    CY_CHECK_EQ(cy_terminate(task), 0);
    expect_exit(task, CY_EXIT_TERMINATED, -ECANCELED, NULL);
}

static int
errors(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task = trio_spawn(spots[i].node, spots[i].core, pretend, NULL), out = task;
        cy_ref method = task;
        method.slot = (task.slot & ((1U << 28) - 1)) | (uint32_t) CY_KIND_METHOD << 28;
        silent = false;
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), CY_EFRAME);
        silent = true;
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, CY_NOW), -ETIMEDOUT);
        cancel(method);
        CY_CHECK(cy_ref_equal(out, task));
        CY_CHECK_EQ(cy_terminate(task), 0);
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), -ENOENT);
    }
    return 0;
}

static void
each_failure_is_an_error_of_its_own(void)
{
    trio_run(errors);
}

static int
node_down(void *arg)
{
    cy_ref method = spot_method(spots[2], rti_nothing, NULL), out = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), 0);
    trio_crash(1);
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after(CY_MINUTE)), CY_ENOPEER);
    CY_CHECK_EQ(cy_sleep(10 * CY_SECOND), 0);
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after(CY_MINUTE)), CY_ENOPEER);
    return 0;
}

static void
a_node_that_is_down_is_told(void)
{
    trio_run(node_down);
}

static int
locate(void *arg)
{
    cy_ref method = *(cy_ref *) arg, found = CY_NOBODY;
    CY_CHECK_EQ(cy_rti_locate(&found, "far", NULL, soon()), 0);
    CY_CHECK(cy_ref_equal(found, method));
    CY_CHECK_EQ(cy_rti_call(NULL, found, NULL, soon()), 0);
    return 0;
}

static int
do_register(void *arg)
{
    CY_CHECK_EQ(cy_rti_register(*(cy_ref *) arg, "far"), 0);
    return 0;
}

static int
locating(void *arg)
{
    cy_ref found, channel;
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&channel, "far", NULL), 0); /* another kind */
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], rti_nothing, NULL);
        spot_run(spots[i], do_register, &method);
        for (int n = 0; n < SPOTS; n++)
            spot_run(spots[n], locate, &method);
        spot_close(method, spots[i]);
        CY_CHECK_EQ(cy_rti_locate(&found, "far", NULL, cy_after(CY_SECOND / 10)), -ETIMEDOUT);
    }
    return 0;
}

static void
a_method_is_located_from_anywhere(void)
{
    trio_run(locating);
}

CY_TEST_MAIN("rti.call", CY_TEST(a_method_is_called_from_anywhere),
             CY_TEST(wrong_arguments_are_told_by_name),
             CY_TEST(arguments_that_were_not_finished_do_not_leave),
             CY_TEST(arguments_may_be_given_again), CY_TEST(other_nodes_may_be_kept_out),
             CY_TEST(too_many_tasks_are_refused), CY_TEST(the_reference_is_one_like_any_other),
             CY_TEST(each_failure_is_an_error_of_its_own), CY_TEST(a_node_that_is_down_is_told),
             CY_TEST(a_method_is_located_from_anywhere))
