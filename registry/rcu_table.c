/*
 * rcu_table.c - the hash of names, in the two back ends of RCU.
 *
 * With liburcu it is a lock-free resizable hash (cds_lfht): a reader does one multiplication
 * per eight bytes of the name, walks a chain of some two entries and never waits. With the lock
 * it is a plain hash. An entry is never changed once it is in the table: who reads it may copy
 * what it finds, however late.
 */
#include "rcu_table.h"
#include <cycos/impl/list.h>

#include <stdlib.h>
#include <string.h>

struct cyi_key
cyi_key_make(enum cy_kind kind, const char *name, size_t size)
{
    CY_ASSERT(size <= UINT8_MAX);
    return (struct cyi_key){.hash = cyi_hash_bytes(name, size, kind),
                            .name = name,
                            .size = (uint8_t) size,
                            .kind = (uint8_t) kind};
}

static bool
same(const struct cyi_entry *entry, const struct cyi_key *key)
{
    return entry->size == key->size && entry->kind == key->kind &&
           memcmp(entry->name, key->name, key->size) == 0;
}

static struct cyi_entry *
make_entry(const struct cyi_key *key, cy_ref ref)
{
    struct cyi_entry *entry = malloc(sizeof *entry + key->size + 1);
    if (entry == NULL)
        return NULL;
    *entry = (struct cyi_entry){.ref = ref, .size = key->size, .kind = key->kind};
    memcpy(entry->name, key->name, key->size);
    entry->name[key->size] = '\0';
    return entry;
}

static void
free_entry(struct cyi_rcu_record *record)
{
    free(cyi_container_of(record, struct cyi_entry, record));
}

#ifndef CY_RCU_LOCK

/* The short functions as inline code: the library allows it under any licence. */
#define URCU_INLINE_SMALL_FUNCTIONS 1
#include <urcu/rculfhash.h>
#include <urcu/urcu-qsbr.h>

typedef struct cds_lfht_node table_node;

struct cyi_table {
    struct cds_lfht *hash;
};

/* The first one of a process starts the thread that resizes. */
static void
make_hash(void *arg)
{
    struct cyi_table *table = arg;
    table->hash = cds_lfht_new_flavor(64, 64, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING,
                                      &urcu_qsbr_flavor, NULL);
}

static int
open_table(struct cyi_table *table)
{
    cyi_rcu_unpinned(make_hash, table);
    return table->hash == NULL ? -ENOMEM : 0;
}

/* The library waits for a resize in its own thread, so the caller must not hold that up. */
static void
close_table(struct cyi_table *table)
{
    cyi_rcu_register();
    cyi_rcu_offline();
    int error = cds_lfht_destroy(table->hash, NULL);
    cyi_rcu_online();
    cyi_rcu_unregister();
    CY_ASSERT(error == 0);
}

static int
matches(struct cds_lfht_node *node, const void *key)
{
    return same((const struct cyi_entry *) (const void *) node, key);
}

static struct cyi_entry *
find(struct cyi_table *table, const struct cyi_key *key)
{
    struct cds_lfht_iter at;
    cds_lfht_lookup(table->hash, key->hash, matches, key, &at);
    return (struct cyi_entry *) (void *) cds_lfht_iter_get_node(&at);
}

static int
insert(struct cyi_table *table, struct cyi_entry *entry, uint64_t hash)
{
    cds_lfht_node_init((table_node *) (void *) entry->reserved);
    cds_lfht_add(table->hash, hash, (table_node *) (void *) entry->reserved);
    return 0;
}

static void
take_out(struct cyi_table *table, struct cyi_entry *entry)
{
    int error = cds_lfht_del(table->hash, (table_node *) (void *) entry->reserved);
    CY_ASSERT(error == 0);
}

#else

typedef struct cyi_map_node table_node;

struct cyi_table {
    struct cyi_map map;
};

static int
open_table(struct cyi_table *table)
{
    table->map = (struct cyi_map){0};
    return 0;
}

static void
close_table(struct cyi_table *table)
{
    CY_ASSERT(table->map.count == 0);
    cyi_map_fini(&table->map);
}

static struct cyi_entry *
find(struct cyi_table *table, const struct cyi_key *key)
{
    cyi_map_for_each(node, &table->map, key->hash) {
        struct cyi_entry *entry = (struct cyi_entry *) (void *) node;
        if (same(entry, key))
            return entry;
    }
    return NULL;
}

static int
insert(struct cyi_table *table, struct cyi_entry *entry, uint64_t hash)
{
    return cyi_map_insert(&table->map, (table_node *) (void *) entry->reserved, hash);
}

static void
take_out(struct cyi_table *table, struct cyi_entry *entry)
{
    cyi_map_remove(&table->map, (table_node *) (void *) entry->reserved);
}

#endif

_Static_assert(sizeof(table_node) <= sizeof((struct cyi_entry *) 0)->reserved &&
                   offsetof(struct cyi_entry, reserved) == 0,
               "an entry begins with the node of its table");

int
cyi_table_create(struct cyi_table **out)
{
    struct cyi_table *table = malloc(sizeof *table);
    if (table == NULL)
        return -ENOMEM;
    int rc = open_table(table);
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
    cyi_rcu_barrier();
    close_table(*table);
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
    struct cyi_entry *entry = make_entry(key, ref);
    if (entry == NULL)
        return -ENOMEM;
    cyi_rcu_update_begin();
    int rc = insert(table, entry, key->hash);
    cyi_rcu_update_end();
    if (rc != 0) {
        free(entry);
        return rc;
    }
    *out = entry;
    return 0;
}

void
cyi_table_remove(struct cyi_table *table, struct cyi_entry *entry)
{
    cyi_rcu_update_begin();
    take_out(table, entry);
    cyi_rcu_update_end();
    cyi_rcu_call(&entry->record, free_entry);
}
