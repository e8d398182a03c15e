#include "cy_test.h"
#include "glob.h"

#include <stdlib.h>
#include <string.h>

static bool
match(const char *pattern, const char *text)
{
    return kv_glob_match(pattern, strlen(pattern), text, strlen(text));
}

static void
literals_match_themselves_only(void)
{
    CU_ASSERT(match("abc", "abc"));
    CU_ASSERT(!match("abc", "abd"));
    CU_ASSERT(!match("abc", "ab"));
    CU_ASSERT(!match("abc", "abcd"));
    CU_ASSERT(!match("abc", "ABC"));
}

static void
question_marks_match_one_byte(void)
{
    CU_ASSERT(match("h?llo", "hello"));
    CU_ASSERT(match("???", "abc"));
    CU_ASSERT(!match("???", "ab"));
    CU_ASSERT(!match("?", ""));
}

static void
stars_match_anything(void)
{
    CU_ASSERT(match("*", "abc"));
    CU_ASSERT(match("a*", "a"));
    CU_ASSERT(match("a*c", "abbbc"));
    CU_ASSERT(match("*b*", "abc"));
    CU_ASSERT(match("a**c", "ac"));
    CU_ASSERT(match("*a*b*c*", "xxaxxbxxcxx"));
    CU_ASSERT(!match("*a*b*c*", "xxaxxcxxbxx"));
    CU_ASSERT(match("*aab", "aaaaab"));
    CU_ASSERT(!match("a*c", "ab"));
}

static void
classes_match_one_of_several(void)
{
    CU_ASSERT(match("h[ae]llo", "hallo"));
    CU_ASSERT(!match("h[ae]llo", "hillo"));
    CU_ASSERT(match("h[^e]llo", "hallo"));
    CU_ASSERT(!match("h[^e]llo", "hello"));
    CU_ASSERT(match("h[a-c]llo", "hbllo"));
    CU_ASSERT(match("h[c-a]llo", "hbllo"));
    CU_ASSERT(!match("h[a-c]llo", "hdllo"));
    CU_ASSERT(match("[\\]]", "]"));
    CU_ASSERT(match("[a\\-c]", "-"));
    CU_ASSERT(!match("[a\\-c]", "b"));
    CU_ASSERT(!match("[]", "a"));
    CU_ASSERT(match("[^]", "a"));
}

static void
an_unclosed_class_ends_with_the_pattern(void)
{
    CU_ASSERT(match("[abc", "b"));
    CU_ASSERT(!match("[abc", "d"));
    CU_ASSERT(match("[a-", "a"));
    CU_ASSERT(match("[a-", "-"));
    CU_ASSERT(!match("[", "["));
    CU_ASSERT(match("[^", "x"));
}

static void
a_backslash_makes_a_byte_stand_for_itself(void)
{
    CU_ASSERT(match("a\\*b", "a*b"));
    CU_ASSERT(!match("a\\*b", "axb"));
    CU_ASSERT(match("\\\\", "\\"));
    CU_ASSERT(match("a\\", "a\\"));
}

static void
the_empty_text_matches_the_empty_pattern_only(void)
{
    CU_ASSERT(match("", ""));
    CU_ASSERT(!match("*", ""));
    CU_ASSERT(!match("", "a"));
}

static void
bytes_of_any_value_match(void)
{
    CU_ASSERT(kv_glob_match("a\0*", 3, "a\0b", 3));
    CU_ASSERT(!kv_glob_match("a\0b", 3, "a\0c", 3));
    CU_ASSERT(kv_glob_match("\xff?", 2, "\xff\xfe", 2));
}

static void
many_stars_take_no_exponential_time(void)
{
    char pattern[201];
    char text[5001];
    for (size_t i = 0; i < 100; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    memset(text, 'a', 5000);
    pattern[199] = 'b';
    CU_ASSERT(!kv_glob_match(pattern, 200, text, 5000));
    pattern[199] = 'a';
    CU_ASSERT(kv_glob_match(pattern, 200, text, 5000));
}

CY_TEST_MAIN("kv.glob", CY_TEST(literals_match_themselves_only),
             CY_TEST(question_marks_match_one_byte), CY_TEST(stars_match_anything),
             CY_TEST(classes_match_one_of_several),
             CY_TEST(an_unclosed_class_ends_with_the_pattern),
             CY_TEST(a_backslash_makes_a_byte_stand_for_itself),
             CY_TEST(the_empty_text_matches_the_empty_pattern_only),
             CY_TEST(bytes_of_any_value_match), CY_TEST(many_stars_take_no_exponential_time))
