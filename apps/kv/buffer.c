/* buffer.c - bytes that grow at the end. */
#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>

#define SMALLEST    ((size_t) 512)
#define DOUBLE_UPTO ((size_t) 64 << 20) /* larger buffers grow by half: less is wasted */

void
kv_buffer_free(struct kv_buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct kv_buffer){0};
}

bool
kv_buffer_grow(struct kv_buffer *buffer, size_t bytes)
{
    if (buffer->failed || bytes > SIZE_MAX / 4 || buffer->used > SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    size_t want = buffer->used + bytes;
    size_t more = buffer->capacity < DOUBLE_UPTO ? buffer->capacity : buffer->capacity / 2;
    size_t capacity = buffer->capacity + more;
    if (capacity < SMALLEST)
        capacity = SMALLEST;
    if (capacity < want)
        capacity = want;
    char *at = realloc(buffer->at, capacity);
    if (at == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->at = at;
    buffer->capacity = capacity;
    return true;
}

void
kv_buffer_clear(struct kv_buffer *buffer, size_t keep)
{
    buffer->used = 0;
    if (buffer->capacity > keep)
        kv_buffer_free(buffer);
}
