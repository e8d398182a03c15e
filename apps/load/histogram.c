/* histogram.c - log-linear histogram of times: three significant digits, 1 ns to 1 h. */
#include "histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct load_histogram *
load_histogram_create(void)
{
    struct load_histogram *histogram = malloc(sizeof *histogram);
    if (histogram != NULL)
        load_histogram_reset(histogram);
    return histogram;
}

void
load_histogram_free(struct load_histogram **histogram)
{
    free(*histogram);
    *histogram = NULL;
}

void
load_histogram_reset(struct load_histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->min = INT64_MAX;
}

/* How far the value is shifted right so that it fits into 11 bits. */
static inline unsigned
bucket_of(int64_t value)
{
    return 53 - (unsigned) __builtin_clzll((uint64_t) value | (2 * LOAD_HISTOGRAM_HALF - 1));
}

static inline size_t
index_of(int64_t value)
{
    unsigned bucket = bucket_of(value);
    /* Rows above the first use only the upper half of their 2048 steps. */
    return ((size_t) bucket << 10) + (size_t) (value >> bucket);
}

static int64_t
lowest_of(size_t index)
{
    size_t row = index >> 10;
    if (row <= 1)
        return (int64_t) index;
    unsigned bucket = (unsigned) row - 1;
    return (int64_t) (index - ((size_t) bucket << 10)) << bucket;
}

static int64_t
width_of(size_t index)
{
    size_t row = index >> 10;
    return row <= 1 ? 1 : (int64_t) 1 << (row - 1);
}

static int64_t
middle_of(size_t index)
{
    return lowest_of(index) + (width_of(index) >> 1);
}

int64_t
load_histogram_highest_equivalent(int64_t value)
{
    size_t index = index_of(value);
    return lowest_of(index) + width_of(index) - 1;
}

void
load_histogram_record_many(struct load_histogram *histogram, int64_t value, uint64_t count)
{
    if (count == 0)
        return;
    if (value < 0)
        value = 0;
    if (value > LOAD_HISTOGRAM_MAX) {
        value = LOAD_HISTOGRAM_MAX;
        histogram->saturated += count;
    }
    histogram->counters[index_of(value)] += count;
    histogram->total += count;
    if (value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
}

void
load_histogram_record(struct load_histogram *histogram, int64_t value)
{
    load_histogram_record_many(histogram, value, 1);
}

void
load_histogram_record_corrected(struct load_histogram *histogram, int64_t value,
                                int64_t interval)
{
    load_histogram_record(histogram, value);
    if (interval <= 0)
        return;
    if (value > LOAD_HISTOGRAM_MAX)
        value = LOAD_HISTOGRAM_MAX;
    for (int64_t missed = value - interval; missed >= interval; missed -= interval)
        load_histogram_record(histogram, missed);
}

void
load_histogram_merge(struct load_histogram *into, const struct load_histogram *from)
{
    into->total += from->total;
    into->saturated += from->saturated;
    if (from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS; i++)
        into->counters[i] += from->counters[i];
}

int64_t
load_histogram_min(const struct load_histogram *histogram)
{
    return histogram->total == 0 ? 0 : histogram->min;
}

double
load_histogram_mean(const struct load_histogram *histogram)
{
    double sum = 0;
    if (histogram->total == 0)
        return 0;
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS; i++)
        if (histogram->counters[i] > 0)
            sum += (double) middle_of(i) * (double) histogram->counters[i];
    return sum / (double) histogram->total;
}

double
load_histogram_deviation(const struct load_histogram *histogram)
{
    double mean = load_histogram_mean(histogram), sum = 0;
    if (histogram->total == 0)
        return 0;
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS; i++) {
        double distance = (double) middle_of(i) - mean;
        sum += distance * distance * (double) histogram->counters[i];
    }
    return sqrt(sum / (double) histogram->total);
}

int64_t
load_histogram_percentile(const struct load_histogram *histogram, double percentile)
{
    if (histogram->total == 0)
        return 0;
    double wanted = ceil(percentile / 100 * (double) histogram->total - 1e-9);
    uint64_t need = wanted < 1 ? 1 : (uint64_t) wanted, seen = 0;
    if (need >= histogram->total)
        return histogram->max;
    for (size_t i = 0; i < LOAD_HISTOGRAM_COUNTERS; i++) {
        seen += histogram->counters[i];
        if (seen < need)
            continue;
        int64_t value = lowest_of(i) + width_of(i) - 1;
        return value > histogram->max ? histogram->max : value;
    }
    return histogram->max;
}

uint64_t
load_histogram_count_to(const struct load_histogram *histogram, int64_t value)
{
    uint64_t seen = 0;
    if (value < 0)
        return 0;
    if (value >= LOAD_HISTOGRAM_MAX)
        return histogram->total;
    for (size_t i = 0, last = index_of(value); i <= last; i++)
        seen += histogram->counters[i];
    return seen;
}

void
load_percentiles_init(struct load_percentiles *walk, const struct load_histogram *histogram,
                      unsigned ticks)
{
    memset(walk, 0, sizeof *walk);
    walk->histogram = histogram;
    walk->ticks = ticks;
    walk->done = histogram->total == 0;
}

/* The next level: the distance to 100 is cut into ticks for each of its halvings. */
static double
level_after(double level, unsigned ticks)
{
    double halvings = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / ((double) ticks * exp2(halvings));
}

static bool
report_step(struct load_percentiles *walk, uint64_t upto, double percentile)
{
    walk->value = lowest_of(walk->index) + width_of(walk->index) - 1;
    walk->count = upto;
    walk->percentile = percentile;
    walk->level = level_after(walk->level, walk->ticks);
    return true;
}

bool
load_percentiles_next(struct load_percentiles *walk)
{
    const struct load_histogram *histogram = walk->histogram;
    for (; !walk->done && walk->index < LOAD_HISTOGRAM_COUNTERS; walk->index++) {
        uint64_t here = histogram->counters[walk->index];
        uint64_t upto = walk->seen + here;
        double share = 100 * (double) upto / (double) histogram->total;
        if (here > 0 && upto == histogram->total) {
            /* The counter of the maximum: reported once at its level, and then as 100. */
            walk->done = walk->at_maximum || walk->level >= 100;
            walk->at_maximum = true;
            return report_step(walk, upto, walk->done ? 100 : walk->level);
        }
        if (here > 0 && walk->level <= share)
            return report_step(walk, upto, walk->level);
        walk->seen = upto;
    }
    return false;
}
