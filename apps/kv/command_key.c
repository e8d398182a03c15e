/* command_key.c - commands about keys, whatever their values: presence, name, expiry. */
#include "command.h"

/* EXISTS and TOUCH. A key named twice counts twice. */
void
kv_run_exists(struct kv_call *call)
{
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kv_key key = kv_call_key(call, i);
        count += kv_store_find(call->store, &key, call->now) != NULL;
    }
    kv_reply_integer(call->out, count);
}

/* DEL and UNLINK. */
void
kv_run_del(struct kv_call *call)
{
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kv_key key = kv_call_key(call, i);
        struct kv_entry **link = kv_store_find(call->store, &key, call->now);
        if (link == NULL)
            continue;
        kv_store_remove(call->store, link);
        count++;
    }
    kv_reply_integer(call->out, count);
}

void
kv_run_type(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    bool there = kv_store_find(call->store, &key, call->now) != NULL;
    kv_reply_status(call->out, there ? "string" : "none");
}

static void
rename_key(struct kv_call *call, bool only_absent)
{
    struct kv_key from = kv_call_key(call, 1);
    struct kv_key to = kv_call_key(call, 2);
    bool same = from.text.bytes == to.text.bytes &&
                memcmp(from.text.at, to.text.at, to.text.bytes) == 0;

    if (kv_store_find(call->store, &from, call->now) == NULL)
        kv_reply_error(call->out, KV_ERR_NO_KEY);
    else if (only_absent && (same || kv_store_find(call->store, &to, call->now) != NULL))
        kv_reply_integer(call->out, 0);
    else if (!same && !kv_store_rename(call->store, &from, &to, call->now))
        kv_reply_error(call->out, KV_ERR_OOM);
    else if (only_absent)
        kv_reply_integer(call->out, 1);
    else
        kv_reply_ok(call->out);
}

void
kv_run_rename(struct kv_call *call)
{
    rename_key(call, false);
}

void
kv_run_renamenx(struct kv_call *call)
{
    rename_key(call, true);
}

void
kv_run_persist(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    bool had = link != NULL && kv_entry_expires_at(*link) != 0;
    if (had)
        (void) kv_store_expire_at(call->store, link, 0); /* taking away needs no memory */
    kv_reply_integer(call->out, had);
}

/* TTL, PTTL, EXPIRETIME, PEXPIRETIME: the first letter tells the unit. */
void
kv_run_ttl(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    bool milliseconds = call->command->name[0] == 'p';
    bool absolute = (call->command->flags & KV_EXPIRES_AT) != 0;

    if (link == NULL || kv_entry_expires_at(*link) == 0) {
        kv_reply_integer(call->out, link == NULL ? -2 : -1);
        return;
    }
    int64_t left = kv_entry_expires_at(*link) - (absolute ? 0 : call->now);
    if (!milliseconds)
        left = left > INT64_MAX - 500 ? left / 1000 : (left + 500) / 1000;
    kv_reply_integer(call->out, left);
}

enum { ONLY_WITHOUT = 1, ONLY_WITH = 2, ONLY_LATER = 4, ONLY_EARLIER = 8 };

/* The conditions of EXPIRE; replies and returns false when they make no sense. */
static bool
read_conditions(struct kv_call *call, unsigned *out)
{
    static const char *const words[] = {"nx", "xx", "gt", "lt"};
    unsigned conditions = 0;

    for (uint32_t i = 3; i < call->argc; i++) {
        unsigned word = 0;
        while (word < 4 && !kv_arg_is(&call->argv[i], words[word]))
            word++;
        if (word == 4) {
            kv_reply_errorf(call->out, "ERR Unsupported option %.*s", (int) call->argv[i].bytes,
                            call->argv[i].at);
            return false;
        }
        conditions |= 1U << word;
    }
    if ((conditions & ONLY_WITHOUT) != 0 && conditions != ONLY_WITHOUT) {
        kv_reply_error(call->out, "ERR NX and XX, GT or LT options at the same time are not "
                                  "compatible");
        return false;
    }
    if ((conditions & ONLY_LATER) != 0 && (conditions & ONLY_EARLIER) != 0) {
        kv_reply_error(call->out, "ERR GT and LT options at the same time are not compatible");
        return false;
    }
    *out = conditions;
    return true;
}

/* Without a time of expiry a key lives for ever, which is later than any time. */
static bool
conditions_hold(unsigned conditions, int64_t present, int64_t at_ms)
{
    if ((conditions & ONLY_WITHOUT) != 0 && present != 0)
        return false;
    if ((conditions & ONLY_WITH) != 0 && present == 0)
        return false;
    if ((conditions & ONLY_LATER) != 0 && (present == 0 || at_ms <= present))
        return false;
    return (conditions & ONLY_EARLIER) == 0 || present == 0 || at_ms < present;
}

/* The point in time that argument 2 of EXPIRE and its kin means; replies when it is none. */
static bool
read_time(struct kv_call *call, int64_t *out)
{
    const char *name = call->command->name;
    bool absolute = (call->command->flags & KV_EXPIRES_AT) != 0;
    int64_t at_ms;

    if (!kv_call_integer(call, &at_ms, 2))
        return false;
    if ((name[0] != 'p' && __builtin_mul_overflow(at_ms, 1000, &at_ms)) ||
        (!absolute && __builtin_add_overflow(at_ms, call->now, &at_ms))) {
        kv_reply_errorf(call->out, "ERR invalid expire time in '%s' command", name);
        return false;
    }
    *out = at_ms;
    return true;
}

/* EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT. */
void
kv_run_expire(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    unsigned conditions;
    int64_t at_ms;

    if (!read_conditions(call, &conditions) || !read_time(call, &at_ms))
        return;
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    if (link == NULL || !conditions_hold(conditions, kv_entry_expires_at(*link), at_ms)) {
        kv_reply_integer(call->out, 0);
        return;
    }
    if (at_ms <= call->now) {
        kv_store_remove(call->store, link);
    } else if (!kv_store_expire_at(call->store, link, at_ms)) {
        kv_reply_error(call->out, KV_ERR_OOM);
        return;
    }
    kv_reply_integer(call->out, 1);
}
