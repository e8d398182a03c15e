/* wire_frame.c - the headers of frames and of the items in them. */
#include "wire_channel.h"
#include <errno.h>

void
cyi_frame_write(uint8_t *out, const struct cyi_frame *frame)
{
    cyi_put32(out, frame->size);
    cyi_put32(out + 4, frame->number);
    cyi_put32(out + 8, frame->ack);
    cyi_put32(out + 12, frame->credit);
    cyi_put32(out + 16, frame->lane); /* and three zero bytes */
}

static bool
is_frame(const struct cyi_frame *frame, uint32_t lane)
{
    if (frame->size > CYI_FRAME_MAX || frame->ack == 0)
        return false;
    switch (lane) {
    case CYI_LANE_CONTROL:
        return frame->number == 0;
    case CYI_LANE_DATA:
        return frame->number != 0 && frame->size >= CYI_ITEM_HEADER;
    default:
        return false;
    }
}

int
cyi_frame_read(struct cyi_frame *out, const uint8_t *in)
{
    uint32_t lane = cyi_get32(in + 16);
    struct cyi_frame frame = {.size = cyi_get32(in),
                              .number = cyi_get32(in + 4),
                              .ack = cyi_get32(in + 8),
                              .credit = cyi_get32(in + 12),
                              .lane = (uint8_t) lane};
    if (!is_frame(&frame, lane))
        return -EBADMSG;
    *out = frame;
    return 0;
}

/* What is known of an item without looking into it. */
struct shape {
    uint16_t least, most; /* bytes behind the header */
    uint8_t flags;        /* those it may have */
    bool choose;          /* it has exactly one of them */
    uint8_t lane;         /* its number + 1, so that a row of zeros is no item */
};

enum { CONTROL = CYI_LANE_CONTROL + 1, DATA = CYI_LANE_DATA + 1 };

static const struct shape SHAPES[CYI_OP_CHANNEL] = {
    [CYI_OP_INTRO] = {CYI_INTRO_MIN, CYI_INTRO_MAX, 0, false, CONTROL},
    [CYI_OP_PING] = {8, 8, 0, false, CONTROL},
    [CYI_OP_PONG] = {8, 8, 0, false, CONTROL},
    [CYI_OP_BYE] = {1, 1, 0, false, CONTROL},
    [CYI_OP_SUSPECT] = {4, 4, 0, false, CONTROL},
    [CYI_OP_ALIVE] = {4, 4, 0, false, CONTROL},
    [CYI_OP_SEND] = {CYI_SEND_BYTES, CYI_ITEM_MAX, 0, false, DATA},
    [CYI_OP_REQUEST] = {CYI_REQUEST_BYTES, CYI_ITEM_MAX, CYI_ITEM_DELIVER | CYI_ITEM_CALL, true,
                        DATA},
    [CYI_OP_ANSWER] = {CYI_ANSWER_BYTES, CYI_ITEM_MAX, CYI_ITEM_MESSAGE, false, DATA},
    [CYI_OP_FORWARD] = {CYI_FORWARD_BYTES, CYI_ITEM_MAX, 0, false, DATA},
    [CYI_OP_COMMAND] = {CYI_COMMAND_BYTES, CYI_COMMAND_BYTES, 0, false, DATA},
    [CYI_OP_WATCH] = {CYI_WATCH_BYTES, CYI_WATCH_BYTES, 0, false, DATA},
    [CYI_OP_UNWATCH] = {4, 4, 0, false, DATA},
    [CYI_OP_EXIT] = {CYI_EXIT_BYTES, CYI_ITEM_MAX, CYI_ITEM_NOTIFY, false, DATA},
    [CYI_OP_CONGESTED] = {8, 8, 0, false, DATA},
    [CYI_OP_RELIEVED] = {8, 8, 0, false, DATA},
    [CYI_OP_LONG] = {CYI_LONG_BYTES, CYI_ITEM_MAX, 0, false, DATA}, /* see is_long() */
    [CYI_OP_MORE] = {1, CYI_ITEM_MAX, 0, false, DATA},
    [CYI_OP_LOCATE] = {CYI_LOCATE_BYTES + 1, CYI_LOCATE_BYTES + CYI_WIRE_NAME_MAX, 0, false,
                       DATA},
    [CYI_OP_LOCATED] = {4 + CYI_REF_BYTES, 4 + CYI_REF_BYTES, 0, false, DATA},
    [CYI_OP_FORGET] = {4, 4, 0, false, DATA},
    [CYI_OP_ANNOUNCE] = {CYI_HELLO_MIN + CYI_HELLO_MAC, CYI_HELLO_MAX, 0, false, DATA},
};

/* Those of channels: their reader knows more. */
static const struct shape CHANNEL_SHAPE = {8, CYI_ITEM_MAX, 0, false, DATA};

/* NULL: there is no such item. */
static const struct shape *
shape_of(unsigned op)
{
    if (op >= CYI_OP_CHANNEL)
        return op < CYI_OP_CHANNEL_END ? &CHANNEL_SHAPE : NULL;
    return SHAPES[op].lane != 0 ? &SHAPES[op] : NULL;
}

enum cyi_lane
cyi_item_lane(unsigned op)
{
    const struct shape *shape = shape_of(op);
    return shape != NULL ? (enum cyi_lane)(shape->lane - 1) : CYI_LANES;
}

static bool
flags_fit(const struct shape *shape, uint8_t flags)
{
    if ((flags & ~shape->flags) != 0)
        return false;
    return !shape->choose || (flags != 0 && (flags & (flags - 1)) == 0);
}

/* Of an item in parts: it has the flags of the whole one, and begins with what that one is. */
static bool
is_long(const struct cyi_item *item)
{
    struct cyi_long_item begin;
    return cyi_long_read(&begin, item->body, item->size) == 0 &&
           flags_fit(shape_of(begin.op), item->flags);
}

/* Beyond the shape. An answer without its message has no bytes of one. */
static bool
is_sound(const struct cyi_item *item)
{
    switch (item->op) {
    case CYI_OP_BYE:
        return item->body[0] < CYI_BYE_REASONS;
    case CYI_OP_ANSWER:
        return item->flags != 0 || item->size == CYI_ANSWER_BYTES;
    case CYI_OP_LOCATED:
        return cyi_wire_ref_ok(cyi_wire_get_ref(item->body + 4));
    default:
        return true;
    }
}

static bool
is_item(const struct cyi_item *item, const struct shape *shape)
{
    if (item->size < shape->least || item->size > shape->most)
        return false;
    if (item->op == CYI_OP_LONG)
        return is_long(item);
    return flags_fit(shape, item->flags) && is_sound(item);
}

int
cyi_item_read(struct cyi_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_ITEM_HEADER)
        return -EBADMSG;
    struct cyi_item item = {
        .size = cyi_get16(in), .op = in[2], .flags = in[3], .body = in + CYI_ITEM_HEADER};
    const struct shape *shape = shape_of(item.op);
    if (shape == NULL || item.size > size - CYI_ITEM_HEADER || !is_item(&item, shape))
        return -EBADMSG;
    *out = item;
    return CYI_ITEM_HEADER + item.size;
}

uint8_t *
cyi_long_write(uint8_t *out, const struct cyi_long_item *longer)
{
    cyi_put32(out, longer->total);
    out[4] = longer->op;
    return out + CYI_LONG_BYTES;
}

/* What may be longer than one item may come in parts; all of it is no less than the first. */
int
cyi_long_read(struct cyi_long_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_LONG_BYTES)
        return -EBADMSG;
    struct cyi_long_item begin = {.total = cyi_get32(in), .op = in[4]};
    const struct shape *shape = shape_of(begin.op);
    if (shape == NULL || shape->lane != DATA || shape->most != CYI_ITEM_MAX ||
        begin.op == CYI_OP_LONG || begin.op == CYI_OP_MORE || begin.total < shape->least ||
        begin.total < size - CYI_LONG_BYTES)
        return -EBADMSG;
    *out = begin;
    return 0;
}
