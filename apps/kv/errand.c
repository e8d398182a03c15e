/*
 * errand.c - the side of the shard: it runs what connections of all cores send to it.
 * Tests: tests/kv/test_server.py, tests/kv/test_cluster.py
 *
 * Connections of this node send errands, those of other instances send parcels. While a
 * session holds the shard, what others send is deferred.
 */
#include "courier.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>
#include <stdlib.h>

#define KEEP_BYTES   ((size_t) 64 << 10) /* of the replies to a parcel, for the next one */
#define LEASE_FACTOR 3 /* times cluster-timeout: longer than any step of a live holder takes */

static bool
is_held_by_another(const struct kv_core *core, uint64_t holder)
{
    return core->shard.holder != 0 && core->shard.holder != holder;
}

bool
kv_errand_try(struct kv_core *core, const struct kv_errand *errand)
{
    struct kv_shard *shard = &core->shard;
    struct kv_part *part = errand->part;

    CY_ASSERT(part != NULL);
    if (is_held_by_another(core, errand->holder))
        return false;
    if ((part->flags & KV_HOLD) != 0) {
        shard->holder = errand->holder;
        core->held_until = CY_FOREVER; /* it lives as long as we do */
    }
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

/* A reply that no answer can hold is replaced: its command has been carried out. */
static void
shorten_last(struct kv_replies *replies)
{
    size_t *ends = (size_t *) (void *) replies->ends.at;
    size_t last = replies->ends.used / sizeof *ends - 1;

    replies->bytes.used = last == 0 ? 0 : ends[last - 1];
    kv_reply_error(&replies->bytes, "ERR the reply is too long to come from another instance");
    ends[last] = replies->bytes.used;
}

/* Runs a parcel's commands; the replies are in core->scratch. */
static enum kv_verdict
run_parcel(struct kv_core *core, const struct kv_parcel *parcel, struct kv_slice batch)
{
    struct kv_replies *replies = &core->scratch;
    const char *at = batch.at;

    if (parcel->holder != 0) {
        core->shard.holder = parcel->holder;
        core->held_until = cy_after(LEASE_FACTOR * core->server->flags.cluster_timeout);
    }
    kv_shard_run(&core->shard, &at, batch.at + batch.bytes, kv_core_now(core), replies);
    if ((parcel->flags & KV_RELEASE) != 0)
        core->shard.holder = 0;
    if (replies->bytes.failed || replies->ends.failed)
        return KV_NO_MEMORY;
    if (replies->bytes.used > KV_ANSWER_BYTES_MAX)
        shorten_last(replies);
    return KV_CARRIED_OUT;
}

/* An answer that the way back had no room for. */
struct late_answer {
    cy_ref to;
    cy_msg *msg;
    cy_time deadline;
};

static int
send_late(void *arg)
{
    struct late_answer late = *(struct late_answer *) arg;

    free(arg);
    while (cy_sleep(CY_MILLISECOND / 4) == 0) {
        if (cy_send(late.to, &late.msg) != -EAGAIN || cy_now() >= late.deadline)
            break;
    }
    cy_msg_free(&late.msg);
    return 0;
}

/* The shard does not wait for a slow instance: a task of the answer's own does. */
static void
send_answer(struct kv_core *core, cy_ref to, cy_msg **msg)
{
    static const struct cy_task_options options = {.name = "kv-answer", .daemon = true};

    if (cy_send(to, msg) == -EAGAIN) {
        struct late_answer *late = malloc(sizeof *late);
        if (late != NULL) {
            *late =
                (struct late_answer){to, *msg, cy_after(core->server->flags.cluster_timeout)};
            if (cy_task_spawn(NULL, send_late, late, &options) == 0)
                *msg = NULL;
            else
                free(late);
        }
    }
    cy_msg_free(msg); /* who waits for it will time out */
}

static void
answer(struct kv_core *core, cy_ref to, uint64_t id, enum kv_verdict verdict)
{
    struct kv_replies *replies = &core->scratch;
    struct kv_answer head = {.id = id, .shard = core->site.self, .verdict = (uint16_t) verdict};
    size_t bytes = 0;
    cy_msg *msg;

    if (verdict == KV_CARRIED_OUT) {
        head.commands = (uint32_t) (replies->ends.used / sizeof(size_t));
        bytes = replies->bytes.used;
    }
    if (cy_msg_create(&msg, KV_TAG_ANSWER, sizeof head + bytes) == 0) {
        char *at = cy_msg_body(msg);
        memcpy(at, &head, sizeof head);
        if (bytes > 0)
            memcpy(at + sizeof head, replies->bytes.at, bytes);
        send_answer(core, to, &msg);
    }
    kv_buffer_clear(&replies->bytes, KEEP_BYTES);
    kv_buffer_clear(&replies->ends, KEEP_BYTES);
    replies->bytes.failed = replies->ends.failed = false;
}

/* Takes what satisfies `match` out of what is deferred, without an answer. */
static void
drop_deferred(struct kv_core *core, uint64_t holder, uint32_t node)
{
    struct kv_deferred *list = (struct kv_deferred *) (void *) core->deferred.at;
    size_t count = core->deferred.used / sizeof *list;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        bool goes =
            list[i].parcel != NULL &&
            (list[i].sender.node == node || (holder != 0 && list[i].errand.holder == holder));
        if (goes)
            cy_msg_free(&list[i].parcel);
        else
            list[kept++] = list[i];
    }
    core->deferred.used = kept * sizeof *list;
}

/* A session gives the shard back, or no longer wants it: it may have given up waiting. */
static void
let_go(struct kv_core *core, const struct kv_parcel *parcel)
{
    if ((parcel->flags & KV_RELEASE) == 0)
        return;
    drop_deferred(core, parcel->holder, 0);
    if (core->shard.holder == parcel->holder)
        core->shard.holder = 0;
}

/* Runs a parcel, or refuses it; false when it must wait until the shard is let go. */
static bool
try_parcel(struct kv_core *core, struct kv_deferred *work)
{
    struct kv_slice body = {cy_msg_body(work->parcel), cy_msg_size(work->parcel)};
    struct kv_parcel parcel = {.id = 0};
    struct kv_slice batch;
    enum kv_verdict verdict;

    if (!kv_parcel_read(&parcel, &batch, body) || parcel.shard != core->site.self ||
        parcel.cluster != core->server->cluster_id) {
        verdict = KV_REFUSED;
    } else if (parcel.commands == 0) {
        let_go(core, &parcel);
        return true;
    } else if (parcel.holder != 0 && (parcel.flags & KV_HOLD) == 0 &&
               core->shard.holder != parcel.holder) {
        verdict = KV_NOT_HELD;
    } else if (is_held_by_another(core, parcel.holder)) {
        work->errand.holder = parcel.holder;
        return false;
    } else {
        verdict = run_parcel(core, &parcel, batch);
    }
    answer(core, work->sender, parcel.id, verdict);
    return true;
}

/* True when it has been dealt with; then the parcel is still there. */
static bool
try_work(struct kv_core *core, struct kv_deferred *work)
{
    if (work->parcel != NULL)
        return try_parcel(core, work);
    if (!kv_errand_try(core, &work->errand))
        return false;
    /* Failing means that the connection is gone; its pipeline is looked after elsewhere. */
    (void) !kv_send_surely(work->sender, KV_TAG_DONE, NULL, 0);
    return true;
}

void
kv_shard_run_deferred(struct kv_core *core)
{
    while (core->shard.holder == 0 && core->deferred.used > 0) {
        struct kv_deferred first;
        memcpy(&first, core->deferred.at, sizeof first);
        core->deferred.used -= sizeof first;
        memmove(core->deferred.at, core->deferred.at + sizeof first, core->deferred.used);
        (void) try_work(core, &first);
        cy_msg_free(&first.parcel);
    }
}

/* Without memory to remember it, the answer is that memory ran out. */
static void
refuse(struct kv_core *core, struct kv_deferred *work)
{
    struct kv_parcel parcel;

    core->deferred.failed = false;
    if (work->parcel == NULL) {
        CY_ASSERT(work->errand.part != NULL);
        work->errand.part->replies.bytes.failed = true;
        (void) !kv_send_surely(work->sender, KV_TAG_DONE, NULL, 0);
        return;
    }
    memcpy(&parcel, cy_msg_body(work->parcel), sizeof parcel); /* has been checked */
    answer(core, work->sender, parcel.id, KV_NO_MEMORY);
    cy_msg_free(&work->parcel);
}

void
kv_shard_handler(void *arg, cy_msg **msg)
{
    struct kv_core *core = arg;
    struct kv_deferred work = {.sender = cy_msg_sender(*msg)};

    if (cy_msg_tag(*msg) == KV_TAG_PARCEL) {
        work.parcel = *msg;
        *msg = NULL;
    } else if (cy_msg_tag(*msg) == KV_TAG_BATCH && kv_core_sent(core, *msg)) {
        memcpy(&work.errand, cy_msg_body(*msg), sizeof work.errand);
    } else {
        return;
    }
    bool was_held = core->shard.holder != 0;
    if (try_work(core, &work)) {
        cy_msg_free(&work.parcel);
    } else {
        kv_buffer_append(&core->deferred, &work, sizeof work);
        if (core->deferred.failed)
            refuse(core, &work);
        return;
    }
    if (was_held)
        kv_shard_run_deferred(core);
}

void
kv_shard_forget(struct kv_core *core, uint16_t instance)
{
    uint64_t holder = core->shard.holder;
    uint16_t shards = core->site.config->shards;

    drop_deferred(core, 0, core->peers[instance].node);
    if (holder == 0 || (holder - 1) % shards / core->server->cores != instance)
        return;
    core->shard.holder = 0;
    kv_shard_run_deferred(core);
}

void
kv_shard_look_at_holder(struct kv_core *core)
{
    if (core->shard.holder == 0 || cy_now() < core->held_until)
        return;
    cy_log_write(CY_LOG_WARN, "kv.shard.taken", "shard=%u holder=%llu", core->site.self,
                 (unsigned long long) core->shard.holder);
    core->shard.holder = 0;
    kv_shard_run_deferred(core);
}
