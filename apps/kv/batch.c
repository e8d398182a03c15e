/*
 * batch.c - commands on their way to another shard.
 * Tests: tests/kv/test_batch.c
 */
#include "batch.h"

#include <stdlib.h>

#define BLOB_BIT  (UINT64_C(1) << 63)
#define FETCH_MAX KV_BATCH_AHEAD

struct head {
    uint32_t argc;
    uint16_t number;
    uint8_t resp;
    uint8_t hashed;
    uint64_t bytes; /* of the whole command */
    uint64_t hash;  /* of its first key, if hashed */
};

_Static_assert(sizeof(struct head) == 24, "no padding: other processes read it");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a batch travels as it is");

static size_t
aligned(size_t bytes)
{
    return (bytes + 7) & ~(size_t) 7;
}

size_t
kv_batch_begin(struct kv_buffer *out, const struct kv_command *command, int resp, uint32_t argc)
{
    struct head head = {
        .argc = argc,
        .number = (uint16_t) kv_command_number(command),
        .resp = (uint8_t) resp,
    };
    size_t begin = out->used;
    kv_buffer_append(out, &head, sizeof head);
    return begin;
}

void
kv_batch_argument(struct kv_buffer *out, struct kv_arg *arg)
{
    bool blob = arg->blob != NULL;
    size_t bytes = blob ? sizeof arg->blob : aligned(arg->bytes);
    uint64_t size = arg->bytes | (blob ? BLOB_BIT : 0);

    char *at = kv_buffer_space(out, sizeof size + bytes);
    if (at == NULL)
        return;
    memcpy(at, &size, sizeof size);
    if (blob) {
        memcpy(at + sizeof size, &arg->blob, sizeof arg->blob);
        arg->blob = NULL;
    } else if (arg->bytes > 0) {
        memcpy(at + sizeof size, arg->at, arg->bytes);
    }
    out->used += sizeof size + bytes;
}

void
kv_batch_end(struct kv_buffer *out, size_t begin, const uint64_t *hash)
{
    struct head head;

    if (out->failed)
        return;
    memcpy(&head, out->at + begin, sizeof head);
    head.bytes = out->used - begin;
    head.hashed = hash != NULL;
    head.hash = hash != NULL ? *hash : 0;
    memcpy(out->at + begin, &head, sizeof head);
}

void
kv_batch_add(struct kv_buffer *out, struct kv_request *request, int resp)
{
    size_t begin = kv_batch_begin(out, request->command, resp, request->argc);
    for (uint32_t i = 0; i < request->argc; i++)
        kv_batch_argument(out, &request->argv[i]);
    kv_batch_end(out, begin, request->hashes);
}

void
kv_batch_fetch(const char *at, const char *end, const struct kv_table *table)
{
    uint32_t hashes[FETCH_MAX];
    uint32_t count = 0;

    for (int i = 0; i < FETCH_MAX && at < end; i++) {
        struct head head;
        memcpy(&head, at, sizeof head);
        at += head.bytes;
        if (head.hashed == 0)
            continue;
        hashes[count++] = (uint32_t) head.hash;
        kv_table_fetch_bucket(table, (uint32_t) head.hash);
    }
    for (uint32_t i = 0; i < count; i++)
        kv_table_fetch_entry(table, hashes[i]);
}

void
kv_argv_free(struct kv_argv *argv)
{
    free(argv->at);
    *argv = (struct kv_argv){0};
}

static bool
argv_reserve(struct kv_argv *argv, uint32_t argc)
{
    if (argc <= argv->capacity)
        return true;
    struct kv_arg *at = realloc(argv->at, argc * sizeof *at);
    if (at == NULL)
        return false;
    argv->at = at;
    argv->capacity = argc;
    return true;
}

static const char *
read_argument(const char *at, struct kv_arg *arg)
{
    uint64_t size;

    memcpy(&size, at, sizeof size);
    at += sizeof size;
    if ((size & BLOB_BIT) == 0) {
        *arg = (struct kv_arg){at, (size_t) size, NULL};
        return at + aligned((size_t) size);
    }
    struct kv_blob *blob;
    memcpy(&blob, at, sizeof blob);
    *arg = (struct kv_arg){blob->at, (size_t) (size & ~BLOB_BIT), blob};
    return at + sizeof blob;
}

bool
kv_batch_read(const char **at, struct kv_call *call, struct kv_argv *argv)
{
    struct head head;
    const char *next = *at;

    memcpy(&head, next, sizeof head);
    next += sizeof head;
    if (!argv_reserve(argv, head.argc))
        return false;
    for (uint32_t i = 0; i < head.argc; i++)
        next = read_argument(next, &argv->at[i]);
    call->command = &kv_commands[head.number];
    call->resp = head.resp;
    call->argv = argv->at;
    call->argc = head.argc;
    *at = next;
    return true;
}

void
kv_batch_release(struct kv_call *call)
{
    for (uint32_t i = 0; i < call->argc; i++)
        kv_blob_free(&call->argv[i].blob);
}

/* Frees the blobs of one command; returns where the next one begins. */
static const char *
discard_one(const char *at)
{
    struct head head;

    memcpy(&head, at, sizeof head);
    at += sizeof head;
    for (uint32_t i = 0; i < head.argc; i++) {
        struct kv_arg arg;
        at = read_argument(at, &arg);
        kv_blob_free(&arg.blob);
    }
    return at;
}

void
kv_batch_discard(const char *at, const char *end)
{
    while (at < end)
        at = discard_one(at);
}

void
kv_batch_skip(const char **at, uint32_t count)
{
    while (count-- > 0)
        *at = discard_one(*at);
}

const struct kv_command *
kv_batch_next(const char **at, uint32_t *argc)
{
    struct head head;

    memcpy(&head, *at, sizeof head);
    *at += head.bytes;
    *argc = head.argc;
    return &kv_commands[head.number];
}

/* Bytes of a command without blobs. */
static size_t
packed_bytes(const char *at)
{
    struct head head;

    memcpy(&head, at, sizeof head);
    size_t bytes = sizeof head;
    at += sizeof head;
    for (uint32_t i = 0; i < head.argc; i++) {
        struct kv_arg arg;
        at = read_argument(at, &arg);
        bytes += sizeof(uint64_t) + aligned(arg.bytes);
    }
    return bytes;
}

size_t
kv_batch_measure(const char *at, const char *end, size_t max, uint32_t *count)
{
    size_t total = 0;
    uint32_t argc;

    *count = 0;
    while (at < end) {
        size_t bytes = packed_bytes(at);
        if (bytes > max - total)
            break;
        total += bytes;
        ++*count;
        (void) kv_batch_next(&at, &argc);
    }
    return total;
}

/* Writes one argument; the bytes that fill it up are zero, not what memory held before. */
static char *
pack_argument(char *out, const struct kv_arg *arg)
{
    uint64_t size = arg->bytes;

    memcpy(out, &size, sizeof size);
    out += sizeof size;
    if (arg->bytes > 0)
        memcpy(out, arg->at, arg->bytes);
    memset(out + arg->bytes, 0, aligned(arg->bytes) - arg->bytes);
    return out + aligned(arg->bytes);
}

void
kv_batch_pack(char *out, const char *at, uint32_t count)
{
    while (count-- > 0) {
        struct head head;
        memcpy(&head, at, sizeof head);
        head.bytes = packed_bytes(at);
        memcpy(out, &head, sizeof head);
        out += sizeof head;
        at += sizeof head;
        for (uint32_t i = 0; i < head.argc; i++) {
            struct kv_arg arg;
            at = read_argument(at, &arg);
            out = pack_argument(out, &arg);
        }
    }
}

/* Do the arguments fill exactly the bytes that the head announces? */
static bool
arguments_fit(const char *at, size_t left, uint32_t argc)
{
    for (uint32_t i = 0; i < argc; i++) {
        uint64_t size;
        if (left < sizeof size)
            return false;
        memcpy(&size, at, sizeof size);
        left -= sizeof size;
        if (size > KV_BULK_MAX || aligned((size_t) size) > left)
            return false;
        at += sizeof size + aligned((size_t) size);
        left -= aligned((size_t) size);
    }
    return left == 0;
}

static bool
head_makes_sense(const struct head *head, size_t left)
{
    if (head->bytes < sizeof *head || head->bytes > left)
        return false;
    if (head->number >= kv_command_count || (head->resp != 2 && head->resp != 3))
        return false;
    const struct kv_command *command = &kv_commands[head->number];
    return command->run != NULL && head->argc > 0 && kv_command_arity_ok(command, head->argc);
}

bool
kv_batch_check(const char *at, const char *end, uint32_t count)
{
    while (at < end) {
        struct head head;
        size_t left = (size_t) (end - at);
        if (count == 0 || left < sizeof head)
            return false;
        memcpy(&head, at, sizeof head);
        if (!head_makes_sense(&head, left) ||
            !arguments_fit(at + sizeof head, (size_t) head.bytes - sizeof head, head.argc))
            return false;
        at += head.bytes;
        count--;
    }
    return count == 0;
}
