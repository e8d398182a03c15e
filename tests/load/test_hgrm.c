/* test_hgrm.c - the percentile file, against HdrHistogram's own output. */
#include "cy_test.h"
#include "hgrm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct load_histogram *h;

static char *
percentile_file(void)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    CY_OK(load_hgrm_write(file, h, 5, 1));
    fclose(file);
    return text;
}

/* The text that HdrHistogram prints for these three values, its "Buckets" line aside. */
static void
the_percentile_file_is_the_one_of_hdrhistogram(void)
{
    h = load_histogram_create();
    load_histogram_record(h, 25);
    load_histogram_record(h, 50);
    load_histogram_record(h, 75);
    char *text = percentile_file();
    CU_ASSERT_STRING_EQUAL(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                                 "      25.000 0.000000000000          1           1.00\n"
                                 "      25.000 0.100000000000          1           1.11\n"
                                 "      25.000 0.200000000000          1           1.25\n"
                                 "      25.000 0.300000000000          1           1.43\n"
                                 "      50.000 0.400000000000          2           1.67\n"
                                 "      50.000 0.500000000000          2           2.00\n"
                                 "      50.000 0.550000000000          2           2.22\n"
                                 "      50.000 0.600000000000          2           2.50\n"
                                 "      50.000 0.650000000000          2           2.86\n"
                                 "      75.000 0.700000000000          3           3.33\n"
                                 "      75.000 1.000000000000          3\n"
                                 "#[Mean    =       50.000, StdDeviation   =       20.412]\n"
                                 "#[Max     =       75.000, Total count    =            3]\n"
                                 "#[Buckets =           32, SubBuckets     =         2048]\n");
    free(text);
    load_histogram_free(&h);
}

static void
the_percentile_file_of_nothing_has_no_lines(void)
{
    h = load_histogram_create();
    char *text = percentile_file();
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1/(1-Percentile)\n\n#[Mean    =        0.000"));
    free(text);
    load_histogram_free(&h);
}

static void
a_full_disk_is_an_error(void)
{
    FILE *file = fopen("/dev/full", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    setvbuf(file, NULL, _IONBF, 0);
    h = load_histogram_create();
    CY_FAILS(load_hgrm_write(file, h, 5, 1), -EIO);
    load_histogram_free(&h);
    fclose(file);
}

CY_TEST_MAIN("load.hgrm", CY_TEST(the_percentile_file_is_the_one_of_hdrhistogram),
             CY_TEST(the_percentile_file_of_nothing_has_no_lines),
             CY_TEST(a_full_disk_is_an_error))
