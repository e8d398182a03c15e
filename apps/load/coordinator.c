/* coordinator.c - steers the generators of all cores and puts together what they found. */
#include "coordinator.h"
#include "clock.h"
#include "line.h"
#include "messages.h"
#include "progress.h"
#include "search.h"
#include "tally.h"

#include <cycos/run.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define AHEAD_NS (20 * CY_MILLISECOND) /* so that every core hears of the start in time */

_Static_assert((int) LOAD_TRIALS_KEPT >= 2 * (int) LOAD_TRIALS_MAX,
               "room for every trial, twice");

struct coordinator {
    struct load_job *job;
    const struct load_settings *settings;
    struct load_result *result;
    struct load_crew *crew;
    struct load_tally tally;
    uint32_t ready, ended;
    int error; /* of the set-up */
    bool started, interrupted;
    int64_t start_ns, interrupted_ns;
};

/*
 * Only now does a generator need its order no longer. One of this node ends well or the run is
 * void; one of another node may be lost with it, and the rest goes on.
 */
static void
take_exit(struct coordinator *c, const cy_msg *msg)
{
    struct cy_exit exit;
    int64_t part;
    if (cy_exit_read(&exit, msg) != 0 || (part = load_crew_part(c->crew, exit.task)) < 0)
        return;
    c->ended++;
    load_tally_end(&c->tally, (uint32_t) part);
    bool hired = load_crew_hand(c->crew, (uint32_t) part) != NULL;
    if (exit.reason != CY_EXIT_NORMAL && c->error == 0 && (!hired || !c->started))
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
        load_tally_second(&c->tally, msg);
        break;
    case LOAD_MSG_DONE:
        load_tally_done(&c->tally, msg);
        break;
    case CY_TAG_EXIT:
        take_exit(c, msg);
        break;
    case LOAD_MSG_INTERRUPT:
        c->interrupted = true;
        c->interrupted_ns = load_clock();
        load_crew_tell(c->crew, LOAD_MSG_STOP, NULL, 0);
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
    while (rc == 0 && c->ready < c->crew->parts && c->ended == 0 && !c->interrupted)
        rc = hear(c);
    if (rc == 0 && c->error == 0 && !c->interrupted) {
        read_usage(&c->result->usage, -1);
        c->start_ns = load_clock() + AHEAD_NS;
        const struct load_msg_start start = {c->start_ns, AHEAD_NS};
        load_crew_tell(c->crew, LOAD_MSG_START, &start, sizeof start);
        c->started = true;
    } else {
        load_crew_tell(c->crew, LOAD_MSG_STOP, NULL, 0);
    }
    while (rc == 0 && c->ended < c->crew->parts)
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
start(struct coordinator *c, bool fill)
{
    struct load_order model = {.settings = c->settings,
                               .place = c->job->place,
                               .coordinator = cy_self(),
                               .parts = c->tally.parts,
                               .fill = fill};
    cy_random(&model.run, sizeof model.run);
    int rc = load_crew_start(c->crew, &model, c->job->error, sizeof c->job->error);
    for (uint32_t i = 0; i < c->crew->parts; i++) {
        const struct load_hand *hand = load_crew_hand(c->crew, i);
        if (hand != NULL)
            memcpy(c->result->cores[i].node, hand->name, sizeof hand->name);
    }
    return rc;
}

/* One run of these settings, into *result. */
static int
run_once(struct load_job *job, const struct load_settings *settings, bool fill,
         struct load_result *result)
{
    struct coordinator c = {
        .job = job, .settings = settings, .result = result, .crew = &job->crew};
    uint32_t parts = load_crew_parts(c.crew, settings);
    int rc = load_result_init(result, settings, load_seconds_of(settings).count, parts);
    if (rc != 0)
        return rc;
    rc = load_tally_init(&c.tally, settings, result, parts);
    if (rc == 0) {
        c.error = start(&c, fill); /* those that were started must be heard out */
        rc = conduct(&c);
    }
    result->interrupted = c.interrupted;
    result->elapsed_s = measured_seconds(&c);
    load_tally_fini(&c.tally);
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
try_rate(struct load_job *job, double rate)
{
    const struct load_settings *settings = job->settings;
    struct load_trial *trial = &job->trials[job->trial_count];
    struct load_result result;
    load_settings_trial(&job->trial, settings, rate);
    job->trial.flags.progress = false;
    /* The keys that the first trial has written are there for all. */
    bool fill = settings->flags.fill && job->trial_count == 0;
    int rc = run_once(job, &job->trial, fill, &result);
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
find_max(struct load_job *job)
{
    struct load_search search;
    int passed = 0;
    load_search_init(&search, job->settings->rate);
    while (load_search_continue(&search) && !job->interrupted && passed >= 0) {
        passed = try_rate(job, search.next);
        /* A neighbour's noise must not end the search: only a second failure counts. */
        if (passed == 0 && !job->interrupted)
            passed = try_rate(job, search.next);
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
find_target(struct load_job *job)
{
    /* Workers find it themselves: they may see another network. */
    if (job->crew.hand_count > 0)
        return 0;
    return load_kind_of(job->settings)
        ->find(&job->place, job->settings, job->error, sizeof job->error);
}

static int
run(struct load_job *job)
{
    const struct cy_task_options daemon = {.daemon = true};
    int rc = load_crew_gather(&job->crew, job->settings, job->error, sizeof job->error);
    rc = rc != 0 ? rc : find_target(job);
    rc = rc != 0 ? rc : cy_task_spawn(NULL, load_watch_stop, job, &daemon);
    if (rc == 0 && job->settings->flags.find_max)
        rc = find_max(job);
    else if (rc == 0) {
        rc = run_once(job, job->settings, job->settings->flags.fill, &job->result);
        job->has_result = rc == 0;
    }
    return rc;
}

int
load_coordinate(void *arg)
{
    struct load_job *job = arg;
    job->coordinator = cy_self();
    int rc = run(job);
    if (rc != 0 && job->error[0] == '\0')
        snprintf(job->error, sizeof job->error, "cannot load %s: %s",
                 job->settings->target_text, cy_strerror(rc));
    /* When the node is torn down generators may outlive this task and use their orders. */
    if (rc != -ECANCELED)
        load_crew_fini(&job->crew);
    return rc != 0 ? 3 : 0;
}
