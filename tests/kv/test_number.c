#include "cy_test.h"
#include "number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool
reads_as(const char *text, int64_t expected)
{
    int64_t value = 77;
    return kv_integer_read(&value, text, strlen(text)) && value == expected;
}

static bool
is_refused(const char *text)
{
    int64_t value = 77;
    return !kv_integer_read(&value, text, strlen(text)) && value == 77;
}

static void
reads_integers_up_to_both_ends_of_the_range(void)
{
    CU_ASSERT(reads_as("0", 0));
    CU_ASSERT(reads_as("7", 7));
    CU_ASSERT(reads_as("-1", -1));
    CU_ASSERT(reads_as("9223372036854775807", INT64_MAX));
    CU_ASSERT(reads_as("-9223372036854775808", INT64_MIN));
}

static void
refuses_what_is_beyond_the_range_or_not_canonical(void)
{
    static const char *const texts[] = {"9223372036854775808",
                                        "-9223372036854775809",
                                        "18446744073709551616",
                                        "99999999999999999999",
                                        "100000000000000000000",
                                        "",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "01",
                                        "-0",
                                        "-01",
                                        "00",
                                        "1.0",
                                        "1e3",
                                        "0x1",
                                        "a",
                                        "1a"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT(is_refused(texts[i]));
    int64_t value = 77;
    CU_ASSERT(!kv_integer_read(&value, "1\0", 2));
}

static void
writes_what_printf_writes(void)
{
    static const int64_t values[] = {0, 9, 10, -1, -10, 12345678901, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char ours[KV_INTEGER_TEXT_MAX];
        char theirs[32];
        size_t bytes = kv_integer_write(ours, values[i]);
        int length = snprintf(theirs, sizeof theirs, "%" PRId64, values[i]);
        CU_ASSERT_EQUAL(bytes, (size_t) length);
        CU_ASSERT_EQUAL(memcmp(ours, theirs, bytes), 0);
        int64_t back;
        CU_ASSERT(kv_integer_read(&back, ours, bytes) && back == values[i]);
    }
    char text[KV_INTEGER_TEXT_MAX];
    CU_ASSERT_EQUAL(kv_unsigned_write(text, UINT64_MAX), 20);
    CU_ASSERT_EQUAL(memcmp(text, "18446744073709551615", 20), 0);
}

static void
a_cursor_is_what_strtoul_takes(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"", 0},   {"0", 0},           {"007", 7},
                {"+5", 5}, {"-1", UINT64_MAX}, {"18446744073709551615", UINT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t value = 77;
        CU_ASSERT(kv_cursor_read(&value, good[i].text, strlen(good[i].text)));
        CU_ASSERT_EQUAL(value, good[i].value);
    }
    static const char *const bad[] = {"-", "+", " 1", "1 ", "x", "1x", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 77;
        CU_ASSERT(!kv_cursor_read(&value, bad[i], strlen(bad[i])));
        CU_ASSERT_EQUAL(value, 77);
    }
    uint64_t value;
    CU_ASSERT(kv_cursor_read(&value, "12\0x", 4) && value == 12);
}

static bool
float_becomes(const char *text, const char *expected)
{
    long double value;
    char out[KV_FLOAT_TEXT_MAX];
    if (!kv_float_read(&value, text, strlen(text)))
        return false;
    size_t bytes = kv_float_write(out, value);
    return bytes == strlen(expected) && memcmp(out, expected, bytes) == 0;
}

static void
floats_are_written_without_zeroes_at_the_end(void)
{
    CU_ASSERT(float_becomes("0.1", "0.1"));
    CU_ASSERT(float_becomes("5.0e3", "5000"));
    CU_ASSERT(float_becomes("-0.0", "0"));
    CU_ASSERT(float_becomes("100", "100"));
    CU_ASSERT(float_becomes("-1.50", "-1.5"));
    CU_ASSERT(float_becomes("1e-17", "0.00000000000000001"));
    CU_ASSERT(float_becomes("1e-18", "0"));
}

static void
the_largest_float_has_room(void)
{
    long double value;
    char out[KV_FLOAT_TEXT_MAX];
    CU_ASSERT(kv_float_read(&value, "-1.18e4932", 10));
    CU_ASSERT_EQUAL(kv_float_write(out, value), 4934);
}

static void
refuses_what_is_no_float(void)
{
    static const char *const texts[] = {"",       " 1",      "1 ",      "x",     "nan",
                                        "1e5000", "-1e5000", "1e-5000", "1.2.3", "1,2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        long double value;
        CU_ASSERT(!kv_float_read(&value, texts[i], strlen(texts[i])));
    }
    char digits[KV_FLOAT_TEXT_MAX];
    long double value;
    memset(digits, '0', sizeof digits);
    CU_ASSERT(kv_float_read(&value, digits, sizeof digits - 1));
    CU_ASSERT(!kv_float_read(&value, digits, sizeof digits));
}

CY_TEST_MAIN("kv.number", CY_TEST(reads_integers_up_to_both_ends_of_the_range),
             CY_TEST(refuses_what_is_beyond_the_range_or_not_canonical),
             CY_TEST(writes_what_printf_writes), CY_TEST(a_cursor_is_what_strtoul_takes),
             CY_TEST(floats_are_written_without_zeroes_at_the_end),
             CY_TEST(the_largest_float_has_room), CY_TEST(refuses_what_is_no_float))
