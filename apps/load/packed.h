/* packed.h - histograms as compact bytes, to travel in a message. */
#ifndef LOAD_PACKED_H
#define LOAD_PACKED_H

#include "histogram.h"

/*
 * Gaps between counters in use and their counts as base-128 numbers, so that a histogram takes
 * a few kilobytes instead of 270. pack returns the bytes written or -ENOBUFS;
 * LOAD_PACKED_MAX is always enough, load_packed_bound() what this one needs at most.
 * unpack_add adds to what @into holds; on -EBADMSG @into is unusable.
 */
#define LOAD_PACKED_MAX ((size_t) LOAD_HISTOGRAM_COUNTERS * 13 + 64)
size_t load_packed_bound(const struct load_histogram *histogram);
long load_pack(const struct load_histogram *histogram, void *buffer, size_t size);
int load_unpack_add(struct load_histogram *into, const void *buffer, size_t size);

#endif
