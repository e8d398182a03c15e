/* test_value.c - which bodies are valid: the RFC's examples, each rule, each limit, garbage. */
#include "value_hex.h"

#include <stdlib.h>

struct vector {
    const char *hex;
    int result;
};

static void
check_vectors(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = value_validate_hex(vectors[i].hex);
        if (rc != vectors[i].result)
            printf("\n  %s: %s", vectors[i].hex, cy_errname(rc));
        CY_FAILS(rc, vectors[i].result);
    }
}

#define CHECK_VECTORS(v) check_vectors(v, sizeof(v) / sizeof *(v))

/* Appendix A of RFC 8949, all of it. */
static const struct vector EXAMPLES[] = {
    {"00", 0},
    {"01", 0},
    {"0a", 0},
    {"17", 0},
    {"1818", 0},
    {"1819", 0},
    {"1864", 0},
    {"1903e8", 0},
    {"1a000f4240", 0},
    {"1b000000e8d4a51000", 0},
    {"1bffffffffffffffff", 0},
    {"c249010000000000000000", -EOPNOTSUPP},
    {"3bffffffffffffffff", 0},
    {"c349010000000000000000", -EOPNOTSUPP},
    {"20", 0},
    {"29", 0},
    {"3863", 0},
    {"3903e7", 0},
    {"f90000", 0},
    {"f98000", 0},
    {"f93c00", 0},
    {"fb3ff199999999999a", 0},
    {"f93e00", 0},
    {"f97bff", 0},
    {"fa47c35000", 0},
    {"fa7f7fffff", 0},
    {"fb7e37e43c8800759c", 0},
    {"f90001", 0},
    {"f90400", 0},
    {"f9c400", 0},
    {"fbc010666666666666", 0},
    {"f97c00", 0},
    {"f97e00", 0},
    {"f9fc00", 0},
    {"fa7f800000", -EBADMSG},
    {"fa7fc00000", -EBADMSG},
    {"faff800000", -EBADMSG},
    {"fb7ff0000000000000", -EBADMSG},
    {"fb7ff8000000000000", -EBADMSG},
    {"fbfff0000000000000", -EBADMSG},
    {"f4", 0},
    {"f5", 0},
    {"f6", 0},
    {"f7", -EOPNOTSUPP},
    {"f0", -EOPNOTSUPP},
    {"f8ff", -EOPNOTSUPP},
    {"c074323031332d30332d32315432303a30343a30305a", -EOPNOTSUPP},
    {"c11a514b67b0", -EOPNOTSUPP},
    {"c1fb41d452d9ec200000", -EOPNOTSUPP},
    {"d74401020304", -EOPNOTSUPP},
    {"d818456449455446", -EOPNOTSUPP},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", -EOPNOTSUPP},
    {"40", 0},
    {"4401020304", 0},
    {"60", 0},
    {"6161", 0},
    {"6449455446", 0},
    {"62225c", 0},
    {"62c3bc", 0},
    {"63e6b0b4", 0},
    {"64f0908591", 0},
    {"80", 0},
    {"83010203", 0},
    {"8301820203820405", 0},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", 0},
    {"a0", 0},
    {"a201020304", 0},
    {"a26161016162820203", 0},
    {"826161a161626163", 0},
    {"a56161614161626142616361436164614461656145", 0},
    {"5f42010243030405ff", -EBADMSG},
    {"7f657374726561646d696e67ff", -EBADMSG},
    {"9fff", -EBADMSG},
    {"9f018202039f0405ffff", -EBADMSG},
    {"9f01820203820405ff", -EBADMSG},
    {"83018202039f0405ff", -EBADMSG},
    {"83019f0203ff820405", -EBADMSG},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", -EBADMSG},
    {"bf61610161629f0203ffff", -EBADMSG},
    {"826161bf61626163ff", -EBADMSG},
    {"bf6346756ef563416d7421ff", -EBADMSG},
};

static void
judges_every_example_of_the_rfc(void)
{
    CHECK_VECTORS(EXAMPLES);
}

static void
refuses_nothing_at_all_and_what_follows_the_value(void)
{
    static const struct vector VECTORS[] = {
        {"", -EBADMSG}, {"0000", -EBADMSG}, {"8000", -EBADMSG}, {"a000", -EBADMSG}};
    CHECK_VECTORS(VECTORS);
    CY_FAILS(cy_value_validate(NULL, 0), -EBADMSG);
}

static void
refuses_heads_longer_than_needed(void)
{
    static const struct vector VECTORS[] = {
        {"1817", -EBADMSG},
        {"1818", 0},
        {"18ff", 0},
        {"1900ff", -EBADMSG},
        {"190100", 0},
        {"19ffff", 0},
        {"1a0000ffff", -EBADMSG},
        {"1a00010000", 0},
        {"1affffffff", 0},
        {"1b00000000ffffffff", -EBADMSG},
        {"1b0000000100000000", 0},
        {"3817", -EBADMSG},
        {"3900ff", -EBADMSG},
        {"580100", -EBADMSG},
        {"780161", -EBADMSG},
        {"980100", -EBADMSG},
        {"b8010000", -EBADMSG},
        {"da00000020"
         "60",
         -EBADMSG},
    };
    CHECK_VECTORS(VECTORS);
}

static void
refuses_what_is_reserved_or_indefinite(void)
{
    for (unsigned major = 0; major < 8; major++) {
        for (unsigned info = 28; info < 32; info++) {
            uint8_t body[10] = {(uint8_t) (major << 5 | info)};
            for (size_t size = 1; size <= sizeof body; size++)
                CY_FAILS(cy_value_validate(body, size), -EBADMSG);
        }
    }
}

static void
refuses_all_simple_values_but_three(void)
{
    for (unsigned value = 0; value < 24; value++) {
        uint8_t body = (uint8_t) (0xe0 | value);
        int want = value >= 20 && value <= 22 ? 0 : -EOPNOTSUPP;
        CY_FAILS(cy_value_validate(&body, 1), want);
    }
    for (unsigned value = 0; value < 256; value++) {
        uint8_t body[2] = {0xf8, (uint8_t) value};
        CY_FAILS(cy_value_validate(body, 2), value < 32 ? -EBADMSG : -EOPNOTSUPP);
    }
}

/* Each valid example without its end, and its end alone where that cannot be a value. */
static void
refuses_what_is_cut_off(void)
{
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        struct value_bytes body = value_unhex(EXAMPLES[i].hex);
        for (size_t size = 0; EXAMPLES[i].result == 0 && size < body.size; size++) {
            uint8_t *part = malloc(size + 1); /* of its own, so that ASan sees the end */
            memcpy(part + 1, body.bytes, size);
            CY_FAILS(cy_value_validate(part + 1, size), -EBADMSG);
            free(part);
        }
    }
}

static void
refuses_floats_that_are_not_the_shortest(void)
{
    static const struct vector VECTORS[] = {
        {"fa3f800000", -EBADMSG},         /* 1.0 in four bytes */
        {"fb3ff0000000000000", -EBADMSG}, /* and in eight */
        {"fb3fb99999a0000000", -EBADMSG}, /* 0.1f in eight */
        {"fa3dcccccd", 0},
        {"fa33800000", -EBADMSG},         /* 2^-24, the least that two bytes hold */
        {"fa33000000", 0},                /* 2^-25 */
        {"fb36a0000000000000", -EBADMSG}, /* 2^-149, the least that four bytes hold */
        {"fa00000001", 0},
        {"fb3690000000000000", 0}, /* 2^-150 */
        {"f97e01", -EBADMSG},      /* other NaNs */
        {"f9fe00", -EBADMSG},
        {"f97c01", -EBADMSG},
        {"fa7f800001", -EBADMSG},
        {"fb7ff0000000000001", -EBADMSG},
        {"fa80000000", -EBADMSG}, /* -0.0 */
        {"f98000", 0},
        {"fa00000000", -EBADMSG}, /* 0.0, whose bits are those of the shortest */
        {"fb0000000000000000", -EBADMSG},
    };
    CHECK_VECTORS(VECTORS);
}

static void
refuses_text_that_is_no_utf8(void)
{
    static const struct vector VECTORS[] = {
        {"61ff", -EBADMSG},
        {"62c080", -EBADMSG},
        {"63eda080", -EBADMSG},
        {"64f4908080", -EBADMSG},
        {"62c328", -EBADMSG},
        {"61c3", -EBADMSG},
        {"41ff", 0}, /* bytes may be anything */
        {"6100", 0},
    };
    CHECK_VECTORS(VECTORS);
}

static void
demands_keys_in_the_order_of_their_bytes_and_none_twice(void)
{
    static const struct vector VECTORS[] = {
        {"a2000001"
         "00",
         0},
        {"a201000000", -EBADMSG},
        {"a201000100", -EBADMSG},
        {"a2616100616200", 0},
        {"a2616200616100", -EBADMSG},
        {"a2616100616100", -EBADMSG},
        {"a2616200626161"
         "00",
         0}, /* "b" before "aa": the length comes first */
        {"a2626161"
         "00616200",
         -EBADMSG},
        {"a2181800"
         "2000",
         0}, /* 24 before -1: as RFC 8949, not as RFC 7049 */
        {"a22000181800", -EBADMSG},
        {"a4000020004061"
         "6000"
         "00",
         -EBADMSG},
        {"a400002000400060"
         "00",
         0}, /* 0, -1, h'', "" */
        {"a2190100001818"
         "00",
         -EBADMSG},
        {"a16161a2000000"
         "00",
         -EBADMSG}, /* of an inner map */
        {"a26161a1626262"
         "00616200",
         0}, /* which has an order of its own */
    };
    CHECK_VECTORS(VECTORS);
}

static void
takes_integers_texts_and_bytes_as_keys_and_nothing_else(void)
{
    static const struct vector VECTORS[] = {
        {"a10000", 0},
        {"a12000", 0},
        {"a14000", 0},
        {"a16000", 0},
        {"a18000", -EOPNOTSUPP},
        {"a1a000", -EOPNOTSUPP},
        {"a1f400", -EOPNOTSUPP},
        {"a1f600", -EOPNOTSUPP},
        {"a1f93c0000", -EOPNOTSUPP},
        {"a1da63797266"
         "5820"
         "0000000000000000000000000000000000000000000000000000000000000000"
         "00",
         -EOPNOTSUPP},
    };
    CHECK_VECTORS(VECTORS);
}

#define ZEROS_30 "000000000000000000000000000000000000000000000000000000000000"

static void
knows_the_tag_of_references_and_no_other(void)
{
    static const struct vector VECTORS[] = {
        {"da637972665820" ZEROS_30 "0000", 0},
        {"da63797266581f" ZEROS_30 "00", -EBADMSG},
        {"da637972665821" ZEROS_30 "000000", -EBADMSG},
        {"da637972667820" ZEROS_30 "0000", -EBADMSG}, /* text */
        {"da6379726600", -EBADMSG},
        {"da63797266", -EBADMSG},
        {"da637972655820" ZEROS_30 "0000", -EOPNOTSUPP},
        {"da637972675820" ZEROS_30 "0000", -EOPNOTSUPP},
    };
    CHECK_VECTORS(VECTORS);
}

/* A count or length that the rest of the body cannot hold, up to those that would overflow. */
static void
refuses_counts_beyond_the_end(void)
{
    static const struct vector VECTORS[] = {
        {"820000", 0},
        {"8200", -EBADMSG},
        {"830000", -EBADMSG},
        {"a10000", 0},
        {"a100", -EBADMSG},
        {"a2000000", -EBADMSG},
        {"9a7fffffff0102", -EBADMSG},
        {"9bffffffffffffffff00", -EBADMSG},
        {"bb800000000000000000", -EBADMSG},
        {"bb800000000000000100", -EBADMSG},
        {"bbffffffffffffffff00", -EBADMSG},
        {"5bffffffffffffffff00", -EBADMSG},
        {"7bffffffffffffffff00", -EBADMSG},
        {"5afffffff00102", -EBADMSG},
        {"4200", -EBADMSG},
    };
    CHECK_VECTORS(VECTORS);
}

/* So many lists in each other. */
static int
nested(size_t depth, uint8_t head)
{
    uint8_t body[64];
    size_t size = 0;
    for (size_t i = 0; i < depth; i++) {
        body[size++] = head;
        if (head >> 5 == 5)
            body[size++] = 0;
    }
    body[size++] = 0;
    return cy_value_validate(body, size);
}

static void
lets_lists_and_maps_nest_16_deep_and_no_deeper(void)
{
    CY_OK(nested(CY_VALUE_DEPTH_MAX, 0x81));
    CY_FAILS(nested(CY_VALUE_DEPTH_MAX + 1, 0x81), -E2BIG);
    CY_OK(nested(CY_VALUE_DEPTH_MAX, 0xa1));
    CY_FAILS(nested(CY_VALUE_DEPTH_MAX + 1, 0xa1), -E2BIG);
    CY_OK(value_validate_hex("81818181818181818181818181818180"));
    CY_FAILS(value_validate_hex("8181818181818181818181818181818180"), -E2BIG);
}

static void
survives_a_megabyte_of_nesting(void)
{
    size_t size = 1 << 20;
    uint8_t *body = malloc(size);
    memset(body, 0x81, size);
    CY_FAILS(cy_value_validate(body, size), -E2BIG);
    body[0] = 0x9a; /* a list of what follows */
    body[1] = 0x00, body[2] = 0x0f, body[3] = 0xff, body[4] = 0xfb;
    memset(body + 5, 0x80, size - 5);
    CY_OK(cy_value_validate(body, size));
    free(body);
}

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* What a mutation leaves valid can be read and printed; the rest must say so only. */
static void
judges_mutated_bodies_without_harm(void)
{
    static const char BODY[] = "8901646a6f696e1a075bcd15f9428046"
                               "00ff10203040"
                               "84193e80390100fb3ff199999999999af6"
                               "da637972665820" ZEROS_30 "1234"
                               "a301f461618181f4626162"
                               "a0"
                               "80";
    long valid = 0, total = cy_test_scale(20000);
    CY_OK(value_validate_hex(BODY));
    for (uint64_t state = 1, i = 0; i < (uint64_t) total; i++) {
        struct value_bytes body = value_unhex(BODY);
        if (body.size == 0)
            break;
        for (uint64_t n = 1 + next(&state) % 3; n > 0; n--)
            body.bytes[next(&state) % body.size] = (uint8_t) next(&state);
        size_t size = next(&state) % 4 == 0 ? next(&state) % body.size : body.size;
        uint8_t *copy = malloc(size + 1);
        memcpy(copy + 1, body.bytes, size);
        cy_value_reader r;
        int rc = cy_value_validate(copy + 1, size);
        CU_ASSERT(rc == 0 || rc == -EBADMSG || rc == -EOPNOTSUPP || rc == -E2BIG);
        CY_FAILS(cy_value_reader_init(&r, copy + 1, size), rc);
        int length = cy_value_format(NULL, 0, copy + 1, size);
        CU_ASSERT(rc == 0 ? length > 0 : length == rc);
        if (rc == 0)
            CY_OK(cy_value_skip(&r));
        valid += rc == 0;
        free(copy);
    }
    CU_ASSERT(valid > total / 20);
    CU_ASSERT(valid < total - total / 20);
}

CY_TEST_MAIN(
    "runtime.value", CY_TEST(judges_every_example_of_the_rfc),
    CY_TEST(refuses_nothing_at_all_and_what_follows_the_value),
    CY_TEST(refuses_heads_longer_than_needed), CY_TEST(refuses_what_is_reserved_or_indefinite),
    CY_TEST(refuses_all_simple_values_but_three), CY_TEST(refuses_what_is_cut_off),
    CY_TEST(refuses_floats_that_are_not_the_shortest), CY_TEST(refuses_text_that_is_no_utf8),
    CY_TEST(demands_keys_in_the_order_of_their_bytes_and_none_twice),
    CY_TEST(takes_integers_texts_and_bytes_as_keys_and_nothing_else),
    CY_TEST(knows_the_tag_of_references_and_no_other), CY_TEST(refuses_counts_beyond_the_end),
    CY_TEST(lets_lists_and_maps_nest_16_deep_and_no_deeper),
    CY_TEST(survives_a_megabyte_of_nesting), CY_TEST(judges_mutated_bodies_without_harm))
