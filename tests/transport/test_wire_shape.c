#include "wire_bytes.h"
#include "wire_channel.h"
#include <cy_test.h>
#include <errno.h>
#include <stdlib.h>

/* What wire.md says of each item. */
static const struct shape {
    uint8_t op, flags;
    bool choose; /* exactly one of the flags */
    size_t least, most;
    uint8_t lane;
} SHAPES[] = {
    {CYI_OP_INTRO, 0, false, 78, 4096, CYI_LANE_CONTROL},
    {CYI_OP_PING, 0, false, 8, 8, CYI_LANE_CONTROL},
    {CYI_OP_PONG, 0, false, 8, 8, CYI_LANE_CONTROL},
    {CYI_OP_BYE, 0, false, 1, 1, CYI_LANE_CONTROL},
    {CYI_OP_SUSPECT, 0, false, 4, 4, CYI_LANE_CONTROL},
    {CYI_OP_ALIVE, 0, false, 4, 4, CYI_LANE_CONTROL},
    {CYI_OP_SEND, 0, false, 20, 32768, CYI_LANE_DATA},
    {CYI_OP_REQUEST, 3, true, 24, 32768, CYI_LANE_DATA},
    {CYI_OP_ANSWER, 4, false, 36, 32768, CYI_LANE_DATA},
    {CYI_OP_FORWARD, 0, false, 56, 32768, CYI_LANE_DATA},
    {CYI_OP_COMMAND, 0, false, 12, 12, CYI_LANE_DATA},
    {CYI_OP_WATCH, 0, false, 24, 24, CYI_LANE_DATA},
    {CYI_OP_UNWATCH, 0, false, 4, 4, CYI_LANE_DATA},
    {CYI_OP_EXIT, 8, false, 28, 32768, CYI_LANE_DATA},
    {CYI_OP_CONGESTED, 0, false, 8, 8, CYI_LANE_DATA},
    {CYI_OP_RELIEVED, 0, false, 8, 8, CYI_LANE_DATA},
    {CYI_OP_LONG, 0, false, 5, 32768, CYI_LANE_DATA},
    {CYI_OP_MORE, 0, false, 1, 32768, CYI_LANE_DATA},
    {CYI_OP_LOCATE, 0, false, 13, 75, CYI_LANE_DATA},
    {CYI_OP_LOCATED, 0, false, 36, 36, CYI_LANE_DATA},
    {CYI_OP_FORGET, 0, false, 4, 4, CYI_LANE_DATA},
    {CYI_OP_ANNOUNCE, 0, false, 64, 512, CYI_LANE_DATA},
    {CYI_OP_CHANNEL, 0, false, 8, 32768, CYI_LANE_DATA},
    {CYI_OP_CHANNEL_END - 1, 0, false, 8, 32768, CYI_LANE_DATA},
};
enum { SHAPES_COUNT = sizeof SHAPES / sizeof *SHAPES };

static const struct shape *
shape_of(unsigned op)
{
    for (size_t i = 0; i < SHAPES_COUNT; i++)
        if (SHAPES[i].op == op)
            return &SHAPES[i];
    return NULL;
}

/* Reads an item of zeros, or of what a LONG begins with, in memory of just its size. */
static int
read_of(unsigned op, unsigned flags, size_t size, size_t room)
{
    uint8_t *bytes = calloc(1, CYI_ITEM_HEADER + room + 1);
    struct cyi_item item = {.size = 0x1234};
    if (bytes == NULL)
        abort();
    uint8_t *exact = realloc(bytes, CYI_ITEM_HEADER + room);
    cyi_item_write(exact, (enum cyi_op) op, (uint8_t) flags, size);
    if (op == CYI_OP_LONG && room >= CYI_LONG_BYTES)
        cyi_long_write(exact + CYI_ITEM_HEADER,
                       &(struct cyi_long_item){.total = 100000, .op = CYI_OP_SEND});
    int r = cyi_item_read(&item, exact, CYI_ITEM_HEADER + room);
    if (r >= 0) {
        CU_ASSERT(item.op == op && item.flags == flags && item.size == size);
        CU_ASSERT(item.body == exact + CYI_ITEM_HEADER);
    } else {
        CU_ASSERT_EQUAL(item.size, 0x1234);
    }
    free(exact);
    return r;
}

/* Flags that this item can have. */
static unsigned
good_flags(const struct shape *shape)
{
    return shape->choose ? shape->flags & -shape->flags : 0;
}

static void
takes_each_item_from_its_least_to_its_most_bytes(void)
{
    for (const struct shape *s = SHAPES; s < SHAPES + SHAPES_COUNT; s++) {
        unsigned flags = good_flags(s);
        size_t most = s->op == CYI_OP_ANSWER ? s->least : s->most;
        CU_ASSERT_EQUAL(read_of(s->op, flags, s->least, s->least), (int) s->least + 4);
        CU_ASSERT_EQUAL(read_of(s->op, flags, most, most), (int) most + 4);
        CY_FAILS(read_of(s->op, flags, most + 1, most + 1), -EBADMSG);
        for (size_t size = 0; size < s->least; size++)
            CY_FAILS(read_of(s->op, flags, size, size), -EBADMSG);
    }
}

static void
takes_only_the_flags_that_an_item_can_have(void)
{
    for (const struct shape *s = SHAPES; s < SHAPES + SHAPES_COUNT; s++)
        for (unsigned flags = 0; flags < 256; flags++) {
            bool one = flags != 0 && (flags & (flags - 1)) == 0;
            bool good = (flags & ~s->flags) == 0 && (!s->choose || one);
            int expected = good ? (int) s->least + 4 : -EBADMSG;
            CU_ASSERT_EQUAL(read_of(s->op, flags, s->least, s->least), expected);
        }
}

static void
takes_bytes_behind_an_answer_only_with_its_message(void)
{
    CU_ASSERT_EQUAL(read_of(CYI_OP_ANSWER, 0, 36, 36), 40);
    CY_FAILS(read_of(CYI_OP_ANSWER, 0, 37, 37), -EBADMSG);
    CU_ASSERT_EQUAL(read_of(CYI_OP_ANSWER, CYI_ITEM_MESSAGE, 37, 37), 41);
    CU_ASSERT_EQUAL(read_of(CYI_OP_ANSWER, CYI_ITEM_MESSAGE, 32768, 32768), 32772);
    CY_FAILS(read_of(CYI_OP_ANSWER, CYI_ITEM_MESSAGE, 32769, 32769), -EBADMSG);
}

static int
read_body(enum cyi_op op, const void *body, size_t size)
{
    uint8_t bytes[64];
    struct cyi_item item;
    memcpy(cyi_item_write(bytes, op, 0, size), body, size);
    return cyi_item_read(&item, bytes, CYI_ITEM_HEADER + size);
}

static void
refuses_a_goodbye_for_no_known_reason(void)
{
    for (unsigned reason = 0; reason < 256; reason++) {
        uint8_t body = (uint8_t) reason;
        CU_ASSERT_EQUAL(read_body(CYI_OP_BYE, &body, 1), reason <= CYI_BYE_NODE ? 5 : -EBADMSG);
    }
}

static void
refuses_to_locate_what_cannot_be(void)
{
    uint8_t body[4 + CYI_REF_BYTES] = {0};
    for (uint32_t kind = 0; kind < 16; kind++) {
        bool good = kind >= CY_KIND_TASK && kind <= CY_KIND_METHOD;
        cyi_wire_put_ref(body + 4, (cy_ref){.node = 1, .slot = kind << 28});
        int expected = good ? (int) sizeof body + 4 : -EBADMSG;
        CU_ASSERT_EQUAL(read_body(CYI_OP_LOCATED, body, sizeof body), expected);
    }
    cyi_wire_put_ref(body + 4, (cy_ref){.port = 1});
    CY_FAILS(read_body(CYI_OP_LOCATED, body, sizeof body), -EBADMSG);
}

static void
knows_the_lane_of_each_item(void)
{
    for (unsigned op = 0; op < 300; op++) {
        const struct shape *s = shape_of(op);
        bool channel = op >= CYI_OP_CHANNEL && op < CYI_OP_CHANNEL_END;
        unsigned none = channel ? CYI_LANE_DATA : CYI_LANES;
        CU_ASSERT_EQUAL(cyi_item_lane(op), s != NULL ? s->lane : none);
    }
}

static void
refuses_unknown_items(void)
{
    for (unsigned op = 0; op < 256; op++) {
        if (cyi_item_lane(op) != CYI_LANES)
            continue;
        for (size_t size = 0; size < 100; size++)
            CY_FAILS(read_of(op, 0, size, size), -EBADMSG);
    }
}

static void
refuses_an_item_that_does_not_fit_into_its_frame(void)
{
    for (const struct shape *s = SHAPES; s < SHAPES + SHAPES_COUNT; s++)
        for (size_t room = 0; room < s->least; room++)
            CY_FAILS(read_of(s->op, good_flags(s), s->least, room), -EBADMSG);
    CY_FAILS(read_of(CYI_OP_SEND, 0, 100, 99), -EBADMSG);
    CU_ASSERT_EQUAL(read_of(CYI_OP_SEND, 0, 100, 100), 104);
    CU_ASSERT_EQUAL(read_of(CYI_OP_SEND, 0, 100, 101), 104);
}

static void
refuses_less_than_the_header_of_an_item(void)
{
    for (size_t size = 0; size < CYI_ITEM_HEADER; size++) {
        struct cyi_item item;
        uint8_t *exact = malloc(size + 1);
        if (exact == NULL)
            abort();
        memset(exact, CYI_OP_CHANNEL, size + 1);
        CY_FAILS(cyi_item_read(&item, exact + 1, size), -EBADMSG);
        free(exact);
    }
}

static void
walks_through_the_items_of_a_frame(void)
{
    uint8_t bytes[64], *end = bytes;
    struct cyi_item item;
    size_t at = 0;
    end = cyi_item_write(end, CYI_OP_UNWATCH, 0, 4);
    cyi_put32(end, 7);
    end = cyi_item_write(end + 4, CYI_OP_MORE, 0, 1);
    *end++ = 1;
    end = cyi_item_write(end, CYI_OP_SEND, 0, CYI_SEND_BYTES + 2);
    memset(end, 0, CYI_SEND_BYTES + 2);
    end += CYI_SEND_BYTES + 2;
    static const uint8_t OPS[] = {CYI_OP_UNWATCH, CYI_OP_MORE, CYI_OP_SEND};
    for (size_t i = 0; i < 3; i++) {
        int r = cyi_item_read(&item, bytes + at, (size_t) (end - bytes) - at);
        CU_ASSERT_FATAL(r > 0);
        CU_ASSERT_EQUAL(item.op, OPS[i]);
        at += (size_t) r;
    }
    CU_ASSERT_EQUAL(at, (size_t) (end - bytes));
}

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    struct cyi_item item;
    int r = cyi_item_read(&item, in, size);
    if (r < 0)
        return r;
    uint8_t *body = cyi_item_write(out, (enum cyi_op) item.op, item.flags, item.size);
    memcpy(body, item.body, size - CYI_ITEM_HEADER); /* and what follows it */
    return (int) size;
}

static void
gives_back_each_item_or_refuses_it_when_a_bit_is_flipped(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        struct wire_random random = {seed};
        const struct shape *s = &SHAPES[seed % SHAPES_COUNT];
        size_t most = s->most < 200 ? s->most : 200;
        size_t size = s->least + wire_random_below(&random, (uint32_t) (most - s->least + 1));
        if (s->op == CYI_OP_ANSWER)
            size = s->least;
        uint8_t bytes[CYI_ITEM_HEADER + 200];
        uint8_t *body =
            cyi_item_write(bytes, (enum cyi_op) s->op, (uint8_t) good_flags(s), size);
        wire_random_fill(&random, body, size);
        if (s->op == CYI_OP_BYE)
            body[0] = CYI_BYE_NODE;
        if (s->op == CYI_OP_LOCATED)
            cyi_wire_put_ref(body + 4, wire_random_ref(&random));
        if (s->op == CYI_OP_LONG)
            cyi_long_write(body, &(struct cyi_long_item){.total = 5000, .op = CYI_OP_SEND});
        wire_expect_same(again, bytes, CYI_ITEM_HEADER + size);
        wire_expect_whole(again, bytes, CYI_ITEM_HEADER + size);
        wire_flip_bits(again, bytes, CYI_ITEM_HEADER + size);
    }
}

CY_TEST_MAIN("transport.wire_shape", CY_TEST(takes_each_item_from_its_least_to_its_most_bytes),
             CY_TEST(takes_only_the_flags_that_an_item_can_have),
             CY_TEST(takes_bytes_behind_an_answer_only_with_its_message),
             CY_TEST(refuses_a_goodbye_for_no_known_reason),
             CY_TEST(refuses_to_locate_what_cannot_be), CY_TEST(knows_the_lane_of_each_item),
             CY_TEST(refuses_unknown_items),
             CY_TEST(refuses_an_item_that_does_not_fit_into_its_frame),
             CY_TEST(refuses_less_than_the_header_of_an_item),
             CY_TEST(walks_through_the_items_of_a_frame),
             CY_TEST(gives_back_each_item_or_refuses_it_when_a_bit_is_flipped))
