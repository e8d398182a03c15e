/* test_units.c - durations, counts and sizes as people write and read them. */
#include "cy_test.h"
#include "units.h"

#include <errno.h>
#include <string.h>

static int64_t
duration(const char *text)
{
    int64_t ns = -1;
    CY_OK(load_parse_duration(text, &ns));
    return ns;
}

static void
reads_every_unit_of_time(void)
{
    CU_ASSERT_EQUAL(duration("250ns"), 250);
    CU_ASSERT_EQUAL(duration("250us"), 250000);
    CU_ASSERT_EQUAL(duration("1.5ms"), 1500000);
    CU_ASSERT_EQUAL(duration("10s"), INT64_C(10000000000));
    CU_ASSERT_EQUAL(duration("2m"), INT64_C(120000000000));
    CU_ASSERT_EQUAL(duration("1h"), INT64_C(3600000000000));
}

static void
takes_a_bare_number_as_seconds(void)
{
    CU_ASSERT_EQUAL(duration("3"), INT64_C(3000000000));
    CU_ASSERT_EQUAL(duration(".5"), 500000000);
}

static void
refuses_what_is_no_duration_and_leaves_the_result(void)
{
    static const char *const bad[] = {"",     "s",   "1x",  "1msx", "1 s",
                                      "0x10", "1e9", "inf", "1..2", "."};
    int64_t ns = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_FAILS(load_parse_duration(bad[i], &ns), -EINVAL);
    CY_FAILS(load_parse_duration("-1s", &ns), -ERANGE);
    CY_FAILS(load_parse_duration("9999999999h", &ns), -ERANGE);
    CY_FAILS(load_parse_duration("1111111111111111111111111111111111111111s", &ns), -ERANGE);
    CU_ASSERT_EQUAL(ns, 7);
}

static void
reads_counts_in_powers_of_1000(void)
{
    double count = 0;
    CY_OK(load_parse_count("50k", &count));
    CU_ASSERT_EQUAL(count, 50000);
    CY_OK(load_parse_count("1.5M", &count));
    CU_ASSERT_EQUAL(count, 1500000);
    CY_OK(load_parse_count("2G", &count));
    CU_ASSERT_EQUAL(count, 2e9);
    CY_FAILS(load_parse_count("2GB", &count), -EINVAL);
    CY_OK(load_parse_count("1000000G", &count));
    CY_FAILS(load_parse_count("1000001G", &count), -ERANGE);
}

static void
reads_sizes_in_powers_of_1024(void)
{
    uint64_t size = 0;
    CY_OK(load_parse_bytes("64", &size));
    CU_ASSERT_EQUAL(size, 64);
    CY_OK(load_parse_bytes("16k", &size));
    CU_ASSERT_EQUAL(size, 16384);
    CY_OK(load_parse_bytes("1MB", &size));
    CU_ASSERT_EQUAL(size, 1048576);
    CY_OK(load_parse_bytes("7b", &size));
    CU_ASSERT_EQUAL(size, 7);
    CY_FAILS(load_parse_bytes("7q", &size), -EINVAL);
}

static void
a_scanner_stops_behind_its_unit(void)
{
    const char *text = "10s:1k";
    int64_t ns;
    double count;
    CY_OK(load_scan_duration(&text, &ns));
    CU_ASSERT_STRING_EQUAL(text, ":1k");
    text++;
    CY_OK(load_scan_count(&text, &count));
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(count, 1000);
}

static void
prints_three_digits_and_a_unit(void)
{
    char text[LOAD_UNIT_TEXT_MAX];
    CU_ASSERT_STRING_EQUAL(load_format_duration(text, 0), "0ns");
    CU_ASSERT_STRING_EQUAL(load_format_duration(text, 999), "999ns");
    CU_ASSERT_STRING_EQUAL(load_format_duration(text, 1234), "1.23us");
    CU_ASSERT_STRING_EQUAL(load_format_duration(text, 12345678), "12.3ms");
    CU_ASSERT_STRING_EQUAL(load_format_duration(text, 123.4e9), "123s");
    CU_ASSERT_STRING_EQUAL(load_format_count(text, 999.4), "999");
    CU_ASSERT_STRING_EQUAL(load_format_count(text, 999999), "1.00M");
    CU_ASSERT_STRING_EQUAL(load_format_count(text, 45600), "45.6k");
    CU_ASSERT_STRING_EQUAL(load_format_bytes(text, 1536), "1.50 KiB");
    CU_ASSERT_STRING_EQUAL(load_format_bytes(text, 64), "64 B");
}

CY_TEST_MAIN("load.units", CY_TEST(reads_every_unit_of_time),
             CY_TEST(takes_a_bare_number_as_seconds),
             CY_TEST(refuses_what_is_no_duration_and_leaves_the_result),
             CY_TEST(reads_counts_in_powers_of_1000), CY_TEST(reads_sizes_in_powers_of_1024),
             CY_TEST(a_scanner_stops_behind_its_unit), CY_TEST(prints_three_digits_and_a_unit))
