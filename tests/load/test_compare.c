/* test_compare.c - two results side by side. */
#include "compare.h"
#include "cy_test.h"
#include "export.h"
#include "sample_result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/load-compare-XXXXXX";
static struct load_results a, b;
static char error[512];

static const char *
path_of(const char *name)
{
    static char path[4][100];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

/* A result whose throughput is that many times the sample's, by summary and by seconds. */
static void
write_result(const char *name, uint64_t times, size_t seconds)
{
    static struct sample sample;
    sample_make(&sample, seconds);
    for (size_t i = 0; i < sample.result.second_count; i++)
        sample.result.seconds[i].completed *= times;
    sample.result.total.completed *= times;
    FILE *file = fopen(path_of(name), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CY_OK(load_export(file, &sample.result, &sample.machine));
    fclose(file);
    sample_free(&sample);
}

static char *
compared(const char *left, const char *right)
{
    char *text;
    size_t size;
    CY_OK(load_results_read(&a, left, error, sizeof error));
    CY_OK(load_results_read(&b, right, error, sizeof error));
    FILE *file = open_memstream(&text, &size);
    load_compare_print(file, &a, &b);
    fclose(file);
    load_results_free(&a);
    load_results_free(&b);
    return text;
}

static bool
line_says(const char *text, const char *name, const char *words)
{
    const char *line = strstr(text, name);
    const char *found = line != NULL ? strstr(line, words) : NULL;
    return found != NULL && memchr(line, '\n', (size_t) (found - line)) == NULL;
}

static void
a_clear_difference_gets_a_verdict(void)
{
    write_result("one", 1, 10);
    write_result("two", 2, 10);
    char *text = compared(path_of("one"), path_of("two"));
    CU_ASSERT_TRUE(line_says(text, "throughput", "BETTER"));
    CU_ASSERT_TRUE(line_says(text, "throughput", " 2.000 "));
    CU_ASSERT_TRUE(line_says(text, "p99 ", "no difference beyond the noise"));
    CU_ASSERT_PTR_NULL(strstr(text, "note:"));
    free(text);
    text = compared(path_of("two"), path_of("one"));
    CU_ASSERT_TRUE(line_says(text, "throughput", "WORSE"));
    free(text);
}

static void
a_result_does_not_differ_from_itself(void)
{
    write_result("one", 1, 10);
    char *text = compared(path_of("one"), path_of("one"));
    CU_ASSERT_TRUE(line_says(text, "throughput", "no difference beyond the noise"));
    free(text);
}

static void
one_second_is_too_few_samples(void)
{
    write_result("short", 1, 1);
    char *text = compared(path_of("short"), path_of("short"));
    CU_ASSERT_TRUE(line_says(text, "throughput", "too few samples to tell"));
    free(text);
}

static void
several_runs_on_both_sides_are_the_samples(void)
{
    char left[300], right[300];
    write_result("one", 1, 3);
    write_result("two", 3, 3);
    snprintf(left, sizeof left, "%s,%s,%s", path_of("one"), path_of("one"), path_of("one"));
    snprintf(right, sizeof right, "%s,%s", path_of("two"), path_of("two"));
    char *text = compared(left, right);
    CU_ASSERT_TRUE(line_says(text, "throughput", " 3.000 "));
    CU_ASSERT_TRUE(line_says(text, "throughput", "BETTER"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "mean runs"));
    free(text);
}

static void
different_settings_are_noted(void)
{
    write_result("one", 1, 3);
    write_result("long", 1, 4);
    char *text = compared(path_of("one"), path_of("long"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "note: settings.duration_s differs: 3 and 4\n"));
    free(text);
}

static void
a_file_that_is_no_result_is_named(void)
{
    CY_FAILS(load_results_read(&a, path_of("none"), error, sizeof error), -ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "none: No such file"));
    FILE *file = fopen(path_of("other"), "w");
    fputs("{\"format\": \"something else\"}", file);
    fclose(file);
    CY_FAILS(load_results_read(&a, path_of("other"), error, sizeof error), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "other: not a result"));
    CY_FAILS(load_results_read(&a, "/dev/null", error, sizeof error), -EINVAL);
    CY_FAILS(load_results_read(&a, folder, error, sizeof error), -EIO);
    CU_ASSERT_EQUAL(a.count, 0);
}

static void
takes_sixty_four_files_and_no_more(void)
{
    static char list[65 * 64];
    write_result("one", 1, 1);
    size_t length = 0;
    for (unsigned i = 0; i < 64; i++)
        length += (size_t) snprintf(list + length, sizeof list - length, "%s%s",
                                    i == 0 ? "" : ",", path_of("one"));
    CY_OK(load_results_read(&a, list, error, sizeof error));
    CU_ASSERT_EQUAL(a.count, 64);
    load_results_free(&a);
    snprintf(list + length, sizeof list - length, ",%s", path_of("one"));
    CY_FAILS(load_results_read(&a, list, error, sizeof error), -E2BIG);
}

static void
a_folder_for_the_files_can_be_made(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void
nothing_but_these_files_was_left(void)
{
    static const char *const names[] = {"one", "two", "short", "long", "other"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

CY_TEST_MAIN("load.compare", CY_TEST(a_folder_for_the_files_can_be_made),
             CY_TEST(a_clear_difference_gets_a_verdict),
             CY_TEST(a_result_does_not_differ_from_itself),
             CY_TEST(one_second_is_too_few_samples),
             CY_TEST(several_runs_on_both_sides_are_the_samples),
             CY_TEST(different_settings_are_noted), CY_TEST(a_file_that_is_no_result_is_named),
             CY_TEST(takes_sixty_four_files_and_no_more),
             CY_TEST(nothing_but_these_files_was_left))
