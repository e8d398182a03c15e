/* test_histogram.c - the histogram, against known values. */
#include "cy_test.h"
#include "histogram.h"

#include <stdlib.h>
#include <string.h>

static struct load_histogram *h;

static void
fresh(void)
{
    load_histogram_free(&h);
    h = load_histogram_create();
}

static void
an_empty_histogram_answers_zero(void)
{
    fresh();
    CU_ASSERT_EQUAL(load_histogram_min(h), 0);
    CU_ASSERT_EQUAL(h->max, 0);
    CU_ASSERT_EQUAL(load_histogram_mean(h), 0);
    CU_ASSERT_EQUAL(load_histogram_deviation(h), 0);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 99), 0);
    CU_ASSERT_EQUAL(load_histogram_count_to(h, LOAD_HISTOGRAM_MAX), 0);
    load_histogram_free(&h);
}

static void
values_up_to_2047_are_exact(void)
{
    fresh();
    for (int64_t v = 1; v <= 1000; v++)
        load_histogram_record(h, v);
    CU_ASSERT_EQUAL(load_histogram_min(h), 1);
    CU_ASSERT_EQUAL(h->max, 1000);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 50), 500);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 99), 990);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 99.9), 999);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 0), 1);
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 100), 1000);
    CU_ASSERT_DOUBLE_EQUAL(load_histogram_mean(h), 500.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(load_histogram_deviation(h), 288.675, 1e-3);
    CU_ASSERT_EQUAL(load_histogram_count_to(h, 250), 250);
    load_histogram_free(&h);
}

static void
every_value_is_kept_within_a_thousandth(void)
{
    for (int64_t v = 1; v < LOAD_HISTOGRAM_MAX; v += 1 + v / 7) {
        int64_t top = load_histogram_highest_equivalent(v);
        CU_ASSERT_TRUE(top >= v);
        CU_ASSERT_TRUE((double) (top - v) <= (double) v / 1000);
        CU_ASSERT_EQUAL(load_histogram_highest_equivalent(top), top);
        CU_ASSERT_TRUE(load_histogram_highest_equivalent(top + 1) > top);
    }
}

static void
the_counters_change_width_at_powers_of_two(void)
{
    CU_ASSERT_EQUAL(load_histogram_highest_equivalent(2047), 2047);
    CU_ASSERT_EQUAL(load_histogram_highest_equivalent(2048), 2049);
    CU_ASSERT_EQUAL(load_histogram_highest_equivalent(4095), 4095);
    CU_ASSERT_EQUAL(load_histogram_highest_equivalent(4096), 4099);
}

static void
one_hour_fits_and_more_is_counted_as_saturated(void)
{
    fresh();
    load_histogram_record(h, LOAD_HISTOGRAM_MAX);
    CU_ASSERT_EQUAL(h->saturated, 0);
    load_histogram_record(h, LOAD_HISTOGRAM_MAX + 1);
    load_histogram_record(h, INT64_MAX);
    CU_ASSERT_EQUAL(h->saturated, 2);
    CU_ASSERT_EQUAL(h->total, 3);
    CU_ASSERT_EQUAL(h->max, LOAD_HISTOGRAM_MAX);
    load_histogram_record(h, -5);
    CU_ASSERT_EQUAL(load_histogram_min(h), 0);
    load_histogram_free(&h);
}

/* The example of HdrHistogram's own documentation: 10 000 x 1 ms, then a stall of 100 s. */
static void
correction_fills_in_what_a_stall_kept_from_being_measured(void)
{
    const int64_t ms = 1000000;
    struct load_histogram *raw = load_histogram_create();
    fresh();
    for (int i = 0; i < 10000; i++) {
        load_histogram_record_corrected(raw, ms, 0);
        load_histogram_record_corrected(h, ms, 10 * ms);
    }
    load_histogram_record_corrected(raw, 100000 * ms, 0);
    load_histogram_record_corrected(h, 100000 * ms, 10 * ms);
    CU_ASSERT_EQUAL(raw->total, 10001);
    CU_ASSERT_EQUAL(h->total, 20000);
    CU_ASSERT_EQUAL(load_histogram_percentile(raw, 99), load_histogram_highest_equivalent(ms));
    CU_ASSERT_EQUAL(load_histogram_percentile(h, 50), load_histogram_highest_equivalent(ms));
    CU_ASSERT_DOUBLE_EQUAL((double) load_histogram_percentile(h, 75), 50e9, 50e6);
    CU_ASSERT_DOUBLE_EQUAL((double) load_histogram_percentile(h, 99), 98e9, 98e6);
    CU_ASSERT_DOUBLE_EQUAL(load_histogram_mean(h), 25.0025e9, 25e6);
    load_histogram_free(&raw);
    load_histogram_free(&h);
}

static void
a_merge_equals_recording_into_one(void)
{
    struct load_histogram *a = load_histogram_create(), *b = load_histogram_create();
    fresh();
    for (int64_t i = 0; i < 10000; i++) {
        load_histogram_record(i % 3 == 0 ? a : b, i * i);
        load_histogram_record(h, i * i);
    }
    load_histogram_merge(a, b);
    CU_ASSERT_EQUAL(memcmp(a, h, sizeof *h), 0);
    load_histogram_free(&a);
    load_histogram_free(&b);
    load_histogram_free(&h);
}

CY_TEST_MAIN("load.histogram", CY_TEST(an_empty_histogram_answers_zero),
             CY_TEST(values_up_to_2047_are_exact),
             CY_TEST(every_value_is_kept_within_a_thousandth),
             CY_TEST(the_counters_change_width_at_powers_of_two),
             CY_TEST(one_hour_fits_and_more_is_counted_as_saturated),
             CY_TEST(correction_fills_in_what_a_stall_kept_from_being_measured),
             CY_TEST(a_merge_equals_recording_into_one))
