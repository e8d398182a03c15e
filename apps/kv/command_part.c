/*
 * command_part.c - commands that read or change a part of a value.
 * Tests: tests/kv/test_command_string.c
 */
#include "command.h"

/* Would a string of so many bytes, followed by so many, be too long? Replies if so. */
static bool
too_long(struct kv_call *call, int64_t bytes, size_t more)
{
    if (bytes <= (int64_t) KV_BULK_MAX && bytes + (int64_t) more <= (int64_t) KV_BULK_MAX)
        return false;
    kv_reply_error(call->out, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return true;
}

static size_t
length_of(struct kv_entry *entry)
{
    char scratch[KV_INTEGER_TEXT_MAX];
    return kv_entry_value(entry, scratch).bytes;
}

void
kv_run_strlen(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    kv_reply_integer(call->out, link == NULL ? 0 : (int64_t) length_of(*link));
}

/* Writes an argument into the value at an offset; replies with the length. */
static void
write_at(struct kv_call *call, struct kv_entry **link, size_t offset, const struct kv_arg *arg)
{
    size_t before = length_of(*link);
    size_t after = offset + arg->bytes > before ? offset + arg->bytes : before;
    char *at = kv_store_extend(call->store, link, after);
    if (at == NULL) {
        kv_reply_error(call->out, KV_ERR_OOM);
        return;
    }
    if (arg->bytes > 0)
        memcpy(at + offset, arg->at, arg->bytes);
    kv_reply_integer(call->out, (int64_t) after);
}

/* A new key with a value, to which the caller adds; replies and returns NULL without memory. */
static struct kv_entry **
create(struct kv_call *call, const struct kv_key *key, struct kv_arg *arg)
{
    struct kv_value value = {{"", 0}, NULL};
    if (arg != NULL)
        value = (struct kv_value){{arg->at, arg->bytes}, &arg->blob};
    if (kv_store_set(call->store, NULL, key, &value, false) == NULL) {
        kv_reply_error(call->out, KV_ERR_OOM);
        return NULL;
    }
    return kv_table_find(&call->store->table, key->text, (uint32_t) key->hash);
}

void
kv_run_append(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_arg *arg = &call->argv[2];
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);

    if (link == NULL) {
        if (create(call, &key, arg) != NULL)
            kv_reply_integer(call->out, (int64_t) arg->bytes);
        return;
    }
    size_t bytes = length_of(*link);
    if (!too_long(call, (int64_t) bytes, arg->bytes))
        write_at(call, link, bytes, arg);
}

void
kv_run_setrange(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    const struct kv_arg *arg = &call->argv[3];
    int64_t offset;

    if (!kv_call_integer(call, &offset, 2))
        return;
    if (offset < 0) {
        kv_reply_error(call->out, "ERR offset is out of range");
        return;
    }
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    if (arg->bytes == 0) {
        kv_reply_integer(call->out, link == NULL ? 0 : (int64_t) length_of(*link));
        return;
    }
    if (too_long(call, offset, arg->bytes))
        return;
    bool created = link == NULL;
    if (created)
        link = create(call, &key, NULL);
    if (link != NULL)
        write_at(call, link, (size_t) offset, arg);
}

/* Turns a Redis range, where negative numbers count from the end, into an offset and a size. */
static struct kv_slice
range_of(struct kv_slice value, int64_t start, int64_t end)
{
    int64_t bytes = (int64_t) value.bytes;

    if (start < 0 && end < 0 && start > end)
        return (struct kv_slice){value.at, 0};
    if (start < 0)
        start = start < -bytes ? 0 : start + bytes;
    if (end < 0)
        end = end < -bytes ? 0 : end + bytes;
    if (end >= bytes)
        end = bytes - 1;
    if (start > end || bytes == 0)
        return (struct kv_slice){value.at, 0};
    return (struct kv_slice){value.at + start, (size_t) (end - start + 1)};
}

void
kv_run_getrange(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    int64_t start;
    int64_t end;

    if (!kv_call_integer(call, &start, 2) || !kv_call_integer(call, &end, 3))
        return;
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    struct kv_slice part = {"", 0};
    char scratch[KV_INTEGER_TEXT_MAX];
    if (link != NULL)
        part = range_of(kv_entry_value(*link, scratch), start, end);
    kv_reply_bulk(call->out, part.at, part.bytes);
}
