/* test_value_utf8.c - UTF-8: every character, every pair of bytes, all lengths and places. */
#include "cy_test.h"

#include "value.h"
#include <stdlib.h>
#include <string.h>

/* The UTF-8 form of any number below 2^21, also where that is not allowed. */
static size_t
encode(uint8_t *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (uint8_t) c;
        return 1;
    }
    size_t bytes = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = bytes; i-- > 1; c >>= 6)
        out[i] = (uint8_t) (0x80 | (c & 0x3f));
    out[0] = (uint8_t) (LEADS[bytes] | c);
    return bytes;
}

static void
takes_every_character_but_no_surrogate_and_none_beyond_the_last(void)
{
    long wrong = 0;
    for (unsigned c = 0; c < 0x200000; c++) {
        uint8_t text[4];
        size_t size = encode(text, c);
        bool valid = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        wrong += cyi_utf8_valid(text, size) != valid;
        wrong += size > 1 && cyi_utf8_valid(text, size - 1);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
refuses_overlong_forms(void)
{
    CU_ASSERT_FALSE(cyi_utf8_valid((const uint8_t *) "\xc0\x80", 2));
    CU_ASSERT_FALSE(cyi_utf8_valid((const uint8_t *) "\xc1\xbf", 2));
    CU_ASSERT_FALSE(cyi_utf8_valid((const uint8_t *) "\xe0\x9f\xbf", 3));
    CU_ASSERT_TRUE(cyi_utf8_valid((const uint8_t *) "\xe0\xa0\x80", 3));
    CU_ASSERT_FALSE(cyi_utf8_valid((const uint8_t *) "\xf0\x8f\xbf\xbf", 4));
    CU_ASSERT_TRUE(cyi_utf8_valid((const uint8_t *) "\xf0\x90\x80\x80", 4));
    CU_ASSERT_FALSE(cyi_utf8_valid((const uint8_t *) "\xf8\x88\x80\x80\x80", 5));
}

/* All pairs: two of ASCII, or one character of two bytes. */
static void
judges_every_pair_of_bytes(void)
{
    long wrong = 0;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t text[2] = {(uint8_t) a, (uint8_t) b};
            bool valid = a < 0x80 ? b < 0x80 : a >= 0xc2 && a < 0xe0 && b >> 6 == 2;
            wrong += cyi_utf8_valid(text, 2) != valid;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* ASCII is looked at 8 bytes at a time. */
static void
finds_a_wrong_byte_wherever_it_is(void)
{
    for (size_t size = 0; size < 40; size++) {
        uint8_t *text = malloc(size + 1);
        memset(text, 'a', size);
        CU_ASSERT_TRUE(cyi_utf8_valid(text, size));
        for (size_t at = 0; at < size; at++) {
            text[at] = 0x80;
            CU_ASSERT_FALSE(cyi_utf8_valid(text, size));
            text[at] = 'a';
        }
        for (size_t at = 0; at + 1 < size; at++) {
            memcpy(text + at, "\xc3\xbc", 2);
            CU_ASSERT_TRUE(cyi_utf8_valid(text, size));
            memset(text + at, 'a', 2);
        }
        free(text);
    }
}

CY_TEST_MAIN("runtime.value_utf8",
             CY_TEST(takes_every_character_but_no_surrogate_and_none_beyond_the_last),
             CY_TEST(refuses_overlong_forms), CY_TEST(judges_every_pair_of_bytes),
             CY_TEST(finds_a_wrong_byte_wherever_it_is))
