/* test_search.c - the search for the highest rate. */
#include "cy_test.h"
#include "search.h"

static double
find(double first, double knee)
{
    struct load_search search;
    load_search_init(&search, first);
    while (load_search_continue(&search))
        load_search_report(&search, search.next <= knee);
    CU_ASSERT_TRUE(search.trials <= LOAD_TRIALS_MAX);
    return search.passed;
}

static void
comes_within_five_percent_of_the_knee_from_below(void)
{
    static const double knees[] = {20, 1000, 1001, 64000, 123456, 2.5e6};
    for (unsigned i = 0; i < sizeof knees / sizeof knees[0]; i++) {
        double found = find(1000, knees[i]);
        CU_ASSERT_TRUE(found <= knees[i] && found * 1.05 >= knees[i] * 0.999);
    }
}

static void
goes_down_when_the_first_rate_fails(void)
{
    double found = find(1e6, 100);
    CU_ASSERT_TRUE(found <= 100 && found > 94);
}

static void
says_zero_when_nothing_passes(void)
{
    CU_ASSERT_EQUAL(find(1000, 0), 0);
}

static void
ends_where_everything_passes(void)
{
    CU_ASSERT_TRUE(find(1000, 1e300) >= 5e8);
}

CY_TEST_MAIN("load.search", CY_TEST(comes_within_five_percent_of_the_knee_from_below),
             CY_TEST(goes_down_when_the_first_rate_fails),
             CY_TEST(says_zero_when_nothing_passes), CY_TEST(ends_where_everything_passes))
