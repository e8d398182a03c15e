/* metrics.c - what the methods of a core count, for those who watch the node. */
#include "metrics.h"
#include "method.h"
#include <string.h>

/* clang-format off */
/* Each counter has a row: its field, its name, its label, its help. */
#define COUNTERS(ROW) \
    ROW(calls, "calls_made", NULL, "Calls that tasks of this core have made.") \
    ROW(failed, "calls_failed", NULL, "Calls that tasks of this core have made in vain.") \
    ROW(started, "tasks_started", NULL, "Tasks that methods of this core have started.") \
    ROW(wrong_arguments, "calls_refused", "reason=\"arguments\"", \
        "Calls of methods of this core that have started no task.") \
    ROW(not_allowed, "calls_refused", "reason=\"access\"", NULL) \
    ROW(too_many, "calls_refused", "reason=\"limit\"", NULL) \
    ROW(not_started, "calls_refused", "reason=\"other\"", NULL) \
    ROW(cancelled, "calls_cancelled", NULL, "Calls that their callers have given up.")

#define COUNTER(field, name, label, help) \
    {"cycos_rti_" name "_total", help, label, CYI_METRIC_COUNTER, false, false},
#define GAUGE(name, help) {name, help, NULL, CYI_METRIC_GAUGE, false, false}
static const struct cyi_metric metrics[] = {
    COUNTERS(COUNTER)
    GAUGE("cycos_rti_methods", "Methods of this core."),
    GAUGE("cycos_rti_tasks", "Tasks of methods of this core that run, on whatever core."),
    GAUGE("cycos_rti_results", "Results of tasks that have ended, kept for who asks."),
};

#define ONE(field, name, label, help) +1
_Static_assert(sizeof(struct cyi_rti_counters) == (COUNTERS(ONE)) * sizeof(uint64_t),
               "a metric for each counter");
/* clang-format on */

struct jobs {
    uint64_t methods, tasks, results;
};

static struct jobs
count_jobs(const struct cyi_rti_core *rti)
{
    struct jobs jobs = {0};
    cyi_list_for_each(link, &rti->methods) {
        const struct cyi_method *method = cyi_container_of(link, struct cyi_method, link);
        jobs.methods += !method->closed;
        jobs.tasks += method->jobs.tasks;
        jobs.results += method->jobs.alive - method->jobs.tasks;
    }
    return jobs;
}

#define VALUE(field, name, label, help) n->field,
static void
measure(struct cyi_core *core, uint64_t *values)
{
    const struct cyi_rti_core *rti = core->rti;
    memset(values, 0, sizeof metrics / sizeof *metrics * sizeof *values);
    if (rti == NULL) /* another core has methods */
        return;
    const struct cyi_rti_counters *n = &rti->counters;
    struct jobs jobs = count_jobs(rti);
    /* clang-format off */
    const uint64_t all[] = {COUNTERS(VALUE) jobs.methods, jobs.tasks, jobs.results};
    /* clang-format on */
    _Static_assert(sizeof all / sizeof *all == sizeof metrics / sizeof *metrics,
                   "a value for each metric");
    memcpy(values, all, sizeof all);
}

const struct cyi_metric_set cyi_rti_metrics = {
    .metrics = metrics,
    .count = sizeof metrics / sizeof *metrics,
    .measure = measure,
};
