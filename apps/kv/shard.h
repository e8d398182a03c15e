/* shard.h - a store with what it takes to run batches of commands on it. */
#ifndef KV_SHARD_H
#define KV_SHARD_H

#include "batch.h"

#define KV_RUN_BYTES ((size_t) 4 << 20) /* a batch pauses when its replies exceed this */

/* What a core has seen of its clients. */
struct kv_traffic {
    uint64_t accepted, refused, commands, bytes_in, bytes_out;
    uint64_t parcels;  /* batches sent to other instances */
    uint64_t timeouts; /* of those, not answered in time */
    int64_t clients;
};

/* What is said about a shard in INFO, in the order of the reply to KV_STATISTICS. */
struct kv_statistics {
    int64_t keys, expires, used, hits, misses, expired;
    int64_t accepted, refused, commands, bytes_in, bytes_out, clients, parcels, timeouts;
};
#define KV_STATISTICS_COUNT (sizeof(struct kv_statistics) / sizeof(int64_t))

struct kv_shard {
    struct kv_store store; /* first: a call's store is its shard's */
    struct kv_traffic traffic;
    struct kv_argv argv;
    uint64_t holder; /* the session that alone may use the shard; 0: everybody */
};

void kv_shard_init(struct kv_shard *shard, const struct kv_seed *seed,
                   struct kv_budget *budget);
void kv_shard_fini(struct kv_shard *shard);

static inline struct kv_shard *
kv_shard_of_store(struct kv_store *store)
{
    return (struct kv_shard *) store;
}

/* Replies to a batch: their bytes, and where each ends. */
struct kv_replies {
    struct kv_buffer bytes;
    struct kv_buffer ends; /* size_t each */
};

/*
 * Runs the commands from *at to `end`, or as many as it takes for KV_RUN_BYTES of replies, and
 * moves *at behind the last that ran.
 */
void kv_shard_run(struct kv_shard *shard, const char **at, const char *end, int64_t now,
                  struct kv_replies *replies);

#endif
