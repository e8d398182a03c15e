/* test_serve.c - a method's server: hostile callers, callers that vanish, calls in crowds. */
#include "method.h"
#include "request.h"
#include "spots.h"
#include <cycos/impl/msg.h>

static uint32_t started, ended, last_core;

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static int
counted(cy_args_reader *args)
{
    started++;
    last_core = cy_core_index();
    int rc = cy_args_end(args);
    if (rc == 0)
        CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    ended++;
    return rc;
}

static void
begin(void)
{
    started = ended = 0;
}

static void
settle(void)
{
    CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
}

static cy_msg *
raw(uint32_t tag, const char *body, size_t size)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, tag, body, size), 0);
    return msg;
}

static int
read_answer(cy_ref *out, const cy_msg *reply)
{
    CY_CHECK_EQ(cy_msg_tag(reply), CYI_RTI_ANSWER);
    return cyi_rti_answer_read(out, NULL, cy_msg_body(reply), cy_msg_size(reply),
                               cy_msg_sender(reply).node);
}

/* Cancel a call that somebody else has made. */
static int
cancel_others(void *arg)
{
    cy_ref server = *(cy_ref *) arg;
    for (uint64_t number = 0; number < 50; number++) {
        cy_msg *msg;
        CY_CHECK_EQ(cyi_rti_cancel_make(&msg, number), 0);
        CY_CHECK_EQ(cy_send(server, &msg), 0);
    }
    return 0;
}

static int
hostile(void *arg)
{
    static const char call[] = "\x84\x01\x01\x80\xa0";
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref out = CY_NOBODY, task, method = spot_method(spots[i], counted, NULL);
        cy_ref server = cyi_rti_as(method, CY_KIND_TASK);
        cy_msg *msg = raw(CYI_RTI_CALL, call, 5), *reply = NULL;
        begin();
        CY_CHECK_EQ(cy_send(server, &msg), 0); /* nobody waits for the answer */
        msg = raw(CYI_RTI_CANCEL, "?", 1);
        CY_CHECK_EQ(cy_send(server, &msg), 0);
        msg = raw(1, NULL, 0);
        CY_CHECK_EQ(cy_send(server, &msg), 0);
        msg = raw(2, call, 5); /* a call of nothing that is known: never answered */
        CY_CHECK_EQ(cy_call(&reply, server, &msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
        msg = raw(CYI_RTI_CALL, "\xff", 1);
        CY_CHECK_EQ(cy_call(&reply, server, &msg, soon()), 0);
        CY_CHECK_EQ(read_answer(&out, reply), -EINVAL);
        cy_msg_free(&reply);
        CY_CHECK_EQ(started, 0);
        msg = raw(CYI_RTI_CALL, call, 5);
        CY_CHECK_EQ(cy_call(&reply, server, &msg, soon()), 0);
        CY_CHECK_EQ(read_answer(&out, reply), 0);
        cy_msg_free(&reply);
        CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
        spot_run(spots[(i + 1) % SPOTS], cancel_others, &server);
        settle();
        CY_CHECK_EQ(started, 2);
        CY_CHECK_EQ(ended, 0);
        CY_CHECK_EQ(cy_terminate(out), 0);
        CY_CHECK_EQ(cy_terminate(task), 0);
        settle();
        CY_CHECK_EQ(ended, 2);
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
what_is_no_call_starts_nothing(void)
{
    trio_run(hostile);
}

static int
impatient(void *arg)
{
    static const struct cy_rti_options one = {.tasks_max = 1, .results_max = 1};
    cy_ref out = CY_NOBODY, method = spot_method(spots[3], counted, &one);
    (void) arg;
    begin();
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), 0); /* so there is a link */
    CY_CHECK_EQ(cy_terminate(out), 0);
    expect_exit(out, CY_EXIT_TERMINATED, 0, NULL);
    cyi_sim_delay(trio.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1), 5 * CY_MILLISECOND);
    for (int i = 0; i < 10; i++) {
        out = CY_NOBODY;
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after((i + 1) * CY_MILLISECOND)),
                    -ETIMEDOUT);
        CY_CHECK(cy_ref_is_nobody(out));
        CY_CHECK_EQ(cy_sleep(50 * CY_MILLISECOND), 0);
        CY_CHECK_EQ(started, i + 2);
        CY_CHECK_EQ(ended, i + 2); /* by the cancel */
    }
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), 0); /* it has left no result */
    CY_CHECK_EQ(cy_terminate(out), 0);
    settle();
    return 0;
}

static void
a_call_that_nobody_waits_for_is_terminated(void)
{
    trio_run(impatient);
}

static int
fast(cy_args_reader *args)
{
    started++;
    return cy_args_end(args);
}

static int
impatient_for_results(void *arg)
{
    static const struct cy_rti_options one = {.results_max = 1};
    cy_ref out = CY_NOBODY, method = spot_method(spots[3], fast, &one);
    (void) arg;
    begin();
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, soon()), 0);
    cyi_sim_delay(trio.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1), 5 * CY_MILLISECOND);
    for (int i = 0; i < 5; i++) {
        CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
        CY_CHECK_EQ(cy_sleep(50 * CY_MILLISECOND), 0);
        CY_CHECK_EQ(started, i + 2); /* never refused: it was forgotten */
    }
    return 0;
}

static void
a_result_that_nobody_waits_for_is_forgotten(void)
{
    trio_run(impatient_for_results);
}

/* Node 1 calls a method of ours. */
static int
call_twice(void *arg)
{
    cy_ref *methods = arg, task;
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_rti_call(&task, methods[i], NULL, soon()), 0);
    return 0;
}

static int
orphans(void *arg)
{
    const struct cy_rti_options options = {.end_with_node = true, .spread = *(bool *) arg};
    cy_ref methods[2] = {spot_method(spots[0], counted, NULL),
                         spot_method(spots[1], counted, &options)};
    begin();
    spot_run(spots[2], call_twice, methods);
    spot_run(spots[3], call_twice, methods);
    call_twice(methods);
    CY_CHECK_EQ(started, 6);
    settle();
    CY_CHECK_EQ(ended, 0); /* the callers have ended, their node has not */
    trio_crash(1);
    CY_CHECK_EQ(cy_sleep(10 * CY_SECOND), 0);
    CY_CHECK_EQ(ended, 2);
    return 0;
}

/* The server is a task: whoever watches it learns when the method has ended for good. */
static int
lingering(void *arg)
{
    static const struct cy_rti_options brief = {.result_ns = 50 * CY_MILLISECOND,
                                                .spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref task, result, method = spot_method(spots[i], counted, &brief);
        cy_msg *msg = NULL;
        CY_CHECK_EQ(cy_rti_call(&result, method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_terminate(result), 0);
        CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
        CY_CHECK_EQ(cy_monitor(cyi_rti_as(method, CY_KIND_TASK)), 0);
        spot_close(method, spots[i]);
        CY_CHECK_EQ(cy_receive(&msg, cy_after(CY_SECOND / 5)), -ETIMEDOUT); /* one runs */
        CY_CHECK_EQ(cy_terminate(task), 0);
        expect_exit(task, CY_EXIT_TERMINATED, 0, NULL);
        CY_CHECK_EQ(cy_receive(&msg, cy_after(10 * CY_MILLISECOND)), -ETIMEDOUT);
        expect_monitored(cyi_rti_as(method, CY_KIND_TASK), CY_EXIT_NORMAL, 0);
        CY_CHECK_EQ(cy_join(NULL, task, soon()), -ESRCH);
    }
    return 0;
}

static void
a_closed_method_ends_with_its_last_result(void)
{
    trio_run(lingering);
}

static bool spread;

static int
orphans_here(void *arg)
{
    (void) arg;
    return orphans(&spread);
}

static void
tasks_end_with_their_callers_node_or_run_on(void)
{
    for (int i = 0; i < 2; i++) {
        spread = i == 1;
        trio_run(orphans_here);
    }
}

/* Node 1 calls a method of ours; its link is lost while the task is being started. */
static int
call_once(void *arg)
{
    cy_ref task = CY_NOBODY;
    return cy_rti_call(&task, *(cy_ref *) arg, NULL, cy_after(20 * CY_MILLISECOND));
}

static uint32_t lost;

/* On the method's core: sees the server wait for the other core. */
static int
lose_starting(void *arg)
{
    const struct cyi_method *method = arg;
    while (lost == 0 && cy_yield() == 0) {
        cyi_list_for_each(link, &method->jobs.running) {
            const struct cyi_job *job = cyi_container_of(link, struct cyi_job, link);
            lost += job->starting;
            if (job->starting)
                cyi_node_lost(cyi_self, job->caller);
        }
    }
    return 0;
}

static int
losing(void *arg)
{
    static const struct cy_rti_options options = {.spread = true};
    cy_ref method;
    (void) arg;
    CY_CHECK_EQ(cy_rti_create(&method, counted, &options), 0);
    struct cyi_method *found = cyi_method_find(cyi_self, method);
    CY_CHECK_EQ(spot_run(spots[2], call_once, &method), 0); /* here: no moment in between */
    begin();
    lost = 0;
    CY_CHECK_EQ(cy_task_spawn(NULL, lose_starting, found, NULL), 0);
    CY_CHECK_EQ(spot_run(spots[2], call_once, &method), -ETIMEDOUT);
    settle();
    CY_CHECK_EQ(lost, 1);
    CY_CHECK_EQ(started, 1);
    CY_CHECK_EQ(ended, 1);
    CY_CHECK_EQ(found->jobs.alive, 1); /* nobody wants its result */
    return 0;
}

static void
a_task_whose_caller_is_lost_meanwhile_is_terminated(void)
{
    trio_run(losing);
}

static int
says_core(cy_args_reader *args)
{
    int rc = cy_args_end(args);
    return rc != 0 ? rc : 1 + cy_core_index();
}

static int
spreading(void *arg)
{
    static const struct cy_rti_options options = {.spread = true};
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], says_core, &options);
        for (int n = 0; n < 6; n++) {
            cy_ref task = CY_NOBODY;
            CY_CHECK_EQ(cy_rti_call(&task, method, NULL, soon()), 0);
            CY_CHECK_EQ(task.core, n % TRIO_CORES);
            expect_exit(task, CY_EXIT_ERROR, 1 + n % TRIO_CORES, NULL);
        }
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
tasks_may_be_spread_over_the_cores(void)
{
    trio_run(spreading);
}

enum { CROWD = 200, CALLS = 5 };
static uint32_t accepted, refused, done;

static bool closes;

static int
call_often(void *arg)
{
    int rc = 0;
    for (int i = 0; closes ? rc == 0 : i < CALLS; i++) {
        cy_ref task = CY_NOBODY;
        rc = cy_rti_call(&task, *(cy_ref *) arg, NULL, soon());
        accepted += rc == 0;
        refused += rc == -ENOENT;
        if (rc == 0)
            expect_exit(task, CY_EXIT_NORMAL, 0, NULL);
    }
    done++;
    return 0;
}

static int
crowd(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], fast, &(struct cy_rti_options){.spread = i % 2});
        begin();
        accepted = refused = done = 0;
        for (int n = 0; n < CROWD; n++)
            CY_CHECK_EQ(cy_task_spawn(NULL, call_often, &method, NULL), 0);
        if (closes) {
            while (accepted < CROWD && cy_yield() == 0)
                continue;
            spot_close(method, spots[i]);
        }
        while (done < CROWD && cy_sleep(CY_MILLISECOND) == 0)
            continue;
        settle();
        CY_CHECK_EQ(started, accepted);
        CY_CHECK_EQ(refused, closes ? CROWD : 0);
        CY_CHECK(closes || accepted == CROWD * CALLS);
        if (!closes)
            spot_close(method, spots[i]);
    }
    return 0;
}

static void
each_call_of_a_crowd_is_answered(void)
{
    closes = false;
    trio_run(crowd);
}

static void
calls_under_way_when_a_method_closes_are_answered(void)
{
    closes = true;
    trio_run(crowd);
}

static int
scarce(void *arg)
{
    static const struct cy_rti_options options = {.signature = "a:int? ..."};
    struct cyi_heap *heap = &cyi_self->heap;
    uint32_t well = 0, wrong = 0;
    cy_ref method;
    cy_args args;
    (void) arg;
    cy_args_init(&args);
    cy_args_put_text(&args, "a", "no int");
    CY_CHECK_EQ(cy_rti_create(&method, rti_nothing, &options), 0);
    for (uint64_t later = 0; well < 5; later++) {
        cy_ref task = CY_NOBODY;
        heap->fail_at = heap->taken + later;
        int rc = cy_rti_call(&task, method, NULL, soon());
        bool failed = heap->fail_at == UINT64_MAX;
        heap->fail_at = UINT64_MAX;
        if (rc == 0)
            CY_CHECK_EQ(cy_join(NULL, task, soon()), 0);
        CY_CHECK(rc == 0 || (rc == -ENOMEM && failed));
        well += !failed;
        wrong += rc != 0;
        heap->fail_at = heap->taken + later;
        rc = cy_rti_call(&task, method, &args, soon());
        CY_CHECK(rc == -EINVAL || rc == -ENOMEM);
        heap->fail_at = UINT64_MAX;
    }
    CY_CHECK(wrong >= 5); /* request, answer, name, record, result */
    cy_args_fini(&args);
    return 0;
}

static void
without_memory_a_call_fails_and_leaves_nothing(void)
{
    cy_node_run(1, scarce, NULL);
}

static int
stopping_call(void *arg)
{
    cy_ref out = CY_NOBODY, method = *(cy_ref *) arg;
    CY_CHECK_EQ(cy_wait_stopping(CY_FOREVER), 0);
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), -EAGAIN);
    CY_CHECK_EQ(cy_rti_create(&out, rti_nothing, NULL), -EAGAIN);
    return 0;
}

static int
stopping_body(void *arg)
{
    static cy_ref method;
    (void) arg;
    CY_CHECK_EQ(cy_rti_create(&method, rti_nothing, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, stopping_call, &method, NULL), 0);
    cy_node_settle();
    cy_shutdown(CY_SECOND);
    return 0;
}

static void
a_node_that_stops_starts_nothing(void)
{
    cy_node_run(1, stopping_body, NULL);
}

CY_TEST_MAIN("rti.serve", CY_TEST(what_is_no_call_starts_nothing),
             CY_TEST(a_call_that_nobody_waits_for_is_terminated),
             CY_TEST(a_result_that_nobody_waits_for_is_forgotten),
             CY_TEST(tasks_end_with_their_callers_node_or_run_on),
             CY_TEST(a_task_whose_caller_is_lost_meanwhile_is_terminated),
             CY_TEST(tasks_may_be_spread_over_the_cores),
             CY_TEST(a_closed_method_ends_with_its_last_result),
             CY_TEST(each_call_of_a_crowd_is_answered),
             CY_TEST(calls_under_way_when_a_method_closes_are_answered),
             CY_TEST(without_memory_a_call_fails_and_leaves_nothing),
             CY_TEST(a_node_that_stops_starts_nothing))
