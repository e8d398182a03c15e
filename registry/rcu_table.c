/*
 * rcu_table.c - the hash of names: a split-ordered list in which RCU says when to free.
 *
 * An entry is never changed once it is in the table: who reads it may copy what it finds,
 * however late. A core whose task does not let go holds up the freeing of everything that is
 * removed meanwhile. What is pending is counted, and at the limit nothing can be added.
 *
 * Synchronisation:
 *   P1  table.pending  relaxed; a bound, nothing is read because of it
 */
#include "rcu_table.h"

#include <stdlib.h>
#include <string.h>

struct cyi_table {
    struct cyi_split split;
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
    char *memory = malloc(offsetof(struct cyi_entry, name) + key->size + CYI_SPLIT_LINE);
    if (memory == NULL)
        return NULL;
    /* aligned_alloc() would search, and leave holes. */
    size_t off = -(uintptr_t) memory % CYI_SPLIT_LINE;
    struct cyi_entry *entry = (struct cyi_entry *) (void *) (memory + off);
    entry->table = table;
    entry->memory = memory;
    entry->node.hash = key->hash;
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
    /* P1: the table waits for us before it goes. */
    atomic_fetch_sub_explicit(&entry->table->pending, 1, memory_order_relaxed);
    free(entry->memory);
}

static struct cyi_entry *
find(const struct cyi_table *table, const struct cyi_key *key)
{
    cyi_split_for_each(node, &table->split, key->hash)
    {
        struct cyi_entry *entry = cyi_container_of(node, struct cyi_entry, node);
        if (same(entry, key))
            return entry;
    }
    return NULL;
}

int
cyi_table_create(struct cyi_table **out, uint32_t pending_max)
{
    struct cyi_table *table = aligned_alloc(CYI_SPLIT_LINE, sizeof *table);
    if (table == NULL)
        return -ENOMEM;
    memset(table, 0, sizeof *table);
    table->pending_max = pending_max;
    int rc = cyi_split_init(&table->split);
    if (rc != 0) {
        free(table);
        return rc;
    }
    *out = table;
    return 0;
}

void
cyi_table_free(struct cyi_table **table)
{
    if (*table == NULL)
        return;
    CY_ASSERT((*table)->split.count == 0);
    cyi_rcu_barrier();
    cyi_split_fini(&(*table)->split);
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
    /* P1: some more or fewer do not matter. */
    if (atomic_load_explicit(&table->pending, memory_order_relaxed) >= table->pending_max)
        return -ENOBUFS;
    struct cyi_entry *entry = make_entry(table, key, ref);
    if (entry == NULL)
        return -ENOMEM;
    cyi_rcu_update_begin();
    cyi_split_insert(&table->split, &entry->node);
    cyi_rcu_update_end();
    *out = entry;
    return 0;
}

void
cyi_table_remove(struct cyi_table *table, struct cyi_entry *entry)
{
    cyi_rcu_update_begin();
    cyi_split_remove(&table->split, &entry->node);
    cyi_rcu_update_end();
    /* P1: until free_entry(). */
    atomic_fetch_add_explicit(&table->pending, 1, memory_order_relaxed);
    cyi_rcu_call(&entry->record, free_entry);
}

uint32_t
cyi_table_buckets(const struct cyi_table *table)
{
    return cyi_split_buckets(&table->split);
}
