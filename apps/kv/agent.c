/*
 * agent.c - the task on each core that makes and closes the channels of the bus.
 * Tests: tests/kv/test_server.py
 */
#include "bus_request.h"
#include "glob.h"

#include <cycos/channel.h>
#include <cycos/mailbox.h>
#include <cycos/registry.h>

int
kv_bus_request_create(cy_msg **out, const struct bus_request *request, struct kv_slice name)
{
    if (name.bytes > CY_MSG_MAX - sizeof *request)
        return -EMSGSIZE;
    int result = cy_msg_create(out, KV_TAG_BUS, sizeof *request + name.bytes);
    if (result < 0)
        return result;
    char *at = cy_msg_body(*out);
    memcpy(at, request, sizeof *request);
    if (name.bytes > 0)
        memcpy(at + sizeof *request, name.at, name.bytes);
    return 0;
}

int
kv_bus_result(const cy_msg *reply)
{
    int result;
    memcpy(&result, cy_msg_body(reply), sizeof result);
    return result;
}

struct kv_slice
kv_bus_text(const cy_msg *reply)
{
    const char *at = cy_msg_body(reply);
    return (struct kv_slice){at + sizeof(int), cy_msg_size(reply) - sizeof(int)};
}

static cy_ref
channel_of(const struct kv_name *topic)
{
    cy_ref channel;
    memcpy(&channel, topic->payload, sizeof channel);
    return channel;
}

/* Tells the agents of all other cores, and waits until they know; this core's list is ours. */
static int
tell_all(struct kv_core *core, const struct bus_request *request, struct kv_slice name)
{
    for (uint16_t i = 0; i < core->server->cores; i++) {
        cy_msg *msg;
        cy_msg *reply;
        if (i == core->index)
            continue;
        int result = kv_bus_request_create(&msg, request, name);
        if (result < 0)
            return result;
        result = cy_call(&reply, core->server->agents[i], &msg, CY_FOREVER);
        if (result < 0) {
            cy_msg_free(&msg);
            return result;
        }
        result = kv_bus_result(reply);
        cy_msg_free(&reply);
        if (result < 0)
            return result;
    }
    return 0;
}

static int
add_pattern(struct kv_core *core, struct kv_slice name, cy_ref channel)
{
    uint64_t hash = kv_bus_hash(core, KV_PATTERNS, name);
    if (kv_names_find(&core->bus.patterns, name, hash) != NULL)
        return 0;
    struct kv_name *pattern = kv_names_add(&core->bus.patterns, name, hash);
    if (pattern == NULL)
        return -ENOMEM;
    memcpy(pattern->payload, &channel, sizeof channel);
    return 0;
}

static int
remove_pattern(struct kv_core *core, struct kv_slice name)
{
    uint64_t hash = kv_bus_hash(core, KV_PATTERNS, name);
    struct kv_name *pattern = kv_names_find(&core->bus.patterns, name, hash);
    if (pattern != NULL)
        kv_names_remove(&core->bus.patterns, pattern);
    return 0;
}

/* Takes a topic away: nobody listens to it any more. */
static void
drop(struct kv_core *core, enum kv_audience kind, struct kv_name *topic)
{
    struct kv_slice name = {topic->at, topic->bytes};
    cy_ref channel = channel_of(topic);

    if (kind == KV_PATTERNS) {
        struct bus_request request = {.op = BUS_REMOVE, .kind = kind};
        (void) remove_pattern(core, name);
        (void) tell_all(core, &request, name);
    } else {
        (void) !cy_channel_unregister(channel, NULL);
    }
    (void) !cy_channel_close(channel);
    kv_names_remove(&core->bus.topics, topic);
}

/* Makes it known: a channel by its name, a pattern to every core. */
static int
announce(struct kv_core *core, enum kv_audience kind, struct kv_slice name, cy_ref channel)
{
    struct bus_request request = {.op = BUS_ADD, .kind = kind, .ref = channel};

    if (kind == KV_CHANNELS)
        return cy_channel_register(channel, NULL);
    int result = add_pattern(core, name, channel);
    return result < 0 ? result : tell_all(core, &request, name);
}

/* The topic of a name, with its channel, made if it is new. */
static int
need_topic(struct kv_core *core, enum kv_audience kind, struct kv_slice name,
           struct kv_name **out)
{
    uint64_t hash = kv_bus_hash(core, kind, name);
    struct kv_name *topic = kv_names_find(&core->bus.topics, name, hash);
    char text[KV_TOPIC_TEXT];
    cy_ref channel;

    if (topic == NULL) {
        kv_bus_topic(core, text, name);
        int result = cy_channel_create(&channel, text, NULL);
        if (result < 0)
            return result;
        topic = kv_names_add(&core->bus.topics, name, hash);
        if (topic == NULL) {
            (void) !cy_channel_close(channel);
            return -ENOMEM;
        }
        memcpy(topic->payload, &channel, sizeof channel);
        result = announce(core, kind, name, channel);
        if (result < 0) {
            drop(core, kind, topic);
            return result;
        }
    }
    *out = topic;
    return 0;
}

static int
listen_to(struct kv_core *core, const struct bus_request *request, struct kv_slice name)
{
    struct kv_name *topic;

    int result = need_topic(core, request->kind, name, &topic);
    if (result < 0)
        return result;
    result = cy_channel_subscribe(channel_of(topic), request->ref, CY_FOREVER);
    if (cy_channel_subscribers(channel_of(topic)) <= 0)
        drop(core, request->kind, topic);
    return result;
}

static int
unlisten(struct kv_core *core, const struct bus_request *request, struct kv_slice name)
{
    struct kv_name *topic =
        kv_names_find(&core->bus.topics, name, kv_bus_hash(core, request->kind, name));

    if (topic == NULL)
        return 0;
    int result = cy_channel_unsubscribe(channel_of(topic), request->ref, CY_FOREVER);
    if (cy_channel_subscribers(channel_of(topic)) <= 0)
        drop(core, request->kind, topic);
    return result == -ENOENT || result == -ESRCH ? 0 : result;
}

static int
count(struct kv_core *core, struct kv_slice name)
{
    struct kv_name *topic =
        kv_names_find(&core->bus.topics, name, kv_bus_hash(core, KV_CHANNELS, name));
    int listeners = topic == NULL ? 0 : cy_channel_subscribers(channel_of(topic));
    return listeners < 0 ? 0 : listeners;
}

/* Names that somebody listens to: all, or those that match a pattern. */
static int
list(struct kv_core *core, bool all, struct kv_slice pattern, struct kv_buffer *text)
{
    int found = 0;

    for (const struct kv_name *topic = core->bus.topics.first; topic != NULL;
         topic = topic->next) {
        struct kv_slice name = {topic->at, topic->bytes};
        bool is_channel = topic->hash == kv_bus_hash(core, KV_CHANNELS, name);
        if (!is_channel || cy_channel_subscribers(channel_of(topic)) <= 0)
            continue;
        if (!all && !kv_glob_match(pattern.at, pattern.bytes, name.at, name.bytes))
            continue;
        kv_reply_bulk(text, name.at, name.bytes);
        found++;
    }
    return text->failed ? -ENOMEM : found;
}

static int
carry_out(struct kv_core *core, const struct bus_request *request, struct kv_slice name,
          struct kv_buffer *text)
{
    switch (request->op) {
    case BUS_LISTEN:
        return listen_to(core, request, name);
    case BUS_UNLISTEN:
        return unlisten(core, request, name);
    case BUS_COUNT:
        return count(core, name);
    case BUS_LIST:
        return list(core, request->kind == KV_CHANNELS, name, text);
    case BUS_ADD:
        return add_pattern(core, name, request->ref);
    case BUS_REMOVE:
        return remove_pattern(core, name);
    }
    return -EINVAL;
}

static void
answer(const cy_msg *request, int result, const struct kv_buffer *text)
{
    cy_msg *reply;

    if (cy_msg_create(&reply, KV_TAG_BUS, sizeof result + text->used) < 0)
        return;
    char *at = cy_msg_body(reply);
    memcpy(at, &result, sizeof result);
    if (text->used > 0)
        memcpy(at + sizeof result, text->at, text->used);
    while (cy_reply(request, &reply) == -EAGAIN)
        if (cy_sleep(CY_MILLISECOND / 4) < 0)
            break;
    cy_msg_free(&reply);
}

int
kv_bus_agent(void *arg)
{
    struct kv_core *core = arg;
    cy_msg *msg;

    while (cy_receive(&msg, CY_FOREVER) == 0) {
        struct bus_request request;
        struct kv_buffer text = {0};
        if (cy_msg_tag(msg) == KV_TAG_BUS && kv_core_sent(core, msg)) {
            const char *at = cy_msg_body(msg);
            memcpy(&request, at, sizeof request);
            struct kv_slice name = {at + sizeof request, cy_msg_size(msg) - sizeof request};
            int result = carry_out(core, &request, name, &text);
            answer(msg, result, &text);
        }
        kv_buffer_free(&text);
        cy_msg_free(&msg);
    }
    return 0;
}
