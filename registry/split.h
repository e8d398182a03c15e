/*
 * split.h - a hash of intrusive nodes with one writer and many readers, who never wait.
 *
 * Readers may overlap with insert() and remove(), which exclude each other; init() and fini()
 * overlap with nothing. A node that was removed must stay as it is until no reader can be at
 * it any more: grace periods are the caller's affair, and so is the comparison of keys.
 *
 *     cyi_split_for_each(node, &split, hash)
 *         if (same(cyi_container_of(node, struct thing, node), key))
 *             ...
 */
#ifndef CYI_SPLIT_H
#define CYI_SPLIT_H

#include <cycos/base.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_SPLIT_FIRST = 512,   /* buckets: few names that change share no line with others */
    CYI_SPLIT_MAX = 1 << 21, /* half of it nodes are more than a node has names */
    CYI_SPLIT_LINE = 64,     /* bytes that the processor reads at once */
};

/*
 * In the list of all nodes and buckets: a pointer to the next, whose lowest bit says that it
 * is a bucket. A bucket is such a link and nothing else.
 */
struct cyi_split_link {
    _Atomic uintptr_t next;
};

struct cyi_split_node {
    struct cyi_split_link link;
    uint64_t hash;
};

struct cyi_split {
    struct cyi_split_link *buckets; /* for readers, and seldom changed */
    _Atomic uint64_t mask;
    alignas(
        CYI_SPLIT_LINE) uint32_t made; /* the writer's: buckets, of which readers use some */
    uint32_t count;                    /* nodes */
};

/* -ENOMEM. The struct must be aligned to a line. */
CY_MUST_CHECK int cyi_split_init(struct cyi_split *split);

/* Without a look at what is in it. */
void cyi_split_fini(struct cyi_split *split);

/* The writer's; the hash of the node is set. */
void cyi_split_insert(struct cyi_split *split, struct cyi_split_node *node);
void cyi_split_remove(struct cyi_split *split, struct cyi_split_node *node);

/* Buckets that readers use. */
static inline uint32_t
cyi_split_buckets(const struct cyi_split *split)
{
    /* T2: the buckets are read then. */
    return (uint32_t) atomic_load_explicit(&split->mask, memory_order_acquire) + 1;
}

static inline struct cyi_split_link *
cyi_split_link(uintptr_t next)
{
    return (struct cyi_split_link *) (next & ~(uintptr_t) 1);
}

static inline bool
cyi_split_is_bucket(uintptr_t next)
{
    return (next & 1) != 0;
}

static inline uint64_t
cyi_split_index(const struct cyi_split *split, uintptr_t next)
{
    return (uint64_t) (cyi_split_link(next) - split->buckets);
}

static inline uintptr_t
cyi_split_next(const struct cyi_split_link *link)
{
    /* T1: what it leads to is read then. */
    return atomic_load_explicit(&link->next, memory_order_acquire);
}

/* The node of this hash at or behind a link of its bucket; NULL when there is none. */
static inline struct cyi_split_node *
cyi_split_from(const struct cyi_split *split, uint64_t hash, uint64_t mask,
               const struct cyi_split_link *link)
{
    uintptr_t next = cyi_split_next(link);
    for (; next != 0; next = cyi_split_next(cyi_split_link(next))) {
        struct cyi_split_node *node = (struct cyi_split_node *) next;
        if (!cyi_split_is_bucket(next) && node->hash == hash)
            return node;
        /* Where the next bucket begins, of as many as we count. */
        if (cyi_split_is_bucket(next) && ((cyi_split_index(split, next) ^ hash) & mask) != 0)
            return NULL;
    }
    return NULL;
}

static inline struct cyi_split_node *
cyi_split_find(const struct cyi_split *split, uint64_t hash, const struct cyi_split_node *after)
{
    uint64_t mask = cyi_split_buckets(split) - 1;
    return cyi_split_from(split, hash, mask,
                          after == NULL ? &split->buckets[hash & mask] : &after->link);
}

/* Visits every node of this hash. */
#define cyi_split_for_each(node, split, wanted)                                           \
    for (struct cyi_split_node *node = cyi_split_find(split, wanted, NULL); node != NULL; \
         node = cyi_split_find(split, wanted, node))

#endif
