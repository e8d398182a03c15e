#include "wire_bytes.h"
#include "wire_channel.h"
#include <cy_test.h>
#include <errno.h>

enum { OPS = CYI_OP_CHANNEL_END - CYI_OP_CHANNEL, ITEM_MAX = 128 };

static unsigned op; /* of what is read and written again */

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    struct cyi_channel_item item, before;
    memset(&item, 0xa5, sizeof item);
    before = item;
    int rc = cyi_channel_item_read(&item, op, in, size);
    if (rc < 0) {
        CU_ASSERT(memcmp(&item, &before, sizeof item) == 0);
        return rc;
    }
    uint8_t *end = cyi_channel_item_write(out, op, &item);
    size_t fixed = cyi_channel_item_bytes(op);
    CU_ASSERT_EQUAL((size_t) (end - out), fixed);
    if (size > fixed)
        memcpy(end, in + fixed, size - fixed);
    return (int) size;
}

/* An item that can be, of chance where there is a choice. */
static struct cyi_channel_item
make(struct wire_random *random)
{
    struct cyi_channel_item item;
    wire_random_fill(random, &item, sizeof item);
    item.slot = (uint32_t) CY_KIND_CHANNEL << 28 | item.slot >> 4;
    item.from_slot = (uint32_t) CY_KIND_TASK << 28 | item.from_slot >> 4;
    item.from_generation |= 1;
    item.member_core = wire_random_below(random, CYI_WIRE_CORES);
    item.member_slot =
        (CY_KIND_TASK + wire_random_below(random, 2)) << 28 | item.member_slot >> 4;
    do
        item.subscriber = wire_random_ref(random);
    while (cy_ref_kind(item.subscriber) == CY_KIND_METHOD);
    return item;
}

static size_t
write_tail(struct wire_random *random, uint8_t *out)
{
    size_t size = 0;
    if (op == CYI_OP_DELIVER) {
        size = wire_random_below(random, 20);
        wire_random_fill(random, out, size);
    }
    for (uint32_t n = op == CYI_OP_REPLY ? wire_random_below(random, 3) : 0; n > 0; n--) {
        cy_ref ref = wire_random_ref(random);
        ref.slot = (uint32_t) CY_KIND_CHANNEL << 28 | ref.slot >> 4;
        cyi_wire_put_ref(out + size, ref);
        size += CYI_REF_BYTES;
    }
    return size;
}

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 200);) {
        struct wire_random random = {seed};
        uint8_t bytes[ITEM_MAX];
        op = CYI_OP_CHANNEL + (unsigned) (seed % OPS);
        struct cyi_channel_item item = make(&random);
        uint8_t *end = cyi_channel_item_write(bytes, op, &item);
        CU_ASSERT_EQUAL((size_t) (end - bytes), cyi_channel_item_bytes(op));
        size_t size = cyi_channel_item_bytes(op) + write_tail(&random, end);
        wire_expect_same(again, bytes, size);
        wire_expect_whole(again, bytes, cyi_channel_item_bytes(op));
        wire_flip_bits(again, bytes, size);
    }
}

static void
has_the_sizes_of_the_document(void)
{
    static const size_t SIZES[OPS] = {52, 52, 28, 20, 8, 28, 20, 20, 8, 16, 12};
    for (unsigned i = 0; i < OPS; i++) {
        CU_ASSERT_EQUAL(cyi_channel_item_bytes(CYI_OP_CHANNEL + i), SIZES[i]);
        CU_ASSERT(SIZES[i] <= CYI_CHANNEL_ITEM_MAX);
    }
    CU_ASSERT_EQUAL(cyi_channel_item_bytes(CYI_OP_CHANNEL - 1), 0);
    CU_ASSERT_EQUAL(cyi_channel_item_bytes(CYI_OP_CHANNEL_END), 0);
}

/* The fields count up, word by word. */
static void
puts_the_fields_in_order(void)
{
    uint8_t bytes[ITEM_MAX];
    struct cyi_channel_item item = {.slot = 0x20000001,
                                    .generation = 2,
                                    .from_slot = 0x10000003,
                                    .from_generation = 4,
                                    .token = 5,
                                    .n = 6,
                                    .tag = 7,
                                    .number = 0x0000000900000008,
                                    .member_core = 10,
                                    .member_slot = 0x1000000b,
                                    .member_generation = 12,
                                    .result = -13};
    cyi_channel_item_write(bytes, CYI_OP_DELIVER, &item);
    for (uint32_t i = 0; i < 7; i++)
        CU_ASSERT_EQUAL(cyi_get32(bytes + 4 * i) & 0xff, i + 1);
    cyi_channel_item_write(bytes, CYI_OP_JOIN, &item);
    for (uint32_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(cyi_get32(bytes + 8 + 4 * i) & 0xff, i + 8);
    cyi_channel_item_write(bytes, CYI_OP_REPLY, &item);
    CU_ASSERT_EQUAL(cyi_get64(bytes), item.number);
    CU_ASSERT_EQUAL((int32_t) cyi_get32(bytes + 8), -13);
}

static void
expect_impossible(unsigned which, const struct cyi_channel_item *item)
{
    uint8_t bytes[ITEM_MAX];
    op = which;
    cyi_channel_item_write(bytes, op, item);
    wire_expect_refused(again, bytes, cyi_channel_item_bytes(op));
}

static void
refuses_what_cannot_be(void)
{
    struct wire_random random = {3};
    const struct cyi_channel_item good = make(&random);
    struct cyi_channel_item bad = good;
    bad.slot = (uint32_t) CY_KIND_TASK << 28;
    for (unsigned i = CYI_OP_CHANNEL; i < CYI_OP_REPLY; i++)
        expect_impossible(i, &bad);
    bad = good;
    bad.from_slot = (uint32_t) CY_KIND_CHANNEL << 28;
    expect_impossible(CYI_OP_DELIVER, &bad);
    bad = good;
    bad.from_generation = 0; /* would be the number of a question */
    expect_impossible(CYI_OP_SUBSCRIBE, &bad);
    bad = good;
    bad.subscriber = CY_NOBODY;
    expect_impossible(CYI_OP_SUBSCRIBE, &bad);
    bad = good;
    bad.subscriber.slot = (uint32_t) CY_KIND_METHOD << 28;
    expect_impossible(CYI_OP_UNSUBSCRIBE, &bad);
    bad = good;
    bad.member_core = CYI_WIRE_CORES;
    expect_impossible(CYI_OP_JOIN, &bad);
    bad = good;
    bad.member_slot = (uint32_t) CY_KIND_METHOD << 28;
    expect_impossible(CYI_OP_LEFT, &bad);
    op = CYI_OP_CHANNEL_END;
    uint8_t nothing[ITEM_MAX] = {0};
    wire_expect_refused(again, nothing, sizeof nothing);
}

/* Nothing follows what has an end, and only references a reply. */
static void
refuses_bytes_that_nobody_reads(void)
{
    struct wire_random random = {5};
    struct cyi_channel_item item = make(&random);
    for (op = CYI_OP_CHANNEL; op < CYI_OP_CHANNEL_END; op++) {
        uint8_t bytes[ITEM_MAX] = {0};
        cyi_channel_item_write(bytes, op, &item);
        if (op == CYI_OP_DELIVER)
            wire_expect_same(again, bytes, cyi_channel_item_bytes(op) + 1);
        else
            wire_expect_refused(again, bytes, cyi_channel_item_bytes(op) + 1);
    }
}

static void
a_reply_has_references_to_channels_up_to_a_limit(void)
{
    enum { MOST = 12 + (CYI_CHANNEL_REFS_MAX + 1) * CYI_REF_BYTES };
    static uint8_t bytes[MOST];
    struct wire_random random = {9};
    op = CYI_OP_REPLY;
    for (size_t at = 12; at < MOST; at += CYI_REF_BYTES) {
        cy_ref ref = wire_random_ref(&random);
        ref.slot = (uint32_t) CY_KIND_CHANNEL << 28;
        cyi_wire_put_ref(bytes + at, ref);
    }
    wire_expect_same(again, bytes, MOST - CYI_REF_BYTES);
    wire_expect_refused(again, bytes, MOST);
    wire_expect_refused(again, bytes, 12 + CYI_REF_BYTES - 1);
    cyi_wire_put_ref(bytes + 12, CY_NOBODY);
    wire_expect_refused(again, bytes, 12 + CYI_REF_BYTES);
}

CY_TEST_MAIN("transport.wire_channel", CY_TEST(gives_back_what_it_reads),
             CY_TEST(has_the_sizes_of_the_document), CY_TEST(puts_the_fields_in_order),
             CY_TEST(refuses_what_cannot_be), CY_TEST(refuses_bytes_that_nobody_reads),
             CY_TEST(a_reply_has_references_to_channels_up_to_a_limit))
