/*
 * command_scan.c - commands about all keys of a shard.
 * Tests: tests/kv/test_command_key.c
 */
#include "command.h"
#include "glob.h"

#define BUCKETS_PER_KEY 10 /* buckets that a scan visits at most for each key asked for */

void
kv_run_dbsize(struct kv_call *call)
{
    kv_reply_integer(call->out, (int64_t) kv_table_count(&call->store->table));
}

/* FLUSHALL and FLUSHDB: either way memory is freed little by little. */
void
kv_run_flush(struct kv_call *call)
{
    if (call->argc > 2 || (call->argc == 2 && !kv_arg_is(&call->argv[1], "async") &&
                           !kv_arg_is(&call->argv[1], "sync"))) {
        kv_reply_error(call->out, KV_ERR_SYNTAX);
        return;
    }
    kv_store_flush(call->store);
    kv_reply_ok(call->out);
}

/* Keys that are written one by one, behind a head that is written last. */
struct listing {
    struct kv_call *call;
    struct kv_slice pattern; /* at NULL: any */
    bool other_type;         /* asked for something that no key here is */
    struct kv_buffer keys;
    size_t count;
};

static void
list_key(void *arg, struct kv_entry *entry)
{
    struct listing *listing = arg;
    int64_t at_ms = kv_entry_expires_at(entry);
    struct kv_slice key = {kv_entry_key(entry), entry->key_bytes};

    if (listing->other_type || (at_ms != 0 && at_ms < listing->call->now))
        return;
    if (listing->pattern.at != NULL &&
        !kv_glob_match(listing->pattern.at, listing->pattern.bytes, key.at, key.bytes))
        return;
    kv_reply_bulk(&listing->keys, key.at, key.bytes);
    listing->count++;
}

static void
reply_listing(struct listing *listing)
{
    kv_reply_array(listing->call->out, listing->count);
    kv_buffer_append(listing->call->out, listing->keys.at, listing->keys.used);
    listing->call->out->failed |= listing->keys.failed;
    kv_buffer_free(&listing->keys);
}

/* A single star matches the empty key as well, unlike in any other pattern. */
static struct kv_slice
pattern_of(const struct kv_arg *arg)
{
    bool any = arg->bytes == 1 && arg->at[0] == '*';
    return (struct kv_slice){any ? NULL : arg->at, arg->bytes};
}

void
kv_run_keys(struct kv_call *call)
{
    struct listing listing = {.call = call, .pattern = pattern_of(&call->argv[1])};
    uint64_t cursor = 0;
    do
        cursor = kv_table_scan(&call->store->table, cursor, list_key, &listing);
    while (cursor != 0);
    reply_listing(&listing);
}

/* The options of SCAN; replies and returns false on a mistake. */
static bool
read_scan(struct kv_call *call, struct listing *listing, int64_t *count)
{
    for (uint32_t i = 2; i < call->argc; i += 2) {
        const struct kv_arg *word = &call->argv[i];
        bool last = i + 1 == call->argc;
        if (!last && kv_arg_is(word, "count")) {
            if (!kv_call_integer(call, count, i + 1))
                return false;
            if (*count >= 1)
                continue;
        } else if (!last && kv_arg_is(word, "match")) {
            listing->pattern = pattern_of(&call->argv[i + 1]);
            continue;
        } else if (!last && kv_arg_is(word, "type")) {
            listing->other_type = !kv_arg_is(&call->argv[i + 1], "string");
            continue;
        }
        kv_reply_error(call->out, KV_ERR_SYNTAX);
        return false;
    }
    return true;
}

void
kv_run_scan(struct kv_call *call)
{
    struct listing listing = {.call = call};
    int64_t count = 10;
    uint64_t cursor;

    if (!kv_cursor_read(&cursor, call->argv[1].at, call->argv[1].bytes)) {
        kv_reply_error(call->out, "ERR invalid cursor");
        return;
    }
    if (!read_scan(call, &listing, &count))
        return;
    int64_t visits = count > INT64_MAX / BUCKETS_PER_KEY ? INT64_MAX : count * BUCKETS_PER_KEY;
    do
        cursor = kv_table_scan(&call->store->table, cursor, list_key, &listing);
    while (cursor != 0 && --visits > 0 && listing.count < (size_t) count);

    char text[KV_INTEGER_TEXT_MAX];
    kv_reply_array(call->out, 2);
    kv_reply_bulk(call->out, text, kv_unsigned_write(text, cursor));
    reply_listing(&listing);
}

void
kv_run_randomkey(struct kv_call *call)
{
    struct kv_entry *entry = kv_store_random(call->store, call->now);
    if (entry == NULL)
        kv_reply_null(call->out, call->resp);
    else
        kv_reply_bulk(call->out, kv_entry_key(entry), entry->key_bytes);
}
