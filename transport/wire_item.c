/* wire_item.c - the fixed parts of items. */
#include "wire.h"
#include <errno.h>

void
cyi_wire_put_ref(uint8_t *out, cy_ref ref)
{
    memcpy(out, ref.address, sizeof ref.address);
    cyi_put16(out + 16, ref.port);
    cyi_put16(out + 18, ref.core);
    cyi_put32(out + 20, ref.node);
    cyi_put32(out + 24, ref.slot);
    cyi_put32(out + 28, ref.generation);
}

cy_ref
cyi_wire_get_ref(const uint8_t *in)
{
    cy_ref ref;
    memcpy(ref.address, in, sizeof ref.address);
    ref.port = cyi_get16(in + 16);
    ref.core = cyi_get16(in + 18);
    ref.node = cyi_get32(in + 20);
    ref.slot = cyi_get32(in + 24);
    ref.generation = cyi_get32(in + 28);
    return ref;
}

/* Most fixed parts are numbers of four bytes, one after another. */
static uint8_t *
put_words(uint8_t *out, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++, out += 4)
        cyi_put32(out, words[i]);
    return out;
}

static void
get_words(const uint8_t *in, uint32_t *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++, in += 4)
        *words[i] = cyi_get32(in);
}

#define COUNT(type, ...) (sizeof(type[]){__VA_ARGS__} / sizeof(type))
#define PUT(out, ...) \
    put_words(out, (const uint32_t[]){__VA_ARGS__}, COUNT(const uint32_t, __VA_ARGS__))
#define GET(in, ...) \
    get_words(in, (uint32_t *const[]){__VA_ARGS__}, COUNT(uint32_t *const, __VA_ARGS__))

int
cyi_send_read(struct cyi_send *out, const uint8_t *in, size_t size)
{
    if (size < CYI_SEND_BYTES)
        return -EBADMSG;
    GET(in, &out->to_slot, &out->to_generation, &out->from_slot, &out->from_generation,
        &out->tag);
    return 0;
}

uint8_t *
cyi_request_write(uint8_t *out, const struct cyi_request_item *request)
{
    return PUT(cyi_send_write(out, &request->send), request->token);
}

int
cyi_request_read(struct cyi_request_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_REQUEST_BYTES)
        return -EBADMSG;
    out->token = cyi_get32(in + CYI_SEND_BYTES);
    return cyi_send_read(&out->send, in, size);
}

uint8_t *
cyi_answer_write(uint8_t *out, const struct cyi_answer_item *answer)
{
    out = PUT(out, answer->to_slot, answer->to_generation, answer->token,
              (uint32_t) answer->result);
    cyi_put64(out, answer->value);
    return PUT(out + 8, answer->from_slot, answer->from_generation, answer->tag);
}

int
cyi_answer_read(struct cyi_answer_item *out, const uint8_t *in, size_t size)
{
    uint32_t result;
    if (size < CYI_ANSWER_BYTES)
        return -EBADMSG;
    GET(in, &out->to_slot, &out->to_generation, &out->token, &result);
    out->result = (int32_t) result;
    out->value = cyi_get64(in + 16);
    GET(in + 24, &out->from_slot, &out->from_generation, &out->tag);
    return 0;
}

uint8_t *
cyi_forward_write(uint8_t *out, const struct cyi_forward *forward)
{
    out = PUT(out, forward->to_slot, forward->to_generation, forward->tag);
    cyi_put64(out, forward->delivery);
    out = PUT(out + 8, forward->hops);
    cyi_wire_put_ref(out, forward->sender);
    return out + CYI_REF_BYTES;
}

int
cyi_forward_read(struct cyi_forward *out, const uint8_t *in, size_t size)
{
    if (size < CYI_FORWARD_BYTES || !cyi_wire_ref_ok(cyi_wire_get_ref(in + 24)))
        return -EBADMSG;
    GET(in, &out->to_slot, &out->to_generation, &out->tag);
    out->delivery = cyi_get64(in + 12);
    out->hops = cyi_get32(in + 20);
    out->sender = cyi_wire_get_ref(in + 24);
    return 0;
}

uint8_t *
cyi_command_write(uint8_t *out, const struct cyi_command_item *command)
{
    return PUT(out, command->what, command->slot, command->generation);
}

int
cyi_command_read(struct cyi_command_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_COMMAND_BYTES || cyi_get32(in) >= CYI_COMMAND_KINDS)
        return -EBADMSG;
    GET(in, &out->what, &out->slot, &out->generation);
    return 0;
}

uint8_t *
cyi_watch_write(uint8_t *out, const struct cyi_watch_item *watch)
{
    return PUT(out, watch->id, watch->kind, watch->target_slot, watch->target_generation,
               watch->watcher_slot, watch->watcher_generation);
}

int
cyi_watch_read(struct cyi_watch_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_WATCH_BYTES || cyi_get32(in + 4) >= CYI_WATCH_KINDS)
        return -EBADMSG;
    GET(in, &out->id, &out->kind, &out->target_slot, &out->target_generation,
        &out->watcher_slot, &out->watcher_generation);
    return 0;
}

uint8_t *
cyi_exit_write(uint8_t *out, const struct cyi_exit_item *ended)
{
    return PUT(out, ended->id, ended->watcher_slot, ended->watcher_generation, ended->task_slot,
               ended->task_generation, ended->reason, (uint32_t) ended->code);
}

int
cyi_exit_read(struct cyi_exit_item *out, const uint8_t *in, size_t size)
{
    uint32_t code;
    if (size < CYI_EXIT_BYTES || cyi_get32(in + 20) >= CYI_EXIT_REASONS)
        return -EBADMSG;
    GET(in, &out->id, &out->watcher_slot, &out->watcher_generation, &out->task_slot,
        &out->task_generation, &out->reason, &code);
    out->code = (int32_t) code;
    return 0;
}

uint8_t *
cyi_locate_write(uint8_t *out, const struct cyi_locate_item *locate)
{
    return PUT(out, locate->id, locate->kind, locate->core);
}

/* Is it a core of some node, or any? */
static bool
is_core(uint32_t core)
{
    return core < CYI_WIRE_CORES || core == UINT32_MAX;
}

int
cyi_locate_read(struct cyi_locate_item *out, const uint8_t *in, size_t size)
{
    if (size < CYI_LOCATE_BYTES || !is_core(cyi_get32(in + 8)) ||
        cyi_get32(in + 4) < CY_KIND_TASK || cyi_get32(in + 4) > CY_KIND_METHOD ||
        !cyi_wire_name_ok((const char *) in + CYI_LOCATE_BYTES, size - CYI_LOCATE_BYTES))
        return -EBADMSG;
    GET(in, &out->id, &out->kind, &out->core);
    return 0;
}
