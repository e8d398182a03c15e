/*
 * entry.c - one key with its value, in one block of memory.
 * Tests: tests/kv/test_table.c
 */
#include "entry.h"

#include <stdlib.h>

#define MALLOC_HEAD  ((size_t) 8)
#define MALLOC_GRAIN ((size_t) 16)
#define LEAST_ROOM   sizeof(int64_t) /* an integer or a pointer fits into any entry */

/* What malloc() takes for a block: its own word in front, rounded up. */
static size_t
block_bytes(size_t wanted)
{
    return (wanted + MALLOC_HEAD + MALLOC_GRAIN - 1) & ~(MALLOC_GRAIN - 1);
}

static size_t
fixed_bytes(size_t key_bytes, bool has_expiry)
{
    return sizeof(struct kv_entry) + (has_expiry ? sizeof(struct kv_expiry) : 0) + key_bytes;
}

struct kv_entry *
kv_entry_create(struct kv_slice key, uint32_t hash, size_t room, bool has_expiry)
{
    size_t fixed = fixed_bytes(key.bytes, has_expiry);
    if (room < LEAST_ROOM)
        room = LEAST_ROOM;
    room = (room + 7) & ~(size_t) 7;
    /* What malloc() would round up to is room for the value as well. */
    size_t usable = block_bytes(fixed + room) - MALLOC_HEAD;
    room = (usable - fixed) & ~(size_t) 7;

    struct kv_entry *entry = malloc(fixed + room);
    if (entry == NULL)
        return NULL;
    entry->next = NULL;
    entry->hash = hash;
    entry->key_bytes = (uint32_t) key.bytes & ((1U << 30) - 1);
    entry->has_expiry = has_expiry;
    entry->value_bytes = 0;
    entry->kind = KV_VALUE_BYTES;
    entry->capacity = (uint32_t) room;
    if (has_expiry)
        *kv_entry_expiry(entry) = (struct kv_expiry){0};
    if (key.bytes > 0)
        memcpy(kv_entry_key(entry), key.at, key.bytes);
    return entry;
}

void
kv_entry_free(struct kv_entry *entry)
{
    if (entry->kind == KV_VALUE_BLOB)
        free(kv_entry_blob(entry));
    free(entry);
}

size_t
kv_entry_cost(const struct kv_entry *entry)
{
    return block_bytes(fixed_bytes(entry->key_bytes, entry->has_expiry) + entry->capacity);
}
