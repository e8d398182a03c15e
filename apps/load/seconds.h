/* seconds.h - into which seconds a run is cut for its reports. */
#ifndef LOAD_SECONDS_H
#define LOAD_SECONDS_H

#include "settings.h"

/*
 * Boundaries lie at whole seconds from the start of measuring, so that no second is partly
 * warm-up; the first and the last one may be shorter.
 */
struct load_seconds {
    int64_t warmup_ns, end_ns; /* from the start of the run */
    uint32_t warmups, count;   /* how many are warm-up, and all */
};

struct load_seconds load_seconds_of(const struct load_settings *settings);

/* Nanoseconds from the start of the run to the end of this second. */
int64_t load_second_end(const struct load_seconds *seconds, uint32_t index);

#endif
