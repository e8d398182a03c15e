/* test_schedule.c - when the requests of an open loop are due. */
#include "cy_test.h"
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000000)

static struct load_plan plan;
static struct load_schedule schedule;

static void
reads_stages_that_rise_from_the_rate_before(void)
{
    CY_OK(load_plan_parse(&plan, "10s:1k,30s:50k"));
    CU_ASSERT_EQUAL(plan.count, 2);
    CU_ASSERT_EQUAL(plan.stages[0].from, 0);
    CU_ASSERT_EQUAL(plan.stages[0].to, 1000);
    CU_ASSERT_EQUAL(plan.stages[1].from, 1000);
    CU_ASSERT_EQUAL(load_plan_duration(&plan), 40 * S);
    CU_ASSERT_DOUBLE_EQUAL(load_plan_requests(&plan), 5000 + 30 * 25500, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(load_plan_rate(&plan, 5 * S), 500, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(load_plan_rate(&plan, 10 * S), 1000, 1e-6);
    CU_ASSERT_EQUAL(load_plan_rate(&plan, 40 * S), 0);
    CU_ASSERT_EQUAL(load_plan_rate(&plan, -1), 0);
}

static void
refuses_malformed_stages(void)
{
    static const char *const bad[] = {"",       "10s", "10s:",       "10s:1k,",
                                      "10s;1k", ":1k", "10s:1k 2s:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_FAILS(load_plan_parse(&plan, bad[i]), -EINVAL);
    CY_FAILS(load_plan_parse(&plan, "0s:1k"), -ERANGE);
    CY_FAILS(load_plan_parse(&plan, "10s:0,5s:0"), -EINVAL); /* no load at all */
}

static void
takes_as_many_stages_as_the_limit_and_no_more(void)
{
    char text[LOAD_STAGES_MAX * 6 + 6] = "";
    for (size_t i = 0; i < LOAD_STAGES_MAX; i++)
        memcpy(text + (size_t) 5 * i, "1s:5,", 6);
    char *last_comma = text + (size_t) 5 * LOAD_STAGES_MAX - 1;
    *last_comma = '\0';
    CY_OK(load_plan_parse(&plan, text));
    CU_ASSERT_EQUAL(plan.count, LOAD_STAGES_MAX);
    memcpy(last_comma, ",1s:5", 6);
    CY_FAILS(load_plan_parse(&plan, text), -E2BIG);
}

static void
an_even_rate_has_even_gaps(void)
{
    load_plan_constant(&plan, 1000, 2 * S);
    load_schedule_init(&schedule, &plan, 0, 1);
    for (int64_t i = 0; i < 2000; i++)
        CU_ASSERT_DOUBLE_EQUAL((double) load_schedule_next(&schedule), (double) i * 1e6, 2);
    CU_ASSERT_EQUAL(load_schedule_next(&schedule), INT64_MAX);
    CU_ASSERT_EQUAL(load_schedule_next(&schedule), INT64_MAX);
}

static void
the_parts_of_a_plan_interleave(void)
{
    load_plan_constant(&plan, 1000, S);
    for (unsigned part = 0; part < 4; part++) {
        load_schedule_init(&schedule, &plan, part, 4);
        for (unsigned i = 0; i < 250; i++)
            CU_ASSERT_DOUBLE_EQUAL((double) load_schedule_next(&schedule), (i * 4 + part) * 1e6,
                                   2);
        CU_ASSERT_EQUAL(load_schedule_next(&schedule), INT64_MAX);
    }
}

static void
count_by_seconds(unsigned *count, size_t seconds)
{
    int64_t at, last = 0;
    memset(count, 0, seconds * sizeof *count);
    while ((at = load_schedule_next(&schedule)) != INT64_MAX) {
        CU_ASSERT_TRUE_FATAL(at >= last && at < (int64_t) seconds * S);
        count[at / S]++;
        last = at;
    }
}

static void
a_ramp_sends_what_lies_under_its_line(void)
{
    unsigned count[7];
    CY_OK(load_plan_parse(&plan, "4s:400,2s:400,1s:0"));
    load_schedule_init(&schedule, &plan, 0, 1);
    count_by_seconds(count, 7);
    static const unsigned expected[] = {50, 150, 250, 350, 400, 400, 200};
    for (size_t i = 0; i < 7; i++)
        CU_ASSERT_TRUE(abs((int) count[i] - (int) expected[i]) <= 1);
}

static void
poisson_arrivals_have_the_rate_and_the_spread_of_their_law(void)
{
    enum { SECONDS = 200 };
    unsigned count[SECONDS];
    struct load_random random;
    double sum = 0, squares = 0;
    load_plan_constant(&plan, 1000, SECONDS * S);
    load_random_seed(&random, 6, 0);
    load_schedule_init(&schedule, &plan, 0, 1);
    load_schedule_poisson(&schedule, &random);
    count_by_seconds(count, SECONDS);
    for (size_t i = 0; i < SECONDS; i++) {
        sum += count[i];
        squares += (double) count[i] * count[i];
    }
    double mean = sum / SECONDS, variance = squares / SECONDS - mean * mean;
    CU_ASSERT_DOUBLE_EQUAL(mean, 1000, 10);
    CU_ASSERT_DOUBLE_EQUAL(variance, 1000, 350); /* an even rate would have none */
}

CY_TEST_MAIN("load.schedule", CY_TEST(reads_stages_that_rise_from_the_rate_before),
             CY_TEST(refuses_malformed_stages),
             CY_TEST(takes_as_many_stages_as_the_limit_and_no_more),
             CY_TEST(an_even_rate_has_even_gaps), CY_TEST(the_parts_of_a_plan_interleave),
             CY_TEST(a_ramp_sends_what_lies_under_its_line),
             CY_TEST(poisson_arrivals_have_the_rate_and_the_spread_of_their_law))
