/*
 * map.c - a hash of intrusive nodes, which grows by one bucket at a time.
 *
 * Linear hashing: with b buckets, 2^k <= b < 2^(k+1), a hash belongs to the bucket of its
 * low k+1 bits, or, when that bucket is not there yet, to that of its low k bits. Bucket b is
 * made by taking from bucket b - 2^k what belongs to it. The buckets stand in segments that
 * double, so none of them ever moves.
 */
#include <cycos/impl/map.h>

#include <stdlib.h>

static uint32_t
top_bit(uint32_t number)
{
    return UINT32_C(1) << (31 - __builtin_clz(number));
}

static uint32_t
segment_of(uint32_t bucket)
{
    if (bucket < CYI_MAP_FIRST)
        return 0;
    return (uint32_t) __builtin_ctz(top_bit(bucket) / CYI_MAP_FIRST) + 1;
}

static struct cyi_map_node **
bucket_at(const struct cyi_map *map, uint32_t bucket)
{
    if (bucket < CYI_MAP_FIRST)
        return &map->segments[0][bucket];
    return &map->segments[segment_of(bucket)][bucket - top_bit(bucket)];
}

static struct cyi_map_node **
bucket_of(const struct cyi_map *map, uint64_t hash)
{
    uint32_t round = top_bit(map->buckets);
    uint32_t bucket = (uint32_t) hash & (2 * round - 1);
    return bucket_at(map, bucket < map->buckets ? bucket : bucket & (round - 1));
}

static void
link_before(struct cyi_map_node **at, struct cyi_map_node *node)
{
    node->next = *at;
    node->at = at;
    if (*at != NULL)
        (*at)->at = &node->next;
    *at = node;
}

static void
unlink_node(struct cyi_map_node *node)
{
    *node->at = node->next;
    if (node->next != NULL)
        node->next->at = node->at;
    node->next = NULL;
    node->at = NULL;
}

static bool
has_segment(struct cyi_map *map, uint32_t segment, size_t buckets)
{
    if (segment == CYI_MAP_SEGMENTS)
        return false;
    if (map->segments[segment] == NULL)
        map->segments[segment] = calloc(buckets, sizeof(struct cyi_map_node *));
    return map->segments[segment] != NULL;
}

/* Without memory the chains get longer, which is slower but right. */
static void
split(struct cyi_map *map)
{
    uint32_t round = top_bit(map->buckets), fresh = map->buckets;
    if (!has_segment(map, segment_of(fresh), round))
        return;
    struct cyi_map_node *node = *bucket_at(map, fresh - round);
    struct cyi_map_node **to = bucket_at(map, fresh);
    map->buckets++;
    while (node != NULL) {
        struct cyi_map_node *next = node->next;
        if (node->hash & round) {
            unlink_node(node);
            link_before(to, node);
            to = &node->next; /* keeps their order */
        }
        node = next;
    }
}

int
cyi_map_insert(struct cyi_map *map, struct cyi_map_node *node, uint64_t hash)
{
    if (map->buckets == 0) {
        if (!has_segment(map, 0, CYI_MAP_FIRST))
            return -ENOMEM;
        map->buckets = CYI_MAP_FIRST;
    }
    node->hash = hash;
    link_before(bucket_of(map, hash), node);
    if (++map->count > map->buckets)
        split(map);
    return 0;
}

void
cyi_map_remove(struct cyi_map *map, struct cyi_map_node *node)
{
    if (node->at == NULL)
        return;
    unlink_node(node);
    map->count--;
}

static struct cyi_map_node *
first_of(struct cyi_map_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct cyi_map_node *
cyi_map_first(const struct cyi_map *map, uint64_t hash)
{
    return map->count == 0 ? NULL : first_of(*bucket_of(map, hash), hash);
}

struct cyi_map_node *
cyi_map_next(const struct cyi_map_node *node)
{
    return first_of(node->next, node->hash);
}

static uint32_t
reverse(uint32_t bits)
{
    bits = (bits & 0x55555555) << 1 | (bits >> 1 & 0x55555555);
    bits = (bits & 0x33333333) << 2 | (bits >> 2 & 0x33333333);
    bits = (bits & 0x0f0f0f0f) << 4 | (bits >> 4 & 0x0f0f0f0f);
    return __builtin_bswap32(bits);
}

/*
 * Buckets come in the order of their numbers read backwards: then the two that a bucket is
 * split into stand where it stood, and a cursor means the same before and after.
 */
bool
cyi_map_scan(const struct cyi_map *map, uint32_t *cursor,
             bool (*visit)(struct cyi_map_node *node, void *arg), void *arg)
{
    if (map->buckets == 0)
        return false;
    uint32_t round = top_bit(map->buckets);
    uint32_t low = reverse(*cursor) & (round - 1);
    /* A bucket that was split in this round has one more bit, as its new half has. */
    uint32_t common = low + round < map->buckets ? 2 * round : round;
    uint32_t bucket = reverse(*cursor) & (common - 1);
    for (struct cyi_map_node *node = *bucket_at(map, bucket); node != NULL; node = node->next)
        if (!visit(node, arg))
            return true;
    uint32_t step = (uint32_t) ((UINT64_C(1) << 32) / common);
    *cursor = (*cursor / step + 1) * step;
    return *cursor != 0;
}

void
cyi_map_drain(struct cyi_map *map, void (*visit)(struct cyi_map_node *node, void *arg),
              void *arg)
{
    for (uint32_t bucket = 0; map->count > 0 && bucket < map->buckets; bucket++) {
        struct cyi_map_node *node;
        while ((node = *bucket_at(map, bucket)) != NULL) {
            cyi_map_remove(map, node);
            visit(node, arg);
        }
    }
}

void
cyi_map_fini(struct cyi_map *map)
{
    for (uint32_t i = 0; i < CYI_MAP_SEGMENTS; i++)
        free(map->segments[i]);
    *map = (struct cyi_map){0};
}
