/*
 * rcu_table.c - the hash of names, in the two back ends of RCU.
 *
 * With liburcu it is a lock-free resizable hash (cds_lfht): a reader does one multiplication
 * per eight bytes of the name, walks a chain of some two entries and never waits. With the lock
 * it is a plain hash. An entry is never changed once it is in the table: who reads it may copy
 * what it finds, however late.
 *
 * A core whose task does not let go holds up the freeing of everything that is removed
 * meanwhile. What is pending is counted, and at the limit nothing can be added.
 *
 * Caveat of liburcu 0.13: a table that resizes itself (CDS_LFHT_AUTO_RESIZE) may stop doing so
 * for ever. Who asks for a resize marks it as begun after having handed it to the library's
 * thread; when that thread is done sooner, the mark stays, and later requests think that
 * somebody is at it. Seen on a busy machine: 256 buckets for 100 000 entries. So we count, and
 * ask for growth ourselves.
 *
 * Synchronisation:
 *   P1  table.pending    relaxed; a bound, nothing is read because of it
 *   P2  backend.count    relaxed; how far to grow need not be exact
 *   P3  backend.growing  release when grown -> acquire by the writer   backend.size
 */
#include "rcu_table.h"
#include <cycos/impl/list.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct cyi_table {
    _Atomic uint32_t pending;
    uint32_t pending_max;
    struct table_backend *backend;
};

struct cyi_key
cyi_key_make(const struct cyi_hash_key *hash_key, enum cy_kind kind, const char *name,
             size_t size)
{
    CY_ASSERT(size <= UINT8_MAX);
    return (struct cyi_key){.hash = cyi_hash_name(hash_key, name, size) + kind,
                            .name = name,
                            .size = (uint8_t) size,
                            .kind = (uint8_t) kind};
}

bool
cyi_key_equal(const struct cyi_key *a, const struct cyi_key *b)
{
    return a->hash == b->hash && a->kind == b->kind && a->size == b->size &&
           memcmp(a->name, b->name, a->size) == 0;
}

static bool
same(const struct cyi_entry *entry, const struct cyi_key *key)
{
    return entry->size == key->size && entry->kind == key->kind &&
           memcmp(entry->name, key->name, key->size) == 0;
}

static struct cyi_entry *
make_entry(struct cyi_table *table, const struct cyi_key *key, cy_ref ref)
{
    struct cyi_entry *entry = malloc(sizeof *entry + key->size + 1);
    if (entry == NULL)
        return NULL;
    *entry =
        (struct cyi_entry){.table = table, .ref = ref, .size = key->size, .kind = key->kind};
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
    free(entry);
}

#ifndef CY_RCU_LOCK

/* The short functions as inline code: the library allows it under any licence. */
#define URCU_INLINE_SMALL_FUNCTIONS 1
#include <urcu/rculfhash.h>
#include <urcu/urcu-qsbr.h>

typedef struct cds_lfht_node table_node;

enum { FIRST_SIZE = 1024, GROWTH = 4 };

struct table_backend {
    struct cds_lfht *hash;
    struct cyi_rcu_record grow;
    _Atomic uint32_t count;
    uint32_t size; /* buckets; changed while `growing` only */
    _Atomic bool growing;
};

static int
open_table(struct table_backend *table)
{
    table->size = FIRST_SIZE;
    table->hash = cds_lfht_new_flavor(FIRST_SIZE, FIRST_SIZE, 0, 0, &urcu_qsbr_flavor, NULL);
    return table->hash == NULL ? -ENOMEM : 0;
}

/* On the library's thread, so that no core waits for it. Growing waits for no reader. */
static void
grow(struct cyi_rcu_record *record)
{
    struct table_backend *table = cyi_container_of(record, struct table_backend, grow);
    /* P2: entries that come meanwhile find longer chains, no more. */
    uint32_t count = atomic_load_explicit(&table->count, memory_order_relaxed);
    uint32_t size = table->size * GROWTH;
    while (size < count)
        size *= GROWTH;
    cds_lfht_resize(table->hash, size);
    table->size = size;
    /* P3: the new size with it. */
    atomic_store_explicit(&table->growing, false, memory_order_release);
}

static void
grow_if_full(struct table_backend *table)
{
    /* P3: then nobody changes the size. */
    if (atomic_load_explicit(&table->growing, memory_order_acquire))
        return;
    /* P2: only writers change it, and we are the one. */
    if (atomic_load_explicit(&table->count, memory_order_relaxed) <= table->size)
        return;
    /* P3: until grow() has run. */
    atomic_store_explicit(&table->growing, true, memory_order_relaxed);
    cyi_rcu_call_elsewhere(&table->grow, grow);
}

static uint32_t
buckets(const struct table_backend *table)
{
    return table->size;
}

static void
close_table(struct table_backend *table)
{
    int error = cds_lfht_destroy(table->hash, NULL);
    CY_ASSERT(error == 0);
}

static int
matches(struct cds_lfht_node *node, const void *key)
{
    return same((const struct cyi_entry *) (const void *) node, key);
}

static struct cyi_entry *
find(struct table_backend *table, const struct cyi_key *key)
{
    struct cds_lfht_iter at;
    cds_lfht_lookup(table->hash, key->hash, matches, key, &at);
    return (struct cyi_entry *) (void *) cds_lfht_iter_get_node(&at);
}

static int
insert(struct table_backend *table, struct cyi_entry *entry, uint64_t hash)
{
    cds_lfht_node_init((table_node *) (void *) entry->reserved);
    cds_lfht_add(table->hash, hash, (table_node *) (void *) entry->reserved);
    /* P2: as above. */
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
    return 0;
}

static void
take_out(struct table_backend *table, struct cyi_entry *entry)
{
    int error = cds_lfht_del(table->hash, (table_node *) (void *) entry->reserved);
    CY_ASSERT(error == 0);
    /* P2: as above. */
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

#else

typedef struct cyi_map_node table_node;

struct table_backend {
    struct cyi_map map;
};

static int
open_table(struct table_backend *table)
{
    table->map = (struct cyi_map){0};
    return 0;
}

static void
grow_if_full(struct table_backend *table)
{
    (void) table; /* grows by itself */
}

static uint32_t
buckets(const struct table_backend *table)
{
    return table->map.buckets;
}

static void
close_table(struct table_backend *table)
{
    CY_ASSERT(table->map.count == 0);
    cyi_map_fini(&table->map);
}

static struct cyi_entry *
find(struct table_backend *table, const struct cyi_key *key)
{
    cyi_map_for_each(node, &table->map, key->hash) {
        struct cyi_entry *entry = (struct cyi_entry *) (void *) node;
        if (same(entry, key))
            return entry;
    }
    return NULL;
}

static int
insert(struct table_backend *table, struct cyi_entry *entry, uint64_t hash)
{
    return cyi_map_insert(&table->map, (table_node *) (void *) entry->reserved, hash);
}

static void
take_out(struct table_backend *table, struct cyi_entry *entry)
{
    cyi_map_remove(&table->map, (table_node *) (void *) entry->reserved);
}

#endif

_Static_assert(sizeof(table_node) <= sizeof((struct cyi_entry *) 0)->reserved &&
                   offsetof(struct cyi_entry, reserved) == 0,
               "an entry begins with the node of its table");

int
cyi_table_create(struct cyi_table **out, uint32_t pending_max)
{
    struct cyi_table *table = calloc(1, sizeof *table);
    struct table_backend *backend = calloc(1, sizeof *backend);
    if (table == NULL || backend == NULL || open_table(backend) != 0) {
        free(table);
        free(backend);
        return -ENOMEM;
    }
    table->backend = backend;
    table->pending_max = pending_max;
    *out = table;
    return 0;
}

void
cyi_table_free(struct cyi_table **table)
{
    if (*table == NULL)
        return;
    cyi_rcu_barrier();
    close_table((*table)->backend);
    free((*table)->backend);
    free(*table);
    *table = NULL;
}

bool
cyi_table_lookup(struct cyi_table *table, const struct cyi_key *key, cy_ref *out)
{
    cyi_rcu_read_lock();
    const struct cyi_entry *entry = find(table->backend, key);
    if (entry != NULL)
        *out = entry->ref;
    cyi_rcu_read_unlock();
    return entry != NULL;
}

struct cyi_entry *
cyi_table_find(struct cyi_table *table, const struct cyi_key *key)
{
    cyi_rcu_read_lock();
    struct cyi_entry *entry = find(table->backend, key);
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
    int rc = insert(table->backend, entry, key->hash);
    cyi_rcu_update_end();
    if (rc != 0) {
        free(entry);
        return rc;
    }
    grow_if_full(table->backend);
    *out = entry;
    return 0;
}

void
cyi_table_remove(struct cyi_table *table, struct cyi_entry *entry)
{
    cyi_rcu_update_begin();
    take_out(table->backend, entry);
    cyi_rcu_update_end();
    /* P1: until free_entry(). */
    atomic_fetch_add_explicit(&table->pending, 1, memory_order_relaxed);
    cyi_rcu_call(&entry->record, free_entry);
}

uint32_t
cyi_table_buckets(const struct cyi_table *table)
{
    return buckets(table->backend);
}
