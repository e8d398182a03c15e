/*
 * channel_members.c - who is subscribed to which channel.
 *
 * A subscription within a core is one record. Across cores it takes two, and this exchange;
 * the ring between the two cores keeps it in order with all that is published:
 *
 *     owner                          subscriber's core
 *     member, not confirmed
 *       mirror_add ----------------> is the subscriber alive? then into the branch
 *       confirmed <----------------- yes or no
 *     in effect; answer who asked
 *       mirror_remove, _drop ------> out of the branch
 *       lost <---------------------- the subscriber has ended
 *
 * With another node it is the same, but that the owner talks to the proxy there, in words
 * (channel_outpost.c, channel_proxy.c), and the proxy to the subscriber's core as above.
 *
 * Each step finds its records by name, never by pointer: what has vanished meanwhile is simply
 * not found. A subscription that was taken back and made again has another serial number, so
 * that it is not confirmed, or refused, by the word that answers the earlier one.
 */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

/* What travels between the two cores. */
struct exchange {
    struct cyi_return who;
    uint32_t slot, generation; /* the channel */
    uint32_t subscriber_slot, subscriber_generation;
    uint16_t core, subscriber_core;
    uint16_t serial;
    int16_t result;
};
_Static_assert(sizeof(struct exchange) <= CYI_POST_INLINE, "it travels in one slot");

static struct exchange
make_exchange(struct cyi_place channel, struct cyi_place subscriber, struct cyi_return who)
{
    return (struct exchange){.who = who,
                             .slot = channel.slot,
                             .generation = channel.generation,
                             .core = channel.core,
                             .subscriber_slot = subscriber.slot,
                             .subscriber_generation = subscriber.generation,
                             .subscriber_core = subscriber.core};
}

static struct cyi_place
channel_of(const struct exchange *exchange)
{
    return (struct cyi_place){exchange->slot, exchange->generation, exchange->core, 0};
}

static struct cyi_place
subscriber_of(const struct exchange *exchange)
{
    return (struct cyi_place){exchange->subscriber_slot, exchange->subscriber_generation,
                              exchange->subscriber_core, 0};
}

static uint64_t
pair_hash(const struct cyi_channels *channels, struct cyi_place channel,
          struct cyi_place subscriber)
{
    const struct cyi_hash_key *key = &channels->hash_key;
    return cyi_hash_number(cyi_place_hash(key, channel) + 3 * cyi_place_hash(key, subscriber));
}

struct cyi_member *
cyi_channel_member(const struct cyi_channels *channels, struct cyi_place channel,
                   struct cyi_place subscriber)
{
    cyi_map_for_each(node, &channels->members, pair_hash(channels, channel, subscriber)) {
        struct cyi_member *member = cyi_container_of(node, struct cyi_member, pair);
        if (cyi_place_equal(member->channel, channel) &&
            cyi_place_equal(member->subscriber, subscriber))
            return member;
    }
    return NULL;
}

/* Marks a subscriber of this core, so that we hear of its end. False: there is no such one. */
static bool
mark_subscriber(struct cyi_core *core, struct cyi_place subscriber)
{
    struct cyi_task *task = cyi_task_find(core, subscriber.slot, subscriber.generation);
    if (task != NULL && task->state > CYI_TASK_ENDED) {
        task->flags |= CYI_TASK_SUBSCRIBED;
        return true;
    }
    struct cyi_channel *channel =
        cyi_channel_find(core, subscriber.slot, subscriber.generation);
    if (channel != NULL)
        channel->subscribed = true;
    return channel != NULL;
}

/* A record in the maps, and in a branch if the subscriber is of this core. */
static struct cyi_member *
make_member(struct cyi_channels *channels, struct cyi_branch *branch, struct cyi_place channel,
            struct cyi_place subscriber)
{
    struct cyi_member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return NULL;
    member->channel = channel;
    member->subscriber = subscriber;
    member->branch = branch;
    member->serial = ++channels->member_serial;
    if (cyi_map_insert(&channels->members, &member->pair,
                       pair_hash(channels, channel, subscriber)) != 0)
        goto fail;
    if (branch == NULL)
        return member;
    if (cyi_map_insert(&channels->by_subscriber, &member->own,
                       cyi_place_hash(&channels->hash_key, subscriber)) != 0)
        goto fail;
    cyi_list_append(&branch->members, &member->link);
    branch->count++;
    return member;
fail:
    cyi_map_remove(&channels->members, &member->pair);
    free(member);
    return NULL;
}

static void
free_member(struct cyi_channels *channels, struct cyi_member *member)
{
    cyi_map_remove(&channels->members, &member->pair);
    cyi_map_remove(&channels->by_subscriber, &member->own);
    cyi_list_remove(&member->link);
    if (member->branch != NULL)
        member->branch->count--;
    free(member);
}

struct cyi_branch *
cyi_channel_branch(struct cyi_core *core, struct cyi_place channel)
{
    if (core->channels == NULL)
        return NULL;
    uint64_t hash = cyi_place_hash(&core->channels->hash_key, channel);
    cyi_map_for_each(node, &core->channels->branches, hash) {
        struct cyi_branch *branch = cyi_container_of(node, struct cyi_branch, node);
        if (cyi_place_equal(branch->channel, channel))
            return branch;
    }
    return NULL;
}

static struct cyi_branch *
find_or_make_branch(struct cyi_core *core, struct cyi_place channel)
{
    struct cyi_branch *branch = cyi_channel_branch(core, channel);
    if (branch != NULL)
        return branch;
    branch = calloc(1, sizeof *branch);
    if (branch == NULL)
        return NULL;
    branch->channel = channel;
    cyi_list_init(&branch->members);
    uint64_t hash = cyi_place_hash(&core->channels->hash_key, channel);
    if (cyi_map_insert(&core->channels->branches, &branch->node, hash) != 0) {
        free(branch);
        return NULL;
    }
    return branch;
}

static void
free_branch_if_empty(struct cyi_channels *channels, struct cyi_branch *branch)
{
    if (branch->count > 0)
        return;
    cyi_map_remove(&channels->branches, &branch->node);
    free(branch);
}

/* Takes a mirror away. */
static void
free_mirror(struct cyi_channels *channels, struct cyi_member *member)
{
    struct cyi_branch *branch = member->branch;
    free_member(channels, member);
    free_branch_if_empty(channels, branch);
}

void
cyi_channel_member_end(struct cyi_core *core, struct cyi_channel *channel,
                       struct cyi_member *member)
{
    struct cyi_place subscriber = member->subscriber;
    if (member->outpost != NULL)
        member->outpost->members--;
    else if (member->branch == NULL && channel->away_count != NULL)
        channel->away_count[subscriber.core]--;
    if (cyi_place_is_channel(subscriber) && channel->proxy == NULL)
        cyi_channel_graph_remove(core->node, member->channel, subscriber);
    channel->count--;
    channel->confirmed -= member->confirmed;
    free_member(core->channels, member);
}

/* A subscriber of this node has ended. */
static void
end_member(struct cyi_core *core, struct cyi_channel *channel, struct cyi_member *member)
{
    struct cyi_place subscriber = member->subscriber;
    cyi_channel_member_end(core, channel, member);
    if (channel->proxy != NULL)
        cyi_proxy_left(core, channel, subscriber);
}

void
cyi_channel_confirm(struct cyi_core *core, struct cyi_channel *channel,
                    struct cyi_member *member)
{
    if (member->confirmed)
        return;
    member->confirmed = true;
    channel->confirmed++;
    cyi_channel_waits_check(core, channel);
}

/* On the owner: the subscriber's core says whether the subscriber is there. */
static void
confirmed(struct cyi_core *core, const void *args)
{
    const struct exchange *word = args;
    int result = word->result;
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    if (channel == NULL) {
        cyi_channel_answer(core, word->who, -ESRCH, NULL);
        return;
    }
    struct cyi_member *member =
        cyi_channel_member(core->channels, channel_of(word), subscriber_of(word));
    if (member != NULL && member->serial != word->serial)
        member = NULL;
    if (member != NULL && result == 0)
        cyi_channel_confirm(core, channel, member);
    else if (member != NULL)
        cyi_channel_member_end(core, channel, member);
    cyi_channel_answer(core, word->who, result, NULL);
    cyi_proxy_tidy(core, channel);
}

static int
add_mirror(struct cyi_core *core, const struct exchange *word)
{
    struct cyi_channels *channels = cyi_channels_of(core);
    if (channels == NULL)
        return -ENOMEM;
    if (!mark_subscriber(core, subscriber_of(word)))
        return -ESRCH;
    if (cyi_channel_member(channels, channel_of(word), subscriber_of(word)) != NULL)
        return 0;
    struct cyi_branch *branch = find_or_make_branch(core, channel_of(word));
    if (branch == NULL)
        return -ENOMEM;
    if (make_member(channels, branch, channel_of(word), subscriber_of(word)) != NULL)
        return 0;
    free_branch_if_empty(channels, branch);
    return -ENOMEM;
}

static void
mirror_add(struct cyi_core *core, const void *args)
{
    struct exchange word = *(const struct exchange *) args;
    word.result = (int16_t) add_mirror(core, &word);
    cyi_post_answer(core, word.core, confirmed, &word, sizeof word);
}

static void
mirror_remove(struct cyi_core *core, const void *args)
{
    const struct exchange *word = args;
    if (core->channels == NULL)
        return;
    struct cyi_member *member =
        cyi_channel_member(core->channels, channel_of(word), subscriber_of(word));
    if (member != NULL)
        free_mirror(core->channels, member);
}

/* The channel was closed. */
static void
mirror_drop(struct cyi_core *core, const void *args)
{
    struct cyi_branch *branch = cyi_channel_branch(core, channel_of(args));
    if (branch == NULL)
        return;
    cyi_list_for_each_safe(link, &branch->members) {
        free_member(core->channels, cyi_container_of(link, struct cyi_member, link));
    }
    free_branch_if_empty(core->channels, branch);
}

/* On the owner: a subscriber of another core has ended. */
static void
lost(struct cyi_core *core, const void *args)
{
    const struct exchange *word = args;
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    struct cyi_member *member =
        channel == NULL
            ? NULL
            : cyi_channel_member(core->channels, channel_of(word), subscriber_of(word));
    if (member != NULL)
        end_member(core, channel, member);
}

static int
prepare_away(struct cyi_core *core, struct cyi_channel *channel)
{
    if (channel->away_count == NULL)
        channel->away_count = calloc(core->node->core_count, sizeof(uint32_t));
    return channel->away_count == NULL ? -ENOMEM : 0;
}

static bool
is_here(const struct cyi_core *core, struct cyi_place place)
{
    return place.node == 0 && place.core == core->index;
}

int
cyi_channel_may_admit(struct cyi_core *core, const struct cyi_channel *channel,
                      struct cyi_place subscriber)
{
    if (channel->count >= channel->max)
        return -ENOBUFS;
    return is_here(core, subscriber) && !mark_subscriber(core, subscriber) ? -ESRCH : 0;
}

/* A new member of the channel, not confirmed. */
static int
enrol(struct cyi_core *core, struct cyi_channel *channel, cy_ref ref, struct cyi_member **out)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_place subscriber = cyi_place_of(core, ref);
    struct cyi_outpost *outpost = NULL;
    bool here = is_here(core, subscriber);
    int rc = cyi_channel_may_admit(core, channel, subscriber);
    if (rc == 0 && subscriber.node != 0)
        rc = cyi_outpost_get(&outpost, channel, ref);
    else if (rc == 0 && !here)
        rc = prepare_away(core, channel);
    if (rc != 0)
        return rc;
    *out = make_member(core->channels, here ? &channel->here : NULL, self, subscriber);
    if (*out == NULL)
        return -ENOMEM;
    channel->count++;
    (*out)->outpost = outpost;
    if (!here)
        cyi_list_append(&channel->away, &(*out)->link);
    if (outpost != NULL)
        outpost->members++;
    else if (!here)
        channel->away_count[subscriber.core]++;
    return 0;
}

/* An edge is there for each who asked; the member keeps one. */
static int
find_or_enrol(struct cyi_core *core, struct cyi_channel *channel, cy_ref ref, bool connected,
              struct cyi_member **out)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_place subscriber = cyi_place_of(core, ref);
    int rc = 0;
    *out = cyi_channel_member(core->channels, self, subscriber);
    bool known = *out != NULL;
    if (!known)
        rc = enrol(core, channel, ref, out);
    if (connected && (known || rc != 0))
        cyi_channel_graph_remove(core->node, self, subscriber);
    return rc;
}

int
cyi_channel_admit(struct cyi_core *core, struct cyi_channel *channel, cy_ref ref,
                  struct cyi_return who, bool connected)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_place subscriber = cyi_place_of(core, ref);
    struct cyi_member *member;
    int rc = find_or_enrol(core, channel, ref, connected, &member);
    if (rc != 0)
        return rc;
    if (is_here(core, subscriber)) {
        cyi_channel_confirm(core, channel, member);
        return 0;
    }
    /* Also when it is a member already: only its core knows whether it still lives. */
    if (subscriber.node != 0)
        return cyi_outpost_join(core, channel, member, who);
    struct exchange word = make_exchange(self, subscriber, who);
    word.serial = member->serial;
    cyi_post_answer(core, subscriber.core, mirror_add, &word, sizeof word);
    return CYI_PENDING;
}

static void
post_exchange(struct cyi_core *core, uint16_t to, cyi_call_fn *fn, struct cyi_place channel,
              struct cyi_place subscriber)
{
    struct exchange word = make_exchange(channel, subscriber, (struct cyi_return){0});
    cyi_post_answer(core, to, fn, &word, sizeof word);
}

int
cyi_channel_expel(struct cyi_core *core, struct cyi_channel *channel,
                  struct cyi_place subscriber)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_member *member = cyi_channel_member(core->channels, self, subscriber);
    if (member == NULL)
        return -ENOENT;
    const struct cyi_outpost *outpost = member->outpost;
    cyi_channel_member_end(core, channel, member);
    if (outpost != NULL)
        cyi_outpost_part(core, channel, outpost, subscriber);
    else if (subscriber.core != core->index)
        post_exchange(core, subscriber.core, mirror_remove, self, subscriber);
    return 0;
}

void
cyi_channel_expel_outpost(struct cyi_core *core, struct cyi_channel *channel,
                          const struct cyi_outpost *outpost)
{
    cyi_list_for_each_safe(link, &channel->away) {
        struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        if (member->outpost == outpost)
            cyi_channel_member_end(core, channel, member);
    }
}

static void
expel_list(struct cyi_core *core, struct cyi_channel *channel, struct cyi_list *members)
{
    cyi_list_for_each_safe(link, members) {
        cyi_channel_member_end(core, channel, cyi_container_of(link, struct cyi_member, link));
    }
}

void
cyi_channel_expel_all(struct cyi_core *core, struct cyi_channel *channel)
{
    struct cyi_place self = cyi_channel_place(core, channel), nobody = {0};
    for (uint16_t i = 0; channel->away_count != NULL && i < core->node->core_count; i++) {
        if (channel->away_count[i] > 0)
            post_exchange(core, i, mirror_drop, self, nobody);
    }
    expel_list(core, channel, &channel->here.members);
    expel_list(core, channel, &channel->away);
}

static struct cyi_member *
any_subscription(const struct cyi_channels *channels, struct cyi_place subscriber)
{
    uint64_t hash = cyi_place_hash(&channels->hash_key, subscriber);
    cyi_map_for_each(node, &channels->by_subscriber, hash) {
        struct cyi_member *member = cyi_container_of(node, struct cyi_member, own);
        if (cyi_place_equal(member->subscriber, subscriber))
            return member;
    }
    return NULL;
}

void
cyi_channel_subscriber_gone(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    struct cyi_place subscriber = {slot, generation, core->index, 0};
    struct cyi_member *member;
    while ((member = any_subscription(core->channels, subscriber)) != NULL) {
        struct cyi_place channel = member->channel;
        if (channel.core != core->index) {
            free_mirror(core->channels, member);
            post_exchange(core, channel.core, lost, channel, subscriber);
        } else {
            end_member(core, cyi_channel_find(core, channel.slot, channel.generation), member);
        }
    }
}

static void
free_pair(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_member, pair));
}

static void
free_branch(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_branch, node));
}

void
cyi_channel_members_fini(struct cyi_channels *channels)
{
    cyi_map_fini(&channels->by_subscriber);
    cyi_map_drain(&channels->members, free_pair, NULL);
    cyi_map_fini(&channels->members);
    cyi_map_drain(&channels->branches, free_branch, NULL);
    cyi_map_fini(&channels->branches);
}
