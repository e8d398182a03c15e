/* merge.c - the replies of several shards to the parts of one command become one reply. */
#include "merge.h"

/* The number behind the first byte of a reply; moves the slice behind its line. */
static int64_t
take_number(struct kv_slice *text)
{
    const char *end = memchr(text->at, '\r', text->bytes);
    int64_t value = 0;

    (void) kv_integer_read(&value, text->at + 1, (size_t) (end - text->at) - 1);
    text->bytes -= (size_t) (end + 2 - text->at);
    text->at = end + 2;
    return value;
}

/* Copies the first error among the parts; false when there is none. */
static bool
merge_error(struct kv_buffer *out, const struct kv_slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].bytes > 0 && parts[i].at[0] == '-') {
            kv_buffer_append(out, parts[i].at, parts[i].bytes);
            return true;
        }
    }
    return false;
}

void
kv_merge_sum(struct kv_buffer *out, const struct kv_slice *parts, size_t count)
{
    if (merge_error(out, parts, count))
        return;
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct kv_slice part = parts[i];
        sum += take_number(&part);
    }
    kv_reply_integer(out, sum);
}

void
kv_merge_ok(struct kv_buffer *out, const struct kv_slice *parts, size_t count)
{
    if (!merge_error(out, parts, count))
        kv_reply_ok(out);
}

void
kv_merge_arrays(struct kv_buffer *out, const struct kv_slice *parts, size_t count)
{
    if (merge_error(out, parts, count))
        return;
    int64_t elements = 0;
    for (size_t i = 0; i < count; i++) {
        struct kv_slice part = parts[i];
        elements += take_number(&part);
    }
    kv_reply_array(out, (size_t) elements);
    for (size_t i = 0; i < count; i++) {
        struct kv_slice part = parts[i];
        (void) take_number(&part);
        kv_buffer_append(out, part.at, part.bytes);
    }
}

/* Copies one bulk string or null. */
static void
copy_element(struct kv_buffer *out, struct kv_slice *part)
{
    const char *begin = part->at;
    bool bulk = *begin == '$';
    int64_t size = take_number(part);
    size_t bytes = bulk && size >= 0 ? (size_t) size + 2 : 0;

    kv_buffer_append(out, begin, (size_t) (part->at - begin) + bytes);
    part->at += bytes;
    part->bytes -= bytes;
}

void
kv_merge_elements(struct kv_buffer *out, struct kv_slice *parts, size_t count,
                  const uint16_t *from, size_t elements)
{
    if (merge_error(out, parts, count))
        return;
    for (size_t i = 0; i < count; i++)
        (void) take_number(&parts[i]);
    kv_reply_array(out, elements);
    for (size_t i = 0; i < elements; i++)
        copy_element(out, &parts[from[i]]);
}
