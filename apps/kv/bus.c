/*
 * bus.c - the sides of the bus that sessions use: listening, publishing, describing.
 * Tests: tests/kv/test_server.py
 */
#include "bus.h"

#include "bus_request.h"
#include "connection.h"
#include "glob.h"

#include <cycos/channel.h>
#include <cycos/mailbox.h>
#include <cycos/registry.h>
#include <stdio.h>

/* What stands in front of a message; the pattern, the channel and the text follow. */
struct published_head {
    uint32_t by_pattern;
    uint32_t pattern_bytes;
    uint32_t channel_bytes;
};

void
kv_bus_fini(struct kv_bus *bus)
{
    kv_names_free(&bus->topics);
    kv_names_free(&bus->patterns);
}

uint64_t
kv_bus_hash(const struct kv_core *core, enum kv_audience kind, struct kv_slice name)
{
    uint64_t hash = kv_hash(&core->server->config.seed, name.at, name.bytes);
    return kind == KV_PATTERNS ? ~hash : hash;
}

void
kv_bus_topic(const struct kv_core *core, char out[KV_TOPIC_TEXT], struct kv_slice name)
{
    const struct kv_seed *seed = &core->server->config.seed;
    struct kv_seed other = {seed->high, ~seed->low};
    snprintf(out, KV_TOPIC_TEXT, "kv.%016llx%016llx",
             (unsigned long long) kv_hash(seed, name.at, name.bytes),
             (unsigned long long) kv_hash(&other, name.at, name.bytes));
}

/* Asks an agent something, however full the way to it is. */
static int
ask(struct kv_core *core, uint16_t agent, const struct bus_request *request,
    struct kv_slice name, cy_msg **reply)
{
    for (;;) {
        cy_msg *msg;
        int result = kv_bus_request_create(&msg, request, name);
        if (result < 0)
            return result;
        result = cy_call(reply, core->server->agents[agent], &msg, CY_FOREVER);
        if (result == 0)
            return kv_bus_result(*reply);
        cy_msg_free(&msg);
        if (result != -EAGAIN)
            return result;
        result = cy_sleep(CY_MILLISECOND / 4);
        if (result < 0)
            return result;
    }
}

static uint16_t
agent_of(const struct kv_core *core, enum kv_audience kind, struct kv_slice name)
{
    if (kind == KV_PATTERNS)
        return 0;
    return kv_shard_of(kv_bus_hash(core, kind, name), core->server->cores);
}

static int
change(struct kv_core *core, struct kv_connection *connection, enum bus_op op,
       enum kv_audience kind, struct kv_slice name)
{
    struct bus_request request = {.op = op, .kind = kind, .ref = connection->listener};
    cy_msg *reply = NULL;

    int result = ask(core, agent_of(core, kind, name), &request, name, &reply);
    cy_msg_free(&reply);
    return result;
}

int
kv_bus_listen(void *arg, struct kv_session *session, enum kv_audience kind,
              struct kv_slice name)
{
    struct kv_connection *connection = session->connection;

    int result = kv_connection_need_listener(connection);
    if (result < 0)
        return result;
    cy_event_clear(&connection->confirmed);
    result = change(arg, connection, BUS_LISTEN, kind, name);
    /* The confirmation is written before this task waits, and so before the listener runs. */
    cy_event_set(&connection->confirmed);
    return result;
}

int
kv_bus_unlisten(void *arg, struct kv_session *session, enum kv_audience kind,
                struct kv_slice name)
{
    return change(arg, session->connection, BUS_UNLISTEN, kind, name);
}

static int
create_message(cy_msg **out, const struct kv_slice *pattern, struct kv_slice channel,
               struct kv_slice text)
{
    struct published_head head = {
        .by_pattern = pattern != NULL,
        .pattern_bytes = pattern != NULL ? (uint32_t) pattern->bytes : 0,
        .channel_bytes = (uint32_t) channel.bytes,
    };
    size_t bytes = sizeof head + head.pattern_bytes + channel.bytes + text.bytes;
    if (bytes > CY_MSG_MAX)
        return -EMSGSIZE;
    int result = cy_msg_create(out, KV_TAG_MESSAGE, bytes);
    if (result < 0)
        return result;
    char *at = cy_msg_body(*out);
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    if (head.pattern_bytes > 0)
        memcpy(at, pattern->at, pattern->bytes);
    at += head.pattern_bytes;
    if (channel.bytes > 0)
        memcpy(at, channel.at, channel.bytes);
    if (text.bytes > 0)
        memcpy(at + channel.bytes, text.at, text.bytes);
    return 0;
}

void
kv_published_read(struct kv_published *out, const cy_msg *msg)
{
    struct published_head head;
    const char *at = cy_msg_body(msg);
    size_t bytes = cy_msg_size(msg);

    memcpy(&head, at, sizeof head);
    at += sizeof head;
    out->by_pattern = head.by_pattern != 0;
    out->pattern = (struct kv_slice){at, head.pattern_bytes};
    at += head.pattern_bytes;
    out->channel = (struct kv_slice){at, head.channel_bytes};
    at += head.channel_bytes;
    out->text =
        (struct kv_slice){at, bytes - sizeof head - head.pattern_bytes - head.channel_bytes};
}

/* A message for one channel. */
struct post {
    cy_ref channel;
    cy_msg *msg;
};

static int
add_post(struct kv_buffer *posts, cy_ref channel, const struct kv_slice *pattern,
         struct kv_slice name, struct kv_slice text)
{
    struct post post = {.channel = channel};
    int result = create_message(&post.msg, pattern, name, text);
    if (result < 0)
        return result;
    kv_buffer_append(posts, &post, sizeof post);
    if (!posts->failed)
        return 0;
    cy_msg_free(&post.msg);
    return -ENOMEM;
}

/* Writes all messages before the first is sent: sending waits, and the patterns may change. */
static int
write_posts(struct kv_core *core, struct kv_buffer *posts, struct kv_slice name,
            struct kv_slice text)
{
    char topic[KV_TOPIC_TEXT];
    cy_ref channel;

    kv_bus_topic(core, topic, name);
    if (cy_channel_lookup(&channel, topic) == 0) {
        int result = add_post(posts, channel, NULL, name, text);
        if (result < 0)
            return result;
    }
    for (const struct kv_name *p = core->bus.patterns.first; p != NULL; p = p->next) {
        struct kv_slice pattern = {p->at, p->bytes};
        if (!kv_glob_match(p->at, p->bytes, name.at, name.bytes))
            continue;
        memcpy(&channel, p->payload, sizeof channel);
        int result = add_post(posts, channel, &pattern, name, text);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Returns how many got it; a channel that has been closed meanwhile has nobody. */
static int
deliver(struct post *post)
{
    int result;
    while ((result = cy_channel_deliver(post->channel, &post->msg, 0, CY_FOREVER)) == -EAGAIN)
        if (cy_sleep(CY_MILLISECOND / 4) < 0)
            break;
    cy_msg_free(&post->msg);
    return result == -ESRCH ? 0 : result;
}

int
kv_bus_publish_here(struct kv_core *core, struct kv_slice channel, struct kv_slice text,
                    int64_t *out)
{
    struct kv_buffer posts = {0};
    int64_t receivers = 0;

    int result = write_posts(core, &posts, channel, text);
    for (size_t at = 0; at < posts.used; at += sizeof(struct post)) {
        struct post *post = (struct post *) (void *) (posts.at + at);
        if (result >= 0)
            result = deliver(post);
        else
            cy_msg_free(&post->msg);
        receivers += result > 0 ? result : 0;
    }
    kv_buffer_free(&posts);
    if (result < 0)
        return result;
    *out = receivers;
    return 0;
}

int
kv_bus_count_here(struct kv_core *core, struct kv_slice name)
{
    struct bus_request question = {.op = BUS_COUNT, .kind = KV_CHANNELS};
    cy_msg *reply = NULL;

    int count = ask(core, agent_of(core, KV_CHANNELS, name), &question, name, &reply);
    cy_msg_free(&reply);
    return count;
}

int
kv_bus_list_here(struct kv_core *core, const struct kv_slice *pattern, struct kv_buffer *names)
{
    struct kv_slice any = {"", 0};
    int result = 0;

    for (uint16_t i = 0; i < core->server->cores && result >= 0; i++) {
        struct bus_request question = {.op = BUS_LIST,
                                       .kind = pattern == NULL ? KV_CHANNELS : KV_PATTERNS};
        cy_msg *reply = NULL;
        result = ask(core, i, &question, pattern == NULL ? any : *pattern, &reply);
        if (result >= 0) {
            struct kv_slice text = kv_bus_text(reply);
            kv_buffer_append(names, text.at, text.bytes);
        }
        cy_msg_free(&reply);
    }
    return result < 0 ? result : 0;
}
