/* names.h - a set of names, as of the channels that a client listens to. */
#ifndef KV_NAMES_H
#define KV_NAMES_H

#include "entry.h"

/* In the order in which they were added. */
struct kv_name {
    struct kv_name *next_in_bucket;
    struct kv_name *next, *previous;
    uint64_t hash;
    uint64_t payload[4]; /* what the owner of the set keeps with a name */
    size_t bytes;
    char at[];
};

/* All zero is an empty set. */
struct kv_names {
    struct kv_name **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
    struct kv_name *first, *last;
};

void kv_names_free(struct kv_names *names);

/* The name, or NULL. The hash is the caller's, always the same function. */
struct kv_name *kv_names_find(const struct kv_names *names, struct kv_slice text,
                              uint64_t hash);

/* Adds a name that is not there; NULL when memory ran out. */
struct kv_name *kv_names_add(struct kv_names *names, struct kv_slice text, uint64_t hash);

/* Takes a name out and frees it. */
void kv_names_remove(struct kv_names *names, struct kv_name *name);

#endif
