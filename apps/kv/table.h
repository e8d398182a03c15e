/* table.h - hash table of entries that grows and shrinks a bucket at a time. */
#ifndef KV_TABLE_H
#define KV_TABLE_H

#include "entry.h"

struct kv_buckets {
    struct kv_entry **at;
    size_t count; /* a power of two, or 0 */
    size_t used;  /* entries in them */
};

/*
 * While `moving`, entries go from old to new with every call; a key is in one of the two.
 * Otherwise all are in new. All zero is an empty table.
 */
struct kv_table {
    struct kv_buckets new;
    struct kv_buckets old;
    bool moving;
    size_t moved; /* buckets of old before this one are empty */
};

static inline size_t
kv_table_count(const struct kv_table *table)
{
    return table->new.used + table->old.used;
}

/* Memory of the bucket arrays. */
static inline size_t
kv_table_cost(const struct kv_table *table)
{
    return (table->new.count + table->old.count) * sizeof(struct kv_entry *);
}

/*
 * Finds a key. The result points to the link that leads to its entry, so that the entry can be
 * replaced or unlinked; good until the next call on the table. NULL: not there.
 */
struct kv_entry **kv_table_find(struct kv_table *table, struct kv_slice key, uint32_t hash);

/*
 * Looking for a key costs two waits for memory: for the bucket, then for the entry. Who knows
 * early which keys will be looked for asks for all their buckets, then for all their entries,
 * and all the waits are one.
 */
static inline void
kv_table_fetch_bucket(const struct kv_table *table, uint32_t hash)
{
    if (table->new.count > 0)
        __builtin_prefetch(&table->new.at[hash & (table->new.count - 1)]);
    if (table->moving)
        __builtin_prefetch(&table->old.at[hash & (table->old.count - 1)]);
}

static inline void
kv_table_fetch_entry(const struct kv_table *table, uint32_t hash)
{
    const struct kv_entry *entry = NULL;
    if (table->moving)
        entry = table->old.at[hash & (table->old.count - 1)];
    if (entry == NULL && table->new.count > 0)
        entry = table->new.at[hash & (table->new.count - 1)];
    __builtin_prefetch(entry);
}

/* Puts in an entry whose key is not there; false when there is no memory for a first bucket. */
bool kv_table_insert(struct kv_table *table, struct kv_entry *entry);

/* Takes out the entry that a link leads to; it is the caller's then. */
struct kv_entry *kv_table_unlink(struct kv_table *table, struct kv_entry **link);

/* Goes on moving, by at most so many buckets; starts shrinking where much is empty. */
void kv_table_step(struct kv_table *table, size_t buckets);

typedef void kv_visit_fn(void *arg, struct kv_entry *entry);

/*
 * One step of a scan that starts and ends with cursor 0. Every entry that is there all the
 * time is visited at least once, though the table grows or shrinks between the steps. @visit
 * must not change the table.
 */
uint64_t kv_table_scan(const struct kv_table *table, uint64_t cursor, kv_visit_fn *visit,
                       void *arg);

/* A random entry, each as likely as any other; NULL when there is none. */
struct kv_entry *kv_table_random(const struct kv_table *table, uint64_t *random_state);

/* Frees up to so many entries and, at last, the buckets; false while there is more to do. */
bool kv_table_drain(struct kv_table *table, size_t entries);

/* The next number of a splitmix64 sequence. */
uint64_t kv_random_next(uint64_t *state);

#endif
