/* report.c - the result as a table for people. */
#include "report.h"
#include "units.h"

#include <inttypes.h>

static const double levels[] = {50, 75, 90, 95, 99, 99.9, 99.99, 99.999};

static void
print_settings(FILE *file, const struct load_settings *s)
{
    char rate[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "target       %s\n", s->target_text);
    fprintf(file, "load         %u connections, pipeline %u, ", s->connections, s->pipeline);
    if (s->flags.stages != NULL)
        fprintf(file, "open loop in stages %s", s->flags.stages);
    else if (s->flags.find_max)
        fprintf(file, "search for the highest rate with %s", s->flags.slo);
    else if (s->open_loop)
        fprintf(file, "open loop at %s/s", load_format_count(rate, s->rate));
    else
        fprintf(file, "closed loop");
    if (s->open_loop || s->flags.find_max)
        fprintf(file, ", %s arrivals", s->poisson ? "Poisson" : "uniform");
    fputc('\n', file);
}

static void
print_payloads(FILE *file, const struct load_settings *s)
{
    fprintf(file, "requests     %s, %zu", load_verb_name(s->verb), s->sizes.min_bytes);
    if (s->sizes.max_bytes > s->sizes.min_bytes)
        fprintf(file, " to %zu", s->sizes.max_bytes);
    fputs(" bytes\n", file);
}

static void
print_requests(FILE *file, const struct load_settings *s)
{
    char text[LOAD_UNIT_TEXT_MAX], warmup[LOAD_UNIT_TEXT_MAX];
    if (s->flags.find_max)
        fprintf(file, "measured     each rate for %s\n",
                load_format_duration(text, (double) s->flags.trial_ns));
    else
        fprintf(file, "measured     %s after a warm-up of %s\n",
                load_format_duration(text, (double) s->duration_ns),
                load_format_duration(warmup, (double) s->warmup_ns));
    if (load_target_named(&s->target))
        print_payloads(file, s);
    if (s->target.protocol != LOAD_KV)
        return;
    fprintf(file, "requests     %.0f %% reads of %u keys%s, ", 100 * s->read_share, s->keys,
            s->flags.shared_keys ? " shared by all connections" : "");
    if (s->theta > 0)
        fprintf(file, "zipf %.4g\n", s->theta);
    else
        fprintf(file, "uniform\n");
}

static void
print_machine(FILE *file, const struct load_machine *m)
{
    char memory[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "machine      %s, %u CPUs (%u usable), %s, governor %s\n", m->cpu, m->cpus,
            m->cpus_usable, load_format_bytes(memory, (double) m->memory_bytes), m->governor);
    fprintf(file, "software     %s, cycos %s (%s), %s, %s\n", m->kernel, m->version, m->commit,
            m->compiler, m->time);
}

static void
print_latency_line(FILE *file, const char *name, double corrected, double raw)
{
    char a[LOAD_UNIT_TEXT_MAX], b[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "  %-9s %12s %12s\n", name, load_format_duration(a, corrected),
            load_format_duration(b, raw));
}

static void
print_latency(FILE *file, const struct load_result *r)
{
    char name[16];
    bool same = !r->settings->open_loop && !r->settings->flags.find_max &&
                r->settings->flags.interval_ns == 0;
    fprintf(file, "\nlatency      corrected          raw\n");
    print_latency_line(file, "min", (double) load_histogram_min(r->corrected),
                       (double) load_histogram_min(r->raw));
    print_latency_line(file, "mean", load_histogram_mean(r->corrected),
                       load_histogram_mean(r->raw));
    print_latency_line(file, "stddev", load_histogram_deviation(r->corrected),
                       load_histogram_deviation(r->raw));
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        snprintf(name, sizeof name, "p%g", levels[i]);
        print_latency_line(file, name,
                           (double) load_histogram_percentile(r->corrected, levels[i]),
                           (double) load_histogram_percentile(r->raw, levels[i]));
    }
    print_latency_line(file, "max", (double) r->corrected->max, (double) r->raw->max);
    fprintf(file, "  corrected: from when the request was due; raw: from when it was sent\n");
    if (same)
        fprintf(file, "  a closed loop sends less when the server stalls: what users would\n"
                      "  see at a given rate, --rate shows\n");
    if (r->corrected->saturated > 0)
        fprintf(file, "  %" PRIu64 " replies took more than an hour\n",
                r->corrected->saturated);
}

static void
print_traffic(FILE *file, const struct load_result *r)
{
    char rate[LOAD_UNIT_TEXT_MAX], in[LOAD_UNIT_TEXT_MAX], out[LOAD_UNIT_TEXT_MAX];
    const struct load_counters *t = &r->total;
    fprintf(file, "\nthroughput   %s requests/s (%" PRIu64 " in %.3g s)\n",
            load_format_count(rate, load_result_throughput(r)), t->completed, r->elapsed_s);
    fprintf(file, "traffic      %s sent, %s received",
            load_format_bytes(out, (double) t->bytes_sent),
            load_format_bytes(in, (double) t->bytes_received));
    if (t->writes > 0)
        fprintf(file, ", %.3g requests per write", (double) t->sent / (double) t->writes);
    fputc('\n', file);
}

/* What was not proved is said aloud. */
static void
print_proof(FILE *file, const struct load_result *r)
{
    if (!load_target_named(&r->settings->target))
        return;
    fprintf(file, "proof        %s", load_result_proof(r));
    if (r->readers > 0)
        fprintf(file, " of %u reader%s", r->readers, r->readers == 1 ? "" : "s");
    if (r->total.unproved > 0)
        fprintf(file, "; %" PRIu64 " sent, unproved", r->total.unproved);
    fputc('\n', file);
}

static void
print_counts(FILE *file, const struct load_result *r)
{
    const struct load_counters *t = &r->total;
    const struct load_faults *f = &t->faults;
    if (r->settings->open_loop || r->settings->flags.find_max)
        fprintf(file, "\nopen loop    late %" PRIu64 ", dropped %" PRIu64 "\n", t->late,
                t->dropped);
    fprintf(file,
            "\nerrors       %" PRIu64 " (error replies %" PRIu64 ", disconnects %" PRIu64
            ", connect errors %" PRIu64 ", timeouts %" PRIu64 ")\n",
            load_counters_errors(t), t->error_replies, t->disconnects, t->connect_errors,
            t->timeouts);
    fprintf(file,
            "faults       %" PRIu64 " (lost %" PRIu64 ", duplicated %" PRIu64
            ", reordered %" PRIu64 ", corrupted %" PRIu64 ", stale %" PRIu64 ")\n",
            load_faults_sum(f), f->lost, f->duplicated, f->reordered, f->corrupted, f->stale);
    print_proof(file, r);
}

static void
print_worker(FILE *file, const struct load_result *r, const struct load_core *core)
{
    const char *fate = load_result_fate(r, core);
    if (core->node[0] != '\0')
        fprintf(file, "  worker %s", core->node);
    if (fate != NULL)
        fprintf(file, ", %s", fate);
    fputc('\n', file);
}

static void
print_cores(FILE *file, const struct load_result *r)
{
    char rate[LOAD_UNIT_TEXT_MAX], p50[LOAD_UNIT_TEXT_MAX], p99[LOAD_UNIT_TEXT_MAX];
    char max[LOAD_UNIT_TEXT_MAX];
    fprintf(file, "\ncore  connections  requests/s       p50       p99       max  CPU\n");
    for (size_t i = 0; i < r->core_count; i++) {
        const struct load_core *core = &r->cores[i];
        double per_second =
            r->elapsed_s > 0 ? (double) core->counters.completed / r->elapsed_s : 0;
        fprintf(file, "%4zu  %11u  %10s  %8s  %8s  %8s  %3.0f%%", i, core->connections,
                load_format_count(rate, per_second),
                load_format_duration(p50, (double) core->p50_ns),
                load_format_duration(p99, (double) core->p99_ns),
                load_format_duration(max, (double) core->max_ns), 100 * core->busy);
        print_worker(file, r, core);
    }
}

static void
print_usage(FILE *file, const struct load_result *r)
{
    char peak[LOAD_UNIT_TEXT_MAX];
    fprintf(file,
            "generator    %.3g s user, %.3g s system, %s peak memory, "
            "%" PRIu64 " voluntary and %" PRIu64 " involuntary switches\n",
            r->usage.user_s, r->usage.system_s,
            load_format_bytes(peak, (double) r->usage.peak_bytes), r->usage.voluntary,
            r->usage.involuntary);
}

static void
print_search(FILE *file, const struct load_result *r)
{
    char rate[LOAD_UNIT_TEXT_MAX];
    if (!r->settings->flags.find_max)
        return;
    if (r->found_rate > 0)
        fprintf(file, "\nhighest rate with %s: %s/s, found in %zu trials\n",
                r->settings->flags.slo, load_format_count(rate, r->found_rate), r->trial_count);
    else
        fprintf(file, "\nno rate meets %s: tried down to %s/s\n", r->settings->flags.slo,
                load_format_count(rate,
                                  r->trial_count > 0 ? r->trials[r->trial_count - 1].rate : 0));
}

static void
print_value(FILE *file, const struct load_predicate *predicate, double value)
{
    char text[LOAD_UNIT_TEXT_MAX];
    if (predicate->metric.unit == LOAD_UNIT_TIME)
        fputs(load_format_duration(text, value), file);
    else if (predicate->share)
        fprintf(file, "%.3g %%", 100 * value);
    else
        fprintf(file, "%.10g", value);
}

static void
print_assertions(FILE *file, const struct load_result *r)
{
    const struct load_predicates *predicates = &r->settings->assertion;
    if (predicates->count > 0)
        fputc('\n', file);
    for (size_t i = 0; i < predicates->count; i++) {
        fprintf(file, "assert       %-24s %s: ", predicates->items[i].text,
                r->verdict.holds[i] ? "holds" : "FAILS");
        print_value(file, &predicates->items[i], r->verdict.value[i]);
        fputc('\n', file);
    }
}

void
load_report_print(FILE *file, const struct load_result *result,
                  const struct load_machine *machine)
{
    fputc('\n', file);
    if (result->settings->flags.label != NULL)
        fprintf(file, "run          %s\n", result->settings->flags.label);
    print_settings(file, result->settings);
    print_requests(file, result->settings);
    print_machine(file, machine);
    if (result->interrupted)
        fprintf(file, "\nINTERRUPTED: what follows is what was measured until then\n");
    print_traffic(file, result);
    print_latency(file, result);
    print_counts(file, result);
    print_cores(file, result);
    print_usage(file, result);
    print_search(file, result);
    print_assertions(file, result);
    fflush(file);
}
