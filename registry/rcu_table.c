/*
 * rcu_table.c - the hash of names: one writer, any number of readers that never wait.
 *
 * All entries stand in one list, in the order of their hashes with the bits reversed, and
 * so do the buckets: bucket i stands before all whose lowest bits are i. With twice as many
 * buckets each is followed by the second half of what it had, and no entry moves: a reader that
 * still counts half the buckets walks a little further, no more (a split-ordered list, after
 * Shalev and Shavit). Buckets come one at a time, a few for each name that is added, so that
 * no core stops to copy a table.
 *
 * An entry is never changed once it is in the table: who reads it may copy what it finds,
 * however late. A name in a large table costs two lines that are not in the cache, its bucket's
 * and its entry's. The alternative was liburcu's own hash, which has five.
 *
 * A core whose task does not let go holds up the freeing of everything that is removed
 * meanwhile. What is pending is counted, and at the limit nothing can be added.
 *
 * Synchronisation: lookup() may overlap with everything but create() and free(); the others
 * exclude each other. Readers are wait-free but for the length of a chain.
 *   T1  link.next      release by the writer -> acquire by readers   what it leads to
 *   T2  table.mask     release when all buckets are made -> acquire by readers   the buckets
 *   T3  table.pending  relaxed; a bound, nothing is read because of it
 */
#include "rcu_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    BUCKETS_FIRST = 512,   /* so few names that change share no line with others */
    BUCKETS_MAX = 1 << 21, /* memory that is not touched costs nothing */
    BUCKETS_BYTES = BUCKETS_MAX * sizeof(struct cyi_table_link),
    BUCKETS_STEP = 4, /* made for each name, while there are too few */
};

struct cyi_table {
    struct cyi_table_link *buckets; /* for readers, and seldom changed */
    _Atomic uint64_t mask;
    alignas(
        CYI_TABLE_LINE) uint32_t made; /* the writer's: buckets, of which readers use some */
    uint32_t count;                    /* entries */
    uint32_t pending_max;
    _Atomic uint32_t pending;
};

bool
cyi_key_equal(const struct cyi_key *a, const struct cyi_key *b)
{
    return a->hash == b->hash && a->kind == b->kind && a->size == b->size &&
           memcmp(a->name, b->name, a->size) == 0;
}

static inline uint64_t
load64(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint32_t
load32(const char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Names are short, and of one hash most often the same: a call of memcmp() costs more. */
static inline bool
same_bytes(const char *a, const char *b, size_t size)
{
    size_t at = 0;
    if (size >= 8) {
        for (; at + 8 < size; at += 8)
            if (load64(a + at) != load64(b + at))
                return false;
        return load64(a + size - 8) == load64(b + size - 8);
    }
    if (size >= 4)
        return load32(a) == load32(b) && load32(a + size - 4) == load32(b + size - 4);
    for (; at < size; at++)
        if (a[at] != b[at])
            return false;
    return true;
}

static bool
same(const struct cyi_entry *entry, const struct cyi_key *key)
{
    return entry->size == key->size && entry->kind == key->kind &&
           same_bytes(entry->name, key->name, key->size);
}

static struct cyi_entry *
make_entry(struct cyi_table *table, const struct cyi_key *key, cy_ref ref)
{
    char *memory = malloc(offsetof(struct cyi_entry, name) + key->size + CYI_TABLE_LINE);
    if (memory == NULL)
        return NULL;
    /* aligned_alloc() would search, and leave holes. */
    size_t off = -(uintptr_t) memory % CYI_TABLE_LINE;
    struct cyi_entry *entry = (struct cyi_entry *) (void *) (memory + off);
    entry->table = table;
    entry->memory = memory;
    entry->hash = key->hash;
    entry->ref = ref;
    entry->size = key->size;
    entry->kind = key->kind;
    memcpy(entry->name, key->name, key->size);
    entry->name[key->size] = '\0';
    return entry;
}

static void
free_entry(struct cyi_rcu_record *record)
{
    struct cyi_entry *entry = cyi_container_of(record, struct cyi_entry, record);
    /* T3: the table waits for us before it goes. */
    atomic_fetch_sub_explicit(&entry->table->pending, 1, memory_order_relaxed);
    free(entry->memory);
}

/* The order of the list. */
static uint64_t
reversed(uint64_t hash)
{
    hash = __builtin_bswap64(hash);
    hash = (hash >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (hash & UINT64_C(0x0f0f0f0f0f0f0f0f))
                                                            << 4;
    hash = (hash >> 2 & UINT64_C(0x3333333333333333)) | (hash & UINT64_C(0x3333333333333333))
                                                            << 2;
    return (hash >> 1 & UINT64_C(0x5555555555555555)) | (hash & UINT64_C(0x5555555555555555))
                                                            << 1;
}

static uintptr_t
next_of(const struct cyi_table_link *link)
{
    /* T1: as readers do it; the writer reads what it wrote. */
    return atomic_load_explicit(&link->next, memory_order_acquire);
}

static bool
is_bucket(uintptr_t next)
{
    return (next & 1) != 0;
}

static struct cyi_table_link *
link_of(uintptr_t next)
{
    return (struct cyi_table_link *) (next & ~(uintptr_t) 1);
}

static struct cyi_entry *
entry_of(uintptr_t next)
{
    return cyi_container_of(link_of(next), struct cyi_entry, link);
}

static uint64_t
index_of(const struct cyi_table *table, uintptr_t next)
{
    return (uint64_t) (link_of(next) - table->buckets);
}

/* `self` is the link, marked if it is a bucket. */
static void
link_behind(uintptr_t self, struct cyi_table_link *before)
{
    /* T1: nobody sees it yet. */
    atomic_store_explicit(&link_of(self)->next, next_of(before), memory_order_relaxed);
    /* T1: now they do. */
    atomic_store_explicit(&before->next, self, memory_order_release);
}

static uint64_t
mask_of(const struct cyi_table *table)
{
    /* T2: as readers do it. */
    return atomic_load_explicit(&table->mask, memory_order_acquire);
}

/* A bucket stands before its members. */
static uint64_t
order_of(const struct cyi_table *table, uintptr_t next)
{
    if (is_bucket(next))
        return reversed(index_of(table, next));
    return reversed(entry_of(next)->hash) | 1;
}

/* The last link from here on that stands before this order. */
static struct cyi_table_link *
place_for(const struct cyi_table *table, struct cyi_table_link *from, uint64_t order)
{
    uintptr_t next;
    while ((next = next_of(from)) != 0 && order_of(table, next) < order)
        from = link_of(next);
    return from;
}

/* Behind the bucket to which its members belonged, and some of them. */
static void
make_bucket(struct cyi_table *table)
{
    uint32_t index = table->made++;
    uint32_t parent = index & ~(UINT32_C(1) << (31 - __builtin_clz(index)));
    uintptr_t self = (uintptr_t) &table->buckets[index] | 1;
    link_behind(self, place_for(table, &table->buckets[parent], reversed(index)));
}

/* Readers go on to use twice as many when all of them are there. */
static void
use_buckets(struct cyi_table *table)
{
    /* T2: the buckets are linked. */
    atomic_store_explicit(&table->mask, table->made - 1, memory_order_release);
}

static void
grow(struct cyi_table *table)
{
    uint32_t size = (uint32_t) mask_of(table) + 1;
    if (size == BUCKETS_MAX || (table->made == size && table->count <= size / 2))
        return;
    for (int i = 0; i < BUCKETS_STEP; i++)
        make_bucket(table);
    if (table->made == 2 * size)
        use_buckets(table);
}

static struct cyi_table_link *
bucket_of(const struct cyi_table *table, uint64_t hash)
{
    return &table->buckets[hash & mask_of(table)];
}

static inline struct cyi_entry *
find(const struct cyi_table *table, const struct cyi_key *key)
{
    uint64_t hash = key->hash, mask = mask_of(table);
    uintptr_t next = next_of(&table->buckets[hash & mask]);
    for (; next != 0; next = next_of(link_of(next))) {
        if (is_bucket(next)) {
            if (((index_of(table, next) ^ hash) & mask) != 0)
                return NULL; /* the next one, of as many as we count */
            continue;
        }
        struct cyi_entry *entry = entry_of(next);
        if (entry->hash == hash && same(entry, key))
            return entry;
    }
    return NULL;
}

int
cyi_table_create(struct cyi_table **out, uint32_t pending_max)
{
    struct cyi_table *table = aligned_alloc(CYI_TABLE_LINE, sizeof *table);
    if (table == NULL)
        return -ENOMEM;
    memset(table, 0, sizeof *table);
    table->pending_max = pending_max;
    table->buckets = mmap(NULL, BUCKETS_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table->buckets == MAP_FAILED) {
        free(table);
        return -ENOMEM;
    }
    for (table->made = 1; table->made < BUCKETS_FIRST;)
        make_bucket(table);
    use_buckets(table);
    *out = table;
    return 0;
}

void
cyi_table_free(struct cyi_table **table)
{
    if (*table == NULL)
        return;
    CY_ASSERT((*table)->count == 0);
    cyi_rcu_barrier();
    munmap((*table)->buckets, BUCKETS_BYTES);
    free(*table);
    *table = NULL;
}

bool
cyi_table_lookup(struct cyi_table *table, const struct cyi_key *key, cy_ref *out)
{
    cyi_rcu_read_lock();
    const struct cyi_entry *entry = find(table, key);
    if (entry != NULL)
        *out = entry->ref;
    cyi_rcu_read_unlock();
    return entry != NULL;
}

struct cyi_entry *
cyi_table_find(struct cyi_table *table, const struct cyi_key *key)
{
    cyi_rcu_read_lock();
    struct cyi_entry *entry = find(table, key);
    cyi_rcu_read_unlock();
    return entry; /* nobody else writes, so it stays */
}

int
cyi_table_add(struct cyi_table *table, struct cyi_entry **out, const struct cyi_key *key,
              cy_ref ref)
{
    /* T3: some more or fewer do not matter. */
    if (atomic_load_explicit(&table->pending, memory_order_relaxed) >= table->pending_max)
        return -ENOBUFS;
    struct cyi_entry *entry = make_entry(table, key, ref);
    if (entry == NULL)
        return -ENOMEM;
    uintptr_t self = (uintptr_t) &entry->link;
    cyi_rcu_update_begin();
    link_behind(self, place_for(table, bucket_of(table, key->hash), order_of(table, self)));
    table->count++;
    grow(table);
    cyi_rcu_update_end();
    *out = entry;
    return 0;
}

static void
take_out(struct cyi_table *table, struct cyi_entry *entry)
{
    struct cyi_table_link *before = bucket_of(table, entry->hash);
    while (link_of(next_of(before)) != &entry->link)
        before = link_of(next_of(before));
    /* T1: who is at the entry goes on from there to what was behind it. */
    atomic_store_explicit(&before->next, next_of(&entry->link), memory_order_release);
    table->count--;
}

void
cyi_table_remove(struct cyi_table *table, struct cyi_entry *entry)
{
    cyi_rcu_update_begin();
    take_out(table, entry);
    cyi_rcu_update_end();
    /* T3: until free_entry(). */
    atomic_fetch_add_explicit(&table->pending, 1, memory_order_relaxed);
    cyi_rcu_call(&entry->record, free_entry);
}

uint32_t
cyi_table_buckets(const struct cyi_table *table)
{
    return (uint32_t) mask_of(table) + 1;
}
