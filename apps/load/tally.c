/* tally.c - puts together what the parts of a run report. */
#include "tally.h"
#include "messages.h"
#include "progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
load_tally_init(struct load_tally *tally, const struct load_settings *settings,
                struct load_result *result, uint32_t parts)
{
    *tally = (struct load_tally){.settings = settings, .result = result, .parts = parts};
    tally->seconds = load_seconds_of(settings);
    tally->told = calloc(parts, sizeof *tally->told);
    tally->spare = load_histogram_create();
    tally->ended = calloc(parts, sizeof *tally->ended);
    bool enough = tally->told != NULL && tally->ended != NULL && tally->spare != NULL;
    for (size_t i = 0; i < LOAD_OPEN_SECONDS; i++) {
        tally->open[i] = load_histogram_create();
        enough = enough && tally->open[i] != NULL;
    }
    return enough ? 0 : -ENOMEM;
}

void
load_tally_fini(struct load_tally *tally)
{
    free(tally->told);
    free(tally->ended);
    load_histogram_free(&tally->spare);
    for (size_t i = 0; i < LOAD_OPEN_SECONDS; i++)
        load_histogram_free(&tally->open[i]);
}

static double
requests_due(const struct load_tally *tally, double from_s, double to_s)
{
    /* The integral of a piecewise linear rate, by the trapezoids of a fine grid. */
    enum { STEPS = 200 };
    double sum = 0, step = (to_s - from_s) / STEPS;
    if (!tally->settings->open_loop)
        return 0;
    for (int i = 0; i < STEPS; i++)
        sum += load_plan_rate(&tally->settings->plan,
                              (int64_t) ((from_s + (i + 0.5) * step) * 1e9));
    return sum * step;
}

static void
finish_second(struct load_tally *tally)
{
    uint32_t index = tally->finished++;
    struct load_second *second = &tally->result->seconds[index];
    struct load_histogram *open = tally->open[index % LOAD_OPEN_SECONDS];
    double warmup = (double) tally->seconds.warmup_ns / 1e9;
    double end = (double) load_second_end(&tally->seconds, index) / 1e9;
    double from = index == 0 ? 0 : (double) load_second_end(&tally->seconds, index - 1) / 1e9;
    second->from_s = from - warmup;
    second->width_s = end - from;
    second->offered = requests_due(tally, from, end);
    second->p50_ns = load_histogram_percentile(open, 50);
    second->p99_ns = load_histogram_percentile(open, 99);
    second->max_ns = open->max;
    tally->result->seconds_done = tally->finished;
    load_histogram_reset(open);
    if (tally->settings->flags.progress)
        load_progress_print(stderr, second);
}

/* How many seconds every part has told of that will tell of more; without such a part, any. */
static uint32_t
complete(const struct load_tally *tally)
{
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < tally->parts; i++) {
        uint32_t told = tally->told[i];
        most = told > most ? told : most;
        least = told < least && !tally->ended[i] ? told : least;
    }
    return least < most ? least : most;
}

static void
finish_seconds(struct load_tally *tally)
{
    uint32_t end = complete(tally);
    while (tally->finished < end)
        finish_second(tally);
}

static void
make_room(struct load_tally *tally, uint32_t index)
{
    while (index >= tally->finished + LOAD_OPEN_SECONDS)
        finish_second(tally);
}

void
load_tally_second(struct load_tally *tally, const cy_msg *msg)
{
    struct load_msg_second head;
    load_histogram_reset(tally->spare);
    if (load_read_second(msg, &head, tally->spare) != 0 || head.part >= tally->parts ||
        head.index >= tally->seconds.count)
        return;
    struct load_second *second = &tally->result->seconds[head.index];
    second->completed += head.completed;
    second->late += head.late;
    second->dropped += head.dropped;
    second->errors += head.errors;
    second->faults += head.faults;
    make_room(tally, head.index);
    if (head.index >= tally->finished)
        load_histogram_merge(tally->open[head.index % LOAD_OPEN_SECONDS], tally->spare);
    tally->told[head.part] = head.index + 1;
    finish_seconds(tally);
}

void
load_tally_done(struct load_tally *tally, const cy_msg *msg)
{
    struct load_msg_done head;
    struct load_result *result = tally->result;
    load_histogram_reset(tally->spare);
    if (load_read_done(msg, &head, tally->spare, result->raw) != 0 || head.part >= tally->parts)
        return;
    struct load_core *core = &result->cores[head.part];
    result->readers = head.readers;
    core->counters = head.counters;
    core->connections = head.connections;
    core->busy = head.busy;
    core->fate = head.stopped != 0 ? LOAD_FATE_STOPPED : LOAD_FATE_DONE;
    core->p50_ns = load_histogram_percentile(tally->spare, 50);
    core->p99_ns = load_histogram_percentile(tally->spare, 99);
    core->max_ns = tally->spare->max;
    load_histogram_merge(result->corrected, tally->spare);
    load_counters_add(&result->total, &head.counters);
}

void
load_tally_end(struct load_tally *tally, uint32_t part)
{
    tally->ended[part] = true;
    finish_seconds(tally);
}
