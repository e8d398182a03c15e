#include "cy_test.h"
#include "frame.h"

#include <stdlib.h>
#include <string.h>

/* Copies the text to memory of its own size, so that a sanitizer sees each byte too many. */
static ptrdiff_t
end_of(const char *text, size_t bytes)
{
    char *copy = calloc(1, bytes + 1);
    char *at = copy + 1; /* not aligned */
    memcpy(at, text, bytes);
    const char *end = kv_frame_end(at, at + bytes);
    ptrdiff_t result = end == NULL ? -1 : end - at;
    free(copy);
    return result;
}
#define END(text) end_of(text, sizeof(text) - 1)

static const char *const good[] = {
    "+OK\r\n",
    "-ERR no\r\n",
    ":-12\r\n",
    "$0\r\n\r\n",
    "$5\r\na\r\nbc\r\n",
    "$-1\r\n",
    "_\r\n",
    ",1.5\r\n",
    "#t\r\n",
    "=5\r\ntxt:a\r\n",
    "*0\r\n",
    "*-1\r\n",
    "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
    "%1\r\n+a\r\n+b\r\n",
    "~1\r\n:1\r\n",
    ">1\r\n:1\r\n",
};

static void
each_kind_of_reply_ends_where_it_ends(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t bytes = strlen(good[i]);
        char more[64];
        CU_ASSERT_EQUAL(end_of(good[i], bytes), (ptrdiff_t) bytes);
        memcpy(more, good[i], bytes);
        memcpy(more + bytes, "+x\r\n", 4);
        CU_ASSERT_EQUAL(end_of(more, bytes + 4), (ptrdiff_t) bytes);
    }
}

static void
a_reply_that_is_cut_anywhere_is_none(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t bytes = 0; bytes < strlen(good[i]); bytes++)
            CU_ASSERT_EQUAL(end_of(good[i], bytes), -1);
}

static void
malformed_replies_are_none(void)
{
    CU_ASSERT_EQUAL(END("x\r\n"), -1);
    CU_ASSERT_EQUAL(END("+a\nb\r\n"), -1);
    CU_ASSERT_EQUAL(END("+a\rb\r\n"), -1);
    CU_ASSERT_EQUAL(END(":\r\n"), -1);
    CU_ASSERT_EQUAL(END(":01\r\n"), -1);
    CU_ASSERT_EQUAL(END("$-2\r\n"), -1);
    CU_ASSERT_EQUAL(END("$2\r\nabc\r\n"), -1);
    CU_ASSERT_EQUAL(END("$2\r\na\r\n"), -1);
    CU_ASSERT_EQUAL(END("*\r\n"), -1);
    CU_ASSERT_EQUAL(END("*1\r\n"), -1);
    CU_ASSERT_EQUAL(END("*2\r\n:1\r\n"), -1);
}

static void
counts_that_no_text_could_hold_are_refused_at_once(void)
{
    CU_ASSERT_EQUAL(END("$9223372036854775807\r\nabc\r\n"), -1);
    CU_ASSERT_EQUAL(END("*9223372036854775807\r\n:1\r\n"), -1);
    CU_ASSERT_EQUAL(END("%9223372036854775807\r\n:1\r\n"), -1);
    CU_ASSERT_EQUAL(END("*9223372036854775808\r\n:1\r\n"), -1);
}

static void
nesting_costs_no_stack(void)
{
    size_t depth = 100000;
    char *text = malloc(depth * 4 + 4);
    for (size_t i = 0; i < depth; i++)
        memcpy(text + i * 4, "*1\r\n", 4);
    memcpy(text + depth * 4, ":1\r\n", 4);
    CU_ASSERT_EQUAL(end_of(text, depth * 4 + 4), (ptrdiff_t) depth * 4 + 4);
    CU_ASSERT_EQUAL(end_of(text, depth * 4), -1);
    free(text);
}

static bool
is_flat(const char *text, int64_t elements)
{
    return kv_frame_is_flat((struct kv_slice){text, strlen(text)}, elements);
}

static void
a_flat_array_has_strings_and_nulls_only(void)
{
    CU_ASSERT(is_flat("*0\r\n", 0));
    CU_ASSERT(is_flat("*2\r\n$1\r\na\r\n$-1\r\n", 2));
    CU_ASSERT(is_flat("*2\r\n$1\r\na\r\n_\r\n", -1));
    CU_ASSERT_FALSE(is_flat("*2\r\n$1\r\na\r\n$-1\r\n", 1));
    CU_ASSERT_FALSE(is_flat("*2\r\n$1\r\na\r\n$-1\r\n", 3));
    CU_ASSERT_FALSE(is_flat("*1\r\n:1\r\n", 1));
    CU_ASSERT_FALSE(is_flat("*1\r\n*0\r\n", 1));
    CU_ASSERT_FALSE(is_flat("*-1\r\n", -1));
    CU_ASSERT_FALSE(is_flat("$1\r\na\r\n", -1));
}

static bool
is_scan(const char *text)
{
    return kv_frame_is_scan((struct kv_slice){text, strlen(text)});
}

static void
scan_answers_a_cursor_and_keys(void)
{
    CU_ASSERT(is_scan("*2\r\n$1\r\n0\r\n*0\r\n"));
    CU_ASSERT(is_scan("*2\r\n$2\r\n17\r\n*1\r\n$1\r\na\r\n"));
    CU_ASSERT_FALSE(is_scan("*2\r\n$-1\r\n*0\r\n"));
    CU_ASSERT_FALSE(is_scan("*2\r\n:0\r\n*0\r\n"));
    CU_ASSERT_FALSE(is_scan("*2\r\n$1\r\n0\r\n:1\r\n"));
    CU_ASSERT_FALSE(is_scan("*1\r\n$1\r\n0\r\n"));
    CU_ASSERT_FALSE(is_scan("+OK\r\n"));
}

CY_TEST_MAIN("kv.frame", CY_TEST(each_kind_of_reply_ends_where_it_ends),
             CY_TEST(a_reply_that_is_cut_anywhere_is_none), CY_TEST(malformed_replies_are_none),
             CY_TEST(counts_that_no_text_could_hold_are_refused_at_once),
             CY_TEST(nesting_costs_no_stack), CY_TEST(a_flat_array_has_strings_and_nulls_only),
             CY_TEST(scan_answers_a_cursor_and_keys))
