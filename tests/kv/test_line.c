#include "cy_test.h"
#include "line.h"

#include <stdio.h>
#include <string.h>

/* The words of a line, each in brackets; "!" when it is malformed. */
static bool
splits_into(const char *line, const char *expected)
{
    char copy[256];
    char said[256] = "";
    size_t used = 0;
    size_t length = strlen(line);
    memcpy(copy, line, length);
    char *at = copy;
    for (;;) {
        const char *word;
        size_t bytes;
        int found = kv_line_word(&at, copy + length, &word, &bytes);
        if (found < 0)
            return strcmp(expected, "!") == 0;
        if (found == 0)
            return strcmp(expected, said) == 0;
        used += (size_t) snprintf(said + used, sizeof said - used, "[%.*s]", (int) bytes, word);
    }
}

static void
blanks_separate_words(void)
{
    CU_ASSERT(splits_into("", ""));
    CU_ASSERT(splits_into("   \t ", ""));
    CU_ASSERT(splits_into("a", "[a]"));
    CU_ASSERT(splits_into("  set a\t1  ", "[set][a][1]"));
}

static void
quotes_hold_blanks_together(void)
{
    CU_ASSERT(splits_into("\"a b\" 'c d'", "[a b][c d]"));
    CU_ASSERT(splits_into("\"\" ''", "[][]"));
    CU_ASSERT(splits_into("ab\"cd\"", "[abcd]"));
    CU_ASSERT(splits_into("\"it's\" 'a\"b'", "[it's][a\"b]"));
}

static void
escapes_are_resolved(void)
{
    CU_ASSERT(splits_into("\"\\x41\\x4a\\x4B\"", "[AJK]"));
    CU_ASSERT(splits_into("\"\\n\\r\\t\\b\\a\"", "[\n\r\t\b\a]"));
    CU_ASSERT(splits_into("\"\\\\ \\\" \\q\"", "[\\ \" q]"));
    CU_ASSERT(splits_into("\"\\xzz\"", "[xzz]"));
    CU_ASSERT(splits_into("\"\\x4\"", "[x4]"));
    CU_ASSERT(splits_into("'a\\'b\\n'", "[a'b\\n]"));
    CU_ASSERT(splits_into("a\\nb", "[a\\nb]"));
}

static void
unbalanced_quotes_are_malformed(void)
{
    CU_ASSERT(splits_into("\"abc", "!"));
    CU_ASSERT(splits_into("'abc", "!"));
    CU_ASSERT(splits_into("\"abc\"d", "!"));
    CU_ASSERT(splits_into("'abc'd", "!"));
    CU_ASSERT(splits_into("\"abc\\\"", "!"));
    CU_ASSERT(splits_into("\"abc\\", "!"));
}

CY_TEST_MAIN("kv.line", CY_TEST(blanks_separate_words), CY_TEST(quotes_hold_blanks_together),
             CY_TEST(escapes_are_resolved), CY_TEST(unbalanced_quotes_are_malformed))
