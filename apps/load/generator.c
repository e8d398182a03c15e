/* generator.c - makes the load of one core: the pace of its lines. */
#include "generator.h"
#include "clock.h"
#include "line.h"
#include "messages.h"
#include "seconds.h"

#include <cycos/task.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Timers are good to some 0.1 ms: the last stretch before a request is due is passed by
 * yielding, so that the pace does not show up in the latencies.
 */
#define YIELD_NS (120 * CY_MICROSECOND)
#define POLL_NS  CY_MILLISECOND /* while all pipelines are full */
#define CLOSE_NS (2 * CY_SECOND)

struct generator {
    const struct load_order *order;
    const struct load_kind *kind;
    struct load_group group;
    struct load_schedule schedule;
    struct load_seconds seconds;
    uint32_t second;           /* the present one */
    struct load_counters last; /* at its beginning */
    int64_t start_ns;          /* of the run */
    double busy;               /* part of its time that the thread was on a CPU */
    uint32_t turn;             /* the line that is asked first */
    bool stop;
};

static int
set_up(struct generator *g)
{
    const struct load_order *order = g->order;
    g->group.settings = order->settings;
    g->group.place = order->place;
    g->group.closed_loop = !order->settings->open_loop;
    g->group.generator = cy_self();
    g->group.unready = order->count;
    int rc = load_recorder_init(&g->group.recorder, order->settings);
    return rc != 0 ? rc : g->kind->open(&g->group, order);
}

static int
wait_until_ready(struct generator *g)
{
    struct load_group *group = &g->group;
    while (group->unready > 0 && group->error == 0) {
        int rc = cy_suspend(CY_FOREVER);
        if (rc == -ECANCELED)
            return rc;
    }
    return group->error;
}

static void
take_start(struct generator *g, const cy_msg *msg)
{
    struct load_msg_start start;
    if (cy_msg_size(msg) != sizeof start)
        return;
    memcpy(&start, cy_msg_body(msg), sizeof start);
    g->start_ns = g->order->hired ? load_clock() + start.ahead_ns : start.start_ns;
}

/* Takes the messages that are there, or waits for one. */
static void
hear(struct generator *g, cy_time deadline)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, deadline);
    if (rc == -ECANCELED)
        g->stop = true;
    if (rc != 0)
        return;
    if (cy_msg_tag(msg) == LOAD_MSG_START)
        take_start(g, msg);
    if (cy_msg_tag(msg) == LOAD_MSG_STOP)
        g->stop = true;
    cy_msg_free(&msg);
}

static void
end_second(struct generator *g)
{
    struct load_recorder *recorder = &g->group.recorder;
    const struct load_counters *now = &recorder->counters, *then = &g->last;
    struct load_msg_second head = {
        .part = g->order->part,
        .index = g->second++,
        .completed = recorder->second->total,
        .late = now->late - then->late,
        .dropped = now->dropped - then->dropped,
        .errors = load_counters_errors(now) - load_counters_errors(then),
        .faults = load_faults_sum(&now->faults) - load_faults_sum(&then->faults),
    };
    int rc = load_send_second(g->order->coordinator, &head, recorder->second);
    (void) rc; /* a second that is not shown is still in the sums */
    load_histogram_reset(recorder->second);
    g->last = *now;
}

/* When the present second ends; the run is over after the last one. */
static int64_t
next_tick(const struct generator *g)
{
    return g->start_ns + load_second_end(&g->seconds, g->second);
}

static bool
running(struct generator *g, int64_t now)
{
    while (g->second < g->seconds.count && now >= next_tick(g))
        end_second(g);
    return g->second < g->seconds.count && !g->stop;
}

static void
run_closed_loop(struct generator *g)
{
    int64_t now = load_clock();
    for (uint32_t i = 0; i < g->order->count; i++)
        g->kind->top_up(&g->group, i, now);
    while (running(g, now)) {
        hear(g, cy_after(next_tick(g) - now));
        now = load_clock();
    }
}

/* Lets the next line in turn that has room make a request. */
static bool
request(struct generator *g, int64_t due)
{
    for (uint32_t i = 0; i < g->order->count; i++) {
        uint32_t line = g->turn;
        g->turn = line + 1 == g->order->count ? 0 : line + 1;
        if (g->kind->room(&g->group, line))
            return g->kind->request(&g->group, line, due) == 0;
    }
    return false;
}

static void
drop(struct generator *g, int64_t due)
{
    struct load_recorder *recorder = &g->group.recorder;
    recorder->counters.dropped += due >= recorder->from_ns && due < recorder->to_ns;
}

static int64_t
next_due(struct generator *g)
{
    int64_t next = load_schedule_next(&g->schedule);
    return next == INT64_MAX ? INT64_MAX : g->start_ns + next;
}

/* Sends what is due; returns when the next request is, or INT64_MAX when all are sent. */
static int64_t
send_due(struct generator *g, int64_t due, int64_t now)
{
    int64_t drop_after = g->order->settings->flags.drop_after_ns;
    while (due <= now) {
        if (!request(g, due)) {
            if (now - due <= drop_after) {
                g->group.generator_waits = true;
                break;
            }
            drop(g, due);
        }
        due = next_due(g);
    }
    return due;
}

static void
run_open_loop(struct generator *g)
{
    int64_t now = load_clock(), due = next_due(g);
    /* What is due before the end is sent even if that is late: it may not be left out. */
    while (running(g, now) || (due != INT64_MAX && !g->stop)) {
        due = send_due(g, due, now);
        int64_t tick = next_tick(g), wake = due < tick ? due : tick;
        if (g->group.generator_waits) {
            int rc = cy_suspend(cy_after(POLL_NS));
            (void) rc;
            g->group.generator_waits = false;
        } else if (wake - now > 2 * YIELD_NS) {
            hear(g, cy_after(wake - now - YIELD_NS));
        } else if (cy_yield() == -ECANCELED) {
            g->stop = true;
        }
        if (cy_mailbox_count() > 0)
            hear(g, CY_NOW);
        now = load_clock();
    }
}

static void
prepare(struct generator *g)
{
    const struct load_order *order = g->order;
    struct load_recorder *recorder = &g->group.recorder;
    recorder->from_ns = g->start_ns + g->seconds.warmup_ns;
    recorder->to_ns = g->start_ns + g->seconds.end_ns;
    load_histogram_reset(recorder->second);
    g->last = recorder->counters;
    load_schedule_init(&g->schedule, &order->settings->plan, order->part, order->parts);
    if (order->settings->poisson) {
        struct load_random random;
        load_random_seed(&random, order->settings->seed, UINT64_MAX - order->part);
        load_schedule_poisson(&g->schedule, &random);
    }
}

static void
run(struct generator *g)
{
    while (g->start_ns == 0 && !g->stop)
        hear(g, CY_FOREVER);
    if (g->stop)
        return;
    prepare(g);
    /* From here on the clock decides, as everywhere: the start is a few milliseconds ahead. */
    while (load_clock() < g->start_ns && cy_sleep(g->start_ns - load_clock()) == 0)
        continue;
    int64_t cpu = load_clock_thread();
    g->group.phase = LOAD_PHASE_RUNNING;
    if (g->order->settings->open_loop)
        run_open_loop(g);
    else
        run_closed_loop(g);
    g->busy = (double) (load_clock_thread() - cpu) / (double) (load_clock() - g->start_ns);
}

/* Awaits the replies that are on the way, as long as a reply may take, and gives up then. */
static int
drain(struct generator *g)
{
    int64_t limit = load_clock() + g->order->settings->flags.timeout_ns + CLOSE_NS;
    g->group.phase = LOAD_PHASE_DRAINING;
    for (uint32_t i = 0; i < g->order->count && g->group.lines != NULL; i++)
        g->kind->drain(&g->group, i);
    while (g->group.tasks > 0) {
        int64_t now = load_clock();
        int rc = cy_suspend(now < limit ? cy_after(limit - now) : cy_after(CLOSE_NS));
        if (rc == -ECANCELED)
            return rc;
        for (uint32_t i = 0; i < g->order->count && rc == -ETIMEDOUT; i++)
            g->kind->give_up(&g->group, i);
    }
    return 0;
}

static void
report(struct generator *g)
{
    struct load_msg_done head = {
        .part = g->order->part,
        .connections = g->order->count,
        .stopped = g->stop,
        .readers = g->group.place.recipient.readers,
        .busy = g->busy,
        .counters = g->group.recorder.counters,
    };
    int rc = load_send_done(g->order->coordinator, &head, g->group.recorder.corrected,
                            g->group.recorder.raw);
    (void) rc; /* the coordinator has given up, then */
}

static void
tell_ready(struct generator *g, int error)
{
    const struct load_msg_ready ready = {g->order->part, error};
    int rc = cy_send_bytes(g->order->coordinator, LOAD_MSG_READY, &ready, sizeof ready);
    (void) rc;
}

static void
tear_down(struct generator *g)
{
    g->kind->close(&g->group);
    load_recorder_fini(&g->group.recorder);
    free(g);
}

int
load_generate(void *arg)
{
    const struct load_order *order = arg;
    struct generator *g = calloc(1, sizeof *g);
    if (g == NULL)
        return -ENOMEM;
    g->order = order;
    g->seconds = load_seconds_of(order->settings);
    g->kind = load_kind_of(order->settings);
    int rc = set_up(g);
    if (rc != 0)
        g->group.error = rc;
    rc = wait_until_ready(g);
    tell_ready(g, rc);
    if (rc == 0)
        run(g);
    /* When the node is torn down the connections' tasks may outlive this one: let them be. */
    if (drain(g) == -ECANCELED)
        return -ECANCELED;
    report(g);
    tear_down(g);
    return 0;
}
