/* export.c - the result as JSON, for programs and for `compare`. */
#include "export.h"
#include "json.h"

#include <errno.h>

static double
us(double ns)
{
    return ns / 1000;
}

static void
put_machine(struct load_json_writer *w, const struct load_machine *m)
{
    load_json_open(w, "machine", '{', false);
    load_json_text(w, "time", m->time);
    load_json_text(w, "kernel", m->kernel);
    load_json_text(w, "cpu", m->cpu);
    load_json_count(w, "cpus", m->cpus);
    load_json_count(w, "cpus_usable", m->cpus_usable);
    load_json_text(w, "governor", m->governor);
    load_json_count(w, "memory_bytes", m->memory_bytes);
    load_json_text(w, "version", m->version);
    load_json_text(w, "commit", m->commit);
    load_json_text(w, "compiler", m->compiler);
    load_json_close(w, '}');
}

static void
put_settings(struct load_json_writer *w, const struct load_settings *s)
{
    load_json_open(w, "settings", '{', false);
    load_json_text(w, "target", s->target_text);
    load_json_text(w, "label", s->flags.label != NULL ? s->flags.label : "");
    load_json_text(w, "verb", load_target_named(&s->target) ? load_verb_name(s->verb) : "");
    load_json_count(w, "connections", s->connections);
    load_json_count(w, "pipeline", s->pipeline);
    load_json_bool(w, "open_loop", s->open_loop || s->flags.find_max);
    load_json_number(w, "rate", s->open_loop && s->flags.stages == NULL ? s->rate : 0);
    load_json_text(w, "arrival", s->poisson ? "poisson" : "uniform");
    load_json_text(w, "stages", s->flags.stages != NULL ? s->flags.stages : "");
    load_json_number(w, "warmup_s", (double) s->warmup_ns / 1e9);
    load_json_number(w, "duration_s", (double) s->duration_ns / 1e9);
    load_json_count(w, "keys", s->keys);
    load_json_bool(w, "shared_keys", s->flags.shared_keys);
    load_json_number(w, "zipf_theta", s->theta);
    load_json_number(w, "read_share", s->read_share);
    load_json_count(w, "value_bytes_min", s->sizes.min_bytes);
    load_json_count(w, "value_bytes_max", s->sizes.max_bytes);
    load_json_count(w, "seed", s->seed);
    load_json_close(w, '}');
}

static void
put_counters(struct load_json_writer *w, const struct load_counters *c)
{
    load_json_count(w, "requests", c->completed);
    load_json_count(w, "sent", c->sent);
    load_json_count(w, "late", c->late);
    load_json_count(w, "dropped", c->dropped);
    load_json_count(w, "unproved", c->unproved);
    load_json_count(w, "errors", load_counters_errors(c));
    load_json_count(w, "error_replies", c->error_replies);
    load_json_count(w, "disconnects", c->disconnects);
    load_json_count(w, "connect_errors", c->connect_errors);
    load_json_count(w, "timeouts", c->timeouts);
    load_json_count(w, "faults", load_faults_sum(&c->faults));
    load_json_count(w, "lost", c->faults.lost);
    load_json_count(w, "duplicated", c->faults.duplicated);
    load_json_count(w, "reordered", c->faults.reordered);
    load_json_count(w, "corrupted", c->faults.corrupted);
    load_json_count(w, "stale", c->faults.stale);
    load_json_count(w, "bytes_sent", c->bytes_sent);
    load_json_count(w, "bytes_received", c->bytes_received);
    load_json_count(w, "reads", c->reads);
    load_json_count(w, "writes", c->writes);
}

static void
put_summary(struct load_json_writer *w, const struct load_result *r)
{
    load_json_open(w, "summary", '{', false);
    load_json_bool(w, "interrupted", r->interrupted);
    load_json_number(w, "elapsed_s", r->elapsed_s);
    load_json_number(w, "throughput", load_result_throughput(r));
    load_json_count(w, "missing", load_result_missing(r));
    load_json_text(w, "proof", load_result_proof(r));
    load_json_count(w, "readers", r->readers);
    put_counters(w, &r->total);
    load_json_close(w, '}');
}

static void
put_latency(struct load_json_writer *w, const char *name, const struct load_histogram *h)
{
    static const struct {
        const char *name;
        double level;
    } levels[] = {{"p50", 50}, {"p75", 75},     {"p90", 90},       {"p95", 95},
                  {"p99", 99}, {"p99_9", 99.9}, {"p99_99", 99.99}, {"p99_999", 99.999}};
    load_json_open(w, name, '{', false);
    load_json_count(w, "count", h->total);
    load_json_count(w, "saturated", h->saturated);
    load_json_number(w, "min", us((double) load_histogram_min(h)));
    load_json_number(w, "mean", us(load_histogram_mean(h)));
    load_json_number(w, "stddev", us(load_histogram_deviation(h)));
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        load_json_number(w, levels[i].name,
                         us((double) load_histogram_percentile(h, levels[i].level)));
    load_json_number(w, "max", us((double) h->max));
    load_json_close(w, '}');
}

/* The curve: triples of percentile, microseconds and count up to there. */
static void
put_curve(struct load_json_writer *w, const struct load_histogram *h)
{
    struct load_percentiles walk;
    load_json_open(w, "percentiles_us", '[', false);
    load_percentiles_init(&walk, h, 5);
    while (load_percentiles_next(&walk)) {
        load_json_open(w, NULL, '[', true);
        load_json_number(w, NULL, walk.percentile);
        load_json_number(w, NULL, us((double) walk.value));
        load_json_count(w, NULL, walk.count);
        load_json_close(w, ']');
    }
    load_json_close(w, ']');
}

static void
put_seconds(struct load_json_writer *w, const struct load_result *r)
{
    load_json_open(w, "seconds", '[', false);
    for (size_t i = 0; i < r->seconds_done; i++) {
        const struct load_second *s = &r->seconds[i];
        load_json_open(w, NULL, '{', true);
        load_json_number(w, "from_s", s->from_s);
        load_json_number(w, "width_s", s->width_s);
        load_json_bool(w, "warmup", s->from_s < 0);
        load_json_number(w, "offered", s->offered);
        load_json_count(w, "requests", s->completed);
        load_json_number(w, "p50_us", us((double) s->p50_ns));
        load_json_number(w, "p99_us", us((double) s->p99_ns));
        load_json_number(w, "max_us", us((double) s->max_ns));
        load_json_count(w, "late", s->late);
        load_json_count(w, "dropped", s->dropped);
        load_json_count(w, "errors", s->errors);
        load_json_count(w, "faults", s->faults);
        load_json_close(w, '}');
    }
    load_json_close(w, ']');
}

static void
put_cores(struct load_json_writer *w, const struct load_result *r)
{
    load_json_open(w, "cores", '[', false);
    for (size_t i = 0; i < r->core_count; i++) {
        const struct load_core *core = &r->cores[i];
        load_json_open(w, NULL, '{', true);
        load_json_text(w, "worker", core->node);
        load_json_bool(w, "complete", core->fate == LOAD_FATE_DONE);
        load_json_count(w, "connections", core->connections);
        load_json_number(w, "busy", core->busy);
        load_json_number(w, "p50_us", us((double) core->p50_ns));
        load_json_number(w, "p99_us", us((double) core->p99_ns));
        load_json_number(w, "max_us", us((double) core->max_ns));
        put_counters(w, &core->counters);
        load_json_close(w, '}');
    }
    load_json_close(w, ']');
}

static void
put_trials(struct load_json_writer *w, const struct load_result *r)
{
    if (!r->settings->flags.find_max)
        return;
    load_json_open(w, "find_max", '{', false);
    load_json_text(w, "slo", r->settings->flags.slo);
    load_json_number(w, "rate", r->found_rate);
    load_json_open(w, "trials", '[', false);
    for (size_t i = 0; i < r->trial_count; i++) {
        const struct load_trial *trial = &r->trials[i];
        load_json_open(w, NULL, '{', true);
        load_json_number(w, "rate", trial->rate);
        load_json_number(w, "throughput", trial->throughput);
        load_json_number(w, "p50_us", us((double) trial->p50_ns));
        load_json_number(w, "p99_us", us((double) trial->p99_ns));
        load_json_number(w, "max_us", us((double) trial->max_ns));
        load_json_bool(w, "passed", trial->passed);
        load_json_close(w, '}');
    }
    load_json_close(w, ']');
    load_json_close(w, '}');
}

static void
put_usage(struct load_json_writer *w, const struct load_usage *u)
{
    load_json_open(w, "generator", '{', false);
    load_json_number(w, "user_s", u->user_s);
    load_json_number(w, "system_s", u->system_s);
    load_json_count(w, "peak_memory_bytes", u->peak_bytes);
    load_json_count(w, "voluntary_switches", u->voluntary);
    load_json_count(w, "involuntary_switches", u->involuntary);
    load_json_close(w, '}');
}

static void
put_assertions(struct load_json_writer *w, const struct load_result *r)
{
    const struct load_predicates *predicates = &r->settings->assertion;
    load_json_open(w, "assertions", '[', false);
    for (size_t i = 0; i < predicates->count; i++) {
        load_json_open(w, NULL, '{', true);
        load_json_text(w, "condition", predicates->items[i].text);
        load_json_bool(w, "holds", r->verdict.holds[i]);
        load_json_number(w, "value", r->verdict.value[i]);
        load_json_close(w, '}');
    }
    load_json_close(w, ']');
}

int
load_export(FILE *file, const struct load_result *result, const struct load_machine *machine)
{
    struct load_json_writer w;
    load_json_begin(&w, file);
    load_json_open(&w, NULL, '{', false);
    load_json_text(&w, "format", LOAD_EXPORT_FORMAT);
    put_machine(&w, machine);
    put_settings(&w, result->settings);
    put_summary(&w, result);
    load_json_open(&w, "latency_us", '{', false);
    put_latency(&w, "corrected", result->corrected);
    put_latency(&w, "raw", result->raw);
    load_json_close(&w, '}');
    put_curve(&w, result->corrected);
    put_seconds(&w, result);
    put_cores(&w, result);
    put_trials(&w, result);
    put_usage(&w, &result->usage);
    put_assertions(&w, result);
    load_json_close(&w, '}');
    return ferror(file) ? -EIO : 0;
}
