#include "cy_test.h"
#include "log_line.h"

#include <string.h>

static struct cyi_log_line line;

static const char *
one_pair(const char *value, size_t bytes)
{
    cyi_log_line_init(&line);
    cyi_log_line_text(&line, "k", value, bytes);
    cyi_log_line_end(&line);
    return line.text;
}

static const char *
time_of(int64_t ns)
{
    cyi_log_line_init(&line);
    cyi_log_line_time(&line, ns);
    cyi_log_line_end(&line);
    return line.text;
}

static void
plain_values_stay_as_they_are(void)
{
    CU_ASSERT_STRING_EQUAL(one_pair("a-Z0,9:[x]/~!", 13), "k=a-Z0,9:[x]/~!\n");
}

static void
pairs_are_separated_by_one_blank(void)
{
    cyi_log_line_init(&line);
    cyi_log_line_text(&line, "a", "1", 1);
    cyi_log_line_number(&line, "b", UINT64_MAX);
    cyi_log_line_pair(&line, "cde", 2, "3", 1);
    cyi_log_line_end(&line);
    CU_ASSERT_STRING_EQUAL(line.text, "a=1 b=18446744073709551615 cd=3\n");
    CU_ASSERT_EQUAL(line.bytes, strlen(line.text));
}

static void
what_could_be_misread_is_quoted(void)
{
    CU_ASSERT_STRING_EQUAL(one_pair("", 0), "k=\"\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("a b", 3), "k=\"a b\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("a=b", 3), "k=\"a=b\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("a\"b", 3), "k=\"a\\\"b\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("a\\b", 3), "k=\"a\\\\b\"\n");
}

static void
bytes_that_are_not_printable_are_escaped(void)
{
    CU_ASSERT_STRING_EQUAL(one_pair("\n\r\t", 3), "k=\"\\n\\r\\t\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("\0\x1b[2J", 5), "k=\"\\x00\\x1b[2J\"\n");
    CU_ASSERT_STRING_EQUAL(one_pair("\x7f\x80\xff", 3), "k=\"\\x7f\\x80\\xff\"\n");
}

/* Whatever the bytes, a line is printable ASCII, ends once, and has the pairs it was given. */
static void
no_bytes_can_forge_a_line_or_a_pair(void)
{
    uint64_t state = 1;
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 2000);) {
        char value[40];
        for (size_t i = 0; i < sizeof value; i++) {
            state = state * UINT64_C(6364136223846793005) + seed;
            value[i] =
                (state >> 33) % 3 == 0 ? "\" =\\\nx"[state >> 40 & 3] : (char) (state >> 50);
        }
        const char *text = one_pair(value, seed % sizeof value);
        size_t n = strlen(text);
        CU_ASSERT_EQUAL(n, line.bytes);
        CU_ASSERT_EQUAL(text[n - 1], '\n');
        bool quoted = text[2] == '"', inside = quoted, clean = true;
        for (size_t i = quoted ? 3 : 2; i < n - 1; i++) {
            clean = clean && text[i] >= ' ' && text[i] <= '~';
            if (!inside)
                clean = clean && !quoted && strchr(" =\"\\", text[i]) == NULL;
            else if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                inside = !(i == n - 2);
            inside = quoted && inside;
        }
        CU_ASSERT_TRUE(clean);
        CU_ASSERT_FALSE(inside);
    }
}

static void
times_are_utc_with_microseconds(void)
{
    CU_ASSERT_STRING_EQUAL(time_of(0), "ts=1970-01-01T00:00:00.000000Z\n");
    CU_ASSERT_STRING_EQUAL(time_of(INT64_C(1700000000123456789)),
                           "ts=2023-11-14T22:13:20.123456Z\n");
    CU_ASSERT_STRING_EQUAL(time_of(-1), "ts=1969-12-31T23:59:59.999999Z\n");
    CU_ASSERT_STRING_EQUAL(time_of(INT64_MAX), "ts=2262-04-11T23:47:16.854775Z\n");
    CU_ASSERT_STRING_EQUAL(time_of(INT64_MIN), "ts=1677-09-21T00:12:43.145224Z\n");
}

/* "k=" and the value, then the newline; a cut line ends in " truncated=yes\n". */
enum { CUT_BYTES = 15, PLAIN_FITS = CY_LOG_LINE_MAX - CUT_BYTES - 2 };

static void
a_value_is_cut_one_byte_past_the_room(void)
{
    static char value[CY_LOG_LINE_MAX + 1];
    memset(value, 'v', sizeof value);
    one_pair(value, PLAIN_FITS);
    CU_ASSERT_EQUAL(line.bytes, PLAIN_FITS + 3);
    CU_ASSERT_PTR_NULL(strstr(line.text, "truncated"));
    one_pair(value, PLAIN_FITS + 1);
    CU_ASSERT_EQUAL(line.bytes, CY_LOG_LINE_MAX);
    CU_ASSERT_STRING_EQUAL(line.text + PLAIN_FITS + 2, " truncated=yes\n");
}

static void
an_escape_is_never_cut_in_two(void)
{
    static char value[CY_LOG_LINE_MAX];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(value, 'v', shift);
        memset(value + shift, '\x01', sizeof value - shift);
        one_pair(value, sizeof value);
        CU_ASSERT_TRUE(line.bytes <= CY_LOG_LINE_MAX);
        CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "\\x01\" truncated=yes\n"));
        size_t body = line.bytes - CUT_BYTES - strlen("k=\"\"");
        CU_ASSERT_EQUAL((body - shift) % 4, 0);
        CU_ASSERT_TRUE(CY_LOG_LINE_MAX - line.bytes < 4);
    }
}

static void
a_pair_that_has_no_room_is_left_out(void)
{
    static char value[CY_LOG_LINE_MAX];
    memset(value, 'v', sizeof value);
    cyi_log_line_init(&line);
    cyi_log_line_text(&line, "k", value, PLAIN_FITS - 4);
    cyi_log_line_text(&line, "a", "", 0);
    cyi_log_line_text(&line, "b", "2", 1);
    cyi_log_line_end(&line);
    CU_ASSERT_PTR_NULL(strstr(line.text, " a="));
    CU_ASSERT_PTR_NULL(strstr(line.text, " b="));
    CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "v truncated=yes\n"));
    /* One byte more of room, and it is there. */
    cyi_log_line_init(&line);
    cyi_log_line_text(&line, "k", value, PLAIN_FITS - 5);
    cyi_log_line_text(&line, "a", "", 0);
    cyi_log_line_end(&line);
    CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "v a=\"\"\n"));
}

CY_TEST_MAIN("runtime.log_line", CY_TEST(plain_values_stay_as_they_are),
             CY_TEST(pairs_are_separated_by_one_blank),
             CY_TEST(what_could_be_misread_is_quoted),
             CY_TEST(bytes_that_are_not_printable_are_escaped),
             CY_TEST(no_bytes_can_forge_a_line_or_a_pair),
             CY_TEST(times_are_utc_with_microseconds),
             CY_TEST(a_value_is_cut_one_byte_past_the_room),
             CY_TEST(an_escape_is_never_cut_in_two),
             CY_TEST(a_pair_that_has_no_room_is_left_out))
