/* predicate.h - conditions on the result: 'p99<5ms,errors==0'. */
#ifndef LOAD_PREDICATE_H
#define LOAD_PREDICATE_H

#include <stdbool.h>
#include <stddef.h>

struct load_result;

enum load_metric_unit { LOAD_UNIT_TIME, LOAD_UNIT_COUNT, LOAD_UNIT_RATE };

/*
 * A quantity by its name: p50, p99.9..., mean, min, max, stddev of the corrected latency, and
 * with raw. before them of the raw one; throughput (also rps), requests, errors,
 * error_replies, disconnects, connect_errors, timeouts, late, dropped, unproved, lost,
 * duplicated, reordered, corrupted, stale, faults.
 */
struct load_metric {
    enum load_metric_unit unit;
    bool raw;
    double percentile; /* negative: not a percentile */
    double (*get)(const struct load_result *result, bool raw);
};

/* -ENOENT: there is no such metric. */
int load_metric_find(struct load_metric *out, const char *name, size_t length);
double load_metric_value(const struct load_metric *metric, const struct load_result *result);

enum load_relation { LOAD_LT, LOAD_LE, LOAD_GT, LOAD_GE, LOAD_EQ, LOAD_NE };

struct load_predicate {
    struct load_metric metric;
    enum load_relation relation;
    double value;
    bool share;    /* the value is a part of all requests, given in percent */
    char text[48]; /* as written, for the report */
};

enum { LOAD_PREDICATES_MAX = 16 };

struct load_predicates {
    struct load_predicate items[LOAD_PREDICATES_MAX];
    size_t count;
};

/*
 * Conditions separated by commas; all must hold. -EINVAL malformed, -ENOENT an unknown
 * metric, -E2BIG too many; *where then points into @text at what was not understood.
 */
int load_predicates_parse(struct load_predicates *out, const char *text, const char **where);

bool load_predicate_holds(const struct load_predicate *predicate,
                          const struct load_result *result, double *value);

/* What became of each condition. */
struct load_predicates_verdict {
    double value[LOAD_PREDICATES_MAX];
    bool holds[LOAD_PREDICATES_MAX];
    bool all;
};

void load_predicates_check(const struct load_predicates *predicates,
                           const struct load_result *result,
                           struct load_predicates_verdict *verdict);

#endif
