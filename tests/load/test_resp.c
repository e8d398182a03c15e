/* test_resp.c - commands as a server expects them, replies in pieces, broken replies. */
#include "cy_test.h"
#include "random.h"
#include "resp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct load_resp reply;

static long
parse(const char *text)
{
    return load_resp_parse(&reply, text, strlen(text), 100);
}

static bool
text_is(const char *expected)
{
    return reply.size == strlen(expected) && memcmp(reply.text, expected, reply.size) == 0;
}

static void
reads_each_kind_of_reply(void)
{
    CU_ASSERT_EQUAL(parse("+OK\r\nrest"), 5);
    CU_ASSERT_TRUE(reply.type == '+' && text_is("OK"));
    CU_ASSERT_EQUAL(parse("-ERR no\r\n"), 9);
    CU_ASSERT_TRUE(reply.type == '-' && text_is("ERR no"));
    CU_ASSERT_EQUAL(parse(":12\r\n"), 5);
    CU_ASSERT_TRUE(reply.type == ':' && text_is("12"));
    CU_ASSERT_EQUAL(parse("$3\r\nabc\r\n$"), 9);
    CU_ASSERT_TRUE(reply.type == '$' && text_is("abc"));
}

static void
a_bulk_string_may_hold_any_byte(void)
{
    CU_ASSERT_EQUAL(load_resp_parse(&reply, "$4\r\n\r\n\0$\r\n", 10, 100), 10);
    CU_ASSERT_TRUE(reply.type == '$' && reply.size == 4);
    CU_ASSERT_EQUAL(memcmp(reply.text, "\r\n\0$", 4), 0);
    CU_ASSERT_EQUAL(parse("$0\r\n\r\n"), 6);
    CU_ASSERT_TRUE(reply.type == '$' && reply.size == 0);
}

static void
both_forms_of_nil_are_nil(void)
{
    CU_ASSERT_EQUAL(parse("$-1\r\n"), 5);
    CU_ASSERT_EQUAL(reply.type, '_');
    CU_ASSERT_EQUAL(parse("_\r\n"), 3);
    CU_ASSERT_EQUAL(reply.type, '_');
}

static void
every_prefix_of_a_reply_is_incomplete(void)
{
    static const char *const whole[] = {"+OK\r\n", "$-1\r\n", "$12\r\nhello\r\nworld\r\n"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        size_t size = strlen(whole[i]);
        for (size_t cut = 0; cut < size; cut++) {
            /* An exact copy, so that reading one byte too far is seen by the sanitizer. */
            char *copy = malloc(cut + 1);
            memcpy(copy, whole[i], cut);
            CU_ASSERT_EQUAL(load_resp_parse(&reply, copy, cut, 100), 0);
            free(copy);
        }
        CU_ASSERT_EQUAL(load_resp_parse(&reply, whole[i], size, 100), (long) size);
    }
}

static void
says_how_much_an_incomplete_bulk_string_needs(void)
{
    CU_ASSERT_EQUAL(parse("$50\r\nabc"), 0);
    CU_ASSERT_EQUAL(reply.need, 57);
    CU_ASSERT_EQUAL(parse("$50"), 0);
    CU_ASSERT_EQUAL(reply.need, 0);
}

static void
a_bulk_string_of_the_limit_passes_and_one_byte_more_does_not(void)
{
    CU_ASSERT_EQUAL(parse("$100\r\n"), 0);
    CY_FAILS(parse("$101\r\n"), -EMSGSIZE);
}

static void
refuses_what_no_server_should_send(void)
{
    static const char *const bad[] = {"*1\r\n",          "OK\r\n",  "+OK\n",           "$\r\n",
                                      "$-2\r\n",         "$1x\r\n", "$ 1\r\n",         "\r\n",
                                      "$3\r\nabcde\r\n", "+\n",     "$99999999999\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_FAILS(parse(bad[i]), -EPROTO);
    char *line = malloc(70000);
    memset(line, 'x', 70000);
    line[0] = '+';
    CU_ASSERT_EQUAL(load_resp_parse(&reply, line, 65535, 100), 0);
    CY_FAILS(load_resp_parse(&reply, line, 65536, 100), -EPROTO);
    free(line);
}

/* Whatever comes: what is taken lies within what was given, and the text lies within that. */
static void
any_bytes_are_read_within_their_bounds(void)
{
    static const char alphabet[] = "+-:$_*\r\n0123456789OK";
    struct load_random random;
    load_random_seed(&random, 8, 0);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t) load_random_below(&random, 24);
        char *data = malloc(size + 1);
        for (size_t i = 0; i < size; i++)
            data[i] = alphabet[load_random_below(&random, sizeof alphabet - 1)];
        char *exact = realloc(data, size > 0 ? size : 1);
        long used = load_resp_parse(&reply, exact, size, 100);
        CU_ASSERT_TRUE(used <= (long) size);
        if (used > 0)
            CU_ASSERT_TRUE(reply.text >= exact && reply.text + reply.size <= exact + used);
        free(exact);
    }
}

static void
commands_are_arrays_of_bulk_strings(void)
{
    struct load_commands commands;
    char buffer[2 * LOAD_COMMAND_MAX], *payload = NULL;
    load_commands_init(&commands, "load:");
    *load_put_get(&commands, buffer, 0x1f) = '\0';
    CU_ASSERT_STRING_EQUAL(buffer, "*2\r\n$3\r\nGET\r\n$13\r\nload:0000001f\r\n");
    char *end = load_put_set(&commands, buffer, 0xdeadbeef, 10, &payload);
    memcpy(payload, "0123456789", 10);
    *end = '\0';
    CU_ASSERT_STRING_EQUAL(buffer,
                           "*3\r\n$3\r\nSET\r\n$13\r\nload:deadbeef\r\n$10\r\n0123456789\r\n");
    end = load_put_echo(buffer, 3, &payload);
    memcpy(payload, "abc", 3);
    *end = '\0';
    CU_ASSERT_STRING_EQUAL(buffer, "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n");
}

static void
the_longest_prefix_fits(void)
{
    struct load_commands commands;
    char prefix[LOAD_KEY_PREFIX_MAX + 1], buffer[LOAD_COMMAND_MAX + 16], *payload;
    memset(prefix, 'p', LOAD_KEY_PREFIX_MAX);
    prefix[LOAD_KEY_PREFIX_MAX] = '\0';
    load_commands_init(&commands, prefix);
    CU_ASSERT_TRUE(load_put_set(&commands, buffer, 1, 0, &payload) - buffer < LOAD_COMMAND_MAX);
    CU_ASSERT_TRUE(load_put_get(&commands, buffer, 1) - buffer < LOAD_COMMAND_MAX);
}

CY_TEST_MAIN("load.resp", CY_TEST(reads_each_kind_of_reply),
             CY_TEST(a_bulk_string_may_hold_any_byte), CY_TEST(both_forms_of_nil_are_nil),
             CY_TEST(every_prefix_of_a_reply_is_incomplete),
             CY_TEST(says_how_much_an_incomplete_bulk_string_needs),
             CY_TEST(a_bulk_string_of_the_limit_passes_and_one_byte_more_does_not),
             CY_TEST(refuses_what_no_server_should_send),
             CY_TEST(any_bytes_are_read_within_their_bounds),
             CY_TEST(commands_are_arrays_of_bulk_strings), CY_TEST(the_longest_prefix_fits))
