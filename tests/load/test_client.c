/* test_client.c - a connection's talk with a small server made of a table. */
#include "client.h"
#include "cy_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 20, VALUE_MAX = 256 };

static struct load_settings settings;
static struct load_commands commands;
static struct load_recorder recorder;
static struct load_keyspace space;
static struct load_client client;

/* The server: one value per key. */
static struct {
    char value[VALUE_MAX];
    size_t size;
} table[KEYS];
static char replies[65536];
static size_t replies_size;
static unsigned gets, sets, tags;

static void
connect_client(const char *value_size, double reads)
{
    memset(&settings, 0, sizeof settings);
    memset(table, 0, sizeof table);
    load_flags_init(&settings.flags);
    settings.flags.tag_every = 10;
    settings.connections = 1;
    settings.pipeline = 8;
    settings.keys = KEYS;
    settings.read_share = reads;
    CY_OK(load_sizes_parse(&settings.sizes, value_size));
    load_commands_init(&commands, "k:");
    CY_OK(load_recorder_init(&recorder, &settings));
    CY_OK(load_keyspace_init(&space, 0, KEYS, false));
    const struct load_client_shared shared = {
        .settings = &settings, .commands = &commands, .recorder = &recorder, .run = 77};
    CY_OK(load_client_init(&client, &shared, &space, 3));
    recorder.from_ns = 0;
    gets = sets = tags = 0;
}

static void
close_client(void)
{
    load_client_disconnected(&client);
    load_client_fini(&client);
    load_keyspace_fini(&space);
    load_recorder_fini(&recorder);
}

static void
reply_with(const char *bytes, size_t size)
{
    memcpy(replies + replies_size, bytes, size);
    replies_size += size;
}

static void
reply_bulk(const char *bytes, size_t size)
{
    char header[32];
    int length = snprintf(header, sizeof header, "$%zu\r\n", size);
    reply_with(header, (size_t) length);
    reply_with(bytes, size);
    reply_with("\r\n", 2);
}

/* Reads the next "$n\r\n<bytes>\r\n" of a command. */
static const char *
argument(const char **at, size_t *size)
{
    char *end;
    CU_ASSERT_EQUAL_FATAL(**at, '$');
    *size = strtoul(*at + 1, &end, 10);
    const char *bytes = end + 2;
    *at = bytes + *size + 2;
    return bytes;
}

static void
serve_one(const char **at)
{
    size_t size, key_size;
    *at = strchr(*at, '\n') + 1; /* the count of arguments */
    const char *name = argument(at, &size);
    const char *first = argument(at, &key_size);
    if (memcmp(name, "ECHO", size) == 0) {
        tags++;
        reply_bulk(first, key_size);
        return;
    }
    unsigned long key = strtoul(first + 2, NULL, 16);
    CU_ASSERT_TRUE_FATAL(key < KEYS && memcmp(first, "k:", 2) == 0);
    if (memcmp(name, "SET", size) == 0) {
        const char *value = argument(at, &table[key].size);
        memcpy(table[key].value, value, table[key].size);
        sets++;
        reply_with("+OK\r\n", 5);
        return;
    }
    gets++;
    if (table[key].size == 0)
        reply_with("$-1\r\n", 5);
    else
        reply_bulk(table[key].value, table[key].size);
}

/* The server answers all that the client has written. */
static void
serve(void)
{
    replies_size = 0;
    load_client_stamp(&client, 100);
    CY_OK(load_buffer_reserve(&client.out, 1));
    client.out.data[client.out.used] = '\0';
    for (const char *at = client.out.data; at < client.out.data + client.out.used;)
        serve_one(&at);
    client.out.used = 0;
}

/* The client gets the replies in pieces of that size. */
static int
deliver(size_t piece)
{
    int rc = 0;
    for (size_t at = 0; at < replies_size && rc == 0; at += piece) {
        size_t size = replies_size - at < piece ? replies_size - at : piece;
        CY_OK(load_buffer_reserve(&client.in, size));
        memcpy(client.in.data + client.in.used, replies + at, size);
        client.in.used += size;
        rc = load_client_feed(&client, 200);
    }
    return rc;
}

static void
send_all(void)
{
    while (load_client_room(&client) > 0)
        CY_OK(load_client_request(&client, 50));
}

static void
an_honest_server_is_without_faults_however_replies_are_cut(void)
{
    connect_client("16-200", 0.5);
    for (size_t piece = 1; piece < 300; piece += 7) {
        send_all();
        serve();
        CY_OK(deliver(piece));
        CU_ASSERT_EQUAL(load_ledger_outstanding(&client.ledger), 0);
    }
    CU_ASSERT_EQUAL(load_faults_sum(&recorder.counters.faults), 0);
    CU_ASSERT_EQUAL(recorder.counters.completed, gets + sets + tags);
    CU_ASSERT_TRUE(gets > 50 && sets > 50);
    CU_ASSERT_EQUAL(tags, (gets + sets + tags) / 10);
    close_client();
}

static void
the_pipeline_bounds_what_is_outstanding(void)
{
    connect_client("64", 0.5);
    send_all();
    CU_ASSERT_EQUAL(load_ledger_outstanding(&client.ledger), 8);
    CU_ASSERT_EQUAL(load_client_room(&client), 0);
    close_client();
}

static void
filling_writes_every_key_once_and_then_nil_is_stale(void)
{
    connect_client("64", 1);
    client.fill_end = KEYS;
    while (!load_client_filled(&client)) {
        CY_OK(load_client_fill(&client));
        serve();
        CY_OK(deliver(1000));
    }
    CU_ASSERT_EQUAL(sets, KEYS);
    space.filled = true;
    send_all();
    serve();
    CY_OK(deliver(1000));
    CU_ASSERT_EQUAL(recorder.counters.faults.stale, 0);
    memset(table, 0, sizeof table); /* the server forgets */
    settings.flags.tag_every = client.until_tag = 0;
    send_all();
    serve();
    CY_OK(deliver(1000));
    CU_ASSERT_EQUAL(recorder.counters.faults.stale, 8);
    close_client();
}

static void
a_value_older_than_the_acknowledged_one_is_stale(void)
{
    connect_client("64", 0);
    client.space->count = 1; /* one key, so that it is written again */
    client.until_tag = settings.flags.tag_every = 0;
    send_all();
    serve();
    CY_OK(deliver(1000));
    char old[VALUE_MAX];
    memcpy(old, table[0].value, 64);
    send_all();
    serve();
    CY_OK(deliver(1000));
    memcpy(table[0].value, old, 64); /* the server goes back in time */
    settings.read_share = 1;
    CY_OK(load_client_request(&client, 50));
    serve();
    CY_OK(deliver(1000));
    CU_ASSERT_EQUAL(recorder.counters.faults.stale, 1);
    CU_ASSERT_EQUAL(load_faults_sum(&recorder.counters.faults), 1);
    close_client();
}

static void
a_changed_byte_is_one_corrupted_reply(void)
{
    connect_client("64", 0);
    send_all();
    serve();
    CY_OK(deliver(1000));
    settings.read_share = 1;
    client.space->count = 1;
    client.until_tag = settings.flags.tag_every = 0;
    memset(table, 0, sizeof table);
    load_proof_write(table[0].value, table[0].size = 64, &(struct load_proof){77, 0, 1});
    load_keyspace_forget(&space);
    send_all();
    serve();
    replies[30] ^= 1;
    CY_OK(deliver(1000));
    CU_ASSERT_EQUAL(recorder.counters.faults.corrupted, 1);
    CU_ASSERT_EQUAL(load_faults_sum(&recorder.counters.faults), 1);
    close_client();
}

static void
replies_that_cannot_be_told_apart_end_the_connection(void)
{
    connect_client("64", 0);
    client.until_tag = settings.flags.tag_every = 0;
    send_all();
    serve();
    replies[0] = '!';
    CY_FAILS(deliver(1000), -EPROTO);
    load_client_disconnected(&client);
    CU_ASSERT_EQUAL(recorder.counters.faults.corrupted, 1);
    CU_ASSERT_EQUAL(recorder.counters.faults.lost, 7);
    close_client();
}

static void
only_what_was_written_can_be_lost(void)
{
    connect_client("64", 0);
    for (int i = 0; i < 3; i++)
        CY_OK(load_client_request(&client, 50));
    load_client_stamp(&client, 60);
    for (int i = 0; i < 2; i++)
        CY_OK(load_client_request(&client, 50));
    load_client_disconnected(&client);
    CU_ASSERT_EQUAL(recorder.counters.faults.lost, 3);
    close_client();
}

static void
frames_come_back_from_an_echo(void)
{
    connect_client("24-200", 0);
    settings.target.protocol = LOAD_TCP;
    for (size_t piece = 1; piece < 300; piece += 13) {
        send_all();
        load_client_stamp(&client, 100);
        memcpy(replies, client.out.data, client.out.used);
        replies_size = client.out.used;
        client.out.used = 0;
        CY_OK(deliver(piece));
    }
    CU_ASSERT_EQUAL(load_ledger_outstanding(&client.ledger), 0);
    CU_ASSERT_EQUAL(load_faults_sum(&recorder.counters.faults), 0);
    send_all();
    load_client_stamp(&client, 100);
    memcpy(replies, client.out.data, client.out.used);
    replies_size = client.out.used;
    replies[12] ^= 4;
    client.out.used = 0;
    CY_OK(deliver(100));
    CU_ASSERT_EQUAL(recorder.counters.faults.corrupted, 1);
    CU_ASSERT_EQUAL(load_faults_sum(&recorder.counters.faults), 1);
    close_client();
}

static void
the_same_seed_makes_the_same_requests(void)
{
    static char first[65536];
    connect_client("16-200", 0.5);
    send_all();
    size_t size = client.out.used;
    memcpy(first, client.out.data, size);
    close_client();
    connect_client("16-200", 0.5);
    send_all();
    CU_ASSERT_EQUAL(client.out.used, size);
    CU_ASSERT_EQUAL(memcmp(first, client.out.data, size), 0);
    close_client();
}

CY_TEST_MAIN("load.client", CY_TEST(an_honest_server_is_without_faults_however_replies_are_cut),
             CY_TEST(the_pipeline_bounds_what_is_outstanding),
             CY_TEST(filling_writes_every_key_once_and_then_nil_is_stale),
             CY_TEST(a_value_older_than_the_acknowledged_one_is_stale),
             CY_TEST(a_changed_byte_is_one_corrupted_reply),
             CY_TEST(replies_that_cannot_be_told_apart_end_the_connection),
             CY_TEST(only_what_was_written_can_be_lost), CY_TEST(frames_come_back_from_an_echo),
             CY_TEST(the_same_seed_makes_the_same_requests))
