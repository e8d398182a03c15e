/* wire_channel.c - the items of channels. */
#include "wire_channel.h"
#include <errno.h>

/* The fields of an item, in this order. */
enum {
    CHANNEL = 1,
    WHO = 2,
    SUBSCRIBER = 4,
    NUMBER = 8,
    MEMBER = 16,
    WAIT = 32,
    TAG = 64,
    RESULT = 128,
    BYTES = 256, /* what follows: a message */
    REFS = 512,  /* references to channels */
};

static const uint16_t FORMS[CYI_OP_CHANNEL_END - CYI_OP_CHANNEL] = {
    [CYI_OP_SUBSCRIBE - CYI_OP_CHANNEL] = CHANNEL | WHO | SUBSCRIBER,
    [CYI_OP_UNSUBSCRIBE - CYI_OP_CHANNEL] = CHANNEL | WHO | SUBSCRIBER,
    [CYI_OP_DELIVER - CYI_OP_CHANNEL] = CHANNEL | WHO | WAIT | TAG | BYTES,
    [CYI_OP_RECALL - CYI_OP_CHANNEL] = CHANNEL | WHO,
    [CYI_OP_CLOSE - CYI_OP_CHANNEL] = CHANNEL,
    [CYI_OP_JOIN - CYI_OP_CHANNEL] = CHANNEL | NUMBER | MEMBER,
    [CYI_OP_PART - CYI_OP_CHANNEL] = CHANNEL | MEMBER,
    [CYI_OP_LEFT - CYI_OP_CHANNEL] = CHANNEL | MEMBER,
    [CYI_OP_DROP - CYI_OP_CHANNEL] = CHANNEL,
    [CYI_OP_TRACE - CYI_OP_CHANNEL] = CHANNEL | NUMBER,
    [CYI_OP_REPLY - CYI_OP_CHANNEL] = NUMBER | RESULT | REFS,
};

static unsigned
form_of(unsigned op)
{
    return op < CYI_OP_CHANNEL || op >= CYI_OP_CHANNEL_END ? 0 : FORMS[op - CYI_OP_CHANNEL];
}

size_t
cyi_channel_item_bytes(unsigned op)
{
    static const uint8_t SIZES[] = {8, 12, CYI_REF_BYTES, 8, 12, 4, 4, 4};
    size_t size = 0;
    for (unsigned i = 0, form = form_of(op); i < sizeof SIZES; i++)
        size += form >> i & 1 ? SIZES[i] : 0;
    return size;
}

static uint8_t *
put_words(uint8_t *out, uint32_t a, uint32_t b)
{
    cyi_put32(out, a);
    cyi_put32(out + 4, b);
    return out + 8;
}

static uint8_t *
put_word(uint8_t *out, uint32_t word)
{
    cyi_put32(out, word);
    return out + 4;
}

uint8_t *
cyi_channel_item_write(uint8_t *out, unsigned op, const struct cyi_channel_item *item)
{
    unsigned form = form_of(op);
    if (form & CHANNEL)
        out = put_words(out, item->slot, item->generation);
    if (form & WHO)
        out = put_word(put_words(out, item->from_slot, item->from_generation), item->token);
    if (form & SUBSCRIBER) {
        cyi_wire_put_ref(out, item->subscriber);
        out += CYI_REF_BYTES;
    }
    if (form & NUMBER)
        out = put_words(out, (uint32_t) item->number, (uint32_t) (item->number >> 32));
    if (form & MEMBER)
        out = put_words(put_word(out, item->member_core), item->member_slot,
                        item->member_generation);
    if (form & WAIT)
        out = put_word(out, item->n);
    if (form & TAG)
        out = put_word(out, item->tag);
    if (form & RESULT)
        out = put_word(out, (uint32_t) item->result);
    return out;
}

static uint32_t
get_word(const uint8_t **in)
{
    uint32_t word = cyi_get32(*in);
    *in += 4;
    return word;
}

static void
get_fields(struct cyi_channel_item *item, unsigned form, const uint8_t *in)
{
    if (form & CHANNEL) {
        item->slot = get_word(&in);
        item->generation = get_word(&in);
    }
    if (form & WHO) {
        item->from_slot = get_word(&in);
        item->from_generation = get_word(&in);
        item->token = get_word(&in);
    }
    if (form & SUBSCRIBER) {
        item->subscriber = cyi_wire_get_ref(in);
        in += CYI_REF_BYTES;
    }
    if (form & NUMBER) {
        item->number = cyi_get64(in);
        in += 8;
    }
    if (form & MEMBER) {
        item->member_core = get_word(&in);
        item->member_slot = get_word(&in);
        item->member_generation = get_word(&in);
    }
    if (form & WAIT)
        item->n = get_word(&in);
    if (form & TAG)
        item->tag = get_word(&in);
    if (form & RESULT)
        item->result = (int32_t) get_word(&in);
}

/* Only tasks ask, and only tasks and channels subscribe. */
static bool
can_subscribe(uint32_t slot)
{
    return slot >> 28 == CY_KIND_TASK || slot >> 28 == CY_KIND_CHANNEL;
}

static bool
is_possible(const struct cyi_channel_item *item, unsigned form)
{
    if ((form & CHANNEL) && item->slot >> 28 != CY_KIND_CHANNEL)
        return false;
    if ((form & WHO) && (item->from_slot >> 28 != CY_KIND_TASK || item->from_generation == 0))
        return false;
    if ((form & SUBSCRIBER) &&
        (cy_ref_is_nobody(item->subscriber) || !can_subscribe(item->subscriber.slot)))
        return false;
    return (form & MEMBER) == 0 ||
           (item->member_core < CYI_WIRE_CORES && can_subscribe(item->member_slot));
}

static bool
are_channels(const uint8_t *in, size_t size)
{
    if (size % CYI_REF_BYTES != 0 || size > (size_t) CYI_CHANNEL_REFS_MAX * CYI_REF_BYTES)
        return false;
    for (; size > 0; size -= CYI_REF_BYTES, in += CYI_REF_BYTES) {
        cy_ref ref = cyi_wire_get_ref(in);
        if (cy_ref_is_nobody(ref) || cy_ref_kind(ref) != CY_KIND_CHANNEL)
            return false;
    }
    return true;
}

int
cyi_channel_item_read(struct cyi_channel_item *out, unsigned op, const uint8_t *in, size_t size)
{
    unsigned form = form_of(op);
    size_t fixed = cyi_channel_item_bytes(op);
    struct cyi_channel_item item;
    if (form == 0 || size < fixed)
        return -EBADMSG;
    if ((form & REFS) ? !are_channels(in + fixed, size - fixed)
                      : (form & BYTES) == 0 && size != fixed)
        return -EBADMSG;
    memset(&item, 0, sizeof item);
    get_fields(&item, form, in);
    if (!is_possible(&item, form))
        return -EBADMSG;
    *out = item;
    return 0;
}
