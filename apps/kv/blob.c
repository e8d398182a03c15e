/*
 * blob.c - a large value in a block of its own.
 * Tests: tests/kv/test_resp.c
 */
#include "blob.h"

#include <stdlib.h>

#define MALLOC_GRAIN ((size_t) 16)

struct kv_blob *
kv_blob_create(size_t capacity)
{
    struct kv_blob *blob = malloc(sizeof *blob + capacity);
    if (blob == NULL)
        return NULL;
    blob->bytes = 0;
    blob->capacity = capacity;
    return blob;
}

bool
kv_blob_reserve(struct kv_blob **blob, size_t capacity)
{
    if ((*blob)->capacity >= capacity)
        return true;
    struct kv_blob *moved = realloc(*blob, sizeof *moved + capacity);
    if (moved == NULL)
        return false;
    moved->capacity = capacity;
    *blob = moved;
    return true;
}

void
kv_blob_free(struct kv_blob **blob)
{
    free(*blob);
    *blob = NULL;
}

size_t
kv_blob_cost(const struct kv_blob *blob)
{
    return (sizeof *blob + blob->capacity + 2 * MALLOC_GRAIN - 1) & ~(MALLOC_GRAIN - 1);
}
