/*
 * gate.c - the task that other instances come to first.
 * Tests: tests/kv/test_cluster.py
 */
#include "cluster.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>

/* Of another instance: how many of its cores have found us. */
struct met {
    uint32_t node;
    uint16_t cores;
    bool told; /* main knows, once for all */
};

/* Everybody's hello is like our own, but for the index. */
static enum kv_greeting
judge(const struct kv_server *server, const struct kv_hello *hello,
      const struct kv_hello *expected, uint32_t node)
{
    struct kv_hello same = *hello;

    same.index = expected->index;
    if (memcmp(&same, expected, sizeof same) != 0 || hello->index >= hello->size)
        return KV_GREETING_DIFFERS;
    if (hello->index == expected->index)
        return KV_GREETING_TAKEN;
    const struct kv_peer *peers = server->core[0].peers;
    if (server->has_shards && peers[hello->index].up && peers[hello->index].node != node)
        return KV_GREETING_TAKEN;
    if (server->has_shards)
        return KV_GREETING_SHARDS;
    return server->has_seed ? KV_GREETING_SEED : KV_GREETING_NO_SEED;
}

static int
create_welcome(const struct kv_server *server, enum kv_greeting greeting, cy_msg **out)
{
    struct kv_welcome welcome = {
        .greeting = (uint16_t) greeting,
        .size = (uint16_t) server->flags.cluster_size,
        .cores = server->cores,
    };
    size_t bytes = greeting == KV_GREETING_SHARDS ? server->cores * sizeof(cy_ref) : 0;

    int result = cy_msg_create(out, KV_TAG_HELLO, sizeof welcome + 2 * bytes);
    if (result < 0)
        return result;
    if (greeting == KV_GREETING_SEED || greeting == KV_GREETING_SHARDS)
        welcome.seed = server->config.seed;
    char *at = cy_msg_body(*out);
    memcpy(at, &welcome, sizeof welcome);
    at += sizeof welcome;
    memcpy(at, server->shards, bytes);
    memcpy(at + bytes, server->publishers, bytes);
    return 0;
}

/* An instance that was started again begins to count again. */
static void
count_met(const struct kv_server *server, struct met *met, uint32_t node)
{
    if (met->node != node)
        *met = (struct met){.node = node, .told = met->told};
    if (++met->cores != server->cores || met->told)
        return;
    met->told = true;
    (void) !kv_send_surely(server->main, KV_TAG_JOINED, NULL, 0);
}

static void
greet(const struct kv_server *server, const cy_msg *msg, struct met *met)
{
    const struct kv_hello expected = kv_cluster_hello(server);
    uint32_t node = cy_msg_sender(msg).node;
    struct kv_hello hello;
    cy_msg *reply;

    if (cy_msg_size(msg) != sizeof hello)
        return;
    memcpy(&hello, cy_msg_body(msg), sizeof hello);
    enum kv_greeting greeting = judge(server, &hello, &expected, node);
    if (cy_msg_tag(msg) == KV_TAG_MET) {
        if (greeting == KV_GREETING_SHARDS)
            count_met(server, &met[hello.index], node);
        return;
    }
    if (greeting == KV_GREETING_DIFFERS || greeting == KV_GREETING_TAKEN)
        cy_log_write(CY_LOG_WARN, "kv.cluster.refused", "index=%u size=%u cores=%u why=%s",
                     hello.index, hello.size, hello.cores,
                     greeting == KV_GREETING_TAKEN ? "taken" : "differs");
    if (create_welcome(server, greeting, &reply) < 0)
        return;
    (void) !cy_reply(msg, &reply); /* who gets no answer asks again */
    cy_msg_free(&reply);
}

int
kv_gate(void *arg)
{
    struct kv_server *server = arg;
    struct met met[KV_INSTANCES_MAX] = {{0}};
    char name[CY_NAME_MAX + 1];
    cy_msg *msg;

    kv_cluster_name(server, (uint16_t) server->flags.cluster_index, name);
    int result = cy_task_register(name);
    if (result < 0) {
        cy_log_write(CY_LOG_ERROR, "kv.cluster.name", "name=%s error=%s", name,
                     cy_strerror(result));
        return result;
    }
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_msg_tag(msg) == KV_TAG_HELLO || cy_msg_tag(msg) == KV_TAG_MET)
            greet(server, msg, met);
        cy_msg_free(&msg);
    }
    return 0;
}
