/*
 * command_number.c - commands that count.
 * Tests: tests/kv/test_command_string.c
 */
#include "command.h"

#include <math.h>

/* The value as an integer: kept as one, or text that became one by APPEND or SETRANGE. */
static bool
integer_of(int64_t *out, struct kv_entry *entry)
{
    if (entry->kind == KV_VALUE_INTEGER) {
        *out = kv_entry_integer(entry);
        return true;
    }
    char scratch[KV_INTEGER_TEXT_MAX];
    struct kv_slice text = kv_entry_value(entry, scratch);
    return kv_integer_read(out, text.at, text.bytes);
}

static void
add(struct kv_call *call, int64_t change)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    int64_t value = 0;

    if (link != NULL && !integer_of(&value, *link)) {
        kv_reply_error(call->out, KV_ERR_NOT_INTEGER);
        return;
    }
    if (__builtin_add_overflow(value, change, &value)) {
        kv_reply_error(call->out, "ERR increment or decrement would overflow");
        return;
    }
    if (kv_store_set_integer(call->store, link, &key, value) == NULL)
        kv_reply_error(call->out, KV_ERR_OOM);
    else
        kv_reply_integer(call->out, value);
}

void
kv_run_incr(struct kv_call *call)
{
    add(call, 1);
}

void
kv_run_decr(struct kv_call *call)
{
    add(call, -1);
}

void
kv_run_incrby(struct kv_call *call)
{
    int64_t change;
    if (kv_call_integer(call, &change, 2))
        add(call, change);
}

void
kv_run_decrby(struct kv_call *call)
{
    int64_t change;
    if (!kv_call_integer(call, &change, 2))
        return;
    if (change == INT64_MIN)
        kv_reply_error(call->out, "ERR decrement would overflow");
    else
        add(call, -change);
}

static bool
float_of(long double *out, struct kv_entry **link)
{
    char scratch[KV_INTEGER_TEXT_MAX];
    if (link == NULL) {
        *out = 0;
        return true;
    }
    struct kv_slice text = kv_entry_value(*link, scratch);
    return kv_float_read(out, text.at, text.bytes);
}

void
kv_run_incrbyfloat(struct kv_call *call)
{
    struct kv_key key = kv_call_key(call, 1);
    struct kv_entry **link = kv_store_find(call->store, &key, call->now);
    long double value;
    long double change;

    if (!float_of(&value, link) ||
        !kv_float_read(&change, call->argv[2].at, call->argv[2].bytes)) {
        kv_reply_error(call->out, "ERR value is not a valid float");
        return;
    }
    value += change;
    if (isnan(value) || isinf(value)) {
        kv_reply_error(call->out, "ERR increment would produce NaN or Infinity");
        return;
    }
    char text[KV_FLOAT_TEXT_MAX];
    struct kv_value result = {{text, kv_float_write(text, value)}, NULL};
    if (kv_store_set(call->store, link, &key, &result, true) == NULL)
        kv_reply_error(call->out, KV_ERR_OOM);
    else
        kv_reply_bulk(call->out, result.text.at, result.text.bytes);
}
