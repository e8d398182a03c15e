#include "wire_bytes.h"
#include "wire_channel.h"
#include <cy_test.h>
#include <errno.h>

/* What wire.md says of each: bytes of the fixed part, and what may follow. */
static const struct form {
    unsigned op;
    size_t bytes;
    enum { NOTHING, MESSAGE, REFERENCES } follows;
    bool channel, who, subscriber, number, member;
} FORMS[] = {
    {CYI_OP_SUBSCRIBE, 52, NOTHING, .channel = true, .who = true, .subscriber = true},
    {CYI_OP_UNSUBSCRIBE, 52, NOTHING, .channel = true, .who = true, .subscriber = true},
    {CYI_OP_DELIVER, 28, MESSAGE, .channel = true, .who = true},
    {CYI_OP_RECALL, 20, NOTHING, .channel = true, .who = true},
    {CYI_OP_CLOSE, 8, NOTHING, .channel = true},
    {CYI_OP_JOIN, 28, NOTHING, .channel = true, .number = true, .member = true},
    {CYI_OP_PART, 20, NOTHING, .channel = true, .member = true},
    {CYI_OP_LEFT, 20, NOTHING, .channel = true, .member = true},
    {CYI_OP_DROP, 8, NOTHING, .channel = true},
    {CYI_OP_TRACE, 16, NOTHING, .channel = true, .number = true},
    {CYI_OP_REPLY, 12, REFERENCES, .number = true},
};
enum { FORMS_COUNT = sizeof FORMS / sizeof *FORMS, TAIL_MAX = 2 * CYI_REF_BYTES };

static const struct form *form; /* of the item that is read */

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    struct cyi_channel_item item, before;
    memset(&item, 0xa5, sizeof item);
    before = item;
    int r = cyi_channel_item_read(&item, form->op, in, size);
    if (r < 0) {
        CU_ASSERT(memcmp(&item, &before, sizeof item) == 0);
        return r;
    }
    CU_ASSERT_EQUAL(r, 0);
    uint8_t *end = cyi_channel_item_write(out, form->op, &item);
    CU_ASSERT_EQUAL((size_t) (end - out), form->bytes);
    memcpy(end, in + form->bytes, size - form->bytes);
    return (int) size;
}

static uint32_t
slot_of(struct wire_random *random, uint32_t kind)
{
    return kind << 28 | wire_random_below(random, 1 << 28);
}

static cy_ref
random_channel(struct wire_random *random)
{
    cy_ref ref = wire_random_ref(random);
    ref.slot = slot_of(random, CY_KIND_CHANNEL);
    return ref;
}

/* An item of chance, and what may follow it; returns all its bytes. */
static size_t
make(struct wire_random *random, uint8_t *out, size_t tail)
{
    struct cyi_channel_item item;
    wire_random_fill(random, &item, sizeof item);
    item.slot = slot_of(random, CY_KIND_CHANNEL);
    item.from_slot = slot_of(random, CY_KIND_TASK);
    item.from_generation |= 1;
    item.subscriber = wire_random_ref(random);
    item.subscriber.slot = slot_of(random, 1 + wire_random_below(random, 2));
    item.member_core %= CYI_WIRE_CORES;
    item.member_slot = slot_of(random, 1 + wire_random_below(random, 2));
    uint8_t *end = cyi_channel_item_write(out, form->op, &item);
    if (form->follows == MESSAGE)
        wire_random_fill(random, end, tail);
    for (size_t at = 0; form->follows == REFERENCES && at < tail; at += CYI_REF_BYTES)
        cyi_wire_put_ref(end + at, random_channel(random));
    return form->bytes + (form->follows != NOTHING ? tail : 0);
}

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 110);) {
        struct wire_random random = {seed};
        uint8_t bytes[CYI_CHANNEL_ITEM_MAX + TAIL_MAX];
        form = &FORMS[seed % FORMS_COUNT];
        size_t size = make(&random, bytes, wire_random_below(&random, 3) * CYI_REF_BYTES);
        CU_ASSERT_EQUAL(cyi_channel_item_bytes(form->op), form->bytes);
        wire_expect_same(again, bytes, size);
        wire_expect_whole(again, bytes, form->bytes);
        wire_flip_bits(again, bytes, size);
    }
}

static void
takes_behind_an_item_only_what_may_follow(void)
{
    struct wire_random random = {1};
    uint8_t bytes[CYI_CHANNEL_ITEM_MAX + TAIL_MAX] = {0};
    for (form = FORMS; form < FORMS + FORMS_COUNT; form++) {
        size_t size = make(&random, bytes, CYI_REF_BYTES);
        if (form->follows == MESSAGE)
            wire_expect_same(again, bytes, size + 1);
        else
            wire_expect_refused(again, bytes, size + 1);
        size = make(&random, bytes, 0);
        wire_expect_same(again, bytes, size);
    }
}

static void
refuses_ops_that_are_none(void)
{
    static const uint8_t zeros[CYI_CHANNEL_ITEM_MAX];
    struct cyi_channel_item item;
    static const unsigned NONE[] = {0, CYI_OP_CHANNEL - 1, CYI_OP_CHANNEL_END, 255, UINT32_MAX};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        CU_ASSERT_EQUAL(cyi_channel_item_bytes(NONE[i]), 0);
        CY_FAILS(cyi_channel_item_read(&item, NONE[i], zeros, sizeof zeros), -EBADMSG);
        CY_FAILS(cyi_channel_item_read(&item, NONE[i], zeros, 0), -EBADMSG);
    }
}

/* With the word at `at` replaced. */
static void
expect_word(size_t at, uint32_t word, bool good)
{
    struct wire_random random = {3};
    uint8_t bytes[CYI_CHANNEL_ITEM_MAX + TAIL_MAX];
    size_t size = make(&random, bytes, 0);
    cyi_put32(bytes + at, word);
    if (good)
        wire_expect_same(again, bytes, size);
    else
        wire_expect_refused(again, bytes, size);
}

static void
refuses_the_wrong_kind_of_thing(void)
{
    for (form = FORMS; form < FORMS + FORMS_COUNT; form++)
        for (uint32_t kind = 0; kind < 16; kind++) {
            bool task = kind == CY_KIND_TASK, channel = kind == CY_KIND_CHANNEL;
            size_t member = form->bytes - 8;
            if (form->channel)
                expect_word(0, kind << 28 | 5, channel);
            if (form->who)
                expect_word(8, kind << 28 | 5, task);
            if (form->subscriber)
                expect_word(20 + 24, kind << 28 | 5, task || channel);
            if (form->member)
                expect_word(member, kind << 28 | 5, task || channel);
        }
}

static void
refuses_cores_generations_and_nodes_that_cannot_be(void)
{
    for (form = FORMS; form < FORMS + FORMS_COUNT; form++) {
        size_t core = form->bytes - 12;
        if (form->member) {
            expect_word(core, CYI_WIRE_CORES - 1, true);
            expect_word(core, CYI_WIRE_CORES, false);
        }
        if (form->who) {
            expect_word(12, 1, true);
            expect_word(12, 0, false);
        }
        if (form->subscriber)
            expect_word(20 + 20, 0, false);
    }
}

static void
takes_references_up_to_the_limit(void)
{
    static uint8_t bytes[CYI_CHANNEL_ITEM_MAX + (CYI_CHANNEL_REFS_MAX + 1) * CYI_REF_BYTES];
    struct wire_random random = {1};
    form = &FORMS[FORMS_COUNT - 1];
    size_t size = make(&random, bytes, CYI_CHANNEL_REFS_MAX * CYI_REF_BYTES);
    wire_expect_same(again, bytes, size);
    cyi_wire_put_ref(bytes + size, random_channel(&random));
    wire_expect_refused(again, bytes, size + CYI_REF_BYTES);
    wire_expect_refused(again, bytes, size - 1);
    cyi_wire_put_ref(bytes + form->bytes, CY_NOBODY);
    wire_expect_refused(again, bytes, size);
    cyi_wire_put_ref(bytes + form->bytes, (cy_ref){.node = 1, .slot = 1u << 28});
    wire_expect_refused(again, bytes, size);
}

CY_TEST_MAIN("transport.wire_channel", CY_TEST(gives_back_what_it_reads),
             CY_TEST(takes_behind_an_item_only_what_may_follow),
             CY_TEST(refuses_ops_that_are_none), CY_TEST(refuses_the_wrong_kind_of_thing),
             CY_TEST(refuses_cores_generations_and_nodes_that_cannot_be),
             CY_TEST(takes_references_up_to_the_limit))
