/* test_progress.c - the line of each second. */
#include "cy_test.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

static char *
line(const struct load_second *second)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    load_progress_print(file, second);
    fclose(file);
    return text;
}

static void
says_rate_and_latency_and_nothing_that_is_0(void)
{
    const struct load_second second = {.from_s = 4,
                                       .width_s = 1,
                                       .completed = 12300,
                                       .p50_ns = 50000,
                                       .p99_ns = 900000,
                                       .max_ns = 2000000};
    char *text = line(&second);
    CU_ASSERT_STRING_EQUAL(
        text, "            5s     12.3k/s  p50     50us  p99    900us  max      2ms\n");
    free(text);
}

static void
says_what_should_not_be(void)
{
    const struct load_second second = {.from_s = -1,
                                       .width_s = 0.5,
                                       .completed = 500,
                                       .offered = 600,
                                       .late = 1,
                                       .dropped = 2,
                                       .errors = 3,
                                       .faults = 4};
    char *text = line(&second);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "warm-up"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1k/s of    1.20k/s"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "late 1  dropped 2  errors 3  FAULTS 4\n"));
    free(text);
}

static void
a_trial_says_whether_it_passed(void)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    load_progress_trial(file, &(struct load_trial){.rate = 2000,
                                                   .throughput = 1999,
                                                   .p50_ns = 1000,
                                                   .p99_ns = 2000,
                                                   .max_ns = 3000,
                                                   .passed = true});
    fclose(file);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "trial"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "passed\n"));
    free(text);
}

CY_TEST_MAIN("load.progress", CY_TEST(says_rate_and_latency_and_nothing_that_is_0),
             CY_TEST(says_what_should_not_be), CY_TEST(a_trial_says_whether_it_passed))
