/* packed.c - histograms as compact bytes, to travel in a message. */
#include "packed.h"

#include <errno.h>

enum { NUMBER_MAX = 10, GAP_MAX = 3 };

struct cursor {
    unsigned char *at, *end;
};

static int
put(struct cursor *out, uint64_t value)
{
    do {
        if (out->at == out->end)
            return -ENOBUFS;
        *out->at++ = (unsigned char) ((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
    } while (value > 0);
    return 0;
}

static int
get(const unsigned char **at, const unsigned char *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*at == end)
            return -EBADMSG;
        unsigned char byte = *(*at)++;
        value |= (uint64_t) (byte & 127) << shift;
        if (byte < 128) {
            *out = value;
            return 0;
        }
    }
    return -EBADMSG;
}

size_t
load_packed_bound(const struct load_histogram *histogram)
{
    size_t used = 0;
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS; i++)
        used += histogram->counters[i] > 0;
    return (size_t) 4 * NUMBER_MAX + used * (NUMBER_MAX + GAP_MAX);
}

long
load_pack(const struct load_histogram *histogram, void *buffer, size_t size)
{
    struct cursor out = {buffer, (unsigned char *) buffer + size};
    size_t last = 0;
    int rc = put(&out, histogram->total);
    rc = rc != 0 ? rc : put(&out, histogram->saturated);
    rc = rc != 0 ? rc : put(&out, (uint64_t) histogram->min);
    rc = rc != 0 ? rc : put(&out, (uint64_t) histogram->max);
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS && rc == 0; i++) {
        if (histogram->counters[i] == 0)
            continue;
        rc = put(&out, i - last);
        rc = rc != 0 ? rc : put(&out, histogram->counters[i]);
        last = i;
    }
    return rc != 0 ? rc : out.at - (unsigned char *) buffer;
}

int
load_unpack_add(struct load_histogram *into, const void *buffer, size_t size)
{
    const unsigned char *at = buffer, *end = at + size;
    uint64_t total, saturated, min, max, gap, count, sum = 0, index = 0;
    if (get(&at, end, &total) != 0 || get(&at, end, &saturated) != 0 ||
        get(&at, end, &min) != 0 || get(&at, end, &max) != 0)
        return -EBADMSG;
    while (at < end) {
        if (get(&at, end, &gap) != 0 || get(&at, end, &count) != 0)
            return -EBADMSG;
        if (gap >= LOAD_HISTOGRAM_COUNTERS || (index += gap) >= LOAD_HISTOGRAM_COUNTERS)
            return -EBADMSG;
        into->counters[index] += count;
        sum += count;
    }
    if (sum != total || max > LOAD_HISTOGRAM_MAX || min > INT64_MAX)
        return -EBADMSG;
    into->total += total;
    into->saturated += saturated;
    if ((int64_t) min < into->min)
        into->min = (int64_t) min;
    if ((int64_t) max > into->max)
        into->max = (int64_t) max;
    return 0;
}
