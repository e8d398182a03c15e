#include "seeds.h"

#include <string.h>

/*
 * Actors spawn, watch, join, terminate and message each other, and end at any moment.
 * Watchers are never terminated: they get exactly one exit message per successful monitor,
 * with the truth in it, after all that the actor sent. Joiners join each child once.
 */

/* The ids: watchers, joiners, the main task, actors. */
enum { WATCHERS = 4, JOINERS = 3, MAIN = WATCHERS + JOINERS, SERVICES = MAIN + 1 };
enum { ACTORS = 150, IDS = SERVICES + ACTORS, DEFERS = 3, TAG_DATA = 1 };

struct actor {
    cy_ref ref;
    bool begun, finished, cancelled, handler, private; /* its spawner alone joins it */
    int code;
    uint32_t value, deferred;
    uint64_t sent[WATCHERS], came[WATCHERS];
    uint8_t expected[IDS]; /* exit messages of others, to us */
};

struct state {
    struct actor actors[IDS];
    uint32_t ids, actors_max;
    bool lossless, done;
};

static struct state *
state(void)
{
    return world.state;
}

static struct actor *
actor_at(uint32_t id)
{
    return &state()->actors[id];
}

static void
prepare(void)
{
    state()->actors_max = draw_between(1, ACTORS);
    if (one_in(4))
        world.sim_options.no_memory_chance = draw_scarcity();
    if (one_in(4))
        world.options[0].tasks_max = draw_between(16, 40);
    state()->lossless = world.sim_options.no_memory_chance == 0;
}

static uint32_t
id_of(cy_ref ref)
{
    uint32_t id = 0;
    while (id < state()->ids && !cy_ref_equal(actor_at(id)->ref, ref))
        id++;
    return id;
}

static uint32_t
draw_id(void)
{
    return draw(state()->ids);
}

/* What an exit message says against what we know. */
static void
check_exit(const struct cy_exit *exit, uint32_t id)
{
    const struct actor *it = actor_at(id);
    note((uint64_t) exit->reason << 32 | id);
    if (exit->reason == CY_EXIT_NO_TASK) {
        EXPECT(exit->code == -ESRCH || (exit->code == -ENOMEM && !state()->lossless));
        EXPECT(exit->code != -ESRCH || it->finished || it->handler);
        return;
    }
    EXPECT(it->finished || it->handler);
    if (!it->begun) {
        EXPECT_EQ(exit->reason, CY_EXIT_TERMINATED);
        return;
    }
    enum cy_exit_reason reason = it->cancelled   ? CY_EXIT_TERMINATED
                                 : it->code != 0 ? CY_EXIT_ERROR
                                                 : CY_EXIT_NORMAL;
    EXPECT_EQ(exit->reason, reason);
    EXPECT_EQ(exit->code, it->code);
    EXPECT_EQ(exit->value_bytes, it->value != 0 ? sizeof it->value : 0);
    if (exit->value != NULL)
        EXPECT_EQ(memcmp(exit->value, &it->value, sizeof it->value), 0);
}

static void
take_exit(uint32_t me, const cy_msg *msg)
{
    struct cy_exit exit;
    EXPECT_EQ(cy_exit_read(&exit, msg), 0);
    uint32_t id = id_of(exit.task);
    EXPECT(id < state()->ids);
    if (id == state()->ids)
        return;
    EXPECT(actor_at(me)->expected[id] > 0);
    actor_at(me)->expected[id]--;
    check_exit(&exit, id);
    if (me < WATCHERS && exit.reason != CY_EXIT_NO_TASK && state()->lossless)
        EXPECT_EQ(actor_at(id)->came[me], actor_at(id)->sent[me]);
}

static void
take(uint32_t me, cy_msg **msg)
{
    if (cy_msg_tag(*msg) == CY_TAG_EXIT) {
        take_exit(me, *msg);
    } else {
        uint64_t sequence;
        uint32_t from = id_of(cy_msg_sender(*msg));
        EXPECT(from < state()->ids);
        memcpy(&sequence, cy_msg_body(*msg), sizeof sequence);
        if (me < WATCHERS && from < state()->ids) {
            EXPECT(sequence > actor_at(from)->came[me]);
            actor_at(from)->came[me] = sequence;
        }
    }
    cy_msg_free(msg);
}

static int
receive(uint32_t me, cy_time deadline)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, deadline);
    if (rc == 0)
        take(me, &msg);
    return rc;
}

static int
monitor(uint32_t me, uint32_t whom)
{
    if (actor_at(me)->expected[whom] == UINT8_MAX || cy_ref_is_nobody(actor_at(whom)->ref))
        return 0;
    /* For a task that is gone it comes at once, so count it first. */
    actor_at(me)->expected[whom]++;
    int rc = cy_monitor(actor_at(whom)->ref);
    if (rc != 0)
        actor_at(me)->expected[whom]--;
    return rc;
}

static int
notify(uint32_t me, uint32_t whom)
{
    if (actor_at(whom)->expected[me] == UINT8_MAX || cy_ref_is_nobody(actor_at(whom)->ref))
        return 0;
    int rc = cy_notify(actor_at(whom)->ref);
    if (rc == 0)
        actor_at(whom)->expected[me]++;
    return rc;
}

static int
join(uint32_t whom, cy_time deadline)
{
    struct cy_exit exit;
    cy_msg *msg = NULL;
    int rc = cy_join(&msg, actor_at(whom)->ref, deadline);
    EXPECT((rc == 0) == (msg != NULL));
    if (rc == 0) {
        EXPECT_EQ(cy_exit_read(&exit, msg), 0);
        EXPECT(cy_ref_equal(exit.task, actor_at(whom)->ref));
        check_exit(&exit, whom);
        cy_msg_free(&msg);
    }
    return rc;
}

static int
send_data(uint32_t me, uint32_t whom)
{
    uint64_t *sent = whom < WATCHERS ? &actor_at(me)->sent[whom] : NULL;
    uint64_t sequence = sent != NULL ? *sent + 1 : 0;
    if (cy_ref_is_nobody(actor_at(whom)->ref))
        return 0;
    int rc = cy_send_bytes(actor_at(whom)->ref, TAG_DATA, &sequence, sizeof sequence);
    if (rc == 0 && sent != NULL)
        ++*sent;
    return rc;
}

static int actor(void *arg);
static void reactor(void *arg, cy_msg **msg);

/* The new actor's id; ACTORS and the rest of the table set the limit: 0 when there is none. */
static uint32_t
spawn(uint32_t me, bool joinable, bool handler)
{
    uint32_t id = state()->ids;
    struct cy_task_options options = {.joinable = joinable, .monitor = one_in(3)};
    if (id == IDS || id >= SERVICES + state()->actors_max)
        return 0;
    state()->ids++;
    options.name = one_in(3) ? "some name" : NULL;
    options.stack_bytes = one_in(3) ? 16384 : 0;
    actor_at(me)->expected[id] += options.monitor;
    actor_at(id)->handler = handler;
    actor_at(id)->private = me >= WATCHERS && me < MAIN;
    void *arg = (void *) (uintptr_t) id;
    uint16_t on = one_in(2) ? CY_CORE_HERE : (uint16_t) draw(cy_core_count());
    cy_ref ref;
    int rc = handler ? cy_handler_spawn_on(&ref, on, reactor, arg, &options)
                     : cy_task_spawn_on(&ref, on, actor, arg, &options);
    EXPECT(rc == 0 || rc == -EAGAIN || rc == -ECANCELED ||
           (rc == -ENOMEM && !state()->lossless));
    if (rc == 0) {
        actor_at(id)->ref = ref;
        return id;
    }
    EXPECT(!actor_at(id)->begun);
    actor_at(me)->expected[id] -= options.monitor;
    return 0;
}

static int
set_value(uint32_t me)
{
    cy_msg *msg;
    uint32_t value = me << 8 | (draw(255) + 1);
    if (cy_msg_copy(&msg, TAG_DATA, &value, sizeof value) != 0)
        return 0;
    int rc = cy_exit_value(&msg);
    if (rc == 0)
        actor_at(me)->value = value;
    cy_msg_free(&msg);
    return 0;
}

/* One thing an actor may do. -ECANCELED: it was terminated. */
static int
act(uint32_t me)
{
    uint32_t whom = draw_id();
    switch (draw(14)) {
    case 0:
    case 1:
        return spawn(me, one_in(4), one_in(3)), 0;
    case 2:
        return monitor(me, whom);
    case 3:
        return notify(me, whom);
    case 4:
        return whom == me || actor_at(whom)->private
                   ? 0
                   : join(whom, cy_after(draw_time(20 * CY_MILLISECOND)));
    case 5:
        return whom < SERVICES ? 0 : cy_terminate(actor_at(whom)->ref);
    case 6:
        return cy_yield();
    case 7:
        return cy_sleep(draw_time(10 * CY_MILLISECOND));
    case 8:
        return set_value(me);
    case 9:
    case 10:
        return send_data(me, one_in(2) ? draw(WATCHERS) : whom);
    default:
        return receive(me, cy_after(draw_time(10 * CY_MILLISECOND)));
    }
}

static void
clean_up(void *arg)
{
    uint32_t place = (uint32_t) (uintptr_t) arg;
    struct actor *me = actor_at(place / DEFERS);
    EXPECT_EQ(me->deferred, place % DEFERS + 1);
    me->deferred--;
    EXPECT_EQ(cy_sleep(1) == -ECANCELED || one_in(2), true);
}

static void
begin(uint32_t me)
{
    struct actor *self = actor_at(me);
    EXPECT(!self->finished);
    self->ref = cy_self();
    self->begun = true;
}

static void
finish(uint32_t me, int code)
{
    struct actor *self = actor_at(me);
    self->code = code;
    self->cancelled = cyi_self->sched.current->flags & CYI_TASK_CANCELLED;
    self->finished = true;
}

static int
actor(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    begin(me);
    for (uint32_t i = draw(DEFERS + 1), d = 0; i > 0; i--, d++) {
        if (cy_defer(clean_up, (void *) (uintptr_t) (me * DEFERS + d)) != 0)
            break;
        actor_at(me)->deferred++;
    }
    for (uint32_t left = draw(20); left > 0; left--) {
        if (act(me) == -ECANCELED && one_in(2))
            break;
    }
    finish(me, one_in(2) ? 0 : (int) draw_between(1, 100));
    return actor_at(me)->code;
}

static void
reactor(void *arg, cy_msg **msg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    if (!actor_at(me)->begun)
        begin(me);
    take(me, msg);
    act(me);
    if (one_in(5)) {
        finish(me, (int) draw(2));
        cy_handler_exit(actor_at(me)->code);
    } else {
        actor_at(me)->cancelled = true; /* how else could it end? */
    }
}

static int
watcher(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    const uint8_t *expected = actor_at(me)->expected;
    begin(me);
    while (!state()->done) {
        if (one_in(2))
            monitor(me, draw_id());
        receive(me, cy_after(draw_time(10 * CY_MILLISECOND)));
    }
    for (uint32_t id = SERVICES; id < state()->ids; id++) {
        while (expected[id] != 0)
            EXPECT_EQ(receive(me, CY_FOREVER), 0);
    }
    cy_sleep(100 * CY_MILLISECOND);
    while (receive(me, CY_NOW) == 0)
        continue;
    finish(me, 0);
    return 0;
}

static int
joiner(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    begin(me);
    while (!state()->done) {
        uint32_t child = spawn(me, true, one_in(4));
        if (one_in(2))
            cy_sleep(draw_time(20 * CY_MILLISECOND));
        if (child == 0)
            continue;
        /* A join that gives up loses nothing: the next one gets the result. */
        bool impatient = one_in(2);
        int rc;
        do
            rc = join(child, impatient ? cy_after(draw_time(5 * CY_MILLISECOND)) : CY_FOREVER);
        while (rc == -ETIMEDOUT);
        EXPECT(rc == 0 || !state()->lossless);
        rc = join(child, CY_FOREVER);
        EXPECT(rc == -ESRCH || !state()->lossless);
        while (receive(me, CY_NOW) == 0)
            continue;
    }
    finish(me, 0);
    return 0;
}

static uint32_t
alive(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world.options[0].cores; i++)
        count += world.node[0]->cores[i]->tasks.alive;
    return count;
}

static void
spawn_service(uint32_t id, cy_task_fn *fn)
{
    void *arg = (void *) (uintptr_t) id;
    uint16_t on = (uint16_t) draw(cy_core_count());
    while (cy_task_spawn_on(&actor_at(id)->ref, on, fn, arg, NULL) != 0)
        cy_sleep(CY_MILLISECOND);
}

static void
end_somebody(void)
{
    for (uint32_t id = SERVICES; id < state()->ids; id++) {
        while (!cy_ref_is_nobody(actor_at(id)->ref) &&
               cy_terminate(actor_at(id)->ref) == -EAGAIN)
            cy_sleep(CY_MILLISECOND);
    }
}

static int
live(void *arg)
{
    (void) arg;
    state()->ids = SERVICES;
    begin(MAIN);
    for (uint32_t id = 0; id < MAIN; id++)
        spawn_service(id, id < WATCHERS ? watcher : joiner);
    for (uint32_t idle = 0; idle < 50; idle++) {
        if (alive() > SERVICES)
            idle = 0;
        spawn(MAIN, false, false);
        receive(MAIN, cy_after(draw_time(10 * CY_MILLISECOND)));
        if (state()->ids == SERVICES + state()->actors_max)
            end_somebody();
    }
    state()->done = true;
    finish(MAIN, 0);
    return 0;
}

static void
check(void)
{
    for (uint32_t i = 0; i < world.options[0].cores; i++) {
        const struct cyi_core *core = world.node[0]->cores[i];
        EXPECT_EQ(core->tasks.alive, 0);
        EXPECT_EQ(core->counters.spawned, core->counters.ended);
    }
    for (uint32_t id = 0; id < state()->ids; id++)
        EXPECT_EQ(actor_at(id)->deferred, 0);
}

static void
each_monitor_brings_one_exit_message(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, live, check};
    seeds_run(&program, 1000);
}

static int
watch_oneself(void *arg)
{
    (void) arg;
    EXPECT_EQ(cy_monitor(cy_self()), 0);
    EXPECT_EQ(cy_notify(cy_self()), 0);
    return 0;
}

/* At its end both of its lists have the note. */
static void
a_task_may_watch_itself(void)
{
    static const struct seeds_program program = {.main = watch_oneself};
    seeds_run(&program, 10);
}

CY_TEST_MAIN("sim.watch", CY_TEST(each_monitor_brings_one_exit_message),
             CY_TEST(a_task_may_watch_itself))
