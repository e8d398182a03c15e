#include "wire.h"
#include "wire_bytes.h"
#include <cy_test.h>
#include <errno.h>
#include <stdlib.h>

static int
again(uint8_t *out, const uint8_t *in, size_t size)
{
    struct cyi_frame frame;
    CU_ASSERT_EQUAL(size, CYI_FRAME_HEADER);
    int r = cyi_frame_read(&frame, in);
    if (r < 0)
        return r;
    CU_ASSERT_EQUAL(r, 0);
    cyi_frame_write(out, &frame);
    return CYI_FRAME_HEADER;
}

static const struct cyi_frame DATA = {
    .size = 0x8765, .number = 0xa1b2c3d4, .ack = 0x01020304, .credit = 0xfffefdfc, .lane = 1};
static const struct cyi_frame CONTROL = {.size = 12, .ack = 1, .credit = 4 << 20};

static int
read_of(struct cyi_frame frame)
{
    struct cyi_frame out, before;
    uint8_t bytes[CYI_FRAME_HEADER];
    memset(&out, 0x5a, sizeof out);
    before = out;
    cyi_frame_write(bytes, &frame);
    int r = cyi_frame_read(&out, bytes);
    if (r < 0)
        CU_ASSERT(memcmp(&out, &before, sizeof out) == 0);
    return r;
}

static void
puts_the_fields_where_the_format_says(void)
{
    static const uint8_t EXPECTED[CYI_FRAME_HEADER] = {0x65, 0x87, 0, 0, 0xd4, 0xc3, 0xb2,
                                                       0xa1, 4,    3, 2, 1,    0xfc, 0xfd,
                                                       0xfe, 0xff, 1, 0, 0,    0};
    uint8_t bytes[CYI_FRAME_HEADER];
    struct cyi_frame frame;
    cyi_frame_write(bytes, &DATA);
    CU_ASSERT(memcmp(bytes, EXPECTED, sizeof bytes) == 0);
    CY_OK(cyi_frame_read(&frame, EXPECTED));
    CU_ASSERT(frame.size == DATA.size && frame.number == DATA.number);
    CU_ASSERT(frame.ack == DATA.ack && frame.credit == DATA.credit && frame.lane == DATA.lane);
}

static void
takes_frames_up_to_the_limit(void)
{
    struct cyi_frame data = DATA, control = CONTROL;
    data.size = control.size = CYI_FRAME_MAX;
    CY_OK(read_of(data));
    CY_OK(read_of(control));
    data.size = control.size = CYI_FRAME_MAX + 1;
    CY_FAILS(read_of(data), -EBADMSG);
    CY_FAILS(read_of(control), -EBADMSG);
    data.size = control.size = UINT32_MAX;
    CY_FAILS(read_of(data), -EBADMSG);
    CY_FAILS(read_of(control), -EBADMSG);
}

static void
numbers_the_frames_of_the_data_lane_only(void)
{
    struct cyi_frame data = DATA, control = CONTROL;
    for (uint32_t number = 1; number != 0; number <<= 1) {
        data.number = control.number = number;
        CY_OK(read_of(data));
        CY_FAILS(read_of(control), -EBADMSG);
    }
    data.number = control.number = 0;
    CY_FAILS(read_of(data), -EBADMSG);
    CY_OK(read_of(control));
}

static void
wants_an_acknowledgement_in_every_frame(void)
{
    struct cyi_frame data = DATA, control = CONTROL;
    data.ack = control.ack = 0;
    CY_FAILS(read_of(data), -EBADMSG);
    CY_FAILS(read_of(control), -EBADMSG);
    data.ack = control.ack = UINT32_MAX;
    CY_OK(read_of(data));
    CY_OK(read_of(control));
}

static void
takes_a_frame_without_items_on_the_control_lane_only(void)
{
    struct cyi_frame data = DATA, control = CONTROL;
    control.size = 0;
    CY_OK(read_of(control));
    data.size = CYI_ITEM_HEADER - 1;
    CY_FAILS(read_of(data), -EBADMSG);
    data.size = CYI_ITEM_HEADER;
    CY_OK(read_of(data));
}

static void
refuses_unknown_lanes(void)
{
    for (unsigned lane = CYI_LANES; lane <= UINT8_MAX; lane++) {
        struct cyi_frame data = DATA, control = CONTROL;
        data.lane = control.lane = (uint8_t) lane;
        CY_FAILS(read_of(data), -EBADMSG);
        CY_FAILS(read_of(control), -EBADMSG);
    }
}

static void
refuses_reserved_bytes_that_are_not_zero(void)
{
    uint8_t bytes[CYI_FRAME_HEADER];
    for (size_t at = 17; at < CYI_FRAME_HEADER; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            cyi_frame_write(bytes, &DATA);
            bytes[at] = (uint8_t) (1 << bit);
            wire_expect_refused(again, bytes, sizeof bytes);
        }
}

static void
gives_back_what_it_reads(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 200);) {
        struct wire_random random = {seed};
        struct cyi_frame frame = {.lane = (uint8_t) wire_random_below(&random, 2)};
        uint8_t bytes[CYI_FRAME_HEADER];
        frame.size = 4 + wire_random_below(&random, CYI_FRAME_MAX - 3);
        frame.number = frame.lane == CYI_LANE_DATA ? (uint32_t) wire_random_next(&random) : 0;
        frame.number |= frame.lane; /* never 0 */
        frame.ack = (uint32_t) wire_random_next(&random) | 1;
        frame.credit = (uint32_t) wire_random_next(&random);
        cyi_frame_write(bytes, &frame);
        wire_expect_same(again, bytes, sizeof bytes);
        CU_ASSERT(wire_flip_bits(again, bytes, sizeof bytes) >= 24 + 8);
    }
}

static void
numbers_begin_again_behind_the_last(void)
{
    CU_ASSERT_EQUAL(cyi_frame_after(1), 2);
    CU_ASSERT_EQUAL(cyi_frame_after(UINT32_MAX - 1), UINT32_MAX);
    CU_ASSERT_EQUAL(cyi_frame_after(UINT32_MAX), 1);
    CU_ASSERT(cyi_frame_before(1, 2));
    CU_ASSERT(cyi_frame_before(UINT32_MAX, 1));
    CU_ASSERT(cyi_frame_before(UINT32_MAX - 5, 7));
    CU_ASSERT_FALSE(cyi_frame_before(2, 1));
    CU_ASSERT_FALSE(cyi_frame_before(1, UINT32_MAX));
    CU_ASSERT_FALSE(cyi_frame_before(3, 3));
    CU_ASSERT(cyi_frame_before(1, 0x80000000));
    CU_ASSERT_FALSE(cyi_frame_before(1, 0x80000002));
}

CY_TEST_MAIN("transport.wire_frame", CY_TEST(puts_the_fields_where_the_format_says),
             CY_TEST(takes_frames_up_to_the_limit),
             CY_TEST(numbers_the_frames_of_the_data_lane_only),
             CY_TEST(wants_an_acknowledgement_in_every_frame),
             CY_TEST(takes_a_frame_without_items_on_the_control_lane_only),
             CY_TEST(refuses_unknown_lanes), CY_TEST(refuses_reserved_bytes_that_are_not_zero),
             CY_TEST(gives_back_what_it_reads), CY_TEST(numbers_begin_again_behind_the_last))
