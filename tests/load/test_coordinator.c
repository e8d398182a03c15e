/* test_coordinator.c - whole runs in this process, against a peer on a thread. */
#include "coordinator.h"
#include "cy_node.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

static struct load_flags flags;
static struct load_settings settings;
static struct load_job job;
static struct peer peer;

static void
set_flags(void)
{
    load_flags_init(&flags);
    flags.connections = 4;
    flags.pipeline = 4;
    flags.progress = false;
    flags.warmup = "0s";
    flags.duration_ns = 200000000;
}

static int
run(uint32_t cores, uint16_t port)
{
    char error[300] = "", target[60];
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", port);
    CY_OK(load_settings_make(&settings, &flags, target, error, sizeof error));
    memset(&job, 0, sizeof job);
    job.settings = &settings;
    return cy_node_run(cores, load_coordinate, &job);
}

static void
end_job(void)
{
    if (job.has_result)
        load_result_fini(&job.result);
}

static void
all_cores_take_part_in_a_closed_loop(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    CU_ASSERT_EQUAL(run(2, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    const struct load_result *r = &job.result;
    CU_ASSERT_EQUAL(r->core_count, 2);
    CU_ASSERT_TRUE(r->cores[0].counters.completed > 0);
    CU_ASSERT_TRUE(r->cores[1].counters.completed > 0);
    CU_ASSERT_EQUAL(r->cores[0].connections + r->cores[1].connections, 4);
    CU_ASSERT_EQUAL(r->total.completed,
                    r->cores[0].counters.completed + r->cores[1].counters.completed);
    CU_ASSERT_EQUAL(r->corrected->total, r->raw->total);
    CU_ASSERT_EQUAL(r->corrected->total, r->total.sent);
    CU_ASSERT_EQUAL(load_faults_sum(&r->total.faults), 0);
    CU_ASSERT_EQUAL(load_counters_errors(&r->total), 0);
    CU_ASSERT_EQUAL(r->seconds_done, 1);
    CU_ASSERT_DOUBLE_EQUAL(r->elapsed_s, 0.2, 1e-9);
    end_job();
    peer_stop(&peer);
}

static void
an_open_loop_sends_what_its_schedule_holds(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    flags.rate = "1000";
    CU_ASSERT_EQUAL(run(2, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.total.sent + job.result.total.dropped, 200);
    CU_ASSERT_EQUAL(job.result.corrected->total, job.result.total.sent);
    CU_ASSERT_DOUBLE_EQUAL(job.result.seconds[0].offered, 200, 0.5);
    end_job();
    peer_stop(&peer);
}

static void
more_cores_than_connections_leave_some_idle(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    flags.connections = 1;
    CU_ASSERT_EQUAL(run(2, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.core_count, 1);
    end_job();
    peer_stop(&peer);
}

static void
a_search_reports_its_trials(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    flags.find_max = true;
    flags.slo = "p99<1ns"; /* nothing can meet it */
    flags.rate = "50";
    flags.trial_ns = 50000000;
    CU_ASSERT_EQUAL(run(1, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.found_rate, 0);
    CU_ASSERT_EQUAL(job.result.trial_count, 6); /* 50, 25, 12.5, each a second time */
    CU_ASSERT_DOUBLE_EQUAL(job.result.trials[5].rate, 12.5, 1e-9);
    CU_ASSERT_FALSE(job.result.trials[5].passed);
    end_job();
    peer_stop(&peer);
}

static void
a_refused_connection_is_said(void)
{
    set_flags();
    CU_ASSERT_EQUAL(run(2, peer_free_port()), 3);
    CU_ASSERT_FALSE(job.has_result);
    CU_ASSERT_EQUAL(strncmp(job.error, "cannot load tcp://127.0.0.1:", 28), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(job.error, "refused"));
}

static void
a_server_that_closes_is_asked_again_and_every_close_counts(void)
{
    peer_start(&peer, PEER_CLOSING);
    set_flags();
    flags.connections = 1;
    CU_ASSERT_EQUAL(run(1, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_TRUE(job.result.total.disconnects >= 1);
    CU_ASSERT_EQUAL(job.result.total.completed, 0);
    end_job();
    peer_stop(&peer);
}

static void
a_server_that_closes_while_keys_are_filled_in_is_said(void)
{
    char error[300], target[60];
    peer_start(&peer, PEER_CLOSING);
    set_flags();
    snprintf(target, sizeof target, "kv://127.0.0.1:%u", peer.port);
    CY_OK(load_settings_make(&settings, &flags, target, error, sizeof error));
    memset(&job, 0, sizeof job);
    job.settings = &settings;
    CU_ASSERT_EQUAL(cy_node_run(1, load_coordinate, &job), 3);
    CU_ASSERT_FALSE(job.has_result);
    CU_ASSERT_EQUAL(strncmp(job.error, "cannot load kv://127.0.0.1:", 27), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(job.error, "reset"));
    peer_stop(&peer);
}

static void
silence_is_a_timeout_and_what_was_sent_is_lost(void)
{
    peer_start(&peer, PEER_SILENT);
    set_flags();
    flags.connections = 1;
    flags.timeout_ns = 50000000;
    CU_ASSERT_EQUAL(run(1, peer.port), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    const struct load_counters *total = &job.result.total;
    CU_ASSERT_TRUE(total->timeouts >= 1);
    CU_ASSERT_EQUAL(total->faults.lost, total->timeouts * 4);
    CU_ASSERT_EQUAL(total->completed, 0);
    end_job();
    peer_stop(&peer);
}

static int
load_and_interrupt(void *arg)
{
    cy_ref task;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&task, load_coordinate, &job, NULL), 0);
    while (atomic_load_explicit(&peer.answered, memory_order_relaxed) == 0)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    cy_shutdown(10 * CY_SECOND);
    return 0;
}

static void
an_interrupted_run_reports_what_it_has(void)
{
    char error[300], target[60];
    peer_start(&peer, PEER_ECHO);
    set_flags();
    flags.duration_ns = INT64_C(1000000000000);
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", peer.port);
    CY_OK(load_settings_make(&settings, &flags, target, error, sizeof error));
    memset(&job, 0, sizeof job);
    job.settings = &settings;
    CU_ASSERT_EQUAL(cy_node_run(2, load_and_interrupt, NULL), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_TRUE(job.result.interrupted);
    CU_ASSERT_TRUE(job.result.elapsed_s < 900); /* of the 1000 that it was meant to last */
    CU_ASSERT_EQUAL(load_faults_sum(&job.result.total.faults), 0);
    end_job();
    peer_stop(&peer);
}

CY_TEST_MAIN("load.coordinator", CY_TEST(all_cores_take_part_in_a_closed_loop),
             CY_TEST(an_open_loop_sends_what_its_schedule_holds),
             CY_TEST(more_cores_than_connections_leave_some_idle),
             CY_TEST(a_search_reports_its_trials), CY_TEST(a_refused_connection_is_said),
             CY_TEST(a_server_that_closes_is_asked_again_and_every_close_counts),
             CY_TEST(a_server_that_closes_while_keys_are_filled_in_is_said),
             CY_TEST(silence_is_a_timeout_and_what_was_sent_is_lost),
             CY_TEST(an_interrupted_run_reports_what_it_has))
