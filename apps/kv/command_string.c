/* command_string.c - commands that read and write whole values, or parts of them. */
#include "command.h"
#include "setting.h"

static void
reply_value(struct kv_call *call, struct kv_entry *entry)
{
    char scratch[KV_INTEGER_TEXT_MAX];
    struct kv_slice value = kv_entry_value(entry, scratch);
    kv_reply_bulk(call->out, value.at, value.bytes);
}

/* Replies with the value of a key, or with null; returns the link to it. */
static struct kv_entry **
reply_key(struct kv_call *call, const struct kv_key *key)
{
    struct kv_entry **link = kv_store_find(call->store, key, call->now);
    if (link == NULL)
        kv_reply_null(call->out, call->resp);
    else
        reply_value(call, *link);
    return link;
}

/* Stores an argument; replies and returns NULL for want of memory. */
static struct kv_entry *
store_argument(struct kv_call *call, struct kv_entry **link, const struct kv_key *key,
               uint32_t index, bool keep_expiry)
{
    struct kv_arg *arg = &call->argv[index];
    struct kv_value value = {{arg->at, arg->bytes}, &arg->blob};
    struct kv_entry *entry = kv_store_set(call->store, link, key, &value, keep_expiry);
    if (entry == NULL)
        kv_reply_error(call->out, KV_ERR_OOM);
    return entry;
}

/* Takes the reply between two marks back, so that only the error behind it remains. */
static void
take_back(struct kv_buffer *out, size_t mark, size_t end)
{
    if (out->failed || end == mark)
        return;
    memmove(out->at + mark, out->at + end, out->used - end);
    out->used -= end - mark;
}

void
kv_run_get(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    (void) reply_key(call, &key);
}

void
kv_run_mget(struct kv_call *call)
{
    kv_reply_array(call->out, call->argc - 1);
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kv_key key = kv_call_key(call, i);
        (void) reply_key(call, &key);
    }
}

void
kv_run_getdel(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = reply_key(call, &key);
    if (link != NULL)
        kv_store_remove(call->store, link);
}

void
kv_run_getset(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    size_t mark = call->out->used;
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);

    if (link == NULL)
        kv_reply_null(call->out, call->resp);
    else
        reply_value(call, *link);
    size_t end = call->out->used;
    if (store_argument(call, link, &key, 2, false) == NULL)
        take_back(call->out, mark, end);
}

void
kv_run_getex(struct kv_call *call)
{
    struct kv_setting setting;
    if (!kv_setting_read(&setting, call, 2, KV_SETTING_OF_GETEX))
        return;
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    if (link == NULL) {
        kv_reply_null(call->out, call->resp);
        return;
    }
    if (!kv_setting_expiry(&setting, call))
        return;
    reply_value(call, *link);
    if (setting.absolute && setting.at_ms <= call->now)
        kv_store_remove(call->store, link);
    else if (setting.at_ms != 0 || setting.persist)
        (void) kv_store_expire_at(call->store, link, setting.at_ms);
}

/* What SET does once its options are known. */
static void
set(struct kv_call *call, const struct kv_setting *setting, uint32_t value_index)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    size_t mark = call->out->used;

    if (setting->get) {
        if (link == NULL)
            kv_reply_null(call->out, call->resp);
        else
            reply_value(call, *link);
    }
    if (link == NULL ? setting->only_present : setting->only_absent) {
        if (!setting->get)
            kv_reply_null(call->out, call->resp);
        return;
    }
    size_t end = call->out->used;
    struct kv_entry *entry = store_argument(call, link, &key, value_index, setting->keep_ttl);
    if (entry != NULL && setting->at_ms != 0) {
        link = kv_table_find(&call->store->table, key.text, (uint32_t) key.hash);
        if (!kv_store_expire_at(call->store, link, setting->at_ms)) {
            kv_store_remove(call->store, link); /* rather no value than one that stays */
            kv_reply_error(call->out, KV_ERR_OOM);
            entry = NULL;
        }
    }
    if (entry == NULL)
        take_back(call->out, mark, end);
    else if (!setting->get)
        kv_reply_ok(call->out);
}

void
kv_run_set(struct kv_call *call)
{
    struct kv_setting setting = {0};
    if (call->argc > 3 && (!kv_setting_read(&setting, call, 3, KV_SETTING_OF_SET) ||
                           !kv_setting_expiry(&setting, call)))
        return;
    set(call, &setting, 2);
}

static void
set_with_expiry(struct kv_call *call, bool seconds)
{
    struct kv_setting setting = {.expiry = &call->argv[2], .seconds = seconds};
    if (kv_setting_expiry(&setting, call))
        set(call, &setting, 3);
}

void
kv_run_setex(struct kv_call *call)
{
    set_with_expiry(call, true);
}

void
kv_run_psetex(struct kv_call *call)
{
    set_with_expiry(call, false);
}

void
kv_run_setnx(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    if (link != NULL)
        kv_reply_integer(call->out, 0);
    else if (store_argument(call, NULL, &key, 2, false) != NULL)
        kv_reply_integer(call->out, 1);
}

/* Sets all pairs; replies and returns false when memory runs out half-way. */
static bool
set_pairs(struct kv_call *call)
{
    for (uint32_t i = 1; i < call->argc; i += 2) {
        struct kv_key key = kv_call_key(call, i);
        struct kv_entry **link = kv_store_find(call->store, &key, call->now);
        if (store_argument(call, link, &key, i + 1, false) == NULL)
            return false;
    }
    return true;
}

static bool
pairs_complete(struct kv_call *call)
{
    if (call->argc % 2 == 1)
        return true;
    kv_reply_errorf(call->out, "ERR wrong number of arguments for '%s' command",
                    call->command->name);
    return false;
}

void
kv_run_mset(struct kv_call *call)
{
    if (pairs_complete(call) && set_pairs(call))
        kv_reply_ok(call->out);
}

void
kv_run_msetnx(struct kv_call *call)
{
    if (!pairs_complete(call))
        return;
    for (uint32_t i = 1; i < call->argc; i += 2) {
        struct kv_key key = kv_call_key(call, i);
        if (kv_store_find(call->store, &key, call->now) != NULL) {
            kv_reply_integer(call->out, 0);
            return;
        }
    }
    if (set_pairs(call))
        kv_reply_integer(call->out, 1);
}
