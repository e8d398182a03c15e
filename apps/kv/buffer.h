/* buffer.h - bytes that grow at the end: what was received, what is to be sent. */
#ifndef KV_BUFFER_H
#define KV_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * All zero is an empty buffer. When memory runs out `failed` is set and appending does
 * nothing from then on, so that writers need no check per call: their caller looks once.
 */
struct kv_buffer {
    char *at;
    size_t used;
    size_t capacity;
    bool failed;
};

/* Frees the memory; the buffer is an empty one afterwards. */
void kv_buffer_free(struct kv_buffer *buffer);

/* Makes room for so many more bytes; false when memory ran out. */
bool kv_buffer_grow(struct kv_buffer *buffer, size_t bytes);

/* Forgets the content, and gives memory back when more than `keep` bytes are held. */
void kv_buffer_clear(struct kv_buffer *buffer, size_t keep);

/* Room for so many bytes at the end, not yet counted as used; NULL when memory ran out. */
static inline char *
kv_buffer_space(struct kv_buffer *buffer, size_t bytes)
{
    if (__builtin_expect(buffer->capacity - buffer->used < bytes, 0) &&
        !kv_buffer_grow(buffer, bytes))
        return NULL;
    return buffer->at + buffer->used;
}

static inline void
kv_buffer_append(struct kv_buffer *buffer, const void *bytes, size_t count)
{
    char *at = kv_buffer_space(buffer, count);
    if (at == NULL || count == 0)
        return;
    memcpy(at, bytes, count);
    buffer->used += count;
}

#endif
