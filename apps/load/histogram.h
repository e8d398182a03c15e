/* histogram.h - log-linear histogram of times: three significant digits, 1 ns to 1 h. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The layout of HdrHistogram with three significant digits: the values up to 2047 have a
 * counter each, and every further doubling shares 1024 counters, so that no counter is wider
 * than a thousandth of its values. 33 rows of 1024 reach beyond one hour.
 */
enum {
    LOAD_HISTOGRAM_HALF = 1024,
    LOAD_HISTOGRAM_BUCKETS = 32,
    LOAD_HISTOGRAM_COUNTERS = (LOAD_HISTOGRAM_BUCKETS + 1) * LOAD_HISTOGRAM_HALF,
};
#define LOAD_HISTOGRAM_MAX INT64_C(3600000000000)

struct load_histogram {
    uint64_t total;     /* recorded values, saturated ones too */
    uint64_t saturated; /* longer than LOAD_HISTOGRAM_MAX, counted as that */
    int64_t min, max;   /* exact; min is INT64_MAX while nothing is recorded */
    uint64_t counters[LOAD_HISTOGRAM_COUNTERS];
};

/* A quarter of a megabyte: on the heap, never on a task's stack. NULL: out of memory. */
struct load_histogram *load_histogram_create(void);
void load_histogram_free(struct load_histogram **histogram);
void load_histogram_reset(struct load_histogram *histogram);

/* Negative values count as 0. */
void load_histogram_record(struct load_histogram *histogram, int64_t value);
void load_histogram_record_many(struct load_histogram *histogram, int64_t value,
                                uint64_t count);

/*
 * Also counts what the caller could not measure while it waited for this value: one value
 * each for value - interval, value - 2 * interval and so on, down to interval. An interval of
 * 0 adds nothing.
 */
void load_histogram_record_corrected(struct load_histogram *histogram, int64_t value,
                                     int64_t interval);
void load_histogram_merge(struct load_histogram *into, const struct load_histogram *from);

/* All of these are 0 while nothing is recorded. */
int64_t load_histogram_min(const struct load_histogram *histogram);
double load_histogram_mean(const struct load_histogram *histogram);
double load_histogram_deviation(const struct load_histogram *histogram);

/* The value that this part of the recorded ones (0 to 100) does not exceed. */
int64_t load_histogram_percentile(const struct load_histogram *histogram, double percentile);

/* How many recorded values are not longer than @value, as far as the counters can tell. */
uint64_t load_histogram_count_to(const struct load_histogram *histogram, int64_t value);

/* The widest value that shares a counter with @value. */
int64_t load_histogram_highest_equivalent(int64_t value);

/*
 * Walks through the percentiles in steps that become finer towards 100: ticks steps for each
 * halving of the distance. The last step is 100, with the largest value.
 */
struct load_percentiles {
    const struct load_histogram *histogram;
    unsigned ticks;
    size_t index;
    uint64_t seen;
    double level; /* the next percentile to report */
    bool at_maximum, done;
    /* The present step: */
    int64_t value;
    double percentile;
    uint64_t count;
};

void load_percentiles_init(struct load_percentiles *walk,
                           const struct load_histogram *histogram, unsigned ticks);
bool load_percentiles_next(struct load_percentiles *walk);

#endif
