#include "cy_test.h"

#include "json_read.h"

#include <string.h>

/* JSON becomes values, which are compared as people read them. */

static char shown[1024];
static const char *wrong;

static const char *
value_of(const char *json)
{
    uint8_t bytes[1024];
    cy_value_writer w;
    size_t size = 0;
    cy_value_writer_init(&w, bytes, sizeof bytes);
    wrong = NULL;
    if (!ctl_json_put(&w, json, &wrong, NULL))
        return "none";
    int rc = cy_value_finish(&w, &size);
    if (rc != 0)
        return cy_errname(rc);
    CU_ASSERT_TRUE(cy_value_format(shown, sizeof shown, bytes, size) > 0);
    return shown;
}

#define IS(json, text) CU_ASSERT_STRING_EQUAL(value_of(json), text)

static void
plain_values_are_read(void)
{
    IS("1", "1");
    IS(" \t\r\n-17 \n", "-17");
    IS("0", "0");
    IS("18446744073709551615", "18446744073709551615");
    IS("-9223372036854775808", "-9223372036854775808");
    IS("1.5", "1.5");
    IS("-0.25e+2", "-25.0");
    IS("1E2", "100.0");
    IS("true", "true");
    IS("false", "false");
    IS("null", "null");
    IS("\"\"", "\"\"");
    IS("\"a text\"", "\"a text\"");
}

static void
escapes_are_characters(void)
{
    uint8_t bytes[64];
    cy_value_writer w;
    cy_value_reader r;
    const char *text;
    size_t size = 0;
    cy_value_writer_init(&w, bytes, sizeof bytes);
    CU_ASSERT_TRUE(ctl_json_put(
        &w, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", &wrong, NULL));
    CY_OK(cy_value_finish(&w, &size));
    CY_OK(cy_value_reader_init(&r, bytes, size));
    CY_OK(cy_value_get_text(&r, &text, &size));
    static const char EXPECT[] = "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    CU_ASSERT_EQUAL(size, sizeof EXPECT - 1);
    CU_ASSERT_EQUAL(memcmp(text, EXPECT, size), 0);
}

static void
lists_and_maps_nest(void)
{
    IS("[]", "[]");
    IS(" [ 1 , [ 2 ] , { } ] ", "[1, [2], {}]");
    IS("{\"a\": {\"b\": [null]}, \"b\": 2}", "{\"a\": {\"b\": [null]}, \"b\": 2}");
    IS("{\"b\": 2, \"a\": 1}", "{\"a\": 1, \"b\": 2}"); /* in the order of values */
    IS("{\"a\": 1, \"a\": 2}", "EEXIST");
    IS("\"\xff\"", "EILSEQ");
}

static void
depth_has_a_limit(void)
{
    char text[2 * (CTL_JSON_DEPTH_MAX + 1) + 2];
    size_t depth = CTL_JSON_DEPTH_MAX;
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    CU_ASSERT_STRING_EQUAL(value_of(text), text);
    depth++;
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    IS(text, "none");
    CU_ASSERT_STRING_EQUAL(wrong, "too deep");
}

static void
what_is_no_json_is_refused_with_its_place(void)
{
    static const struct {
        const char *json;
        size_t at;
    } BAD[] = {
        {"", 0},
        {"  ", 2},
        {"nul", 0},
        {"True", 0},
        {"1 2", 2},
        {"01", 1},
        {"-", 1},
        {"+1", 0},
        {".5", 0},
        {"1.", 2},
        {"1e", 2},
        {"1e+", 3},
        {"\"", 1},
        {"\"\\x\"", 2},
        {"\"\\u12g4\"", 3},
        {"\"\\ud800\"", 7},
        {"\"\\udc00\"", 7},
        {"\"\n\"", 1},
        {"[", 1},
        {"[1", 2},
        {"[1,]", 3},
        {"[1 2]", 3},
        {"{1: 2}", 1},
        {"{\"a\" 1}", 5},
        {"{\"a\": }", 6},
        {"{\"a\": 1,}", 8},
        {"{\"a\": 1]", 7},
        {"]", 0},
        {"nullx", 4},
        {"18446744073709551616", 20},
        {"-9223372036854775809", 20},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        uint8_t bytes[64];
        cy_value_writer w;
        size_t at = 999;
        cy_value_writer_init(&w, bytes, sizeof bytes);
        wrong = NULL;
        bool good = ctl_json_put(&w, BAD[i].json, &wrong, &at);
        if (good || at != BAD[i].at || wrong == NULL)
            printf("%s: %d at %zu\n", BAD[i].json, good, at);
        CU_ASSERT_FALSE(good);
        CU_ASSERT_PTR_NOT_NULL(wrong);
        CU_ASSERT_EQUAL(at, BAD[i].at);
    }
}

CY_TEST_MAIN("cycosctl.json_read", CY_TEST(plain_values_are_read),
             CY_TEST(escapes_are_characters), CY_TEST(lists_and_maps_nest),
             CY_TEST(depth_has_a_limit), CY_TEST(what_is_no_json_is_refused_with_its_place))
