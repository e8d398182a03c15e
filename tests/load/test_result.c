/* test_result.c - sums of what was counted. */
#include "cy_test.h"
#include "result.h"

#include <string.h>

static void
every_counter_is_added(void)
{
    struct load_counters sum, one;
    uint64_t *words = (uint64_t *) &one;
    size_t count = sizeof one / sizeof words[0];
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < count; i++)
        words[i] = i + 1;
    load_counters_add(&sum, &one);
    load_counters_add(&sum, &one);
    words = (uint64_t *) &sum;
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(words[i], 2 * (i + 1));
}

static void
errors_and_faults_are_different_sums(void)
{
    struct load_counters c = {.error_replies = 1,
                              .disconnects = 2,
                              .connect_errors = 4,
                              .timeouts = 8,
                              .late = 1000,
                              .dropped = 1000};
    c.faults = (struct load_faults){1, 2, 4, 8, 16};
    CU_ASSERT_EQUAL(load_counters_errors(&c), 15);
    CU_ASSERT_EQUAL(load_faults_sum(&c.faults), 31);
}

static void
throughput_is_what_was_completed_per_second_of_measuring(void)
{
    struct load_result result;
    CY_OK(load_result_init(&result, NULL, 10, 2));
    CU_ASSERT_EQUAL(load_result_throughput(&result), 0);
    result.elapsed_s = 4;
    result.total.completed = 100;
    CU_ASSERT_EQUAL(load_result_throughput(&result), 25);
    load_result_fini(&result);
}

CY_TEST_MAIN("load.result", CY_TEST(every_counter_is_added),
             CY_TEST(errors_and_faults_are_different_sums),
             CY_TEST(throughput_is_what_was_completed_per_second_of_measuring))
