/* test_seconds.c - no reported second is partly warm-up. */
#include "cy_test.h"
#include "seconds.h"

#define MS INT64_C(1000000)

static struct load_seconds
cut(int64_t warmup_ms, int64_t duration_ms)
{
    struct load_settings settings = {.warmup_ns = warmup_ms * MS,
                                     .duration_ns = duration_ms * MS};
    return load_seconds_of(&settings);
}

static void
whole_seconds_are_cut_into_as_many(void)
{
    struct load_seconds s = cut(1000, 3000);
    CU_ASSERT_EQUAL(s.warmups, 1);
    CU_ASSERT_EQUAL(s.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(load_second_end(&s, i), ((int64_t) i + 1) * 1000 * MS);
}

static void
the_first_and_the_last_may_be_short(void)
{
    struct load_seconds s = cut(1200, 2500);
    CU_ASSERT_EQUAL(s.warmups, 2);
    CU_ASSERT_EQUAL(s.count, 5);
    CU_ASSERT_EQUAL(load_second_end(&s, 0), 200 * MS);
    CU_ASSERT_EQUAL(load_second_end(&s, 1), 1200 * MS);
    CU_ASSERT_EQUAL(load_second_end(&s, 2), 2200 * MS);
    CU_ASSERT_EQUAL(load_second_end(&s, 4), 3700 * MS);
}

static void
without_a_warm_up_measuring_starts_at_once(void)
{
    struct load_seconds s = cut(0, 300);
    CU_ASSERT_EQUAL(s.warmups, 0);
    CU_ASSERT_EQUAL(s.count, 1);
    CU_ASSERT_EQUAL(load_second_end(&s, 0), 300 * MS);
}

CY_TEST_MAIN("load.seconds", CY_TEST(whole_seconds_are_cut_into_as_many),
             CY_TEST(the_first_and_the_last_may_be_short),
             CY_TEST(without_a_warm_up_measuring_starts_at_once))
