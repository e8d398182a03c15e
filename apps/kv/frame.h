/* frame.h - is this a reply? For replies that other processes wrote. */
#ifndef KV_FRAME_H
#define KV_FRAME_H

#include "entry.h"

/* The end of the reply, of RESP2 or RESP3, that begins at `at`; NULL when there is none. */
const char *kv_frame_end(const char *at, const char *end);

/*
 * An array of so many elements (-1: any number), each a bulk string or a null? The text is one
 * well-formed reply.
 */
bool kv_frame_is_flat(struct kv_slice frame, int64_t elements);

/* Two elements, a bulk string and a flat array, as SCAN answers. */
bool kv_frame_is_scan(struct kv_slice frame);

#endif
