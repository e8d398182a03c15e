/*
 * exchange.c - batches of commands go from a connection to the shards of other cores and back.
 * Tests: tests/kv/test_server.py, tests/kv/test_cluster.py
 *
 * Within the node nothing is copied: an errand carries the address of a part of the
 * connection's pipeline. The connection waits until all its errands are back, so a part has one
 * user at a time, and the messages order their accesses. A connection that is terminated while
 * it waits leaves its pipeline behind as an orphan, because a shard may still be writing there.
 * What goes to shards of other instances is the courier's affair.
 */
#include "courier.h"

#include <cycos/mailbox.h>

int
kv_send_surely(cy_ref to, uint32_t tag, const void *body, size_t bytes)
{
    for (;;) {
        int result = cy_send_bytes(to, tag, body, bytes);
        if (result != -EAGAIN)
            return result;
        result = cy_sleep(CY_MILLISECOND / 4);
        if (result < 0)
            return result;
    }
}

static bool
has_work(const struct kv_part *part)
{
    return part->waiting > 0 || part->flags != 0;
}

static void
take_message(struct kv_core *core, struct kv_exchange *exchange, const cy_msg *msg)
{
    switch (cy_msg_tag(msg)) {
    case KV_TAG_DONE:
        exchange->here -= kv_core_sent(core, msg);
        break;
    case KV_TAG_ANSWER:
        kv_courier_answer(core, exchange, msg);
        break;
    case KV_TAG_LOST:
        kv_courier_lost(core, exchange);
        break;
    default:
        break;
    }
}

/* Waits for all answers: nobody else sends to a connection's reader. */
static int
await(struct kv_core *core, struct kv_exchange *exchange)
{
    cy_time deadline = CY_FOREVER;

    if (exchange->away > 0)
        deadline = cy_after(core->server->flags.cluster_timeout);
    while (exchange->here > 0 || exchange->away > 0) {
        cy_msg *msg;
        int result = cy_receive(&msg, exchange->away > 0 ? deadline : CY_FOREVER);
        if (result == -ETIMEDOUT) {
            kv_courier_give_up(core, exchange);
            continue;
        }
        if (result < 0)
            return result;
        take_message(core, exchange, msg);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
send_errand(struct kv_core *core, struct kv_exchange *exchange, uint16_t index,
            struct kv_part *part)
{
    struct kv_errand errand = {part, exchange->pipeline->holder};
    int result =
        kv_send_surely(core->server->shards[index], KV_TAG_BATCH, &errand, sizeof errand);
    exchange->here += result == 0;
    return result;
}

/* Sends the parts for other cores and other instances. */
static int
send_parts(struct kv_core *core, struct kv_exchange *exchange)
{
    struct kv_pipeline *pipeline = exchange->pipeline;
    uint32_t first = core->site.self - core->index;
    int result = 0;

    for (uint16_t i = 0; i < pipeline->shards && result == 0; i++) {
        struct kv_part *part = &pipeline->part[i];
        uint32_t index = i - first; /* wraps for lower numbers: those are away, too */
        if (i == core->site.self || !has_work(part))
            continue;
        if (index < core->server->cores)
            result = send_errand(core, exchange, (uint16_t) index, part);
        else
            result = kv_courier_send(core, exchange, i);
    }
    return result;
}

/* Runs the part for this core here and now; by its handler, in turn, while it is held. */
static int
run_own_part(struct kv_core *core, struct kv_exchange *exchange)
{
    struct kv_part *part = &exchange->pipeline->part[core->site.self];
    struct kv_errand errand = {part, exchange->pipeline->holder};

    if (!has_work(part))
        return 0;
    bool was_held = core->shard.holder != 0;
    if (!kv_errand_try(core, &errand))
        return send_errand(core, exchange, core->index, part);
    if (was_held)
        kv_shard_run_deferred(core);
    return 0;
}

static void
enlist(struct kv_core *core, struct kv_exchange *exchange)
{
    exchange->next = core->exchanges;
    if (core->exchanges != NULL)
        core->exchanges->previous = exchange;
    core->exchanges = exchange;
}

static void
delist(struct kv_core *core, struct kv_exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        core->exchanges = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
}

int
kv_core_exchange(void *arg, struct kv_session *session, struct kv_pipeline *pipeline)
{
    struct kv_core *core = arg;
    struct kv_exchange exchange = {.pipeline = pipeline, .waiter = cy_self()};

    enlist(core, &exchange);
    int result = send_parts(core, &exchange);
    if (result == 0)
        result = run_own_part(core, &exchange);
    int waited = await(core, &exchange);
    delist(core, &exchange);
    if (waited < 0) {
        pipeline->next = core->orphans;
        core->orphans = pipeline;
        session->pipeline = NULL;
        return waited;
    }
    return result;
}
