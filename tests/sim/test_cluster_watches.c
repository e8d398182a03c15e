/*
 * test_cluster_watches.c - monitors, joins, notices and terminations between nodes that fail.
 *
 * Tasks (victims) come and go on all nodes; watchers of other nodes watch them in all ways.
 * Each monitor tells of the end exactly once and says how it was; node down is said only of a
 * node that went down, or that one side has declared dead.
 */
#include "ledger.h"

#include <cycos/task.h>
#include <stdlib.h>
#include <string.h>

enum { VICTIMS = 400, WATCHERS = 128, TAG_STOP = 11 };

struct victim {
    cy_ref ref;
    uint32_t instance;
    int code;      /* by which it ends */
    bool immortal; /* until it is terminated */
    bool joinable; /* its end is known until somebody has joined */
    bool ended;
    bool condemned; /* somebody has asked to terminate it */
};

struct watcher {
    cy_ref ref;
    uint32_t instance;
    uint8_t monitors[VICTIMS], ends[VICTIMS]; /* asked for, and told */
    uint8_t notices[VICTIMS];                 /* promised by victims */
    bool down[VICTIMS];                       /* it was said that its node is down */
};

struct state {
    struct ledger ledger;
    struct victim victims[VICTIMS];
    struct watcher watchers[WATCHERS];
    uint32_t victim_count, watcher_count;
    uint64_t joins, terminations, downs;
};

static struct {
    uint64_t joins, terminations, downs;
} sums;

static struct state *
state(void)
{
    return world.state;
}

static struct ledger_instance *
instance(uint32_t number)
{
    return &ledger()->instances[number];
}

static bool
sending(void)
{
    return cyi_sim_now(world.sim) < ledger()->plan.stop_at;
}

/* Victims. */

static void
promise_notice(uint32_t me)
{
    uint32_t to = draw(state()->watcher_count + 1);
    if (to == state()->watcher_count || cy_ref_is_nobody(state()->watchers[to].ref))
        return;
    int rc = cy_notify(state()->watchers[to].ref);
    EXPECT(rc == 0 || rc == -ESRCH || rc == CY_ENOPEER);
    if (rc == 0)
        state()->watchers[to].notices[me]++;
}

static void
leave_value(uint32_t me)
{
    cy_msg *value;
    uint8_t bytes[100];
    memset(bytes, (int) (me & 0xff), sizeof bytes);
    EXPECT_EQ(cy_msg_copy(&value, 0, bytes, me % (uint32_t) sizeof bytes), 0);
    EXPECT_EQ(cy_exit_value(&value), 0);
}

static int
victim(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    struct victim *self = &state()->victims[me];
    self->ref = cy_self();
    leave_value(me);
    if (one_in(3))
        promise_notice(me);
    int rc = cy_sleep(self->immortal ? CY_HOUR : draw_time(5 * CY_SECOND));
    EXPECT(rc == 0 || self->condemned || !sending());
    self->ended = true;
    return self->code;
}

static void
spawn_victim(const struct ledger_instance *self)
{
    if (state()->victim_count == VICTIMS)
        return;
    uint32_t number = state()->victim_count++;
    struct victim *new = &state()->victims[number];
    struct cy_task_options options = {.joinable = one_in(2)};
    new->instance = (uint32_t) (self - ledger()->instances);
    new->code = one_in(2) ? 0 : 1 + (int) draw(100);
    new->joinable = options.joinable;
    new->immortal = one_in(4);
    EXPECT_EQ(cy_task_spawn_on(NULL, (uint16_t) draw(cy_core_count()), victim,
                               (void *) (uintptr_t) number, &options),
              0);
}

/* Watchers. */

static void
check_value(uint32_t number, const struct cy_exit *exit)
{
    const uint8_t *bytes = exit->value;
    EXPECT_EQ(exit->value_bytes, number % 100);
    for (size_t i = 0; i < exit->value_bytes; i++)
        EXPECT_EQ(bytes[i], (uint8_t) number);
}

static void
check_exit(struct watcher *me, uint32_t number, const struct cy_exit *exit)
{
    const struct victim *dead = &state()->victims[number];
    switch (exit->reason) {
    case CY_EXIT_NODE_DOWN:
        EXPECT_EQ(exit->code, CY_ENOPEER);
        me->down[number] = true; /* whether rightly so shows at the end */
        state()->downs++;
        return;
    case CY_EXIT_NO_TASK:
        EXPECT(dead->ended);
        EXPECT_EQ(exit->code, -ESRCH);
        return;
    case CY_EXIT_TERMINATED:
        EXPECT(dead->condemned || !sending());
        break;
    default:
        EXPECT_EQ(exit->reason, dead->code == 0 ? CY_EXIT_NORMAL : CY_EXIT_ERROR);
        EXPECT_EQ(exit->code, dead->code);
    }
    EXPECT(dead->ended);
    check_value(number, exit);
}

static uint32_t
victim_of(cy_ref ref)
{
    uint32_t i = 0;
    while (i < state()->victim_count && !cy_ref_equal(state()->victims[i].ref, ref))
        i++;
    return i;
}

static void
take_exit(struct watcher *me, const cy_msg *msg)
{
    struct cy_exit exit;
    EXPECT_EQ(cy_exit_read(&exit, msg), 0);
    uint32_t number = victim_of(exit.task);
    EXPECT(number < state()->victim_count);
    if (number == state()->victim_count)
        return;
    note((uint64_t) exit.reason << 32 | number);
    check_exit(me, number, &exit);
    me->ends[number]++;
}

static int
hear_for(struct watcher *me, cy_time duration)
{
    cy_time until = cy_after(duration);
    cy_msg *msg;
    int rc;
    while ((rc = cy_receive(&msg, until)) == 0) {
        take_exit(me, msg);
        cy_msg_free(&msg);
    }
    return rc == -ETIMEDOUT ? 0 : rc;
}

static void
monitor(struct watcher *me, uint32_t number)
{
    int rc = cy_monitor(state()->victims[number].ref);
    EXPECT(rc == 0 || rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER);
    if (rc == 0)
        me->monitors[number]++;
}

static void
join(struct watcher *me, uint32_t number)
{
    struct cy_exit exit;
    cy_msg *msg;
    int rc = cy_join(&msg, state()->victims[number].ref, cy_after(draw_time(3 * CY_SECOND)));
    EXPECT(rc == 0 || rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER || rc == -ETIMEDOUT ||
           rc == -ECANCELED);
    if (rc == -ESRCH)
        EXPECT(state()->victims[number].ended ||
               instance(state()->victims[number].instance)->crashed);
    if (rc != 0)
        return;
    state()->joins++;
    EXPECT_EQ(cy_exit_read(&exit, msg), 0);
    EXPECT(exit.reason != CY_EXIT_NODE_DOWN && exit.reason != CY_EXIT_NO_TASK);
    check_exit(me, number, &exit);
    cy_msg_free(&msg);
}

static void
condemn(uint32_t number)
{
    struct victim *poor = &state()->victims[number];
    bool before = poor->condemned;
    poor->condemned = true; /* it may hear of it before we know */
    int rc = cy_terminate(poor->ref);
    EXPECT(rc == 0 || rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER);
    state()->terminations += rc == 0;
    poor->condemned = before || rc == 0;
}

static void
act(struct watcher *me)
{
    uint32_t number = draw(state()->victim_count);
    const struct victim *chosen = &state()->victims[number];
    if (chosen->instance == me->instance || cy_ref_is_nobody(chosen->ref) ||
        me->monitors[number] > 100)
        return;
    switch (draw(8)) {
    case 0:
        condemn(number);
        break;
    case 1:
        join(me, number);
        break;
    default:
        monitor(me, number);
    }
}

/* Whoever lives for ever and is watched from here. */
static void
condemn_the_rest(const struct watcher *me)
{
    for (uint32_t i = 0; i < state()->victim_count; i++) {
        const struct victim *v = &state()->victims[i];
        if (v->instance != me->instance && !v->ended && !cy_ref_is_nobody(v->ref) &&
            !instance(v->instance)->crashed)
            condemn(i);
    }
}

static int
watch(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg;
    struct watcher *me = &state()->watchers[number];
    const struct ledger_plan *plan = &ledger()->plan;
    cy_time sentence = plan->stop_at + 10 * CY_SECOND;
    me->ref = cy_self();
    while (sending() && world.complaint[0] == '\0') {
        if (state()->victim_count > 0)
            act(me);
        if (hear_for(me, draw_between(1, 200) * CY_MILLISECOND) != 0)
            return 0;
    }
    while (cyi_sim_now(world.sim) < plan->end_at && hear_for(me, CY_SECOND) == 0) {
        if (cyi_sim_now(world.sim) > sentence)
            condemn_the_rest(me);
    }
    return 0;
}

static int
people(void *arg)
{
    struct ledger_instance *self = arg;
    uint32_t watchers = draw_between(1, 2);
    for (uint32_t i = 0; i < watchers && state()->watcher_count < WATCHERS; i++) {
        uint32_t number = state()->watcher_count++;
        state()->watchers[number].instance = (uint32_t) (self - ledger()->instances);
        EXPECT_EQ(cy_task_spawn_on(NULL, (uint16_t) draw(cy_core_count()), watch,
                                   (void *) (uintptr_t) number, NULL),
                  0);
    }
    while (sending() && cy_sleep(draw_between(1, 1000) * CY_MILLISECOND) == 0)
        spawn_victim(self);
    return 0;
}

static void
prepare(void)
{
    ledger_prepare(2, 4);
    struct ledger_plan *plan = &ledger()->plan;
    plan->parties = draw(2);
    plan->companion = people;
    plan->messages = 20;
    plan->stop_at = 7 * CY_SECOND;
    plan->end_at = 30 * CY_SECOND;
    world.sim_options.jump_chance = 0;
    world.sim_options.may_crash = true;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    if (one_in(3))
        world.swarm.kinds = 0;
    world.swarm.end = plan->stop_at;
    world.swarm.every_max = 8 * CY_SECOND + draw_time(60 * CY_SECOND);
    world.swarm.lasts_max = 10 * CY_SECOND;
}

static void
check_watcher(const struct watcher *me)
{
    const struct ledger_instance *here = instance(me->instance);
    for (uint32_t i = 0; i < state()->victim_count && !here->crashed; i++) {
        const struct victim *v = &state()->victims[i];
        const struct ledger_instance *there = instance(v->instance);
        bool parted = ledger_parted(here, there) || here->lost > 0 || there->lost > 0;
        EXPECT(v->ended || there->crashed);
        EXPECT(!me->down[i] || parted);
        EXPECT(me->ends[i] >= me->monitors[i]);
        EXPECT(me->ends[i] <= me->monitors[i] + me->notices[i]);
        if (!parted)
            EXPECT_EQ(me->ends[i], me->monitors[i] + me->notices[i]);
    }
}

static void
check(void)
{
    ledger_check();
    for (uint32_t i = 0; i < state()->watcher_count; i++)
        check_watcher(&state()->watchers[i]);
    sums.joins += state()->joins;
    sums.terminations += state()->terminations;
    sums.downs += state()->downs;
}

static void
each_watch_ends_once_and_says_the_truth(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, ledger_main,
                                                 check};
    seeds_run(&program, 1000);
    ledger_print("watches");
    if (getenv("CY_TEST_VERBOSE") != NULL)
        printf("joins %llu, terminations %llu, nodes down %llu\n",
               (unsigned long long) sums.joins, (unsigned long long) sums.terminations,
               (unsigned long long) sums.downs);
}

CY_TEST_MAIN("sim.cluster_watches", CY_TEST(each_watch_ends_once_and_says_the_truth))
