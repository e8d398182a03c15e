#include "cy_test.h"
#include "pipeline.h"

#include <stdio.h>

#define SHARDS 3

static const struct kv_seed seed = {1, 2};
static struct kv_budget budget;
static struct kv_shard shard[SHARDS];
static struct kv_pipeline *pipeline;
static struct kv_buffer out;

static void
begin(void)
{
    pipeline = kv_pipeline_create(SHARDS);
    for (int i = 0; i < SHARDS; i++)
        kv_shard_init(&shard[i], &seed, &budget);
}

static void
end(void)
{
    kv_pipeline_free(&pipeline);
    CU_ASSERT_PTR_NULL(pipeline);
    for (int i = 0; i < SHARDS; i++)
        kv_shard_fini(&shard[i]);
    kv_buffer_free(&out);
}

/* Runs what waits for one shard, as much as fits into a batch. */
static void
run(int i)
{
    struct kv_part *part = &pipeline->part[i];
    const char *at = part->request.at + part->begin;
    size_t before = part->replies.ends.used;
    kv_shard_run(&shard[i], &at, part->request.at + part->request.used, 1, &part->replies);
    part->begin = (size_t) (at - part->request.at);
    part->waiting -= (uint32_t) ((part->replies.ends.used - before) / sizeof(size_t));
}

static bool
wrote(const char *text)
{
    bool same =
        out.used == strlen(text) && (out.used == 0 || memcmp(out.at, text, out.used) == 0);
    if (!same)
        printf("\n  got: %.*s\n", (int) out.used, out.at);
    out.used = 0;
    return same;
}

static struct kv_arg words[8];

/* A request of up to 7 words behind the name. */
static struct kv_request
request_of(const char *name, const char *const *rest, uint32_t count)
{
    words[0] = (struct kv_arg){name, strlen(name), NULL};
    for (uint32_t i = 0; i < count; i++)
        words[1 + i] = (struct kv_arg){rest[i], strlen(rest[i]), NULL};
    return (struct kv_request){
        .command = kv_command_named(name), .argv = words, .argc = 1 + count};
}

#define REQUEST(name, ...)                               \
    request_of(name, (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void
speak(const char *text)
{
    size_t mark = pipeline->local.used;
    kv_buffer_append(&pipeline->local, text, strlen(text));
    kv_pipeline_speak(pipeline, mark);
}

static void
replies_come_out_in_the_order_of_the_requests(void)
{
    begin();
    struct kv_request set = REQUEST("set", "a", "1");
    kv_pipeline_add(pipeline, 2, &set, 2);
    speak("+PONG\r\n");
    struct kv_request get = REQUEST("get", "x");
    kv_pipeline_add(pipeline, 0, &get, 3);
    get = REQUEST("get", "a");
    kv_pipeline_add(pipeline, 2, &get, 2);
    speak("+END\r\n");
    run(0);
    run(2);
    CU_ASSERT(kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote("+OK\r\n+PONG\r\n_\r\n$1\r\n1\r\n+END\r\n"));
    CU_ASSERT(kv_pipeline_is_empty(pipeline));
    end();
}

static void
what_is_answered_first_waits_for_what_was_asked_first(void)
{
    begin();
    struct kv_request incr = REQUEST("incr", "a");
    kv_pipeline_add(pipeline, 1, &incr, 2);
    kv_pipeline_add(pipeline, 0, &incr, 2);
    speak("+X\r\n");
    run(0);
    CU_ASSERT(!kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote(""));
    run(1);
    CU_ASSERT(kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote(":1\r\n:1\r\n+X\r\n"));
    end();
}

static void
keys_of_several_shards_make_one_reply(void)
{
    static const uint16_t four[] = {2, 0, 2, 1};
    begin();
    struct kv_request mset = REQUEST("mset", "a", "1", "b", "2", "c", "3");
    kv_pipeline_spread(pipeline, four, &mset, 2);
    struct kv_request mget = REQUEST("mget", "a", "b", "c", "d");
    kv_pipeline_spread(pipeline, four, &mget, 2);
    struct kv_request del = REQUEST("del", "c", "b", "a", "x");
    kv_pipeline_spread(pipeline, (const uint16_t[]){2, 0, 2, 0}, &del, 2);
    for (int i = 0; i < SHARDS; i++)
        run(i);
    CU_ASSERT(kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote("+OK\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$-1\r\n:3\r\n"));
    end();
}

static void
a_command_for_all_shards_makes_one_reply(void)
{
    begin();
    struct kv_request set = REQUEST("set", "a", "1");
    for (uint16_t i = 0; i < SHARDS; i++)
        kv_pipeline_add(pipeline, i, &set, 2);
    struct kv_request dbsize = request_of("dbsize", NULL, 0);
    kv_pipeline_add_all(pipeline, &dbsize, 2);
    struct kv_request keys = REQUEST("keys", "*");
    kv_pipeline_add_all(pipeline, &keys, 2);
    struct kv_request flush = request_of("flushall", NULL, 0);
    kv_pipeline_add_all(pipeline, &flush, 2);
    kv_pipeline_add_all(pipeline, &dbsize, 2);
    for (int i = 0; i < SHARDS; i++)
        run(i);
    CU_ASSERT(kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote(
        "+OK\r\n+OK\r\n+OK\r\n:3\r\n*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n+OK\r\n:0\r\n"));
    end();
}

static void
large_replies_come_in_portions(void)
{
    begin();
    struct kv_blob *blob = kv_blob_create(1 << 20);
    memset(blob->at, 'x', 1 << 20);
    struct kv_arg argv[3] = {{"set", 3, NULL}, {"a", 1, NULL}, {blob->at, 1 << 20, blob}};
    struct kv_request set = {.command = kv_command_named("set"), .argv = argv, .argc = 3};
    kv_pipeline_add(pipeline, 1, &set, 2);
    struct kv_request get = REQUEST("get", "a");
    for (int i = 0; i < 20; i++)
        kv_pipeline_add(pipeline, 1, &get, 2);
    int portions = 0;
    size_t bytes = 0;
    bool complete = false;
    while (!complete) {
        run(1);
        complete = kv_pipeline_collect(pipeline, &out);
        bytes += out.used;
        CU_ASSERT(out.used < 6 << 20);
        out.used = 0;
        portions++;
    }
    CU_ASSERT(portions >= 4);
    CU_ASSERT_EQUAL(bytes, 5 + 20 * (10 + (1 << 20) + 2));
    end();
}

static void
clearing_forgets_everything_but_holds(void)
{
    begin();
    struct kv_request incr = REQUEST("incr", "a");
    kv_pipeline_add(pipeline, 1, &incr, 2);
    pipeline->part[1].held = true;
    kv_pipeline_clear(pipeline);
    CU_ASSERT(kv_pipeline_is_empty(pipeline));
    CU_ASSERT_EQUAL(pipeline->part[1].waiting, 0);
    CU_ASSERT(pipeline->part[1].held);
    CU_ASSERT(kv_pipeline_collect(pipeline, &out));
    CU_ASSERT(wrote(""));
    end();
}

static void
want_of_memory_is_noticed_and_can_be_forgotten(void)
{
    begin();
    CU_ASSERT(!kv_pipeline_failed(pipeline));
    pipeline->part[2].replies.ends.failed = true;
    CU_ASSERT(kv_pipeline_failed(pipeline));
    kv_pipeline_clear(pipeline);
    CU_ASSERT(!kv_pipeline_failed(pipeline));
    end();
}

CY_TEST_MAIN("kv.pipeline", CY_TEST(replies_come_out_in_the_order_of_the_requests),
             CY_TEST(what_is_answered_first_waits_for_what_was_asked_first),
             CY_TEST(keys_of_several_shards_make_one_reply),
             CY_TEST(a_command_for_all_shards_makes_one_reply),
             CY_TEST(large_replies_come_in_portions),
             CY_TEST(clearing_forgets_everything_but_holds),
             CY_TEST(want_of_memory_is_noticed_and_can_be_forgotten))
