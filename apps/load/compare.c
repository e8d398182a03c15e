/* compare.c - two results side by side, and what of their difference is more than noise. */
#include "compare.h"
#include "export.h"
#include "json.h"
#include "statistics.h"
#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 64, PATH_BYTES_MAX = 4096, SECONDS_MAX = 100000 };
#define FILE_BYTES_MAX ((size_t) 256 << 20)

static int
read_stream(FILE *file, char **out, size_t *out_size)
{
    char *text = NULL;
    size_t size = 0, capacity = 0;
    for (;;) {
        if (size == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            char *more = capacity > FILE_BYTES_MAX ? NULL : realloc(text, capacity);
            if (more == NULL) {
                free(text);
                return capacity > FILE_BYTES_MAX ? -EFBIG : -ENOMEM;
            }
            text = more;
        }
        size_t got = fread(text + size, 1, capacity - size, file);
        size += got;
        if (got == 0)
            break;
    }
    *out = text;
    *out_size = size;
    return ferror(file) ? -EIO : 0;
}

static int
read_result(struct load_json **out, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    int rc = read_stream(file, &text, &size);
    fclose(file);
    if (rc == 0)
        rc = load_json_parse(out, text, size);
    free(text);
    if (rc == 0 && strcmp(load_json_get_text(*out, "format", ""), LOAD_EXPORT_FORMAT) != 0) {
        load_json_free(out);
        return -EINVAL;
    }
    return rc;
}

static int
read_one(struct load_results *out, const char *path, char *error, size_t size)
{
    if (out->count == PATHS_MAX) {
        snprintf(error, size, "more than %d files", PATHS_MAX);
        return -E2BIG;
    }
    int rc = read_result(&out->items[out->count], path);
    if (rc == 0)
        out->count++;
    else if (rc == -EINVAL || rc == -E2BIG)
        snprintf(error, size, "%s: not a result that --json has written", path);
    else
        snprintf(error, size, "%s: %s", path, strerror(-rc));
    return rc;
}

int
load_results_read(struct load_results *out, const char *paths, char *error, size_t size)
{
    char path[PATH_BYTES_MAX];
    out->count = 0;
    do {
        size_t length = strcspn(paths, ",");
        snprintf(path, sizeof path, "%.*s", (int) length, paths);
        int rc = read_one(out, path, error, size);
        if (rc != 0) {
            load_results_free(out);
            return rc;
        }
        paths += length;
    } while (*paths++ == ',');
    return 0;
}

void
load_results_free(struct load_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        load_json_free(&results->items[i]);
    results->count = 0;
}

/* A quantity: where it stands in the summary, and where in each second. */
struct quantity {
    const char *name, *path, *second;
    bool higher_is_better, per_width, time;
};

static const struct quantity quantities[] = {
    {"throughput", "summary.throughput", "requests", true, true, false},
    {"p50", "latency_us.corrected.p50", "p50_us", false, false, true},
    {"p99", "latency_us.corrected.p99", "p99_us", false, false, true},
    {"max", "latency_us.corrected.max", "max_us", false, false, true},
};

static size_t
collect_seconds(const struct load_json *result, const struct quantity *q, double *out)
{
    const struct load_json *seconds = load_json_find(result, "seconds");
    size_t n = 0;
    for (const struct load_json *s = seconds != NULL ? seconds->child : NULL;
         s != NULL && n < SECONDS_MAX; s = s->next) {
        double width = load_json_get(s, "width_s", 1);
        /* A short last second is a poor sample of what a whole one holds. */
        if (load_json_get(s, "warmup", 0) != 0 || width < 0.9)
            continue;
        out[n++] = load_json_get(s, q->second, 0) / (q->per_width ? width : 1);
    }
    return n;
}

static struct load_sample
sample_of(const struct load_results *results, const struct quantity *q, bool by_seconds)
{
    double *values = calloc(SECONDS_MAX, sizeof *values);
    struct load_sample sample = {.count = 0};
    size_t n = 0;
    if (values == NULL)
        return sample;
    if (by_seconds)
        n = collect_seconds(results->items[0], q, values);
    else
        for (; n < results->count; n++)
            values[n] = load_json_get(results->items[n], q->path, 0);
    sample = load_sample_of(values, n);
    free(values);
    return sample;
}

/* Of several files the mean of what each says. */
static double
total_of(const struct load_results *results, const char *path)
{
    double sum = 0;
    for (size_t i = 0; i < results->count; i++)
        sum += load_json_get(results->items[i], path, 0);
    return sum / (double) results->count;
}

static void
format_value(char text[LOAD_UNIT_TEXT_MAX], const struct quantity *q, double value)
{
    if (q->time)
        load_format_duration(text, value * 1000);
    else
        load_format_count(text, value);
}

static const char *
verdict(const struct quantity *q, const struct load_ratio *r)
{
    if (!(r->low > 1 || r->high < 1))
        return isinf(r->high) ? "too few samples to tell" : "no difference beyond the noise";
    bool better = q->higher_is_better ? r->low > 1 : r->high < 1;
    return better ? "BETTER" : "WORSE";
}

static void
print_quantity(FILE *file, const struct quantity *q, const struct load_results *a,
               const struct load_results *b)
{
    char va[LOAD_UNIT_TEXT_MAX], vb[LOAD_UNIT_TEXT_MAX];
    bool by_seconds = a->count == 1 || b->count == 1;
    struct load_sample sa = sample_of(a, q, by_seconds), sb = sample_of(b, q, by_seconds);
    struct load_ratio ratio = load_compare(&sa, &sb);
    double ta = total_of(a, q->path), tb = total_of(b, q->path);
    format_value(va, q, ta);
    format_value(vb, q, tb);
    fprintf(file, "%-11s %10s %10s", q->name, va, vb);
    if (isinf(ratio.high))
        ratio.ratio = tb / ta;
    if (isfinite(ratio.ratio))
        fprintf(file, "  %6.3f", ratio.ratio);
    else
        fprintf(file, "  %6s", "-");
    if (isinf(ratio.high))
        fprintf(file, "  %15s", "");
    else
        fprintf(file, "  %6.3f ..%6.3f", ratio.low, ratio.high);
    fprintf(file, "  %s\n", verdict(q, &ratio));
}

static void
print_count(FILE *file, const char *name, const char *path, const struct load_results *a,
            const struct load_results *b)
{
    double va = total_of(a, path), vb = total_of(b, path);
    if (va > 0 || vb > 0)
        fprintf(file, "%-11s %10.10g %10.10g\n", name, va, vb);
}

/* What should be the same, and is not: else the comparison says little. */
static void
print_differences(FILE *file, const struct load_results *a, const struct load_results *b)
{
    static const char *const texts[] = {"machine.cpu",     "machine.kernel", "settings.arrival",
                                        "settings.stages", "settings.verb",  "summary.proof"};
    static const char *const numbers[] = {"machine.cpus_usable", "settings.connections",
                                          "settings.pipeline",   "settings.rate",
                                          "settings.keys",       "settings.read_share",
                                          "settings.zipf_theta", "settings.value_bytes_max",
                                          "settings.duration_s"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *ta = load_json_get_text(a->items[0], texts[i], "");
        const char *tb = load_json_get_text(b->items[0], texts[i], "");
        if (strcmp(ta, tb) != 0)
            fprintf(file, "note: %s differs: '%s' and '%s'\n", texts[i], ta, tb);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double na = load_json_get(a->items[0], numbers[i], 0);
        double nb = load_json_get(b->items[0], numbers[i], 0);
        if (na != nb)
            fprintf(file, "note: %s differs: %.10g and %.10g\n", numbers[i], na, nb);
    }
}

void
load_compare_print(FILE *file, const struct load_results *a, const struct load_results *b)
{
    bool by_seconds = a->count == 1 || b->count == 1;
    print_differences(file, a, b);
    fprintf(file, "%-11s %10s %10s  %6s  %15s\n", "", "a", "b", "b / a", "95% interval");
    for (size_t i = 0; i < sizeof quantities / sizeof quantities[0]; i++)
        print_quantity(file, &quantities[i], a, b);
    print_count(file, "errors", "summary.errors", a, b);
    print_count(file, "dropped", "summary.dropped", a, b);
    print_count(file, "faults", "summary.faults", a, b);
    fprintf(file, "Intervals: of the ratio of the mean %s, by Welch's method.\n",
            by_seconds ? "seconds" : "runs");
    if (by_seconds)
        fprintf(file, "One run of each: what changes from run to run is not in them. Better:\n"
                      "several of each, compare a1.json,a2.json,... b1.json,b2.json,...\n");
}
