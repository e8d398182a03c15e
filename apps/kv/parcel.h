/* parcel.h - a batch on its way to a shard of another process, and the answer to it. */
#ifndef KV_PARCEL_H
#define KV_PARCEL_H

#include "pipeline.h"

#define KV_PARCEL_MAX ((size_t) 64 << 20) /* bytes of a parcel or an answer, head included */

/* The bodies of messages: these heads, little-endian, and what is said behind them. */

/* Behind it: commands packed by kv_batch_pack(). */
struct kv_parcel {
    uint64_t cluster;  /* the sender's kv_cluster_id: shards of another cluster refuse it */
    uint64_t id;       /* comes back with the answer */
    uint64_t holder;   /* as in struct kv_pipeline */
    uint32_t commands; /* 0: it is about holding alone, and not answered */
    uint16_t shard;    /* for which it is meant */
    uint16_t flags;    /* KV_HOLD, KV_RELEASE */
};

enum kv_verdict {
    KV_CARRIED_OUT,
    KV_REFUSED,   /* meant for another shard or cluster, or garbled: nothing was run */
    KV_NOT_HELD,  /* the shard has been taken from the holder meanwhile: nothing was run */
    KV_NO_MEMORY, /* some of it may have been run */
};

/* Behind it: the replies to the first `commands` of the parcel, perhaps not all. */
struct kv_answer {
    uint64_t id;
    uint32_t commands;
    uint16_t shard;
    uint16_t verdict;
};

#define KV_PARCEL_BATCH_MAX (KV_PARCEL_MAX - sizeof(struct kv_parcel))
#define KV_ANSWER_BYTES_MAX (KV_PARCEL_MAX - sizeof(struct kv_answer))

/* Which cluster a seed makes: those who disagree about the seed disagree about every key. */
uint64_t kv_cluster_id(const struct kv_seed *seed);

/* Finds the commands of a parcel; false when these bytes are none that may be run. */
bool kv_parcel_read(struct kv_parcel *out, struct kv_slice *batch, struct kv_slice body);

/* Reads the head of an answer, and finds the replies; false when the bytes are none. */
bool kv_answer_read(struct kv_answer *out, struct kv_slice *replies, struct kv_slice body);

/*
 * Takes the replies to the first `commands` of a part, which asked for `part->carried`: adds
 * them to its replies and passes over the commands. False, and nothing changed but
 * part->replies.bytes.failed, when they are not what such commands answer.
 */
bool kv_answer_take(struct kv_part *part, uint32_t commands, struct kv_slice replies);

#endif
