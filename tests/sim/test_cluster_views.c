/*
 * test_cluster_views.c - who sees whom, in clusters of 2 to 20 nodes that fail.
 *
 * What a watcher of peers is told alternates: online, offline, online. When the faults are
 * over, everybody sees everybody, by the events as well as by cy_peer_list(), and references to
 * tasks of nodes that have ended lead nowhere.
 */
#include "ledger.h"

#include <cycos/peer.h>
#include <string.h>

enum { PORTS = 10 * SEEDS_NODES, FIRST_PORT = 7000, LIST = 256 };

struct view {
    bool online[PORTS]; /* by the last event */
    uint32_t events, listed;
    struct cy_peer list[LIST];
    bool complete; /* the watcher has lived until the end */
};

struct state {
    struct ledger ledger;
    struct view views[LEDGER_INSTANCES];
};

static struct state *
state(void)
{
    return world.state;
}

static uint32_t
place_of(const struct cy_peer *peer)
{
    EXPECT(peer->location.port >= FIRST_PORT && peer->location.port < FIRST_PORT + PORTS);
    return (uint32_t) (peer->location.port - FIRST_PORT) % PORTS;
}

static void
take_event(struct view *view, const cy_msg *msg)
{
    struct cy_peer peer;
    EXPECT_EQ(cy_peer_read(&peer, msg), 0);
    uint32_t place = place_of(&peer);
    EXPECT(peer.online != view->online[place]);
    view->online[place] = peer.online;
    view->events++;
    note((uint64_t) place << 1 | peer.online);
}

/* Of a node that has ended: a reference to it is refused, however little is known of it. */
static void
try_the_dead(const struct ledger_instance *self)
{
    for (uint32_t i = 0; i < ledger()->party_count; i++) {
        const struct ledger_party *dead = &ledger()->parties[i];
        cy_msg *msg;
        if (!ledger()->instances[dead->instance].crashed || cy_ref_is_nobody(dead->ref) ||
            !one_in(4))
            continue;
        EXPECT_EQ(cy_msg_copy(&msg, 1, self, 1), 0);
        int rc = cy_deliver(dead->ref, &msg, cy_after(7 * CY_SECOND));
        EXPECT(rc == -ESRCH || rc == CY_ENOPEER);
        cy_msg_free(&msg);
    }
}

static int
dig(void *arg)
{
    while (cyi_sim_now(world.sim) < ledger()->plan.end_at - 10 * CY_SECOND) {
        if (cy_sleep(CY_SECOND) != 0)
            return 0;
    }
    try_the_dead(arg);
    return 0;
}

static int
watch(void *arg)
{
    const struct ledger_instance *self = arg;
    struct view *view = &state()->views[self - ledger()->instances];
    cy_msg *msg;
    EXPECT_EQ(cy_peer_watch(cy_self()), 0);
    while (cyi_sim_now(world.sim) < ledger()->plan.end_at && world.complaint[0] == '\0') {
        int rc = cy_receive(&msg, cy_after(CY_SECOND));
        if (rc == -ECANCELED)
            return 0;
        if (rc != 0)
            continue;
        take_event(view, msg);
        cy_msg_free(&msg);
    }
    view->listed = cy_peer_list(view->list, LIST);
    view->complete = true;
    return 0;
}

static int
people(void *arg)
{
    EXPECT_EQ(cy_task_spawn(NULL, dig, arg, NULL), 0);
    return watch(arg);
}

static void
prepare(void)
{
    struct ledger_plan *plan = &ledger()->plan;
    ledger_prepare(2, one_in(8) ? 20 : 5);
    world.sim_options.may_crash = true;
    world.sim_options.loss_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 4);
    world.sim_options.duplicate_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 8);
    world.sim_options.jump_chance = 0;
    plan->parties = 1;
    plan->messages = one_in(2) ? 0 : 5;
    plan->companion = people;
    plan->stop_at = 8 * CY_SECOND;
    plan->end_at = 38 * CY_SECOND;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    if (one_in(8))
        world.swarm.kinds = 0;
    world.swarm.end = plan->stop_at;
    world.swarm.every_max = 10 * CY_SECOND + draw_time(60 * CY_SECOND);
    world.swarm.lasts_max = 10 * CY_SECOND;
}

static bool
is_listed(const struct view *view, uint32_t place)
{
    for (uint32_t i = 0; i < view->listed; i++) {
        if (place_of(&view->list[i]) == place)
            return view->list[i].online;
    }
    return false;
}

static void
check_view(const struct ledger_instance *from, const struct ledger_instance *to)
{
    const struct view *view = &state()->views[from - ledger()->instances];
    for (uint32_t core = 0; core < world.options[to->slot].cores; core++) {
        uint32_t place = 10 * to->slot + core;
        if (from == to && core == 0)
            continue; /* where the watcher is */
        EXPECT(is_listed(view, place));
        EXPECT(from == to || view->online[place]);
    }
}

static void
check_from(const struct ledger_instance *from)
{
    const struct view *view = &state()->views[from - ledger()->instances];
    uint32_t expected = 0, events = 0;
    for (uint32_t i = 0; i < ledger()->instance_count; i++) {
        const struct ledger_instance *to = &ledger()->instances[i];
        if (to->crashed)
            continue;
        check_view(from, to);
        expected += world.options[to->slot].cores;
    }
    for (uint32_t i = 0; i < PORTS; i++)
        events += view->online[i] && i / 10 != from->slot;
    EXPECT(view->complete);
    EXPECT_EQ(view->listed, expected - 1);
    EXPECT_EQ(events, expected - world.options[from->slot].cores);
}

static void
check(void)
{
    ledger_check();
    if (ledger()->instance_count == LEDGER_INSTANCES)
        return; /* some were not watched */
    for (uint32_t i = 0; i < ledger()->instance_count; i++) {
        if (!ledger()->instances[i].crashed)
            check_from(&ledger()->instances[i]);
    }
}

static void
everybody_sees_everybody_when_the_faults_are_over(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, ledger_main,
                                                 check};
    seeds_run(&program, 1000);
    ledger_print("views");
}

CY_TEST_MAIN("sim.cluster_views", CY_TEST(everybody_sees_everybody_when_the_faults_are_over))
