#include "cy_test.h"
#include "kv_world.h"

#include <stdio.h>
#include <stdlib.h>

#define SHARDS 5

static struct test_world world;
static struct kv_session session;

static void
begin(void)
{
    test_world_init(&world, SHARDS);
    kv_session_init(&session, &world.site[0], NULL);
}

static bool
nothing_is_held(void)
{
    bool held = false;
    for (int i = 0; i < SHARDS; i++)
        held = held || world.shard[i].holder != 0;
    return !held;
}

static void
end(void)
{
    CU_ASSERT(nothing_is_held());
    kv_session_fini(&session);
    test_world_fini(&world);
}

#define SAYS(words, reply) CU_ASSERT(test_command(&session, words, reply))

static void
msetnx_sets_all_or_nothing_on_any_shards(void)
{
    begin();
    SAYS("msetnx a 1 b 2 c 3 d 4 e 5 f 6", ":1");
    SAYS("mget a b c d e f",
         "*6\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6");
    for (int present = 'a'; present <= 'f'; present++) {
        char words[100];
        snprintf(words, sizeof words, "msetnx u 1 v 2 w 3 x 4 %c 5 y 6 z 7", present);
        SAYS(words, ":0");
        SAYS("exists u v w x y z", ":0");
        CU_ASSERT(nothing_is_held());
    }
    SAYS("msetnx a 1 b", "-ERR wrong number of arguments for 'msetnx' command");
    end();
}

static void
msetnx_is_refused_when_memory_is_short(void)
{
    begin();
    SAYS("mset a 1 b 2 c 3", "+OK");
    world.budget.max = 1;
    SAYS("msetnx u 1 v 2 w 3 x 4", "-OOM command not allowed when used memory > 'maxmemory'.");
    end();
}

static void
rename_carries_value_and_expiry_between_any_two_shards(void)
{
    begin();
    world.budget.max = 1; /* as in Redis, renaming is not refused */
    for (int i = 0; i < 50; i++) {
        char words[100];
        world.budget.max = 0;
        snprintf(words, sizeof words, "set from%d value%d ex %d", i, i, 100 + i);
        SAYS(words, "+OK");
        snprintf(words, sizeof words, "set to%d old", i);
        SAYS(words, "+OK");
        world.budget.max = 1;
        snprintf(words, sizeof words, "rename from%d to%d", i, i);
        SAYS(words, "+OK");
        snprintf(words, sizeof words, "exists from%d", i);
        SAYS(words, ":0");
        char reply[100];
        char value[32];
        snprintf(value, sizeof value, "value%d", i);
        snprintf(words, sizeof words, "get to%d", i);
        snprintf(reply, sizeof reply, "$%zu\r\n%s", strlen(value), value);
        SAYS(words, reply);
        snprintf(words, sizeof words, "ttl to%d", i);
        snprintf(reply, sizeof reply, ":%d", 100 + i);
        SAYS(words, reply);
    }
    end();
}

static void
rename_fails_for_a_key_that_is_not_there(void)
{
    begin();
    for (int to = 'a'; to <= 'p'; to++) {
        char words[100];
        snprintf(words, sizeof words, "rename none %c", to);
        SAYS(words, "-ERR no such key");
    }
    end();
}

static void
renamenx_leaves_a_key_that_is_there(void)
{
    begin();
    SAYS("mset a 1 b 2 c 3 d 4 e 5", "+OK");
    for (int to = 'b'; to <= 'e'; to++) {
        char words[100];
        snprintf(words, sizeof words, "renamenx a %c", to);
        SAYS(words, ":0");
    }
    SAYS("renamenx a x", ":1");
    SAYS("renamenx x y", ":1");
    SAYS("renamenx y z", ":1");
    SAYS("mget a b z", "*3\r\n$-1\r\n$1\r\n2\r\n$1\r\n1");
    end();
}

static void
binary_and_large_values_are_renamed_unharmed(void)
{
    begin();
    SAYS("setrange a 100000 x", ":100001");
    SAYS("rename a b", "+OK");
    SAYS("rename b c", "+OK");
    SAYS("rename c d", "+OK");
    SAYS("rename d e", "+OK");
    SAYS("strlen e", ":100001");
    SAYS("getrange e -1 -1", "$1\r\nx");
    CU_ASSERT(test_says_bytes(&session, (struct kv_slice){"getrange e 0 1\r\n", 16},
                              (struct kv_slice){"$2\r\n\0\0\r\n", 8}));
    end();
}

/* Whichever exchange fails, the session ends and whoever is left can go on. */
static void
no_shard_stays_held_when_memory_runs_out_on_the_way(void)
{
    static const char *const commands[] = {"MSETNX a 1 b 2 c 3 d 4 e 5\r\n", "RENAME a b\r\n",
                                           "RENAMENX a z\r\n"};
    for (size_t i = 0; i < 3; i++) {
        for (int step = 1; step <= 4; step++) {
            begin();
            SAYS("mset a 1 f 2 g 3 h 4", "+OK");
            if (i == 0)
                SAYS("del a", ":1");
            world.exchanges = 0;
            world.fail_exchange_at = step;
            test_feed(&session, commands[i], strlen(commands[i]), SIZE_MAX);
            CU_ASSERT(session.closing || world.exchanges < (uint32_t) step);
            end();
        }
    }
}

static void
random_keys_are_fair_over_shards(void)
{
    int drawn[40] = {0};
    begin();
    SAYS("randomkey", "$-1");
    for (int i = 0; i < 40; i++) {
        char words[32];
        snprintf(words, sizeof words, "set k%02d x", i);
        SAYS(words, "+OK");
    }
    for (int i = 0; i < 8000; i++) {
        session.out.used = 0;
        test_feed(&session, "RANDOMKEY\r\n", 11, 11);
        kv_buffer_append(&session.out, "", 1);
        drawn[atoi(session.out.at + 5)]++;
    }
    session.out.used = 0;
    for (int i = 0; i < 40; i++) /* 200 expected, standard deviation 14 */
        CU_ASSERT(drawn[i] > 120 && drawn[i] < 280);
    end();
}

static void
a_random_key_has_not_expired(void)
{
    begin();
    SAYS("set stays x", "+OK");
    for (int i = 0; i < 40; i++) {
        char words[32];
        snprintf(words, sizeof words, "set k%02d x px 1", i);
        SAYS(words, "+OK");
    }
    world.now += 10;
    for (int i = 0; i < 20; i++)
        SAYS("randomkey", "$5\r\nstays");
    SAYS("del stays", ":1");
    SAYS("randomkey", "$-1");
    end();
}

CY_TEST_MAIN("kv.apart", CY_TEST(msetnx_sets_all_or_nothing_on_any_shards),
             CY_TEST(msetnx_is_refused_when_memory_is_short),
             CY_TEST(rename_carries_value_and_expiry_between_any_two_shards),
             CY_TEST(rename_fails_for_a_key_that_is_not_there),
             CY_TEST(renamenx_leaves_a_key_that_is_there),
             CY_TEST(binary_and_large_values_are_renamed_unharmed),
             CY_TEST(no_shard_stays_held_when_memory_runs_out_on_the_way),
             CY_TEST(random_keys_are_fair_over_shards), CY_TEST(a_random_key_has_not_expired))
