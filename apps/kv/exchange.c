/*
 * exchange.c - batches of commands go from a connection to the shards of other cores and back.
 * Tests: tests/kv/test_server.py
 *
 * Nothing is copied: an errand carries the address of a part of the connection's pipeline. The
 * connection waits until all its errands are back, so a part has one user at a time, and the
 * messages order their accesses. A connection that is terminated while it waits leaves its
 * pipeline behind as an orphan, because a shard may still be writing there.
 */
#include "server.h"

#include <cycos/mailbox.h>

/* Sends a few bytes however full the way is; gives up only when this task is terminated. */
static int
send_surely(cy_ref to, uint32_t tag, const void *body, size_t bytes)
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

/* Runs a part on this core's shard, unless somebody else holds it: then it did nothing. */
static bool
try_run(struct kv_core *core, struct kv_part *part, uint64_t holder)
{
    struct kv_shard *shard = &core->shard;

    if (shard->holder != 0 && shard->holder != holder)
        return false;
    if ((part->flags & KV_HOLD) != 0)
        shard->holder = holder;
    if (part->waiting > 0) {
        const char *at = part->request.at + part->begin;
        size_t before = part->replies.ends.used;
        kv_shard_run(shard, &at, part->request.at + part->request.used, kv_core_now(core),
                     &part->replies);
        part->begin = (size_t) (at - part->request.at);
        part->waiting -= (uint32_t) ((part->replies.ends.used - before) / sizeof(size_t));
    }
    if ((part->flags & KV_RELEASE) != 0)
        shard->holder = 0;
    part->flags = 0;
    return true;
}

static void
report_done(cy_ref to)
{
    /* Failing means that the connection is gone; its pipeline is looked after elsewhere. */
    (void) !send_surely(to, KV_TAG_DONE, NULL, 0);
}

/* Runs what has waited for the shard, until somebody holds it again. */
static void
run_deferred(struct kv_core *core)
{
    while (core->shard.holder == 0 && core->deferred.used > 0) {
        struct kv_deferred first;
        memcpy(&first, core->deferred.at, sizeof first);
        core->deferred.used -= sizeof first;
        memmove(core->deferred.at, core->deferred.at + sizeof first, core->deferred.used);
        (void) try_run(core, first.errand.part, first.errand.holder);
        report_done(first.sender);
    }
}

void
kv_shard_handler(void *arg, cy_msg **msg)
{
    struct kv_core *core = arg;
    struct kv_deferred work = {.sender = cy_msg_sender(*msg)};

    if (cy_msg_tag(*msg) != KV_TAG_BATCH)
        return;
    memcpy(&work.errand, cy_msg_body(*msg), sizeof work.errand);
    bool was_held = core->shard.holder != 0;
    if (!try_run(core, work.errand.part, work.errand.holder)) {
        kv_buffer_append(&core->deferred, &work, sizeof work);
        if (!core->deferred.failed)
            return;
        /* Without memory to remember it the answer is that memory ran out. */
        core->deferred.failed = false;
        work.errand.part->replies.bytes.failed = true;
    }
    report_done(work.sender);
    if (was_held)
        run_deferred(core);
}

static bool
has_work(const struct kv_part *part)
{
    return part->waiting > 0 || part->flags != 0;
}

/* Waits for so many answers. No others come: everybody waits for all of one exchange. */
static int
await(uint32_t answers)
{
    while (answers > 0) {
        cy_msg *msg;
        int result = cy_receive_tag(&msg, KV_TAG_DONE, CY_FOREVER);
        if (result < 0)
            return result;
        cy_msg_free(&msg);
        answers--;
    }
    return 0;
}

/* Sends the parts for other cores; counts those that are on their way. */
static int
send_parts(struct kv_core *core, struct kv_pipeline *pipeline, uint32_t *sent)
{
    for (uint16_t i = 0; i < pipeline->shards; i++) {
        struct kv_part *part = &pipeline->part[i];
        if (i == core->site.self || !has_work(part))
            continue;
        struct kv_errand errand = {part, pipeline->holder};
        int result = send_surely(core->server->shards[i], KV_TAG_BATCH, &errand, sizeof errand);
        if (result < 0)
            return result;
        ++*sent;
    }
    return 0;
}

/* Runs the part for this core here and now; by its handler, in turn, while it is held. */
static int
run_own_part(struct kv_core *core, struct kv_pipeline *pipeline, uint32_t *sent)
{
    struct kv_part *part = &pipeline->part[core->site.self];

    if (!has_work(part))
        return 0;
    bool was_held = core->shard.holder != 0;
    if (try_run(core, part, pipeline->holder)) {
        if (was_held)
            run_deferred(core);
        return 0;
    }
    struct kv_errand errand = {part, pipeline->holder};
    int result = send_surely(core->server->shards[core->site.self], KV_TAG_BATCH, &errand,
                             sizeof errand);
    if (result == 0)
        ++*sent;
    return result;
}

int
kv_core_exchange(void *arg, struct kv_session *session, struct kv_pipeline *pipeline)
{
    struct kv_core *core = arg;
    uint32_t sent = 0;

    int result = send_parts(core, pipeline, &sent);
    if (result == 0)
        result = run_own_part(core, pipeline, &sent);
    int waited = await(sent);
    if (waited < 0) {
        pipeline->next = core->orphans;
        core->orphans = pipeline;
        session->pipeline = NULL;
        return waited;
    }
    return result;
}
