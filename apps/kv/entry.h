/* entry.h - one key with its value, in one block of memory. */
#ifndef KV_ENTRY_H
#define KV_ENTRY_H

#include "blob.h"
#include "number.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum kv_kind {
    KV_VALUE_BYTES,   /* in the entry */
    KV_VALUE_INTEGER, /* text that is a canonical 64-bit integer, kept as that */
    KV_VALUE_BLOB,    /* in a block of its own */
};

#define KV_INPLACE_MAX ((size_t) 2048) /* larger values get a blob */

/* When an entry expires. In front of the value, only where one was ever set. */
struct kv_expiry {
    int64_t at_ms;  /* Unix time; 0: never */
    uint32_t index; /* place in the store's list of entries that expire */
    uint32_t unused;
};

/*
 * Behind this: a struct kv_expiry if has_expiry, `capacity` bytes for the value (a multiple of
 * 8, so aligned), the key.
 */
struct kv_entry {
    struct kv_entry *next; /* in the bucket */
    uint32_t hash;         /* low half: which bucket */
    uint32_t key_bytes : 30;
    uint32_t has_expiry : 1;
    uint32_t : 1;
    uint32_t value_bytes : 30; /* of KV_VALUE_BYTES */
    uint32_t kind : 2;
    uint32_t capacity;
};

/* A value in sight: borrowed bytes. */
struct kv_slice {
    const char *at;
    size_t bytes;
};

static inline struct kv_expiry *
kv_entry_expiry(struct kv_entry *entry)
{
    return (struct kv_expiry *) (void *) (entry + 1);
}

static inline char *
kv_entry_place(struct kv_entry *entry)
{
    return (char *) (entry + 1) + (entry->has_expiry ? sizeof(struct kv_expiry) : 0);
}

static inline char *
kv_entry_key(struct kv_entry *entry)
{
    return kv_entry_place(entry) + entry->capacity;
}

/* Unix time in milliseconds; 0: never. */
static inline int64_t
kv_entry_expires_at(struct kv_entry *entry)
{
    return entry->has_expiry ? kv_entry_expiry(entry)->at_ms : 0;
}

static inline int64_t
kv_entry_integer(struct kv_entry *entry)
{
    int64_t value;
    memcpy(&value, kv_entry_place(entry), sizeof value);
    return value;
}

static inline struct kv_blob *
kv_entry_blob(struct kv_entry *entry)
{
    struct kv_blob *blob;
    memcpy(&blob, kv_entry_place(entry), sizeof blob);
    return blob;
}

/* The value as text; an integer is written into `scratch`. */
static inline struct kv_slice
kv_entry_value(struct kv_entry *entry, char scratch[KV_INTEGER_TEXT_MAX])
{
    if (entry->kind == KV_VALUE_BYTES)
        return (struct kv_slice){kv_entry_place(entry), entry->value_bytes};
    if (entry->kind == KV_VALUE_BLOB) {
        struct kv_blob *blob = kv_entry_blob(entry);
        return (struct kv_slice){blob->at, blob->bytes};
    }
    return (struct kv_slice){scratch, kv_integer_write(scratch, kv_entry_integer(entry))};
}

/*
 * An entry for this key with room for a value of at least `room` bytes in place. It has no
 * value and is in no bucket. NULL when memory ran out.
 */
struct kv_entry *kv_entry_create(struct kv_slice key, uint32_t hash, size_t room,
                                 bool has_expiry);

/* Frees the entry, and its blob if it has one. */
void kv_entry_free(struct kv_entry *entry);

/* What the entry costs, without its blob. */
size_t kv_entry_cost(const struct kv_entry *entry);

#endif
