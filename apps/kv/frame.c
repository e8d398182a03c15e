/*
 * frame.c - is this a reply?
 * Tests: tests/kv/test_frame.c
 */
#include "frame.h"

/* The "\r" of the line that begins at `at`, when a "\n" follows it; else NULL. */
static const char *
line_end(const char *at, const char *end)
{
    const char *cr = memchr(at, '\r', (size_t) (end - at));
    if (cr == NULL || end - cr < 2 || cr[1] != '\n')
        return NULL;
    return cr;
}

/* The count behind the first byte; -1 for null. */
static bool
read_count(const char *at, const char *cr, int64_t *out)
{
    return kv_integer_read(out, at + 1, (size_t) (cr - at) - 1) && *out >= -1;
}

/* The end of a line or a bulk string, or of an array's head: then *more elements follow. */
static const char *
item_end(const char *at, const char *end, uint64_t *more)
{
    const char *cr = at < end ? line_end(at, end) : NULL;
    int64_t count;

    *more = 0;
    if (cr == NULL)
        return NULL;
    const char *next = cr + 2;
    switch (*at) {
    case '+':
    case '-':
    case '_':
    case ',':
    case '#':
    case '(':
        return memchr(at, '\n', (size_t) (cr - at)) == NULL ? next : NULL;
    case ':':
        return kv_integer_read(&count, at + 1, (size_t) (cr - at) - 1) ? next : NULL;
    case '$':
    case '=':
        if (!read_count(at, cr, &count))
            return NULL;
        if (count < 0)
            return next;
        if (end - next < 2 || count > end - next - 2)
            return NULL;
        next += count;
        return next[0] == '\r' && next[1] == '\n' ? next + 2 : NULL;
    case '*':
    case '~':
    case '>':
    case '%':
        if (!read_count(at, cr, &count))
            return NULL;
        *more = count < 0 ? 0 : (uint64_t) count * (*at == '%' ? 2 : 1);
        return next;
    default:
        return NULL;
    }
}

const char *
kv_frame_end(const char *at, const char *end)
{
    uint64_t left = 1;
    uint64_t more;

    while (left > 0) {
        at = item_end(at, end, &more);
        /* Each element takes three bytes, so that counts cannot add up to an overflow. */
        if (at == NULL || more > (uint64_t) (end - at) / 3)
            return NULL;
        left += more - 1;
    }
    return at;
}

static bool
is_element(char kind)
{
    return kind == '$' || kind == '_';
}

/* Behind the head of a well-formed array: are there so many elements, all flat? */
static bool
elements_are_flat(const char *at, const char *end, uint64_t count)
{
    uint64_t more;

    while (count-- > 0) {
        if (!is_element(*at))
            return false;
        at = item_end(at, end, &more);
    }
    return at == end;
}

bool
kv_frame_is_flat(struct kv_slice frame, int64_t elements)
{
    const char *end = frame.at + frame.bytes;
    uint64_t count;

    if (frame.at == NULL || frame.bytes == 0 || frame.at[0] != '*' || frame.at[1] == '-')
        return false;
    const char *at = item_end(frame.at, end, &count);
    if (elements >= 0 && count != (uint64_t) elements)
        return false;
    return elements_are_flat(at, end, count);
}

bool
kv_frame_is_scan(struct kv_slice frame)
{
    const char *end = frame.at + frame.bytes;
    uint64_t more;

    if (frame.bytes < 4 || memcmp(frame.at, "*2\r\n", 4) != 0 || frame.at[4] != '$' ||
        frame.at[5] == '-')
        return false;
    const char *list = item_end(frame.at + 4, end, &more);
    return kv_frame_is_flat((struct kv_slice){list, (size_t) (end - list)}, -1);
}
