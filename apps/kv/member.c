/*
 * member.c - what one core does about one other instance: finds it, watches it, misses it.
 * Tests: tests/kv/test_cluster.py
 */
#include "cluster.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>
#include <stdlib.h>

#define PAUSE (50 * CY_MILLISECOND) /* before an instance that is not ready is asked again */

/* It may count on this core from now on. If this cannot be sent the instance is gone again. */
static void
tell(const struct kv_core *core, cy_ref gate)
{
    struct kv_hello hello = kv_cluster_hello(core->server);
    (void) !kv_send_surely(gate, KV_TAG_MET, &hello, sizeof hello);
}

/* Finds the instance, learns its shards, and begins to watch it. */
static int
meet(struct kv_core *core, uint16_t index, cy_ref *gate)
{
    struct kv_peer *peer = &core->peers[index];
    struct kv_welcome welcome;
    cy_msg *msg;

    int result = kv_cluster_greet(core->server, index, gate, &msg, CY_FOREVER);
    if (result < 0)
        return result;
    memcpy(&welcome, cy_msg_body(msg), sizeof welcome);
    bool ours = memcmp(&welcome.seed, &core->server->config.seed, sizeof welcome.seed) == 0;
    if (welcome.greeting == KV_GREETING_SHARDS && ours)
        memcpy(peer->shards, (const char *) cy_msg_body(msg) + sizeof welcome,
               cy_msg_size(msg) - sizeof welcome);
    else
        result = -EAGAIN;
    cy_msg_free(&msg);
    if (result == 0)
        result = cy_monitor(*gate);
    if (result < 0)
        return result;
    peer->node = gate->node;
    peer->life++;
    peer->up = true;
    tell(core, *gate);
    return 0;
}

/* Waits until the gate has ended; a negative code when this task has been terminated. */
static int
watch(cy_ref gate)
{
    struct cy_exit exit;
    cy_msg *msg;
    int result;
    bool gone = false;

    while (!gone && (result = cy_receive_tag(&msg, CY_TAG_EXIT, CY_FOREVER)) == 0) {
        gone = cy_exit_read(&exit, msg) == 0 && cy_ref_equal(exit.task, gate);
        cy_msg_free(&msg);
    }
    return gone ? 0 : result;
}

/* Lets all know that wait for it. */
static void
miss(struct kv_core *core, uint16_t index)
{
    core->peers[index].up = false;
    if (!cy_stopping())
        cy_log_write(CY_LOG_WARN, "kv.cluster.down", "instance=%s.%u",
                     core->server->flags.cluster_name, index);
    kv_shard_forget(core, index);
    /* If this fails they find out by themselves when the time is up. */
    for (struct kv_exchange *x = core->exchanges; x != NULL; x = x->next)
        (void) !cy_send_bytes(x->waiter, KV_TAG_LOST, NULL, 0);
}

int
kv_member(void *arg)
{
    struct kv_member member = *(struct kv_member *) arg;
    cy_ref gate;
    bool told = false;

    free(arg);
    for (;;) {
        int result = meet(member.core, member.index, &gate);
        if (result == 0 && !told)
            told = kv_send_surely(member.core->server->main, KV_TAG_JOINED, NULL, 0) == 0;
        if (result == 0)
            result = watch(gate);
        if (result == 0)
            miss(member.core, member.index);
        else
            result = cy_sleep(PAUSE);
        if (result == -ECANCELED)
            return 0;
    }
}
