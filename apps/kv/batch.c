/* batch.c - commands on their way to another shard. */
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

void
kv_batch_discard(const char *at, const char *end)
{
    while (at < end) {
        struct head head;
        memcpy(&head, at, sizeof head);
        at += sizeof head;
        for (uint32_t i = 0; i < head.argc; i++) {
            struct kv_arg arg;
            at = read_argument(at, &arg);
            kv_blob_free(&arg.blob);
        }
    }
}
