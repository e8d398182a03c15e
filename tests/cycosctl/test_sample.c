#include "cy_test.h"

#include "sample.h"

#include <cycos/time.h>
#include <string.h>

/* Rates from two samples. */

static const uint8_t NODE[16] = {1, 2, 3};

static struct ctl_sample
sample(uint64_t at, uint64_t idle, uint64_t messages)
{
    struct ctl_sample made = {
        .taken = true, .at_ns = at, .idle_ns = idle, .messages = messages};
    memcpy(made.node, NODE, sizeof NODE);
    return made;
}

static bool
about(double a, double b)
{
    return a > b - 1e-6 && a < b + 1e-6;
}

static void
rates_are_for_a_second(void)
{
    struct ctl_rates rates;
    struct ctl_sample before = sample(10 * CY_SECOND, CY_SECOND, 100);
    struct ctl_sample now = sample(12 * CY_SECOND, CY_SECOND + CY_SECOND / 2, 300);
    CU_ASSERT_TRUE(ctl_sample_rates(&rates, &before, &now));
    CU_ASSERT_TRUE(about(rates.busy, 75));
    CU_ASSERT_TRUE(about(rates.messages, 100));
    CU_ASSERT_TRUE(about(rates.lost, 0));
    now.idle_ns = CY_SECOND;
    CU_ASSERT_TRUE(ctl_sample_rates(&rates, &before, &now));
    CU_ASSERT_TRUE(about(rates.busy, 100));
    now.idle_ns = 4 * CY_SECOND; /* more than has passed: the clocks differ by a moment */
    CU_ASSERT_TRUE(ctl_sample_rates(&rates, &before, &now));
    CU_ASSERT_TRUE(about(rates.busy, 0));
    now.messages = 50; /* it never goes back */
    CU_ASSERT_TRUE(ctl_sample_rates(&rates, &before, &now));
    CU_ASSERT_TRUE(about(rates.messages, 0));
}

static void
samples_that_do_not_belong_together_give_none(void)
{
    struct ctl_rates rates;
    struct ctl_sample before = sample(1, 0, 0), now = sample(2, 0, 0);
    CU_ASSERT_TRUE(ctl_sample_rates(&rates, &before, &now));
    now.at_ns = 1;
    CU_ASSERT_FALSE(ctl_sample_rates(&rates, &before, &now));
    now.at_ns = 2;
    now.node[15] = 1;
    CU_ASSERT_FALSE(ctl_sample_rates(&rates, &before, &now));
    now.node[15] = 0;
    now.taken = false;
    CU_ASSERT_FALSE(ctl_sample_rates(&rates, &before, &now));
    now.taken = true;
    before.taken = false;
    CU_ASSERT_FALSE(ctl_sample_rates(&rates, &before, &now));
}

static void
put_counts(cy_value_writer *w, const char *key, const char *const *names, uint64_t first)
{
    size_t n = 0;
    while (names[n] != NULL)
        n++;
    cy_value_put_text(w, key);
    cy_value_put_map(w, n);
    for (size_t i = 0; i < n; i++)
        ctl_put_uint(w, names[i], first + i);
}

static void
a_sample_is_read_from_an_answer(void)
{
    static const char *const COUNTERS[] = {"idle_ns", "sent_here", "sent_across", "switches",
                                           "lost",    "refused",   NULL};
    static const char *const NETWORK[] = {"bytes_received", "bytes_sent", NULL};
    struct ctl_rows rows = {0};
    struct ctl_sample read;
    cy_value_writer *w = ctl_rows_begin(&rows, 4);
    cy_value_put_text(w, "node");
    cy_value_put_bytes(w, NODE, sizeof NODE);
    ctl_put_uint(w, "at", 77);
    put_counts(w, "counters", COUNTERS, 10);
    put_counts(w, "network", NETWORK, 100);
    CY_OK(ctl_rows_end(&rows));
    cy_value_reader map = ctl_row_read(&rows.row[0]);
    CU_ASSERT_TRUE(ctl_sample_read(&read, &map));
    CU_ASSERT_TRUE(read.taken);
    CU_ASSERT_EQUAL(memcmp(read.node, NODE, sizeof NODE), 0);
    CU_ASSERT_EQUAL(read.at_ns, 77);
    CU_ASSERT_EQUAL(read.idle_ns, 10);
    CU_ASSERT_EQUAL(read.messages, 11 + 12);
    CU_ASSERT_EQUAL(read.switches, 13);
    CU_ASSERT_EQUAL(read.lost, 14);
    CU_ASSERT_EQUAL(read.refused, 15);
    CU_ASSERT_EQUAL(read.bytes_in, 100);
    CU_ASSERT_EQUAL(read.bytes_out, 101);
    ctl_rows_fini(&rows);
}

static void
an_answer_without_what_it_takes_is_no_sample(void)
{
    struct ctl_rows rows = {0};
    struct ctl_sample read;
    (void) ctl_rows_begin(&rows, 0);
    CY_OK(ctl_rows_end(&rows));
    cy_value_writer *w = ctl_rows_begin(&rows, 1);
    cy_value_put_text(w, "node");
    cy_value_put_bytes(w, NODE, 15);
    CY_OK(ctl_rows_end(&rows));
    for (size_t i = 0; i < rows.count; i++) {
        cy_value_reader map = ctl_row_read(&rows.row[i]);
        CU_ASSERT_FALSE(ctl_sample_read(&read, &map));
        CU_ASSERT_FALSE(read.taken);
    }
    ctl_rows_fini(&rows);
}

CY_TEST_MAIN("cycosctl.sample", CY_TEST(rates_are_for_a_second),
             CY_TEST(samples_that_do_not_belong_together_give_none),
             CY_TEST(a_sample_is_read_from_an_answer),
             CY_TEST(an_answer_without_what_it_takes_is_no_sample))
