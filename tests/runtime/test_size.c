#include "cy_test.h"
#include "size.h"

static uint64_t
size_of(const char *text)
{
    uint64_t bytes = 77;
    CY_OK(cy_size_parse(&bytes, text));
    return bytes;
}

static cy_time
duration_of(const char *text)
{
    cy_time duration = 77;
    CY_OK(cy_duration_parse(&duration, text));
    return duration;
}

static void
sizes_have_units_of_1024(void)
{
    CU_ASSERT_EQUAL(size_of("0"), 0);
    CU_ASSERT_EQUAL(size_of("1"), 1);
    CU_ASSERT_EQUAL(size_of("7b"), 7);
    CU_ASSERT_EQUAL(size_of("1k"), 1024);
    CU_ASSERT_EQUAL(size_of("64KiB"), 65536);
    CU_ASSERT_EQUAL(size_of("1mb"), 1 << 20);
    CU_ASSERT_EQUAL(size_of("3G"), UINT64_C(3) << 30);
    CU_ASSERT_EQUAL(size_of("2Tb"), UINT64_C(2) << 40);
}

static void
fractions_of_a_unit_are_whole_bytes_or_nanoseconds(void)
{
    CU_ASSERT_EQUAL(size_of("1.5g"), UINT64_C(3) << 29);
    CU_ASSERT_EQUAL(size_of("0.3k"), 307);
    CU_ASSERT_EQUAL(size_of("2.0"), 2);
    CU_ASSERT_EQUAL(duration_of("1.5s"), 1500 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(duration_of("0.25ms"), 250 * CY_MICROSECOND);
    CU_ASSERT_EQUAL(duration_of("0.123456789s"), 123456789);
    CU_ASSERT_EQUAL(duration_of("100000.999999999d"),
                    100000 * (24 * CY_HOUR) + INT64_C(86399999913600));
}

static void
durations_need_a_unit_but_for_zero(void)
{
    cy_time duration = 77;
    CU_ASSERT_EQUAL(duration_of("0"), 0);
    CU_ASSERT_EQUAL(duration_of("5ns"), 5);
    CU_ASSERT_EQUAL(duration_of("50us"), 50 * CY_MICROSECOND);
    CU_ASSERT_EQUAL(duration_of("25ms"), 25 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(duration_of("10s"), 10 * CY_SECOND);
    CU_ASSERT_EQUAL(duration_of("2m"), 2 * CY_MINUTE);
    CU_ASSERT_EQUAL(duration_of("2min"), 2 * CY_MINUTE);
    CU_ASSERT_EQUAL(duration_of("1H"), CY_HOUR);
    CU_ASSERT_EQUAL(duration_of("1d"), 24 * CY_HOUR);
    CY_FAILS(cy_duration_parse(&duration, "10"), -EINVAL);
    CU_ASSERT_EQUAL(duration, 77);
}

static void
what_is_no_number_is_refused(void)
{
    static const char *const bad[] = {"",    " ",    "-1s",   "+1s",  "1 s",           "s",
                                      ".5s", "1.s",  "1..5s", "1sx",  "0x1s",          "1e3s",
                                      "1,s", "1s ",  "1.5ns", "1.5x", "0.1234567890s", "1mss",
                                      "..",  "1.5.", "nan",   "inf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cy_time duration = 77;
        uint64_t bytes = 77;
        int64_t number = 77;
        CY_FAILS(cy_duration_parse(&duration, bad[i]), -EINVAL);
        CY_FAILS(cy_size_parse(&bytes, bad[i]), -EINVAL);
        CY_FAILS(cyi_number_parse(&number, bad[i]), -EINVAL);
        CU_ASSERT_TRUE(duration == 77 && bytes == 77 && number == 77);
    }
    uint64_t bytes;
    CY_FAILS(cy_size_parse(&bytes, "1.5"), -EINVAL);
    CY_FAILS(cy_size_parse(&bytes, "1.5b"), -EINVAL);
}

static void
the_largest_values_are_taken_and_larger_ones_refused(void)
{
    uint64_t bytes = 77;
    cy_time duration = 77;
    int64_t number = 77;
    CU_ASSERT_EQUAL(size_of("9223372036854775807"), INT64_MAX);
    CY_FAILS(cy_size_parse(&bytes, "9223372036854775808"), -ERANGE);
    CU_ASSERT_EQUAL(size_of("8388607t"), UINT64_C(8388607) << 40);
    CY_FAILS(cy_size_parse(&bytes, "8388608t"), -ERANGE);
    CY_FAILS(cy_size_parse(&bytes, "99999999999999999999999k"), -ERANGE);
    CU_ASSERT_EQUAL(duration_of("9223372036854775806ns"), CY_FOREVER - 1);
    CY_FAILS(cy_duration_parse(&duration, "9223372036854775807ns"), -ERANGE);
    CY_FAILS(cy_duration_parse(&duration, "106752d"), -ERANGE);
    CY_OK(cyi_number_parse(&number, "9223372036854775807"));
    CU_ASSERT_EQUAL(number, INT64_MAX);
    CY_FAILS(cyi_number_parse(&number, "9223372036854775808"), -ERANGE);
    CU_ASSERT_TRUE(bytes == 77 && duration == 77 && number == INT64_MAX);
}

static void
formatted_values_are_short_and_parse_to_the_same(void)
{
    static const struct {
        uint64_t value;
        const char *size, *duration;
    } cases[] = {{0, "0", "0"},
                 {1, "1", "1ns"},
                 {1000, "1000", "1us"},
                 {1024, "1k", "1024ns"},
                 {65536, "64k", "65536ns"},
                 {1536 << 10, "1536k", "1572864ns"},
                 {UINT64_C(90000000000), "87890625k", "90s"},
                 {UINT64_C(60000000000), "58593750k", "1m"},
                 {UINT64_C(864000000000000), "843750000000k", "10d"},
                 {INT64_MAX - 1, "9223372036854775806", "9223372036854775806ns"}};
    char text[CYI_SIZE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cyi_size_format(text, cases[i].value);
        CU_ASSERT_STRING_EQUAL(text, cases[i].size);
        CU_ASSERT_EQUAL(size_of(text), cases[i].value);
        cyi_duration_format(text, (cy_time) cases[i].value);
        CU_ASSERT_STRING_EQUAL(text, cases[i].duration);
        CU_ASSERT_EQUAL(duration_of(text), (cy_time) cases[i].value);
    }
    cyi_duration_format(text, -5);
    CU_ASSERT_STRING_EQUAL(text, "0");
    cyi_size_format(text, UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(text, "18446744073709551615");
}

CY_TEST_MAIN("runtime.size", CY_TEST(sizes_have_units_of_1024),
             CY_TEST(fractions_of_a_unit_are_whole_bytes_or_nanoseconds),
             CY_TEST(durations_need_a_unit_but_for_zero), CY_TEST(what_is_no_number_is_refused),
             CY_TEST(the_largest_values_are_taken_and_larger_ones_refused),
             CY_TEST(formatted_values_are_short_and_parse_to_the_same))
