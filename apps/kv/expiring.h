/* expiring.h - the entries of a store that expire, so that expired ones are found. */
#ifndef KV_EXPIRING_H
#define KV_EXPIRING_H

#include "store.h"

/* Puts an entry, which has room for it, on the list; false for want of memory. */
bool kv_expiring_add(struct kv_expiring *list, struct kv_entry *entry, int64_t at_ms);

/* Takes an entry from the list; it never expires then. */
void kv_expiring_remove(struct kv_expiring *list, struct kv_entry *entry);

/* `entry` takes the time and the place of `before`, which is on the list and leaves it. */
void kv_expiring_take_over(struct kv_expiring *list, struct kv_entry *before,
                           struct kv_entry *entry);

/* Calls `expire`, which must remove the entry, for some that have expired; bounded work. */
void kv_expiring_sweep(struct kv_expiring *list, int64_t now, kv_visit_fn *expire, void *arg);

void kv_expiring_free(struct kv_expiring *list);

static inline size_t
kv_expiring_cost(const struct kv_expiring *list)
{
    return list->capacity * sizeof *list->at;
}

#endif
