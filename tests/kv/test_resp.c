#include "cy_test.h"
#include "resp.h"

#include <stdio.h>
#include <stdlib.h>

/* Commands that a parser has seen, as text: "[set][a][1]\n". */
struct seen {
    struct kv_buffer text;
    char error[80];
    bool keep; /* stop at a command, to look at its arguments */
};

static void
note_command(struct seen *seen, const struct kv_parser *parser)
{
    for (uint32_t i = 0; i < parser->argc; i++) {
        kv_buffer_append(&seen->text, "[", 1);
        kv_buffer_append(&seen->text, kv_parser_argv(parser)[i].at,
                         kv_parser_argv(parser)[i].bytes);
        kv_buffer_append(&seen->text, "]", 1);
    }
    kv_buffer_append(&seen->text, "\n", 1);
}

/* Gives bytes in pieces; false when the parser takes no more. */
static bool
feed(struct kv_parser *parser, struct seen *seen, const char *bytes, size_t count, size_t piece)
{
    while (count > 0) {
        char *at;
        size_t room;
        if (!kv_parser_space(parser, &at, &room))
            return false;
        size_t now = count < piece ? count : piece;
        now = now < room ? now : room;
        memcpy(at, bytes, now);
        kv_parser_received(parser, now);
        bytes += now;
        count -= now;
        enum kv_parse result;
        while ((result = kv_parser_next(parser)) == KV_PARSE_COMMAND) {
            note_command(seen, parser);
            if (seen->keep && count == 0)
                return true;
        }
        if (result == KV_PARSE_ERROR) {
            memcpy(seen->error, parser->error, sizeof seen->error);
            return false;
        }
    }
    return true;
}

/* However it is cut, the text gives these commands and this error (NULL: none). */
static bool
parses_as(const char *text, size_t bytes, const char *expected, const char *error)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 7, 100, 1000};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct kv_parser parser = {0};
        struct seen seen = {.text = {0}};
        (void) feed(&parser, &seen, text, bytes, pieces[i]);
        kv_buffer_append(&seen.text, "", 1);
        bool same = seen.text.used == strlen(expected) + 1 &&
                    memcmp(seen.text.at, expected, seen.text.used) == 0 &&
                    strcmp(seen.error, error == NULL ? "" : error) == 0;
        if (!same)
            printf("\n  in pieces of %zu: %s%s\n", pieces[i], seen.text.at, seen.error);
        kv_buffer_free(&seen.text);
        kv_parser_free(&parser);
        if (!same)
            return false;
    }
    return true;
}

static bool
parses(const char *text, const char *expected, const char *error)
{
    return parses_as(text, strlen(text), expected, error);
}

static void
takes_requests_however_they_are_cut(void)
{
    CU_ASSERT(parses("*1\r\n$4\r\nPING\r\n", "[PING]\n", NULL));
    CU_ASSERT(parses("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
                     "[SET][a][]\n[GET][a]\n", NULL));
    CU_ASSERT(parses("*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n", "[ECHO][\r\n\r\n]\n", NULL));
}

static void
passes_over_requests_without_words(void)
{
    CU_ASSERT(parses("\r\n\n*0\r\n*-1\r\n   \r\nPING\r\n", "[PING]\n", NULL));
}

static void
takes_inline_commands_between_requests(void)
{
    CU_ASSERT(parses("set a 'b c'\r\n*1\r\n$4\r\nPING\r\nget a\n",
                     "[set][a][b c]\n[PING]\n[get][a]\n", NULL));
}

static void
says_what_is_malformed_after_what_was_not(void)
{
    CU_ASSERT(
        parses("PING\r\n*x\r\n", "[PING]\n", "ERR Protocol error: invalid multibulk length"));
    CU_ASSERT(parses("*\r\n", "", "ERR Protocol error: invalid multibulk length"));
    CU_ASSERT(parses("*1\r\nPING\r\n", "", "ERR Protocol error: expected '$', got 'P'"));
    CU_ASSERT(parses("*1\r\n\r\n", "", "ERR Protocol error: expected '$', got ' '"));
    CU_ASSERT(parses("*1\r\n$-1\r\n", "", "ERR Protocol error: invalid bulk length"));
    CU_ASSERT(parses("*1\r\n$x\r\n", "", "ERR Protocol error: invalid bulk length"));
    CU_ASSERT(parses("\"a\r\n", "", "ERR Protocol error: unbalanced quotes in request"));
}

static void
knows_the_limits_of_lengths(void)
{
    CU_ASSERT(parses("*2147483648\r\n", "", "ERR Protocol error: invalid multibulk length"));
    CU_ASSERT(parses("*2147483647\r\n", "", NULL));
    CU_ASSERT(parses("*1\r\n$536870913\r\n", "", "ERR Protocol error: invalid bulk length"));
    CU_ASSERT(parses("*1\r\n$536870912\r\n", "", NULL));
}

static bool
line_is(const char *begin, size_t length, const char *error)
{
    char *text = malloc(length);
    if (text == NULL)
        return false;
    memset(text, '1', length);
    memcpy(text, begin, strlen(begin));
    bool same = parses_as(text, length, "", error);
    free(text);
    return same;
}

static void
knows_the_limit_of_a_line(void)
{
    CU_ASSERT(line_is("x", KV_INLINE_MAX, NULL));
    CU_ASSERT(line_is("x", KV_INLINE_MAX + 1, "ERR Protocol error: too big inline request"));
    CU_ASSERT(line_is("*", KV_INLINE_MAX, NULL));
    CU_ASSERT(
        line_is("*", KV_INLINE_MAX + 1, "ERR Protocol error: too big mbulk count string"));
    CU_ASSERT(line_is("*1\r\n$", KV_INLINE_MAX + 4, NULL));
    CU_ASSERT(
        line_is("*1\r\n$", KV_INLINE_MAX + 5, "ERR Protocol error: too big bulk count string"));
}

/* A request with one argument of this size between two small ones, then another request. */
static bool
large_argument_arrives(size_t bytes, size_t piece, bool in_blob)
{
    char head[64];
    struct kv_buffer text = {0};
    struct kv_parser parser = {0};
    struct seen seen = {.keep = true};
    int length = snprintf(head, sizeof head, "*4\r\n$3\r\nSET\r\n$1\r\na\r\n$%zu\r\n", bytes);
    kv_buffer_append(&text, head, (size_t) length);
    for (size_t i = 0; i < bytes; i++)
        kv_buffer_append(&text, &(char){(char) ('a' + i % 23)}, 1);
    kv_buffer_append(&text, "\r\n$2\r\nEX\r\n", 10);

    bool good = feed(&parser, &seen, text.at, text.used, piece) && parser.argc == 4 &&
                kv_parser_argv(&parser)[2].bytes == bytes &&
                (kv_parser_argv(&parser)[2].blob != NULL) == in_blob &&
                memcmp(kv_parser_argv(&parser)[2].at, text.at + length, bytes) == 0 &&
                memcmp(kv_parser_argv(&parser)[1].at, "a", 1) == 0 &&
                memcmp(kv_parser_argv(&parser)[3].at, "EX", 2) == 0;
    good = good && feed(&parser, &seen, "PING\r\n", 6, 6) && parser.argc == 1;
    kv_buffer_free(&seen.text);
    kv_buffer_free(&text);
    kv_parser_free(&parser);
    return good;
}

static void
large_arguments_are_received_into_their_own_memory(void)
{
    CU_ASSERT(large_argument_arrives(KV_BLOB_MIN - 1, 1000, false));
    CU_ASSERT(large_argument_arrives(KV_BLOB_MIN, 1000, true));
    CU_ASSERT(large_argument_arrives(KV_BLOB_MIN, 1, true));
    CU_ASSERT(large_argument_arrives(3000000, 50000, true));
    CU_ASSERT(large_argument_arrives(3000000, SIZE_MAX, true));
}

static void
a_blob_may_be_taken(void)
{
    struct kv_parser parser = {0};
    struct seen seen = {.keep = true};
    char *value = calloc(1, 40002);
    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    if (value == NULL)
        return;
    CU_ASSERT(feed(&parser, &seen, "*1\r\n$40000\r\n", 12, 12));
    memcpy(value + 40000, "\r\n", 2);
    CU_ASSERT(feed(&parser, &seen, value, 40002, 10000));
    struct kv_blob *blob = kv_parser_argv(&parser)[0].blob;
    kv_parser_argv(&parser)[0].blob = NULL;
    CU_ASSERT_EQUAL(blob->bytes, 40000);
    CU_ASSERT(feed(&parser, &seen, "PING\r\n", 6, 6));
    kv_blob_free(&blob);
    kv_parser_free(&parser);
    kv_buffer_free(&seen.text);
    free(value);
}

/* What was announced but has not arrived takes no memory. */
static void
memory_grows_with_what_arrives_only(void)
{
    struct kv_parser parser = {0};
    struct seen seen = {.text = {0}};
    CU_ASSERT(feed(&parser, &seen, "*2\r\n$536870912\r\nabc", 19, SIZE_MAX));
    CU_ASSERT(parser.blob_memory <= KV_READ_MAX);
    kv_parser_free(&parser);
    CU_ASSERT(feed(&parser, &seen, "*2147483647\r\n$1\r\na\r\n", 20, SIZE_MAX));
    CU_ASSERT(parser.args_capacity <= 64);
    kv_parser_free(&parser);
    kv_buffer_free(&seen.text);
}

static void
the_receive_buffer_follows_the_traffic(void)
{
    struct kv_parser parser = {0};
    struct seen seen = {.text = {0}};
    char *at;
    size_t room;
    for (int i = 0; i < 10; i++) { /* reads that fill the buffer */
        CU_ASSERT(kv_parser_space(&parser, &at, &room));
        memset(at, '\n', room);
        kv_parser_received(&parser, room);
        CU_ASSERT_EQUAL(kv_parser_next(&parser), KV_PARSE_MORE);
    }
    CU_ASSERT_EQUAL(parser.in.capacity, KV_READ_MAX);
    for (int i = 0; i < 200; i++)
        CU_ASSERT(feed(&parser, &seen, "PING\r\n", 6, 6));
    CU_ASSERT_EQUAL(parser.in.capacity, KV_READ_MIN);
    kv_parser_free(&parser);
    kv_buffer_free(&seen.text);
}

static void
a_request_beyond_its_memory_limit_is_given_up(void)
{
    struct kv_parser parser = {0};
    struct seen seen = {.text = {0}};
    CU_ASSERT(feed(&parser, &seen, "*2\r\n$40000\r\nabc", 15, SIZE_MAX));
    parser.blob_memory = KV_REQUEST_MAX; /* as if other arguments held all of it */
    char *at;
    size_t room;
    CU_ASSERT(kv_parser_space(&parser, &at, &room)); /* what the blob still has room for */
    kv_parser_received(&parser, room);
    while (kv_parser_next(&parser) == KV_PARSE_MORE && kv_parser_space(&parser, &at, &room))
        kv_parser_received(&parser, room);
    CU_ASSERT_EQUAL(seen.text.used, 0);
    kv_parser_free(&parser);
    kv_buffer_free(&seen.text);
}

static void
many_arguments_survive_the_moves_of_the_buffer(void)
{
    struct kv_parser parser = {0};
    struct seen seen = {.keep = true};
    struct kv_buffer text = {0};
    kv_buffer_append(&text, "*5000\r\n", 7);
    for (int i = 0; i < 5000; i++) {
        char word[32];
        int length = snprintf(word, sizeof word, "$5\r\n%05d\r\n", i);
        kv_buffer_append(&text, word, (size_t) length);
    }
    CU_ASSERT(feed(&parser, &seen, "PING\r\n", 6, 6));
    CU_ASSERT(feed(&parser, &seen, text.at, text.used, 777));
    CU_ASSERT_EQUAL(parser.argc, 5000);
    for (uint32_t i = 0; i < parser.argc; i++) {
        char word[16];
        snprintf(word, sizeof word, "%05u", i);
        CU_ASSERT_EQUAL(memcmp(kv_parser_argv(&parser)[i].at, word, 5), 0);
    }
    kv_parser_free(&parser);
    kv_buffer_free(&seen.text);
    kv_buffer_free(&text);
}

CY_TEST_MAIN("kv.resp", CY_TEST(takes_requests_however_they_are_cut),
             CY_TEST(passes_over_requests_without_words),
             CY_TEST(takes_inline_commands_between_requests),
             CY_TEST(says_what_is_malformed_after_what_was_not),
             CY_TEST(knows_the_limits_of_lengths), CY_TEST(knows_the_limit_of_a_line),
             CY_TEST(large_arguments_are_received_into_their_own_memory),
             CY_TEST(a_blob_may_be_taken), CY_TEST(memory_grows_with_what_arrives_only),
             CY_TEST(the_receive_buffer_follows_the_traffic),
             CY_TEST(a_request_beyond_its_memory_limit_is_given_up),
             CY_TEST(many_arguments_survive_the_moves_of_the_buffer))
