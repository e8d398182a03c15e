/*
 * supervisor.c - the thread that called cy_run(): signals, stalls, waiting for the end.
 *
 * Synchronisation:
 *   V1  supervisor.running  acq_rel; the last core to end wakes the supervisor
 *   V2  listener.stops, dumps, reloads, number  as row G1 of signals.h
 *   V3  node.phase, stop_at as rows N1 and N4 of node.c
 *   V4  pulse.resting, dumps  as rows P2 and P3 of pulse.h
 *   V5  node.dumps          as row N6 of node.c
 */
#include "supervisor.h"
#include "overflow.h"
#include "signals.h"
#include "watchdog.h"
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <cycos/impl/time.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_IDLE   (125 * CY_MILLISECOND) /* when all cores sleep */
#define TICK_UNUSED CY_SECOND              /* when nobody asks for stalls */
#define TICK_MIN    CY_MILLISECOND
#define DUMP_LATE   CY_SECOND        /* a core that has not dumped then is stuck */
#define STUCK       (2 * CY_SECOND)  /* beyond the grace, likewise */
#define STUCK_LAST  CY_SECOND        /* beyond the second that cancelled tasks have */
#define LAST_WORDS  (10 * CY_SECOND) /* for those that are stuck to say in what */

struct cyi_supervisor {
    struct cyi_node *node;
    int word; /* an eventfd: there is something to do */
    struct cyi_listener listener;
    bool listens;
    sigset_t before;          /* signals that the caller blocked */
    _Atomic uint32_t running; /* cores */
    bool stopping;
    uint32_t dumps_done, reloads_done;
    cy_time dump_late;  /* when to look who has not dumped; CY_FOREVER: not */
    cy_time flushed_at; /* the log */
    uint32_t count;
    struct cyi_watched cores[];
};

static void
wake(struct cyi_supervisor *s)
{
    uint64_t one = 1;
    /* Only a full counter refuses, and then it is awake anyway. */
    if (write(s->word, &one, sizeof one) < 0)
        return;
}

/* Not blocked here, whatever the caller's mask: this thread is the one that waits for them. */
static int
open_signals(struct cyi_supervisor *s)
{
    sigset_t set;
    s->word = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->word < 0)
        return -errno;
    if (!s->node->options->handle_signals)
        return 0;
    int rc = cyi_signals_join(&s->listener, s->word);
    if (rc != 0)
        return rc;
    s->listens = true;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &set, &s->before);
    return 0;
}

int
cyi_supervisor_open(struct cyi_node *node)
{
    struct cyi_supervisor *s = calloc(1, sizeof *s + node->core_count * sizeof s->cores[0]);
    if (s == NULL)
        return -ENOMEM;
    s->node = node;
    s->word = -1;
    s->dump_late = CY_FOREVER;
    s->count = node->core_count;
    /* V1: no core runs yet. */
    atomic_store_explicit(&s->running, node->core_count, memory_order_relaxed);
    node->supervisor = s;
    cyi_overflow_install();
    cyi_stall_install();
    int rc = open_signals(s);
    for (uint32_t i = 0; rc == 0 && i < s->count; i++)
        rc = cyi_watched_open(&s->cores[i], node->cores[i]);
    if (rc != 0)
        cyi_supervisor_close(node);
    return rc;
}

void
cyi_supervisor_close(struct cyi_node *node)
{
    struct cyi_supervisor *s = node->supervisor;
    if (s->listens) {
        pthread_sigmask(SIG_SETMASK, &s->before, NULL);
        cyi_signals_leave(&s->listener);
    }
    for (uint32_t i = 0; i < s->count && s->cores[i].core != NULL; i++)
        cyi_watched_close(&s->cores[i]);
    if (s->word >= 0)
        close(s->word);
    cyi_stall_restore();
    cyi_overflow_restore();
    free(s);
    node->supervisor = NULL;
}

void
cyi_supervisor_core_begins(struct cyi_core *core)
{
    cyi_watched_begin(&core->node->supervisor->cores[core->index]);
}

void
cyi_supervisor_core_ends(struct cyi_core *core)
{
    struct cyi_supervisor *s = core->node->supervisor;
    cyi_watched_end(&s->cores[core->index]);
    /* V1: the supervisor leaves after the last. */
    if (atomic_fetch_sub_explicit(&s->running, 1, memory_order_acq_rel) == 1)
        wake(s);
}

/* The grace is over, and a core has not even noticed: nothing but the end helps. */
static void
look_for_the_stuck(struct cyi_supervisor *s, cy_time now)
{
    /* V3: as the cores follow it. */
    int phase = atomic_load_explicit(&s->node->phase, memory_order_seq_cst);
    if (phase != CYI_PHASE_STOPPING && phase != CYI_PHASE_TERMINATE)
        return;
    /* V3: of that phase, or of a later one. */
    cy_time stop_at = atomic_load_explicit(&s->node->stop_at, memory_order_acquire);
    if (now < cyi_time_add(stop_at, phase == CYI_PHASE_STOPPING ? STUCK : STUCK_LAST))
        return;
    /* Nothing is left to be looked after, so a thread that gets no processor is waited for. */
    cy_time until = now + LAST_WORDS;
    bool stuck = false;
    for (uint32_t i = 0; i < s->count; i++) {
        if (!cyi_watched_motionless(&s->cores[i], now))
            continue;
        cyi_watched_report_stuck(&s->cores[i], now, until);
        stuck = true;
    }
    if (stuck)
        _exit(CY_EXIT_INCOMPLETE);
}

static void
look_for_missing_dumps(struct cyi_supervisor *s, cy_time now)
{
    if (now < s->dump_late)
        return;
    s->dump_late = CY_FOREVER;
    /* V5: only this thread raises it, in a real node. */
    uint32_t wanted = atomic_load_explicit(&s->node->dumps, memory_order_relaxed);
    for (uint32_t i = 0; i < s->count; i++) {
        struct cyi_pulse *pulse = &s->cores[i].core->pulse;
        /* V4: while it prints, it rests. */
        bool resting = atomic_load_explicit(&pulse->resting, memory_order_relaxed);
        /* V4: it may just be about to. */
        uint32_t done = atomic_load_explicit(&pulse->dumps, memory_order_relaxed);
        if (done != wanted && !resting)
            cyi_watched_dump(&s->cores[i], now);
    }
}

/* Files have changed, or a terminal was closed, which ends no server. */
static void
reload(struct cyi_supervisor *s)
{
    struct cyi_node *node = s->node;
    const struct cyi_network *network = node->options->network;
    /* V2: as the others. */
    uint32_t reloads = atomic_load_explicit(&s->listener.reloads, memory_order_relaxed);
    if (reloads == s->reloads_done)
        return;
    s->reloads_done = reloads;
    cyi_log_write(node->log, NULL, CY_LOG_INFO, "node.reload", "signal=%d", SIGHUP);
    if (network != NULL && network->reload != NULL)
        network->reload(node);
}

static void
act_on_signals(struct cyi_supervisor *s, cy_time now)
{
    struct cyi_node *node = s->node;
    /* V2: after the word. */
    uint32_t stops = atomic_load_explicit(&s->listener.stops, memory_order_relaxed);
    /* V2: likewise. */
    int number = atomic_load_explicit(&s->listener.number, memory_order_relaxed);
    /* V2: likewise. */
    uint32_t dumps = atomic_load_explicit(&s->listener.dumps, memory_order_relaxed);
    if (dumps != s->dumps_done) {
        s->dumps_done = dumps;
        s->dump_late = now + DUMP_LATE;
        cyi_node_request_dump(node);
    }
    reload(s);
    if (stops > 1) {
        cyi_log_write(node->log, NULL, CY_LOG_ERROR, "node.killed", "signal=%d", number);
        _exit(128 + number);
    }
    if (stops == 1 && !s->stopping) {
        s->stopping = true;
        cyi_log_write(node->log, NULL, CY_LOG_INFO, "node.stopping", "signal=%d", number);
        cyi_node_stop(node, node->options->shutdown_grace_ns);
    }
}

/* Look after everything; when to look again. */
static cy_time
tick(struct cyi_supervisor *s, cy_time now)
{
    const struct cyi_node *node = s->node;
    cy_time limit = node->options->stall_ns;
    bool busy = false;
    for (uint32_t i = 0; i < s->count; i++)
        busy |= cyi_watched_look(&s->cores[i], now);
    look_for_missing_dumps(s, now);
    look_for_the_stuck(s, now);
    if (now - s->flushed_at >= CY_SECOND) {
        s->flushed_at = now;
        cyi_log_flush(node->log);
    }
    if (limit != 0 && busy)
        return now + (limit / 2 > TICK_MIN ? limit / 2 : TICK_MIN);
    bool watching = limit != 0 || s->dump_late != CY_FOREVER || cyi_node_stopping(node);
    return now + (watching ? TICK_IDLE : TICK_UNUSED);
}

static void
wait_until(struct cyi_supervisor *s, cy_time deadline, cy_time now)
{
    struct pollfd fds[] = {{.fd = s->word, .events = POLLIN},
                           {.fd = s->listener.source, .events = POLLIN}};
    cy_time left = cyi_time_until(deadline, now);
    struct timespec timeout = {.tv_sec = left / CY_SECOND, .tv_nsec = left % CY_SECOND};
    uint64_t words;
    if (ppoll(fds, s->listens ? 2 : 1, &timeout, NULL) <= 0)
        return;
    if (s->listens)
        cyi_signals_read(&s->listener);
    if (read(s->word, &words, sizeof words) < 0)
        return; /* nobody has said anything */
}

void
cyi_supervisor_run(struct cyi_node *node)
{
    struct cyi_supervisor *s = node->supervisor;
    struct cyi_os *os = node->os;
    cy_time next = CY_NOW;
    /* V1: what the cores did is visible, though they are joined yet. */
    while (atomic_load_explicit(&s->running, memory_order_acquire) != 0) {
        cy_time now = os->now(os);
        if (now >= next)
            next = tick(s, now);
        wait_until(s, next, now);
        act_on_signals(s, now);
    }
}
