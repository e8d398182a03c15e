/* kv_world.c - a world for sessions without sockets, tasks or clocks. */
#include "kv_world.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static int64_t
world_now(void *arg)
{
    return ((struct test_world *) arg)->now;
}

static void
run_part(struct kv_shard *shard, struct kv_part *part, uint64_t holder, int64_t now)
{
    bool work = part->waiting > 0 || part->flags != 0;
    if (work && shard->holder != 0 && shard->holder != holder)
        shard->holder = 0; /* whoever it was lets go */
    if ((part->flags & KV_HOLD) != 0)
        shard->holder = holder;
    const char *at = part->request.at + part->begin;
    size_t before = part->replies.ends.used;
    if (part->waiting > 0)
        kv_shard_run(shard, &at, part->request.at + part->request.used, now, &part->replies);
    part->begin = part->waiting > 0 ? (size_t) (at - part->request.at) : part->begin;
    part->waiting -= (uint32_t) ((part->replies.ends.used - before) / sizeof(size_t));
    if ((part->flags & KV_RELEASE) != 0)
        shard->holder = 0;
    part->flags = 0;
}

static int
world_exchange(void *arg, struct kv_session *session, struct kv_pipeline *pipeline)
{
    struct test_world *world = arg;

    (void) session;
    if (++world->exchanges == (uint32_t) world->fail_exchange_at)
        return -ESRCH;
    for (uint16_t i = 0; i < pipeline->shards; i++)
        run_part(&world->shard[i], &pipeline->part[i], pipeline->holder, world->now);
    return 0;
}

static int
world_drain(void *arg, struct kv_session *session)
{
    struct test_world *world = arg;
    world->drains++;
    kv_buffer_append(&world->drained, session->out.at, session->out.used);
    session->out.used = 0;
    return world->drain_result;
}

static int
world_listen(void *arg, struct kv_session *session, enum kv_audience kind, struct kv_slice name)
{
    struct test_world *world = arg;
    (void) session;
    kv_buffer_append(&world->heard, kind == KV_PATTERNS ? "+p " : "+c ", 3);
    kv_buffer_append(&world->heard, name.at, name.bytes);
    kv_buffer_append(&world->heard, "\n", 1);
    return world->listen_result;
}

static int
world_unlisten(void *arg, struct kv_session *session, enum kv_audience kind,
               struct kv_slice name)
{
    struct test_world *world = arg;
    (void) session;
    kv_buffer_append(&world->heard, kind == KV_PATTERNS ? "-p " : "-c ", 3);
    kv_buffer_append(&world->heard, name.at, name.bytes);
    kv_buffer_append(&world->heard, "\n", 1);
    return 0;
}

static int
world_publish(void *arg, struct kv_session *session, struct kv_slice channel,
              struct kv_slice text, int64_t *out)
{
    struct test_world *world = arg;
    (void) session;
    kv_buffer_append(&world->heard, channel.at, channel.bytes);
    kv_buffer_append(&world->heard, "=", 1);
    kv_buffer_append(&world->heard, text.at, text.bytes);
    kv_buffer_append(&world->heard, "\n", 1);
    *out = world->receivers;
    return world->publish_result;
}

static int
world_describe(void *arg, struct kv_session *session, struct kv_request *request)
{
    (void) arg;
    (void) session;
    if (kv_arg_is(&request->argv[1], "numpat")) {
        kv_reply_integer(request->out, 0);
        return 0;
    }
    uint32_t names = kv_arg_is(&request->argv[1], "numsub") ? request->argc - 2 : 0;
    kv_reply_array(request->out, (size_t) names * 2);
    for (uint32_t i = 2; i < 2 + names; i++) {
        kv_reply_bulk(request->out, request->argv[i].at, request->argv[i].bytes);
        kv_reply_integer(request->out, 0);
    }
    return 0;
}

static const struct kv_world world_ops = {
    .now = world_now,
    .exchange = world_exchange,
    .drain = world_drain,
    .listen = world_listen,
    .unlisten = world_unlisten,
    .publish = world_publish,
    .describe = world_describe,
};

void
test_world_init(struct test_world *world, uint16_t shards)
{
    static const struct kv_setting_text settings[] = {{"appendonly", "no"}, {"save", ""}};

    memset(world, 0, sizeof *world);
    world->now = 1700000000000;
    world->config.seed = (struct kv_seed){1, 2};
    world->config.shards = shards;
    world->config.budget = &world->budget;
    world->config.settings = settings;
    world->config.setting_count = 2;
    kv_command_index_init(&world->config.commands);
    for (uint16_t i = 0; i < shards; i++) {
        kv_shard_init(&world->shard[i], &world->config.seed, &world->budget);
        world->site[i] = (struct kv_site){.config = &world->config,
                                          .ops = &world_ops,
                                          .world = world,
                                          .shard = &world->shard[i],
                                          .self = i,
                                          .next_id = i + 1U};
    }
}

void
test_world_fini(struct test_world *world)
{
    for (uint16_t i = 0; i < world->config.shards; i++) {
        kv_site_fini(&world->site[i]);
        kv_shard_fini(&world->shard[i]);
    }
    kv_buffer_free(&world->heard);
    kv_buffer_free(&world->drained);
}

void
test_feed(struct kv_session *session, const char *bytes, size_t count, size_t piece)
{
    while (count > 0 && !session->closing) {
        char *at;
        size_t room;
        if (!kv_parser_space(&session->parser, &at, &room))
            return;
        size_t now = count < piece ? count : piece;
        now = now < room ? now : room;
        memcpy(at, bytes, now);
        kv_parser_received(&session->parser, now);
        kv_session_run(session);
        bytes += now;
        count -= now;
    }
}

static void
print(const char *what, struct kv_slice text)
{
    printf("\n  %s: ", what);
    for (size_t i = 0; i < text.bytes && i < 400; i++)
        if (isprint((unsigned char) text.at[i]))
            putchar(text.at[i]);
        else
            printf("\\x%02x", (unsigned char) text.at[i]);
}

bool
test_says_bytes(struct kv_session *session, struct kv_slice request, struct kv_slice reply)
{
    session->out.used = 0;
    test_feed(session, request.at, request.bytes, SIZE_MAX);
    struct kv_slice said = {session->out.at, session->out.used};
    bool same = said.bytes == reply.bytes &&
                (reply.bytes == 0 || memcmp(said.at, reply.at, reply.bytes) == 0);
    if (!same) {
        print("asked   ", request);
        print("expected", reply);
        print("got     ", said);
    }
    session->out.used = 0;
    return same;
}

bool
test_says(struct kv_session *session, const char *request, const char *reply)
{
    return test_says_bytes(session, (struct kv_slice){request, strlen(request)},
                           (struct kv_slice){reply, strlen(reply)});
}

bool
test_command(struct kv_session *session, const char *words, const char *reply)
{
    char request[1024];
    char expected[1024];
    snprintf(request, sizeof request, "%s\r\n", words);
    snprintf(expected, sizeof expected, "%s\r\n", reply);
    return test_says(session, request, expected);
}
