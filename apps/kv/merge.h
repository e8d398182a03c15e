/* merge.h - the replies of several shards to the parts of one command become one reply. */
#ifndef KV_MERGE_H
#define KV_MERGE_H

#include "entry.h"
#include "reply.h"

/*
 * Each takes the replies of the parts. If one of them is an error, the first error is the
 * whole reply. The texts come from our own writers, so they are well-formed.
 */

/* Integers: the sum. */
void kv_merge_sum(struct kv_buffer *out, const struct kv_slice *parts, size_t count);

/* "+OK" if all parts are. */
void kv_merge_ok(struct kv_buffer *out, const struct kv_slice *parts, size_t count);

/* Arrays: one array with the elements of all, part by part. */
void kv_merge_arrays(struct kv_buffer *out, const struct kv_slice *parts, size_t count);

/*
 * Arrays: one array of `elements`, where element i is the next one of the part from[i].
 * The parts are consumed.
 */
void kv_merge_elements(struct kv_buffer *out, struct kv_slice *parts, size_t count,
                       const uint16_t *from, size_t elements);

#endif
