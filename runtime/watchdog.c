/* watchdog.c - a core as its supervisor sees it. */
#include "watchdog.h"
#include "dump.h"
#include "symbol.h"
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>
#include <time.h>

#define PATIENCE   (250 * CY_MILLISECOND) /* for a thread to say what it does: at least */
#define MOTIONLESS CY_SECOND

int
cyi_watched_open(struct cyi_watched *watched, struct cyi_core *core)
{
    int rc = cyi_evidence_init(&watched->evidence);
    if (rc != 0)
        return rc;
    watched->core = core;
    core->evidence = &watched->evidence;
    return cyi_signal_stack_create(&watched->stack);
}

void
cyi_watched_close(struct cyi_watched *watched)
{
    watched->core->evidence = NULL;
    cyi_evidence_fini(&watched->evidence);
    cyi_signal_stack_free(&watched->stack);
}

void
cyi_watched_begin(struct cyi_watched *watched)
{
    cyi_signal_stack_enter(&watched->stack);
    watched->thread = pthread_self();
    /* W1: from now on it may be asked. */
    atomic_store_explicit(&watched->begun, true, memory_order_release);
}

void
cyi_watched_end(struct cyi_watched *watched)
{
    cyi_pulse_rest(&watched->core->pulse, true);
    cyi_signal_stack_leave(&watched->stack);
}

static bool
has_begun(const struct cyi_watched *watched)
{
    /* W1: see the thread. */
    return atomic_load_explicit(&watched->begun, memory_order_acquire);
}

/* Processor time of the thread, CY_FOREVER if it cannot be known. */
static cy_time
processor_time(const struct cyi_watched *watched)
{
    struct timespec used;
    clockid_t clock;
    if (pthread_getcpuclockid(watched->thread, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return CY_FOREVER;
    return (cy_time) used.tv_sec * CY_SECOND + used.tv_nsec;
}

/* How much of the time it ran: near 100 it computes, near 0 it blocks, or gets no processor. */
static int
processor_percent(const struct cyi_watched *watched, cy_time now)
{
    cy_time used = processor_time(watched);
    if (watched->cpu_at <= watched->suspect.since || now <= watched->cpu_at ||
        watched->cpu == CY_FOREVER || used == CY_FOREVER)
        return -1;
    return (int) ((used - watched->cpu) * 100 / (now - watched->cpu_at));
}

/* What a thread that is asked now does. False when it does not say. */
static bool
ask(struct cyi_watched *watched, cy_time until)
{
    struct cyi_os *os = watched->core->os;
    cy_time least = os->now(os) + PATIENCE;
    return has_begun(watched) &&
           cyi_evidence_ask(&watched->evidence, watched->thread, until > least ? until : least);
}

static void
report(struct cyi_watched *watched, enum cy_log_level level, const char *event, cy_time now,
       cy_time until)
{
    char frames[CY_LOG_VALUE_MAX] = "unknown";
    struct cyi_node *node = watched->core->node;
    struct cyi_evidence *evidence = &watched->evidence;
    struct cyi_suspect *suspect = &watched->suspect;
    struct cyi_log_origin origin = {watched->core->index, "unknown"};
    int percent = processor_percent(watched, now);
    if (ask(watched, until)) {
        origin.task = evidence->task[0] != '\0' ? evidence->task : "none";
        cyi_symbol_format(frames, sizeof frames, evidence->frames, evidence->count);
    }
    cyi_log_write(node->log, &origin, level, event,
                  "ms=%lld cpu_percent=%d unreported=%u frames=%s",
                  (long long) ((now - suspect->since) / CY_MILLISECOND), percent,
                  suspect->suppressed, frames);
    suspect->suppressed = 0;
}

bool
cyi_watched_look(struct cyi_watched *watched, cy_time now)
{
    struct cyi_pulse *pulse = &watched->core->pulse;
    cy_time limit = watched->core->node->options->stall_ns;
    /* W2: progress. */
    uint64_t beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    /* W2: or no need of it. */
    bool resting =
        !has_begun(watched) || atomic_load_explicit(&pulse->resting, memory_order_relaxed);
    int what = cyi_suspect_look(&watched->suspect, beats, resting, now,
                                limit == 0 ? CY_FOREVER : limit);
    bool busy = !resting || beats != watched->beats;
    watched->beats = beats;
    if (what == CYI_STALL_SAME && watched->cpu_at <= watched->suspect.since) {
        watched->cpu_at = now;
        watched->cpu = processor_time(watched);
    }
    if (what & CYI_STALL_COUNT) {
        /* W2: nobody else writes it. */
        atomic_fetch_add_explicit(&pulse->stalls, 1, memory_order_relaxed);
    }
    if (what & CYI_STALL_REPORT)
        report(watched, CY_LOG_WARN, "task.stall", now, now);
    return busy;
}

void
cyi_watched_report_stuck(struct cyi_watched *watched, cy_time now, cy_time until)
{
    report(watched, CY_LOG_ERROR, "shutdown.stuck", now, until);
}

bool
cyi_watched_motionless(const struct cyi_watched *watched, cy_time now)
{
    /* W2: it may rest because it has ended. */
    return !atomic_load_explicit(&watched->core->pulse.resting, memory_order_relaxed) &&
           now - watched->suspect.since >= MOTIONLESS;
}

void
cyi_watched_dump(struct cyi_watched *watched, cy_time now)
{
    char frames[2048] = "", text[2304];
    const char *task = "unknown";
    if (ask(watched, now)) {
        task = watched->evidence.task[0] != '\0' ? watched->evidence.task : "none";
        cyi_symbol_format(frames, sizeof frames, watched->evidence.frames,
                          watched->evidence.count);
    }
    int n =
        snprintf(text, sizeof text, "cycos: core %u %s hangs for %.3fs in task %s: %s\n",
                 watched->core->index, watched->core->name,
                 (double) (now - watched->suspect.since) / (double) CY_SECOND, task, frames);
    cyi_dump_write(text, (size_t) n < sizeof text ? (size_t) n : sizeof text - 1);
}
