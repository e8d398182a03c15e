#include "cy_test.h"
#include "log_line.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

static struct cyi_log_line line;

CY_PRINTF(1, 2)
static const char *
pairs(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cyi_log_line_init(&line);
    cyi_log_line_pairs(&line, format, args);
    cyi_log_line_end(&line);
    va_end(args);
    return line.text;
}

/* The same as printf, where no value needs quotes. */
#define SAME_AS_PRINTF(...)                                                \
    do {                                                                   \
        char expected_[1024];                                              \
        int bytes_ = snprintf(expected_, sizeof expected_, __VA_ARGS__);   \
        pairs(__VA_ARGS__);                                                \
        CU_ASSERT_EQUAL((int) line.bytes, bytes_ + 1);                     \
        CU_ASSERT_EQUAL(memcmp(line.text, expected_, (size_t) bytes_), 0); \
    } while (0)

static void
integers_of_every_length_are_fetched(void)
{
    SAME_AS_PRINTF("a=%d b=%i c=%u d=%x e=%X f=%o", INT_MIN, INT_MAX, UINT_MAX, 255U, 255U, 8U);
    SAME_AS_PRINTF("a=%hhd b=%hhu c=%hd d=%hu e=%d", (signed char) -1, (unsigned char) 255,
                   (short) -2, (unsigned short) 65535, 7);
    SAME_AS_PRINTF("a=%ld b=%lu c=%lld d=%llu e=%d", LONG_MIN, ULONG_MAX, LLONG_MIN, ULLONG_MAX,
                   7);
    SAME_AS_PRINTF("a=%zu b=%zd c=%jd d=%ju e=%td f=%d", SIZE_MAX, (ssize_t) -1, INTMAX_MIN,
                   UINTMAX_MAX, (ptrdiff_t) -5, 7);
    SAME_AS_PRINTF("a=%" PRId64 " b=%" PRIu64 " c=%" PRIx64, INT64_MIN, UINT64_MAX, UINT64_MAX);
}

static void
more_arguments_than_registers_are_fetched(void)
{
    SAME_AS_PRINTF("a=%d b=%d c=%d d=%d e=%d f=%d g=%d h=%d i=%f j=%d k=%s", 1, 2, 3, 4, 5, 6,
                   7, 8, 9.5, 10, "eleven");
}

static void
flags_width_and_precision_are_those_of_printf(void)
{
    SAME_AS_PRINTF("a=%05d b=%+d c=%#x d=%.3d e=%-1d", 42, 42, 42U, 7, 3);
    SAME_AS_PRINTF("a=%.2f b=%e c=%G d=%0*d e=%.*f", 3.14159, 1e100, 1e-9, 6, 42, 1, 2.25);
    SAME_AS_PRINTF("a=%.1f%% b=%c c=%p d=%.*f", 99.5, 'x', (void *) &line, -1, 1.5);
}

static void
strings_obey_their_precision(void)
{
    const char unterminated[3] = {'a', 'b', 'c'};
    CU_ASSERT_STRING_EQUAL(pairs("k=%.2s l=%d", unterminated, 1), "k=ab l=1\n");
    CU_ASSERT_STRING_EQUAL(pairs("k=%.*s l=%d", 3, unterminated, 1), "k=abc l=1\n");
    CU_ASSERT_STRING_EQUAL(pairs("k=%.*s l=%d", -1, "all", 1), "k=all l=1\n");
    CU_ASSERT_STRING_EQUAL(pairs("k=%.s l=%d", "none", 1), "k=\"\" l=1\n");
}

static void
a_null_string_is_named_so(void)
{
    const char *volatile nothing = NULL;
    CU_ASSERT_STRING_EQUAL(pairs("k=%s", nothing), "k=(null)\n");
}

static void
an_argument_cannot_end_its_value(void)
{
    CU_ASSERT_STRING_EQUAL(pairs("peer=%s core=%d", "x level=error\nevent=fake", 1),
                           "peer=\"x level=error\\nevent=fake\" core=1\n");
    CU_ASSERT_STRING_EQUAL(pairs("k=%c%c", '\n', '"'), "k=\"\\n\\\"\"\n");
}

static void
a_value_may_be_put_together(void)
{
    CU_ASSERT_STRING_EQUAL(pairs("peer=%s:%u name=<%s>", "::1", 80U, "a b"),
                           "peer=::1:80 name=\"<a b>\"\n");
    CU_ASSERT_STRING_EQUAL(pairs("k= l=%d", 1), "k=\"\" l=1\n");
}

static void
words_without_a_key_are_one_message(void)
{
    CU_ASSERT_STRING_EQUAL(pairs("n=%d listening on %s now", 3, "port 80"),
                           "n=3 message=\"listening on port 80 now\"\n");
    CU_ASSERT_STRING_EQUAL(pairs("%d=x", 3), "message=\"3=x\"\n");
    CU_ASSERT_STRING_EQUAL(pairs("=%d", 3), "message=\"=3\"\n");
}

static void
blanks_between_pairs_do_not_count(void)
{
    CU_ASSERT_STRING_EQUAL(pairs("  a=%d   b=%d  ", 1, 2), "a=1 b=2\n");
    CU_ASSERT_STRING_EQUAL(pairs(" "), "\n");
}

static void
a_value_is_cut_one_byte_past_its_limit(void)
{
    static char text[CY_LOG_VALUE_MAX + 2];
    memset(text, 'v', CY_LOG_VALUE_MAX);
    pairs("k=%s l=1", text);
    CU_ASSERT_EQUAL(line.bytes, CY_LOG_VALUE_MAX + strlen("k= l=1\n"));
    text[CY_LOG_VALUE_MAX] = 'v';
    pairs("k=%s l=1", text);
    CU_ASSERT_EQUAL(line.bytes, CY_LOG_VALUE_MAX + strlen("k= truncated=yes\n"));
    CU_ASSERT_PTR_NULL(strstr(line.text, "l=1"));
}

static void
a_number_too_wide_is_cut_not_overrun(void)
{
    pairs("k=%0600d", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(line.text, " truncated=yes\n"));
    SAME_AS_PRINTF("k=%0511d l=%f", 1, -1.7e308);
}

CY_TEST_MAIN("runtime.log_format", CY_TEST(integers_of_every_length_are_fetched),
             CY_TEST(more_arguments_than_registers_are_fetched),
             CY_TEST(flags_width_and_precision_are_those_of_printf),
             CY_TEST(strings_obey_their_precision), CY_TEST(a_null_string_is_named_so),
             CY_TEST(an_argument_cannot_end_its_value), CY_TEST(a_value_may_be_put_together),
             CY_TEST(words_without_a_key_are_one_message),
             CY_TEST(blanks_between_pairs_do_not_count),
             CY_TEST(a_value_is_cut_one_byte_past_its_limit),
             CY_TEST(a_number_too_wide_is_cut_not_overrun))
