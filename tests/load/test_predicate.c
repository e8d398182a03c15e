/* test_predicate.c - conditions on the result. */
#include "cy_test.h"
#include "predicate.h"
#include "result.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static struct load_result result;
static struct load_predicates predicates;

/* 1000 requests of 1 to 1000 us, the raw ones ten times as fast, 5 late, 2 errors. */
static void
make_result(void)
{
    CY_OK(load_result_init(&result, NULL, 1, 1));
    for (int64_t i = 1; i <= 1000; i++) {
        load_histogram_record(result.corrected, i * 1000);
        load_histogram_record(result.raw, i * 100);
    }
    result.elapsed_s = 2;
    result.total.completed = 990;
    result.total.dropped = 10;
    result.total.late = 5;
    result.total.error_replies = 2;
    result.total.faults.stale = 3;
    result.total.unproved = 6;
}

static bool
holds(const char *text)
{
    const char *where;
    struct load_predicates_verdict verdict;
    CY_OK(load_predicates_parse(&predicates, text, &where));
    load_predicates_check(&predicates, &result, &verdict);
    return verdict.all;
}

static void
compares_times_with_their_units(void)
{
    make_result();
    CU_ASSERT_TRUE(holds("p99<1ms"));
    CU_ASSERT_FALSE(holds("p99<980us"));
    CU_ASSERT_TRUE(holds("raw.p99<100us"));
    CU_ASSERT_TRUE(holds("p50>=500us,p50<501us"));
    CU_ASSERT_TRUE(holds("p99.9<=1ms"));
    CU_ASSERT_TRUE(holds("max==1ms,min==1us,raw.max==100us"));
    CU_ASSERT_TRUE(holds("mean>500us,mean<501us,stddev>280us"));
    load_result_fini(&result);
}

static void
compares_counts_rates_and_shares(void)
{
    make_result();
    CU_ASSERT_TRUE(holds("errors==2"));
    CU_ASSERT_TRUE(holds("errors!=0, faults = 3, stale>2, lost==0"));
    CU_ASSERT_TRUE(holds("throughput>494,rps<=495"));
    CU_ASSERT_TRUE(holds("unproved==6"));
    CU_ASSERT_TRUE(holds("late<1%"));
    CU_ASSERT_FALSE(holds("late<0.5%"));
    CU_ASSERT_TRUE(holds("dropped<=1%"));
    CU_ASSERT_FALSE(holds("dropped<1%"));
    CU_ASSERT_TRUE(holds("requests<1k"));
    load_result_fini(&result);
}

static void
each_relation_is_strict_where_it_should_be(void)
{
    make_result();
    CU_ASSERT_FALSE(holds("late<5"));
    CU_ASSERT_TRUE(holds("late<=5"));
    CU_ASSERT_FALSE(holds("late>5"));
    CU_ASSERT_TRUE(holds("late>=5"));
    CU_ASSERT_TRUE(holds("late==5"));
    CU_ASSERT_FALSE(holds("late!=5"));
    load_result_fini(&result);
}

static void
all_conditions_must_hold_and_each_is_told(void)
{
    const char *where;
    struct load_predicates_verdict verdict;
    make_result();
    CY_OK(load_predicates_parse(&predicates, "p99<1ms, errors==0", &where));
    load_predicates_check(&predicates, &result, &verdict);
    CU_ASSERT_TRUE(verdict.holds[0]);
    CU_ASSERT_FALSE(verdict.holds[1]);
    CU_ASSERT_FALSE(verdict.all);
    CU_ASSERT_EQUAL(verdict.value[1], 2);
    CU_ASSERT_STRING_EQUAL(predicates.items[1].text, "errors==0");
    load_result_fini(&result);
}

static void
no_latency_is_good_enough_where_nothing_was_answered(void)
{
    CY_OK(load_result_init(&result, NULL, 1, 1));
    CU_ASSERT_FALSE(holds("p99<5ms"));
    CU_ASSERT_TRUE(holds("errors==0,late<1%"));
    load_result_fini(&result);
}

static void
says_where_a_condition_is_wrong(void)
{
    static const struct {
        const char *text;
        int code;
        size_t where;
    } bad[] = {{"", -ENOENT, 0},
               {"p99", -EINVAL, 0},
               {"p99<5ms,", -ENOENT, 8},
               {"p99<5ms errors==0", -EINVAL, 0},
               {"errors==0,px<1ms", -ENOENT, 10},
               {"p99<5", -EINVAL, 0},
               {"p101<5ms", -ENOENT, 0},
               {"raw.errors==0", -ENOENT, 0},
               {"errors~0", -EINVAL, 0},
               {"p9.9.9<1ms", -ENOENT, 0},
               {"throughput<5%", -EINVAL, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *where = NULL;
        CY_FAILS(load_predicates_parse(&predicates, bad[i].text, &where), bad[i].code);
        CU_ASSERT_EQUAL(where - bad[i].text, (long) bad[i].where);
    }
}

static void
takes_sixteen_conditions_and_no_more(void)
{
    char text[17 * 7 + 1] = "";
    const char *where;
    for (size_t i = 0; i < 17; i++)
        memcpy(text + 7 * i, "late<1,", 8);
    text[16 * 7 - 1] = '\0';
    CY_OK(load_predicates_parse(&predicates, text, &where));
    CU_ASSERT_EQUAL(predicates.count, LOAD_PREDICATES_MAX);
    text[16 * 7 - 1] = ',';
    text[17 * 7 - 1] = '\0';
    CY_FAILS(load_predicates_parse(&predicates, text, &where), -E2BIG);
}

CY_TEST_MAIN("load.predicate", CY_TEST(compares_times_with_their_units),
             CY_TEST(compares_counts_rates_and_shares),
             CY_TEST(each_relation_is_strict_where_it_should_be),
             CY_TEST(all_conditions_must_hold_and_each_is_told),
             CY_TEST(no_latency_is_good_enough_where_nothing_was_answered),
             CY_TEST(says_where_a_condition_is_wrong),
             CY_TEST(takes_sixteen_conditions_and_no_more))
