/*
 * cycos/impl/map.h - a hash of intrusive nodes, which grows by one bucket at a time.
 *
 * A member embeds a struct cyi_map_node and belongs to at most one map at a time. Insert and
 * remove are O(1); linear hashing splits one bucket for each member that comes, so that a map
 * with a million members never stops to copy itself. Nothing is locked. Equal members are
 * the caller's affair: the map compares hashes, the caller compares keys.
 *
 *     cyi_map_for_each(node, &map, hash)
 *         if (same(cyi_container_of(node, struct thing, node), key))
 *             return node;
 *
 * A zeroed map is empty and owns nothing.
 */
#ifndef CYCOS_IMPL_MAP_H
#define CYCOS_IMPL_MAP_H

#include <cycos/base.h>
#include <cycos/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_MAP_FIRST = 16,    /* buckets of a small map */
    CYI_MAP_SEGMENTS = 26, /* the n-th doubles the buckets */
};

struct cyi_map_node {
    struct cyi_map_node *next, **at; /* at: the pointer that points here */
    uint64_t hash;
};

struct cyi_map {
    struct cyi_map_node **segments[CYI_MAP_SEGMENTS];
    uint32_t buckets;
    uint32_t count;
};

/* Adds a member, before those of the same hash. Fails with -ENOMEM only while it is empty. */
CY_MUST_CHECK int cyi_map_insert(struct cyi_map *map, struct cyi_map_node *node, uint64_t hash);

/* Takes a member out; no effect on zeroed memory and on one that is out already. */
void cyi_map_remove(struct cyi_map *map, struct cyi_map_node *node);

/* The newest member of this hash, or NULL; and from there the next one of the same hash. */
struct cyi_map_node *cyi_map_first(const struct cyi_map *map, uint64_t hash);
struct cyi_map_node *cyi_map_next(const struct cyi_map_node *node);

#define cyi_map_for_each(node, map, hash)                                      \
    for (struct cyi_map_node *node = cyi_map_first(map, hash); (node) != NULL; \
         node = cyi_map_next(node))

/*
 * Visits the members of one bucket and moves the cursor, which begins as 0, to the next. False
 * at the end. When visit() says false it stops, and the cursor stays. The map may change
 * between two calls: who is in it all the time is visited once.
 */
bool cyi_map_scan(const struct cyi_map *map, uint32_t *cursor,
                  bool (*visit)(struct cyi_map_node *node, void *arg), void *arg);

/* Takes every member out and hands it to visit(), which may free it but not use the map. */
void cyi_map_drain(struct cyi_map *map, void (*visit)(struct cyi_map_node *node, void *arg),
                   void *arg);

/* Forgets all members, without a look at them, and gives the memory back. */
void cyi_map_fini(struct cyi_map *map);

/* Spreads a number over 64 bits. For keys that an enemy may choose there is hash.h. */
static inline uint64_t
cyi_hash_number(uint64_t number)
{
    number = (number ^ (number >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    number = (number ^ (number >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return number ^ (number >> 32);
}

#endif
