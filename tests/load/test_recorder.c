/* test_recorder.c - what is measured and what is not. */
#include "cy_test.h"
#include "recorder.h"

static struct load_settings settings;
static struct load_recorder recorder;

static void
open_recorder(bool open_loop, int64_t interval)
{
    settings.open_loop = open_loop;
    settings.flags.interval_ns = interval;
    settings.flags.late_ns = 50;
    CY_OK(load_recorder_init(&recorder, &settings));
    recorder.from_ns = 1000;
    recorder.to_ns = 2000;
}

static void
answer(int64_t intended, int64_t sent, int64_t at)
{
    const struct load_request request = {.intended_ns = intended, .sent_ns = sent};
    const struct load_reply reply = {.at_ns = at, .kind = LOAD_OK};
    load_recorder_answered(&recorder, &request, &reply);
}

static void
nothing_is_measured_before_the_window_is_set(void)
{
    open_recorder(true, 0);
    recorder.from_ns = recorder.to_ns = INT64_MAX;
    load_recorder_sent(&recorder, 5, 500);
    answer(5, 500, 600);
    CU_ASSERT_EQUAL(recorder.counters.sent, 0);
    CU_ASSERT_EQUAL(recorder.counters.completed, 0);
    CU_ASSERT_EQUAL(recorder.corrected->total, 0);
    load_recorder_fini(&recorder);
}

static void
latency_is_of_what_was_due_in_the_window_and_throughput_of_what_came_back_in_it(void)
{
    open_recorder(true, 0);
    answer(999, 999, 1000);   /* due before: throughput only */
    answer(1000, 1010, 1100); /* both */
    answer(1999, 1999, 5000); /* came back behind: latency only */
    answer(2000, 2000, 2001); /* neither */
    CU_ASSERT_EQUAL(recorder.counters.completed, 2);
    CU_ASSERT_EQUAL(recorder.corrected->total, 2);
    CU_ASSERT_EQUAL(recorder.corrected->max, 3001);
    CU_ASSERT_EQUAL(load_histogram_min(recorder.corrected), 100);
    CU_ASSERT_EQUAL(load_histogram_min(recorder.raw), 90);
    CU_ASSERT_EQUAL(recorder.second->total, 4);
    load_recorder_fini(&recorder);
}

static void
late_is_what_is_sent_more_than_the_limit_behind(void)
{
    open_recorder(true, 0);
    load_recorder_sent(&recorder, 1500, 1550);
    CU_ASSERT_EQUAL(recorder.counters.late, 0);
    load_recorder_sent(&recorder, 1500, 1551);
    CU_ASSERT_EQUAL(recorder.counters.late, 1);
    CU_ASSERT_EQUAL(recorder.counters.sent, 2);
    load_recorder_fini(&recorder);
    open_recorder(false, 0);
    load_recorder_sent(&recorder, 1500, 1900); /* a closed loop has no schedule */
    CU_ASSERT_EQUAL(recorder.counters.late, 0);
    load_recorder_fini(&recorder);
}

static void
an_expected_interval_corrects_a_closed_loop(void)
{
    open_recorder(false, 100);
    answer(1000, 1000, 1400); /* 400, and then 300, 200 and 100 that were not sent */
    CU_ASSERT_EQUAL(recorder.corrected->total, 4);
    CU_ASSERT_EQUAL(recorder.raw->total, 1);
    load_recorder_fini(&recorder);
}

static void
error_replies_count_whenever_they_come(void)
{
    const struct load_request request = {.intended_ns = 1};
    const struct load_reply reply = {.at_ns = 2, .kind = LOAD_ERROR};
    open_recorder(true, 0);
    load_recorder_answered(&recorder, &request, &reply);
    CU_ASSERT_EQUAL(recorder.counters.error_replies, 1);
    load_recorder_fini(&recorder);
}

CY_TEST_MAIN(
    "load.recorder", CY_TEST(nothing_is_measured_before_the_window_is_set),
    CY_TEST(latency_is_of_what_was_due_in_the_window_and_throughput_of_what_came_back_in_it),
    CY_TEST(late_is_what_is_sent_more_than_the_limit_behind),
    CY_TEST(an_expected_interval_corrects_a_closed_loop),
    CY_TEST(error_replies_count_whenever_they_come))
