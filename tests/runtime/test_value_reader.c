/* test_value_reader.c - reading bodies: every type, wrong types, limits, ends, round trips. */
#include "value_hex.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static struct value_bytes body;

static cy_value_reader
reader(const char *hex)
{
    cy_value_reader r = {0};
    body = value_unhex(hex);
    CY_OK(cy_value_reader_init(&r, body.bytes, body.size));
    return r;
}

static void
a_body_that_is_not_valid_gives_no_reader(void)
{
    cy_value_reader r = {.left = 77};
    CY_FAILS(cy_value_reader_init(&r, "\x81", 1), -EBADMSG);
    CY_FAILS(cy_value_reader_init(&r, "\xf7", 1), -EOPNOTSUPP);
    CY_FAILS(cy_value_reader_init(&r, "", 0), -EBADMSG);
    CU_ASSERT_EQUAL(r.left, 77);
}

static void
check_int(const char *hex, int signed_result, int64_t number, int unsigned_result)
{
    int64_t value = 77;
    uint64_t natural = 77;
    cy_value_reader r = reader(hex), again = r;
    CY_FAILS(cy_value_get_int(&r, &value), signed_result);
    CU_ASSERT_EQUAL(value, signed_result == 0 ? number : 77);
    CU_ASSERT_EQUAL(r.left, signed_result == 0 ? 0 : 1);
    CY_FAILS(cy_value_get_uint(&again, &natural), unsigned_result);
    CU_ASSERT_EQUAL(again.left, unsigned_result == 0 ? 0 : 1);
    if (unsigned_result != 0 || signed_result == 0)
        CU_ASSERT_EQUAL(natural, unsigned_result == 0 ? (uint64_t) number : 77);
}

static void
reads_integers_that_fit_and_no_others(void)
{
    check_int("00", 0, 0, 0);
    check_int("17", 0, 23, 0);
    check_int("18ff", 0, 255, 0);
    check_int("19ffff", 0, 65535, 0);
    check_int("1affffffff", 0, UINT32_MAX, 0);
    check_int("1b7fffffffffffffff", 0, INT64_MAX, 0);
    check_int("1b8000000000000000", -EOVERFLOW, 0, 0);
    check_int("1bffffffffffffffff", -EOVERFLOW, 0, 0);
    check_int("20", 0, -1, -EOVERFLOW);
    check_int("3903e7", 0, -1000, -EOVERFLOW);
    check_int("3b7fffffffffffffff", 0, INT64_MIN, -EOVERFLOW);
    check_int("3b8000000000000000", -EOVERFLOW, 0, -EOVERFLOW);
    check_int("f93c00", -EPROTOTYPE, 0, -EPROTOTYPE);
    uint64_t natural = 0;
    cy_value_reader r = reader("1bffffffffffffffff");
    CY_OK(cy_value_get_uint(&r, &natural));
    CU_ASSERT_EQUAL(natural, UINT64_MAX);
}

/* The same to the bit: -0.0 is not 0.0. */
static bool
same(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

static void
check_double(const char *hex, int result, double want)
{
    double value = 77;
    cy_value_reader r = reader(hex);
    CY_FAILS(cy_value_get_double(&r, &value), result);
    if (result != 0)
        want = 77;
    CU_ASSERT_TRUE(isnan(want) ? isnan(value) : same(value, want));
    CU_ASSERT_EQUAL(r.left, result == 0 ? 0 : 1);
}

static void
reads_doubles_of_every_width_and_integers_that_are_exact(void)
{
    check_double("f93e00", 0, 1.5);
    check_double("f98000", 0, -0.0);
    check_double("f90001", 0, 5.960464477539063e-8);
    check_double("f9fc00", 0, -INFINITY);
    check_double("f97e00", 0, NAN);
    check_double("fa47c35000", 0, 100000);
    check_double("fa7f7fffff", 0, FLT_MAX);
    check_double("fbc010666666666666", 0, -4.1);
    check_double("00", 0, 0);
    check_double("01", 0, 1);
    check_double("20", 0, -1);
    check_double("1b0020000000000000", 0, 0x1p53);
    check_double("1b0020000000000001", -EOVERFLOW, 0);
    check_double("1b0020000000000002", 0, 0x1p53 + 2);
    check_double("1b8000000000000000", 0, 0x1p63);
    check_double("1bffffffffffffffff", -EOVERFLOW, 0);
    check_double("1bfffffffffffff800", 0, 0x1.fffffffffffffp63);
    check_double("3b001fffffffffffff", 0, -0x1p53);
    check_double("3b0020000000000000", -EOVERFLOW, 0);
    check_double("3bffffffffffffffff", 0, -0x1p64);
    check_double("f6", -EPROTOTYPE, 0);
    check_double("6131", -EPROTOTYPE, 0);
}

#define REF "da637972665820a0a1a2a3a4a5a6a7a8a9aaabacadaeaf02010403080706051413121118171615"

static void
reads_every_other_type(void)
{
    bool truth = false;
    const char *text = NULL;
    const void *bytes = NULL;
    size_t size = 0;
    cy_ref ref = CY_NOBODY;
    cy_value_reader r = reader("86f5f4f662c3bc43010203" REF), list = r;
    CY_OK(cy_value_get_list(&r, &list));
    CY_OK(cy_value_get_bool(&list, &truth));
    CU_ASSERT_TRUE(truth);
    CY_OK(cy_value_get_bool(&list, &truth));
    CU_ASSERT_FALSE(truth);
    CY_OK(cy_value_get_nil(&list));
    CY_OK(cy_value_get_text(&list, &text, &size));
    CU_ASSERT_TRUE(size == 2 && memcmp(text, "\xc3\xbc", 2) == 0);
    CY_OK(cy_value_get_bytes(&list, &bytes, &size));
    CU_ASSERT_TRUE(size == 3 && memcmp(bytes, "\1\2\3", 3) == 0);
    CY_OK(cy_value_get_ref(&list, &ref));
    CU_ASSERT_EQUAL(ref.address[0], 0xa0);
    CU_ASSERT_EQUAL(ref.address[15], 0xaf);
    CU_ASSERT_EQUAL(ref.port, 0x0102);
    CU_ASSERT_EQUAL(ref.core, 0x0304);
    CU_ASSERT_EQUAL(ref.node, 0x05060708);
    CU_ASSERT_EQUAL(ref.slot, 0x11121314);
    CU_ASSERT_EQUAL(ref.generation, 0x15161718);
    CU_ASSERT_EQUAL(list.left, 0);
    CU_ASSERT_EQUAL(cy_value_peek(&r), CY_VALUE_NONE);
}

/* Every get on a value of every type: right for one or two of them, and else harmless. */
static int
get_as(enum cy_value_type type, cy_value_reader *r)
{
    int64_t number;
    double real;
    bool truth;
    const char *text;
    const void *bytes;
    size_t size;
    cy_ref ref;
    cy_value_reader items;
    switch (type) {
    case CY_VALUE_NIL:
        return cy_value_get_nil(r);
    case CY_VALUE_BOOL:
        return cy_value_get_bool(r, &truth);
    case CY_VALUE_INT:
        return cy_value_get_int(r, &number);
    case CY_VALUE_DOUBLE:
        return cy_value_get_double(r, &real);
    case CY_VALUE_TEXT:
        return cy_value_get_text(r, &text, &size);
    case CY_VALUE_BYTES:
        return cy_value_get_bytes(r, &bytes, &size);
    case CY_VALUE_REF:
        return cy_value_get_ref(r, &ref);
    case CY_VALUE_LIST:
        return cy_value_get_list(r, &items);
    case CY_VALUE_MAP:
        return cy_value_get_map(r, &items);
    default:
        return cy_value_skip(r);
    }
}

static void
another_type_is_told_and_leaves_the_reader_where_it_is(void)
{
    static const char *const VALUES[] = {
        [CY_VALUE_NIL] = "f6",        [CY_VALUE_BOOL] = "f4",   [CY_VALUE_INT] = "3903e7",
        [CY_VALUE_DOUBLE] = "f93e00", [CY_VALUE_TEXT] = "6161", [CY_VALUE_BYTES] = "4100",
        [CY_VALUE_REF] = REF,         [CY_VALUE_LIST] = "8100", [CY_VALUE_MAP] = "a10000",
    };
    for (int have = CY_VALUE_NIL; have <= CY_VALUE_MAP; have++) {
        for (int want = CY_VALUE_NONE; want <= CY_VALUE_MAP; want++) {
            cy_value_reader r = reader(VALUES[have]), before = r;
            bool fits = want == have || want == CY_VALUE_NONE ||
                        (want == CY_VALUE_DOUBLE && have == CY_VALUE_INT);
            CU_ASSERT_EQUAL(cy_value_peek(&r), (enum cy_value_type) have);
            CY_FAILS(get_as((enum cy_value_type) want, &r), fits ? 0 : -EPROTOTYPE);
            CU_ASSERT_TRUE(r.at == (fits ? r.end : before.at) && r.left == !fits);
            r = (cy_value_reader){0};
            CY_FAILS(get_as((enum cy_value_type) want, &r), -ENODATA);
        }
    }
}

static void
a_list_ends_where_its_last_value_does(void)
{
    int64_t number = 0, sum = 0, count = 0;
    cy_value_reader r = reader("8283010203"
                               "04"),
                    list, inner;
    CY_OK(cy_value_get_list(&r, &list));
    CU_ASSERT_EQUAL(list.left, 2);
    CY_OK(cy_value_get_list(&list, &inner));
    for (; cy_value_get_int(&inner, &number) == 0; count++)
        sum += number;
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_EQUAL(sum, 6);
    CY_FAILS(cy_value_get_int(&inner, &number), -ENODATA);
    CU_ASSERT_EQUAL(cy_value_peek(&inner), CY_VALUE_NONE);
    CY_OK(cy_value_get_int(&list, &number)); /* behind the inner list, read or not */
    CU_ASSERT_EQUAL(number, 4);
    CY_FAILS(cy_value_skip(&list), -ENODATA);
    CY_FAILS(cy_value_skip(&r), -ENODATA);
}

static void
a_reader_may_go_down_into_its_own_list(void)
{
    int64_t number = 0;
    cy_value_reader r = reader("82818107"
                               "00");
    CY_OK(cy_value_get_list(&r, &r));
    CU_ASSERT_EQUAL(r.left, 2);
    CY_OK(cy_value_get_list(&r, &r));
    CY_OK(cy_value_get_list(&r, &r));
    CY_OK(cy_value_get_int(&r, &number));
    CU_ASSERT_EQUAL(number, 7);
    CY_FAILS(cy_value_skip(&r), -ENODATA);
}

static void
a_map_gives_keys_and_values_in_turn(void)
{
    int64_t number = 0;
    const char *text = NULL;
    size_t size = 0;
    cy_value_reader r = reader("a2616101616280"), map, list;
    CY_OK(cy_value_get_map(&r, &map));
    CU_ASSERT_EQUAL(map.left, 4);
    CY_OK(cy_value_get_text(&map, &text, &size));
    CU_ASSERT_TRUE(size == 1 && *text == 'a');
    CY_OK(cy_value_get_int(&map, &number));
    CY_OK(cy_value_get_text(&map, &text, &size));
    CU_ASSERT_TRUE(size == 1 && *text == 'b');
    CY_OK(cy_value_get_list(&map, &list));
    CY_FAILS(cy_value_get_text(&map, &text, &size), -ENODATA);
    CY_FAILS(cy_value_skip(&list), -ENODATA);
}

static void
any_value_can_be_skipped_or_taken_as_it_is(void)
{
    static const char *const VALUES[] = {"00",
                                         "3bffffffffffffffff",
                                         "f6",
                                         "fb3ff199999999999a",
                                         "6161",
                                         "43010203",
                                         REF,
                                         "830182020380",
                                         "a201a1008002818100"};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        char hex[200];
        int64_t number = 0;
        const void *bytes = NULL;
        size_t size = 0;
        struct value_bytes want = value_unhex(VALUES[i]);
        snprintf(hex, sizeof hex, "83%s%s07", VALUES[i], VALUES[i]);
        cy_value_reader r = reader(hex), list;
        CY_OK(cy_value_get_list(&r, &list));
        CY_OK(cy_value_skip(&list));
        CY_OK(cy_value_get_encoded(&list, &bytes, &size));
        CU_ASSERT_TRUE(size == want.size && memcmp(bytes, want.bytes, size) == 0);
        CY_OK(cy_value_get_int(&list, &number));
        CU_ASSERT_EQUAL(number, 7);
    }
}

/* A body must not change while it is read; if it does, nothing outside of it is touched. */
static void
a_body_that_changes_meanwhile_does_no_harm(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t *copy = malloc(4);
        memcpy(copy, "\x82\x61\x61\x00", 4);
        cy_value_reader r, list;
        CY_OK(cy_value_reader_init(&r, copy, 4));
        CY_OK(cy_value_get_list(&r, &list));
        copy[1] = (uint8_t) byte;
        copy[3] = (uint8_t) byte;
        for (int type = CY_VALUE_NONE; type <= CY_VALUE_MAP; type++) {
            cy_value_reader here = list, value;
            int rc = 0;
            for (int i = 0; i < 3 && rc == 0; i++)
                rc = get_as((enum cy_value_type) type, &here);
            CU_ASSERT(rc == -EBADMSG || rc == -EPROTOTYPE || rc == -EOVERFLOW ||
                      rc == -ENODATA);
            here = list;
            here.is_map = true;
            rc = cy_value_find(&here, "x", &value);
            CU_ASSERT(rc == -EBADMSG || rc == -ENOENT);
        }
        free(copy);
    }
}

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* A number of a random width. */
static uint64_t
wide(uint64_t *state)
{
    return (next(state) << 33 ^ next(state)) >> next(state) % 64;
}

static double
real(uint64_t *state)
{
    uint64_t bits = (next(state) << 33 ^ next(state) << 2) << next(state) % 60;
    double value;
    memcpy(&value, &bits, sizeof value);
    return isnan(value) ? 0.5 : value;
}

static void
put_random(cy_value_writer *w, uint64_t *state, int depth)
{
    size_t count = next(state) % 5;
    uint64_t number = wide(state);
    uint8_t bytes[40];
    cy_ref ref;
    switch (next(state) % (depth < CY_VALUE_DEPTH_MAX ? 8 : 6)) {
    case 0:
        cy_value_put_uint(w, number);
        break;
    case 1:
        cy_value_put_int(w, (int64_t) number);
        break;
    case 2:
        cy_value_put_double(w, real(state));
        break;
    case 3:
        cy_value_put_text_n(w,
                            "ab\xc3\xbc"
                            "c\0def",
                            count * 2);
        break;
    case 4:
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t) next(state);
        cy_value_put_bytes(w, bytes, next(state) % sizeof bytes);
        break;
    case 5:
        memset(&ref, (int) (next(state) % 256), sizeof ref);
        cy_value_put_ref(w, ref);
        break;
    case 6:
        cy_value_put_list(w, count);
        for (; count > 0; count--)
            put_random(w, state, depth + 1);
        break;
    default:
        cy_value_put_map(w, count);
        for (; count > 0; count--) {
            cy_value_put_int(w, (int64_t) (wide(state) % 1000000 * 8 + count));
            put_random(w, state, depth + 1);
        }
    }
}

/* Draws the same numbers again, and compares; maps are read by their keys. */
static long
differences(cy_value_reader *r, uint64_t *state, int depth)
{
    size_t count = next(state) % 5, size = 0;
    uint64_t number = wide(state), natural = 0;
    int64_t integer = 0;
    double got = 0, want;
    const char *text = NULL;
    const void *bytes = NULL;
    uint8_t expected[40];
    cy_ref ref = CY_NOBODY, other;
    cy_value_reader items, value;
    long wrong = 0;
    switch (next(state) % (depth < CY_VALUE_DEPTH_MAX ? 8 : 6)) {
    case 0:
        wrong += cy_value_get_uint(r, &natural) != 0 || natural != number;
        break;
    case 1:
        wrong += cy_value_get_int(r, &integer) != 0 || integer != (int64_t) number;
        break;
    case 2:
        want = real(state);
        wrong += cy_value_get_double(r, &got) != 0 || !same(got, want);
        break;
    case 3:
        wrong += cy_value_get_text(r, &text, &size) != 0 || size != count * 2;
        wrong += text == NULL || memcmp(text,
                                        "ab\xc3\xbc"
                                        "c\0def",
                                        size) != 0;
        break;
    case 4:
        for (size_t i = 0; i < sizeof expected; i++)
            expected[i] = (uint8_t) next(state);
        wrong += cy_value_get_bytes(r, &bytes, &size) != 0;
        wrong += size != next(state) % sizeof expected || memcmp(bytes, expected, size) != 0;
        break;
    case 5:
        memset(&other, (int) (next(state) % 256), sizeof other);
        wrong += cy_value_get_ref(r, &ref) != 0 || !cy_ref_equal(ref, other);
        break;
    case 6:
        wrong += cy_value_get_list(r, &items) != 0 || items.left != count;
        for (; count > 0 && wrong == 0; count--)
            wrong += differences(&items, state, depth + 1);
        break;
    default:
        wrong += cy_value_get_map(r, &items) != 0 || items.left != 2 * count;
        for (; count > 0 && wrong == 0; count--) {
            integer = (int64_t) (wide(state) % 1000000 * 8 + count);
            wrong += cy_value_find_int(&items, integer, &value) != 0;
            wrong += wrong == 0 ? differences(&value, state, depth + 1) : 0;
        }
    }
    return wrong;
}

static void
what_was_written_is_what_is_read(void)
{
    enum { ROOM = 1 << 20 };
    uint8_t *bytes = malloc(ROOM);
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 3000);) {
        uint64_t state = seed * 7919, again = state;
        size_t size = 0;
        cy_value_reader r;
        cy_value_writer w;
        cy_value_writer_init(&w, bytes, ROOM);
        put_random(&w, &state, 0);
        CY_OK(cy_value_finish(&w, &size));
        CY_OK(cy_value_reader_init(&r, bytes, size));
        CU_ASSERT_EQUAL(differences(&r, &again, 0), 0);
        CU_ASSERT_EQUAL(state, again);
    }
    free(bytes);
}

CY_TEST_MAIN("runtime.value_reader", CY_TEST(a_body_that_is_not_valid_gives_no_reader),
             CY_TEST(reads_integers_that_fit_and_no_others),
             CY_TEST(reads_doubles_of_every_width_and_integers_that_are_exact),
             CY_TEST(reads_every_other_type),
             CY_TEST(another_type_is_told_and_leaves_the_reader_where_it_is),
             CY_TEST(a_list_ends_where_its_last_value_does),
             CY_TEST(a_reader_may_go_down_into_its_own_list),
             CY_TEST(a_map_gives_keys_and_values_in_turn),
             CY_TEST(any_value_can_be_skipped_or_taken_as_it_is),
             CY_TEST(a_body_that_changes_meanwhile_does_no_harm),
             CY_TEST(what_was_written_is_what_is_read))
