/* store.c - one shard: keys, values, expiry, accounts. */
#include "store.h"

#include "expiring.h"
#include <stdlib.h>

#define MOVES_PER_TICK ((size_t) 1000)
#define FREES_PER_TICK ((size_t) 10000)

static void
account(struct kv_store *store, int64_t change)
{
    store->used += change;
    int64_t unreported = store->used - store->reported;
    if (unreported >= KV_BUDGET_STEP || unreported <= -KV_BUDGET_STEP) {
        kv_budget_report(store->budget, unreported);
        store->reported = store->used;
    }
}

/* Charges for the arrays of the table and the list, which change size behind other calls. */
static void
account_arrays(struct kv_store *store)
{
    size_t now = kv_table_cost(&store->table) + kv_expiring_cost(&store->expiring);
    if (now != store->arrays) {
        account(store, (int64_t) now - (int64_t) store->arrays);
        store->arrays = now;
    }
}

static int64_t
cost_of(struct kv_entry *entry)
{
    size_t cost = kv_entry_cost(entry);
    if (entry->kind == KV_VALUE_BLOB)
        cost += kv_blob_cost(kv_entry_blob(entry));
    return (int64_t) cost;
}

void
kv_store_init(struct kv_store *store, const struct kv_seed *seed, struct kv_budget *budget)
{
    *store = (struct kv_store){.seed = *seed, .budget = budget};
    store->random_state = seed->low ^ seed->high;
}

void
kv_store_fini(struct kv_store *store)
{
    kv_store_flush(store);
    while (store->graves != NULL)
        kv_store_tick(store, 0);
    kv_budget_report(store->budget, -store->reported);
    kv_expiring_free(&store->expiring);
    *store = (struct kv_store){0};
}

struct kv_entry **
kv_store_find(struct kv_store *store, const struct kv_key *key, int64_t now)
{
    struct kv_entry **link = kv_table_find(&store->table, key->text, (uint32_t) key->hash);
    if (link == NULL) {
        store->counters.misses++;
        return NULL;
    }
    int64_t at_ms = kv_entry_expires_at(*link);
    if (at_ms != 0 && at_ms < now) {
        store->counters.misses++;
        store->counters.expired++;
        kv_store_remove(store, link);
        return NULL;
    }
    store->counters.hits++;
    return link;
}

void
kv_store_remove(struct kv_store *store, struct kv_entry **link)
{
    struct kv_entry *entry = kv_table_unlink(&store->table, link);

    if (kv_entry_expires_at(entry) != 0)
        kv_expiring_remove(&store->expiring, entry);
    account(store, -cost_of(entry));
    kv_entry_free(entry);
}

static bool
insert(struct kv_store *store, struct kv_entry *entry)
{
    if (!kv_table_insert(&store->table, entry))
        return false;
    account(store, cost_of(entry));
    account_arrays(store);
    return true;
}

/* Puts another entry of the same key into the place of one, which is freed. */
static void
replace(struct kv_store *store, struct kv_entry **link, struct kv_entry *entry)
{
    struct kv_entry *before = *link;
    entry->next = before->next;
    *link = entry;
    account(store, cost_of(entry) - cost_of(before));
    kv_entry_free(before);
}

/* Gives an entry that is in no account yet its value; false for want of memory. */
static bool
fill(struct kv_entry *entry, const struct kv_value *value)
{
    int64_t integer;
    const struct kv_slice *text = &value->text;
    bool digits = text->bytes > 0 && text->bytes <= KV_INTEGER_TEXT_MAX && text->at[0] <= '9' &&
                  text->at[0] >= '-';

    if (digits && kv_integer_read(&integer, text->at, text->bytes)) {
        entry->kind = KV_VALUE_INTEGER;
        memcpy(kv_entry_place(entry), &integer, sizeof integer);
    } else if (text->bytes <= entry->capacity && text->bytes <= KV_INPLACE_MAX) {
        entry->kind = KV_VALUE_BYTES;
        entry->value_bytes = (uint32_t) text->bytes & ((1U << 30) - 1);
        if (text->bytes > 0)
            memcpy(kv_entry_place(entry), text->at, text->bytes);
    } else {
        struct kv_blob *blob = NULL;
        if (value->blob != NULL && *value->blob != NULL) {
            blob = *value->blob;
            *value->blob = NULL;
        } else {
            blob = kv_blob_create(text->bytes);
            if (blob == NULL)
                return false;
            memcpy(blob->at, text->at, text->bytes);
        }
        blob->bytes = text->bytes;
        entry->kind = KV_VALUE_BLOB;
        memcpy(kv_entry_place(entry), &blob, sizeof blob);
    }
    return true;
}

/* Room that a value wants in its entry. */
static size_t
room_for(size_t bytes)
{
    return bytes <= KV_INPLACE_MAX ? bytes : sizeof(struct kv_blob *);
}

/* May the value be written over the present one? Not if that would waste most of the entry. */
static bool
fits(const struct kv_entry *entry, size_t bytes)
{
    size_t room = room_for(bytes);
    return entry->kind != KV_VALUE_BLOB && bytes <= KV_INPLACE_MAX && room <= entry->capacity &&
           (entry->capacity <= 64 || room >= entry->capacity / 4);
}

/* A new entry with this value, and with the time of expiry of the one it replaces. */
static struct kv_entry *
make(struct kv_store *store, struct kv_entry *before, const struct kv_key *key,
     const struct kv_value *value, bool keep_expiry)
{
    int64_t at_ms = before != NULL && keep_expiry ? kv_entry_expires_at(before) : 0;
    struct kv_entry *entry = kv_entry_create(key->text, (uint32_t) key->hash,
                                             room_for(value->text.bytes), at_ms != 0);
    if (entry == NULL)
        return NULL;
    if (!fill(entry, value)) {
        kv_entry_free(entry);
        return NULL;
    }
    if (at_ms != 0)
        kv_expiring_take_over(&store->expiring, before, entry);
    return entry;
}

struct kv_entry *
kv_store_set(struct kv_store *store, struct kv_entry **link, const struct kv_key *key,
             const struct kv_value *value, bool keep_expiry)
{
    struct kv_entry *before = link == NULL ? NULL : *link;

    if (before != NULL && fits(before, value->text.bytes)) {
        (void) fill(before, value); /* in place it needs no memory */
        if (!keep_expiry && kv_entry_expires_at(before) != 0)
            kv_expiring_remove(&store->expiring, before);
        return before;
    }
    struct kv_entry *entry = make(store, before, key, value, keep_expiry);
    if (entry == NULL)
        return NULL;
    if (before == NULL) {
        if (insert(store, entry))
            return entry;
        kv_entry_free(entry);
        return NULL;
    }
    if (kv_entry_expires_at(before) != 0 && !entry->has_expiry)
        kv_expiring_remove(&store->expiring, before);
    replace(store, link, entry);
    return entry;
}

struct kv_entry *
kv_store_set_integer(struct kv_store *store, struct kv_entry **link, const struct kv_key *key,
                     int64_t value)
{
    if (link != NULL && (*link)->kind != KV_VALUE_BLOB) {
        (*link)->kind = KV_VALUE_INTEGER;
        memcpy(kv_entry_place(*link), &value, sizeof value);
        return *link;
    }
    char text[KV_INTEGER_TEXT_MAX];
    struct kv_value as_text = {{text, kv_integer_write(text, value)}, NULL};
    return kv_store_set(store, link, key, &as_text, true);
}

/* The entry of the same key and time of expiry, without a value, with other room. */
static struct kv_entry *
reshape(struct kv_store *store, struct kv_entry *before, size_t room, bool has_expiry)
{
    struct kv_slice key = {kv_entry_key(before), before->key_bytes};
    struct kv_entry *entry = kv_entry_create(key, before->hash, room, has_expiry);
    if (entry != NULL && kv_entry_expires_at(before) != 0)
        kv_expiring_take_over(&store->expiring, before, entry);
    return entry;
}

/* Extends a value that is a blob, or becomes one. */
static char *
extend_blob(struct kv_store *store, struct kv_entry **link, size_t bytes)
{
    size_t spare = bytes < KV_BLOB_STEP ? bytes : KV_BLOB_STEP;
    struct kv_entry *entry = *link;
    int64_t cost = cost_of(entry);
    struct kv_blob *blob;

    if (entry->kind == KV_VALUE_BLOB) {
        blob = kv_entry_blob(entry);
        if (blob->capacity < bytes && !kv_blob_reserve(&blob, bytes + spare))
            return NULL;
    } else {
        blob = kv_blob_create(bytes + spare);
        if (blob == NULL)
            return NULL;
        char scratch[KV_INTEGER_TEXT_MAX];
        struct kv_slice text = kv_entry_value(entry, scratch);
        memcpy(blob->at, text.at, text.bytes);
        blob->bytes = text.bytes;
        entry->kind = KV_VALUE_BLOB;
    }
    if (blob->bytes < bytes) {
        memset(blob->at + blob->bytes, 0, bytes - blob->bytes);
        blob->bytes = bytes;
    }
    memcpy(kv_entry_place(entry), &blob, sizeof blob);
    account(store, cost_of(entry) - cost);
    return blob->at;
}

char *
kv_store_extend(struct kv_store *store, struct kv_entry **link, size_t bytes)
{
    struct kv_entry *entry = *link;
    char scratch[KV_INTEGER_TEXT_MAX];
    struct kv_slice text = kv_entry_value(entry, scratch);

    if (entry->kind == KV_VALUE_BLOB || bytes > KV_INPLACE_MAX)
        return extend_blob(store, link, bytes > text.bytes ? bytes : text.bytes);
    if (bytes < text.bytes)
        bytes = text.bytes;
    if (entry->capacity < bytes) {
        size_t room = bytes * 2 < KV_INPLACE_MAX ? bytes * 2 : KV_INPLACE_MAX;
        entry = reshape(store, entry, room, kv_entry_expires_at(entry) != 0);
        if (entry == NULL)
            return NULL;
        memcpy(kv_entry_place(entry), text.at, text.bytes);
        replace(store, link, entry);
    } else if (entry->kind == KV_VALUE_INTEGER) {
        memcpy(kv_entry_place(entry), text.at, text.bytes);
    }
    memset(kv_entry_place(entry) + text.bytes, 0, bytes - text.bytes);
    entry->kind = KV_VALUE_BYTES;
    entry->value_bytes = (uint32_t) bytes & ((1U << 30) - 1);
    return kv_entry_place(entry);
}

/* Gives an entry the place in front of its value where a time of expiry goes. */
static bool
make_expiry(struct kv_store *store, struct kv_entry **link)
{
    struct kv_entry *before = *link;
    struct kv_entry *entry = reshape(store, before, before->capacity, true);
    if (entry == NULL)
        return false;
    memcpy(kv_entry_place(entry), kv_entry_place(before), before->capacity);
    entry->kind = before->kind;
    entry->value_bytes = before->value_bytes;
    before->kind = KV_VALUE_BYTES; /* a blob has moved over */
    int64_t blob =
        entry->kind == KV_VALUE_BLOB ? (int64_t) kv_blob_cost(kv_entry_blob(entry)) : 0;
    replace(store, link, entry);
    account(store, -blob); /* which counted it as new */
    return true;
}

bool
kv_store_expire_at(struct kv_store *store, struct kv_entry **link, int64_t at_ms)
{
    struct kv_entry *entry = *link;

    if (at_ms == 0) {
        if (kv_entry_expires_at(entry) != 0)
            kv_expiring_remove(&store->expiring, entry);
        return true;
    }
    if (kv_entry_expires_at(entry) != 0) {
        kv_entry_expiry(entry)->at_ms = at_ms;
        return true;
    }
    if (!entry->has_expiry) {
        if (!make_expiry(store, link))
            return false;
        entry = *link;
    }
    bool added = kv_expiring_add(&store->expiring, entry, at_ms);
    account_arrays(store);
    return added;
}

void
kv_store_flush(struct kv_store *store)
{
    struct kv_grave *grave = calloc(1, sizeof *grave);

    if (grave != NULL) {
        grave->table = store->table;
        grave->next = store->graves;
        store->graves = grave;
        store->table = (struct kv_table){0};
    } else {
        while (!kv_table_drain(&store->table, FREES_PER_TICK))
            continue;
    }
    kv_expiring_free(&store->expiring);
    account(store, -store->used);
    store->arrays = 0;
}

bool
kv_store_rename(struct kv_store *store, const struct kv_key *from, const struct kv_key *to,
                int64_t now)
{
    struct kv_entry **link = kv_store_find(store, from, now);
    struct kv_entry *before = *link;
    int64_t at_ms = kv_entry_expires_at(before);
    struct kv_entry *entry =
        kv_entry_create(to->text, (uint32_t) to->hash, before->capacity, at_ms != 0);
    if (entry == NULL)
        return false;
    memcpy(kv_entry_place(entry), kv_entry_place(before), before->capacity);
    entry->kind = before->kind;
    entry->value_bytes = before->value_bytes;
    if (at_ms != 0)
        kv_expiring_take_over(&store->expiring, before, entry);

    account(store, -cost_of(before));
    (void) kv_table_unlink(&store->table, link);
    before->kind = KV_VALUE_BYTES; /* a blob has moved over */
    kv_entry_free(before);
    link = kv_store_find(store, to, now);
    if (link != NULL)
        kv_store_remove(store, link);
    return insert(store, entry); /* never fails: there are buckets, one entry was in them */
}

static void
expire(void *arg, struct kv_entry *entry)
{
    struct kv_store *store = arg;
    struct kv_slice text = {kv_entry_key(entry), entry->key_bytes};
    struct kv_entry **link = kv_table_find(&store->table, text, entry->hash);
    store->counters.expired++;
    kv_store_remove(store, link);
}

void
kv_store_tick(struct kv_store *store, int64_t now)
{
    kv_table_step(&store->table, MOVES_PER_TICK);
    account_arrays(store);
    kv_expiring_sweep(&store->expiring, now, expire, store);
    struct kv_grave *grave = store->graves;
    if (grave != NULL && kv_table_drain(&grave->table, FREES_PER_TICK)) {
        store->graves = grave->next;
        free(grave);
    }
}

bool
kv_store_is_busy(const struct kv_store *store)
{
    return store->table.moving || store->graves != NULL || store->expiring.count > 0;
}

struct kv_entry *
kv_store_random(struct kv_store *store, int64_t now)
{
    for (;;) {
        struct kv_entry *entry = kv_table_random(&store->table, &store->random_state);
        if (entry == NULL)
            return NULL;
        int64_t at_ms = kv_entry_expires_at(entry);
        if (at_ms == 0 || at_ms >= now)
            return entry;
        expire(store, entry);
    }
}

bool
kv_store_is_full(const struct kv_store *store)
{
    return kv_budget_exceeded(store->budget, store->used - store->reported);
}
