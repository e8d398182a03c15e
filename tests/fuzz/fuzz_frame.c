/*
 * fuzz_frame.c - a frame and its items: what is accepted is written as it was read.
 *
 * The input is the header of a frame, then items, whatever number of bytes the header says.
 */
#include "fuzz.h"
#include "wire_channel.h"
#include <errno.h>

/* Reads the fixed part and writes it again: where what follows it begins; NULL: refused. */
#define AGAIN(out, item, part, type)                                       \
    do {                                                                   \
        type value_;                                                       \
        return cyi_##part##_read(&value_, (item)->body, (item)->size) == 0 \
                   ? cyi_##part##_write((out), &value_)                    \
                   : NULL;                                                 \
    } while (0)

static uint8_t *
again_channel(uint8_t *out, const struct cyi_item *item)
{
    struct cyi_channel_item value;
    if (cyi_channel_item_read(&value, item->op, item->body, item->size) != 0)
        return NULL;
    CY_ASSERT(cyi_channel_item_bytes(item->op) > 0);
    return cyi_channel_item_write(out, item->op, &value);
}

/* What has no fixed part is written at once. */
static uint8_t *
again_remote(uint8_t *out, const struct cyi_item *item)
{
    switch (item->op) {
    case CYI_OP_COMMAND:
        AGAIN(out, item, command, struct cyi_command_item);
    case CYI_OP_WATCH:
        AGAIN(out, item, watch, struct cyi_watch_item);
    case CYI_OP_EXIT:
        AGAIN(out, item, exit, struct cyi_exit_item);
    case CYI_OP_LOCATE:
        AGAIN(out, item, locate, struct cyi_locate_item);
    case CYI_OP_LONG:
        AGAIN(out, item, long, struct cyi_long_item);
    default:
        return item->op >= CYI_OP_CHANNEL ? again_channel(out, item) : out;
    }
}

static uint8_t *
again_fixed(uint8_t *out, const struct cyi_item *item)
{
    switch (item->op) {
    case CYI_OP_SEND:
        AGAIN(out, item, send, struct cyi_send);
    case CYI_OP_REQUEST:
        AGAIN(out, item, request, struct cyi_request_item);
    case CYI_OP_ANSWER:
        AGAIN(out, item, answer, struct cyi_answer_item);
    case CYI_OP_FORWARD:
        AGAIN(out, item, forward, struct cyi_forward);
    default:
        return again_remote(out, item);
    }
}

static void
try_item(const struct cyi_item *item, const uint8_t *data, size_t bytes)
{
    static uint8_t again[CYI_ITEM_HEADER + UINT16_MAX];
    CY_ASSERT(item->size <= CYI_ITEM_MAX && item->body == data + CYI_ITEM_HEADER);
    CY_ASSERT(cyi_item_lane(item->op) != CYI_LANES);
    uint8_t *begin = cyi_item_write(again, (enum cyi_op) item->op, item->flags, item->size);
    uint8_t *end = again_fixed(begin, item);
    if (end == NULL)
        return;
    size_t fixed = (size_t) (end - begin);
    CY_ASSERT(fixed <= item->size);
    memcpy(end, item->body + fixed, item->size - fixed);
    CY_ASSERT(memcmp(again, data, bytes) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cyi_frame frame;
    struct cyi_item item;
    uint8_t again[CYI_FRAME_HEADER];
    if (size < CYI_FRAME_HEADER)
        return -1;
    int r = cyi_frame_read(&frame, data);
    CY_ASSERT(r == 0 || r == -EBADMSG);
    if (r == 0) {
        CY_ASSERT(frame.size <= CYI_FRAME_MAX && frame.lane < CYI_LANES);
        cyi_frame_write(again, &frame);
        CY_ASSERT(memcmp(again, data, sizeof again) == 0);
    }
    for (size_t at = CYI_FRAME_HEADER; at < size; at += (size_t) r) {
        r = cyi_item_read(&item, data + at, size - at);
        CY_ASSERT(r == -EBADMSG || (r >= CYI_ITEM_HEADER && (size_t) r <= size - at));
        if (r < 0)
            break;
        try_item(&item, data + at, (size_t) r);
    }
    return 0;
}
