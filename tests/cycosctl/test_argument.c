#include "cy_test.h"

#include "argument.h"

#include <string.h>

/* Words of a command line become values. */

static char shown[256];
static const char *wrong;

static const char *
value_of(const char *word)
{
    uint8_t bytes[256];
    cy_value_writer w;
    size_t size = 0;
    cy_value_writer_init(&w, bytes, sizeof bytes);
    wrong = NULL;
    if (!ctl_argument_put(&w, word, &wrong))
        return "none";
    int rc = cy_value_finish(&w, &size);
    if (rc != 0)
        return cy_errname(rc);
    CU_ASSERT_TRUE(cy_value_format(shown, sizeof shown, bytes, size) > 0);
    return shown;
}

#define IS(word, text) CU_ASSERT_STRING_EQUAL(value_of(word), text)

static void
values_are_what_they_look_like(void)
{
    IS("0", "0");
    IS("-5", "-5");
    IS("+5", "5");
    IS("18446744073709551615", "18446744073709551615");
    IS("-9223372036854775808", "-9223372036854775808");
    IS("2.5", "2.5");
    IS("-.5", "-0.5");
    IS("1.", "1.0");
    IS("1e3", "1000.0");
    IS("true", "true");
    IS("false", "false");
    IS("nil", "null");
}

static void
all_else_is_text(void)
{
    IS("", "\"\"");
    IS("text", "\"text\"");
    IS("two words", "\"two words\"");
    IS("True", "\"True\"");
    IS("1a", "\"1a\"");
    IS("-", "\"-\"");
    IS("+", "\"+\"");
    IS(".", "\".\"");
    IS("1e", "\"1e\"");
    IS("0x10", "\"0x10\"");
    IS("inf", "\"inf\"");
    IS("1 ", "\"1 \"");
    IS("http://host:1", "\"http://host:1\"");
    IS("\xff", "EILSEQ");
}

static void
a_prefix_says_what_follows(void)
{
    IS("text:17", "\"17\"");
    IS("text:", "\"\"");
    IS("text:json:1", "\"json:1\"");
    IS("int:17", "17");
    IS("double:17", "17.0");
    IS("double:1e400", "Infinity");
    IS("bytes:", "h''");
    IS("bytes:00fFa1", "h'00ffa1'");
    IS("json:[1, {\"a\": null}]", "[1, {\"a\": null}]");
}

static void
what_is_not_what_it_claims_to_be_is_refused(void)
{
    static const char *const BAD[] = {"int:",
                                      "int:1.5",
                                      "int:x",
                                      "int: 1",
                                      "int:-",
                                      "18446744073709551616",
                                      "int:-9223372036854775809",
                                      "double:",
                                      "double:x",
                                      "double: 1",
                                      "double:1x",
                                      "bytes:0",
                                      "bytes:0g",
                                      "bytes:zz",
                                      "json:",
                                      "json:[1",
                                      "json:x"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        CU_ASSERT_STRING_EQUAL(value_of(BAD[i]), "none");
        CU_ASSERT_PTR_NOT_NULL(wrong);
    }
}

static bool
splits(const char *word, const char *name, const char *value)
{
    char found[CTL_ARGUMENT_NAME_MAX + 1];
    const char *rest;
    return ctl_argument_split(word, found, &rest) && strcmp(found, name) == 0 &&
           strcmp(rest, value) == 0;
}

static void
a_name_stands_before_an_equals_sign(void)
{
    char word[CTL_ARGUMENT_NAME_MAX + 4], name[CTL_ARGUMENT_NAME_MAX + 1];
    const char *value;
    CU_ASSERT_TRUE(splits("times=3", "times", "3"));
    CU_ASSERT_TRUE(splits("_a1=", "_a1", ""));
    CU_ASSERT_TRUE(splits("a=b=c", "a", "b=c"));
    CU_ASSERT_TRUE(splits("a", "", "a"));
    CU_ASSERT_TRUE(splits("=a", "", "=a"));
    CU_ASSERT_TRUE(splits("1=2", "", "1=2"));
    CU_ASSERT_TRUE(splits("a b=c", "", "a b=c"));
    CU_ASSERT_TRUE(splits("text:a=b", "", "text:a=b"));
    memset(word, 'n', sizeof word);
    memcpy(word + CTL_ARGUMENT_NAME_MAX, "=1", 3);
    CU_ASSERT_TRUE(ctl_argument_split(word, name, &value));
    CU_ASSERT_EQUAL(strlen(name), CTL_ARGUMENT_NAME_MAX);
    word[CTL_ARGUMENT_NAME_MAX] = 'n';
    memcpy(word + CTL_ARGUMENT_NAME_MAX + 1, "=1", 3);
    CU_ASSERT_FALSE(ctl_argument_split(word, name, &value));
}

CY_TEST_MAIN("cycosctl.argument", CY_TEST(values_are_what_they_look_like),
             CY_TEST(all_else_is_text), CY_TEST(a_prefix_says_what_follows),
             CY_TEST(what_is_not_what_it_claims_to_be_is_refused),
             CY_TEST(a_name_stands_before_an_equals_sign))
