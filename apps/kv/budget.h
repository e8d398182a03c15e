/* budget.h - the memory cap that all shards of a node share. */
#ifndef KV_BUDGET_H
#define KV_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The one word that shards share: memory is the node's, and a cap per shard would refuse a
 * large value while most of the node is empty. Each shard reports what it uses in steps, so
 * the line is touched once per KV_BUDGET_STEP bytes of change, not once per command.
 *
 *   who                        kv_budget_report   kv_budget_exceeded
 *   any shard, at any time     may overlap        may overlap
 */
struct kv_budget {
    _Atomic int64_t used;
    int64_t max; /* bytes; 0: no cap */
};

#define KV_BUDGET_STEP ((int64_t) 16 << 10)

/* Adds a change, which may be negative. */
void kv_budget_report(struct kv_budget *budget, int64_t change);

/* Is more in use than allowed, counting `unreported` bytes of the caller? */
bool kv_budget_exceeded(const struct kv_budget *budget, int64_t unreported);

/* What all shards have reported. */
int64_t kv_budget_used(const struct kv_budget *budget);

#endif
