/* remote_channel.c - words of the runtime about channels, as items of a link and back. */
#include "remote_channel.h"
#include "wire_channel.h"

_Static_assert((int) CYI_CHANNEL_REFS_MAX == 512, "what a search of the runtime may meet");

/* How a word travels. Promised: over a link that there is, and beyond its limit. */
static const struct way {
    uint8_t op;
    bool promised;
} WAYS[CYI_CHANNEL_VERBS] = {
    [CYI_CHANNEL_SUBSCRIBE] = {CYI_OP_SUBSCRIBE, false},
    [CYI_CHANNEL_UNSUBSCRIBE] = {CYI_OP_UNSUBSCRIBE, false},
    [CYI_CHANNEL_DELIVER] = {CYI_OP_DELIVER, false},
    [CYI_CHANNEL_RECALL] = {CYI_OP_RECALL, true},
    [CYI_CHANNEL_CLOSE] = {CYI_OP_CLOSE, false},
    [CYI_CHANNEL_JOIN] = {CYI_OP_JOIN, false},
    [CYI_CHANNEL_PART] = {CYI_OP_PART, true},
    [CYI_CHANNEL_LEFT] = {CYI_OP_LEFT, true},
    [CYI_CHANNEL_DROP] = {CYI_OP_DROP, true},
    [CYI_CHANNEL_FORWARD] = {CYI_OP_FORWARD, false},
    [CYI_CHANNEL_TRACE] = {CYI_OP_TRACE, false},
    [CYI_CHANNEL_REPLY] = {CYI_OP_REPLY, true},
};

static int
forward(struct cyi_link *link, const struct cyi_channel_word *word, const cy_msg *msg)
{
    uint8_t fixed[CYI_FORWARD_BYTES];
    struct cyi_parts parts = {fixed, sizeof fixed, cyi_msg_body(msg), msg->size};
    struct cyi_forward item = {.to_slot = word->slot,
                               .to_generation = word->generation,
                               .tag = msg->tag,
                               .delivery = word->number,
                               .hops = word->n,
                               .sender = msg->sender};
    cyi_forward_write(fixed, &item);
    return cyi_link_put_item(link, CYI_OP_FORWARD, 0, &parts);
}

static struct cyi_channel_item
item_of(const struct cyi_channel_word *word, const cy_msg *msg)
{
    return (struct cyi_channel_item){.slot = word->slot,
                                     .generation = word->generation,
                                     .from_slot = word->who.slot,
                                     .from_generation = word->who.generation,
                                     .token = word->who.token,
                                     .subscriber = word->subscriber,
                                     .number = word->number,
                                     .member_core = word->subscriber.core,
                                     .member_slot = word->subscriber.slot,
                                     .member_generation = word->subscriber.generation,
                                     .n = word->n,
                                     .tag = msg == NULL ? 0 : msg->tag,
                                     .result = word->result};
}

static bool
is_request(enum cyi_channel_verb verb)
{
    return verb == CYI_CHANNEL_SUBSCRIBE || verb == CYI_CHANNEL_UNSUBSCRIBE ||
           verb == CYI_CHANNEL_DELIVER;
}

/* References are written where they lie: they take the same room. */
static void
write_refs(cy_msg *msg)
{
    uint8_t *at = cyi_msg_body(msg);
    for (uint32_t left = msg->size; left >= CYI_REF_BYTES;
         left -= CYI_REF_BYTES, at += CYI_REF_BYTES) {
        cy_ref ref;
        memcpy(&ref, at, sizeof ref);
        cyi_wire_put_ref(at, ref);
    }
}

static int
put(struct cyi_link *link, const struct cyi_channel_word *word, cy_msg *msg)
{
    uint8_t fixed[CYI_CHANNEL_ITEM_MAX];
    struct cyi_parts parts = {.fixed = fixed};
    const struct way *way = &WAYS[word->verb];
    struct cyi_channel_item item = item_of(word, msg);
    parts.fixed_size = (size_t) (cyi_channel_item_write(fixed, way->op, &item) - fixed);
    if (msg != NULL) {
        parts.body = cyi_msg_body(msg);
        parts.size = msg->size;
    }
    if (is_request(word->verb))
        return cyi_request_put(link, &word->who, way->op, 0, &parts, msg);
    if (word->verb == CYI_CHANNEL_REPLY && msg != NULL)
        write_refs(msg);
    return way->promised ? cyi_link_put_promised(link, way->op, 0, &parts)
                         : cyi_link_put_item(link, way->op, 0, &parts);
}

/* Without a link there is nobody who would have to know. */
static int
say_promised(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_link *link = word->verb == CYI_CHANNEL_REPLY
                                ? cyi_link_numbered(core, word->who.link)
                                : cyi_link_find(core, to.node, to.core);
    return link == NULL ? 0 : put(link, word, msg);
}

int
cyi_remote_channel_say(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word,
                       cy_msg *msg)
{
    struct cyi_link *link;
    if (WAYS[word->verb].promised)
        return say_promised(core, to, word, msg);
    int rc = cyi_link_get(&link, core, to);
    if (rc != 0)
        return rc;
    return word->verb == CYI_CHANNEL_FORWARD ? forward(link, word, msg) : put(link, word, msg);
}

static void
arrives(struct cyi_link *link, struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_core *core = link->owner->core;
    word->who.core = core->index;
    word->who.link = link->number;
    cyi_channel_word_arrives(core, link->home, word, msg);
}

/* There is no memory for what it brings: who waits must know, and nobody has got it. */
static void
refuse(struct cyi_link *link, struct cyi_channel_word *word)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_channel_word reply = {
        .verb = CYI_CHANNEL_REPLY, .number = word->number, .result = 0};
    reply.who.link = word->who.link = link->number;
    word->who.core = core->index;
    if (word->verb == CYI_CHANNEL_DELIVER)
        cyi_link_router.answer(core, &word->who, -ENOMEM, 0, NULL);
    else if (word->number != 0 && cyi_remote_channel_say(core, link->home, &reply, NULL) != 0)
        core->counters.lost++;
    core->counters.lost++;
}

int
cyi_remote_channel_forward(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_forward item;
    if (cyi_forward_read(&item, arrival->body, arrival->size) != 0 ||
        item.tag >= CY_TAG_SYSTEM || item.to_slot >> 28 != CY_KIND_CHANNEL || item.hops == 0)
        return -EBADMSG;
    struct cyi_channel_word word = {.verb = CYI_CHANNEL_FORWARD,
                                    .slot = item.to_slot,
                                    .generation = item.to_generation,
                                    .n = item.hops,
                                    .number = item.delivery};
    cy_msg *msg = cyi_arrival_message(link, arrival, CYI_FORWARD_BYTES, item.tag);
    if (msg == NULL) {
        refuse(link, &word);
        return 0;
    }
    msg->sender = item.sender;
    arrives(link, &word, msg);
    return 0;
}

static enum cyi_channel_verb
verb_of(uint8_t op)
{
    enum cyi_channel_verb verb = CYI_CHANNEL_SUBSCRIBE;
    while (WAYS[verb].op != op)
        verb++;
    return verb;
}

static struct cyi_channel_word
word_of(const struct cyi_link *link, uint8_t op, const struct cyi_channel_item *item)
{
    struct cyi_channel_word word = {.verb = verb_of(op),
                                    .slot = item->slot,
                                    .generation = item->generation,
                                    .who = {.slot = item->from_slot,
                                            .generation = item->from_generation,
                                            .token = item->token},
                                    .subscriber = item->subscriber,
                                    .n = item->n,
                                    .number = item->number,
                                    .result = item->result};
    if (item->member_slot == 0)
        return word;
    /* What we are told to subscribe is ours, and what the other side has lost is its own. */
    word.subscriber = word.verb == CYI_CHANNEL_LEFT ? link->home : link->owner->core->home;
    word.subscriber.core = (uint16_t) item->member_core;
    word.subscriber.slot = item->member_slot;
    word.subscriber.generation = item->member_generation;
    return word;
}

static void
read_refs(cy_msg *msg)
{
    uint8_t *at = cyi_msg_body(msg);
    for (uint32_t left = msg->size; left >= CYI_REF_BYTES;
         left -= CYI_REF_BYTES, at += CYI_REF_BYTES) {
        cy_ref ref = cyi_wire_get_ref(at);
        memcpy(at, &ref, sizeof ref);
    }
}

int
cyi_remote_channel_carry_out(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_channel_item item;
    size_t fixed = cyi_channel_item_bytes(arrival->op);
    if (arrival->flags != 0 ||
        cyi_channel_item_read(&item, arrival->op, arrival->body, arrival->size) != 0)
        return -EBADMSG;
    if (item.tag >= CY_TAG_SYSTEM)
        return -EBADMSG;
    struct cyi_channel_word word = word_of(link, arrival->op, &item);
    cy_msg *msg = NULL;
    if (word.verb == CYI_CHANNEL_DELIVER || arrival->size > fixed) {
        msg = cyi_arrival_message(link, arrival, fixed, item.tag);
        if (msg == NULL && word.verb == CYI_CHANNEL_DELIVER) {
            refuse(link, &word);
            return 0;
        }
        if (msg == NULL)
            word.result = -ENOMEM;
    }
    if (msg != NULL && word.verb == CYI_CHANNEL_REPLY) {
        read_refs(msg);
    } else if (msg != NULL) {
        msg->sender = link->home;
        msg->sender.slot = item.from_slot;
        msg->sender.generation = item.from_generation;
    }
    arrives(link, &word, msg);
    return 0;
}
