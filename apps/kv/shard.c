/*
 * shard.c - a store with what it takes to run batches of commands on it.
 * Tests: tests/kv/test_batch.c
 */
#include "shard.h"

void
kv_shard_init(struct kv_shard *shard, const struct kv_seed *seed, struct kv_budget *budget)
{
    *shard = (struct kv_shard){0};
    kv_store_init(&shard->store, seed, budget);
}

void
kv_shard_fini(struct kv_shard *shard)
{
    kv_store_fini(&shard->store);
    kv_argv_free(&shard->argv);
}

void
kv_shard_run(struct kv_shard *shard, const char **at, const char *end, int64_t now,
             struct kv_replies *replies)
{
    struct kv_call call = {.store = &shard->store, .out = &replies->bytes, .now = now};
    size_t begin = replies->bytes.used;

    for (uint32_t i = 0; *at < end && replies->bytes.used - begin < KV_RUN_BYTES; i++) {
        if (i % KV_BATCH_AHEAD == 0)
            kv_batch_fetch(*at, end, &shard->store.table);
        if (!kv_batch_read(at, &call, &shard->argv)) {
            replies->bytes.failed = true;
            return;
        }
        kv_call_run(&call);
        kv_batch_release(&call);
        kv_buffer_append(&replies->ends, &replies->bytes.used, sizeof replies->bytes.used);
    }
}

/* Not for clients: what the sessions of any core put together for INFO. */
void
kv_run_statistics(struct kv_call *call)
{
    const struct kv_shard *shard = kv_shard_of_store(call->store);
    const struct kv_store *store = &shard->store;
    const struct kv_traffic *traffic = &shard->traffic;
    const struct kv_statistics statistics = {
        .keys = (int64_t) kv_table_count(&store->table),
        .expires = store->expiring.count,
        .used = store->used,
        .hits = (int64_t) store->counters.hits,
        .misses = (int64_t) store->counters.misses,
        .expired = (int64_t) store->counters.expired,
        .accepted = (int64_t) traffic->accepted,
        .refused = (int64_t) traffic->refused,
        .commands = (int64_t) traffic->commands,
        .bytes_in = (int64_t) traffic->bytes_in,
        .bytes_out = (int64_t) traffic->bytes_out,
        .clients = traffic->clients,
        .parcels = (int64_t) traffic->parcels,
        .timeouts = (int64_t) traffic->timeouts,
    };
    kv_reply_bulk(call->out, &statistics, sizeof statistics);
}
