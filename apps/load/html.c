/* html.c - the result as one web page that needs nothing else. */
#include "html.h"
#include "chart.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Load test</title>\n<style>\n"
    ":root{--bg:#fff;--fg:#1c2430;--dim:#68727f;--grid:#e3e7ec;--shade:#f3f5f8;"
    "--a:#1769aa;--b:#c2410c;--c:#8a94a1;--good:#166534;--bad:#b91c1c}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#e6eaf0;--dim:#98a3b1;"
    "--grid:#2a313b;--shade:#1a2029;--a:#5aa9e6;--b:#f59e5b;--c:#77818e;--good:#4ade80;"
    "--bad:#f87171}}\n"
    "body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;"
    "max-width:900px;margin:0 auto;padding:24px 16px}\n"
    "h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px}\n"
    ".dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:10px;"
    "margin:18px 0}\n"
    ".tile{background:var(--shade);border-radius:8px;padding:10px 12px}\n"
    ".tile b{display:block;font-size:21px;font-weight:600}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:right;padding:4px 8px;border-bottom:1px solid var(--grid)}\n"
    "th:first-child,td:first-child,td.text{text-align:left}th{color:var(--dim);font-weight:500}"
    "\n"
    ".scroll{overflow-x:auto}\n"
    "svg{width:100%;height:auto;display:block;margin:18px 0 4px}\n"
    "svg text{fill:var(--dim);font:12px system-ui,sans-serif}\n"
    "svg .title{fill:var(--fg);font-size:14px;font-weight:600}\n"
    ".grid{stroke:var(--grid)}.shade{fill:var(--shade)}\n"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}.dash{stroke-dasharray:5 4}\n"
    ".line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.c{stroke:var(--c)}\n"
    ".dot.a{fill:var(--a)}.dot.b{fill:var(--b)}.dot.c{fill:var(--c)}\n"
    ".key{display:flex;gap:18px;color:var(--dim);font-size:13px;margin-left:8%}\n"
    ".key i{display:inline-block;width:18px;border-top:3px solid;vertical-align:middle;"
    "margin-right:6px}\n"
    "</style></head><body>\n";

static void
put_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc(*text, file);
        }
    }
}

static void
put_tile(FILE *file, const char *name, const char *value, const char *style)
{
    fprintf(file,
            "<div class=\"tile\"><span class=\"dim\">%s</span><b class=\"%s\">%s</b></div>\n",
            name, style, value);
}

static void
put_time_tile(FILE *file, const char *name, double ns)
{
    char text[LOAD_UNIT_TEXT_MAX];
    put_tile(file, name, load_format_duration(text, ns), "");
}

static void
put_count_tile(FILE *file, const char *name, uint64_t count, bool must_be_0)
{
    char text[LOAD_UNIT_TEXT_MAX];
    snprintf(text, sizeof text, "%" PRIu64, count);
    put_tile(file, name, text, count > 0 && must_be_0 ? "bad" : "");
}

static void
put_header(FILE *file, const struct load_result *r)
{
    const struct load_settings *s = r->settings;
    char text[LOAD_UNIT_TEXT_MAX];
    fputs("<h1>", file);
    put_text(file, s->flags.label != NULL ? s->flags.label : s->target_text);
    fputs("</h1>\n<p class=\"dim\">", file);
    if (s->flags.label != NULL) {
        put_text(file, s->target_text);
        fputs(" &middot; ", file);
    }
    fprintf(file, "%u connections, pipeline %u &middot; ", s->connections, s->pipeline);
    if (s->flags.find_max)
        fputs("search for the highest rate", file);
    else if (s->flags.stages != NULL)
        fprintf(file, "stages %s", s->flags.stages);
    else if (s->open_loop)
        fprintf(file, "open loop at %s/s", load_format_count(text, s->rate));
    else
        fputs("closed loop", file);
    fprintf(file, " &middot; measured for %.4g s</p>\n", r->elapsed_s);
    if (r->interrupted)
        fputs("<p class=\"bad\">Interrupted before its end.</p>\n", file);
}

static void
put_tiles(FILE *file, const struct load_result *r)
{
    char text[LOAD_UNIT_TEXT_MAX];
    fputs("<div class=\"tiles\">\n", file);
    if (r->settings->flags.find_max)
        put_tile(file, "highest rate", load_format_count(text, r->found_rate), "");
    put_tile(file, "requests/s", load_format_count(text, load_result_throughput(r)), "");
    put_time_tile(file, "p50", (double) load_histogram_percentile(r->corrected, 50));
    put_time_tile(file, "p99", (double) load_histogram_percentile(r->corrected, 99));
    put_time_tile(file, "max", (double) r->corrected->max);
    put_count_tile(file, "errors", load_counters_errors(&r->total), true);
    put_count_tile(file, "faults", load_faults_sum(&r->total.faults), true);
    if (load_target_named(&r->settings->target)) {
        put_tile(file, "proof", load_result_proof(r), "");
        put_count_tile(file, "unproved", r->total.unproved, true);
    }
    if (r->settings->open_loop || r->settings->flags.find_max) {
        put_count_tile(file, "late", r->total.late, false);
        put_count_tile(file, "dropped", r->total.dropped, false);
    }
    fputs("</div>\n", file);
}

static void
put_key(FILE *file, const char *colour, const char *style, const char *name)
{
    fprintf(file, "<span><i style=\"border-top-style:%s;border-color:var(--%s)\"></i>%s</span>",
            style, colour, name);
}

/* One column of what the seconds say, so that a chart can draw it. */
struct series {
    double *x, *rate, *offered, *p50, *p99, *max;
    double most_rate, most_ns, least_ns;
    size_t count;
};

static void
add_second(struct series *s, const struct load_second *second)
{
    size_t i = s->count++;
    double width = second->width_s > 0 ? second->width_s : 1;
    s->x[i] = second->from_s + width / 2;
    s->rate[i] = (double) second->completed / width;
    s->offered[i] = second->offered / width;
    s->p50[i] = (double) second->p50_ns;
    s->p99[i] = (double) second->p99_ns;
    s->max[i] = (double) second->max_ns;
    s->most_rate = fmax(s->most_rate, fmax(s->rate[i], s->offered[i]));
    s->most_ns = fmax(s->most_ns, s->max[i]);
    if (s->p50[i] > 0)
        s->least_ns = fmin(s->least_ns, s->p50[i]);
}

static struct load_axis
time_axis(const struct load_result *r)
{
    const struct load_second *first = &r->seconds[0], *last = &r->seconds[r->seconds_done - 1];
    double low = first->from_s, high = last->from_s + last->width_s;
    return (struct load_axis){
        .low = low, .high = high > low ? high : low + 1, .unit = LOAD_CHART_SECONDS};
}

static void
put_rate_chart(FILE *file, const struct load_result *r, const struct series *s)
{
    bool offered = r->settings->open_loop;
    struct load_chart chart = {.x = time_axis(r)};
    chart.y = load_axis_fit(0, s->most_rate, false, LOAD_CHART_RATE);
    load_chart_begin(&chart, file, "Throughput, requests per second");
    if (chart.x.low < 0)
        load_chart_shade(&chart, chart.x.low, 0);
    if (offered)
        load_chart_line(&chart, "c dash", s->x, s->offered, s->count);
    load_chart_line(&chart, "a", s->x, s->rate, s->count);
    load_chart_end(&chart);
    fputs("<div class=\"key\">", file);
    put_key(file, "a", "solid", "answered");
    if (offered)
        put_key(file, "c", "dashed", "offered");
    fputs(chart.x.low < 0 ? "<span>shaded: warm-up</span></div>\n" : "</div>\n", file);
}

static void
put_latency_chart(FILE *file, const struct load_result *r, const struct series *s)
{
    struct load_chart chart = {.x = time_axis(r)};
    chart.y = load_axis_fit(s->least_ns, s->most_ns, true, LOAD_CHART_TIME);
    load_chart_begin(&chart, file, "Latency over time (corrected)");
    if (chart.x.low < 0)
        load_chart_shade(&chart, chart.x.low, 0);
    load_chart_line(&chart, "c", s->x, s->max, s->count);
    load_chart_line(&chart, "b", s->x, s->p99, s->count);
    load_chart_line(&chart, "a", s->x, s->p50, s->count);
    load_chart_end(&chart);
    fputs("<div class=\"key\">", file);
    put_key(file, "a", "solid", "p50");
    put_key(file, "b", "solid", "p99");
    put_key(file, "c", "solid", "max");
    fputs("</div>\n", file);
}

static int
put_time_charts(FILE *file, const struct load_result *r)
{
    size_t n = r->seconds_done;
    if (n == 0)
        return 0;
    double *memory = calloc(6 * n, sizeof *memory);
    if (memory == NULL)
        return -ENOMEM;
    struct series s = {.x = memory,
                       .rate = memory + n,
                       .offered = memory + 2 * n,
                       .p50 = memory + 3 * n,
                       .p99 = memory + 4 * n,
                       .max = memory + 5 * n,
                       .least_ns = INFINITY};
    for (size_t i = 0; i < n; i++)
        add_second(&s, &r->seconds[i]);
    if (s.least_ns == INFINITY)
        s.least_ns = 1;
    put_rate_chart(file, r, &s);
    put_latency_chart(file, r, &s);
    free(memory);
    return 0;
}

enum { CURVE_MAX = 512 };

/* The points of a percentile curve; the last one lies where one request in all is beyond. */
static size_t
walk_curve(const struct load_histogram *h, double *x, double *y)
{
    struct load_percentiles walk;
    size_t n = 0;
    double end = log10((double) h->total + 1);
    load_percentiles_init(&walk, h, 5);
    while (n < CURVE_MAX && load_percentiles_next(&walk)) {
        double level = walk.percentile < 100 ? -log10(1 - walk.percentile / 100) : end;
        x[n] = level < end ? level : end;
        y[n++] = (double) walk.value;
    }
    return n;
}

static int
put_curve_chart(FILE *file, const struct load_result *r)
{
    const struct load_histogram *corrected = r->corrected, *raw = r->raw;
    if (corrected->total == 0)
        return 0;
    double *x = calloc(CURVE_MAX, 2 * sizeof *x);
    if (x == NULL)
        return -ENOMEM;
    double least = (double) load_histogram_min(raw->total > 0 ? raw : corrected);
    struct load_chart chart = {
        .x = {.high = fmax(1, ceil(log10((double) corrected->total + 1))),
              .unit = LOAD_CHART_LEVEL}};
    chart.y = load_axis_fit(least, fmax((double) corrected->max, (double) raw->max), true,
                            LOAD_CHART_TIME);
    load_chart_begin(&chart, file, "Latency by percentile");
    size_t n = walk_curve(raw, x, x + CURVE_MAX);
    load_chart_line(&chart, "c dash", x, x + CURVE_MAX, n);
    n = walk_curve(corrected, x, x + CURVE_MAX);
    load_chart_line(&chart, "a", x, x + CURVE_MAX, n);
    load_chart_end(&chart);
    fputs("<div class=\"key\">", file);
    put_key(file, "a", "solid", "corrected: from when the request was due");
    put_key(file, "c", "dashed", "raw: from when it was sent");
    fputs("</div>\n", file);
    free(x);
    return 0;
}

static void
put_latency_row(FILE *file, const char *name, double corrected, double raw)
{
    char a[LOAD_UNIT_TEXT_MAX], b[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", name,
            load_format_duration(a, corrected), load_format_duration(b, raw));
}

static void
put_latency_table(FILE *file, const struct load_result *r)
{
    static const double levels[] = {50, 75, 90, 95, 99, 99.9, 99.99, 99.999};
    char name[16];
    fputs("<h2>Latency</h2><table><tr><th></th><th>corrected</th><th>raw</th></tr>\n", file);
    put_latency_row(file, "mean", load_histogram_mean(r->corrected),
                    load_histogram_mean(r->raw));
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        snprintf(name, sizeof name, "p%g", levels[i]);
        put_latency_row(file, name, (double) load_histogram_percentile(r->corrected, levels[i]),
                        (double) load_histogram_percentile(r->raw, levels[i]));
    }
    put_latency_row(file, "max", (double) r->corrected->max, (double) r->raw->max);
    fputs("</table>\n", file);
}

static void
put_count_row(FILE *file, const char *name, uint64_t count, const char *meaning)
{
    fprintf(file,
            "<tr><td>%s</td><td class=\"%s\">%" PRIu64
            "</td><td class=\"text dim\">%s</td></tr>\n",
            name, count > 0 ? "bad" : "good", count, meaning);
}

static void
put_fault_table(FILE *file, const struct load_result *r)
{
    const struct load_counters *t = &r->total;
    const struct load_faults *f = &t->faults;
    fputs("<h2>What must be 0</h2><table><tr><th></th><th>count</th><th></th></tr>\n", file);
    put_count_row(file, "lost", f->lost, "sent, never answered");
    put_count_row(file, "duplicated", f->duplicated, "answered more than once");
    put_count_row(file, "reordered", f->reordered, "answered behind a later request");
    put_count_row(file, "corrupted", f->corrupted, "answered with something else");
    put_count_row(file, "stale", f->stale, "older than what had been acknowledged");
    put_count_row(file, "error replies", t->error_replies, "the server refused");
    put_count_row(file, "disconnects", t->disconnects, "the server closed or reset");
    put_count_row(file, "connect errors", t->connect_errors, "no new connection");
    put_count_row(file, "timeouts", t->timeouts, "connections given up in silence");
    fputs("</table>\n", file);
}

/* With the worker that it is of, and whether that was lost. */
static void
put_core_name(FILE *file, const struct load_result *r, size_t i)
{
    const struct load_core *core = &r->cores[i];
    const char *fate = load_result_fate(r, core);
    fprintf(file, "<tr><td>%zu ", i);
    put_text(file, core->node);
    if (fate != NULL)
        fprintf(file, " <span class=\"bad\">%s</span>", fate);
    fputs("</td>", file);
}

static void
put_core_table(FILE *file, const struct load_result *r)
{
    char rate[LOAD_UNIT_TEXT_MAX], p50[LOAD_UNIT_TEXT_MAX], p99[LOAD_UNIT_TEXT_MAX];
    fputs("<h2>Cores of the generator</h2><div class=\"scroll\"><table><tr><th>core</th>"
          "<th>connections</th><th>requests/s</th><th>p50</th><th>p99</th><th>CPU</th></tr>\n",
          file);
    for (size_t i = 0; i < r->core_count; i++) {
        const struct load_core *core = &r->cores[i];
        double per_second =
            r->elapsed_s > 0 ? (double) core->counters.completed / r->elapsed_s : 0;
        put_core_name(file, r, i);
        fprintf(file, "<td>%u</td><td>%s</td><td>%s</td><td>%s</td><td>%.0f%%</td></tr>\n",
                core->connections, load_format_count(rate, per_second),
                load_format_duration(p50, (double) core->p50_ns),
                load_format_duration(p99, (double) core->p99_ns), 100 * core->busy);
    }
    fputs("</table></div>\n", file);
}

static void
put_trial_table(FILE *file, const struct load_result *r)
{
    char rate[LOAD_UNIT_TEXT_MAX], got[LOAD_UNIT_TEXT_MAX], p50[LOAD_UNIT_TEXT_MAX];
    char p99[LOAD_UNIT_TEXT_MAX];
    if (!r->settings->flags.find_max)
        return;
    fputs("<h2>Trials of ", file);
    put_text(file, r->settings->flags.slo);
    fputs("</h2><table><tr><th>rate</th><th>answered</th><th>p50</th><th>p99</th>"
          "<th>passed</th></tr>\n",
          file);
    for (size_t i = 0; i < r->trial_count; i++) {
        const struct load_trial *trial = &r->trials[i];
        fprintf(file,
                "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td>"
                "<td class=\"%s\">%s</td></tr>\n",
                load_format_count(rate, trial->rate), load_format_count(got, trial->throughput),
                load_format_duration(p50, (double) trial->p50_ns),
                load_format_duration(p99, (double) trial->p99_ns),
                trial->passed ? "good" : "bad", trial->passed ? "yes" : "no");
    }
    fputs("</table>\n", file);
}

static void
put_assertions(FILE *file, const struct load_result *r)
{
    const struct load_predicates *predicates = &r->settings->assertion;
    if (predicates->count == 0)
        return;
    fputs("<h2>Assertions</h2><table>\n", file);
    for (size_t i = 0; i < predicates->count; i++) {
        fputs("<tr><td>", file);
        put_text(file, predicates->items[i].text);
        fprintf(file, "</td><td class=\"%s\">%s</td></tr>\n",
                r->verdict.holds[i] ? "good" : "bad", r->verdict.holds[i] ? "holds" : "fails");
    }
    fputs("</table>\n", file);
}

static void
put_machine(FILE *file, const struct load_machine *m)
{
    char memory[LOAD_UNIT_TEXT_MAX];
    fputs("<h2>Machine</h2><p class=\"dim\">", file);
    put_text(file, m->cpu);
    fprintf(file, ", %u CPUs (%u usable), %s, governor ", m->cpus, m->cpus_usable,
            load_format_bytes(memory, (double) m->memory_bytes));
    put_text(file, m->governor);
    fputs("<br>", file);
    put_text(file, m->kernel);
    fprintf(file, ", cycos %s (%s), ", m->version, m->commit);
    put_text(file, m->compiler);
    fprintf(file, "<br>%s</p>\n</body></html>\n", m->time);
}

int
load_html_write(FILE *file, const struct load_result *result,
                const struct load_machine *machine)
{
    fputs(head, file);
    put_header(file, result);
    put_tiles(file, result);
    int rc = put_time_charts(file, result);
    rc = rc != 0 ? rc : put_curve_chart(file, result);
    put_latency_table(file, result);
    put_fault_table(file, result);
    put_trial_table(file, result);
    put_assertions(file, result);
    put_core_table(file, result);
    put_machine(file, machine);
    return rc != 0 ? rc : ferror(file) ? -EIO : 0;
}
