/* progress.c - the line that a run prints each second. */
#include "progress.h"
#include "units.h"

#include <inttypes.h>

static void
print_count(FILE *file, const char *name, uint64_t count)
{
    if (count > 0)
        fprintf(file, "  %s %" PRIu64, name, count);
}

void
load_progress_print(FILE *file, const struct load_second *second)
{
    char rate[LOAD_UNIT_TEXT_MAX], offered[LOAD_UNIT_TEXT_MAX];
    char p50[LOAD_UNIT_TEXT_MAX], p99[LOAD_UNIT_TEXT_MAX], max[LOAD_UNIT_TEXT_MAX];
    double width = second->width_s > 0 ? second->width_s : 1;
    bool warmup = second->from_s < 0;
    fprintf(file, "%s%5.0fs  %8s/s", warmup ? "warm-up " : "        ",
            second->from_s + second->width_s,
            load_format_count(rate, (double) second->completed / width));
    if (second->offered > 0)
        fprintf(file, " of %8s/s", load_format_count(offered, second->offered / width));
    fprintf(file, "  p50 %8s  p99 %8s  max %8s",
            load_format_duration(p50, (double) second->p50_ns),
            load_format_duration(p99, (double) second->p99_ns),
            load_format_duration(max, (double) second->max_ns));
    print_count(file, "late", second->late);
    print_count(file, "dropped", second->dropped);
    print_count(file, "errors", second->errors);
    print_count(file, "FAULTS", second->faults);
    fputc('\n', file);
    fflush(file);
}

void
load_progress_trial(FILE *file, const struct load_trial *trial)
{
    char rate[LOAD_UNIT_TEXT_MAX], got[LOAD_UNIT_TEXT_MAX];
    char p50[LOAD_UNIT_TEXT_MAX], p99[LOAD_UNIT_TEXT_MAX], max[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "trial %8s/s: got %8s/s  p50 %8s  p99 %8s  max %8s  %s\n",
            load_format_count(rate, trial->rate), load_format_count(got, trial->throughput),
            load_format_duration(p50, (double) trial->p50_ns),
            load_format_duration(p99, (double) trial->p99_ns),
            load_format_duration(max, (double) trial->max_ns),
            trial->passed ? "passed" : "failed");
    fflush(file);
}
