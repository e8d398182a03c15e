/* test_value_format.c - bodies for people: types, escapes, short buffers, other locales. */
#include "value_hex.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool
prints(const char *hex, const char *want)
{
    char text[1024] = "";
    struct value_bytes body = value_unhex(hex);
    int length = cy_value_format(text, sizeof text, body.bytes, body.size);
    if (length == (int) strlen(want) && strcmp(text, want) == 0)
        return true;
    printf("\n  %s: %d %s, wanted %s\n", hex, length, text, want);
    return false;
}

static void
prints_the_examples_of_the_rfc(void)
{
    static const char *const EXAMPLES[][2] = {
        {"00", "0"},
        {"1864", "100"},
        {"1b000000e8d4a51000", "1000000000000"},
        {"1bffffffffffffffff", "18446744073709551615"},
        {"3bffffffffffffffff", "-18446744073709551616"},
        {"3bfffffffffffffffe", "-18446744073709551615"},
        {"20", "-1"},
        {"3903e7", "-1000"},
        {"f90000", "0.0"},
        {"f98000", "-0.0"},
        {"f93c00", "1.0"},
        {"fb3ff199999999999a", "1.1"},
        {"f97bff", "65504.0"},
        {"fa47c35000", "100000.0"},
        {"fa7f7fffff", "3.4028234663852886e+38"},
        {"fb7e37e43c8800759c", "1e+300"},
        {"f90001", "5.9604644775390625e-08"},
        {"f9c400", "-4.0"},
        {"f97c00", "Infinity"},
        {"f9fc00", "-Infinity"},
        {"f97e00", "NaN"},
        {"f4", "false"},
        {"f5", "true"},
        {"f6", "null"},
        {"40", "h''"},
        {"4401020304", "h'01020304'"},
        {"60", "\"\""},
        {"6449455446", "\"IETF\""},
        {"62225c", "\"\\\"\\\\\""},
        {"62c3bc", "\"\xc3\xbc\""},
        {"80", "[]"},
        {"8301820203820405", "[1, [2, 3], [4, 5]]"},
        {"a0", "{}"},
        {"a201020304", "{1: 2, 3: 4}"},
        {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
        {"826161a161626163", "[\"a\", {\"b\": \"c\"}]"},
        {"8480a0a100a080", "[[], {}, {0: {}}, []]"},
    };
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++)
        CU_ASSERT_TRUE(prints(EXAMPLES[i][0], EXAMPLES[i][1]));
}

static void
nothing_in_a_text_steers_a_terminal(void)
{
    CU_ASSERT_TRUE(prints("670a0d09001b7f41", "\"\\n\\r\\t\\u0000\\u001b\\u007fA\""));
    CU_ASSERT_TRUE(prints("66c280c29bc2a0", "\"\\u0080\\u009b\xc2\xa0\""));
    CU_ASSERT_TRUE(prints("66e282acc29f78", "\"\xe2\x82\xac\\u009fx\""));
}

static void
prints_references_as_the_log_does(void)
{
    char text[200], want[CY_REF_TEXT_MAX + 2], name[CY_REF_TEXT_MAX];
    uint8_t body[64];
    size_t size = 0;
    cy_ref ref = {.node = 0xa91c0001, .core = 3, .slot = 1u << 28 | 17, .generation = 2};
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_ref(&w, ref);
    CY_OK(cy_value_finish(&w, &size));
    cy_ref_format(name, sizeof name, ref);
    snprintf(want, sizeof want, "<%s>", name);
    CU_ASSERT_EQUAL(cy_value_format(text, sizeof text, body, size), (int) strlen(want));
    CU_ASSERT_STRING_EQUAL(text, want);
}

static void
a_short_buffer_gets_the_beginning(void)
{
    struct value_bytes body = value_unhex("a26161016162820203");
    static const char WHOLE[] = "{\"a\": 1, \"b\": [2, 3]}";
    int length = (int) strlen(WHOLE);
    for (size_t room = 0; room <= sizeof WHOLE + 1; room++) {
        char *text = malloc(room + 1);
        memset(text, 'x', room + 1);
        CU_ASSERT_EQUAL(cy_value_format(text + 1, room, body.bytes, body.size), length);
        if (room > 0) {
            size_t kept = room <= (size_t) length ? room - 1 : (size_t) length;
            CU_ASSERT_EQUAL(strlen(text + 1), kept);
            CU_ASSERT_EQUAL(memcmp(text + 1, WHOLE, kept), 0);
        }
        free(text);
    }
    CU_ASSERT_EQUAL(cy_value_format(NULL, 0, body.bytes, body.size), length);
}

static void
a_body_that_is_not_valid_is_not_printed(void)
{
    char text[8] = "before";
    CY_FAILS(cy_value_format(text, sizeof text, "\x82\x00", 2), -EBADMSG);
    CY_FAILS(cy_value_format(text, sizeof text, "\xf7", 1), -EOPNOTSUPP);
    CU_ASSERT_STRING_EQUAL(text, "before");
}

static void
the_deepest_body_is_printed(void)
{
    CU_ASSERT_TRUE(
        prints("81818181818181818181818181818180", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"));
}

/* As many locales as this machine has; with a comma at least where there is a German one. */
static void
numbers_have_a_point_in_every_locale(void)
{
    static const char *const LOCALES[] = {"C", "C.UTF-8", "de_DE.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof LOCALES / sizeof *LOCALES; i++) {
        if (setlocale(LC_ALL, LOCALES[i]) == NULL)
            continue;
        CU_ASSERT_TRUE(prints("83fb3ff199999999999af93c00f93e00", "[1.1, 1.0, 1.5]"));
    }
    setlocale(LC_ALL, "C");
}

/* Two digits for each byte; of those that do not fit none is looked at. */
static void
more_than_an_int_can_say_is_an_error(void)
{
    const uint32_t most = (INT32_MAX - 3) / 2;
    size_t size = 5 + (size_t) most + 1;
    char text[8] = "";
    uint8_t *body = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL(body, MAP_FAILED);
    for (uint32_t more = 0; more < 2; more++) {
        const uint32_t n = most + more;
        const uint8_t head[] = {0x5a, (uint8_t) (n >> 24), n >> 16 & 255, n >> 8 & 255,
                                n & 255};
        int rc = n == most ? 2 * (int) most + 3 : -EOVERFLOW;
        memcpy(body, head, sizeof head);
        CU_ASSERT_EQUAL(cy_value_format(NULL, 0, body, 5 + (size_t) n), rc);
        CU_ASSERT_EQUAL(cy_value_format(text, sizeof text, body, 5 + (size_t) n), rc);
        CU_ASSERT_STRING_EQUAL(text, "h'00000");
    }
    munmap(body, size);
}

CY_TEST_MAIN("runtime.value_format", CY_TEST(prints_the_examples_of_the_rfc),
             CY_TEST(nothing_in_a_text_steers_a_terminal),
             CY_TEST(prints_references_as_the_log_does),
             CY_TEST(a_short_buffer_gets_the_beginning),
             CY_TEST(a_body_that_is_not_valid_is_not_printed),
             CY_TEST(the_deepest_body_is_printed),
             CY_TEST(numbers_have_a_point_in_every_locale),
             CY_TEST(more_than_an_int_can_say_is_an_error))
