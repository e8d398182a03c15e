/*
 * channel_outpost.c - the owner's side of subscribers on other nodes.
 *
 * The owner has them as members like those of its own cores. Of each node it talks to one core
 * only, that of the first subscriber, for as long as the channel and that node live: so what
 * it says about subscribers and what it publishes arrive there in one order.
 */
#include "channel.h"
#include <stdlib.h>

/* A subscriber of another node is asked to join; the proxy says whether it is there. */
struct join {
    struct cyi_question question;
    struct cyi_return who;
    struct cyi_place channel, subscriber;
    uint16_t serial;
};

int
cyi_outpost_get(struct cyi_outpost **out, struct cyi_channel *channel, cy_ref subscriber)
{
    cyi_list_for_each(link, &channel->outposts) {
        *out = cyi_container_of(link, struct cyi_outpost, link);
        if ((*out)->home.node == subscriber.node)
            return 0;
    }
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return -ENOMEM;
    (*out)->home = subscriber;
    (*out)->home.slot = (*out)->home.generation = 0;
    cyi_list_append(&channel->outposts, &(*out)->link);
    return 0;
}

/* The address is of no use: who gets it knows its own node. */
cy_ref
cyi_outpost_ref(const struct cyi_outpost *outpost, struct cyi_place subscriber)
{
    cy_ref ref = outpost->home;
    ref.core = subscriber.core;
    ref.slot = subscriber.slot;
    ref.generation = subscriber.generation;
    return ref;
}

static struct cyi_channel_word
word_about(enum cyi_channel_verb verb, const struct cyi_channel *channel,
           const struct cyi_outpost *outpost, struct cyi_place subscriber)
{
    return (struct cyi_channel_word){.verb = verb,
                                     .slot = channel->slot,
                                     .generation = channel->generation,
                                     .subscriber = cyi_outpost_ref(outpost, subscriber)};
}

static struct cyi_member *
member_of(struct cyi_core *core, const struct join *join)
{
    struct cyi_member *member =
        cyi_channel_member(core->channels, join->channel, join->subscriber);
    return member != NULL && member->serial == join->serial ? member : NULL;
}

/* Should the proxy have it all the same, it has it no longer. */
static void
refused(struct cyi_core *core, struct cyi_channel *channel, struct cyi_member *member,
        int result)
{
    const struct cyi_outpost *outpost = member->outpost;
    struct cyi_place subscriber = member->subscriber;
    cyi_channel_member_end(core, channel, member);
    if (result != CY_ENOPEER)
        cyi_outpost_part(core, channel, outpost, subscriber);
}

static void
joined(struct cyi_core *core, struct cyi_question *self, int result, const cy_msg *refs)
{
    struct join *join = (struct join *) self;
    struct cyi_channel *channel =
        cyi_channel_find(core, join->channel.slot, join->channel.generation);
    (void) refs;
    result = result > 0 ? 0 : result;
    if (channel != NULL) {
        struct cyi_member *member = member_of(core, join);
        if (member != NULL && result == 0)
            cyi_channel_confirm(core, channel, member);
        else if (member != NULL)
            refused(core, channel, member, result);
    }
    cyi_channel_answer(core, join->who, channel == NULL ? -ESRCH : result, NULL);
    free(join);
}

/* Also for who is a member already: only its node knows whether it still lives. */
int
cyi_outpost_join(struct cyi_core *core, struct cyi_channel *channel, struct cyi_member *member,
                 struct cyi_return who)
{
    struct cyi_channel_word word =
        word_about(CYI_CHANNEL_JOIN, channel, member->outpost, member->subscriber);
    struct join *join = calloc(1, sizeof *join);
    int rc = -ENOMEM;
    if (join != NULL) {
        join->question.answered = joined;
        join->who = who;
        join->channel = member->channel;
        join->subscriber = member->subscriber;
        join->serial = member->serial;
        rc = cyi_question_ask(core, member->outpost->home, &join->question, &word, NULL);
    }
    if (rc == 0)
        return CYI_PENDING;
    free(join);
    if (!member->confirmed)
        cyi_channel_member_end(core, channel, member);
    return rc;
}

void
cyi_outpost_part(struct cyi_core *core, const struct cyi_channel *channel,
                 const struct cyi_outpost *outpost, struct cyi_place subscriber)
{
    struct cyi_channel_word word = word_about(CYI_CHANNEL_PART, channel, outpost, subscriber);
    cyi_channel_tell(core, outpost->home, &word);
}

void
cyi_outposts_drop(struct cyi_core *core, struct cyi_channel *channel)
{
    struct cyi_place nobody = {0};
    cyi_list_for_each(link, &channel->outposts) {
        const struct cyi_outpost *outpost = cyi_container_of(link, struct cyi_outpost, link);
        struct cyi_channel_word word = word_about(CYI_CHANNEL_DROP, channel, outpost, nobody);
        if (outpost->members > 0)
            cyi_channel_tell(core, outpost->home, &word);
    }
}

void
cyi_outposts_lost(struct cyi_core *core, struct cyi_channel *channel, cy_ref peer)
{
    cyi_list_for_each_safe(link, &channel->outposts) {
        struct cyi_outpost *outpost = cyi_container_of(link, struct cyi_outpost, link);
        if (outpost->home.node != peer.node || outpost->home.core != peer.core)
            continue;
        cyi_channel_expel_outpost(core, channel, outpost);
        cyi_list_remove(link);
        free(outpost);
    }
}

void
cyi_outposts_fini(struct cyi_channel *channel)
{
    cyi_list_for_each_safe(link, &channel->outposts) {
        free(cyi_container_of(link, struct cyi_outpost, link));
    }
    cyi_list_init(&channel->outposts);
}
