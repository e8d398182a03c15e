/*
 * value_writer.c - writing bodies: each put appends one value to what its list or map needs.
 *
 * What does not fit is counted but not written, so that w->size says how much room it takes;
 * without the bytes, the order of keys is not looked at.
 */
#include "value.h"

void
cy_value_writer_init(cy_value_writer *w, void *buffer, size_t size)
{
    CY_ASSERT(buffer != NULL || size == 0);
    w->bytes = buffer;
    w->size = 0;
    w->room = size;
    w->grow = NULL;
    w->owner = NULL;
    w->error = 0;
    w->depth = 0;
    w->levels[0] = (struct cy_value_level){.left = 1};
}

void
cy_value_writer_init_growing(cy_value_writer *w, int (*grow)(cy_value_writer *w, size_t room),
                             void *owner)
{
    cy_value_writer_init(w, NULL, 0);
    w->grow = grow;
    w->owner = owner;
}

static bool
fail(cy_value_writer *w, int error)
{
    w->error = error;
    return false;
}

/* May a value come now, and one of this type? */
static inline bool
begin(cy_value_writer *w, unsigned major)
{
    struct cy_value_level *level = &w->levels[w->depth];
    if (w->error != 0)
        return false;
    if (level->left == 0)
        return fail(w, -EINVAL);
    if (level->is_map && level->left % 2 == 0 && major > CYI_VALUE_TEXT)
        return fail(w, -EINVAL);
    return true;
}

/* Is all that was written so far there to be read? */
static bool
complete(const cy_value_writer *w)
{
    return w->size <= w->room;
}

/* A place for so many bytes in *at; NULL when they do not fit. False: no memory. */
static inline bool
reserve(cy_value_writer *w, size_t bytes, uint8_t **at)
{
    size_t needed;
    if (__builtin_add_overflow(w->size, bytes, &needed))
        return fail(w, -EMSGSIZE);
    if (needed > w->room && w->grow != NULL) {
        int rc = w->grow(w, needed);
        if (rc != 0)
            return fail(w, rc);
        CY_ASSERT(w->room >= needed && w->bytes != NULL);
    }
    *at = needed <= w->room ? w->bytes + w->size : NULL;
    w->size = needed;
    return true;
}

static void
end_key(cy_value_writer *w, struct cy_value_level *map, size_t key)
{
    size_t size = w->size - key;
    if (!complete(w))
        return;
    CY_ASSERT(w->bytes != NULL);
    if (map->key_size != 0) {
        int order = cyi_value_compare(w->bytes + map->key, map->key_size, w->bytes + key, size);
        if (order == 0)
            w->error = -EEXIST;
        map->unsorted |= order > 0;
    }
    map->key = key;
    map->key_size = size;
}

/* A value is complete, and with it, perhaps, the lists and maps that it is the last of. */
static void
end(cy_value_writer *w)
{
    for (; w->depth > 0 && w->levels[w->depth].left == 0 && w->error == 0; w->depth--) {
        struct cy_value_level *level = &w->levels[w->depth];
        if (level->unsorted && complete(w))
            w->error = cyi_value_sort(w->bytes + level->first, w->size - level->first);
    }
}

/* The value that began at `start`, no list or map, is there. */
static inline void
end_scalar(cy_value_writer *w, size_t start)
{
    struct cy_value_level *level = &w->levels[w->depth];
    level->left--;
    if (level->is_map && level->left % 2 != 0)
        end_key(w, level, start);
    else if (level->left == 0)
        end(w);
}

/* A value of this head and content. */
static inline void
put(cy_value_writer *w, unsigned major, uint64_t value, const void *content, size_t size)
{
    size_t start = w->size, head = cyi_value_head_size(value), all;
    uint8_t *at;
    if (!begin(w, major))
        return;
    if (__builtin_add_overflow(head, size, &all)) {
        fail(w, -EMSGSIZE);
        return;
    }
    if (!reserve(w, all, &at))
        return;
    if (at != NULL) {
        at = cyi_value_head_put(at, major, value, head);
        if (size != 0)
            memcpy(at, content, size);
    }
    end_scalar(w, start);
}

/* Bytes that are a value already; `major` is its type. */
static void
put_whole(cy_value_writer *w, unsigned major, const void *bytes, size_t size)
{
    size_t start = w->size;
    uint8_t *at;
    if (!begin(w, major) || !reserve(w, size, &at))
        return;
    if (at != NULL)
        memcpy(at, bytes, size);
    end_scalar(w, start);
}

void
cy_value_put_int(cy_value_writer *w, int64_t value)
{
    if (value < 0)
        put(w, CYI_VALUE_NEGATIVE, ~(uint64_t) value, NULL, 0);
    else
        put(w, CYI_VALUE_UINT, (uint64_t) value, NULL, 0);
}

void
cy_value_put_uint(cy_value_writer *w, uint64_t value)
{
    put(w, CYI_VALUE_UINT, value, NULL, 0);
}

void
cy_value_put_double(cy_value_writer *w, double value)
{
    uint8_t bytes[CYI_VALUE_HEAD_MAX];
    uint64_t bits;
    size_t size = 1 + cyi_float_shortest(&bits, value);
    cyi_value_head_put(bytes, CYI_VALUE_SIMPLE, bits, size);
    put_whole(w, CYI_VALUE_SIMPLE, bytes, size);
}

void
cy_value_put_bool(cy_value_writer *w, bool value)
{
    put(w, CYI_VALUE_SIMPLE, value ? CYI_VALUE_TRUE : CYI_VALUE_FALSE, NULL, 0);
}

void
cy_value_put_nil(cy_value_writer *w)
{
    put(w, CYI_VALUE_SIMPLE, CYI_VALUE_NULL, NULL, 0);
}

void
cy_value_put_text(cy_value_writer *w, const char *text)
{
    cy_value_put_text_n(w, text, strlen(text));
}

void
cy_value_put_text_n(cy_value_writer *w, const char *text, size_t size)
{
    if (w->error == 0 && !cyi_utf8_valid((const uint8_t *) text, size))
        w->error = -EILSEQ;
    put(w, CYI_VALUE_TEXT, size, text, size);
}

void
cy_value_put_bytes(cy_value_writer *w, const void *bytes, size_t size)
{
    put(w, CYI_VALUE_BYTES, size, bytes, size);
}

void
cy_value_put_ref(cy_value_writer *w, cy_ref value)
{
    uint8_t bytes[CYI_VALUE_REF_HEAD + CYI_VALUE_REF_BYTES], *at = bytes;
    at = cyi_value_head_put(at, CYI_VALUE_TAG, CY_VALUE_REF_TAG, 5);
    at = cyi_value_head_put(at, CYI_VALUE_BYTES, CYI_VALUE_REF_BYTES, 2);
    value.port = htole16(value.port);
    value.core = htole16(value.core);
    value.node = htole32(value.node);
    value.slot = htole32(value.slot);
    value.generation = htole32(value.generation);
    memcpy(at, &value, sizeof value);
    put_whole(w, CYI_VALUE_TAG, bytes, sizeof bytes);
}

/* A list or map, and the level for what it holds. */
static void
open_level(cy_value_writer *w, unsigned major, size_t count, size_t values)
{
    size_t head = cyi_value_head_size(count);
    uint8_t *at;
    if (!begin(w, major))
        return;
    if (w->depth == CY_VALUE_DEPTH_MAX) {
        fail(w, -E2BIG);
        return;
    }
    if (!reserve(w, head, &at))
        return;
    if (at != NULL)
        cyi_value_head_put(at, major, count, head);
    w->levels[w->depth].left--;
    w->levels[++w->depth] = (struct cy_value_level){
        .left = values, .first = w->size, .is_map = major == CYI_VALUE_MAP};
    end(w);
}

void
cy_value_put_list(cy_value_writer *w, size_t count)
{
    open_level(w, CYI_VALUE_LIST, count, count);
}

void
cy_value_put_map(cy_value_writer *w, size_t count)
{
    size_t values;
    if (__builtin_mul_overflow(count, 2, &values) && w->error == 0)
        w->error = -EMSGSIZE;
    open_level(w, CYI_VALUE_MAP, count, values);
}

void
cy_value_put_encoded(cy_value_writer *w, const void *bytes, size_t size)
{
    if (w->error == 0)
        w->error = cyi_value_check(bytes, size, CY_VALUE_DEPTH_MAX - w->depth);
    if (w->error == 0)
        put_whole(w, *(const uint8_t *) bytes >> 5, bytes, size);
}

int
cy_value_finish(cy_value_writer *w, size_t *size)
{
    if (w->error != 0)
        return w->error;
    if (w->depth > 0 || w->levels[0].left > 0)
        return -EINVAL;
    if (!complete(w))
        return -ENOBUFS;
    *size = w->size;
    return 0;
}
