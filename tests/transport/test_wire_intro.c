#include "wire.h"
#include "wire_bytes.h"
#include <cy_test.h>
#include <errno.h>
#include <stdlib.h>

static struct cyi_intro read_into, untouched;

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    memset(&read_into, 0xa5, sizeof read_into);
    untouched = read_into;
    int r = cyi_intro_read(&read_into, in, size);
    if (r < 0) {
        CU_ASSERT(memcmp(&read_into, &untouched, sizeof read_into) == 0);
        return r;
    }
    CU_ASSERT_EQUAL(r, 0);
    return (int) cyi_intro_write(out, &read_into);
}

/* An intro of so many cores, addresses and bytes of a name; the rest is chance. */
static struct cyi_intro
make(struct wire_random *random, uint32_t cores, uint32_t addresses, uint32_t name_size)
{
    struct cyi_intro intro;
    memset(&intro, 0, sizeof intro);
    wire_random_fill(random, intro.incarnation, sizeof intro.incarnation);
    intro.incarnation[0] |= 1;
    intro.core_count = (uint16_t) cores;
    intro.core = (uint16_t) wire_random_below(random, cores);
    intro.life = (uint32_t) wire_random_next(random);
    intro.next = (uint32_t) wire_random_next(random) | 1;
    intro.features = (uint32_t) wire_random_next(random);
    intro.stream = wire_random_below(random, 2) == 1;
    intro.meet = wire_random_below(random, 2) == 1;
    intro.file = !intro.meet && wire_random_below(random, 2) == 1;
    intro.session = wire_random_next(random);
    wire_random_address(random, intro.home.address);
    intro.home.port = (uint16_t) (wire_random_next(random) | 1);
    intro.home.core = intro.core;
    intro.home.node = cyi_get32(intro.incarnation);
    intro.name_size = (uint8_t) name_size;
    wire_random_name(random, intro.name, name_size);
    intro.address_count = (uint8_t) addresses;
    for (size_t i = 0; i < addresses; i++)
        wire_random_address(random, intro.addresses[i]);
    for (size_t i = 0; i < cores; i++)
        intro.ports[i] = (uint16_t) (1 + wire_random_below(random, UINT16_MAX));
    return intro;
}

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 50);) {
        struct wire_random random = {seed};
        uint32_t cores = 1 + wire_random_below(&random, 20);
        uint32_t addresses = wire_random_below(&random, CYI_WIRE_ADDRESSES + 1);
        uint32_t name_size = wire_random_below(&random, CY_NODE_NAME_MAX + 1);
        struct cyi_intro intro = make(&random, cores, addresses, name_size);
        uint8_t bytes[CYI_INTRO_MAX];
        size_t size = cyi_intro_write(bytes, &intro);
        CU_ASSERT_EQUAL(size, 76 + 2 * cores + 16 * addresses + name_size);
        wire_expect_same(again, bytes, size);
        CU_ASSERT(memcmp(&read_into, &intro, sizeof intro) == 0);
        wire_expect_whole(again, bytes, size);
        wire_expect_refused(again, bytes, size + 1);
        wire_flip_bits(again, bytes, size);
    }
}

static void
takes_the_shortest_and_the_longest(void)
{
    struct wire_random random = {1};
    uint8_t bytes[CYI_INTRO_MAX];
    struct cyi_intro intro = make(&random, 1, 0, 0);
    CU_ASSERT_EQUAL(cyi_intro_write(bytes, &intro), CYI_INTRO_MIN);
    wire_expect_same(again, bytes, CYI_INTRO_MIN);
    intro = make(&random, CYI_WIRE_CORES, CYI_WIRE_ADDRESSES, CY_NODE_NAME_MAX);
    size_t size = cyi_intro_write(bytes, &intro);
    CU_ASSERT(size <= CYI_INTRO_MAX);
    wire_expect_same(again, bytes, size);
}

static void
puts_the_fields_where_the_format_says(void)
{
    static const uint8_t EXPECTED[] =
        {0xa1, 0xa2, 0xa3, 0xa4, 5,    6,    7,    8,    9,    10,
         11,   12,   13,   14,   15,   16,               /* incarnation */
         1,    0,    2,    0,                            /* core 1 of 2 */
         4,    3,    2,    1,                            /* life */
         8,    7,    6,    5,                            /* next */
         12,   11,   10,   9,                            /* features */
         3,    3,    1,    0,                            /* stream and meet; name, addresses */
         0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, /* session */
         0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
         0xff, 0xff, 10,   0,    0,    7, /* home */
         0x34, 0x12, 1,    0,    0xa1, 0xa2, 0xa3, 0xa4, 0,    0,
         0,    0,    0,    0,    0,    0,    0x33, 0x12, 0x34, 0x12, /* ports */
         0xfe, 0x80, 0,    0,    0,    0,    0,    0,    0,    0,
         0,    0,    0,    0,    0,    9, /* address */
         'w',  'e',  'b'};
    struct cyi_intro intro = {
        .incarnation = {0xa1, 0xa2, 0xa3, 0xa4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .core = 1,
        .core_count = 2,
        .life = 0x01020304,
        .next = 0x05060708,
        .features = 0x090a0b0c,
        .stream = true,
        .meet = true,
        .session = 0x2122232425262728,
        .home = {.address = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7},
                 .port = 0x1234,
                 .core = 1,
                 .node = 0xa4a3a2a1},
        .name_size = 3,
        .name = "web",
        .address_count = 1,
        .addresses = {{0xfe, 0x80, [15] = 9}},
        .ports = {0x1233, 0x1234}};
    uint8_t bytes[CYI_INTRO_MAX];
    CU_ASSERT_EQUAL(cyi_intro_write(bytes, &intro), sizeof EXPECTED);
    CU_ASSERT(memcmp(bytes, EXPECTED, sizeof EXPECTED) == 0);
    wire_expect_same(again, EXPECTED, sizeof EXPECTED);
}

/* The bytes of an intro of 3 cores, 2 addresses and a name of 4 bytes, to be spoilt. */
static size_t
sample(uint8_t *bytes)
{
    struct wire_random random = {1};
    struct cyi_intro intro = make(&random, 3, 2, 4);
    return cyi_intro_write(bytes, &intro);
}

/* With `count` bytes at `at` replaced. */
static void
expect(size_t at, const char *replacement, size_t count, bool good)
{
    uint8_t bytes[CYI_INTRO_MAX];
    size_t size = sample(bytes);
    memcpy(bytes + at, replacement, count);
    if (good)
        wire_expect_same(again, bytes, size);
    else
        wire_expect_refused(again, bytes, size);
}

static void
refuses_a_core_that_the_node_does_not_have(void)
{
    uint8_t bytes[CYI_INTRO_MAX];
    size_t size = sample(bytes);
    cyi_put16(bytes + 16, 2);
    cyi_put16(bytes + 44 + 18, 2);
    wire_expect_same(again, bytes, size);
    cyi_put16(bytes + 16, 3);
    cyi_put16(bytes + 44 + 18, 3);
    wire_expect_refused(again, bytes, size);
}

static void
refuses_counts_that_do_not_fit_the_size(void)
{
    static const size_t COUNTS[] = {18, 33, 34};
    uint8_t bytes[CYI_INTRO_MAX];
    for (size_t i = 0; i < 3; i++)
        for (unsigned value = 0; value < 256; value++) {
            size_t size = sample(bytes);
            if (bytes[COUNTS[i]] == value)
                continue;
            bytes[COUNTS[i]] = (uint8_t) value;
            wire_expect_refused(again, bytes, size);
        }
}

static void
refuses_a_node_without_cores(void)
{
    struct wire_random random = {1};
    struct cyi_intro intro = make(&random, 1, 1, 0);
    uint8_t bytes[CYI_INTRO_MAX];
    size_t size = cyi_intro_write(bytes, &intro);
    cyi_put16(bytes + 18, 0);
    wire_expect_refused(again, bytes, size - 2);
    wire_expect_refused(again, bytes, size);
}

/* One more than there may be, with the bytes that belong to it. */
static void
refuses_counts_at_one_past_their_limit(void)
{
    struct wire_random random = {1};
    uint8_t bytes[CYI_INTRO_MAX];
    struct cyi_intro intro = make(&random, CYI_WIRE_CORES, 0, 0);
    size_t size = cyi_intro_write(bytes, &intro);
    wire_expect_same(again, bytes, size);
    cyi_put16(bytes + 18, CYI_WIRE_CORES + 1);
    cyi_put16(bytes + size, 1);
    wire_expect_refused(again, bytes, size + 2);

    intro = make(&random, 1, CYI_WIRE_ADDRESSES, 0);
    size = cyi_intro_write(bytes, &intro);
    wire_expect_same(again, bytes, size);
    bytes[34]++;
    memcpy(bytes + size, intro.addresses[0], 16);
    wire_expect_refused(again, bytes, size + 16);

    intro = make(&random, 1, 0, CY_NODE_NAME_MAX);
    size = cyi_intro_write(bytes, &intro);
    wire_expect_same(again, bytes, size);
    bytes[33]++;
    bytes[size] = 'x';
    wire_expect_refused(again, bytes, size + 1);
}

static void
refuses_fields_that_mean_nothing(void)
{
    static const char none[16];
    enum { NEXT = 24, FLAGS = 32, ZERO = 35, PORTS = 76, ADDRESSES = 82, NAME = 114 };
    expect(NEXT, "\0\0\0", 4, false);
    expect(NEXT, "\1\0\0", 4, true);
    expect(FLAGS, "\0", 1, true);
    expect(FLAGS, "\3", 1, true);
    expect(FLAGS, "\5", 1, true);
    for (unsigned flags = 6; flags < 256; flags++) /* to meet, and for files */
        expect(FLAGS, (char[]){(char) flags}, 1, false);
    expect(ZERO, "\1", 1, false);
    expect(ZERO, "\x80", 1, false);
    for (size_t i = 0; i < 3; i++)
        expect(PORTS + 2 * i, "\0", 2, false);
    for (size_t i = 0; i < 2; i++)
        expect(ADDRESSES + 16 * i, none, 16, false);
    expect(NAME, "wei\xc3", 4, false);
    expect(NAME, "we\xc3\xb6", 4, true);
    expect(NAME, "we\0b", 4, false);
    expect(NAME, "web\n", 4, false);
}

static void
refuses_a_home_that_is_not_that_of_the_speaker(void)
{
    enum { HOME = 44, PORT = HOME + 16, CORE = PORT + 2, NODE = CORE + 2, SLOT = NODE + 4 };
    static const char none[16];
    uint8_t bytes[CYI_INTRO_MAX];
    size_t size = sample(bytes);
    expect(HOME, none, 16, false);
    expect(PORT, none, 2, false);
    expect(SLOT + 3, "\x10", 1, false);
    expect(SLOT + 4, "\1", 1, false);
    bytes[CORE] ^= 1;
    wire_expect_refused(again, bytes, size);
    bytes[CORE] ^= 1;
    bytes[NODE] ^= 1;
    wire_expect_refused(again, bytes, size);
    memset(bytes + NODE, 0, 4);
    memset(bytes, 0, 4); /* agree, but nobody is such a node */
    wire_expect_refused(again, bytes, size);
}

CY_TEST_MAIN("transport.wire_intro", CY_TEST(gives_back_what_it_reads),
             CY_TEST(takes_the_shortest_and_the_longest),
             CY_TEST(puts_the_fields_where_the_format_says),
             CY_TEST(refuses_a_core_that_the_node_does_not_have),
             CY_TEST(refuses_counts_that_do_not_fit_the_size),
             CY_TEST(refuses_a_node_without_cores),
             CY_TEST(refuses_counts_at_one_past_their_limit),
             CY_TEST(refuses_fields_that_mean_nothing),
             CY_TEST(refuses_a_home_that_is_not_that_of_the_speaker))
