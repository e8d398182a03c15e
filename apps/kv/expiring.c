/*
 * expiring.c - the entries of a store that expire.
 * Tests: tests/kv/test_store.c
 *
 * An array in no order: adding and removing take constant time, and a sweep comes to every
 * entry in turn. It looks at a slice per tick, and at more as long as it finds much to do, so
 * expired entries hold little memory for long; a key that somebody asks for is checked anyway.
 */
#include "expiring.h"

#include <stdlib.h>

#define SLICE      ((uint32_t) 200)
#define SLICES_MAX 20
#define CAPACITY   ((uint32_t) 64)

bool
kv_expiring_add(struct kv_expiring *list, struct kv_entry *entry, int64_t at_ms)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? CAPACITY : list->capacity * 2;
        struct kv_entry **at = realloc(list->at, capacity * sizeof(struct kv_entry *));
        if (at == NULL)
            return false;
        list->at = at;
        list->capacity = capacity;
    }
    *kv_entry_expiry(entry) = (struct kv_expiry){at_ms, list->count, 0};
    list->at[list->count++] = entry;
    return true;
}

void
kv_expiring_remove(struct kv_expiring *list, struct kv_entry *entry)
{
    struct kv_expiry *expiry = kv_entry_expiry(entry);
    struct kv_entry *last = list->at[--list->count];

    list->at[expiry->index] = last;
    kv_entry_expiry(last)->index = expiry->index;
    *expiry = (struct kv_expiry){0};
}

void
kv_expiring_take_over(struct kv_expiring *list, struct kv_entry *before, struct kv_entry *entry)
{
    struct kv_expiry *expiry = kv_entry_expiry(before);

    *kv_entry_expiry(entry) = *expiry;
    list->at[expiry->index] = entry;
    *expiry = (struct kv_expiry){0};
}

/* Looks at up to SLICE entries below the cursor; returns how many had expired. */
static uint32_t
sweep_slice(struct kv_expiring *list, int64_t now, kv_visit_fn *expire, void *arg)
{
    uint32_t expired = 0;

    if (list->cursor == 0 || list->cursor > list->count)
        list->cursor = list->count;
    for (uint32_t i = 0; i < SLICE && list->cursor > 0; i++) {
        struct kv_entry *entry = list->at[--list->cursor];
        if (kv_entry_expiry(entry)->at_ms >= now)
            continue;
        /* The last one takes its place: it was looked at, or the sweep comes back to it. */
        expire(arg, entry);
        expired++;
    }
    return expired;
}

void
kv_expiring_sweep(struct kv_expiring *list, int64_t now, kv_visit_fn *expire, void *arg)
{
    for (int i = 0; i < SLICES_MAX && list->count > 0; i++)
        if (sweep_slice(list, now, expire, arg) <= SLICE / 10)
            break;
}

void
kv_expiring_free(struct kv_expiring *list)
{
    free(list->at);
    *list = (struct kv_expiring){0};
}
