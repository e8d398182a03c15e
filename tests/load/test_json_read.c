/* test_json_read.c - JSON as it is read. */
#include "cy_test.h"
#include "json.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct load_json *json;

static int
parse(const char *text)
{
    /* An exact copy without a terminator, so that reading too far is seen by the sanitizer. */
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    memcpy(copy, text, size);
    char *exact = realloc(copy, size > 0 ? size : 1);
    int rc = load_json_parse(&json, exact, size);
    free(exact);
    return rc;
}

static void
members_are_found_by_their_path(void)
{
    CY_OK(parse(
        " {\"a\": {\"b\": [1, 2.5e1, -3], \"t\": \"x\\u00e9\\n\"}, \"y\": true, \"n\":null}"));
    CU_ASSERT_EQUAL(load_json_find(json, "a.b")->kind, LOAD_JSON_ARRAY);
    CU_ASSERT_EQUAL(load_json_find(json, "a.b")->child->next->number, 25);
    CU_ASSERT_EQUAL(load_json_find(json, "a.b")->child->next->next->number, -3);
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "a.t", "?"), "x\xc3\xa9\n");
    CU_ASSERT_EQUAL(load_json_get(json, "y", 7), 1);
    CU_ASSERT_EQUAL(load_json_get(json, "n", 7), 7);
    CU_ASSERT_EQUAL(load_json_get(json, "a.none", 7), 7);
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "y", "?"), "?");
    CU_ASSERT_PTR_NULL(load_json_find(json, "a.b.c"));
    load_json_free(&json);
    CU_ASSERT_PTR_NULL(json);
}

static void
every_truncation_is_refused(void)
{
    static const char whole[] = "{\"a\": [1, {\"b\": \"c\\u0041\"}, true], \"d\": null}";
    char cut[sizeof whole];
    for (size_t size = 0; size + 1 < sizeof whole; size++) {
        memcpy(cut, whole, size);
        cut[size] = '\0';
        CY_FAILS(parse(cut), -EINVAL);
    }
    CY_OK(parse(whole));
    load_json_free(&json);
}

static void
malformed_texts_are_refused(void)
{
    static const char *const bad[] = {
        "{}x",   "{\"a\" 1}", "{a:1}",   "[1,]",        "[1 2]",    "{,}",  "nul", "+1",
        "1.2.3", ".5",        "\"\\x\"", "\"\\u00g0\"", "\"a\nb\"", "\"\\", "tru", "-"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_FAILS(parse(bad[i]), -EINVAL);
}

static void
nesting_is_taken_up_to_the_limit(void)
{
    char text[2 * (LOAD_JSON_DEPTH_MAX + 1) + 1] = "";
    for (size_t depth = LOAD_JSON_DEPTH_MAX; depth <= LOAD_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        int rc = parse(text);
        CU_ASSERT_EQUAL(rc, depth <= LOAD_JSON_DEPTH_MAX ? 0 : -E2BIG);
        if (rc == 0)
            load_json_free(&json);
    }
}

static void
any_bytes_end_in_a_value_or_an_error(void)
{
    static const char alphabet[] = "{}[],:\"\\u0123tfnrue-.e ";
    struct load_random random;
    char text[24];
    load_random_seed(&random, 8, 0);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t) load_random_below(&random, sizeof text - 1);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[load_random_below(&random, sizeof alphabet - 1)];
        text[size] = '\0';
        int rc = parse(text);
        CU_ASSERT_TRUE(rc == 0 || rc == -EINVAL);
        if (rc == 0)
            load_json_free(&json);
    }
}

CY_TEST_MAIN("load.json_read", CY_TEST(members_are_found_by_their_path),
             CY_TEST(every_truncation_is_refused), CY_TEST(malformed_texts_are_refused),
             CY_TEST(nesting_is_taken_up_to_the_limit),
             CY_TEST(any_bytes_end_in_a_value_or_an_error))
