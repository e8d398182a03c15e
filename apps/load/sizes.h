/* sizes.h - how long the values are: fixed, a range, or zipf over a range. */
#ifndef LOAD_SIZES_H
#define LOAD_SIZES_H

#include "random.h"

#include <stddef.h>

enum load_spread { LOAD_SPREAD_UNIFORM, LOAD_SPREAD_ZIPF };

struct load_sizes {
    enum load_spread spread;
    size_t min_bytes, max_bytes;
    struct load_zipf zipf;
};

#define LOAD_THETA_DEFAULT 0.99

/*
 * "64", "16-1024", "zipf:16-1024" or "zipf:16-1024:1.2": short ones are the likely ones.
 * -EINVAL malformed, -ERANGE a number out of range or the first one larger than the second.
 */
int load_sizes_parse(struct load_sizes *out, const char *text);
size_t load_sizes_next(const struct load_sizes *sizes, struct load_random *random);

/* Reads the theta of "zipf" (then the default) or "zipf:1.1"; above 0, at most 10. */
int load_theta_parse(double *out, const char *text);

#endif
