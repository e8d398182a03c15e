#include "cy_test.h"
#include <cycos/impl/time.h>

static void
units_are_nanoseconds(void)
{
    CU_ASSERT_EQUAL(CY_SECOND, INT64_C(1000000000));
    CU_ASSERT_EQUAL(CY_MICROSECOND, 1000 * CY_NANOSECOND);
    CU_ASSERT_EQUAL(CY_MILLISECOND, 1000 * CY_MICROSECOND);
    CU_ASSERT_EQUAL(CY_SECOND, 1000 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(CY_HOUR, 3600 * CY_SECOND);
    CU_ASSERT_EQUAL(CY_MINUTE, 60 * CY_SECOND);
}

static void
add_is_exact_up_to_the_end_of_time(void)
{
    CU_ASSERT_EQUAL(cyi_time_add(5, 7), 12);
    CU_ASSERT_EQUAL(cyi_time_add(CY_SECOND, -CY_MILLISECOND), 999 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(cyi_time_add(1, CY_FOREVER - 2), CY_FOREVER - 1);
    CU_ASSERT_EQUAL(cyi_time_add(1, CY_FOREVER - 1), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_time_add(2, CY_FOREVER - 1), CY_FOREVER);
}

static void
forever_absorbs_every_duration(void)
{
    CU_ASSERT_EQUAL(cyi_time_add(CY_FOREVER, 0), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_time_add(CY_FOREVER, -CY_HOUR), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_time_add(CY_SECOND, CY_FOREVER), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_time_add(0, CY_FOREVER), CY_FOREVER);
}

static void
a_sum_before_the_start_is_now(void)
{
    CU_ASSERT_EQUAL(cyi_time_add(5, -5), CY_NOW);
    CU_ASSERT_EQUAL(cyi_time_add(5, -6), CY_NOW);
    CU_ASSERT_EQUAL(cyi_time_add(-2, INT64_MIN), CY_NOW);
}

static void
until_is_zero_once_the_deadline_has_passed(void)
{
    CU_ASSERT_EQUAL(cyi_time_until(10, 9), 1);
    CU_ASSERT_EQUAL(cyi_time_until(10, 10), 0);
    CU_ASSERT_EQUAL(cyi_time_until(10, 11), 0);
    CU_ASSERT_EQUAL(cyi_time_until(CY_NOW, 11), 0);
    CU_ASSERT_EQUAL(cyi_time_until(CY_FOREVER, 11), CY_FOREVER);
}

CY_TEST_MAIN("runtime.time", CY_TEST(units_are_nanoseconds),
             CY_TEST(add_is_exact_up_to_the_end_of_time),
             CY_TEST(forever_absorbs_every_duration), CY_TEST(a_sum_before_the_start_is_now),
             CY_TEST(until_is_zero_once_the_deadline_has_passed))
