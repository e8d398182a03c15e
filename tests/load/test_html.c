/* test_html.c - the page: complete, self-contained, harmless. */
#include "cy_test.h"
#include "html.h"
#include "sample_result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sample sample;

static unsigned
occurrences(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

static void
holds_three_charts_and_needs_nothing_from_elsewhere(void)
{
    sample_make(&sample, 3);
    char *text = sample_text(&sample, load_html_write);
    CU_ASSERT_EQUAL(occurrences(text, "<svg "), 3);
    CU_ASSERT_EQUAL(occurrences(text, "</svg>"), 3);
    CU_ASSERT_EQUAL(occurrences(text, "<polyline"), 2 + 3 + 2);
    CU_ASSERT_EQUAL(occurrences(text, "http"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "<script"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "nan"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "<table"), occurrences(text, "</table>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</body></html>"));
    free(text);
    sample_free(&sample);
}

static void
words_of_the_user_are_no_markup(void)
{
    sample_make(&sample, 1);
    char *text = sample_text(&sample, load_html_write);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "p99&lt;5ms"));
    free(text);
    sample_free(&sample);
}

static void
what_must_be_0_and_is_not_stands_out(void)
{
    sample_make(&sample, 1);
    char *text = sample_text(&sample, load_html_write);
    CU_ASSERT_EQUAL(occurrences(text, "class=\"bad\""), 0);
    free(text);
    sample.result.total.faults.lost = 3;
    text = sample_text(&sample, load_html_write);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<td>lost</td><td class=\"bad\">3</td>"));
    free(text);
    sample_free(&sample);
}

static void
a_run_without_any_answer_still_makes_a_page(void)
{
    sample_make(&sample, 1);
    load_histogram_reset(sample.result.corrected);
    load_histogram_reset(sample.result.raw);
    memset(sample.result.seconds, 0, sample.result.second_count * sizeof(struct load_second));
    char *text = sample_text(&sample, load_html_write);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</body></html>"));
    CU_ASSERT_EQUAL(occurrences(text, "nan"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "inf"), 0);
    free(text);
    sample.result.seconds_done = 0;
    text = sample_text(&sample, load_html_write);
    CU_ASSERT_EQUAL(occurrences(text, "<svg "), 0);
    free(text);
    sample_free(&sample);
}

static void
a_search_shows_its_trials_and_what_it_found(void)
{
    sample_make(&sample, 1);
    sample.settings.flags.find_max = true;
    sample.settings.flags.slo = "p99<1ms";
    sample.result.trial_count = 1;
    sample.result.trials[0] = (struct load_trial){.rate = 4000, .passed = true};
    sample.result.found_rate = 4000;
    char *text = sample_text(&sample, load_html_write);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Trials of p99&lt;1ms"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "highest rate</span><b class=\"\">4k</b>"));
    free(text);
    sample_free(&sample);
}

static void
a_full_disk_is_an_error(void)
{
    FILE *file = fopen("/dev/full", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    setvbuf(file, NULL, _IONBF, 0);
    sample_make(&sample, 1);
    CY_FAILS(load_html_write(file, &sample.result, &sample.machine), -EIO);
    sample_free(&sample);
    fclose(file);
}

CY_TEST_MAIN("load.html", CY_TEST(holds_three_charts_and_needs_nothing_from_elsewhere),
             CY_TEST(words_of_the_user_are_no_markup),
             CY_TEST(what_must_be_0_and_is_not_stands_out),
             CY_TEST(a_run_without_any_answer_still_makes_a_page),
             CY_TEST(a_search_shows_its_trials_and_what_it_found),
             CY_TEST(a_full_disk_is_an_error))
