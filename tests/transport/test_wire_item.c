#include "wire_bytes.h"
#include "wire_channel.h"
#include <cy_test.h>
#include <cycos/impl/router.h>
#include <cycos/task.h>
#include <errno.h>
#include <stdlib.h>

_Static_assert(CYI_COMMAND_KINDS == CYI_COMMAND_FORGET_RESULT + 1, "the runtime's commands");

/* For each fixed part a function that reads it and writes it, and what follows it, again. */
#define AGAIN(part, type, bytes)                                          \
    static int again_##part(uint8_t *out, const uint8_t *in, size_t size) \
    {                                                                     \
        type value, before;                                               \
        memset(&value, 0xa5, sizeof value);                               \
        before = value;                                                   \
        int r = cyi_##part##_read(&value, in, size);                      \
        if (r < 0) {                                                      \
            CU_ASSERT(memcmp(&value, &before, sizeof value) == 0);        \
            return r;                                                     \
        }                                                                 \
        CU_ASSERT_EQUAL(r, 0);                                            \
        uint8_t *end = cyi_##part##_write(out, &value);                   \
        CU_ASSERT_EQUAL(end - out, (bytes));                              \
        memcpy(end, in + (bytes), size - (bytes));                        \
        return (int) size;                                                \
    }

AGAIN(send, struct cyi_send, CYI_SEND_BYTES)
AGAIN(request, struct cyi_request_item, CYI_REQUEST_BYTES)
AGAIN(answer, struct cyi_answer_item, CYI_ANSWER_BYTES)
AGAIN(forward, struct cyi_forward, CYI_FORWARD_BYTES)
AGAIN(command, struct cyi_command_item, CYI_COMMAND_BYTES)
AGAIN(watch, struct cyi_watch_item, CYI_WATCH_BYTES)
AGAIN(exit, struct cyi_exit_item, CYI_EXIT_BYTES)
AGAIN(locate, struct cyi_locate_item, CYI_LOCATE_BYTES)
AGAIN(long, struct cyi_long_item, CYI_LONG_BYTES)

/* Bytes that are a fixed part, made of chance where the format leaves the choice. */
static void
make_send(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_SEND_BYTES);
}

static void
make_request(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_REQUEST_BYTES);
}

static void
make_answer(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_ANSWER_BYTES);
}

static void
make_forward(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, 24);
    cyi_wire_put_ref(out + 24,
                     wire_random_below(random, 4) ? wire_random_ref(random) : CY_NOBODY);
}

static void
make_command(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_COMMAND_BYTES);
    cyi_put32(out, wire_random_below(random, CYI_COMMAND_KINDS));
}

static void
make_watch(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_WATCH_BYTES);
    cyi_put32(out + 4, wire_random_below(random, CYI_WATCH_KINDS));
}

static void
make_exit(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_EXIT_BYTES);
    cyi_put32(out + 20, wire_random_below(random, CYI_EXIT_REASONS));
}

static void
make_locate(struct wire_random *random, uint8_t *out)
{
    wire_random_fill(random, out, CYI_LOCATE_BYTES);
    cyi_put32(out + 4, 1 + wire_random_below(random, 3));
    cyi_put32(out + 8, wire_random_below(random, CYI_WIRE_CORES));
}

static void
make_long(struct wire_random *random, uint8_t *out)
{
    static const uint8_t OPS[] = {CYI_OP_SEND,    CYI_OP_REQUEST, CYI_OP_ANSWER,
                                  CYI_OP_FORWARD, CYI_OP_EXIT,    CYI_OP_CHANNEL};
    wire_random_fill(random, out, 4);
    out[3] = 1; /* at least 2^24 bytes */
    out[4] = OPS[wire_random_below(random, sizeof OPS)];
}

static const struct part {
    wire_again *again;
    void (*make)(struct wire_random *random, uint8_t *out);
    size_t bytes;
    size_t tail_least, tail_most; /* bytes behind it, in these tests */
} PARTS[] = {
    {again_send, make_send, CYI_SEND_BYTES, 0, 40},
    {again_request, make_request, CYI_REQUEST_BYTES, 0, 40},
    {again_answer, make_answer, CYI_ANSWER_BYTES, 0, 40},
    {again_forward, make_forward, CYI_FORWARD_BYTES, 0, 40},
    {again_command, make_command, CYI_COMMAND_BYTES, 0, 0},
    {again_watch, make_watch, CYI_WATCH_BYTES, 0, 0},
    {again_exit, make_exit, CYI_EXIT_BYTES, 0, 40},
    {again_locate, make_locate, CYI_LOCATE_BYTES, 1, CYI_WIRE_NAME_MAX},
    {again_long, make_long, CYI_LONG_BYTES, 0, 40},
};
enum { PARTS_COUNT = sizeof PARTS / sizeof *PARTS };

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        struct wire_random random = {seed};
        const struct part *part = &PARTS[seed % PARTS_COUNT];
        uint8_t bytes[CYI_FORWARD_BYTES + CYI_WIRE_NAME_MAX];
        uint32_t span = (uint32_t) (part->tail_most - part->tail_least);
        size_t tail = part->tail_least + wire_random_below(&random, span + 1);
        part->make(&random, bytes);
        wire_random_name(&random, (char *) bytes + part->bytes, tail);
        wire_expect_same(part->again, bytes, part->bytes + tail);
        wire_expect_whole(part->again, bytes, part->bytes + part->tail_least);
        wire_flip_bits(part->again, bytes, part->bytes + tail);
    }
}

static void
takes_a_fixed_part_with_nothing_behind_it(void)
{
    struct wire_random random = {7};
    for (const struct part *part = PARTS; part < PARTS + PARTS_COUNT; part++) {
        uint8_t bytes[CYI_FORWARD_BYTES + 1];
        part->make(&random, bytes);
        bytes[part->bytes] = 'n'; /* the shortest name */
        wire_expect_same(part->again, bytes, part->bytes + part->tail_least);
    }
}

/* Numbers that count up, byte by byte, show each field's place and order. */
static void
puts_the_fields_where_the_format_says(void)
{
    uint8_t up[64], down[64] = {0};
    struct cyi_request_item request;
    struct cyi_answer_item answer;
    struct cyi_forward forward;
    for (size_t i = 0; i < sizeof up; i++)
        up[i] = (uint8_t) i;
    CY_OK(cyi_request_read(&request, up, CYI_REQUEST_BYTES));
    CU_ASSERT_EQUAL(request.send.to_slot, 0x03020100);
    CU_ASSERT_EQUAL(request.send.to_generation, 0x07060504);
    CU_ASSERT_EQUAL(request.send.from_slot, 0x0b0a0908);
    CU_ASSERT_EQUAL(request.send.from_generation, 0x0f0e0d0c);
    CU_ASSERT_EQUAL(request.send.tag, 0x13121110);
    CU_ASSERT_EQUAL(request.token, 0x17161514);
    CY_OK(cyi_answer_read(&answer, up, CYI_ANSWER_BYTES));
    CU_ASSERT_EQUAL(answer.to_slot, 0x03020100);
    CU_ASSERT_EQUAL(answer.to_generation, 0x07060504);
    CU_ASSERT_EQUAL(answer.token, 0x0b0a0908);
    CU_ASSERT_EQUAL(answer.result, 0x0f0e0d0c);
    CU_ASSERT_EQUAL(answer.value, 0x1716151413121110);
    CU_ASSERT_EQUAL(answer.from_slot, 0x1b1a1918);
    CU_ASSERT_EQUAL(answer.from_generation, 0x1f1e1d1c);
    CU_ASSERT_EQUAL(answer.tag, 0x23222120);
    up[51] = 0x10; /* the sender's slot says that it is a task */
    CY_OK(cyi_forward_read(&forward, up, CYI_FORWARD_BYTES));
    CU_ASSERT_EQUAL(forward.to_slot, 0x03020100);
    CU_ASSERT_EQUAL(forward.to_generation, 0x07060504);
    CU_ASSERT_EQUAL(forward.tag, 0x0b0a0908);
    CU_ASSERT_EQUAL(forward.delivery, 0x131211100f0e0d0c);
    CU_ASSERT_EQUAL(forward.hops, 0x17161514);
    CU_ASSERT(memcmp(forward.sender.address, up + 24, 16) == 0);
    CU_ASSERT_EQUAL(forward.sender.port, 0x2928);
    CU_ASSERT_EQUAL(forward.sender.core, 0x2b2a);
    CU_ASSERT_EQUAL(forward.sender.node, 0x2f2e2d2c);
    CU_ASSERT_EQUAL(forward.sender.slot, 0x10323130);
    CU_ASSERT_EQUAL(forward.sender.generation, 0x37363534);
    CU_ASSERT_EQUAL(cyi_forward_write(down, &forward) - down, CYI_FORWARD_BYTES);
    CU_ASSERT(memcmp(up, down, CYI_FORWARD_BYTES) == 0);
}

static void
puts_the_fields_of_the_smaller_ones_in_order(void)
{
    uint8_t bytes[64];
    const uint32_t words[7] = {1, 1, 2, 3, 4, 4, (uint32_t) -6};
    struct cyi_command_item command;
    struct cyi_watch_item watch;
    struct cyi_exit_item ended;
    struct cyi_long_item longer;
    for (size_t i = 0; i < 7; i++)
        cyi_put32(bytes + 4 * i, words[i]);
    CY_OK(cyi_command_read(&command, bytes, CYI_COMMAND_BYTES));
    CU_ASSERT(command.what == 1 && command.slot == 1 && command.generation == 2);
    CY_OK(cyi_watch_read(&watch, bytes, CYI_WATCH_BYTES));
    CU_ASSERT(watch.id == 1 && watch.kind == 1 && watch.target_slot == 2);
    CU_ASSERT(watch.target_generation == 3 && watch.watcher_slot == 4);
    CU_ASSERT_EQUAL(watch.watcher_generation, 4);
    CY_OK(cyi_exit_read(&ended, bytes, CYI_EXIT_BYTES));
    CU_ASSERT(ended.id == 1 && ended.watcher_slot == 1 && ended.watcher_generation == 2);
    CU_ASSERT(ended.task_slot == 3 && ended.task_generation == 4);
    CU_ASSERT(ended.reason == 4 && ended.code == -6);
    bytes[4] = CYI_OP_EXIT;
    CY_FAILS(cyi_long_read(&longer, bytes, 5), -EBADMSG); /* of 1 byte */
    cyi_put32(bytes, 70000);
    CY_OK(cyi_long_read(&longer, bytes, 5));
    CU_ASSERT(longer.total == 70000 && longer.op == CYI_OP_EXIT);
}

/* The bytes of PARTS[i], with the word at `at` replaced. */
static void
expect_word(size_t part, size_t at, uint32_t word, bool good)
{
    struct wire_random random = {part};
    uint8_t bytes[CYI_FORWARD_BYTES + 1];
    size_t size = PARTS[part].bytes + PARTS[part].tail_least;
    PARTS[part].make(&random, bytes);
    bytes[PARTS[part].bytes] = 'n';
    cyi_put32(bytes + at, word);
    if (good)
        wire_expect_same(PARTS[part].again, bytes, size);
    else
        wire_expect_refused(PARTS[part].again, bytes, size);
}

enum { COMMAND = 4, WATCH, EXIT, LOCATE };

static void
refuses_fields_that_mean_nothing(void)
{
    expect_word(COMMAND, 0, CYI_COMMAND_FORGET_RESULT, true);
    expect_word(COMMAND, 0, CYI_COMMAND_FORGET_RESULT + 1, false);
    expect_word(COMMAND, 0, UINT32_MAX, false);
    expect_word(WATCH, 4, CYI_WATCH_JOIN, true);
    expect_word(WATCH, 4, CYI_WATCH_JOIN + 1, false);
    expect_word(WATCH, 4, UINT32_MAX, false);
    expect_word(EXIT, 20, CY_EXIT_NO_TASK, true);
    expect_word(EXIT, 20, CY_EXIT_NO_TASK + 1, false);
    expect_word(EXIT, 20, UINT32_MAX, false);
    expect_word(LOCATE, 4, CY_KIND_NONE, false);
    expect_word(LOCATE, 4, CY_KIND_TASK, true);
    expect_word(LOCATE, 4, CY_KIND_METHOD, true);
    expect_word(LOCATE, 4, CY_KIND_METHOD + 1, false);
    expect_word(LOCATE, 8, CYI_WIRE_CORES - 1, true);
    expect_word(LOCATE, 8, CYI_WIRE_CORES, false);
    expect_word(LOCATE, 8, UINT32_MAX - 1, false);
    expect_word(LOCATE, 8, UINT32_MAX, true);
}

static void
expect_sender(cy_ref sender, bool good)
{
    uint8_t bytes[CYI_FORWARD_BYTES] = {0};
    cyi_wire_put_ref(bytes + 24, sender);
    if (good)
        wire_expect_same(again_forward, bytes, sizeof bytes);
    else
        wire_expect_refused(again_forward, bytes, sizeof bytes);
}

static void
refuses_a_sender_that_cannot_be(void)
{
    for (uint32_t kind = 0; kind < 16; kind++)
        expect_sender((cy_ref){.node = 1, .slot = kind << 28},
                      kind >= CY_KIND_TASK && kind <= CY_KIND_METHOD);
    expect_sender(CY_NOBODY, true);
    expect_sender((cy_ref){.port = 1}, false);
}

static void
refuses_a_name_that_cannot_be(void)
{
    struct wire_random random = {1};
    uint8_t bytes[CYI_LOCATE_BYTES + CYI_WIRE_NAME_MAX + 1];
    make_locate(&random, bytes);
    memset(bytes + CYI_LOCATE_BYTES, 'n', CYI_WIRE_NAME_MAX + 1);
    wire_expect_refused(again_locate, bytes, CYI_LOCATE_BYTES);
    wire_expect_same(again_locate, bytes, CYI_LOCATE_BYTES + 1);
    wire_expect_same(again_locate, bytes, CYI_LOCATE_BYTES + CYI_WIRE_NAME_MAX);
    wire_expect_refused(again_locate, bytes, CYI_LOCATE_BYTES + CYI_WIRE_NAME_MAX + 1);
    for (unsigned byte = 0; byte < ' '; byte++) {
        bytes[CYI_LOCATE_BYTES + 5] = (uint8_t) byte;
        wire_expect_refused(again_locate, bytes, CYI_LOCATE_BYTES + 10);
    }
}

/* LONG: which items may come in parts, and from how many bytes on. */
static void
takes_the_beginning_of_what_can_be_long(void)
{
    static const struct {
        uint8_t op;
        uint32_t least;
    } GOOD[] = {{CYI_OP_SEND, 20},    {CYI_OP_REQUEST, 24}, {CYI_OP_ANSWER, 36},
                {CYI_OP_FORWARD, 56}, {CYI_OP_EXIT, 28},    {CYI_OP_CHANNEL, 8}};
    for (unsigned op = 0; op < 256; op++) {
        uint8_t bytes[CYI_LONG_BYTES];
        bool good = op >= CYI_OP_CHANNEL && op < CYI_OP_CHANNEL_END;
        cyi_long_write(bytes, &(struct cyi_long_item){.total = UINT32_MAX, .op = (uint8_t) op});
        for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
            good |= GOOD[i].op == op;
        if (good)
            wire_expect_same(again_long, bytes, sizeof bytes);
        else
            wire_expect_refused(again_long, bytes, sizeof bytes);
    }
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        uint8_t bytes[CYI_LONG_BYTES];
        struct cyi_long_item longer = {.total = GOOD[i].least, .op = GOOD[i].op};
        cyi_long_write(bytes, &longer);
        wire_expect_same(again_long, bytes, sizeof bytes);
        longer.total--;
        cyi_long_write(bytes, &longer);
        if (GOOD[i].least > 0)
            wire_expect_refused(again_long, bytes, sizeof bytes);
    }
}

static void
refuses_a_first_part_that_is_longer_than_the_whole(void)
{
    uint8_t bytes[CYI_LONG_BYTES + 41] = {0};
    cyi_long_write(bytes, &(struct cyi_long_item){.total = 40, .op = CYI_OP_SEND});
    wire_expect_same(again_long, bytes, CYI_LONG_BYTES + 39);
    wire_expect_same(again_long, bytes, CYI_LONG_BYTES + 40);
    wire_expect_refused(again_long, bytes, CYI_LONG_BYTES + 41);
}

static int
read_long(uint8_t op, uint8_t flags)
{
    uint8_t bytes[CYI_ITEM_HEADER + CYI_LONG_BYTES];
    struct cyi_item item;
    cyi_long_write(cyi_item_write(bytes, CYI_OP_LONG, flags, CYI_LONG_BYTES),
                   &(struct cyi_long_item){.total = 5000, .op = op});
    return cyi_item_read(&item, bytes, sizeof bytes);
}

static void
gives_a_long_item_the_flags_of_the_whole(void)
{
    enum { BYTES = CYI_ITEM_HEADER + CYI_LONG_BYTES };
    CU_ASSERT_EQUAL(read_long(CYI_OP_SEND, 0), BYTES);
    CY_FAILS(read_long(CYI_OP_SEND, CYI_ITEM_CALL), -EBADMSG);
    CU_ASSERT_EQUAL(read_long(CYI_OP_REQUEST, CYI_ITEM_CALL), BYTES);
    CY_FAILS(read_long(CYI_OP_REQUEST, 0), -EBADMSG);
    CY_FAILS(read_long(CYI_OP_REQUEST, CYI_ITEM_CALL | CYI_ITEM_DELIVER), -EBADMSG);
    CU_ASSERT_EQUAL(read_long(CYI_OP_EXIT, CYI_ITEM_NOTIFY), BYTES);
    CU_ASSERT_EQUAL(read_long(CYI_OP_CHANNEL, 0), BYTES);
    CY_FAILS(read_long(CYI_OP_CHANNEL, 1), -EBADMSG);
    CY_FAILS(read_long(CYI_OP_MORE, 0), -EBADMSG);
}

static void
brings_references_over_unchanged(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        struct wire_random random = {seed};
        uint8_t bytes[CYI_REF_BYTES];
        cy_ref ref = wire_random_ref(&random);
        cyi_wire_put_ref(bytes, ref);
        CU_ASSERT(cy_ref_equal(cyi_wire_get_ref(bytes), ref));
    }
}

CY_TEST_MAIN("transport.wire_item", CY_TEST(gives_back_what_it_reads),
             CY_TEST(takes_a_fixed_part_with_nothing_behind_it),
             CY_TEST(puts_the_fields_where_the_format_says),
             CY_TEST(puts_the_fields_of_the_smaller_ones_in_order),
             CY_TEST(refuses_fields_that_mean_nothing),
             CY_TEST(refuses_a_sender_that_cannot_be), CY_TEST(refuses_a_name_that_cannot_be),
             CY_TEST(takes_the_beginning_of_what_can_be_long),
             CY_TEST(refuses_a_first_part_that_is_longer_than_the_whole),
             CY_TEST(gives_a_long_item_the_flags_of_the_whole),
             CY_TEST(brings_references_over_unchanged))
