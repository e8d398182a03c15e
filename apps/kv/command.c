/* command.c - finding commands by name, running them on a shard. */
#include "command.h"

#include <ctype.h>

#define LETTER_CASE UINT64_C(0x2020202020202020)

/*
 * A name as two words in lower case. Setting bit 5 makes a letter small and turns nothing else
 * into a letter, so names that differ in more than case stay different; what is no letter
 * may coincide, but the names of commands are letters only.
 */
static inline bool
pack(uint64_t words[2], const char *name, size_t bytes)
{
    if (bytes == 0 || bytes > 2 * sizeof(uint64_t))
        return false;
    words[0] = words[1] = 0;
    memcpy(words, name, bytes);
    words[0] |= LETTER_CASE;
    words[1] |= LETTER_CASE;
    return true;
}

static inline uint8_t
slot_of(const uint64_t words[2], size_t bytes)
{
    uint64_t mixed = (words[0] ^ bytes) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ words[1]) * UINT64_C(0xff51afd7ed558ccd);
    return (uint8_t) (mixed >> 56);
}

void
kv_command_index_init(struct kv_command_index *index)
{
    memset(index, 0, sizeof *index);
    for (uint32_t i = 0; i < kv_command_count; i++) {
        size_t bytes = strlen(kv_commands[i].name);
        if ((kv_commands[i].flags & KV_INTERNAL) != 0 ||
            !pack(index->words[i], kv_commands[i].name, bytes))
            continue;
        uint8_t slot = slot_of(index->words[i], bytes);
        while (index->slots[slot] != 0)
            slot++;
        index->slots[slot] = (uint8_t) (i + 1);
    }
}

const struct kv_command *
kv_command_lookup(const struct kv_command_index *index, const char *name, size_t bytes)
{
    uint64_t words[2];
    if (!pack(words, name, bytes))
        return NULL;
    for (uint8_t slot = slot_of(words, bytes); index->slots[slot] != 0; slot++) {
        uint32_t i = index->slots[slot] - 1U;
        if (index->words[i][0] == words[0] && index->words[i][1] == words[1] &&
            kv_commands[i].name[bytes] == '\0')
            return &kv_commands[i];
    }
    return NULL;
}

const struct kv_command *
kv_command_named(const char *name)
{
    uint32_t i = 0;
    while (strcmp(kv_commands[i].name, name) != 0)
        i++;
    return &kv_commands[i];
}

void
kv_call_run(struct kv_call *call)
{
    if ((call->command->flags & KV_DENY_OOM) != 0 && kv_store_is_full(call->store)) {
        kv_reply_error(call->out, KV_ERR_OOM);
        return;
    }
    call->command->run(call);
}

bool
kv_arg_is(const struct kv_arg *arg, const char *lower_case_word)
{
    for (size_t i = 0; i < arg->bytes; i++)
        if (lower_case_word[i] == '\0' ||
            tolower((unsigned char) arg->at[i]) != lower_case_word[i])
            return false;
    return lower_case_word[arg->bytes] == '\0';
}

bool
kv_call_integer(struct kv_call *call, int64_t *out, uint32_t index)
{
    if (kv_integer_read(out, call->argv[index].at, call->argv[index].bytes))
        return true;
    kv_reply_error(call->out, KV_ERR_NOT_INTEGER);
    return false;
}
