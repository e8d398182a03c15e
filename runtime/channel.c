/* channel.c - channels: their making and end. */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

enum { SUBSCRIBERS_MAX = 1 << 20 };

struct cyi_channels *
cyi_channels_of(struct cyi_core *core)
{
    if (core->channels == NULL) {
        core->channels = calloc(1, sizeof *core->channels);
        if (core->channels == NULL)
            return NULL;
        core->channels->table.max = CYI_CHANNELS_MAX;
        core->channels->hash_key = core->node->hash_key;
        cyi_list_init(&core->channels->asked);
    }
    return core->channels;
}

struct cyi_channel *
cyi_channel_find(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    if (core->channels == NULL)
        return NULL;
    return cyi_channel_table_at(&core->channels->table, slot, generation);
}

bool
cyi_channel_exists(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    return cyi_channel_find(core, slot, generation) != NULL;
}

const char *
cyi_channel_named(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    struct cyi_channel *channel = cyi_channel_find(core, slot, generation);
    if (channel == NULL)
        return NULL;
    channel->named = true;
    return channel->name;
}

bool
cyi_channel_count(struct cyi_core *core, cy_ref ref, struct cyi_channel_counters *out)
{
    const struct cyi_channel *channel = cyi_channel_find(core, ref.slot, ref.generation);
    if (channel == NULL || ref.core != core->index)
        return false;
    *out = channel->counters;
    return true;
}

int
cyi_channel_open(struct cyi_core *core, const char *name, struct cyi_channel **out)
{
    struct cyi_channels *channels = cyi_channels_of(core);
    struct cyi_channel *channel = channels == NULL ? NULL : calloc(1, sizeof *channel);
    if (channel == NULL)
        return -ENOMEM;
    int rc = cyi_channel_table_put(&channels->table, channel);
    if (rc != 0) {
        free(channel);
        return rc;
    }
    memcpy(channel->name, name, strlen(name));
    channel->max = SUBSCRIBERS_MAX;
    channel->here.channel = cyi_channel_place(core, channel);
    cyi_list_init(&channel->here.members);
    cyi_list_init(&channel->away);
    cyi_list_init(&channel->waits);
    cyi_list_init(&channel->outposts);
    *out = channel;
    return 0;
}

static void
set_options(struct cyi_channel *channel, const struct cy_channel_options *options)
{
    channel->transform = options->transform;
    channel->transform_arg = options->transform_arg;
    if (options->subscribers_max != 0)
        channel->max = options->subscribers_max;
}

static cy_ref
ref_of(const struct cyi_core *core, const struct cyi_channel *channel)
{
    cy_ref ref = core->home;
    ref.slot = channel->slot;
    ref.generation = channel->generation;
    return ref;
}

int
cy_channel_create(cy_ref *out, const char *name, const struct cy_channel_options *options)
{
    struct cyi_core *core = cyi_current();
    struct cyi_channel *channel;
    size_t name_bytes = name == NULL ? 0 : strnlen(name, CY_CHANNEL_NAME_MAX + 1);
    if (name_bytes == 0)
        return -EINVAL;
    if (name_bytes > CY_CHANNEL_NAME_MAX)
        return -ENAMETOOLONG;
    int rc = cyi_channel_open(core, name, &channel);
    if (rc != 0)
        return rc;
    if (options != NULL)
        set_options(channel, options);
    *out = ref_of(core, channel);
    return 0;
}

static void
free_channel(struct cyi_channel *channel)
{
    free(channel->away_count);
    free(channel);
}

void
cyi_channel_end(struct cyi_core *core, struct cyi_channel *channel)
{
    cyi_channel_waits_end(core, channel, -ESRCH);
    cyi_outposts_drop(core, channel);
    cyi_channel_expel_all(core, channel);
    cyi_outposts_fini(channel);
    cyi_proxy_free(core, channel);
    if (channel->subscribed)
        cyi_channel_subscriber_gone(core, channel->slot, channel->generation);
    if (channel->named)
        cyi_node_gone(core, ref_of(core, channel));
    cyi_channel_table_take(&core->channels->table, channel);
    free_channel(channel);
}

int
cyi_channel_check(const struct cyi_core *core, cy_ref channel)
{
    if (cy_ref_kind(channel) != CY_KIND_CHANNEL)
        return -ESRCH;
    if (cyi_is_away(core, channel))
        return core->node->router == NULL ? CY_ENOPEER : 0;
    return channel.core >= core->node->core_count ? CY_ENOPEER : 0;
}

/* Closes, on a channel's core. */
struct whom {
    uint32_t slot, generation;
};

static void
close_here(struct cyi_core *core, const void *args)
{
    const struct whom *whom = args;
    struct cyi_channel *channel = cyi_channel_find(core, whom->slot, whom->generation);
    if (channel != NULL)
        cyi_channel_end(core, channel);
}

static int
close_away(struct cyi_core *core, cy_ref channel)
{
    struct cyi_channel_word word = {
        .verb = CYI_CHANNEL_CLOSE, .slot = channel.slot, .generation = channel.generation};
    return core->node->router->channel(core, channel, &word, NULL);
}

int
cy_channel_close(cy_ref channel)
{
    struct cyi_core *core = cyi_current();
    struct whom whom = {channel.slot, channel.generation};
    int rc = cyi_channel_check(core, channel);
    if (rc != 0)
        return rc;
    if (cyi_is_away(core, channel))
        return close_away(core, channel);
    if (channel.core != core->index)
        return cyi_post_call(core, channel.core, close_here, &whom, sizeof whom);
    if (!cyi_channel_exists(core, channel.slot, channel.generation))
        return -ESRCH;
    close_here(core, &whom);
    return 0;
}

int
cy_channel_subscribers(cy_ref channel)
{
    struct cyi_core *core = cyi_current();
    const struct cyi_channel *record = cyi_channel_find(core, channel.slot, channel.generation);
    if (record == NULL || channel.node != core->home.node || channel.core != core->index)
        return -ESRCH;
    return (int) record->confirmed;
}

void
cyi_channels_each(struct cyi_core *core,
                  void (*visit)(const struct cyi_channel_state *state, void *arg), void *arg)
{
    if (core->channels == NULL)
        return;
    const struct cyi_channel_table *table = &core->channels->table;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct cyi_channel *channel = table->slots[i].channel;
        if (channel == NULL)
            continue;
        struct cyi_channel_state state = {.channel = ref_of(core, channel),
                                          .name = channel->name,
                                          .subscribers = channel->confirmed,
                                          .counters = channel->counters};
        visit(&state, arg);
    }
}

void
cyi_channels_fini(struct cyi_core *core)
{
    struct cyi_channels *channels = core->channels;
    if (channels == NULL)
        return;
    core->channels = NULL;
    cyi_channel_members_fini(channels);
    cyi_channel_publish_fini(channels);
    cyi_questions_fini(channels);
    for (uint32_t i = 0; i < channels->table.count; i++) {
        struct cyi_channel *channel = channels->table.slots[i].channel;
        if (channel == NULL)
            continue;
        cyi_channel_waits_fini(core, channel);
        cyi_outposts_fini(channel);
        free(channel->proxy);
        free_channel(channel);
    }
    cyi_map_fini(&channels->proxies);
    cyi_channel_guests_fini(channels);
    free(channels->table.slots);
    free(channels);
}
