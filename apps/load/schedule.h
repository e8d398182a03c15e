/* schedule.h - when each request of an open loop is meant to be sent. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include "random.h"

#include <stdbool.h>
#include <stddef.h>

/* A stretch of time in which the rate goes evenly from one value to another. */
struct load_stage {
    int64_t duration_ns;
    double from, to; /* requests per second */
};

enum { LOAD_STAGES_MAX = 64 };

struct load_plan {
    struct load_stage stages[LOAD_STAGES_MAX];
    size_t count;
};

/*
 * "10s:1k,30s:50k": in 10 s from 0 to 1000 requests per second, in another 30 s to 50 000; a
 * rate given twice is held. -EINVAL malformed or no load at all, -ERANGE a duration of 0,
 * -E2BIG more than LOAD_STAGES_MAX.
 */
int load_plan_parse(struct load_plan *out, const char *text);

/* One stage of an even rate. */
void load_plan_constant(struct load_plan *out, double rate, int64_t duration_ns);

int64_t load_plan_duration(const struct load_plan *plan);
double load_plan_requests(const struct load_plan *plan); /* expected in all */
double load_plan_rate(const struct load_plan *plan, int64_t at_ns);

/* One of @parts generators that share the plan evenly; their requests interleave. */
struct load_schedule {
    const struct load_plan *plan;
    struct load_random random;
    bool poisson;
    double share;
    double due;  /* requests of this part that should be sent before the next one */
    double done; /* of these, in the stages that are over */
    size_t stage;
    int64_t start_ns; /* of the stage */
};

void load_schedule_init(struct load_schedule *schedule, const struct load_plan *plan,
                        unsigned part, unsigned parts);
/* Random gaps with the same mean: a Poisson process. */
void load_schedule_poisson(struct load_schedule *schedule, const struct load_random *random);

/* Nanoseconds from the start to the next request; INT64_MAX when the plan is done. */
int64_t load_schedule_next(struct load_schedule *schedule);

#endif
