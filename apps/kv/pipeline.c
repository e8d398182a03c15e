/* pipeline.c - commands of one connection on their way through several shards, in order. */
#include "pipeline.h"

#include "merge.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define KEEP_BYTES ((size_t) 64 << 10) /* of each buffer, for the next time */

enum merge { LOCAL, ONE, SUM, OK, ARRAYS, ELEMENTS };

struct slot {
    enum merge merge;
    uint32_t parts;    /* shards in the map; ONE: the shard itself */
    uint32_t elements; /* ELEMENTS: entries of the map behind those */
    size_t bytes;      /* LOCAL */
};

struct kv_pipeline *
kv_pipeline_create(uint16_t shards)
{
    struct kv_pipeline *p = calloc(1, sizeof *p + shards * sizeof p->part[0]);
    if (p != NULL)
        p->shards = shards;
    return p;
}

static void
part_clear(struct kv_part *part, size_t keep)
{
    kv_batch_discard(part->request.at + part->begin, part->request.at + part->request.used);
    kv_buffer_clear(&part->request, keep);
    kv_buffer_clear(&part->replies.bytes, keep);
    kv_buffer_clear(&part->replies.ends, keep);
    part->request.failed = part->replies.bytes.failed = part->replies.ends.failed = false;
    part->begin = part->taken = 0;
    part->waiting = part->carried = 0;
    part->flags = 0;
    part->parcel = 0;
}

static void
clear(struct kv_pipeline *p, size_t keep)
{
    for (uint16_t i = 0; i < p->shards; i++)
        part_clear(&p->part[i], keep);
    kv_buffer_clear(&p->slots, keep);
    kv_buffer_clear(&p->map, keep);
    kv_buffer_clear(&p->local, keep);
    kv_buffer_clear(&p->slices, keep);
    p->slots.failed = p->map.failed = p->local.failed = p->slices.failed = false;
    p->slot = p->mapped = p->spoken = 0;
}

void
kv_pipeline_clear(struct kv_pipeline *p)
{
    clear(p, KEEP_BYTES);
}

void
kv_pipeline_free(struct kv_pipeline **p)
{
    if (*p == NULL)
        return;
    clear(*p, 0);
    free(*p);
    *p = NULL;
}

bool
kv_pipeline_failed(const struct kv_pipeline *p)
{
    bool failed = p->slots.failed || p->map.failed || p->local.failed || p->slices.failed;
    for (uint16_t i = 0; i < p->shards; i++)
        failed = failed || p->part[i].request.failed || p->part[i].replies.bytes.failed ||
                 p->part[i].replies.ends.failed;
    return failed;
}

static void
add_slot(struct kv_pipeline *p, enum merge merge, uint32_t parts, uint32_t elements)
{
    struct slot slot = {.merge = merge, .parts = parts, .elements = elements};
    kv_buffer_append(&p->slots, &slot, sizeof slot);
}

static enum merge
merge_of(enum kv_scope scope)
{
    switch (scope) {
    case KV_BY_KEY_OK:
    case KV_ON_ALL_OK:
        return OK;
    case KV_BY_KEY_ARRAY:
        return ELEMENTS;
    case KV_ON_ALL_ARRAY:
        return ARRAYS;
    default:
        return SUM;
    }
}

void
kv_pipeline_add(struct kv_pipeline *p, uint16_t shard, struct kv_request *request, int resp)
{
    kv_batch_add(&p->part[shard].request, request, resp);
    p->part[shard].waiting++;
    add_slot(p, ONE, shard, 0);
}

void
kv_pipeline_add_all(struct kv_pipeline *p, struct kv_request *request, int resp)
{
    for (uint16_t i = 0; i < p->shards; i++) {
        kv_batch_add(&p->part[i].request, request, resp);
        p->part[i].waiting++;
        kv_buffer_append(&p->map, &i, sizeof i);
    }
    add_slot(p, merge_of(request->command->scope), p->shards, 0);
}

/* Begins a command in the request of each shard that has keys; returns how many there are. */
static uint16_t
begin_parts(struct kv_pipeline *p, const uint16_t *shard_of, struct kv_request *request,
            int resp)
{
    uint32_t step = (uint32_t) request->command->key_step;
    uint32_t keys = (request->argc - 1) / step;
    uint16_t parts = 0;

    for (uint16_t shard = 0; shard < p->shards; shard++) {
        uint32_t here = 0;
        for (uint32_t i = 0; i < keys; i++)
            here += shard_of[i] == shard;
        if (here == 0)
            continue;
        struct kv_part *part = &p->part[shard];
        part->open = kv_batch_begin(&part->request, request->command, resp, 1 + here * step);
        kv_batch_argument(&part->request, &request->argv[0]);
        part->waiting++;
        kv_buffer_append(&p->map, &shard, sizeof shard);
        parts++;
    }
    return parts;
}

void
kv_pipeline_spread(struct kv_pipeline *p, const uint16_t *shard_of, struct kv_request *request,
                   int resp)
{
    uint32_t step = (uint32_t) request->command->key_step;
    uint32_t keys = (request->argc - 1) / step;
    size_t map_at = p->map.used;
    uint16_t parts = begin_parts(p, shard_of, request, resp);
    enum merge merge = merge_of(request->command->scope);

    for (uint32_t i = 0; i < keys; i++)
        for (uint32_t j = 0; j < step; j++)
            kv_batch_argument(&p->part[shard_of[i]].request, &request->argv[1 + i * step + j]);
    const uint16_t *map = (const uint16_t *) (const void *) (p->map.at + map_at);
    for (uint16_t i = 0; i < parts && !p->map.failed; i++)
        kv_batch_end(&p->part[map[i]].request, p->part[map[i]].open, NULL);
    if (merge == ELEMENTS && !p->map.failed) {
        for (uint32_t i = 0; i < keys; i++) {
            const uint16_t *listed = (const uint16_t *) (const void *) (p->map.at + map_at);
            uint16_t place = 0;
            while (listed[place] != shard_of[i])
                place++;
            kv_buffer_append(&p->map, &place, sizeof place);
        }
    }
    add_slot(p, merge, parts, merge == ELEMENTS ? keys : 0);
}

void
kv_pipeline_speak(struct kv_pipeline *p, size_t mark)
{
    if (p->local.used == mark)
        return;
    struct slot slot = {.merge = LOCAL, .bytes = p->local.used - mark};
    kv_buffer_append(&p->slots, &slot, sizeof slot);
}

static size_t
answered(const struct kv_part *part)
{
    return part->replies.ends.used / sizeof(size_t);
}

struct kv_slice
kv_part_take(struct kv_part *part)
{
    const size_t *ends = (const size_t *) (const void *) part->replies.ends.at;
    size_t begin = part->taken == 0 ? 0 : ends[part->taken - 1];
    struct kv_slice reply = {part->replies.bytes.at + begin, ends[part->taken] - begin};
    part->taken++;
    return reply;
}

void
kv_part_fail(struct kv_part *part, uint32_t commands, const char *format, ...)
{
    const char *at = part->request.at + part->begin;
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    kv_batch_skip(&at, commands);
    part->begin = (size_t) (at - part->request.at);
    part->waiting -= commands;
    while (commands-- > 0) {
        kv_reply_error(&part->replies.bytes, text);
        kv_buffer_append(&part->replies.ends, &part->replies.bytes.used, sizeof(size_t));
    }
}

/* Are the replies there that a slot needs? */
static bool
is_ready(struct kv_pipeline *p, const struct slot *slot, const uint16_t *map)
{
    if (slot->merge == ONE)
        return p->part[slot->parts].taken < answered(&p->part[slot->parts]);
    for (uint32_t i = 0; slot->merge != LOCAL && i < slot->parts; i++)
        if (p->part[map[i]].taken == answered(&p->part[map[i]]))
            return false;
    return true;
}

static void
merge_parts(struct kv_pipeline *p, const struct slot *slot, const uint16_t *map,
            struct kv_buffer *out)
{
    p->slices.used = 0;
    for (uint32_t i = 0; i < slot->parts; i++) {
        struct kv_slice reply = kv_part_take(&p->part[map[i]]);
        kv_buffer_append(&p->slices, &reply, sizeof reply);
    }
    if (p->slices.failed)
        return;
    struct kv_slice *parts = (struct kv_slice *) (void *) p->slices.at;
    if (slot->merge == SUM)
        kv_merge_sum(out, parts, slot->parts);
    else if (slot->merge == OK)
        kv_merge_ok(out, parts, slot->parts);
    else if (slot->merge == ARRAYS)
        kv_merge_arrays(out, parts, slot->parts);
    else
        kv_merge_elements(out, parts, slot->parts, map + slot->parts, slot->elements);
}

static void
fill_slot(struct kv_pipeline *p, const struct slot *slot, const uint16_t *map,
          struct kv_buffer *out)
{
    if (slot->merge == LOCAL) {
        kv_buffer_append(out, p->local.at + p->spoken, slot->bytes);
        p->spoken += slot->bytes;
    } else if (slot->merge == ONE) {
        struct kv_slice reply = kv_part_take(&p->part[slot->parts]);
        kv_buffer_append(out, reply.at, reply.bytes);
    } else {
        merge_parts(p, slot, map, out);
        p->mapped += (slot->parts + slot->elements) * sizeof(uint16_t);
    }
}

/* Replies that have been used make room for those to come. */
static void
forget_taken(struct kv_part *part)
{
    if (part->taken < answered(part))
        return;
    kv_buffer_clear(&part->replies.bytes, KEEP_BYTES);
    kv_buffer_clear(&part->replies.ends, KEEP_BYTES);
    part->taken = 0;
}

bool
kv_pipeline_collect(struct kv_pipeline *p, struct kv_buffer *out)
{
    while (p->slot < p->slots.used) {
        const struct slot *slot = (const struct slot *) (const void *) (p->slots.at + p->slot);
        const uint16_t *map = (const uint16_t *) (const void *) (p->map.at + p->mapped);
        if (!is_ready(p, slot, map)) {
            for (uint16_t i = 0; i < p->shards; i++)
                forget_taken(&p->part[i]);
            return false;
        }
        fill_slot(p, slot, map, out);
        p->slot += sizeof *slot;
    }
    kv_pipeline_clear(p);
    return true;
}
