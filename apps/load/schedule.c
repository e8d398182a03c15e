/* schedule.c - when each request of an open loop is meant to be sent. */
#include "schedule.h"
#include "units.h"

#include <errno.h>
#include <math.h>

static int
parse_stage(const char **text, struct load_stage *out, double from)
{
    struct load_stage stage = {.from = from};
    int rc = load_scan_duration(text, &stage.duration_ns);
    if (rc != 0)
        return rc;
    if (stage.duration_ns == 0)
        return -ERANGE;
    if (*(*text)++ != ':')
        return -EINVAL;
    if ((rc = load_scan_count(text, &stage.to)) != 0)
        return rc;
    *out = stage;
    return 0;
}

int
load_plan_parse(struct load_plan *out, const char *text)
{
    struct load_plan plan = {.count = 0};
    double from = 0;
    for (;;) {
        if (plan.count == LOAD_STAGES_MAX)
            return -E2BIG;
        struct load_stage *stage = &plan.stages[plan.count++];
        int rc = parse_stage(&text, stage, from);
        if (rc != 0)
            return rc;
        from = stage->to;
        if (*text == '\0')
            break;
        if (*text++ != ',')
            return -EINVAL;
    }
    if (load_plan_requests(&plan) < 1)
        return -EINVAL;
    *out = plan;
    return 0;
}

void
load_plan_constant(struct load_plan *out, double rate, int64_t duration_ns)
{
    out->count = 1;
    out->stages[0] = (struct load_stage){.duration_ns = duration_ns, .from = rate, .to = rate};
}

int64_t
load_plan_duration(const struct load_plan *plan)
{
    int64_t sum = 0;
    for (size_t i = 0; i < plan->count; i++)
        sum += plan->stages[i].duration_ns;
    return sum;
}

static double
stage_requests(const struct load_stage *stage)
{
    return (stage->from + stage->to) / 2 * (double) stage->duration_ns / 1e9;
}

double
load_plan_requests(const struct load_plan *plan)
{
    double sum = 0;
    for (size_t i = 0; i < plan->count; i++)
        sum += stage_requests(&plan->stages[i]);
    return sum;
}

double
load_plan_rate(const struct load_plan *plan, int64_t at_ns)
{
    for (size_t i = 0; i < plan->count && at_ns >= 0; i++) {
        const struct load_stage *stage = &plan->stages[i];
        if (at_ns < stage->duration_ns)
            return stage->from +
                   (stage->to - stage->from) * (double) at_ns / (double) stage->duration_ns;
        at_ns -= stage->duration_ns;
    }
    return 0;
}

void
load_schedule_init(struct load_schedule *schedule, const struct load_plan *plan, unsigned part,
                   unsigned parts)
{
    *schedule = (struct load_schedule){.plan = plan, .share = 1.0 / parts};
    /* Evenly interleaved: part k of n begins k/n of a gap later. */
    schedule->due = (double) part / parts;
}

void
load_schedule_poisson(struct load_schedule *schedule, const struct load_random *random)
{
    schedule->poisson = true;
    schedule->random = *random;
    schedule->due = load_random_exponential(&schedule->random, 1);
}

/* The time within the stage at which so many requests are due: a root of r t + a t^2 / 2. */
static double
time_of(const struct load_stage *stage, double share, double requests)
{
    double seconds = (double) stage->duration_ns / 1e9;
    double rate = stage->from * share;
    double growth = (stage->to - stage->from) * share / seconds;
    double root = sqrt(fmax(0, rate * rate + 2 * growth * requests));
    /* This form of the root does not cancel, and holds for a growth of 0 too. */
    return rate + root > 0 ? 2 * requests / (rate + root) : 0;
}

int64_t
load_schedule_next(struct load_schedule *schedule)
{
    const struct load_plan *plan = schedule->plan;
    for (; schedule->stage < plan->count; schedule->stage++) {
        const struct load_stage *stage = &plan->stages[schedule->stage];
        double here = schedule->due - schedule->done;
        double capacity = stage_requests(stage) * schedule->share;
        if (here < capacity) {
            schedule->due +=
                schedule->poisson ? load_random_exponential(&schedule->random, 1) : 1;
            int64_t at = (int64_t) (time_of(stage, schedule->share, here) * 1e9);
            if (at >= stage->duration_ns) /* by rounding only */
                at = stage->duration_ns - 1;
            return schedule->start_ns + at;
        }
        schedule->done += capacity;
        schedule->start_ns += stage->duration_ns;
    }
    return INT64_MAX;
}
