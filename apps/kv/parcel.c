/*
 * parcel.c - a batch on its way to a shard of another process, and the answer to it.
 * Tests: tests/kv/test_parcel.c
 *
 * What another process wrote is looked at before it is used: that commands have the arguments
 * that their code takes for granted, that replies are of the kind that merging takes for
 * granted. So a process that is broken, or a stranger in a network without a secret, can
 * answer wrongly, but not make this one read or write beyond a buffer.
 */
#include "parcel.h"

#include "frame.h"

_Static_assert(sizeof(struct kv_parcel) == 32 && sizeof(struct kv_answer) == 16,
               "no padding: other processes read them");

uint64_t
kv_cluster_id(const struct kv_seed *seed)
{
    static const char text[] = "which cluster is this?";
    return kv_hash(seed, text, sizeof text);
}

bool
kv_parcel_read(struct kv_parcel *out, struct kv_slice *batch, struct kv_slice body)
{
    struct kv_parcel parcel;

    if (body.bytes < sizeof parcel)
        return false;
    memcpy(&parcel, body.at, sizeof parcel);
    if ((parcel.flags & ~(KV_HOLD | KV_RELEASE)) != 0)
        return false;
    if (parcel.flags != 0 && parcel.holder == 0)
        return false;
    const char *begin = body.at + sizeof parcel;
    if (!kv_batch_check(begin, body.at + body.bytes, parcel.commands))
        return false;
    *out = parcel;
    *batch = (struct kv_slice){begin, body.bytes - sizeof parcel};
    return true;
}

bool
kv_answer_read(struct kv_answer *out, struct kv_slice *replies, struct kv_slice body)
{
    if (body.bytes < sizeof *out)
        return false;
    memcpy(out, body.at, sizeof *out);
    *replies = (struct kv_slice){body.at + sizeof *out, body.bytes - sizeof *out};
    return true;
}

/* Is this a reply that such a command gives, so far as its users take it for granted? */
static bool
is_reply_to(const struct kv_command *command, uint32_t argc, struct kv_slice reply)
{
    char kind = reply.at[0];

    if (kind == '-')
        return true;
    if ((command->flags & KV_INTERNAL) != 0 && command->scope == KV_ON_ALL_ARRAY)
        return kind == '$';
    switch (command->scope) {
    case KV_BY_KEY_SUM:
    case KV_ON_ALL_SUM:
        return kind == ':';
    case KV_BY_KEY_OK:
    case KV_ON_ALL_OK:
        return kind == '+';
    case KV_BY_KEY_ARRAY:
        return kv_frame_is_flat(reply, (int64_t) argc - 1);
    case KV_ON_ALL_ARRAY:
        return kv_frame_is_flat(reply, -1);
    case KV_APART:
        return command->serve != kv_serve_scan || kv_frame_is_scan(reply);
    default:
        return true;
    }
}

/* Finds the ends of the replies, counted from the first one. */
static bool
find_ends(struct kv_part *part, uint32_t commands, struct kv_slice replies)
{
    const char *at = replies.at;
    const char *end = at + replies.bytes;
    const char *request = part->request.at + part->begin;
    size_t before = part->replies.bytes.used;

    for (uint32_t i = 0; i < commands; i++) {
        uint32_t argc;
        const struct kv_command *command = kv_batch_next(&request, &argc);
        const char *next = kv_frame_end(at, end);
        if (next == NULL ||
            !is_reply_to(command, argc, (struct kv_slice){at, (size_t) (next - at)}))
            return false;
        at = next;
        size_t reply_end = before + (size_t) (at - replies.at);
        kv_buffer_append(&part->replies.ends, &reply_end, sizeof reply_end);
    }
    return at == end;
}

bool
kv_answer_take(struct kv_part *part, uint32_t commands, struct kv_slice replies)
{
    size_t before = part->replies.ends.used;
    const char *at = part->request.at + part->begin;

    /* A shard that never answers anything would be asked for ever. */
    if (commands > part->carried || (commands == 0 && part->carried > 0))
        return false;
    if (!find_ends(part, commands, replies)) {
        part->replies.ends.used = before;
        return false;
    }
    kv_buffer_append(&part->replies.bytes, replies.at, replies.bytes);
    kv_batch_skip(&at, commands);
    part->begin = (size_t) (at - part->request.at);
    part->waiting -= commands;
    return true;
}
