/* channel_word.c - what cores of other nodes say about channels, and what is said to them. */
#include "channel.h"

/* A question's number takes the places of a task's. */
static struct cyi_channel_word
reply_of(struct cyi_return who, int result)
{
    return (struct cyi_channel_word){.verb = CYI_CHANNEL_REPLY,
                                     .who = who,
                                     .number = (uint64_t) who.token << 32 | who.slot,
                                     .result = result};
}

void
cyi_channel_answer(struct cyi_core *core, struct cyi_return who, int result, cy_msg *msg)
{
    if (who.link == 0 || who.generation != 0) {
        cyi_answer(core, who, result, 0, msg);
        return;
    }
    struct cyi_channel_word word = reply_of(who, result);
    if (core->node->router == NULL ||
        core->node->router->channel(core, CY_NOBODY, &word, msg) != 0)
        core->counters.lost++;
    if (msg != NULL)
        cyi_msg_drop(core, msg);
}

void
cyi_channel_tell(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word)
{
    const struct cyi_router *router = core->node->router;
    if (router == NULL || router->channel(core, to, word, NULL) != 0)
        core->counters.lost++;
}

static void
arrive_subscribe(struct cyi_core *core, const struct cyi_channel_word *word)
{
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    int rc = -ESRCH;
    if (channel != NULL && word->verb == CYI_CHANNEL_SUBSCRIBE)
        rc = cyi_channel_subscribe(core, channel, word->subscriber, word->who);
    else if (channel != NULL)
        rc = cyi_channel_unsubscribe(core, channel, word->subscriber);
    if (rc != CYI_PENDING)
        cyi_channel_answer(core, word->who, rc, NULL);
}

/* No node speaks for another one's subscribers. */
static void
arrive_left(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    struct cyi_place subscriber = cyi_place_of(core, word->subscriber);
    if (channel == NULL || subscriber.node != from.node)
        return;
    struct cyi_member *member =
        cyi_channel_member(core->channels, cyi_channel_place(core, channel), subscriber);
    if (member != NULL && member->outpost != NULL)
        cyi_channel_member_end(core, channel, member);
}

static void
arrive_close(struct cyi_core *core, const struct cyi_channel_word *word)
{
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    if (channel != NULL && channel->proxy == NULL)
        cyi_channel_end(core, channel);
}

/* To whom of other nodes a channel of this one leads. */
static void
arrive_trace(struct cyi_core *core, const struct cyi_channel_word *word)
{
    struct cyi_place from = {word->slot, word->generation, core->index, 0}, nowhere = {0};
    cy_msg *refs = cyi_msg_take(core, 0, CYI_SEARCH_CHANNELS * sizeof(cy_ref));
    int count = -ENOMEM;
    if (refs != NULL) {
        cy_ref *out = (cy_ref *) (void *) refs->body;
        count = cyi_channel_graph_reach(core->node, from, nowhere, out, CYI_SEARCH_CHANNELS);
        refs->size = count < 0 ? 0 : (uint32_t) count * (uint32_t) sizeof(cy_ref);
    }
    cyi_channel_answer(core, word->who, count < 0 ? count : 0, refs);
}

/* All that brings no message. */
static void
arrive_word(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    switch (word->verb) {
    case CYI_CHANNEL_SUBSCRIBE:
    case CYI_CHANNEL_UNSUBSCRIBE:
        arrive_subscribe(core, word);
        break;
    case CYI_CHANNEL_RECALL:
        cyi_channel_recall_for(core, word);
        break;
    case CYI_CHANNEL_CLOSE:
        arrive_close(core, word);
        break;
    case CYI_CHANNEL_JOIN:
        cyi_proxy_join(core, from, word);
        break;
    case CYI_CHANNEL_PART:
        cyi_proxy_part(core, from, word);
        break;
    case CYI_CHANNEL_LEFT:
        arrive_left(core, from, word);
        break;
    case CYI_CHANNEL_DROP:
        cyi_proxy_drop(core, from, word);
        break;
    case CYI_CHANNEL_TRACE:
        arrive_trace(core, word);
        break;
    default:
        break;
    }
}

/* Who asks by number is told by number. */
static struct cyi_return
asker_of(const struct cyi_channel_word *word)
{
    struct cyi_return who = word->who;
    who.slot = (uint32_t) word->number;
    who.generation = 0;
    who.token = (uint32_t) (word->number >> 32);
    return who;
}

void
cyi_channel_word_arrives(struct cyi_core *core, cy_ref from,
                         const struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_channel_word mine = *word;
    bool asks = word->verb == CYI_CHANNEL_JOIN || word->verb == CYI_CHANNEL_FORWARD ||
                word->verb == CYI_CHANNEL_TRACE;
    if (asks)
        mine.who = asker_of(word);
    if (msg != NULL)
        msg->flags &= CYI_MSG_SHARED;
    if (cyi_channels_of(core) == NULL && word->verb != CYI_CHANNEL_DELIVER) {
        if (msg != NULL)
            cyi_msg_drop(core, msg);
        cyi_channel_answer(core, mine.who, -ENOMEM, NULL);
    } else if (word->verb == CYI_CHANNEL_DELIVER) {
        cyi_channel_deliver_for(core, &mine, msg);
    } else if (word->verb == CYI_CHANNEL_FORWARD) {
        cyi_proxy_forward(core, from, &mine, msg);
    } else {
        if (word->verb == CYI_CHANNEL_REPLY)
            cyi_question_answered(core, from, word, msg);
        else
            arrive_word(core, from, &mine);
        if (msg != NULL)
            cyi_msg_drop(core, msg);
    }
}

void
cyi_channels_lost(struct cyi_core *core, cy_ref peer, uint16_t link)
{
    if (core->channels == NULL)
        return;
    const struct cyi_channel_table *table = &core->channels->table;
    cyi_questions_lost(core, peer);
    cyi_proxies_lost(core, peer);
    for (uint32_t i = 0; i < table->count; i++) {
        struct cyi_channel *channel = table->slots[i].channel;
        if (channel == NULL)
            continue;
        cyi_channel_guests_lost(core, channel, link);
        cyi_outposts_lost(core, channel, peer);
    }
}
