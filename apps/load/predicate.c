/* predicate.c - conditions on the result: 'p99<5ms,errors==0'. */
#include "predicate.h"
#include "result.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct load_histogram *
latency(const struct load_result *result, bool raw)
{
    return raw ? result->raw : result->corrected;
}

static double
get_mean(const struct load_result *result, bool raw)
{
    return load_histogram_mean(latency(result, raw));
}

static double
get_deviation(const struct load_result *result, bool raw)
{
    return load_histogram_deviation(latency(result, raw));
}

static double
get_min(const struct load_result *result, bool raw)
{
    return (double) load_histogram_min(latency(result, raw));
}

static double
get_max(const struct load_result *result, bool raw)
{
    return (double) latency(result, raw)->max;
}

static double
get_throughput(const struct load_result *result, bool raw)
{
    (void) raw;
    return load_result_throughput(result);
}

static double
get_errors(const struct load_result *result, bool raw)
{
    (void) raw;
    return (double) load_counters_errors(&result->total);
}

static double
get_faults(const struct load_result *result, bool raw)
{
    (void) raw;
    return (double) load_faults_sum(&result->total.faults);
}

/* A getter for each plain counter. */
#define COUNTER(name, field)                                  \
    static double name(const struct load_result *r, bool raw) \
    {                                                         \
        (void) raw;                                           \
        return (double) r->total.field;                       \
    }
COUNTER(get_requests, completed)
COUNTER(get_late, late)
COUNTER(get_dropped, dropped)
COUNTER(get_unproved, unproved)
COUNTER(get_error_replies, error_replies)
COUNTER(get_disconnects, disconnects)
COUNTER(get_connect_errors, connect_errors)
COUNTER(get_timeouts, timeouts)
COUNTER(get_lost, faults.lost)
COUNTER(get_duplicated, faults.duplicated)
COUNTER(get_reordered, faults.reordered)
COUNTER(get_corrupted, faults.corrupted)
COUNTER(get_stale, faults.stale)

static const struct {
    const char *name;
    enum load_metric_unit unit;
    double (*get)(const struct load_result *result, bool raw);
} metrics[] = {
    {"mean", LOAD_UNIT_TIME, get_mean},
    {"stddev", LOAD_UNIT_TIME, get_deviation},
    {"min", LOAD_UNIT_TIME, get_min},
    {"max", LOAD_UNIT_TIME, get_max},
    {"throughput", LOAD_UNIT_RATE, get_throughput},
    {"rps", LOAD_UNIT_RATE, get_throughput},
    {"requests", LOAD_UNIT_COUNT, get_requests},
    {"errors", LOAD_UNIT_COUNT, get_errors},
    {"error_replies", LOAD_UNIT_COUNT, get_error_replies},
    {"disconnects", LOAD_UNIT_COUNT, get_disconnects},
    {"connect_errors", LOAD_UNIT_COUNT, get_connect_errors},
    {"timeouts", LOAD_UNIT_COUNT, get_timeouts},
    {"late", LOAD_UNIT_COUNT, get_late},
    {"dropped", LOAD_UNIT_COUNT, get_dropped},
    {"unproved", LOAD_UNIT_COUNT, get_unproved},
    {"faults", LOAD_UNIT_COUNT, get_faults},
    {"lost", LOAD_UNIT_COUNT, get_lost},
    {"duplicated", LOAD_UNIT_COUNT, get_duplicated},
    {"reordered", LOAD_UNIT_COUNT, get_reordered},
    {"corrupted", LOAD_UNIT_COUNT, get_corrupted},
    {"stale", LOAD_UNIT_COUNT, get_stale},
};

/* "p99.9": digits and one point, at most 100. */
static bool
read_percentile(const char *name, size_t length, double *out)
{
    char digits[16];
    if (length < 2 || length > sizeof digits || name[0] != 'p')
        return false;
    memcpy(digits, name + 1, length - 1);
    digits[length - 1] = '\0';
    char *end;
    if (strspn(digits, "0123456789.") != length - 1)
        return false;
    double percentile = strtod(digits, &end);
    if (*end != '\0' || end == digits || percentile > 100)
        return false;
    *out = percentile;
    return true;
}

int
load_metric_find(struct load_metric *out, const char *name, size_t length)
{
    struct load_metric metric = {.percentile = -1};
    if (length > 4 && memcmp(name, "raw.", 4) == 0) {
        metric.raw = true;
        name += 4;
        length -= 4;
    }
    if (read_percentile(name, length, &metric.percentile)) {
        metric.unit = LOAD_UNIT_TIME;
        *out = metric;
        return 0;
    }
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (strlen(metrics[i].name) != length || memcmp(metrics[i].name, name, length) != 0)
            continue;
        if (metric.raw && metrics[i].unit != LOAD_UNIT_TIME)
            return -ENOENT;
        metric.unit = metrics[i].unit;
        metric.get = metrics[i].get;
        *out = metric;
        return 0;
    }
    return -ENOENT;
}

double
load_metric_value(const struct load_metric *metric, const struct load_result *result)
{
    if (metric->percentile >= 0)
        return (double) load_histogram_percentile(latency(result, metric->raw),
                                                  metric->percentile);
    return metric->get(result, metric->raw);
}

static int
scan_relation(const char **text, enum load_relation *out)
{
    static const struct {
        const char *sign;
        enum load_relation relation;
    } signs[] = {{"<=", LOAD_LE}, {">=", LOAD_GE}, {"==", LOAD_EQ}, {"!=", LOAD_NE},
                 {"<", LOAD_LT},  {">", LOAD_GT},  {"=", LOAD_EQ}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t length = strlen(signs[i].sign);
        if (strncmp(*text, signs[i].sign, length) == 0) {
            *text += length;
            *out = signs[i].relation;
            return 0;
        }
    }
    return -EINVAL;
}

static void
skip_blanks(const char **text)
{
    while (**text == ' ')
        (*text)++;
}

static int
scan_value(const char **text, struct load_predicate *out)
{
    const char *at = *text;
    int64_t ns;
    if (out->metric.unit == LOAD_UNIT_TIME) {
        /* A bare number would be read as seconds: too easily meant as something else. */
        if (load_scan_duration(&at, &ns) != 0 || isdigit((unsigned char) at[-1]))
            return -EINVAL;
        out->value = (double) ns;
    } else if (load_scan_count(&at, &out->value) != 0) {
        return -EINVAL;
    }
    if (*at == '%' && out->metric.unit == LOAD_UNIT_COUNT) {
        out->share = true;
        out->value /= 100;
        at++;
    }
    *text = at;
    return 0;
}

static int
scan_predicate(const char **text, struct load_predicate *out)
{
    struct load_predicate predicate = {.share = false};
    skip_blanks(text);
    const char *start = *text;
    size_t length = strspn(start, "abcdefghijklmnopqrstuvwxyz_.0123456789");
    int rc = load_metric_find(&predicate.metric, start, length);
    if (rc != 0)
        return rc;
    const char *at = start + length;
    skip_blanks(&at);
    if (scan_relation(&at, &predicate.relation) != 0)
        return -EINVAL;
    skip_blanks(&at);
    if (scan_value(&at, &predicate) != 0)
        return -EINVAL;
    snprintf(predicate.text, sizeof predicate.text, "%.*s", (int) (at - start), start);
    skip_blanks(&at);
    *text = at;
    *out = predicate;
    return 0;
}

int
load_predicates_parse(struct load_predicates *out, const char *text, const char **where)
{
    struct load_predicates predicates = {.count = 0};
    for (;;) {
        *where = text;
        if (predicates.count == LOAD_PREDICATES_MAX)
            return -E2BIG;
        int rc = scan_predicate(&text, &predicates.items[predicates.count++]);
        if (rc != 0)
            return rc;
        if (*text == '\0')
            break;
        if (*text++ != ',')
            return -EINVAL;
    }
    *out = predicates;
    return 0;
}

bool
load_predicate_holds(const struct load_predicate *predicate, const struct load_result *result,
                     double *value)
{
    double actual = load_metric_value(&predicate->metric, result);
    if (predicate->share) {
        double all = (double) (result->total.completed + result->total.dropped);
        actual = all > 0 ? actual / all : 0;
    }
    *value = actual;
    /* Where nothing was answered there is no latency, and so none that is good enough. */
    if (predicate->metric.unit == LOAD_UNIT_TIME && latency(result, false)->total == 0)
        return false;
    switch (predicate->relation) {
    case LOAD_LT:
        return actual < predicate->value;
    case LOAD_LE:
        return actual <= predicate->value;
    case LOAD_GT:
        return actual > predicate->value;
    case LOAD_GE:
        return actual >= predicate->value;
    case LOAD_EQ:
        return actual == predicate->value;
    case LOAD_NE:
        break;
    }
    return actual != predicate->value;
}

void
load_predicates_check(const struct load_predicates *predicates,
                      const struct load_result *result, struct load_predicates_verdict *verdict)
{
    verdict->all = true;
    for (size_t i = 0; i < predicates->count; i++) {
        verdict->holds[i] =
            load_predicate_holds(&predicates->items[i], result, &verdict->value[i]);
        verdict->all &= verdict->holds[i];
    }
}
