/* test_tally.c - what parts report, in whatever order it comes. */
#include "cy_node.h"
#include "messages.h"
#include "tally.h"

#include <string.h>

enum { PARTS = 3, SECONDS = 40 };

static struct load_settings settings;
static struct load_result result;
static struct load_tally tally;

static void
begin(void)
{
    struct load_flags flags;
    char error[300];
    load_flags_init(&flags);
    flags.warmup = "0s";
    flags.duration_ns = SECONDS * CY_SECOND;
    flags.progress = false;
    CY_CHECK_EQ(load_settings_make(&settings, &flags, "tcp://a:1", error, sizeof error), 0);
    CY_CHECK_EQ(load_result_init(&result, &settings, SECONDS, PARTS), 0);
    CY_CHECK_EQ(load_tally_init(&tally, &settings, &result, PARTS), 0);
}

static int
end(void)
{
    load_tally_fini(&tally);
    load_result_fini(&result);
    return 0;
}

static void
tell_second(uint32_t part, uint32_t index)
{
    const struct load_msg_second head = {.part = part, .index = index, .completed = 1};
    struct load_histogram *histogram = load_histogram_create();
    cy_msg *msg = NULL;
    load_histogram_record(histogram, (int64_t) 1000 * (part + 1));
    CY_CHECK_EQ(load_send_second(cy_self(), &head, histogram), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
    load_tally_second(&tally, msg);
    cy_msg_free(&msg);
    load_histogram_free(&histogram);
}

static void
tell_done(uint32_t part, uint32_t stopped)
{
    struct load_msg_done head = {.part = part, .connections = 5, .stopped = stopped};
    struct load_histogram *histogram = load_histogram_create();
    cy_msg *msg = NULL;
    head.counters.completed = 7;
    load_histogram_record(histogram, 1000);
    CY_CHECK_EQ(load_send_done(cy_self(), &head, histogram, histogram), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
    load_tally_done(&tally, msg);
    cy_msg_free(&msg);
    load_histogram_free(&histogram);
}

static int
tell_of_a_second_one_after_the_other(void *arg)
{
    (void) arg;
    begin();
    tell_second(0, 0), tell_second(0, 1), tell_second(1, 0);
    CY_CHECK_EQ(result.seconds_done, 0);
    tell_second(2, 0);
    CY_CHECK_EQ(result.seconds_done, 1);
    CY_CHECK_EQ(result.seconds[0].completed, PARTS);
    CY_CHECK_EQ(result.seconds[0].max_ns, 3000);
    tell_second(2, 1), tell_second(1, 1);
    CY_CHECK_EQ(result.seconds_done, 2);
    return end();
}

static int
lose_a_part(void *arg)
{
    (void) arg;
    begin();
    for (uint32_t part = 0; part < PARTS; part++)
        tell_second(part, 0);
    tell_second(0, 1), tell_second(1, 1), tell_second(0, 2);
    CY_CHECK_EQ(result.seconds_done, 1);
    load_tally_end(&tally, 2);
    CY_CHECK_EQ(result.seconds_done, 2);
    load_tally_end(&tally, 1);
    CY_CHECK_EQ(result.seconds_done, 3);
    load_tally_end(&tally, 0);
    CY_CHECK_EQ(result.seconds_done, 3);
    return end();
}

static int
leave_a_part_behind(void *arg)
{
    (void) arg;
    begin();
    tell_second(2, 0);
    for (uint32_t i = 0; i < LOAD_OPEN_SECONDS; i++)
        tell_second(0, i), tell_second(1, i);
    CY_CHECK_EQ(result.seconds_done, 1);
    tell_second(0, LOAD_OPEN_SECONDS + 1); /* no room for it before the second is closed */
    CY_CHECK_EQ(result.seconds_done, 2);
    CY_CHECK_EQ(result.seconds[1].completed, 2);
    tell_second(2, 1);
    CY_CHECK_EQ(result.seconds[1].completed, 3);
    CY_CHECK_EQ(result.seconds[1].max_ns, 2000);
    return end();
}

static int
hear_last_words(void *arg)
{
    (void) arg;
    begin();
    tell_done(0, 0), tell_done(1, 1);
    CY_CHECK_EQ(result.total.completed, 14);
    CY_CHECK_EQ(result.corrected->total, 2);
    CY_CHECK_EQ(result.cores[0].fate, LOAD_FATE_DONE);
    CY_CHECK_EQ(result.cores[1].fate, LOAD_FATE_STOPPED);
    CY_CHECK_EQ(result.cores[2].fate, LOAD_FATE_LOST);
    CY_CHECK_EQ(load_result_missing(&result), 0); /* they are of this node */
    for (uint32_t part = 0; part < PARTS; part++)
        memcpy(result.cores[part].node, "w", 2);
    CY_CHECK_EQ(load_result_missing(&result), 2);
    result.interrupted = true;
    CY_CHECK_EQ(load_result_missing(&result), 0);
    return end();
}

static int
hear_nonsense(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    begin();
    tell_second(PARTS, 0), tell_second(0, SECONDS), tell_done(PARTS, 0);
    CY_CHECK_EQ(cy_msg_copy(&msg, LOAD_MSG_SECOND, "x", 1), 0);
    load_tally_second(&tally, msg);
    load_tally_done(&tally, msg);
    cy_msg_free(&msg);
    CY_CHECK_EQ(result.seconds_done, 0);
    CY_CHECK_EQ(result.total.completed, 0);
    return end();
}

static void
a_second_is_complete_when_all_parts_have_told_of_it(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, tell_of_a_second_one_after_the_other, NULL), 0);
}

static void
a_part_that_has_ended_is_not_waited_for(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, lose_a_part, NULL), 0);
}

static void
a_part_that_falls_far_behind_is_in_the_sums_only(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, leave_a_part_behind, NULL), 0);
}

static void
the_last_words_are_added_and_each_part_has_its_fate(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, hear_last_words, NULL), 0);
}

static void
nonsense_is_passed_over(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, hear_nonsense, NULL), 0);
}

CY_TEST_MAIN("load.tally", CY_TEST(a_second_is_complete_when_all_parts_have_told_of_it),
             CY_TEST(a_part_that_has_ended_is_not_waited_for),
             CY_TEST(a_part_that_falls_far_behind_is_in_the_sums_only),
             CY_TEST(the_last_words_are_added_and_each_part_has_its_fate),
             CY_TEST(nonsense_is_passed_over))
