/*
 * courier.c - the side of the connection: its batches for shards of other instances.
 * Tests: tests/kv/test_cluster.py
 *
 * A batch is copied into a parcel. The connection keeps it, so that it knows what was not
 * answered, but never sends it again: who does not get an answer cannot know whether the
 * commands have been carried out, and is told so.
 */
#include "courier.h"

#include <cycos/mailbox.h>

/* Answers the commands of a part with an error; those that are under way, or all. */
#define FAIL_CARRIED(part, ...) kv_part_fail(part, (part)->carried, __VA_ARGS__)
#define FAIL_ALL(part, ...)     kv_part_fail(part, (part)->waiting, __VA_ARGS__)

#define NAME(core, instance) (core)->server->flags.cluster_name, instance

static struct kv_peer *
peer_of(struct kv_core *core, uint16_t shard, unsigned *instance)
{
    *instance = shard / core->server->cores;
    return &core->peers[*instance];
}

/* Finds out how many commands fit; one that fits into no parcel is answered here. */
static uint32_t
commands_that_fit(struct kv_part *part, unsigned instance, struct kv_core *core, size_t *bytes)
{
    uint32_t count;
    const char *end = part->request.at + part->request.used;

    *bytes = kv_batch_measure(part->request.at + part->begin, end, KV_PARCEL_BATCH_MAX, &count);
    if (count == 0 && part->waiting > 0)
        kv_part_fail(part, 1,
                     "ERR the command is too long for instance %s.%u, which has the key",
                     NAME(core, instance));
    return count;
}

static int
write_parcel(struct kv_core *core, const struct kv_part *part, struct kv_parcel *parcel,
             size_t bytes, cy_msg **out)
{
    int result = cy_msg_create(out, KV_TAG_PARCEL, sizeof *parcel + bytes);
    if (result < 0)
        return result;
    parcel->cluster = core->server->cluster_id;
    char *at = cy_msg_body(*out);
    memcpy(at, parcel, sizeof *parcel);
    kv_batch_pack(at + sizeof *parcel, part->request.at + part->begin, parcel->commands);
    return 0;
}

/* Sends it, waiting while the way is full, but not for ever. */
static int
send_parcel(const struct kv_core *core, cy_ref to, cy_msg **msg)
{
    cy_time deadline = cy_after(core->server->flags.cluster_timeout);
    int result;

    while ((result = cy_send(to, msg)) == -EAGAIN && cy_now() < deadline)
        if ((result = cy_sleep(CY_MILLISECOND / 4)) < 0)
            break;
    cy_msg_free(msg);
    return result;
}

static void
fail_unsent(struct kv_core *core, struct kv_part *part, unsigned instance, int result)
{
    if (result == -ENOMEM) {
        part->replies.bytes.failed = true;
    } else if (result == -EAGAIN) {
        core->shard.traffic.timeouts++;
        FAIL_ALL(part, "TIMEOUT the way to instance %s.%u is full; nothing was carried out",
                 NAME(core, instance));
    } else {
        FAIL_ALL(part, "CLUSTERDOWN instance %s.%u is down", NAME(core, instance));
    }
}

int
kv_courier_send(struct kv_core *core, struct kv_exchange *exchange, uint16_t shard)
{
    struct kv_part *part = &exchange->pipeline->part[shard];
    unsigned instance;
    struct kv_peer *peer = peer_of(core, shard, &instance);
    struct kv_parcel parcel = {
        .holder = exchange->pipeline->holder, .shard = shard, .flags = (uint16_t) part->flags};
    cy_msg *msg = NULL;
    size_t bytes;

    part->flags = 0;
    if (!peer->up) {
        fail_unsent(core, part, instance, CY_ENOPEER);
        return 0;
    }
    parcel.commands = commands_that_fit(part, instance, core, &bytes);
    if (parcel.commands == 0 && (parcel.flags & KV_RELEASE) == 0)
        return 0;
    parcel.id = ++core->next_parcel;
    part->life = peer->life;
    int result = write_parcel(core, part, &parcel, bytes, &msg);
    if (result == 0)
        result = send_parcel(core, peer->shards[shard % core->server->cores], &msg);
    if (result == 0 && parcel.commands > 0) {
        part->parcel = parcel.id;
        part->carried = parcel.commands;
        exchange->away++;
        core->shard.traffic.parcels++;
    } else if (result < 0 && result != -ECANCELED) {
        fail_unsent(core, part, instance, result);
    }
    return result == -ECANCELED ? result : 0;
}

/* Says what became of commands whose answer is none. */
static void
fail_answered(struct kv_core *core, struct kv_part *part, unsigned instance,
              enum kv_verdict verdict)
{
    if (verdict == KV_REFUSED)
        FAIL_CARRIED(part, "CLUSTERDOWN instance %s.%u belongs to another cluster",
                     NAME(core, instance));
    else if (verdict == KV_NOT_HELD)
        FAIL_CARRIED(part, "TIMEOUT instance %s.%u has not waited so long; try again",
                     NAME(core, instance));
    else if (verdict == KV_NO_MEMORY)
        FAIL_CARRIED(part, "OOM instance %s.%u has no memory left", NAME(core, instance));
    else
        FAIL_CARRIED(part, "ERR instance %s.%u said what is no answer", NAME(core, instance));
}

/* The parcel of a part is away no more. */
static void
come_back(struct kv_exchange *exchange, struct kv_part *part)
{
    part->parcel = 0;
    part->carried = 0;
    exchange->away--;
}

void
kv_courier_answer(struct kv_core *core, struct kv_exchange *exchange, const cy_msg *msg)
{
    struct kv_slice body = {cy_msg_body(msg), cy_msg_size(msg)};
    struct kv_answer head;
    struct kv_slice replies;

    if (!kv_answer_read(&head, &replies, body) || head.shard >= exchange->pipeline->shards)
        return;
    struct kv_part *part = &exchange->pipeline->part[head.shard];
    if (part->parcel == 0 || part->parcel != head.id)
        return; /* too late: it has been given up */
    enum kv_verdict verdict = (enum kv_verdict) head.verdict;
    if (verdict != KV_CARRIED_OUT || !kv_answer_take(part, head.commands, replies))
        fail_answered(core, part, head.shard / core->server->cores, verdict);
    come_back(exchange, part);
}

void
kv_courier_lost(struct kv_core *core, struct kv_exchange *exchange)
{
    for (uint16_t i = 0; i < exchange->pipeline->shards; i++) {
        struct kv_part *part = &exchange->pipeline->part[i];
        unsigned instance;
        const struct kv_peer *peer = peer_of(core, i, &instance);
        if (part->parcel == 0 || (peer->up && peer->life == part->life))
            continue;
        FAIL_CARRIED(
            part, "CLUSTERDOWN instance %s.%u went down; the command may have been carried out",
            NAME(core, instance));
        come_back(exchange, part);
    }
}

void
kv_courier_give_up(struct kv_core *core, struct kv_exchange *exchange)
{
    for (uint16_t i = 0; i < exchange->pipeline->shards; i++) {
        struct kv_part *part = &exchange->pipeline->part[i];
        unsigned instance;
        (void) peer_of(core, i, &instance);
        if (part->parcel == 0)
            continue;
        core->shard.traffic.timeouts++;
        FAIL_CARRIED(
            part,
            "TIMEOUT instance %s.%u did not answer; the command may have been carried out",
            NAME(core, instance));
        come_back(exchange, part);
    }
}
