/*
 * resp.c - incremental parser of RESP requests.
 *
 * The arguments of a command point into the receive buffer. The buffer moves only when space
 * is asked for, and the arguments of a request that is not complete move with it. An argument
 * of KV_BLOB_MIN bytes or more that has not arrived completely gets a block of its own, into
 * which the rest is received directly, so that the bytes of a large value are written once.
 * That block grows with what has arrived, not with what was announced.
 */
#include "resp.h"

#include "line.h"
#include "number.h"
#include <stdio.h>
#include <stdlib.h>

#define SMALL_READS_MAX 64 /* so many in a row, and the receive buffer shrinks */

static enum kv_parse
fail(struct kv_parser *p, const char *text)
{
    snprintf(p->error, sizeof p->error, "ERR Protocol error: %s", text);
    return KV_PARSE_ERROR;
}

/* Frees the blobs of the first so many arguments, and counts those that stay. */
static void
release_blobs(struct kv_parser *p, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        kv_blob_free(&p->args[i].blob);
    p->blob_memory = p->blob == NULL ? 0 : p->blob->capacity;
    for (uint32_t i = count; i < p->first + p->argc; i++)
        if (p->args[i].blob != NULL)
            p->blob_memory += p->args[i].blob->capacity;
}

void
kv_parser_release(struct kv_parser *p)
{
    /* The arguments of a request that is not complete stay. */
    uint32_t done = p->missing > 0 ? p->first : p->first + p->argc;
    uint32_t left = p->first + p->argc - done;

    if (p->blob_memory > 0)
        release_blobs(p, done);
    if (done > 0 && left > 0)
        memmove(p->args, p->args + done, left * sizeof *p->args);
    p->first = 0;
    p->argc = left;
}

void
kv_parser_free(struct kv_parser *p)
{
    kv_blob_free(&p->blob);
    release_blobs(p, p->first + p->argc);
    free(p->args);
    kv_buffer_free(&p->in);
    *p = (struct kv_parser){0};
}

/* Adds an argument slot; NULL when memory ran out. */
static struct kv_arg *
add_argument(struct kv_parser *p)
{
    uint32_t used = p->first + p->argc;
    if (used == p->args_capacity) {
        uint32_t capacity = used == 0 ? 8 : used * 2;
        if (capacity * sizeof *p->args > KV_REQUEST_MAX)
            return NULL;
        struct kv_arg *args = realloc(p->args, capacity * sizeof *args);
        if (args == NULL)
            return NULL;
        p->args = args;
        p->args_capacity = capacity;
    }
    p->argc++;
    return &p->args[used];
}

/* The bytes in front of the present request are done with: moves the rest to the front. */
static void
compact(struct kv_parser *p)
{
    if (p->start == 0)
        return;
    p->in.used -= p->start;
    memmove(p->in.at, p->in.at + p->start, p->in.used);
    for (uint32_t i = 0; i < p->argc; i++)
        if (p->args[i].blob == NULL)
            p->args[i].at -= p->start;
    p->at -= p->start;
    p->start = 0;
}

static bool
grow(struct kv_parser *p, size_t bytes)
{
    if (p->in.used + bytes + p->blob_memory > KV_REQUEST_MAX)
        return false;
    const char *before = p->in.at;
    if (!kv_buffer_grow(&p->in, bytes))
        return false;
    for (uint32_t i = 0; i < p->argc; i++)
        if (p->args[i].blob == NULL)
            p->args[i].at = p->in.at + (p->args[i].at - before);
    return true;
}

/* Between requests an empty buffer takes the size that the traffic calls for. */
static bool
space_when_idle(struct kv_parser *p)
{
    size_t want = p->in.capacity < KV_READ_MIN ? KV_READ_MIN : p->in.capacity;
    if (want > KV_READ_MAX || p->small_reads > SMALL_READS_MAX)
        want = KV_READ_MIN;
    p->small_reads = p->small_reads > SMALL_READS_MAX ? 0 : p->small_reads;
    p->start = p->at = p->in.used = 0;
    if (want < p->in.capacity)
        kv_buffer_free(&p->in);
    return p->in.capacity >= want || kv_buffer_grow(&p->in, want);
}

static bool
space_in_blob(struct kv_parser *p, char **at, size_t *bytes)
{
    struct kv_blob *blob = p->blob;
    size_t announced = (size_t) p->bulk;

    if (blob->bytes == blob->capacity) {
        size_t capacity = blob->capacity * 2 < announced ? blob->capacity * 2 : announced;
        size_t more = capacity - blob->capacity;
        if (p->blob_memory + more + p->in.used > KV_REQUEST_MAX ||
            !kv_blob_reserve(&p->blob, capacity))
            return false;
        p->blob_memory += more;
        blob = p->blob;
    }
    *at = blob->at + blob->bytes;
    *bytes = blob->capacity - blob->bytes;
    return true;
}

bool
kv_parser_space(struct kv_parser *p, char **at, size_t *bytes)
{
    kv_parser_release(p);
    if (p->blob != NULL && p->blob->bytes < (size_t) p->bulk)
        return space_in_blob(p, at, bytes);
    if (p->at == p->in.used && p->missing == 0) {
        if (!space_when_idle(p))
            return false;
    } else {
        if (p->in.capacity - p->in.used < KV_READ_MIN / 2)
            compact(p);
        if (p->in.capacity - p->in.used < KV_READ_MIN / 2 && !grow(p, KV_READ_MIN))
            return false;
    }
    *at = p->in.at + p->in.used;
    *bytes = p->in.capacity - p->in.used;
    return true;
}

void
kv_parser_received(struct kv_parser *p, size_t bytes)
{
    if (p->blob != NULL && p->blob->bytes < (size_t) p->bulk) {
        p->blob->bytes += bytes;
        return;
    }
    p->in.used += bytes;
    if (bytes < KV_READ_MAX / 8)
        p->small_reads++;
    else
        p->small_reads = 0;
    /* A read that filled the buffer: probably there is more than the buffer holds. */
    if (p->in.used == p->in.capacity && p->in.capacity < KV_READ_MAX)
        (void) grow(p, p->in.capacity);
}

/*
 * Reads "<kind><number>\r\n" at p->at. Returns COMMAND when it is there, with the number, else
 * MORE or ERROR. Like Redis it does not look at the byte behind the '\r'.
 */
static enum kv_parse
read_length(struct kv_parser *p, int64_t *out, const char *what)
{
    const char *at = p->in.at + p->at;
    size_t left = p->in.used - p->at;
    const char *end = memchr(at, '\r', left);
    char text[40];

    if (end == NULL) {
        if (left <= KV_INLINE_MAX)
            return KV_PARSE_MORE;
        snprintf(text, sizeof text, "too big %s count string", what);
        return fail(p, text);
    }
    if ((size_t) (end - at) + 2 > left)
        return KV_PARSE_MORE;
    bool bulk = what[0] == 'b';
    if (bulk && *at != '$') {
        bool line_break = *at == '\r' || *at == '\n';
        snprintf(text, sizeof text, "expected '$', got '%c'", line_break ? ' ' : *at);
        return fail(p, text);
    }
    if (!kv_integer_read(out, at + 1, (size_t) (end - at) - 1))
        *out = INT64_MAX;
    if (bulk && (*out < 0 || *out > (int64_t) KV_BULK_MAX))
        return fail(p, "invalid bulk length");
    if (!bulk && *out > KV_MULTIBULK_MAX)
        return fail(p, "invalid multibulk length");
    p->at += (size_t) (end - at) + 2;
    return KV_PARSE_COMMAND;
}

/* Gives the announced argument a block of its own and moves there what has arrived of it. */
static bool
begin_blob(struct kv_parser *p)
{
    size_t there = p->in.used - p->at;
    size_t capacity = there * 2 < KV_READ_MAX ? KV_READ_MAX : there * 2;
    if (capacity > (size_t) p->bulk)
        capacity = (size_t) p->bulk;
    if (p->blob_memory + capacity > KV_REQUEST_MAX)
        return false;
    p->blob = kv_blob_create(capacity);
    if (p->blob == NULL)
        return false;
    if (there > capacity)
        there = capacity; /* what is more belongs to the line break behind it */
    memcpy(p->blob->at, p->in.at + p->at, there);
    p->blob->bytes = there;
    p->blob_memory += capacity;
    memmove(p->in.at + p->at, p->in.at + p->at + there, p->in.used - p->at - there);
    p->in.used -= there;
    return true;
}

/* Takes the announced argument out of the blob or the buffer; MORE if it is not complete. */
static enum kv_parse
take_bulk(struct kv_parser *p)
{
    size_t bulk = (size_t) p->bulk;
    size_t left = p->in.used - p->at;

    if (p->blob == NULL && left < bulk + 2) {
        if (bulk < KV_BLOB_MIN)
            return KV_PARSE_MORE;
        if (!begin_blob(p))
            return fail(p, "out of memory");
        left = p->in.used - p->at;
    }
    if (p->blob != NULL && (p->blob->bytes < bulk || left < 2))
        return KV_PARSE_MORE;

    struct kv_arg *arg = add_argument(p);
    if (arg == NULL)
        return fail(p, "out of memory");
    if (p->blob != NULL) {
        *arg = (struct kv_arg){p->blob->at, bulk, p->blob};
        p->blob = NULL;
        p->at += 2;
    } else {
        *arg = (struct kv_arg){p->in.at + p->at, bulk, NULL};
        p->at += bulk + 2;
    }
    p->has_bulk = false;
    return KV_PARSE_COMMAND;
}

static enum kv_parse
parse_multibulk(struct kv_parser *p)
{
    enum kv_parse result;

    while (p->missing > 0) {
        if (!p->has_bulk) {
            result = read_length(p, &p->bulk, "bulk");
            if (result != KV_PARSE_COMMAND)
                return result;
            p->has_bulk = true;
        }
        result = take_bulk(p);
        if (result != KV_PARSE_COMMAND)
            return result;
        p->missing--;
    }
    return KV_PARSE_COMMAND;
}

/* An inline command: words on a line. Quoted words are rewritten in place, being longer. */
static enum kv_parse
parse_inline(struct kv_parser *p)
{
    char *at = p->in.at + p->at;
    size_t left = p->in.used - p->at;
    char *line_end = memchr(at, '\n', left);

    if (line_end == NULL)
        return left > KV_INLINE_MAX ? fail(p, "too big inline request") : KV_PARSE_MORE;
    p->at += (size_t) (line_end - at) + 1;
    if (line_end > at && line_end[-1] == '\r')
        line_end--;

    for (;;) {
        const char *word;
        size_t bytes;
        int found = kv_line_word(&at, line_end, &word, &bytes);
        if (found == 0)
            return KV_PARSE_COMMAND;
        if (found < 0)
            return fail(p, "unbalanced quotes in request");
        struct kv_arg *arg = add_argument(p);
        if (arg == NULL)
            return fail(p, "out of memory");
        *arg = (struct kv_arg){word, bytes, NULL};
    }
}

enum kv_parse
kv_parser_next(struct kv_parser *p)
{
    if (p->missing > 0)
        return parse_multibulk(p);
    p->first += p->argc;
    p->argc = 0;
    /* Requests without a word, "\r\n" and "*0\r\n", are passed over. */
    for (;;) {
        p->start = p->at;
        if (p->at == p->in.used)
            return KV_PARSE_MORE;
        enum kv_parse result;
        if (p->in.at[p->at] == '*') {
            int64_t count;
            result = read_length(p, &count, "mbulk");
            if (result != KV_PARSE_COMMAND)
                return result;
            if (count <= 0)
                continue;
            p->missing = (uint32_t) count;
            return parse_multibulk(p);
        }
        result = parse_inline(p);
        if (result != KV_PARSE_COMMAND || p->argc > 0)
            return result;
    }
}
