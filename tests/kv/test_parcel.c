#include "cy_test.h"
#include "parcel.h"

#include <stdlib.h>

static struct kv_pipeline *pipeline;
static struct kv_part *part;
static char *body;
static size_t body_bytes;

/* Adds a command of words, "set a 1", to the part. */
static void
add(const char *words)
{
    struct kv_arg argv[8];
    struct kv_request request = {.argv = argv};

    for (const char *at = words; *at != '\0'; request.argc++) {
        size_t bytes = strcspn(at, " ");
        argv[request.argc] = (struct kv_arg){at, bytes, NULL};
        at += bytes + (at[bytes] == ' ');
    }
    char name[16] = "";
    memcpy(name, argv[0].at, argv[0].bytes);
    request.command = kv_command_named(name);
    kv_pipeline_add(pipeline, 0, &request, 2);
}

static void
begin(void)
{
    pipeline = kv_pipeline_create(1);
    part = &pipeline->part[0];
}

static void
end(void)
{
    free(body);
    body = NULL;
    kv_pipeline_free(&pipeline);
}

/* Writes a parcel of all that the part has, as the courier does. */
static void
pack(struct kv_parcel head)
{
    uint32_t count;
    size_t bytes = kv_batch_measure(part->request.at, part->request.at + part->request.used,
                                    KV_PARCEL_BATCH_MAX, &count);
    head.commands = count;
    body_bytes = sizeof head + bytes;
    free(body);
    body = malloc(body_bytes);
    memcpy(body, &head, sizeof head);
    kv_batch_pack(body + sizeof head, part->request.at, count);
    part->carried = count;
}

static bool
reads(size_t bytes)
{
    struct kv_parcel head;
    struct kv_slice batch;
    char *copy = malloc(bytes); /* of its own size, for the sanitizer */
    memcpy(copy, body, bytes);
    bool result = kv_parcel_read(&head, &batch, (struct kv_slice){copy, bytes});
    free(copy);
    return result;
}

static void
a_parcel_is_read_as_it_was_written(void)
{
    struct kv_parcel head = {.cluster = 1, .id = 2, .holder = 3, .shard = 4, .flags = KV_HOLD};
    struct kv_parcel out;
    struct kv_slice batch;
    struct kv_call call = {.resp = 0};
    struct kv_argv argv = {NULL, 0};

    begin();
    add("set key some-value");
    add("get key");
    pack(head);
    CU_ASSERT(kv_parcel_read(&out, &batch, (struct kv_slice){body, body_bytes}));
    CU_ASSERT_EQUAL(out.cluster, 1);
    CU_ASSERT_EQUAL(out.id, 2);
    CU_ASSERT_EQUAL(out.holder, 3);
    CU_ASSERT_EQUAL(out.commands, 2);
    CU_ASSERT_EQUAL(out.shard, 4);
    CU_ASSERT_EQUAL(out.flags, KV_HOLD);
    const char *at = batch.at;
    CU_ASSERT(kv_batch_read(&at, &call, &argv));
    CU_ASSERT_STRING_EQUAL(call.command->name, "set");
    CU_ASSERT_EQUAL(call.argc, 3);
    CU_ASSERT_EQUAL(memcmp(call.argv[2].at, "some-value", 10), 0);
    CU_ASSERT(kv_batch_read(&at, &call, &argv));
    CU_ASSERT_STRING_EQUAL(call.command->name, "get");
    CU_ASSERT_PTR_EQUAL(at, batch.at + batch.bytes);
    kv_argv_free(&argv);
    end();
}

static void
blobs_are_copied_and_stay_until_they_are_answered(void)
{
    struct kv_blob *blob = kv_blob_create(40001);
    struct kv_arg argv[3] = {{"set", 3, NULL}, {"k", 1, NULL}, {blob->at, 40001, blob}};
    struct kv_request request = {.command = kv_command_named("set"), .argv = argv, .argc = 3};

    begin();
    memset(blob->at, 'x', 40001);
    blob->bytes = 40001;
    kv_pipeline_add(pipeline, 0, &request, 2);
    pack((struct kv_parcel){.id = 1});
    CU_ASSERT(reads(body_bytes));
    CU_ASSERT_PTR_NOT_NULL(memchr(body + 32, 'x', body_bytes - 32));
    CU_ASSERT_EQUAL(blob->at[40000], 'x');
    CU_ASSERT(kv_answer_take(part, 1, (struct kv_slice){"+OK\r\n", 5})); /* frees it */
    CU_ASSERT_EQUAL(part->begin, part->request.used);
    CU_ASSERT_EQUAL(part->waiting, 0);
    end();
}

static void
a_parcel_that_is_cut_anywhere_is_refused(void)
{
    begin();
    add("set key some-value");
    add("get key");
    pack((struct kv_parcel){.id = 1});
    CU_ASSERT(reads(body_bytes));
    for (size_t bytes = 0; bytes < body_bytes; bytes++)
        CU_ASSERT_FALSE(reads(bytes));
    end();
}

/* Changes one field of a good parcel and says whether it is still one. */
#define READS_WITH(type, offset, value)                                                        \
    (pack((struct kv_parcel){.id = 1}), memcpy(body + (offset), &(type){value}, sizeof(type)), \
     reads(body_bytes))

enum { COMMANDS = 24, FLAGS = 30, ARGC = 32, NUMBER = 36, RESP = 38, BYTES = 40, SIZE = 56 };

static void
heads_that_make_no_sense_are_refused(void)
{
    begin();
    add("get key");
    CU_ASSERT(READS_WITH(uint32_t, COMMANDS, 1));
    CU_ASSERT_FALSE(READS_WITH(uint32_t, COMMANDS, 0));
    CU_ASSERT_FALSE(READS_WITH(uint32_t, COMMANDS, 2));
    CU_ASSERT_FALSE(READS_WITH(uint16_t, FLAGS, 4));
    CU_ASSERT_FALSE(READS_WITH(uint16_t, FLAGS, KV_HOLD)); /* by nobody */
    CU_ASSERT_FALSE(READS_WITH(uint32_t, ARGC, 0));
    CU_ASSERT_FALSE(READS_WITH(uint32_t, ARGC, 1));
    CU_ASSERT_FALSE(READS_WITH(uint32_t, ARGC, 3));
    CU_ASSERT_FALSE(READS_WITH(uint32_t, ARGC, UINT32_MAX));
    CU_ASSERT_FALSE(READS_WITH(uint16_t, NUMBER, (uint16_t) kv_command_count));
    CU_ASSERT_FALSE(READS_WITH(uint16_t, NUMBER, UINT16_MAX));
    CU_ASSERT_FALSE(
        READS_WITH(uint16_t, NUMBER, (uint16_t) kv_command_number(kv_command_named("ping"))));
    CU_ASSERT_FALSE(READS_WITH(uint8_t, RESP, 1));
    CU_ASSERT(READS_WITH(uint8_t, RESP, 3));
    CU_ASSERT_FALSE(READS_WITH(uint8_t, RESP, 4));
    CU_ASSERT_FALSE(READS_WITH(uint64_t, BYTES, 0));
    CU_ASSERT_FALSE(READS_WITH(uint64_t, BYTES, UINT64_MAX));
    CU_ASSERT_FALSE(READS_WITH(uint64_t, SIZE, UINT64_MAX));      /* the bit of blobs */
    CU_ASSERT_FALSE(READS_WITH(uint64_t, SIZE, KV_BULK_MAX + 1)); /* a limit, one past it */
    CU_ASSERT_FALSE(READS_WITH(uint64_t, SIZE, 9));
    CU_ASSERT(READS_WITH(uint64_t, SIZE, 8)); /* within what fills it up */
    end();
}

static void
no_change_of_a_byte_leads_beyond_the_parcel(void)
{
    begin();
    add("set key some-value");
    add("mget a b");
    pack((struct kv_parcel){.id = 1});
    struct kv_shard shard;
    static const struct kv_seed seed = {1, 2};
    struct kv_budget budget = {.max = 0};
    kv_shard_init(&shard, &seed, &budget);
    unsigned read = 0;
    for (size_t i = 0; i < body_bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct kv_parcel head;
            struct kv_slice batch;
            struct kv_replies replies = {.bytes = {0}};
            body[i] = (char) (body[i] ^ (1 << bit));
            if (kv_parcel_read(&head, &batch, (struct kv_slice){body, body_bytes})) {
                const char *at = batch.at;
                kv_shard_run(&shard, &at, batch.at + batch.bytes, 1, &replies);
                CU_ASSERT_PTR_EQUAL(at, batch.at + batch.bytes);
                read++;
            }
            kv_buffer_free(&replies.bytes);
            kv_buffer_free(&replies.ends);
            body[i] = (char) (body[i] ^ (1 << bit));
        }
    }
    CU_ASSERT(read > 0);
    kv_shard_fini(&shard);
    end();
}

static void
a_batch_is_measured_up_to_its_limit(void)
{
    uint32_t count;

    begin();
    add("get key");
    add("get key");
    const char *at = part->request.at;
    const char *last = at + part->request.used;
    size_t one = part->request.used / 2;
    CU_ASSERT_EQUAL(kv_batch_measure(at, last, 2 * one, &count), 2 * one);
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_EQUAL(kv_batch_measure(at, last, 2 * one - 1, &count), one);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(kv_batch_measure(at, last, one - 1, &count), 0);
    CU_ASSERT_EQUAL(count, 0);
    end();
}

/* Is this what the part's commands may be answered? */
static bool
takes(const char *replies, uint32_t commands)
{
    return kv_answer_take(part, commands, (struct kv_slice){replies, strlen(replies)});
}

static void
replies_are_taken_in_steps(void)
{
    begin();
    add("set a 1");
    add("get a");
    add("dbsize");
    pack((struct kv_parcel){.id = 1});
    CU_ASSERT(takes("+OK\r\n", 1));
    CU_ASSERT_EQUAL(part->waiting, 2);
    CU_ASSERT(takes("$1\r\n1\r\n:1\r\n", 2));
    CU_ASSERT_EQUAL(part->waiting, 0);
    CU_ASSERT_EQUAL(kv_part_take(part).bytes, 5);
    CU_ASSERT_EQUAL(kv_part_take(part).bytes, 7);
    CU_ASSERT_EQUAL(kv_part_take(part).bytes, 4);
    end();
}

static void
replies_of_the_wrong_number_or_kind_are_not_taken(void)
{
    static const struct {
        const char *command, *wrong, *right;
    } cases[] = {
        {"dbsize", "+OK\r\n", ":1\r\n"},
        {"del a", "$1\r\n1\r\n", ":1\r\n"},
        {"mset a 1", ":1\r\n", "+OK\r\n"},
        {"mget a b", "*1\r\n$-1\r\n", "*2\r\n$-1\r\n$-1\r\n"},
        {"mget a b", ":1\r\n", "-OOM\r\n"},
        {"keys *", "*1\r\n:1\r\n", "*1\r\n$1\r\na\r\n"},
        {"scan 0", "*0\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
        {"statistics", "*0\r\n", "$1\r\nx\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        add(cases[i].command);
        pack((struct kv_parcel){.id = 1});
        CU_ASSERT_FALSE(takes(cases[i].wrong, 1));
        CU_ASSERT_FALSE(takes("", 0));
        CU_ASSERT_FALSE(takes("", 1));
        CU_ASSERT_FALSE(takes("+", 1));
        CU_ASSERT_FALSE(takes("-E\r\n-E\r\n", 2)); /* more than were asked for */
        CU_ASSERT_FALSE(takes("-E\r\n-E\r\n", 1));
        CU_ASSERT_EQUAL(part->waiting, 1);
        CU_ASSERT_EQUAL(part->replies.ends.used, 0);
        CU_ASSERT(takes(cases[i].right, 1));
        end();
    }
}

static void
an_answer_has_a_head(void)
{
    struct kv_answer head = {.id = 9, .commands = 1, .shard = 2, .verdict = KV_REFUSED};
    struct kv_answer out = {.id = 0};
    struct kv_slice replies;
    char bytes[20];

    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + 16, ":1\r\n", 4);
    CU_ASSERT_FALSE(kv_answer_read(&out, &replies, (struct kv_slice){bytes, 15}));
    CU_ASSERT(kv_answer_read(&out, &replies, (struct kv_slice){bytes, 16}));
    CU_ASSERT_EQUAL(replies.bytes, 0);
    CU_ASSERT(kv_answer_read(&out, &replies, (struct kv_slice){bytes, 20}));
    CU_ASSERT_EQUAL(replies.bytes, 4);
    CU_ASSERT_EQUAL(memcmp(&out, &head, sizeof head), 0);
}

static void
what_is_not_sent_is_answered_with_an_error(void)
{
    begin();
    add("get a");
    add("get b");
    kv_part_fail(part, 1, "CLUSTERDOWN instance %s.%u is down", "kv", 1U);
    CU_ASSERT_EQUAL(part->waiting, 1);
    struct kv_slice reply = kv_part_take(part);
    CU_ASSERT_EQUAL(reply.bytes, 36);
    CU_ASSERT_EQUAL(memcmp(reply.at, "-CLUSTERDOWN instance kv.1 is down\r\n", 36), 0);
    kv_part_fail(part, part->waiting, "ERR %d", 1);
    CU_ASSERT_EQUAL(part->waiting, 0);
    CU_ASSERT_EQUAL(part->begin, part->request.used);
    CU_ASSERT_EQUAL(kv_part_take(part).bytes, 8);
    end();
}

static void
clusters_with_other_seeds_are_told_apart(void)
{
    struct kv_seed one = {1, 2};
    struct kv_seed other = {1, 3};
    CU_ASSERT_EQUAL(kv_cluster_id(&one), kv_cluster_id(&one));
    CU_ASSERT_NOT_EQUAL(kv_cluster_id(&one), kv_cluster_id(&other));
}

CY_TEST_MAIN("kv.parcel", CY_TEST(a_parcel_is_read_as_it_was_written),
             CY_TEST(blobs_are_copied_and_stay_until_they_are_answered),
             CY_TEST(a_parcel_that_is_cut_anywhere_is_refused),
             CY_TEST(heads_that_make_no_sense_are_refused),
             CY_TEST(no_change_of_a_byte_leads_beyond_the_parcel),
             CY_TEST(a_batch_is_measured_up_to_its_limit), CY_TEST(replies_are_taken_in_steps),
             CY_TEST(replies_of_the_wrong_number_or_kind_are_not_taken),
             CY_TEST(an_answer_has_a_head), CY_TEST(what_is_not_sent_is_answered_with_an_error),
             CY_TEST(clusters_with_other_seeds_are_told_apart))
