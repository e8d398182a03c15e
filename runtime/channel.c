/* channel.c - channels: their making and end, and the calls of applications. */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

enum { SUBSCRIBERS_MAX = 1 << 20 };

/* What asks the channel's core to do something. */
struct request {
    struct cyi_return who;
    struct cyi_place subscriber;
    uint32_t slot, generation;
};
_Static_assert(sizeof(struct request) <= CYI_POST_INLINE, "it travels in one slot");

struct cyi_channels *
cyi_channels_of(struct cyi_core *core)
{
    if (core->channels == NULL) {
        core->channels = calloc(1, sizeof *core->channels);
        if (core->channels != NULL)
            core->channels->table.max = CYI_CHANNELS_MAX;
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

static int
open_channel(struct cyi_core *core, const char *name, size_t name_bytes,
             const struct cy_channel_options *options, struct cyi_channel **out)
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
    memcpy(channel->name, name, name_bytes);
    channel->max = SUBSCRIBERS_MAX;
    if (options != NULL) {
        channel->transform = options->transform;
        channel->transform_arg = options->transform_arg;
        if (options->subscribers_max != 0)
            channel->max = options->subscribers_max;
    }
    channel->here.channel = cyi_channel_place(core, channel);
    cyi_list_init(&channel->here.members);
    cyi_list_init(&channel->away);
    cyi_list_init(&channel->waits);
    *out = channel;
    return 0;
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
    int rc = open_channel(core, name, name_bytes, options, &channel);
    if (rc == 0)
        *out = ref_of(core, channel);
    return rc;
}

static void
free_channel(struct cyi_channel *channel)
{
    free(channel->away_count);
    free(channel);
}

static void
close_channel(struct cyi_core *core, struct cyi_channel *channel)
{
    cyi_channel_waits_end(core, channel, -ESRCH);
    cyi_channel_expel_all(core, channel);
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
    if (channel.node != core->home.node || channel.core >= core->node->core_count)
        return CY_ENOPEER;
    return 0;
}

static int
check_subscriber(const struct cyi_core *core, cy_ref subscriber)
{
    if (cy_ref_kind(subscriber) == CY_KIND_CHANNEL)
        return cyi_channel_check(core, subscriber);
    if (cy_ref_kind(subscriber) != CY_KIND_TASK)
        return -ESRCH;
    if (subscriber.node != core->home.node || subscriber.core >= core->node->core_count)
        return CY_ENOPEER;
    return 0;
}

static int
subscribe(struct cyi_core *core, const struct request *request)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return -ESRCH;
    return cyi_channel_admit(core, channel, request->subscriber, request->who);
}

static int
unsubscribe(struct cyi_core *core, const struct request *request)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return -ESRCH;
    return cyi_channel_expel(core, channel, request->subscriber);
}

static void
subscribe_here(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    int rc = subscribe(core, request);
    if (rc != CYI_PENDING)
        cyi_answer(core, request->who, rc, 0, NULL);
}

static void
unsubscribe_here(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    cyi_answer(core, request->who, unsubscribe(core, request), 0, NULL);
}

static void
close_here(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel != NULL)
        close_channel(core, channel);
}

int
cy_channel_close(cy_ref channel)
{
    struct cyi_core *core = cyi_current();
    struct request request = {.slot = channel.slot, .generation = channel.generation};
    int rc = cyi_channel_check(core, channel);
    if (rc != 0)
        return rc;
    if (channel.core != core->index)
        return cyi_post_call(core, channel.core, close_here, &request, sizeof request);
    if (!cyi_channel_exists(core, channel.slot, channel.generation))
        return -ESRCH;
    close_here(core, &request);
    return 0;
}

int
cy_channel_subscribe(cy_ref channel, cy_ref subscriber, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    int rc = cyi_channel_check(core, channel);
    if (rc == 0)
        rc = check_subscriber(core, subscriber);
    if (rc != 0)
        return rc;
    struct request request = {cyi_await_begin(core), cyi_place_of(subscriber), channel.slot,
                              channel.generation};
    bool here = channel.core == core->index;
    rc = here ? subscribe(core, &request)
              : cyi_post_call(core, channel.core, subscribe_here, &request, sizeof request);
    if (rc < 0 || (here && rc != CYI_PENDING))
        return rc;
    return cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, NULL);
}

int
cy_channel_unsubscribe(cy_ref channel, cy_ref subscriber, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    int rc = cyi_channel_check(core, channel);
    if (rc == 0)
        rc = check_subscriber(core, subscriber);
    if (rc != 0)
        return rc;
    struct request request = {cyi_await_begin(core), cyi_place_of(subscriber), channel.slot,
                              channel.generation};
    if (channel.core == core->index)
        return unsubscribe(core, &request);
    rc = cyi_post_call(core, channel.core, unsubscribe_here, &request, sizeof request);
    if (rc != 0)
        return rc;
    return cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, NULL);
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
    for (uint32_t i = 0; i < channels->table.count; i++) {
        struct cyi_channel *channel = channels->table.slots[i].channel;
        if (channel == NULL)
            continue;
        cyi_channel_waits_fini(channel);
        free_channel(channel);
    }
    free(channels->table.slots);
    free(channels);
}
