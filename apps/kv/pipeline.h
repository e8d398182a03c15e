/* pipeline.h - commands of one connection on their way through several shards, in order. */
#ifndef KV_PIPELINE_H
#define KV_PIPELINE_H

#include "shard.h"

enum { KV_HOLD = 1, KV_RELEASE = 2 }; /* before and after the commands: nobody else may run */

/* What goes to one shard, and what comes back. */
struct kv_part {
    struct kv_buffer request; /* from `begin` on not run yet */
    size_t begin;
    size_t open;      /* where the command that is being added begins */
    uint32_t waiting; /* commands in there */
    unsigned flags;   /* KV_HOLD, KV_RELEASE: to be sent even without a command */
    struct kv_replies replies;
    size_t taken; /* replies that have been used */
    bool held;    /* by this pipeline, from KV_HOLD to KV_RELEASE; outlives clearing */

    uint64_t parcel;  /* under way to another process; 0: none */
    uint32_t carried; /* commands in it */
    uint32_t life;    /* of the process that it went to: struct kv_peer */
};

/*
 * Replies come back per shard; the slots say in which order they, and what the session itself
 * had to say in between, make up the output. Lent to a session while it waits for shards.
 */
struct kv_pipeline {
    struct kv_pipeline *next; /* in the pool */
    uint64_t holder;          /* of the shards, for KV_HOLD; else 0 */
    uint16_t shards;
    struct kv_buffer slots; /* struct slot */
    struct kv_buffer map;   /* uint16_t: which shards a slot waits for, which has each key */
    struct kv_buffer local; /* what the session said in between */
    struct kv_buffer slices;
    size_t slot, mapped, spoken; /* how far each has been used */
    struct kv_part part[];
};

/* NULL when memory ran out. */
struct kv_pipeline *kv_pipeline_create(uint16_t shards);

/* Frees it, with the blobs of what was not sent; accepts NULL. */
void kv_pipeline_free(struct kv_pipeline **pipeline);

static inline bool
kv_pipeline_is_empty(const struct kv_pipeline *pipeline)
{
    return pipeline->slots.used == 0;
}

/* One command for one shard. */
void kv_pipeline_add(struct kv_pipeline *pipeline, uint16_t shard, struct kv_request *request,
                     int resp);

/* One command whose keys belong to several shards: shard_of[i] has the i-th key. */
void kv_pipeline_spread(struct kv_pipeline *pipeline, const uint16_t *shard_of,
                        struct kv_request *request, int resp);

/* One command for all shards. */
void kv_pipeline_add_all(struct kv_pipeline *pipeline, struct kv_request *request, int resp);

/* What was written behind `mark` in pipeline->local takes its place in the order. */
void kv_pipeline_speak(struct kv_pipeline *pipeline, size_t mark);

/*
 * Puts what has been answered, as far as the order allows, into `out`. True when that was
 * everything: the pipeline is an empty one again.
 */
bool kv_pipeline_collect(struct kv_pipeline *pipeline, struct kv_buffer *out);

/* Did memory run out somewhere? */
bool kv_pipeline_failed(const struct kv_pipeline *pipeline);

/* The next reply of a shard, for those who use no slots. */
struct kv_slice kv_part_take(struct kv_part *part);

/* Answers the next commands of a part with an error, "-text", instead of running them. */
__attribute__((format(printf, 3, 4))) void kv_part_fail(struct kv_part *part, uint32_t commands,
                                                        const char *format, ...);

/* Forgets everything, freeing the blobs of what was not run. */
void kv_pipeline_clear(struct kv_pipeline *pipeline);

#endif
