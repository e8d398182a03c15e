#include "cy_test.h"
#include "shard.h"

#include <stdlib.h>

static const struct kv_seed seed = {1, 2};
static struct kv_budget budget;
static struct kv_shard shard;

/* A command whose name is the first word. */
static void
add_words(struct kv_buffer *batch, struct kv_arg *argv, uint32_t argc)
{
    struct kv_request request = {
        .command = kv_command_named(argv[0].at), .argv = argv, .argc = argc};
    kv_batch_add(batch, &request, 2);
}

static void
add(struct kv_buffer *batch, const char *command, const char *one, const char *two)
{
    struct kv_arg argv[3] = {{command, strlen(command), NULL}, {one, strlen(one), NULL}};
    uint32_t argc = 2;
    if (two != NULL)
        argv[argc++] = (struct kv_arg){two, strlen(two), NULL};
    add_words(batch, argv, argc);
}

static void
commands_run_in_order_and_their_replies_are_told_apart(void)
{
    struct kv_buffer batch = {0};
    struct kv_replies replies = {.bytes = {0}};
    kv_shard_init(&shard, &seed, &budget);
    add(&batch, "set", "a", "hello");
    add(&batch, "get", "a", NULL);
    add(&batch, "strlen", "a", NULL);
    const char *at = batch.at;
    kv_shard_run(&shard, &at, batch.at + batch.used, 1, &replies);

    CU_ASSERT_PTR_EQUAL(at, batch.at + batch.used);
    CU_ASSERT_EQUAL(replies.bytes.used, 5 + 11 + 4);
    CU_ASSERT_EQUAL(memcmp(replies.bytes.at, "+OK\r\n$5\r\nhello\r\n:5\r\n", 20), 0);
    static const size_t ends[] = {5, 16, 20};
    CU_ASSERT_EQUAL(replies.ends.used, sizeof ends);
    CU_ASSERT_EQUAL(memcmp(replies.ends.at, ends, sizeof ends), 0);
    kv_buffer_free(&batch);
    kv_buffer_free(&replies.bytes);
    kv_buffer_free(&replies.ends);
    kv_shard_fini(&shard);
}

static struct kv_blob *
blob_of(size_t bytes)
{
    struct kv_blob *blob = kv_blob_create(bytes);
    memset(blob->at, 'x', bytes);
    blob->bytes = bytes;
    return blob;
}

static void
blobs_move_and_what_nobody_takes_is_freed(void)
{
    struct kv_buffer batch = {0};
    struct kv_replies replies = {.bytes = {0}};
    struct kv_blob *value = blob_of(50000);
    struct kv_blob *key = blob_of(40000);
    const char *address = value->at;
    struct kv_arg set[3] = {{"set", 3, NULL}, {"a", 1, NULL}, {value->at, 50000, value}};
    struct kv_arg get[2] = {{"get", 3, NULL}, {key->at, 40000, key}};

    kv_shard_init(&shard, &seed, &budget);
    add_words(&batch, set, 3);
    add_words(&batch, get, 2);
    CU_ASSERT_PTR_NULL(set[2].blob);
    CU_ASSERT_PTR_NULL(get[1].blob);
    CU_ASSERT(batch.used < 200);
    const char *at = batch.at;
    kv_shard_run(&shard, &at, batch.at + batch.used, 1, &replies);
    struct kv_key a = kv_store_key(&shard.store, "a", 1);
    CU_ASSERT_PTR_EQUAL(kv_entry_blob(*kv_store_find(&shard.store, &a, 1))->at, address);
    kv_buffer_free(&batch);
    kv_buffer_free(&replies.bytes);
    kv_buffer_free(&replies.ends);
    kv_shard_fini(&shard);
}

static void
a_batch_that_is_not_run_gives_its_blobs_back(void)
{
    struct kv_buffer batch = {0};
    struct kv_blob *value = blob_of(50000);
    struct kv_arg set[3] = {{"set", 3, NULL}, {"a", 1, NULL}, {value->at, 50000, value}};
    add(&batch, "get", "a", NULL);
    add_words(&batch, set, 3);
    kv_batch_discard(batch.at, batch.at + batch.used); /* or the leak checker speaks */
    CU_ASSERT(batch.used > 0);
    kv_buffer_free(&batch);
}

static void
a_run_pauses_when_the_replies_are_many(void)
{
    struct kv_buffer batch = {0};
    struct kv_replies replies = {.bytes = {0}};
    struct kv_blob *value = blob_of(1 << 20);
    struct kv_arg set[3] = {{"set", 3, NULL}, {"a", 1, NULL}, {value->at, 1 << 20, value}};

    kv_shard_init(&shard, &seed, &budget);
    add_words(&batch, set, 3);
    for (int i = 0; i < 10; i++)
        add(&batch, "get", "a", NULL);
    const char *at = batch.at;
    const char *end = batch.at + batch.used;
    kv_shard_run(&shard, &at, end, 1, &replies);
    CU_ASSERT(at < end);
    CU_ASSERT(replies.bytes.used >= KV_RUN_BYTES);
    CU_ASSERT(replies.bytes.used < KV_RUN_BYTES + (2 << 20));
    while (at < end)
        kv_shard_run(&shard, &at, end, 1, &replies);
    CU_ASSERT_EQUAL(replies.ends.used, 11 * sizeof(size_t));
    kv_buffer_free(&batch);
    kv_buffer_free(&replies.bytes);
    kv_buffer_free(&replies.ends);
    kv_shard_fini(&shard);
}

CY_TEST_MAIN("kv.batch", CY_TEST(commands_run_in_order_and_their_replies_are_told_apart),
             CY_TEST(blobs_move_and_what_nobody_takes_is_freed),
             CY_TEST(a_batch_that_is_not_run_gives_its_blobs_back),
             CY_TEST(a_run_pauses_when_the_replies_are_many))
