/* blob.h - a large value in a block of its own, which moves instead of being copied. */
#ifndef KV_BLOB_H
#define KV_BLOB_H

#include <stdbool.h>
#include <stddef.h>

#define KV_BULK_MAX  ((size_t) 512 << 20) /* bytes in a key or a value, as in Redis */
#define KV_BLOB_MIN  ((size_t) 32 << 10)  /* arguments from here on are received into a blob */
#define KV_BLOB_STEP ((size_t) 1 << 20)   /* most that growing reserves beyond the need */

/* Has one owner: the argument it came as, later the entry that it is the value of. */
struct kv_blob {
    size_t bytes;
    size_t capacity;
    char at[];
};

/* NULL when memory ran out. */
struct kv_blob *kv_blob_create(size_t capacity);

/* Makes room for so many bytes in all; the blob may move; false, and nothing changed, when
 * memory ran out. */
bool kv_blob_reserve(struct kv_blob **blob, size_t capacity);

/* Accepts NULL, and sets the owner's variable to NULL. */
void kv_blob_free(struct kv_blob **blob);

/* What the block costs, for the accounts. */
size_t kv_blob_cost(const struct kv_blob *blob);

#endif
