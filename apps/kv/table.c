/*
 * table.c - hash table of entries that grows and shrinks a bucket at a time.
 *
 * Chained buckets. A change of size allocates the new buckets (the kernel hands out zeroed
 * pages as they are touched) and then moves one bucket per operation, so that no operation
 * pays for the whole table.
 *
 * A scan goes through the buckets in the order of the reversed bits of their numbers. When
 * the number of buckets doubles, bucket b splits into b and b + count, which are neighbours in
 * that order; halving joins them. So a cursor keeps its meaning at any size: what lies before
 * it has been visited.
 */
#include "table.h"

#include <stdlib.h>

#define COUNT_MIN   ((size_t) 16)
#define SPARSE      8  /* shrinks when fewer than one bucket in so many is in use */
#define EMPTY_VISIT 10 /* empty buckets that count as one moved */
#define CHAIN_MAX   16 /* chains are longer once in 10^14 at this load */
#define TRIES_MAX   4096

uint64_t
kv_random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct kv_entry **
find_in(struct kv_buckets *buckets, struct kv_slice key, uint32_t hash)
{
    if (buckets->used == 0)
        return NULL;
    struct kv_entry **link = &buckets->at[hash & (buckets->count - 1)];
    for (; *link != NULL; link = &(*link)->next) {
        struct kv_entry *entry = *link;
        if (entry->hash == hash && entry->key_bytes == key.bytes &&
            memcmp(kv_entry_key(entry), key.at, key.bytes) == 0)
            return link;
    }
    return NULL;
}

static bool
resize(struct kv_table *table, size_t count)
{
    struct kv_entry **at = calloc(count, sizeof(struct kv_entry *));
    if (at == NULL)
        return false;
    table->old = table->new;
    table->new = (struct kv_buckets){at, count, 0};
    table->moved = 0;
    table->moving = table->old.count > 0;
    return true;
}

static void
push(struct kv_buckets *buckets, struct kv_entry *entry)
{
    struct kv_entry **bucket = &buckets->at[entry->hash & (buckets->count - 1)];
    entry->next = *bucket;
    *bucket = entry;
    buckets->used++;
}

static void
move_bucket(struct kv_table *table)
{
    struct kv_entry *entry = table->old.at[table->moved];
    table->old.at[table->moved++] = NULL;
    while (entry != NULL) {
        struct kv_entry *next = entry->next;
        push(&table->new, entry);
        table->old.used--;
        entry = next;
    }
}

static void
move(struct kv_table *table, size_t buckets)
{
    size_t visits = buckets * EMPTY_VISIT;

    while (buckets > 0 && visits > 0 && table->old.used > 0) {
        visits--;
        buckets -= table->old.at[table->moved] != NULL;
        move_bucket(table);
    }
    if (table->old.used == 0) {
        free(table->old.at);
        table->old = (struct kv_buckets){0};
        table->moving = false;
        table->moved = 0;
    }
}

struct kv_entry **
kv_table_find(struct kv_table *table, struct kv_slice key, uint32_t hash)
{
    if (!table->moving)
        return find_in(&table->new, key, hash);
    move(table, 1);
    struct kv_entry **link = find_in(&table->new, key, hash);
    return link != NULL ? link : find_in(&table->old, key, hash);
}

bool
kv_table_insert(struct kv_table *table, struct kv_entry *entry)
{
    /* Without memory for more buckets the chains get longer, and it is tried again. */
    if (!table->moving && table->new.used >= table->new.count &&
        !resize(table, table->new.count < COUNT_MIN ? COUNT_MIN : table->new.count * 2) &&
        table->new.count == 0)
        return false;
    push(&table->new, entry);
    return true;
}

/* Which of the two holds the entry: the old buckets do until they have been moved. */
static struct kv_buckets *
home_of(struct kv_table *table, const struct kv_entry *entry)
{
    if (!table->moving)
        return &table->new;
    size_t bucket = entry->hash & (table->old.count - 1);
    if (bucket < table->moved)
        return &table->new;
    for (const struct kv_entry *at = table->old.at[bucket]; at != NULL; at = at->next)
        if (at == entry)
            return &table->old;
    return &table->new;
}

struct kv_entry *
kv_table_unlink(struct kv_table *table, struct kv_entry **link)
{
    struct kv_entry *entry = *link;
    home_of(table, entry)->used--;
    *link = entry->next;
    entry->next = NULL;
    return entry;
}

void
kv_table_step(struct kv_table *table, size_t buckets)
{
    if (table->moving) {
        move(table, buckets);
    } else if (table->new.count > COUNT_MIN && table->new.used < table->new.count / SPARSE) {
        size_t count = COUNT_MIN;
        while (count < table->new.used * 2)
            count *= 2;
        (void) resize(table, count); /* without memory it stays as it is */
    }
}

static uint64_t
reverse_bits(uint64_t x)
{
    x = ((x >> 1) & UINT64_C(0x5555555555555555)) | ((x & UINT64_C(0x5555555555555555)) << 1);
    x = ((x >> 2) & UINT64_C(0x3333333333333333)) | ((x & UINT64_C(0x3333333333333333)) << 2);
    x = ((x >> 4) & UINT64_C(0x0f0f0f0f0f0f0f0f)) | ((x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4);
    return __builtin_bswap64(x);
}

/* The next cursor for so many buckets: adds one to the reversed bits below the mask. */
static uint64_t
next_cursor(uint64_t cursor, uint64_t mask)
{
    return reverse_bits(reverse_bits(cursor | ~mask) + 1);
}

static void
visit_bucket(const struct kv_buckets *buckets, uint64_t cursor, kv_visit_fn *visit, void *arg)
{
    struct kv_entry *entry = buckets->at[cursor & (buckets->count - 1)];
    while (entry != NULL) {
        struct kv_entry *next = entry->next;
        visit(arg, entry);
        entry = next;
    }
}

uint64_t
kv_table_scan(const struct kv_table *table, uint64_t cursor, kv_visit_fn *visit, void *arg)
{
    if (kv_table_count(table) == 0)
        return 0;
    if (!table->moving) {
        visit_bucket(&table->new, cursor, visit, arg);
        return next_cursor(cursor, table->new.count - 1);
    }
    /* The bucket of the smaller table, and all those of the larger that it stands for. */
    const struct kv_buckets *small = &table->old;
    const struct kv_buckets *large = &table->new;
    if (small->count > large->count) {
        small = &table->new;
        large = &table->old;
    }
    visit_bucket(small, cursor, visit, arg);
    do {
        visit_bucket(large, cursor, visit, arg);
        cursor = next_cursor(cursor, large->count - 1);
    } while (cursor & (large->count - 1) & ~(small->count - 1));
    return cursor;
}

static struct kv_entry *
bucket_at(const struct kv_table *table, size_t bucket)
{
    return bucket < table->new.count ? table->new.at[bucket]
                                     : table->old.at[bucket - table->new.count];
}

/* After too many misses in an almost empty table: the first entry from a random place on. */
static struct kv_entry *
random_neighbour(const struct kv_table *table, size_t buckets, size_t bucket)
{
    for (size_t i = 0; i < buckets; i++) {
        struct kv_entry *entry = bucket_at(table, (bucket + i) % buckets);
        if (entry != NULL)
            return entry;
    }
    return NULL;
}

struct kv_entry *
kv_table_random(const struct kv_table *table, uint64_t *random_state)
{
    size_t buckets = table->new.count + table->old.count;
    size_t bucket = 0;

    if (kv_table_count(table) == 0)
        return NULL;
    /* Picks a place in a grid of buckets times CHAIN_MAX; most are empty and are rejected, so
     * an entry is as likely in a long chain as in a short one. */
    for (int i = 0; i < TRIES_MAX; i++) {
        uint64_t random = kv_random_next(random_state);
        uint64_t depth = random % CHAIN_MAX;
        bucket = (size_t) ((random >> 4) % buckets);
        struct kv_entry *entry = bucket_at(table, bucket);
        while (entry != NULL && depth-- > 0)
            entry = entry->next;
        if (entry != NULL)
            return entry;
    }
    return random_neighbour(table, buckets, bucket);
}

static size_t
drain(struct kv_buckets *buckets, size_t *bucket, size_t entries)
{
    while (entries > 0 && *bucket < buckets->count) {
        struct kv_entry *entry = buckets->at[*bucket];
        entries--; /* an empty bucket takes time, too */
        if (entry == NULL) {
            ++*bucket;
            continue;
        }
        buckets->at[*bucket] = entry->next;
        kv_entry_free(entry);
    }
    if (*bucket == buckets->count) {
        free(buckets->at);
        *buckets = (struct kv_buckets){0};
        *bucket = 0;
    }
    return entries;
}

bool
kv_table_drain(struct kv_table *table, size_t entries)
{
    if (table->old.count > 0)
        entries = drain(&table->old, &table->moved, entries);
    if (table->old.count == 0 && table->new.count > 0) {
        table->moving = false;
        drain(&table->new, &table->moved, entries);
    }
    return table->new.count == 0 && table->old.count == 0;
}
