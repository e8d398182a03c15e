/*
 * loop.c - a core's loop: one turn after another.
 *
 * A turn takes what other cores posted, fires timers, hands on readiness, runs ready tasks,
 * and moves what could not be posted before. A core with nothing to do spins for a while, in
 * the hope of being spared the cost of sleeping and being woken; then it sleeps in its
 * reactor until the next timer, an event, or a word from another core.
 */
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/io.h>
#include <cycos/impl/node.h>
#include <cycos/impl/rcu.h>
#include <cycos/impl/router.h>
#include <cycos/impl/time.h>

enum {
    EVENTS_MAX = 64,
    IO_TURNS = 4,            /* busy turns between two looks at the sockets */
    CLOCK_TURNS = 16,        /* busy turns between two looks at the clock, without timers */
    SPIN_POLLS = 16,         /* looks at the inbox between two idle turns */
    VAIN_MAX = 16,           /* one look of so many is made although the last was in vain */
    OUTBOX_WAIT = 50 * 1000, /* ns to sleep while somebody's ring is full */
};

static void
read_clock(struct cyi_core *core)
{
    core->sched.now = core->os->now(core->os);
}

static uint32_t
fire_timers(struct cyi_core *core)
{
    struct cyi_timer *timer;
    uint32_t n = 0;
    while ((timer = cyi_wheel_expire(&core->wheel, core->sched.now)) != NULL) {
        cyi_wake(core, cyi_container_of(timer, struct cyi_task, timer), -ETIMEDOUT);
        n++;
    }
    core->counters.timers_fired += n;
    return n;
}

static uint32_t
look_at_sockets(struct cyi_core *core, cy_time timeout)
{
    struct cyi_ready events[EVENTS_MAX];
    int n = core->os->reactor->wait(core->reactor, events, EVENTS_MAX, timeout);
    if (n <= 0)
        return 0;
    core->counters.io_events += (uint64_t) n;
    cyi_io_ready(core, events, n);
    return (uint32_t) n;
}

/*
 * With nothing else to do. A core that never spins sleeps next, and the sleep looks too: then
 * a look pays only where it finds something, which spares the ado around a sleep. Two
 * processes on one CPU, each of which sleeps for every message, would make each look in vain.
 */
static uint32_t
look_before_sleep(struct cyi_core *core)
{
    struct cyi_sched *sched = &core->sched;
    bool sleeps = core->node->options->spin_ns == 0 && !core->os->simulated;
    if (sleeps && sched->vain > 0 && sched->vain < VAIN_MAX) {
        sched->vain++;
        return 0;
    }
    uint32_t n = look_at_sockets(core, 0);
    sched->vain = n == 0 ? 1 : 0;
    return n;
}

/* A hint to the processor that we only wait. */
#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("isb" ::: "memory")
#else
#define PAUSE() (void) 0
#endif

static void
spin(struct cyi_core *core)
{
    for (int i = 0; i < SPIN_POLLS; i++) {
        if (cyi_inbox_pending(core))
            return;
        PAUSE();
    }
}

static cy_time
sleep_time(struct cyi_core *core, cy_time look)
{
    cy_time next = cyi_wheel_next(&core->wheel);
    cy_time until = cyi_time_until(next < look ? next : look, core->sched.now);
    if (core->inbox->waiting != 0 && until > OUTBOX_WAIT)
        until = OUTBOX_WAIT;
    return until;
}

/* While nothing is to be done; the clock was read just now. A busy turn pays nothing for it. */
static void
count_idle(struct cyi_core *core)
{
    struct cyi_sched *sched = &core->sched;
    core->counters.idle_ns += (uint64_t) (sched->now - sched->idle_seen);
    sched->idle_seen = sched->now;
}

static void
idle(struct cyi_core *core, cy_time look)
{
    struct cyi_sched *sched = &core->sched;
    read_clock(core);
    if (sched->idle_since == 0)
        sched->idle_since = sched->idle_seen = sched->now;
    count_idle(core);
    if (!core->os->simulated && sched->now - sched->idle_since < core->node->options->spin_ns) {
        spin(core);
        return;
    }
    cy_time trim = cyi_stacks_trim(&core->stacks, sched->now);
    cy_time timeout = sleep_time(core, trim < look ? trim : look);
    if (timeout <= 0)
        return;
    if (!cyi_inbox_sleep(core))
        return;
    core->counters.sleeps++;
    cyi_rcu_offline();
    cyi_pulse_rest(&core->pulse, true);
    look_at_sockets(core, timeout);
    cyi_pulse_rest(&core->pulse, false);
    cyi_rcu_online();
}

static void
awake(struct cyi_core *core)
{
    cyi_inbox_awake(core);
    read_clock(core);
    count_idle(core);
}

bool
cyi_core_turn(struct cyi_core *core)
{
    uint64_t turn = core->counters.turns++;
    cyi_pulse_beat(&core->pulse);
    if (core->asleep)
        awake(core);
    bool timers = cyi_wheel_count(&core->wheel) != 0;
    if (timers || turn % CLOCK_TURNS == 0)
        read_clock(core);
    uint32_t work = cyi_inbox_poll(core);
    cy_time look = cyi_node_follow(core);
    if (timers)
        work += fire_timers(core);
    bool nothing_yet = work == 0 && core->sched.first == NULL;
    if (core->io != NULL && nothing_yet)
        work += look_before_sleep(core);
    else if (core->io != NULL && turn % IO_TURNS == 0)
        work += look_at_sockets(core, 0);
    work += cyi_sched_run(core);
    if (core->net != NULL)
        core->node->options->network->flush(core);
    cyi_inbox_flush(core);
    cyi_rcu_quiescent();
    if (work != 0) {
        core->sched.idle_since = 0;
        return true;
    }
    idle(core, look);
    return false;
}
