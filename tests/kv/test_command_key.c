#include "cy_test.h"
#include "kv_world.h"

#include <stdio.h>
#include <stdlib.h>

static struct test_world world;
static struct kv_session session;

static void
begin(void)
{
    test_world_init(&world, 1);
    kv_session_init(&session, &world.site[0], NULL);
}

static void
end(void)
{
    kv_session_fini(&session);
    test_world_fini(&world);
}

#define SAYS(words, reply) CU_ASSERT(test_command(&session, words, reply))

static void
tells_which_keys_there_are(void)
{
    begin();
    SAYS("mset a 1 b 2", "+OK");
    SAYS("exists a b a none", ":3");
    SAYS("touch a none", ":1");
    SAYS("type a", "+string");
    SAYS("type none", "+none");
    SAYS("del a none a", ":1");
    SAYS("unlink b", ":1");
    SAYS("dbsize", ":0");
    end();
}

static void
renames_keys(void)
{
    begin();
    SAYS("rename a b", "-ERR no such key");
    SAYS("set a 1 ex 100", "+OK");
    SAYS("rename a a", "+OK");
    SAYS("renamenx a a", ":0");
    SAYS("set b 2", "+OK");
    SAYS("renamenx a b", ":0");
    SAYS("rename a b", "+OK");
    SAYS("get b", "$1\r\n1");
    SAYS("ttl b", ":100");
    SAYS("exists a", ":0");
    SAYS("renamenx b c", ":1");
    SAYS("renamenx none c", "-ERR no such key");
    end();
}

static void
sets_times_of_expiry(void)
{
    begin();
    SAYS("expire a 10", ":0");
    SAYS("set a 1", "+OK");
    SAYS("expire a 10", ":1");
    SAYS("ttl a", ":10");
    SAYS("pexpire a 10500", ":1");
    SAYS("ttl a", ":11");
    SAYS("expireat a 1700000020", ":1");
    SAYS("expiretime a", ":1700000020");
    SAYS("pexpireat a 1700000020400", ":1");
    SAYS("pexpiretime a", ":1700000020400");
    SAYS("expiretime a", ":1700000020");
    SAYS("persist a", ":1");
    SAYS("persist a", ":0");
    SAYS("persist none", ":0");
    SAYS("ttl none", ":-2");
    SAYS("pexpiretime a", ":-1");
    SAYS("expire a 0", ":1");
    SAYS("exists a", ":0");
    end();
}

static void
expiring_under_conditions(void)
{
    begin();
    SAYS("set a 1", "+OK");
    SAYS("expire a 10 xx", ":0");
    SAYS("expire a 10 gt", ":0");
    SAYS("expire a 10 lt", ":1");
    SAYS("expire a 20 nx", ":0");
    SAYS("expire a 10 gt", ":0");
    SAYS("expire a 11 gt", ":1");
    SAYS("expire a 11 lt", ":0");
    SAYS("expire a 5 xx lt", ":1");
    SAYS("ttl a", ":5");
    SAYS("expire a 1 nx xx",
         "-ERR NX and XX, GT or LT options at the same time are not compatible");
    SAYS("expire a 1 gt lt", "-ERR GT and LT options at the same time are not compatible");
    SAYS("expire a 1 foo", "-ERR Unsupported option foo");
    SAYS("expire a x", "-ERR value is not an integer or out of range");
    SAYS("expire a 9223372036854775807", "-ERR invalid expire time in 'expire' command");
    SAYS("pexpire a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command");
    SAYS("expire a -9223372036854775", ":1");
    SAYS("exists a", ":0");
    end();
}

static void
lists_keys_by_pattern(void)
{
    begin();
    SAYS("keys *", "*0");
    SAYS("mset key:1 a key:22 b other c", "+OK");
    SAYS("keys other", "*1\r\n$5\r\nother");
    SAYS("keys key:?", "*1\r\n$5\r\nkey:1");
    SAYS("pexpire other 1", ":1");
    world.now += 2;
    SAYS("keys o*", "*0");
    SAYS("randomkey extra", "-ERR wrong number of arguments for 'randomkey' command");
    SAYS("flushall foo", "-ERR syntax error");
    SAYS("flushall async foo", "-ERR syntax error");
    SAYS("flushdb sync", "+OK");
    SAYS("randomkey", "$-1");
    SAYS("set one 1", "+OK");
    SAYS("randomkey", "$3\r\none");
    SAYS("flushall", "+OK");
    SAYS("dbsize", ":0");
    end();
}

static void
the_empty_key_is_listed_by_a_star_alone(void)
{
    begin();
    SAYS("set \"\" x", "+OK");
    SAYS("keys *", "*1\r\n$0\r\n");
    SAYS("keys **", "*0");
    SAYS("scan 0 match *", "*2\r\n$1\r\n0\r\n*1\r\n$0\r\n");
    end();
}

static void
scans_with_options(void)
{
    begin();
    SAYS("scan 0", "*2\r\n$1\r\n0\r\n*0");
    SAYS("mset key:1 a key:22 b", "+OK");
    SAYS("scan 0 match key:? count 100", "*2\r\n$1\r\n0\r\n*1\r\n$5\r\nkey:1");
    SAYS("scan 0 type list count 100", "*2\r\n$1\r\n0\r\n*0");
    SAYS("scan 0 type STRING match *2 count 100", "*2\r\n$1\r\n0\r\n*1\r\n$6\r\nkey:22");
    SAYS("scan x", "-ERR invalid cursor");
    SAYS("scan 0 count 0", "-ERR syntax error");
    SAYS("scan 0 count x", "-ERR value is not an integer or out of range");
    SAYS("scan 0 count", "-ERR syntax error");
    SAYS("scan 0 foo 1", "-ERR syntax error");
    end();
}

/* Scans with so many shards and counts the keys that came, each with a line break. */
static size_t
scan_all(uint16_t shards, const char *options)
{
    struct kv_session client;
    char request[100];
    unsigned long long cursor = 0;
    size_t lines = 0;
    size_t steps = 0;

    test_world_init(&world, shards);
    kv_session_init(&client, &world.site[0], NULL);
    for (int i = 0; i < 1000; i++) {
        int bytes = snprintf(request, sizeof request, "set key:%d %d\r\n", i, i);
        test_feed(&client, request, (size_t) bytes, SIZE_MAX);
    }
    do {
        client.out.used = 0;
        int bytes = snprintf(request, sizeof request, "scan %llu %s\r\n", cursor, options);
        test_feed(&client, request, (size_t) bytes, SIZE_MAX);
        kv_buffer_append(&client.out, "", 1);
        const char *at = strchr(client.out.at + 4, '\n') + 1;
        cursor = strtoull(at, NULL, 10);
        for (at = strstr(at, "*") + 1; (at = strchr(at, '$')) != NULL; at++)
            lines++;
    } while (cursor != 0 && ++steps < 10000);
    kv_session_fini(&client);
    test_world_fini(&world);
    return lines;
}

static void
a_scan_visits_all_keys_on_any_number_of_shards(void)
{
    CU_ASSERT_EQUAL(scan_all(1, ""), 1000);
    CU_ASSERT_EQUAL(scan_all(3, ""), 1000);
    CU_ASSERT_EQUAL(scan_all(8, "count 1"), 1000);
    CU_ASSERT_EQUAL(scan_all(8, "count 100000"), 1000);
    CU_ASSERT_EQUAL(scan_all(3, "match key:1*"), 111);
}

CY_TEST_MAIN("kv.command_key", CY_TEST(tells_which_keys_there_are), CY_TEST(renames_keys),
             CY_TEST(sets_times_of_expiry), CY_TEST(expiring_under_conditions),
             CY_TEST(lists_keys_by_pattern), CY_TEST(the_empty_key_is_listed_by_a_star_alone),
             CY_TEST(scans_with_options),
             CY_TEST(a_scan_visits_all_keys_on_any_number_of_shards))
