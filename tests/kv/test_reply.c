#include "cy_test.h"
#include "reply.h"

#include <math.h>

static struct kv_buffer out;

/* What has been written is this; forgets it. */
static bool
wrote(const char *text)
{
    bool same = out.used == strlen(text) && memcmp(out.at, text, out.used) == 0;
    kv_buffer_free(&out);
    return same;
}

static void
simple_replies_are_alike_in_both_protocols(void)
{
    kv_reply_ok(&out);
    kv_reply_status(&out, "PONG");
    kv_reply_integer(&out, -12);
    kv_reply_integer(&out, 7);
    kv_reply_bulk(&out, "a\0b", 3);
    CU_ASSERT_EQUAL(memcmp(out.at, "+OK\r\n+PONG\r\n:-12\r\n:7\r\n$3\r\na\0b\r\n", 31), 0);
    CU_ASSERT_EQUAL(out.used, 31);
    kv_buffer_free(&out);
    kv_reply_text(&out, "");
    kv_reply_array(&out, 12);
    CU_ASSERT(wrote("$0\r\n\r\n*12\r\n"));
}

static void
nulls_maps_and_pushes_differ_by_protocol(void)
{
    kv_reply_null(&out, 2);
    kv_reply_map(&out, 2, 3);
    kv_reply_set(&out, 2, 3);
    kv_reply_push(&out, 2, 3);
    kv_reply_double(&out, 2, 0.5);
    kv_reply_verbatim(&out, 2, "abc", 3);
    CU_ASSERT(wrote("$-1\r\n*6\r\n*3\r\n*3\r\n$3\r\n0.5\r\n$3\r\nabc\r\n"));
    kv_reply_null(&out, 3);
    kv_reply_map(&out, 3, 3);
    kv_reply_set(&out, 3, 3);
    kv_reply_push(&out, 3, 3);
    kv_reply_double(&out, 3, 0.5);
    kv_reply_verbatim(&out, 3, "abc", 3);
    CU_ASSERT(wrote("_\r\n%3\r\n~3\r\n>3\r\n,0.5\r\n=7\r\ntxt:abc\r\n"));
}

static void
doubles_may_be_infinite_or_no_number(void)
{
    kv_reply_double(&out, 3, (double) INFINITY);
    kv_reply_double(&out, 3, (double) -INFINITY);
    kv_reply_double(&out, 2, (double) NAN);
    CU_ASSERT(wrote(",inf\r\n,-inf\r\n$3\r\nnan\r\n"));
}

static void
an_error_is_one_line_whatever_it_quotes(void)
{
    kv_reply_errorf(&out, "ERR no %s", "a\r\nb\n\r\n");
    CU_ASSERT(wrote("-ERR no a  b\r\n"));
    kv_reply_error(&out, "ERR x");
    CU_ASSERT(wrote("-ERR x\r\n"));
}

static void
an_error_may_be_long(void)
{
    char word[5001];
    memset(word, 'x', 5000);
    word[5000] = '\0';
    kv_reply_errorf(&out, "ERR %s", word);
    CU_ASSERT_EQUAL(out.used, 1 + 4 + 5000 + 2);
    kv_buffer_free(&out);
}

CY_TEST_MAIN("kv.reply", CY_TEST(simple_replies_are_alike_in_both_protocols),
             CY_TEST(nulls_maps_and_pushes_differ_by_protocol),
             CY_TEST(doubles_may_be_infinite_or_no_number),
             CY_TEST(an_error_is_one_line_whatever_it_quotes), CY_TEST(an_error_may_be_long))
