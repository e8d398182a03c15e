/*
 * wire_channel.h - the items of channels; a part of wire.h, with the same rules.
 *
 * Each op has a form: which of the fields below it has, in their order, and what follows.
 */
#ifndef CYI_WIRE_CHANNEL_H
#define CYI_WIRE_CHANNEL_H

#include "wire.h"

/* Those that name a channel name one of the core that they go to, if nothing else is said. */
enum cyi_channel_op {
    CYI_OP_SUBSCRIBE =
        CYI_OP_CHANNEL, /* let somebody get what is published; an answer follows */
    CYI_OP_UNSUBSCRIBE, /* the same the other way */
    CYI_OP_DELIVER,     /* publish when there are n subscribers; an answer follows */
    CYI_OP_RECALL,      /* the deliver is not wanted any more */
    CYI_OP_CLOSE,
    CYI_OP_JOIN,  /* a channel of mine has this subscriber of yours; a reply follows */
    CYI_OP_PART,  /* it has it no longer */
    CYI_OP_LEFT,  /* a subscriber of mine has ended */
    CYI_OP_DROP,  /* a channel of mine is no more */
    CYI_OP_TRACE, /* to which channels of other nodes does yours lead? a reply follows */
    CYI_OP_REPLY, /* to a join, a forward, a trace */
    CYI_OP_CHANNEL_END,
};
_Static_assert(CYI_OP_CHANNEL_END <= (int) CYI_OP_END, "there is room for them");

struct cyi_channel_item {
    uint32_t slot, generation;                            /* of the channel: 8 bytes */
    uint32_t from_slot, from_generation, token;           /* who asks: 12 */
    cy_ref subscriber;                                    /* 32 */
    uint64_t number;                                      /* of what is replied: 8 */
    uint32_t member_core, member_slot, member_generation; /* a subscriber: 12 */
    uint32_t n;                                           /* subscribers to wait for: 4 */
    uint32_t tag;                                         /* of the message: 4 */
    int32_t result;                                       /* 4 */
};

enum { CYI_CHANNEL_ITEM_MAX = 52, CYI_CHANNEL_REFS_MAX = 512 };

/* Bytes of the fixed part; 0: there is no such op. */
size_t cyi_channel_item_bytes(unsigned op);
/* Returns where the bytes behind it go. */
uint8_t *cyi_channel_item_write(uint8_t *out, unsigned op, const struct cyi_channel_item *item);
/* -EBADMSG. What follows, a message or some references, is at in + cyi_channel_item_bytes(). */
CY_MUST_CHECK int cyi_channel_item_read(struct cyi_channel_item *out, unsigned op,
                                        const uint8_t *in, size_t size);

#endif
