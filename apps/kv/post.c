/*
 * post.c - PUBLISH and PUBSUB over all instances of a cluster.
 * Tests: tests/kv/test_cluster.py
 *
 * What is posted goes to the publisher of one core of each other instance, which publishes it
 * on its own bus: one message per instance, however many listen there. The client's task waits
 * for each answer, so messages of one client reach every listener in their order.
 */
#include "bus_request.h"
#include "cluster.h"
#include "frame.h"

#include <cycos/mailbox.h>

enum post_op { POST_PUBLISH, POST_COUNT, POST_CHANNELS, POST_ALL_CHANNELS, POST_PATTERNS };

/* Followed by a name and a text. Little-endian. */
struct kv_post {
    uint32_t op;
    uint32_t name_bytes;
};

/* What to do with the answer of each instance. */
typedef void take_fn(void *arg, int64_t result, struct kv_slice names);

static int
create_post(cy_msg **out, enum post_op op, struct kv_slice name, struct kv_slice text)
{
    struct kv_post head = {.op = op, .name_bytes = (uint32_t) name.bytes};

    int result = cy_msg_create(out, KV_TAG_POST, sizeof head + name.bytes + text.bytes);
    if (result < 0)
        return result;
    char *at = cy_msg_body(*out);
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    if (name.bytes > 0)
        memcpy(at, name.at, name.bytes);
    if (text.bytes > 0)
        memcpy(at + name.bytes, text.at, text.bytes);
    return 0;
}

/* Asks one instance, however full the way to it is, while there is time. */
static int
post_to(struct kv_core *core, cy_ref publisher, cy_msg **post, cy_msg **reply)
{
    cy_time deadline = cy_after(core->server->flags.cluster_timeout);
    int result;

    while ((result = cy_call(reply, publisher, post, deadline)) == -EAGAIN &&
           cy_now() < deadline)
        if ((result = cy_sleep(CY_MILLISECOND / 4)) < 0)
            break;
    cy_msg_free(post);
    return result;
}

/* Asks all instances that can be reached. Others have no listeners that could be counted. */
static int
post_to_all(struct kv_core *core, enum post_op op, struct kv_slice name, struct kv_slice text,
            take_fn *take, void *arg)
{
    uint32_t size = core->peers == NULL ? 0 : core->server->flags.cluster_size;

    for (uint32_t i = 0; i < size; i++) {
        int64_t head;
        cy_msg *post;
        cy_msg *reply;
        if (!core->peers[i].up)
            continue;
        int result = create_post(&post, op, name, text);
        if (result < 0)
            return result;
        result = post_to(core, core->peers[i].publishers[core->index], &post, &reply);
        if (result == -ECANCELED)
            return result;
        core->shard.traffic.timeouts += result == -ETIMEDOUT;
        if (result < 0)
            continue;
        const char *at = cy_msg_body(reply);
        if (cy_msg_size(reply) >= sizeof head) {
            memcpy(&head, at, sizeof head);
            take(arg, head,
                 (struct kv_slice){at + sizeof head, cy_msg_size(reply) - sizeof head});
        }
        cy_msg_free(&reply);
    }
    return 0;
}

static void
add_up(void *sum, int64_t result, struct kv_slice names)
{
    (void) names;
    if (result > 0 && result <= INT32_MAX)
        *(int64_t *) sum += result;
}

int
kv_bus_publish(void *arg, struct kv_session *session, struct kv_slice channel,
               struct kv_slice text, int64_t *out)
{
    struct kv_core *core = arg;
    int64_t receivers;

    (void) session;
    if (core->peers != NULL && channel.bytes + text.bytes > CY_MSG_MAX - sizeof(struct kv_post))
        return -EMSGSIZE; /* to all or to none */
    int result = kv_bus_publish_here(core, channel, text, &receivers);
    if (result == 0)
        result = post_to_all(core, POST_PUBLISH, channel, text, add_up, &receivers);
    if (result == 0)
        *out = receivers;
    return result;
}

/* PUBSUB NUMSUB: the name of each channel and how many listen to it. */
static int
describe_counts(struct kv_core *core, struct kv_request *request)
{
    static const struct kv_slice none = {"", 0};

    kv_reply_array(request->out, 2 * (size_t) (request->argc - 2));
    for (uint32_t i = 2; i < request->argc; i++) {
        struct kv_slice name = {request->argv[i].at, request->argv[i].bytes};
        int result = kv_bus_count_here(core, name);
        if (result < 0)
            return result;
        int64_t count = result;
        result = post_to_all(core, POST_COUNT, name, none, add_up, &count);
        if (result < 0)
            return result;
        kv_reply_bulk(request->out, name.at, name.bytes);
        kv_reply_integer(request->out, count);
    }
    return 0;
}

/* Names of several instances, each once. */
struct name_set {
    struct kv_core *core;
    struct kv_names names;
    bool failed;
};

static void
add_name(struct name_set *set, struct kv_slice name)
{
    uint64_t hash = kv_bus_hash(set->core, KV_CHANNELS, name);

    if (kv_names_find(&set->names, name, hash) == NULL)
        set->failed |= kv_names_add(&set->names, name, hash) == NULL;
}

/* Takes bulk strings, as far as they are some: another instance wrote them. */
static void
add_names(void *arg, int64_t result, struct kv_slice names)
{
    struct name_set *set = arg;
    const char *end = names.at + names.bytes;

    (void) result;
    for (const char *at = names.at; at < end;) {
        const char *next = kv_frame_end(at, end);
        if (next == NULL || at[0] != '$' || at[1] == '-')
            return;
        const char *text = (const char *) memchr(at, '\n', (size_t) (next - at)) + 1;
        add_name(set, (struct kv_slice){text, (size_t) (next - text) - 2});
        at = next;
    }
}

static void
write_patterns(const struct kv_core *core, struct kv_buffer *names)
{
    for (const struct kv_name *p = core->bus.patterns.first; p != NULL; p = p->next)
        kv_reply_bulk(names, p->at, p->bytes);
}

/* Gathers names here and from all others. */
static int
gather(struct name_set *set, enum post_op op, struct kv_slice pattern)
{
    static const struct kv_slice none = {"", 0};
    struct kv_buffer here = {0};
    int result = 0;

    if (op == POST_PATTERNS)
        write_patterns(set->core, &here);
    else
        result = kv_bus_list_here(set->core, op == POST_CHANNELS ? &pattern : NULL, &here);
    add_names(set, 0, (struct kv_slice){here.at, here.used});
    set->failed |= here.failed;
    kv_buffer_free(&here);
    if (result == 0)
        result = post_to_all(set->core, op, pattern, none, add_names, set);
    return result == 0 && set->failed ? -ENOMEM : result;
}

/* PUBSUB CHANNELS: the names that somebody listens to. */
static int
describe_channels(struct name_set *set, struct kv_request *request)
{
    struct kv_slice pattern = {"", 0};
    bool all = request->argc == 2;

    if (!all)
        pattern = (struct kv_slice){request->argv[2].at, request->argv[2].bytes};
    int result = gather(set, all ? POST_ALL_CHANNELS : POST_CHANNELS, pattern);
    if (result < 0)
        return result;
    kv_reply_array(request->out, set->names.count);
    for (const struct kv_name *name = set->names.first; name != NULL; name = name->next)
        kv_reply_bulk(request->out, name->at, name->bytes);
    return 0;
}

/* PUBSUB NUMPAT: how many patterns somebody listens to. */
static int
describe_patterns(struct name_set *set, struct kv_request *request)
{
    int result = gather(set, POST_PATTERNS, (struct kv_slice){"", 0});
    if (result == 0)
        kv_reply_integer(request->out, (int64_t) set->names.count);
    return result;
}

int
kv_bus_describe(void *arg, struct kv_session *session, struct kv_request *request)
{
    struct name_set set = {.core = arg};
    int result;

    (void) session;
    if (kv_arg_is(&request->argv[1], "numsub"))
        result = describe_counts(arg, request);
    else if (kv_arg_is(&request->argv[1], "channels"))
        result = describe_channels(&set, request);
    else
        result = describe_patterns(&set, request);
    kv_names_free(&set.names);
    return result;
}

static int64_t
carry_out(struct kv_core *core, uint32_t op, struct kv_slice name, struct kv_slice text,
          struct kv_buffer *names)
{
    int64_t receivers = 0;
    int result;

    switch (op) {
    case POST_PUBLISH:
        result = kv_bus_publish_here(core, name, text, &receivers);
        return result < 0 ? result : receivers;
    case POST_COUNT:
        return kv_bus_count_here(core, name);
    case POST_CHANNELS:
        return kv_bus_list_here(core, &name, names);
    case POST_ALL_CHANNELS:
        return kv_bus_list_here(core, NULL, names);
    case POST_PATTERNS:
        write_patterns(core, names);
        return 0;
    default:
        return -EINVAL;
    }
}

static void
answer(const cy_msg *post, int64_t result, const struct kv_buffer *names)
{
    cy_msg *reply;

    if (cy_msg_create(&reply, KV_TAG_POST, sizeof result + names->used) < 0)
        return; /* who waits for it will time out */
    char *at = cy_msg_body(reply);
    memcpy(at, &result, sizeof result);
    if (names->used > 0)
        memcpy(at + sizeof result, names->at, names->used);
    while (cy_reply(post, &reply) == -EAGAIN)
        if (cy_sleep(CY_MILLISECOND / 4) < 0)
            break;
    cy_msg_free(&reply);
}

/* Bytes of another instance that are no post are not answered. */
static void
serve(struct kv_core *core, const cy_msg *msg)
{
    const char *at = cy_msg_body(msg);
    size_t bytes = cy_msg_size(msg);
    struct kv_buffer names = {0};
    struct kv_post head;

    if (cy_msg_tag(msg) != KV_TAG_POST || bytes < sizeof head)
        return;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    bytes -= sizeof head;
    if (head.name_bytes > bytes)
        return;
    struct kv_slice name = {at, head.name_bytes};
    struct kv_slice text = {at + head.name_bytes, bytes - head.name_bytes};
    int64_t result = carry_out(core, head.op, name, text, &names);
    answer(msg, result, &names);
    kv_buffer_free(&names);
}

int
kv_publisher(void *arg)
{
    cy_msg *msg;

    while (cy_receive(&msg, CY_FOREVER) == 0) {
        serve(arg, msg);
        cy_msg_free(&msg);
    }
    return 0;
}
