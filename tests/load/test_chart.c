/* test_chart.c - axes with round values, lines within the field. */
#include "chart.h"
#include "cy_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
steps_are_one_two_or_five_times_a_power_of_ten(void)
{
    CU_ASSERT_DOUBLE_EQUAL(load_axis_step(10, 10), 1, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(load_axis_step(11, 10), 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(load_axis_step(45, 10), 5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(load_axis_step(60, 10), 10, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(load_axis_step(0.3, 5), 0.1, 1e-9);
}

static void
axes_end_at_round_values(void)
{
    struct load_axis axis = load_axis_fit(0, 930000, false, LOAD_CHART_RATE);
    CU_ASSERT_TRUE(axis.low == 0 && fabs(axis.high - 1e6) < 1);
    axis = load_axis_fit(35e3, 2.4e6, true, LOAD_CHART_TIME);
    CU_ASSERT_DOUBLE_EQUAL(axis.low, 1e4, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(axis.high, 1e7, 1e-6);
    axis = load_axis_fit(0, 0, false, LOAD_CHART_RATE);
    CU_ASSERT_TRUE(axis.high >= 1);
    axis = load_axis_fit(0, 0, true, LOAD_CHART_TIME);
    CU_ASSERT_TRUE(axis.low > 0 && axis.high > axis.low);
}

static char *
draw(const double *x, const double *y, size_t count)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct load_chart chart = {.x = {0, 10, false, LOAD_CHART_SECONDS},
                               .y = {1e3, 1e6, true, LOAD_CHART_TIME}};
    load_chart_begin(&chart, file, "title");
    load_chart_shade(&chart, 0, 1);
    load_chart_line(&chart, "a", x, y, count);
    load_chart_end(&chart);
    fclose(file);
    return text;
}

static void
lines_lie_within_the_field_even_if_values_do_not(void)
{
    const double x[] = {-5, 5, 50}, y[] = {0, 1e4, 1e9};
    char *text = draw(x, y, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<svg "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">10us</text>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "points=\"76.0,266.0 448.0,188.7 820.0,34.0 \""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</svg>"));
    free(text);
}

static void
a_single_point_is_drawn_as_a_dot_and_none_as_nothing(void)
{
    const double x[] = {5}, y[] = {1e4};
    char *text = draw(x, y, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<circle"));
    free(text);
    text = draw(x, y, 0);
    CU_ASSERT_PTR_NULL(strstr(text, "<polyline"));
    free(text);
}

CY_TEST_MAIN("load.chart", CY_TEST(steps_are_one_two_or_five_times_a_power_of_ten),
             CY_TEST(axes_end_at_round_values),
             CY_TEST(lines_lie_within_the_field_even_if_values_do_not),
             CY_TEST(a_single_point_is_drawn_as_a_dot_and_none_as_nothing))
