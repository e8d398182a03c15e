#include "wire.h"
#include "wire_bytes.h"
#include <cy_test.h>

static bool
name_ok(const char *name)
{
    return cyi_wire_name_ok(name, strlen(name));
}

static void
takes_names_that_people_write(void)
{
    static const char *const NAMES[] = {
        "a",
        "web.0",
        "two words",
        "~!\"\\=,",
        "\xc2\xa0",         /* U+00A0, the first behind the control characters */
        "\xdf\xbf",         /* the last of two bytes */
        "\xe0\xa0\x80",     /* the first of three */
        "\xed\x9f\xbf",     /* U+D7FF, before the surrogates */
        "\xee\x80\x80",     /* U+E000, behind them */
        "\xef\xbf\xbf",     /* the last of three */
        "\xf0\x90\x80\x80", /* the first of four */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF, the last of all */
        "\xf1\x80\x80\x80", /* with each bit of a head of four */
        "\xf3\xbf\xbf\xbf",
        "K\xc3\xb6ln",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        CU_ASSERT(name_ok(NAMES[i]));
}

static void
refuses_control_characters_and_what_is_not_utf8(void)
{
    static const char *const NAMES[] = {
        "\x1f",
        "tab\there",
        "line\n",
        "\x7f",
        "\xc2\x80",
        "\xc2\x9f",
        "\x80",
        "\xbf",
        "\xc1\xbf",         /* U+007F in two bytes */
        "\xe0\x9f\xbf",     /* U+07FF in three */
        "\xf0\x8f\xbf\xbf", /* U+FFFF in four */
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xf0\x90\x80",
        "\xc3x",
        "\xe2\x82x",
        "a\xe2",
        "ab\xc3x",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        CU_ASSERT_FALSE(name_ok(NAMES[i]));
    CU_ASSERT_FALSE(cyi_wire_name_ok("a\0b", 3));
    CU_ASSERT_FALSE(cyi_wire_name_ok("a", 2));
}

static void
takes_names_up_to_the_limit(void)
{
    char name[CYI_WIRE_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    CU_ASSERT_FALSE(cyi_wire_name_ok(name, 0));
    CU_ASSERT(cyi_wire_name_ok(name, CYI_WIRE_NAME_MAX));
    CU_ASSERT_FALSE(cyi_wire_name_ok(name, CYI_WIRE_NAME_MAX + 1));
}

static bool
v4_ok(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = a, b, c, d};
    return cyi_wire_address_ok(address);
}

static void
takes_addresses_of_one_host_only(void)
{
    uint8_t any[16] = {0}, loopback[16] = {[15] = 1};
    uint8_t local[16] = {0xfe, 0x80, [15] = 1}, all_nodes[16] = {0xff, 0x02, [15] = 1};
    CU_ASSERT_FALSE(cyi_wire_address_ok(any));
    CU_ASSERT(cyi_wire_address_ok(loopback));
    CU_ASSERT(cyi_wire_address_ok(local));
    CU_ASSERT_FALSE(cyi_wire_address_ok(all_nodes));
    CU_ASSERT(v4_ok(127, 0, 0, 1));
    CU_ASSERT(v4_ok(223, 255, 255, 255));
    CU_ASSERT(v4_ok(240, 0, 0, 1));
    CU_ASSERT(v4_ok(255, 255, 255, 254));
    CU_ASSERT_FALSE(v4_ok(0, 0, 0, 0));
    CU_ASSERT_FALSE(v4_ok(224, 0, 0, 0));
    CU_ASSERT_FALSE(v4_ok(239, 255, 255, 255));
    CU_ASSERT_FALSE(v4_ok(255, 255, 255, 255));
}

static void
takes_references_of_known_kinds(void)
{
    for (unsigned kind = 0; kind < 16; kind++) {
        cy_ref ref = {.node = 1, .slot = kind << 28};
        bool known = kind >= CY_KIND_TASK && kind <= CY_KIND_METHOD;
        CU_ASSERT_EQUAL(cyi_wire_ref_ok(ref), known);
    }
}

static void
takes_nobody_only_when_it_is_all_zero(void)
{
    CU_ASSERT(cyi_wire_ref_ok(CY_NOBODY));
    for (size_t i = 0; i < sizeof(cy_ref); i++) {
        cy_ref ref = CY_NOBODY;
        ((uint8_t *) &ref)[i] = 0x10;
        CU_ASSERT_FALSE(cyi_wire_ref_ok(ref));
    }
}

CY_TEST_MAIN("transport.wire_check", CY_TEST(takes_names_that_people_write),
             CY_TEST(refuses_control_characters_and_what_is_not_utf8),
             CY_TEST(takes_names_up_to_the_limit), CY_TEST(takes_addresses_of_one_host_only),
             CY_TEST(takes_references_of_known_kinds),
             CY_TEST(takes_nobody_only_when_it_is_all_zero))
