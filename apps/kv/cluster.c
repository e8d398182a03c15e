/*
 * cluster.c - an instance joins its cluster.
 * Tests: tests/kv/test_cluster.py
 */
#include "cluster.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE  (250 * CY_MILLISECOND) /* for one instance, before the next is asked */
#define PAUSE     (10 * CY_MILLISECOND)  /* before all are asked again */
#define SAY_AFTER (2 * CY_SECOND)        /* what is waited for */

_Static_assert(sizeof(struct kv_hello) == 24 && sizeof(struct kv_welcome) == 24,
               "no padding: other processes read them");

void
kv_cluster_name(const struct kv_server *server, uint16_t index, char out[CY_NAME_MAX + 1])
{
    snprintf(out, CY_NAME_MAX + 1, "%s.%u", server->flags.cluster_name, index);
}

static uint64_t
hash_commands(void)
{
    static const struct kv_seed seed = {1, 2};
    uint64_t hash = 0;

    for (uint32_t i = 0; i < kv_command_count; i++) {
        const char *name = kv_commands[i].name;
        hash = hash * 31 + kv_hash(&seed, name, strlen(name));
    }
    return hash;
}

struct kv_hello
kv_cluster_hello(const struct kv_server *server)
{
    return (struct kv_hello){
        .version = KV_CLUSTER_VERSION,
        .index = (uint16_t) server->flags.cluster_index,
        .size = (uint16_t) server->flags.cluster_size,
        .cores = server->cores,
        .commands = hash_commands(),
    };
}

/* Is what a gate answered long enough for what it says? */
static bool
is_welcome(const struct kv_server *server, const cy_msg *msg)
{
    struct kv_welcome welcome;

    if (cy_msg_tag(msg) != KV_TAG_HELLO || cy_msg_size(msg) < sizeof welcome)
        return false;
    memcpy(&welcome, cy_msg_body(msg), sizeof welcome);
    if (welcome.greeting > KV_GREETING_TAKEN)
        return false;
    size_t refs = welcome.greeting == KV_GREETING_SHARDS ? 2U * server->cores : 0;
    return cy_msg_size(msg) == sizeof welcome + refs * sizeof(cy_ref);
}

int
kv_cluster_greet(struct kv_server *server, uint16_t index, cy_ref *gate, cy_msg **out,
                 cy_time deadline)
{
    struct kv_hello hello = kv_cluster_hello(server);
    char name[CY_NAME_MAX + 1];
    cy_msg *request;
    cy_msg *reply;

    kv_cluster_name(server, index, name);
    int result = cy_task_locate(gate, name, NULL, deadline);
    if (result < 0)
        return result;
    result = cy_msg_copy(&request, KV_TAG_HELLO, &hello, sizeof hello);
    if (result < 0)
        return result;
    result = cy_call(&reply, *gate, &request, cy_after(server->flags.cluster_timeout));
    cy_msg_free(&request);
    if (result < 0)
        return result;
    if (!is_welcome(server, reply)) {
        cy_msg_free(&reply);
        return -EBADMSG;
    }
    *out = reply;
    return 0;
}

/* The other instance's options, in the words of the command line. */
static int
say_differs(const struct kv_server *server, uint16_t index, const struct kv_welcome *welcome)
{
    const char *name = server->flags.cluster_name;

    fprintf(stderr,
            "kv: instance %s.%u is another version, or has other options: cluster-size %u and "
            "%u cores, here %u and %u\n",
            name, index, welcome->size, welcome->cores, server->flags.cluster_size,
            server->cores);
    return -EINVAL;
}

/* What one instance knows about the seed: 1 it is in the configuration now, 0 it has none. */
static int
ask_for_seed(struct kv_server *server, uint16_t index)
{
    struct kv_welcome welcome;
    cy_ref gate;
    cy_msg *msg;

    int result = kv_cluster_greet(server, index, &gate, &msg, cy_after(PATIENCE));
    if (result < 0)
        return -EAGAIN;
    memcpy(&welcome, cy_msg_body(msg), sizeof welcome);
    cy_msg_free(&msg);
    switch ((enum kv_greeting) welcome.greeting) {
    case KV_GREETING_SEED:
    case KV_GREETING_SHARDS:
        server->config.seed = welcome.seed;
        return 1;
    case KV_GREETING_DIFFERS:
        return say_differs(server, index, &welcome);
    case KV_GREETING_TAKEN:
        return -EAGAIN;
    case KV_GREETING_NO_SEED:
        break;
    }
    return 0;
}

/* Asks everybody once. 1: there is a seed; 0: come again. */
static int
ask_all(struct kv_server *server)
{
    uint32_t without = 0;

    for (uint16_t i = 0; i < server->flags.cluster_size && !cy_stopping(); i++) {
        if (i == server->flags.cluster_index)
            continue;
        int result = ask_for_seed(server, i);
        if (result != 0 && result != -EAGAIN)
            return result;
        without += result == 0;
    }
    if (server->flags.cluster_index != 0 || without + 1 < server->flags.cluster_size)
        return 0;
    cy_random(&server->config.seed, sizeof server->config.seed);
    return 1;
}

static int
open_gate(struct kv_server *server)
{
    static const struct cy_task_options options = {.name = "kv-gate", .daemon = true};
    return cy_task_spawn(NULL, kv_gate, server, &options);
}

int
kv_cluster_join(struct kv_server *server)
{
    cy_time say_at = cy_after(SAY_AFTER);
    int result = open_gate(server);

    while (result == 0) {
        result = ask_all(server);
        if (result != 0)
            break;
        if (cy_stopping())
            return -ECANCELED;
        if (cy_now() >= say_at) {
            cy_log_write(CY_LOG_INFO, "kv.cluster.waiting", "cluster=%s index=%u size=%u",
                         server->flags.cluster_name, server->flags.cluster_index,
                         server->flags.cluster_size);
            say_at = CY_FOREVER;
        }
        result = cy_sleep(PAUSE);
    }
    if (result < 0)
        return result;
    server->cluster_id = kv_cluster_id(&server->config.seed);
    server->has_seed = true;
    return 0;
}

static int
start_member(struct kv_server *server, uint16_t core, uint16_t index)
{
    static const struct cy_task_options options = {.name = "kv-member", .daemon = true};
    struct kv_member *member = malloc(sizeof *member);
    if (member == NULL)
        return -ENOMEM;
    *member = (struct kv_member){&server->core[core], index};
    int result = cy_task_spawn_on(NULL, core, kv_member, member, &options);
    if (result < 0)
        free(member);
    return result;
}

/* Waits until so many cores have found others, and others us. */
static int
await_members(uint32_t count)
{
    while (count > 0) {
        cy_msg *msg;
        if (cy_stopping())
            return -ECANCELED;
        int result = cy_receive_tag(&msg, KV_TAG_JOINED, cy_after(PATIENCE));
        if (result == -ETIMEDOUT)
            continue;
        if (result < 0)
            return result;
        cy_msg_free(&msg);
        count--;
    }
    return 0;
}

int
kv_cluster_gather(struct kv_server *server)
{
    uint32_t others = server->flags.cluster_size - 1;
    int result = 0;

    server->has_shards = true;
    for (uint16_t core = 0; core < server->cores; core++)
        for (uint16_t i = 0; i <= others && result == 0; i++)
            if (i != server->flags.cluster_index)
                result = start_member(server, core, i);
    return result < 0 ? result : await_members(others * server->cores + others);
}

int
kv_cluster_init_core(struct kv_core *core)
{
    uint32_t size = core->server->flags.cluster_size;
    uint32_t refs = 2U * core->server->cores;

    core->peers = calloc(size, sizeof *core->peers);
    if (core->peers == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < size; i++) {
        core->peers[i].shards = calloc(refs, sizeof(cy_ref));
        if (core->peers[i].shards == NULL)
            return -ENOMEM;
        core->peers[i].publishers = core->peers[i].shards + core->server->cores;
    }
    return 0;
}

void
kv_cluster_fini_core(struct kv_core *core)
{
    for (uint32_t i = 0; core->peers != NULL && i < core->server->flags.cluster_size; i++)
        free(core->peers[i].shards);
    free(core->peers);
    core->peers = NULL;
}
