/* seconds.c - into which seconds a run is cut for its reports. */
#include "seconds.h"

#define SECOND INT64_C(1000000000)

static uint32_t
round_up(int64_t ns)
{
    return (uint32_t) ((ns + SECOND - 1) / SECOND);
}

struct load_seconds
load_seconds_of(const struct load_settings *settings)
{
    struct load_seconds seconds = {
        .warmup_ns = settings->warmup_ns,
        .end_ns = settings->warmup_ns + settings->duration_ns,
        .warmups = round_up(settings->warmup_ns),
    };
    seconds.count = seconds.warmups + round_up(settings->duration_ns);
    return seconds;
}

int64_t
load_second_end(const struct load_seconds *seconds, uint32_t index)
{
    int64_t end = seconds->warmup_ns + ((int64_t) index + 1 - seconds->warmups) * SECOND;
    return end < seconds->end_ns ? end : seconds->end_ns;
}
