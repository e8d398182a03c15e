/* store.h - one shard: keys, values, expiry, accounts. Touched by one core only. */
#ifndef KV_STORE_H
#define KV_STORE_H

#include "budget.h"
#include "hash.h"
#include "table.h"

/* A key on its way through a command. */
struct kv_key {
    struct kv_slice text;
    uint64_t hash;
};

/* A value to be stored: bytes, and the blob they lie in if it may be taken. */
struct kv_value {
    struct kv_slice text;
    struct kv_blob **blob; /* NULL, or the owner's variable; set to NULL when taken */
};

struct kv_store_counters {
    uint64_t hits, misses, expired;
};

struct kv_expiring {
    struct kv_entry **at; /* in no order; each entry knows its place */
    uint32_t count;
    uint32_t capacity;
    uint32_t cursor; /* where the next sweep goes on, downwards */
};

/* Removed all at once, freed little by little. */
struct kv_grave {
    struct kv_grave *next;
    struct kv_table table;
};

struct kv_store {
    struct kv_table table;
    struct kv_expiring expiring;
    struct kv_seed seed;
    struct kv_budget *budget;
    struct kv_grave *graves;
    int64_t used;     /* bytes */
    int64_t reported; /* of them known to the budget */
    size_t arrays;    /* of them in the table's and the list's arrays */
    uint64_t random_state;
    struct kv_store_counters counters;
};

/* The budget is shared and outlives the store. */
void kv_store_init(struct kv_store *store, const struct kv_seed *seed,
                   struct kv_budget *budget);
void kv_store_fini(struct kv_store *store);

static inline struct kv_key
kv_store_key(const struct kv_store *store, const char *at, size_t bytes)
{
    return (struct kv_key){{at, bytes}, kv_hash(&store->seed, at, bytes)};
}

/*
 * In all calls below `now` is Unix time in milliseconds and "link" is what leads to an entry;
 * a link is good until the next call that is given a key. Functions that may replace the entry
 * keep *link up to date.
 */

/* NULL when the key is not there; an entry that has expired is removed on the way. */
struct kv_entry **kv_store_find(struct kv_store *store, const struct kv_key *key, int64_t now);

/*
 * Sets the value of a key that is there (link) or not (link NULL). The time of expiry goes
 * unless `keep_expiry`. Returns the entry, or NULL, with nothing changed, for want of memory.
 */
struct kv_entry *kv_store_set(struct kv_store *store, struct kv_entry **link,
                              const struct kv_key *key, const struct kv_value *value,
                              bool keep_expiry);

/* Sets an integer and keeps the time of expiry. */
struct kv_entry *kv_store_set_integer(struct kv_store *store, struct kv_entry **link,
                                      const struct kv_key *key, int64_t value);

/*
 * Makes the value at least so many bytes long, as text, filled up with zero bytes, and gives
 * its bytes for writing. NULL, with nothing changed, for want of memory.
 */
char *kv_store_extend(struct kv_store *store, struct kv_entry **link, size_t bytes);

/* Sets or, with 0, takes away the time of expiry; false for want of memory. */
bool kv_store_expire_at(struct kv_store *store, struct kv_entry **link, int64_t at_ms);

void kv_store_remove(struct kv_store *store, struct kv_entry **link);

/* Removes everything at once; memory comes back by kv_store_tick(). */
void kv_store_flush(struct kv_store *store);

/* Housekeeping, to be called about every 10 ms: expires, moves, frees; bounded work. */
void kv_store_tick(struct kv_store *store, int64_t now);

/* Is there so much left to do that the next tick should come soon? */
bool kv_store_is_busy(const struct kv_store *store);

/* Moves the value and the time of expiry of `from`, which must be there, to `to`, another key
 * whose value is lost. False, with nothing changed, for want of memory. */
bool kv_store_rename(struct kv_store *store, const struct kv_key *from, const struct kv_key *to,
                     int64_t now);

/* A random entry that has not expired, each as likely as any other; NULL if there is none. */
struct kv_entry *kv_store_random(struct kv_store *store, int64_t now);

/* Is the node's memory cap exceeded? */
bool kv_store_is_full(const struct kv_store *store);

#endif
