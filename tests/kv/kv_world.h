/* kv_world.h - a world for sessions without sockets, tasks or clocks. */
#ifndef KV_WORLD_H
#define KV_WORLD_H

#include "session.h"

#define TEST_SHARDS_MAX 8

struct test_world {
    struct kv_config config;
    struct kv_budget budget;
    struct kv_shard shard[TEST_SHARDS_MAX];
    struct kv_site site[TEST_SHARDS_MAX];
    int64_t now;
    uint32_t exchanges;   /* so many so far */
    int fail_exchange_at; /* this one fails; 0: none */
    uint32_t drains;
    struct kv_buffer drained; /* what was taken off by drain */
    int drain_result;
    struct kv_buffer heard; /* names that sessions listen to, each followed by a line break */
    int listen_result;
    int64_t receivers; /* what publish says */
    int publish_result;
};

void test_world_init(struct test_world *world, uint16_t shards);
void test_world_fini(struct test_world *world);

/* Gives bytes to a session in pieces of at most `piece` bytes and lets it run after each. */
void test_feed(struct kv_session *session, const char *bytes, size_t count, size_t piece);

/* Feeds a text and says whether exactly this came out; prints both if not. */
bool test_says(struct kv_session *session, const char *request, const char *reply);

/* As above, with sizes, for what holds zero bytes. */
bool test_says_bytes(struct kv_session *session, struct kv_slice request,
                     struct kv_slice reply);

/* A session on core 0 that has been given a command as words, "set a 1": the reply as text. */
bool test_command(struct kv_session *session, const char *words, const char *reply);

#endif
