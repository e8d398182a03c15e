#include "cy_test.h"
#include "kv_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct test_world world;
static struct kv_session session;

static void
begin(uint16_t shards)
{
    test_world_init(&world, shards);
    kv_session_init(&session, &world.site[0], NULL);
}

static void
end(void)
{
    kv_session_fini(&session);
    test_world_fini(&world);
}

#define SAYS(words, reply) CU_ASSERT(test_command(&session, words, reply))

static bool
heard(const char *text)
{
    bool same =
        world.heard.used == strlen(text) && memcmp(world.heard.at, text, world.heard.used) == 0;
    world.heard.used = 0;
    return same;
}

static void
talks_about_the_connection(void)
{
    begin(1);
    SAYS("ping", "+PONG");
    SAYS("ping hello", "$5\r\nhello");
    SAYS("ping a b", "-ERR wrong number of arguments for 'ping' command");
    SAYS("echo x", "$1\r\nx");
    SAYS("select 0", "+OK");
    SAYS("select 1", "-ERR DB index is out of range");
    SAYS("select x", "-ERR value is not an integer or out of range");
    SAYS("time", "*2\r\n$10\r\n1700000000\r\n$1\r\n0");
    SAYS("auth x", "-ERR AUTH <password> called without any password configured for the "
                   "default user. Are you sure your configuration is correct?");
    SAYS("auth default x", "+OK");
    SAYS("auth joe x", "-WRONGPASS invalid username-password pair or user is disabled.");
    SAYS("auth a b c", "-ERR syntax error");
    end();
}

static void
names_the_connection(void)
{
    begin(1);
    SAYS("client getname", "$-1");
    SAYS("client setname joe", "+OK");
    SAYS("client getname", "$3\r\njoe");
    SAYS("client setname \"a b\"",
         "-ERR Client names cannot contain spaces, newlines or special characters.");
    SAYS("client id", ":1");
    SAYS("client setinfo lib-name x", "+OK");
    SAYS("client setinfo what x", "-ERR Unrecognized option 'what'");
    SAYS("client", "-ERR wrong number of arguments for 'client' command");
    SAYS("client setname", "-ERR wrong number of arguments for 'client|setname' command");
    SAYS("client foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.");
    char longest[300] = "client setname ";
    memset(longest + 15, 'x', 127);
    SAYS(longest, "+OK");
    longest[15 + 127] = 'x';
    SAYS(longest, "-ERR Client names cannot be longer than 127 bytes.");
    SAYS("client setname \"\"", "+OK");
    SAYS("client getname", "$-1");
    end();
}

static void
greets_in_either_protocol(void)
{
    begin(1);
    CU_ASSERT(
        test_says(&session, "HELLO 3\r\n",
                  "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"
                  "$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
                  "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"));
    SAYS("get none", "_");
    SAYS("hello 4", "-NOPROTO unsupported protocol version");
    SAYS("hello x", "-ERR Protocol version is not an integer or out of range");
    SAYS("hello 2 foo", "-ERR Syntax error in HELLO option 'foo'");
    SAYS("hello 2 auth joe x",
         "-WRONGPASS invalid username-password pair or user is disabled.");
    SAYS("get none", "_");
    SAYS("reset", "+RESET");
    SAYS("get none", "$-1");
    end();
}

static void
says_what_is_wrong_with_a_command(void)
{
    begin(1);
    SAYS("foo a b", "-ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
    SAYS("get", "-ERR wrong number of arguments for 'get' command");
    SAYS("GET a b", "-ERR wrong number of arguments for 'get' command");
    SAYS("config foo", "-ERR unknown subcommand 'foo'. Try CONFIG HELP.");
    end();
}

static void
describes_itself(void)
{
    begin(3);
    SAYS("config get save", "*2\r\n$4\r\nsave\r\n$0\r\n");
    SAYS("config get app* none", "*2\r\n$10\r\nappendonly\r\n$2\r\nno");
    SAYS("config get", "-ERR wrong number of arguments for 'config|get' command");
    test_feed(&session, "set a 1\r\n", 9, 9);
    session.out.used = 0;
    test_feed(&session, "info keyspace\r\n", 15, 15);
    kv_buffer_append(&session.out, "", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(session.out.at, "db0:keys=1,expires=0"));
    CU_ASSERT_PTR_NULL(strstr(session.out.at, "# Server"));
    session.out.used = 0;
    test_feed(&session, "info\r\n", 6, 6);
    kv_buffer_append(&session.out, "", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(session.out.at, "redis_version:7.0.15\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(session.out.at, "used_memory:"));
    session.out.used = 0;
    SAYS("command info none", "*1\r\n*-1");
    SAYS("command docs none", "*0");
    end();
}

static void
ends_by_quit_and_runs_nothing_behind_it(void)
{
    begin(2);
    CU_ASSERT(test_says(&session, "SET a 1\r\nQUIT\r\nSET a 2\r\n", "+OK\r\n+OK\r\n"));
    CU_ASSERT(session.closing);
    kv_session_fini(&session);
    kv_session_init(&session, &world.site[0], NULL);
    SAYS("get a", "$1\r\n1");
    end();
}

static void
ends_after_a_malformed_request_with_all_replies(void)
{
    begin(3);
    CU_ASSERT(test_says(&session, "MSET a 1 b 2 c 3 d 4\r\nGET d\r\n*1\r\n!\r\n",
                        "+OK\r\n$1\r\n4\r\n-ERR Protocol error: expected '$', got '!'\r\n"));
    CU_ASSERT(session.closing);
    end();
}

static void
does_not_answer_a_browser(void)
{
    begin(1);
    CU_ASSERT(test_says(&session, "POST / HTTP/1.1\r\nHost: x\r\n\r\n", ""));
    CU_ASSERT(session.closing);
    end();
}

static void
subscriptions_are_confirmed_and_counted(void)
{
    begin(1);
    SAYS("subscribe a b a",
         "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n"
         "$1\r\nb\r\n:2\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:2");
    CU_ASSERT(heard("+c a\n+c b\n"));
    SAYS("psubscribe x*", "*3\r\n$10\r\npsubscribe\r\n$2\r\nx*\r\n:3");
    CU_ASSERT(heard("+p x*\n"));
    SAYS("unsubscribe b none", "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:2\r\n"
                               "*3\r\n$11\r\nunsubscribe\r\n$4\r\nnone\r\n:2");
    CU_ASSERT(heard("-c b\n"));
    SAYS("unsubscribe", "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1");
    SAYS("unsubscribe", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:1");
    SAYS("punsubscribe", "*3\r\n$12\r\npunsubscribe\r\n$2\r\nx*\r\n:0");
    CU_ASSERT(heard("-c a\n-p x*\n"));
    end();
}

static void
a_resp2_subscriber_may_do_little_else(void)
{
    begin(1);
    SAYS("subscribe a", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1");
    SAYS("get a", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                  "QUIT / RESET are allowed in this context");
    SAYS("ping", "*2\r\n$4\r\npong\r\n$0\r\n");
    SAYS("ping x", "*2\r\n$4\r\npong\r\n$1\r\nx");
    SAYS("reset", "+RESET");
    CU_ASSERT(heard("+c a\n-c a\n"));
    SAYS("get a", "$-1");
    end();
}

static void
a_resp3_subscriber_may_do_everything(void)
{
    begin(1);
    test_feed(&session, "HELLO 3\r\n", 9, 9);
    SAYS("subscribe a", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1");
    SAYS("get a", "_");
    SAYS("ping", "+PONG");
    end();
}

static void
publishing_says_how_many_heard(void)
{
    begin(1);
    world.receivers = 3;
    SAYS("publish news hello", ":3");
    CU_ASSERT(heard("news=hello\n"));
    world.publish_result = -EMSGSIZE;
    SAYS("publish news hello", "-ERR message is too long to be published");
    world.publish_result = -EAGAIN;
    SAYS("publish news hello", "-ERR message could not be published");
    end();
}

static void
a_subscription_that_fails_ends_the_session(void)
{
    begin(1);
    world.listen_result = -EAGAIN;
    CU_ASSERT(test_says(&session, "SUBSCRIBE a\r\n", ""));
    CU_ASSERT(session.closing);
    CU_ASSERT_EQUAL(session.channels.count, 0);
    end();
}

/* All shards in turn hold the keys; own and foreign ones mixed in one pipeline. */
static void
a_pipeline_over_shards_keeps_its_order(void)
{
    for (uint16_t shards = 1; shards <= TEST_SHARDS_MAX; shards++) {
        struct kv_buffer request = {0};
        struct kv_buffer reply = {0};
        begin(shards);
        for (int i = 0; i < 200; i++) {
            char text[200];
            int bytes = snprintf(text, sizeof text,
                                 "SET k%d %d\r\nECHO e%d\r\nINCR k%d\r\nMGET k%d none k%d\r\n"
                                 "DEL k%d k%d\r\nFOO\r\n",
                                 i, i, i, i, i, i, i, i + 1000);
            kv_buffer_append(&request, text, (size_t) bytes);
            char word[16];
            int length = snprintf(word, sizeof word, "%d", i + 1);
            kv_reply_ok(&reply);
            bytes = snprintf(text, sizeof text, "e%d", i);
            kv_reply_bulk(&reply, text, (size_t) bytes);
            kv_reply_integer(&reply, i + 1);
            kv_reply_array(&reply, 3);
            kv_reply_bulk(&reply, word, (size_t) length);
            kv_reply_null(&reply, 2);
            kv_reply_bulk(&reply, word, (size_t) length);
            kv_reply_integer(&reply, 1);
            kv_reply_error(&reply, "ERR unknown command 'FOO', with args beginning with: ");
        }
        CU_ASSERT(test_says_bytes(&session, (struct kv_slice){request.at, request.used},
                                  (struct kv_slice){reply.at, reply.used}));
        CU_ASSERT(shards == 1 ? world.exchanges == 0 : world.exchanges > 0);
        CU_ASSERT(world.exchanges < 30); /* batches, not single commands */
        kv_buffer_free(&request);
        kv_buffer_free(&reply);
        end();
    }
}

static void
own_keys_wait_for_own_parts_of_earlier_commands(void)
{
    begin(2);
    /* MSET's part for the own shard waits in the batch; GET may not overtake it. */
    for (int i = 0; i < 20; i++) {
        char request[100];
        char reply[100];
        snprintf(request, sizeof request, "MSET a%d 1 b%d 2 c%d 3\r\nMGET a%d b%d c%d\r\n", i,
                 i, i, i, i, i);
        snprintf(reply, sizeof reply, "+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
        CU_ASSERT(test_says(&session, request, reply));
        snprintf(request, sizeof request,
                 "DEL a%d b%d c%d\r\nGET a%d\r\nGET b%d\r\nGET c%d\r\n", i, i, i, i, i, i);
        CU_ASSERT(test_says(&session, request, ":3\r\n$-1\r\n$-1\r\n$-1\r\n"));
    }
    end();
}

static void
commands_for_a_held_shard_go_through_the_exchange(void)
{
    begin(2);
    char name = 'a';
    while (kv_session_shard(&session, &(struct kv_arg){&name, 1, NULL}) != 0)
        name++;
    char words[] = "incr ?";
    words[5] = name;
    SAYS(words, ":1");
    CU_ASSERT_EQUAL(world.exchanges, 0);
    world.shard[0].holder = 99; /* lets go as soon as somebody asks */
    SAYS(words, ":2");
    CU_ASSERT_EQUAL(world.exchanges, 1);
    CU_ASSERT_EQUAL(world.shard[0].holder, 0);
    SAYS(words, ":3");
    CU_ASSERT_EQUAL(world.exchanges, 1);
    end();
}

static void
much_output_is_drained_on_the_way(void)
{
    begin(3);
    char *value = malloc(100001);
    memset(value, 'x', 100000);
    value[100000] = '\0';
    struct kv_buffer request = {0};
    KV_REPLY_LITERAL(&request, "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$100000\r\n");
    kv_buffer_append(&request, value, 100000);
    kv_buffer_append(&request, "\r\n", 2);
    for (int i = 0; i < 100; i++)
        KV_REPLY_LITERAL(&request, "GET b\r\n");
    test_feed(&session, request.at, request.used, SIZE_MAX);
    CU_ASSERT(world.drains >= 2);
    CU_ASSERT_EQUAL(world.drained.used + session.out.used, 5 + 100 * 100011);
    kv_buffer_free(&request);
    free(value);
    end();
}

static void
a_client_that_takes_no_output_ends(void)
{
    begin(1);
    struct kv_buffer request = {0};
    KV_REPLY_LITERAL(&request, "SET a 1\r\nSETRANGE a 300000 x\r\n");
    for (int i = 0; i < 100; i++)
        KV_REPLY_LITERAL(&request, "GET a\r\n");
    world.drain_result = -ETIMEDOUT;
    test_feed(&session, request.at, request.used, SIZE_MAX);
    CU_ASSERT(session.closing);
    CU_ASSERT_EQUAL(world.drains, 1);
    kv_buffer_free(&request);
    end();
}

static void
an_exchange_that_fails_ends_the_session(void)
{
    begin(3);
    world.fail_exchange_at = 1;
    CU_ASSERT(test_says(&session, "MSET a 1 b 2 c 3 d 4\r\nPING\r\n", ""));
    CU_ASSERT(session.closing);
    end();
}

/* Appends something that a client might send, or might have sent had it been sane. */
static void
add_garbage(struct kv_buffer *request, uint64_t *random)
{
    static const char *const pieces[] = {"*1\r\n$4\r\nPING\r\n",
                                         "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n12\r\n",
                                         "*2\r\n$3\r\nGET\r\n",
                                         "$1\r\na\r\n",
                                         "*",
                                         "$",
                                         "\r\n",
                                         "\r",
                                         "\n",
                                         "1",
                                         "0",
                                         "-",
                                         "MGET a b c d\r\n",
                                         "MSETNX a 1 b 2 c 3\r\n",
                                         "RENAME a b\r\n",
                                         "SCAN 0\r\n",
                                         "RANDOMKEY\r\n",
                                         "SUBSCRIBE a\r\n",
                                         "UNSUBSCRIBE\r\n",
                                         "HELLO 3\r\n",
                                         "RESET\r\n",
                                         "\"",
                                         "'",
                                         "\\x",
                                         "APPEND a \"xyz\"\r\n",
                                         "SETRANGE b 70000 x\r\n",
                                         "GET b\r\n",
                                         "DEL a b\r\n",
                                         "INFO\r\n",
                                         "*2\r\n$3\r\nGET\r\n$40000\r\n",
                                         "FLUSHALL\r\n",
                                         "KEYS *\r\n",
                                         "INCR a\r\n",
                                         "EXPIRE a 1\r\n",
                                         "COMMAND\r\n",
                                         "*100\r\n",
                                         "CONFIG GET *\r\n",
                                         "PUBLISH a b\r\n"};
    uint64_t draw = kv_random_next(random);
    const char *piece = pieces[draw % (sizeof pieces / sizeof pieces[0])];
    size_t bytes = strlen(piece);
    if ((draw >> 32) % 8 == 0)
        bytes = (draw >> 40) % (bytes + 1); /* cut short */
    kv_buffer_append(request, piece, bytes);
    if ((draw >> 16) % 16 == 0) {
        char byte = (char) (draw >> 24);
        kv_buffer_append(request, &byte, 1);
    }
}

static void
survives_whatever_it_is_sent(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 2000);) {
        struct kv_buffer request = {0};
        uint64_t random = seed;
        begin((uint16_t) (1 + seed % 4));
        uint64_t count = kv_random_next(&random) % 200;
        for (uint64_t i = 0; i < count; i++)
            add_garbage(&request, &random);
        if (request.used > 0)
            test_feed(&session, request.at, request.used, 1 + kv_random_next(&random) % 300);
        bool healthy = !session.out.failed;
        for (uint16_t i = 0; i < world.config.shards; i++)
            healthy = healthy && world.shard[i].holder == 0;
        CU_ASSERT(healthy);
        kv_buffer_free(&request);
        end();
    }
}

CY_TEST_MAIN(
    "kv.session", CY_TEST(talks_about_the_connection), CY_TEST(names_the_connection),
    CY_TEST(greets_in_either_protocol), CY_TEST(says_what_is_wrong_with_a_command),
    CY_TEST(describes_itself), CY_TEST(ends_by_quit_and_runs_nothing_behind_it),
    CY_TEST(ends_after_a_malformed_request_with_all_replies),
    CY_TEST(does_not_answer_a_browser), CY_TEST(subscriptions_are_confirmed_and_counted),
    CY_TEST(a_resp2_subscriber_may_do_little_else),
    CY_TEST(a_resp3_subscriber_may_do_everything), CY_TEST(publishing_says_how_many_heard),
    CY_TEST(a_subscription_that_fails_ends_the_session),
    CY_TEST(a_pipeline_over_shards_keeps_its_order),
    CY_TEST(own_keys_wait_for_own_parts_of_earlier_commands),
    CY_TEST(commands_for_a_held_shard_go_through_the_exchange),
    CY_TEST(much_output_is_drained_on_the_way), CY_TEST(a_client_that_takes_no_output_ends),
    CY_TEST(an_exchange_that_fails_ends_the_session), CY_TEST(survives_whatever_it_is_sent))
