/*
 * setting.c - the options of SET and GETEX.
 * Tests: tests/kv/test_command_string.c
 */
#include "setting.h"

/* EX, PX, EXAT, PXAT: at most one kind, not together with KEEPTTL or PERSIST. */
static bool
read_expiry(struct kv_setting *setting, struct kv_call *call, uint32_t index)
{
    static const struct {
        const char *word;
        bool seconds, absolute;
    } kinds[] = {
        {"ex", true, false}, {"px", false, false}, {"exat", true, true}, {"pxat", false, true}};

    if (index + 1 >= call->argc || setting->keep_ttl || setting->persist)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!kv_arg_is(&call->argv[index], kinds[i].word))
            continue;
        if (setting->expiry != NULL &&
            (setting->seconds != kinds[i].seconds || setting->absolute != kinds[i].absolute))
            return false;
        setting->expiry = &call->argv[index + 1];
        setting->seconds = kinds[i].seconds;
        setting->absolute = kinds[i].absolute;
        return true;
    }
    return false;
}

static bool
read_word(struct kv_setting *setting, const struct kv_arg *arg, enum kv_setting_of of)
{
    if (of == KV_SETTING_OF_GETEX) {
        if (!kv_arg_is(arg, "persist") || setting->expiry != NULL)
            return false;
        setting->persist = true;
        return true;
    }
    if (kv_arg_is(arg, "nx") && !setting->only_present)
        setting->only_absent = true;
    else if (kv_arg_is(arg, "xx") && !setting->only_absent)
        setting->only_present = true;
    else if (kv_arg_is(arg, "get"))
        setting->get = true;
    else if (kv_arg_is(arg, "keepttl") && setting->expiry == NULL)
        setting->keep_ttl = true;
    else
        return false;
    return true;
}

bool
kv_setting_read(struct kv_setting *setting, struct kv_call *call, uint32_t index,
                enum kv_setting_of of)
{
    *setting = (struct kv_setting){0};
    while (index < call->argc) {
        if (read_word(setting, &call->argv[index], of)) {
            index++;
        } else if (read_expiry(setting, call, index)) {
            index += 2;
        } else {
            kv_reply_error(call->out, KV_ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

bool
kv_setting_expiry(struct kv_setting *setting, struct kv_call *call)
{
    int64_t at;

    if (setting->expiry == NULL)
        return true;
    if (!kv_integer_read(&at, setting->expiry->at, setting->expiry->bytes)) {
        kv_reply_error(call->out, KV_ERR_NOT_INTEGER);
        return false;
    }
    int64_t base = setting->absolute ? 0 : call->now;
    if (at <= 0 || (setting->seconds && __builtin_mul_overflow(at, 1000, &at)) ||
        __builtin_add_overflow(at, base, &at)) {
        kv_reply_errorf(call->out, "ERR invalid expire time in '%s' command",
                        call->command->name);
        return false;
    }
    setting->at_ms = at;
    return true;
}
