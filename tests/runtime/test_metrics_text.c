#include "cy_test.h"
#include "metrics_text.h"

#include <stdlib.h>
#include <string.h>

static const struct cyi_metric some[] = {
    {"a_total", "How many a.", NULL, CYI_METRIC_COUNTER, false, false},
    {"b_total", "Of b, by way.", "way=\"in\"", CYI_METRIC_COUNTER, false, false},
    {"b_total", NULL, "way=\"out\"", CYI_METRIC_COUNTER, false, false},
    {"c_seconds", "How long.", NULL, CYI_METRIC_GAUGE, true, false},
};
static const struct cyi_metric more[] = {
    {"d", "Of all.", NULL, CYI_METRIC_GAUGE, false, true},
    {"e", "Of all, by what.", "what=\"x\"", CYI_METRIC_GAUGE, true, true},
};
static const struct cyi_metric_set first = {some, 4, NULL}, second = {more, 2, NULL};
static const struct cyi_metric_sets sets = {{&first, &second}, 2, 6};

static char text[4096];

static FILE *
begin(void)
{
    memset(text, 0, sizeof text);
    return fmemopen(text, sizeof text, "w");
}

static void
writes_a_line_for_each_core_and_one_for_the_node(void)
{
    static const bool up[] = {true, true};
    static const uint64_t values[] = {1, 2, 3, 4000000000, 5,  6, /* core 0 */
                                      7, 8, 9, 10,         11, UINT64_MAX};
    static const char wanted[] =
        "# HELP cycos_core_up Whether the core has answered in time; it shows no other "
        "numbers if not.\n"
        "# TYPE cycos_core_up gauge\ncycos_core_up{core=\"0\"} 1\ncycos_core_up{core=\"1\"} 1\n"
        "# HELP a_total How many a.\n# TYPE a_total counter\n"
        "a_total{core=\"0\"} 1\na_total{core=\"1\"} 7\n"
        "# HELP b_total Of b, by way.\n# TYPE b_total counter\n"
        "b_total{core=\"0\",way=\"in\"} 2\nb_total{core=\"1\",way=\"in\"} 8\n"
        "b_total{core=\"0\",way=\"out\"} 3\nb_total{core=\"1\",way=\"out\"} 9\n"
        "# HELP c_seconds How long.\n# TYPE c_seconds gauge\n"
        "c_seconds{core=\"0\"} 4.000000000\nc_seconds{core=\"1\"} 0.000000010\n"
        "# HELP d Of all.\n# TYPE d gauge\nd 5\n"
        "# HELP e Of all, by what.\n# TYPE e gauge\ne{what=\"x\"} 0.000000006\n";
    const struct cyi_metrics_table table = {&sets, 2, up, values};
    FILE *out = begin();
    cyi_metrics_write(out, &table);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

static void
a_core_that_is_down_shows_nothing_else(void)
{
    static const bool up[] = {false, true, false};
    static const uint64_t values[18] = {[6] = 42};
    const struct cyi_metrics_table table = {&sets, 3, up, values};
    FILE *out = begin();
    cyi_metrics_write(out, &table);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncycos_core_up{core=\"0\"} 0\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncycos_core_up{core=\"1\"} 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncycos_core_up{core=\"2\"} 0\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "a_total{core=\"0\"}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\na_total{core=\"1\"} 42\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "\nd ")); /* it is core 0 that knows */
}

static void
the_largest_numbers_stay_whole(void)
{
    static const bool up[] = {true};
    static const uint64_t values[] = {UINT64_MAX, 0, 0, UINT64_MAX, 0, 0};
    const struct cyi_metrics_table table = {&sets, 1, up, values};
    FILE *out = begin();
    cyi_metrics_write(out, &table);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\na_total{core=\"0\"} 18446744073709551615\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nc_seconds{core=\"0\"} 18446744073.709551615\n"));
}

static void
escapes_what_would_end_a_label_or_a_line(void)
{
    FILE *out = begin();
    cyi_metric_write_quoted(out, "a\"b\\c\nd {}=,\xc3\xa4");
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "\"a\\\"b\\\\c\\nd {}=,\xc3\xa4\"");
}

/* There a quote stands for itself. */
static void
escapes_help_by_its_own_rules(void)
{
    static const struct cyi_metric odd = {"x",   "a\"b\\c\nd", NULL, CYI_METRIC_GAUGE,
                                          false, false};
    FILE *out = begin();
    cyi_metric_write_head(out, &odd);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "# HELP x a\"b\\\\c\\nd\n# TYPE x gauge\n");
}

CY_TEST_MAIN("runtime.metrics_text", CY_TEST(writes_a_line_for_each_core_and_one_for_the_node),
             CY_TEST(a_core_that_is_down_shows_nothing_else),
             CY_TEST(the_largest_numbers_stay_whole),
             CY_TEST(escapes_what_would_end_a_label_or_a_line),
             CY_TEST(escapes_help_by_its_own_rules))
