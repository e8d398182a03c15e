/* coordinator.c - steers the generators of all cores and puts together what they found. */
#include "coordinator.h"
#include "clock.h"
#include "generator.h"
#include "line.h"
#include "messages.h"
#include "progress.h"
#include "search.h"
#include "seconds.h"

#include <cycos/run.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define AHEAD_NS (20 * CY_MILLISECOND) /* so that every core hears of the start in time */

/* A second that not all cores have told of yet. */
struct open_second {
    struct load_histogram *corrected;
    uint32_t reports;
};

enum { OPEN_SECONDS = 4 }; /* cores are not further apart than that */

_Static_assert((int) LOAD_TRIALS_KEPT >= 2 * (int) LOAD_TRIALS_MAX,
               "room for every trial, twice");

struct coordinator {
    struct load_job *job;
    const struct load_settings *settings;
    struct load_result *result;
    const struct load_place *place;
    struct load_order *orders;
    cy_ref *generators;
    uint32_t parts, ready, ended;
    int error; /* of the set-up */
    struct load_seconds seconds;
    struct open_second open[OPEN_SECONDS];
    struct load_histogram *spare; /* what one core reports, before it is added */
    bool started, interrupted;
    int64_t start_ns, interrupted_ns;
};

static double
requests_due(const struct coordinator *c, double from_s, double to_s)
{
    /* The integral of a piecewise linear rate, by the trapezoids of a fine grid. */
    enum { STEPS = 200 };
    double sum = 0, step = (to_s - from_s) / STEPS;
    if (!c->settings->open_loop)
        return 0;
    for (int i = 0; i < STEPS; i++)
        sum +=
            load_plan_rate(&c->settings->plan, (int64_t) ((from_s + (i + 0.5) * step) * 1e9));
    return sum * step;
}

static void
finish_second(struct coordinator *c, uint32_t index)
{
    struct load_second *second = &c->result->seconds[index];
    struct open_second *open = &c->open[index % OPEN_SECONDS];
    double warmup = (double) c->seconds.warmup_ns / 1e9;
    double end = (double) load_second_end(&c->seconds, index) / 1e9;
    double from = index == 0 ? 0 : (double) load_second_end(&c->seconds, index - 1) / 1e9;
    second->from_s = from - warmup;
    second->width_s = end - from;
    second->offered = requests_due(c, from, end);
    second->p50_ns = load_histogram_percentile(open->corrected, 50);
    second->p99_ns = load_histogram_percentile(open->corrected, 99);
    second->max_ns = open->corrected->max;
    c->result->seconds_done = index + 1;
    load_histogram_reset(open->corrected);
    open->reports = 0;
    if (c->settings->flags.progress)
        load_progress_print(stderr, second);
}

static void
take_second(struct coordinator *c, const cy_msg *msg)
{
    struct load_msg_second head;
    load_histogram_reset(c->spare);
    if (load_read_second(msg, &head, c->spare) != 0 || head.index >= c->seconds.count)
        return;
    struct load_second *second = &c->result->seconds[head.index];
    struct open_second *open = &c->open[head.index % OPEN_SECONDS];
    second->completed += head.completed;
    second->late += head.late;
    second->dropped += head.dropped;
    second->errors += head.errors;
    second->faults += head.faults;
    load_histogram_merge(open->corrected, c->spare);
    if (++open->reports == c->parts)
        finish_second(c, head.index);
}

static void
take_done(struct coordinator *c, const cy_msg *msg)
{
    struct load_msg_done head;
    struct load_result *result = c->result;
    load_histogram_reset(c->spare);
    if (load_read_done(msg, &head, c->spare, result->raw) != 0 || head.part >= c->parts)
        return;
    struct load_core *core = &result->cores[head.part];
    result->readers = head.readers;
    core->counters = head.counters;
    core->connections = head.connections;
    core->busy = head.busy;
    core->p50_ns = load_histogram_percentile(c->spare, 50);
    core->p99_ns = load_histogram_percentile(c->spare, 99);
    core->max_ns = c->spare->max;
    load_histogram_merge(result->corrected, c->spare);
    load_counters_add(&result->total, &head.counters);
}

static void
tell_all(struct coordinator *c, uint32_t tag, const void *body, size_t size)
{
    for (uint32_t i = 0; i < c->parts; i++) {
        int rc = cy_send_bytes(c->generators[i], tag, body, size);
        (void) rc; /* one that has ended says so by its exit message */
    }
}

/* Only now does a generator need its order no longer. */
static void
take_exit(struct coordinator *c, const cy_msg *msg)
{
    struct cy_exit exit;
    if (cy_exit_read(&exit, msg) != 0)
        return;
    c->ended++;
    if (exit.reason != CY_EXIT_NORMAL && c->error == 0)
        c->error = exit.code != 0 ? exit.code : -ECANCELED;
}

static void
take(struct coordinator *c, const cy_msg *msg)
{
    struct load_msg_ready ready;
    switch (cy_msg_tag(msg)) {
    case LOAD_MSG_READY:
        memcpy(&ready, cy_msg_body(msg), sizeof ready);
        c->ready++;
        if (c->error == 0)
            c->error = ready.error;
        break;
    case LOAD_MSG_SECOND:
        take_second(c, msg);
        break;
    case LOAD_MSG_DONE:
        take_done(c, msg);
        break;
    case CY_TAG_EXIT:
        take_exit(c, msg);
        break;
    case LOAD_MSG_INTERRUPT:
        c->interrupted = true;
        c->interrupted_ns = load_clock();
        tell_all(c, LOAD_MSG_STOP, NULL, 0);
        break;
    default:
        break;
    }
}

static int
hear(struct coordinator *c)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, CY_FOREVER);
    if (rc != 0)
        return rc;
    take(c, msg);
    cy_msg_free(&msg);
    return 0;
}

static int
spawn_generators(struct coordinator *c, bool fill)
{
    const struct cy_task_options options = {.monitor = true};
    uint32_t run, connections = c->settings->connections;
    cy_random(&run, sizeof run);
    for (uint32_t i = 0; i < c->parts; i++) {
        uint32_t first = (uint32_t) ((uint64_t) connections * i / c->parts);
        uint32_t end = (uint32_t) ((uint64_t) connections * (i + 1) / c->parts);
        c->orders[i] = (struct load_order){
            .settings = c->settings,
            .place = *c->place,
            .coordinator = cy_self(),
            .part = i,
            .parts = c->parts,
            .first_connection = first,
            .count = end - first,
            .run = run,
            .fill = fill,
        };
        int rc = cy_task_spawn_on(&c->generators[i], (uint16_t) i, load_generate, &c->orders[i],
                                  &options);
        if (rc != 0) {
            c->parts = i;
            return rc;
        }
    }
    return 0;
}

static void
read_usage(struct load_usage *out, int sign)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    out->user_s +=
        sign * ((double) usage.ru_utime.tv_sec + (double) usage.ru_utime.tv_usec / 1e6);
    out->system_s +=
        sign * ((double) usage.ru_stime.tv_sec + (double) usage.ru_stime.tv_usec / 1e6);
    out->voluntary += (uint64_t) (sign * usage.ru_nvcsw);
    out->involuntary += (uint64_t) (sign * usage.ru_nivcsw);
    out->peak_bytes = (uint64_t) usage.ru_maxrss * 1024;
}

/* All ready: go. Any error: give up. Then hear what they have to say, until all are done. */
static int
conduct(struct coordinator *c)
{
    int rc = 0;
    while (rc == 0 && c->ready < c->parts && c->ended == 0 && !c->interrupted)
        rc = hear(c);
    if (rc == 0 && c->error == 0 && !c->interrupted) {
        read_usage(&c->result->usage, -1);
        c->start_ns = load_clock() + AHEAD_NS;
        const struct load_msg_start start = {c->start_ns};
        tell_all(c, LOAD_MSG_START, &start, sizeof start);
        c->started = true;
    } else {
        tell_all(c, LOAD_MSG_STOP, NULL, 0);
    }
    while (rc == 0 && c->ended < c->parts)
        rc = hear(c);
    if (c->started)
        read_usage(&c->result->usage, 1);
    return rc != 0 ? rc : c->error;
}

static double
measured_seconds(const struct coordinator *c)
{
    int64_t measured = c->settings->duration_ns;
    if (c->interrupted)
        measured = c->interrupted_ns - c->start_ns - c->settings->warmup_ns;
    return c->started && measured > 0 ? (double) measured / 1e9 : 0;
}

static int
allocate(struct coordinator *c)
{
    int rc = load_result_init(c->result, c->settings, c->seconds.count, c->parts);
    if (rc != 0)
        return rc;
    c->orders = calloc(c->parts, sizeof *c->orders);
    c->generators = calloc(c->parts, sizeof *c->generators);
    c->spare = load_histogram_create();
    bool complete = c->orders != NULL && c->generators != NULL && c->spare != NULL;
    for (size_t i = 0; i < OPEN_SECONDS; i++) {
        c->open[i].corrected = load_histogram_create();
        complete = complete && c->open[i].corrected != NULL;
    }
    return complete ? 0 : -ENOMEM;
}

static void
release(struct coordinator *c)
{
    free(c->orders);
    free(c->generators);
    load_histogram_free(&c->spare);
    for (size_t i = 0; i < OPEN_SECONDS; i++)
        load_histogram_free(&c->open[i].corrected);
}

/* One run of these settings, into *result. */
static int
run_once(struct load_job *job, const struct load_settings *settings,
         const struct load_place *place, bool fill, struct load_result *result)
{
    struct coordinator c = {.job = job, .settings = settings, .result = result, .place = place};
    c.parts = cy_core_count() < settings->connections ? cy_core_count() : settings->connections;
    c.seconds = load_seconds_of(settings);
    int rc = allocate(&c);
    if (rc == 0) {
        c.error = spawn_generators(&c, fill); /* those that were spawned must be heard out */
        rc = conduct(&c);
    }
    result->interrupted = c.interrupted;
    result->elapsed_s = measured_seconds(&c);
    /* When the node is torn down generators may outlive this task, and they use it all. */
    if (rc != -ECANCELED)
        release(&c);
    if (rc != 0)
        load_result_fini(result);
    return rc;
}

/* A trial passes when the objective is met, and by doing all of what was asked. */
static bool
passes(const struct load_settings *settings, const struct load_result *result)
{
    struct load_predicates_verdict verdict;
    load_predicates_check(&settings->slo, result, &verdict);
    return verdict.all && load_result_throughput(result) >= 0.98 * settings->rate &&
           result->total.dropped == 0 && load_faults_sum(&result->total.faults) == 0;
}

static struct load_trial
summarise(const struct load_settings *settings, const struct load_result *result, bool passed)
{
    return (struct load_trial){
        .rate = settings->rate,
        .throughput = load_result_throughput(result),
        .p50_ns = load_histogram_percentile(result->corrected, 50),
        .p99_ns = load_histogram_percentile(result->corrected, 99),
        .max_ns = result->corrected->max,
        .passed = passed,
    };
}

/* The result that is reported is that of the last trial that passed, else of the last one. */
static void
keep_better(struct load_job *job, struct load_result *result, bool passed)
{
    if (job->has_result && !passed && job->kept_passed) {
        load_result_fini(result);
        return;
    }
    if (job->has_result)
        load_result_fini(&job->result);
    job->result = *result;
    job->has_result = true;
    job->kept_passed = passed;
}

/* One run at that rate. Returns whether it passed, or a negative code. */
static int
try_rate(struct load_job *job, const struct load_place *place, double rate)
{
    const struct load_settings *settings = job->settings;
    struct load_trial *trial = &job->trials[job->trial_count];
    struct load_result result;
    load_settings_trial(&job->trial, settings, rate);
    job->trial.flags.progress = false;
    /* The keys that the first trial has written are there for all. */
    bool fill = settings->flags.fill && job->trial_count == 0;
    int rc = run_once(job, &job->trial, place, fill, &result);
    if (rc != 0)
        return rc;
    job->interrupted = result.interrupted;
    bool passed = !result.interrupted && passes(&job->trial, &result);
    *trial = summarise(&job->trial, &result, passed);
    job->trial_count++;
    if (settings->flags.progress)
        load_progress_trial(stderr, trial);
    keep_better(job, &result, passed);
    return passed;
}

static int
find_max(struct load_job *job, const struct load_place *place)
{
    struct load_search search;
    int passed = 0;
    load_search_init(&search, job->settings->rate);
    while (load_search_continue(&search) && !job->interrupted && passed >= 0) {
        passed = try_rate(job, place, search.next);
        /* A neighbour's noise must not end the search: only a second failure counts. */
        if (passed == 0 && !job->interrupted)
            passed = try_rate(job, place, search.next);
        if (passed >= 0)
            load_search_report(&search, passed > 0);
    }
    if (passed < 0) {
        if (job->has_result)
            load_result_fini(&job->result);
        job->has_result = false;
        return passed;
    }
    memcpy(job->result.trials, job->trials, sizeof job->trials);
    job->result.trial_count = job->trial_count;
    job->result.found_rate = search.passed;
    job->result.interrupted = job->interrupted;
    job->result.settings = job->settings;
    return 0;
}

/* Tells the coordinator that somebody wants the program to end, before everything is ended. */
static int
load_watch_stop(void *arg)
{
    const struct load_job *job = arg;
    if (cy_wait_stopping(CY_FOREVER) != 0)
        return 0;
    int rc = cy_send_bytes(job->coordinator, LOAD_MSG_INTERRUPT, NULL, 0);
    return rc;
}

static int
fail(struct load_job *job, int rc)
{
    snprintf(job->error, sizeof job->error, "cannot load %s: %s", job->settings->target_text,
             cy_strerror(rc));
    return 3;
}

int
load_coordinate(void *arg)
{
    struct load_job *job = arg;
    const struct load_settings *settings = job->settings;
    const struct cy_task_options daemon = {.daemon = true};
    struct load_place place = {.recipient = {.readers = 0}};
    job->coordinator = cy_self();
    if (load_kind_of(settings)->find(&place, settings, job->error, sizeof job->error) != 0)
        return 3;
    int rc = cy_task_spawn(NULL, load_watch_stop, job, &daemon);
    if (rc == 0 && settings->flags.find_max)
        rc = find_max(job, &place);
    else if (rc == 0) {
        rc = run_once(job, settings, &place, settings->flags.fill, &job->result);
        job->has_result = rc == 0;
    }
    return rc != 0 ? fail(job, rc) : 0;
}
