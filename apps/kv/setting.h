/* setting.h - the options of SET and GETEX. */
#ifndef KV_SETTING_H
#define KV_SETTING_H

#include "command.h"

enum kv_setting_of { KV_SETTING_OF_SET, KV_SETTING_OF_GETEX };

struct kv_setting {
    struct kv_arg *expiry; /* the argument of EX, PX, EXAT or PXAT; NULL: none */
    int64_t at_ms;         /* what it means; 0: none */
    bool seconds;          /* EX, EXAT */
    bool absolute;         /* EXAT, PXAT */
    bool only_absent, only_present, get, keep_ttl, persist;
};

/* Reads the options from argument `index` on; replies and returns false on a mistake. */
bool kv_setting_read(struct kv_setting *setting, struct kv_call *call, uint32_t index,
                     enum kv_setting_of of);

/* Works out at_ms; replies and returns false when it makes no sense. */
bool kv_setting_expiry(struct kv_setting *setting, struct kv_call *call);

#endif
