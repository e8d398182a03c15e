/* rcu_table.h - the hash of names that every core reads without a lock. */
#ifndef CYI_RCU_TABLE_H
#define CYI_RCU_TABLE_H

#include "split.h"
#include <cycos/impl/name.h>
#include <cycos/impl/rcu.h>

struct cyi_table;

/*
 * One name. Readers see it until a grace period after its removal, then it is freed. What they
 * read lies in one line if the name has no more than 13 bytes.
 */
struct cyi_entry {
    struct cyi_rcu_record record; /* the writers', from here on */
    struct cyi_table *table;
    struct cyi_map_node by_owner;
    void *memory;
    alignas(CYI_SPLIT_LINE) struct cyi_split_node node;
    cy_ref ref;
    uint8_t size, kind;
    char name[];
};

/* pending_max: entries that are removed, but not freed because a core may still read them. */
CY_MUST_CHECK int cyi_table_create(struct cyi_table **out, uint32_t pending_max);

/* When nobody uses it any more; every entry must have been removed. */
void cyi_table_free(struct cyi_table **table);

/* On a thread that is registered and online, at any time. */
bool cyi_table_lookup(struct cyi_table *table, const struct cyi_key *key, cy_ref *out);

/*
 * For writers, of whom the caller allows one at a time, on a thread that is registered and
 * online. find() returns an entry that is good until the caller removes it.
 */
struct cyi_entry *cyi_table_find(struct cyi_table *table, const struct cyi_key *key);
/* -ENOMEM, -ENOBUFS pending_max entries are pending; the key must not be there. */
CY_MUST_CHECK int cyi_table_add(struct cyi_table *table, struct cyi_entry **out,
                                const struct cyi_key *key, cy_ref ref);
void cyi_table_remove(struct cyi_table *table, struct cyi_entry *entry);

/* The size of the hash. */
uint32_t cyi_table_buckets(const struct cyi_table *table);

#endif
