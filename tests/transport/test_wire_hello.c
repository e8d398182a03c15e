#include "wire.h"
#include "wire_bytes.h"
#include <cy_test.h>
#include <errno.h>
#include <stdlib.h>

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    struct cyi_hello hello, before;
    memset(&hello, 0xa5, sizeof hello);
    before = hello;
    int r = cyi_hello_read(&hello, in, size);
    if (r < 0) {
        CU_ASSERT(memcmp(&hello, &before, sizeof hello) == 0);
        return r;
    }
    CU_ASSERT_EQUAL(r, 0);
    return (int) cyi_hello_write(out, &hello);
}

static struct cyi_hello
make(struct wire_random *random, uint8_t kind, uint8_t address_count)
{
    struct cyi_hello hello = {.kind = kind, .address_count = address_count};
    wire_random_fill(random, hello.key_id, sizeof hello.key_id);
    wire_random_fill(random, hello.incarnation, sizeof hello.incarnation);
    hello.incarnation[0] |= 1;
    hello.time_ms = wire_random_next(random) % CYI_HELLO_TIME_MAX;
    hello.sequence = (uint32_t) wire_random_next(random);
    hello.port = (uint16_t) (wire_random_next(random) | 1);
    for (size_t i = 0; i < address_count; i++)
        wire_random_address(random, hello.addresses[i]);
    return hello;
}

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        struct wire_random random = {seed};
        uint8_t count = (uint8_t) wire_random_below(&random, CYI_WIRE_ADDRESSES + 1);
        struct cyi_hello hello = make(&random, (uint8_t) (seed % 3), count), out;
        if (hello.kind == CYI_HELLO_RELAY && count == 0)
            hello.kind = CYI_HELLO_ASK;
        uint8_t bytes[CYI_HELLO_MAX];
        size_t size = cyi_hello_write(bytes, &hello);
        CU_ASSERT_EQUAL(size, CYI_HELLO_MIN + 16 * count);
        CY_OK(cyi_hello_read(&out, bytes, size));
        CU_ASSERT(memcmp(&out, &hello, sizeof out) == 0);
        wire_expect_same(again, bytes, size);
        wire_expect_whole(again, bytes, size);
        wire_expect_refused(again, bytes, size + 1);
    }
}

/* A version is an error of its own. */
static int
again_in_this_version(uint8_t *out, const uint8_t *in, size_t size)
{
    int r = again(out, in, size);
    CU_ASSERT(r != -EPROTO || in[4] != CYI_WIRE_VERSION);
    return r == -EPROTO ? -EBADMSG : r;
}

static void
gives_back_each_flipped_bit_or_refuses_it(void)
{
    struct wire_random random = {1};
    uint8_t bytes[CYI_HELLO_MAX];
    for (uint8_t count = 1; count <= CYI_WIRE_ADDRESSES; count++) {
        struct cyi_hello hello = make(&random, (uint8_t) (count % 3), count);
        size_t size = cyi_hello_write(bytes, &hello);
        CU_ASSERT(wire_flip_bits(again_in_this_version, bytes, size) >= 32 + 8 + 8 + 24);
    }
}

static void
puts_the_fields_where_the_format_says(void)
{
    static const uint8_t EXPECTED[64] = {'C',  'Y',  'H',  'I',  CYI_WIRE_VERSION,
                                         2,    1,    0, /* */
                                         1,    2,    3,    4,    5,
                                         6,    7,    8, /* key id */
                                         11,   12,   13,   14,   15,
                                         16,   17,   18,   19,   20,
                                         21,   22,   23,   24,   25,
                                         26,   0x56, 0x34, 0x12, 0,
                                         0,    0,    0,    0,    /* time */
                                         0x04, 0x03, 0x02, 0x01, /* sequence */
                                         0x02, 0x01, 0,    0,    /* port */
                                         0xfe, 0x80, 0,    0,    0,
                                         0,    0,    0,    0,    0,
                                         0,    0,    0,    0,    0,
                                         9};
    struct cyi_hello hello = {
        .kind = CYI_HELLO_ANSWER,
        .key_id = {1, 2, 3, 4, 5, 6, 7, 8},
        .incarnation = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26},
        .time_ms = 0x123456,
        .sequence = 0x01020304,
        .port = 0x0102,
        .address_count = 1,
        .addresses = {{0xfe, 0x80, [15] = 9}}};
    uint8_t bytes[CYI_HELLO_MAX];
    CU_ASSERT_EQUAL(cyi_hello_write(bytes, &hello), sizeof EXPECTED);
    CU_ASSERT(memcmp(bytes, EXPECTED, sizeof EXPECTED) == 0);
}

static int
read_of(struct cyi_hello hello)
{
    uint8_t bytes[CYI_HELLO_MAX];
    return again(bytes, bytes, cyi_hello_write(bytes, &hello)) < 0 ? -EBADMSG : 0;
}

static void
refuses_fields_at_one_past_their_limit(void)
{
    struct wire_random random = {1};
    struct cyi_hello hello = make(&random, CYI_HELLO_ANSWER, 8), other = hello;
    CY_OK(read_of(hello));
    other.kind = CYI_HELLO_ANSWER + 1;
    CY_FAILS(read_of(other), -EBADMSG);
    other = hello;
    other.time_ms = CYI_HELLO_TIME_MAX;
    CY_OK(read_of(other));
    other.time_ms++;
    CY_FAILS(read_of(other), -EBADMSG);
    other = hello;
    other.port = 0;
    CY_FAILS(read_of(other), -EBADMSG);
    other = hello;
    memset(other.incarnation, 0, 4);
    CY_FAILS(read_of(other), -EBADMSG);
    other.incarnation[3] = 1;
    CY_OK(read_of(other));
    for (size_t i = 0; i < 8; i++) {
        other = hello;
        memset(other.addresses[i], 0, 16);
        CY_FAILS(read_of(other), -EBADMSG);
    }
}

static void
refuses_one_address_more_than_there_may_be(void)
{
    struct wire_random random = {1};
    struct cyi_hello hello = make(&random, CYI_HELLO_ASK, CYI_WIRE_ADDRESSES);
    uint8_t bytes[CYI_HELLO_MAX];
    size_t size = cyi_hello_write(bytes, &hello);
    wire_expect_same(again, bytes, size);
    bytes[6]++;
    memcpy(bytes + size, bytes + size - 16, 16);
    wire_expect_refused(again, bytes, size + 16);
}

static void
wants_an_address_in_a_relay(void)
{
    struct wire_random random = {1};
    CY_OK(read_of(make(&random, CYI_HELLO_ASK, 0)));
    CY_OK(read_of(make(&random, CYI_HELLO_ANSWER, 0)));
    CY_FAILS(read_of(make(&random, CYI_HELLO_RELAY, 0)), -EBADMSG);
    CY_OK(read_of(make(&random, CYI_HELLO_RELAY, 1)));
}

static void
refuses_reserved_bytes_that_are_not_zero(void)
{
    static const size_t RESERVED[] = {7, 46, 47};
    struct wire_random random = {1};
    struct cyi_hello hello = make(&random, CYI_HELLO_ASK, 1);
    uint8_t bytes[CYI_HELLO_MAX];
    for (size_t i = 0; i < 3; i++)
        for (unsigned value = 1; value < 256; value++) {
            size_t size = cyi_hello_write(bytes, &hello);
            bytes[RESERVED[i]] = (uint8_t) value;
            wire_expect_refused(again, bytes, size);
        }
}

static void
tells_another_version_from_garbage(void)
{
    struct wire_random random = {1};
    struct cyi_hello hello = make(&random, CYI_HELLO_ASK, 1), out;
    uint8_t bytes[CYI_HELLO_MAX];
    for (unsigned version = 0; version < 256; version++) {
        size_t size = cyi_hello_write(bytes, &hello);
        bytes[4] = (uint8_t) version;
        bytes[7] = 0xff; /* what it means there, we do not know */
        int expected = version == CYI_WIRE_VERSION ? -EBADMSG : -EPROTO;
        CY_FAILS(cyi_hello_read(&out, bytes, size), expected);
        bytes[0] = 'X';
        CY_FAILS(cyi_hello_read(&out, bytes, size), -EBADMSG);
    }
}

static void
finds_the_key_id_before_anything_else(void)
{
    uint8_t bytes[CYI_HELLO_MAX + 1] = {'C', 'Y', 'H', 'I', 0xff, 0xff, 0xff};
    CU_ASSERT_PTR_NULL(cyi_hello_key_id(bytes, 0));
    CU_ASSERT_PTR_NULL(cyi_hello_key_id(bytes, CYI_HELLO_MIN - 1));
    CU_ASSERT_PTR_EQUAL(cyi_hello_key_id(bytes, CYI_HELLO_MIN), bytes + 8);
    CU_ASSERT_PTR_EQUAL(cyi_hello_key_id(bytes, CYI_HELLO_MAX), bytes + 8);
    CU_ASSERT_PTR_NULL(cyi_hello_key_id(bytes, CYI_HELLO_MAX + 1));
    for (size_t i = 0; i < 4; i++) {
        bytes[i] ^= 1;
        CU_ASSERT_PTR_NULL(cyi_hello_key_id(bytes, CYI_HELLO_MIN));
        bytes[i] ^= 1;
    }
}

CY_TEST_MAIN("transport.wire_hello", CY_TEST(gives_back_what_it_reads),
             CY_TEST(gives_back_each_flipped_bit_or_refuses_it),
             CY_TEST(puts_the_fields_where_the_format_says),
             CY_TEST(refuses_fields_at_one_past_their_limit),
             CY_TEST(refuses_one_address_more_than_there_may_be),
             CY_TEST(wants_an_address_in_a_relay),
             CY_TEST(refuses_reserved_bytes_that_are_not_zero),
             CY_TEST(tells_another_version_from_garbage),
             CY_TEST(finds_the_key_id_before_anything_else))
