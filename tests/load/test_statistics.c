/* test_statistics.c - noise and difference, against known values. */
#include "cy_test.h"
#include "random.h"
#include "statistics.h"

#include <math.h>

static void
mean_and_variance_are_those_of_the_sample(void)
{
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct load_sample s = load_sample_of(values, 8);
    CU_ASSERT_DOUBLE_EQUAL(s.mean, 5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s.variance, 32.0 / 7, 1e-9);
    CU_ASSERT_EQUAL(load_sample_of(values, 1).variance, 0);
}

static void
students_quantiles_are_those_of_the_table(void)
{
    CU_ASSERT_DOUBLE_EQUAL(load_student(1), 12.706, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(load_student(4), 2.776, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(load_student(6), 2.447, 2e-3);
    CU_ASSERT_DOUBLE_EQUAL(load_student(10), 2.228, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(load_student(30), 2.042, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(load_student(1e9), 1.960, 1e-3);
}

static void
too_few_samples_tell_nothing(void)
{
    const double one[] = {5}, two[] = {5, 6}, zero[] = {0, 0};
    struct load_sample a = load_sample_of(one, 1), b = load_sample_of(two, 2);
    struct load_ratio r = load_compare(&a, &b);
    CU_ASSERT_DOUBLE_EQUAL(r.ratio, 1.1, 1e-9);
    CU_ASSERT_TRUE(r.low == 0 && isinf(r.high));
    struct load_sample z = load_sample_of(zero, 2);
    CU_ASSERT_TRUE(isinf(load_compare(&z, &b).high));
}

static void
equal_values_have_an_interval_of_no_width(void)
{
    const double a[] = {5, 5, 5}, b[] = {10, 10, 10};
    struct load_sample sa = load_sample_of(a, 3), sb = load_sample_of(b, 3);
    struct load_ratio r = load_compare(&sa, &sb);
    CU_ASSERT_DOUBLE_EQUAL(r.low, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(r.high, 2, 1e-9);
}

/* Of many pairs with a true ratio of 1.1 some 95 % of the intervals hold it. */
static void
the_interval_covers_the_true_ratio_as_often_as_it_says(void)
{
    struct load_random random;
    int covered = 0;
    load_random_seed(&random, 11, 0);
    for (int trial = 0; trial < 2000; trial++) {
        double a[10], b[10];
        for (int i = 0; i < 10; i++) {
            a[i] = 100 + 40 * (load_random_unit(&random) - 0.5);
            b[i] = 110 + 80 * (load_random_unit(&random) - 0.5);
        }
        struct load_sample sa = load_sample_of(a, 10), sb = load_sample_of(b, 10);
        struct load_ratio r = load_compare(&sa, &sb);
        covered += r.low <= 1.1 && 1.1 <= r.high;
    }
    CU_ASSERT_TRUE(covered > 1860 && covered < 1940);
}

CY_TEST_MAIN("load.statistics", CY_TEST(mean_and_variance_are_those_of_the_sample),
             CY_TEST(students_quantiles_are_those_of_the_table),
             CY_TEST(too_few_samples_tell_nothing),
             CY_TEST(equal_values_have_an_interval_of_no_width),
             CY_TEST(the_interval_covers_the_true_ratio_as_often_as_it_says))
