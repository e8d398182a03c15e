/* sizes.c - how long the values are: fixed, a range, or zipf over a range. */
#include "sizes.h"
#include "units.h"

#include <errno.h>
#include <string.h>

int
load_theta_parse(double *out, const char *text)
{
    double theta;
    int rc = load_parse_count(text, &theta);
    if (rc != 0)
        return rc;
    if (!(theta > 0 && theta <= 10))
        return -ERANGE;
    *out = theta;
    return 0;
}

int
load_sizes_parse(struct load_sizes *out, const char *text)
{
    struct load_sizes sizes = {.spread = LOAD_SPREAD_UNIFORM};
    double theta = LOAD_THETA_DEFAULT;
    uint64_t min, max;
    if (strncmp(text, "zipf:", 5) == 0) {
        sizes.spread = LOAD_SPREAD_ZIPF;
        text += 5;
    }
    int rc = load_scan_bytes(&text, &min);
    if (rc != 0)
        return rc;
    max = min;
    if (*text == '-') {
        text++;
        if ((rc = load_scan_bytes(&text, &max)) != 0)
            return rc;
    }
    if (*text == ':' && sizes.spread == LOAD_SPREAD_ZIPF) {
        if ((rc = load_theta_parse(&theta, text + 1)) != 0)
            return rc;
        text += strlen(text);
    }
    if (*text != '\0')
        return -EINVAL;
    if (min > max)
        return -ERANGE;
    sizes.min_bytes = (size_t) min;
    sizes.max_bytes = (size_t) max;
    load_zipf_init(&sizes.zipf, max - min + 1, theta);
    *out = sizes;
    return 0;
}

size_t
load_sizes_next(const struct load_sizes *sizes, struct load_random *random)
{
    if (sizes->min_bytes == sizes->max_bytes)
        return sizes->min_bytes;
    if (sizes->spread == LOAD_SPREAD_ZIPF)
        return sizes->min_bytes + (size_t) load_zipf_next(&sizes->zipf, random);
    return sizes->min_bytes +
           (size_t) load_random_below(random, sizes->max_bytes - sizes->min_bytes + 1);
}
