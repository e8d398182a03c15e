/*
 * channel_proxy.c - the subscribers' side of a channel of another node.
 *
 * One core of this node has a channel that stands in for it while it has subscribers here. Who
 * they are and what is published, its owner says; it says to the owner who of them has ended.
 */
#include "channel.h"
#include <stdlib.h>

static struct cyi_proxy *
find(const struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    struct cyi_place origin = {word->slot, word->generation, from.core, from.node};
    uint64_t hash = cyi_place_hash(&core->channels->hash_key, origin);
    cyi_map_for_each(node, &core->channels->proxies, hash) {
        struct cyi_proxy *proxy = cyi_container_of(node, struct cyi_proxy, node);
        if (cyi_place_equal(cyi_place_of(core, proxy->origin), origin))
            return proxy;
    }
    return NULL;
}

static int
open_proxy(struct cyi_core *core, cy_ref origin, struct cyi_proxy **out)
{
    struct cyi_proxy *proxy = calloc(1, sizeof *proxy);
    uint64_t hash = cyi_place_hash(&core->channels->hash_key, cyi_place_of(core, origin));
    int rc = -ENOMEM;
    if (proxy == NULL)
        return rc;
    if (cyi_map_insert(&core->channels->proxies, &proxy->node, hash) == 0)
        rc = cyi_channel_open(core, "(proxy)", &proxy->channel);
    if (rc != 0) {
        cyi_map_remove(&core->channels->proxies, &proxy->node);
        free(proxy);
        return rc;
    }
    proxy->origin = origin;
    proxy->channel->proxy = proxy;
    proxy->channel->max = UINT32_MAX; /* the owner has a limit */
    *out = proxy;
    return 0;
}

static int
find_or_open(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word,
             struct cyi_proxy **out)
{
    cy_ref origin = from;
    origin.slot = word->slot;
    origin.generation = word->generation;
    *out = find(core, from, word);
    return *out != NULL ? 0 : open_proxy(core, origin, out);
}

void
cyi_proxy_free(struct cyi_core *core, struct cyi_channel *proxy)
{
    if (proxy->proxy == NULL)
        return;
    cyi_map_remove(&core->channels->proxies, &proxy->proxy->node);
    free(proxy->proxy);
    proxy->proxy = NULL;
}

void
cyi_proxy_tidy(struct cyi_core *core, struct cyi_channel *proxy)
{
    if (proxy->proxy != NULL && proxy->count == 0)
        cyi_channel_end(core, proxy);
}

uint32_t
cyi_channel_proxies(const struct cyi_core *core)
{
    return core->channels == NULL ? 0 : core->channels->proxies.count;
}

static bool
is_ours(const struct cyi_core *core, cy_ref subscriber)
{
    enum cy_kind kind = cy_ref_kind(subscriber);
    return !cyi_is_away(core, subscriber) && subscriber.core < core->node->core_count &&
           (kind == CY_KIND_TASK || kind == CY_KIND_CHANNEL);
}

void
cyi_proxy_join(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    struct cyi_proxy *proxy;
    int rc = is_ours(core, word->subscriber) ? 0 : -ESRCH;
    if (rc == 0)
        rc = find_or_open(core, from, word, &proxy);
    if (rc == 0) {
        struct cyi_channel *channel = proxy->channel;
        rc = cyi_channel_admit(core, channel, word->subscriber, word->who, false);
        cyi_proxy_tidy(core, channel);
    }
    if (rc != CYI_PENDING)
        cyi_channel_answer(core, word->who, rc, NULL);
}

void
cyi_proxy_part(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    struct cyi_proxy *proxy = find(core, from, word);
    if (proxy == NULL || !is_ours(core, word->subscriber))
        return;
    struct cyi_channel *channel = proxy->channel;
    (void) !cyi_channel_expel(core, channel, cyi_place_of(core, word->subscriber));
    cyi_proxy_tidy(core, channel);
}

void
cyi_proxy_drop(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word)
{
    struct cyi_proxy *proxy = find(core, from, word);
    if (proxy != NULL)
        cyi_channel_end(core, proxy->channel);
}

/* Its last subscriber may have ended while it was under way: then it reaches nobody. */
void
cyi_proxy_forward(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word,
                  cy_msg *msg)
{
    struct cyi_report report = {.task = word->who};
    const struct cyi_proxy *proxy = find(core, from, word);
    int rc = 0;
    if (proxy == NULL || word->n > CYI_CHANNEL_HOPS_MAX) {
        core->counters.lost += proxy != NULL;
        cyi_msg_drop(core, msg);
    } else {
        core->counters.received_across++;
        msg->token = word->n;
        rc = cyi_channel_publish_proxy(core, proxy->channel, msg,
                                       word->number == 0 ? NULL : &report);
    }
    if (word->number != 0 && rc != -EINPROGRESS)
        cyi_channel_answer(core, word->who, rc, NULL);
}

void
cyi_proxy_left(struct cyi_core *core, struct cyi_channel *proxy, struct cyi_place subscriber)
{
    cy_ref ref = core->node->cores[subscriber.core]->home;
    ref.slot = subscriber.slot;
    ref.generation = subscriber.generation;
    struct cyi_channel_word word = {.verb = CYI_CHANNEL_LEFT,
                                    .slot = proxy->proxy->origin.slot,
                                    .generation = proxy->proxy->origin.generation,
                                    .subscriber = ref};
    cyi_channel_tell(core, proxy->proxy->origin, &word);
    cyi_proxy_tidy(core, proxy);
}

void
cyi_proxies_lost(struct cyi_core *core, cy_ref peer)
{
    const struct cyi_channel_table *table = &core->channels->table;
    for (uint32_t i = 0; i < table->count; i++) {
        struct cyi_channel *channel = table->slots[i].channel;
        if (channel != NULL && channel->proxy != NULL &&
            channel->proxy->origin.node == peer.node &&
            channel->proxy->origin.core == peer.core)
            cyi_channel_end(core, channel);
    }
}
