#include "seeds.h"

#include <cycos/channel.h>
#include <cycos/peer.h>

/*
 * Channels of three nodes are connected and parted at random by tasks everywhere, many at the
 * same time, while connections break. Who has been told that a channel feeds another, and has
 * not begun to part them, is right: at no time such edges form a circle. In the end a message
 * runs through what is there, and comes to its end.
 */

enum { NODES = 3, CHANNELS = 6, BINDERS = 6, ROUNDS = 30 };

struct state {
    cy_ref channels[CHANNELS];
    bool feeds[CHANNELS][CHANNELS]; /* surely */
    uint32_t binding, accepted, refused;
    bool over;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    world.nodes = NODES;
    world.hosts = draw_between(1, NODES);
    o->buffer_max = 0;
    o->refuse_chance = 0; /* means that the other one has ended */
    o->no_memory_chance = 0;
    o->jump_chance = 0;
    if (o->reset_chance > CYI_SIM_CERTAIN / 500)
        o->reset_chance = CYI_SIM_CERTAIN / 500;
    if (o->segment_max != 0 && o->segment_max < 200)
        o->segment_max = 200;
    if (o->latency_ns_max > 20 * CY_MILLISECOND)
        o->latency_ns_max = 20 * CY_MILLISECOND;
    if (o->pause_ns_max > 100 * CY_MILLISECOND)
        o->pause_ns_max = 100 * CY_MILLISECOND;
    for (uint32_t i = 0; i < NODES; i++) {
        world.options[i].network = cy_network();
        world.options[i].cores = draw_between(1, 2);
        world.options[i].outbox_max = 65536;
    }
    state()->binding = BINDERS;
}

static bool
leads_to(uint32_t from, uint32_t to, uint32_t depth)
{
    if (from == to)
        return true;
    for (uint32_t i = 0; i < CHANNELS && depth < CHANNELS; i++) {
        if (state()->feeds[from][i] && leads_to(i, to, depth + 1))
            return true;
    }
    return false;
}

/* Each pair belongs to one binder, so that it knows what it has done. */
static void
bind_pair(uint32_t a, uint32_t b)
{
    if (state()->feeds[a][b] && one_in(2)) {
        state()->feeds[a][b] = false;
        EXPECT_EQ(
            cy_channel_unsubscribe(state()->channels[a], state()->channels[b], CY_FOREVER), 0);
        return;
    }
    int rc = cy_channel_subscribe(state()->channels[a], state()->channels[b], CY_FOREVER);
    EXPECT(rc == 0 || rc == -ELOOP);
    note((uint64_t) (uint32_t) rc << 32 | a << 8 | b);
    state()->accepted += rc == 0;
    state()->refused += rc != 0;
    if (rc != 0)
        EXPECT(!state()->feeds[a][b]);
    else
        EXPECT(!leads_to(b, a, 0));
    if (rc == 0)
        state()->feeds[a][b] = true;
}

static int
binder(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    for (int i = 0; i < ROUNDS; i++) {
        bind_pair(me, draw(CHANNELS));
        if (one_in(2))
            EXPECT_EQ(cy_sleep(draw_time(100 * CY_MILLISECOND)), 0);
    }
    state()->binding--;
    return 0;
}

static int
keep_channel(void *arg)
{
    uint32_t which = (uint32_t) (uintptr_t) arg;
    EXPECT_EQ(cy_channel_create(&state()->channels[which], "link", NULL), 0);
    return 0;
}

static bool
all_channels(void)
{
    for (uint32_t i = 0; i < CHANNELS; i++) {
        if (cy_ref_is_nobody(state()->channels[i]))
            return false;
    }
    return true;
}

static void
spawn(cy_task_fn *fn, uint32_t number)
{
    uint16_t on = (uint16_t) draw(cy_core_count());
    EXPECT_EQ(cy_task_spawn_on(NULL, on, fn, (void *) (uintptr_t) number, NULL), 0);
}

static void
run_through(void)
{
    for (uint32_t i = 0; i < CHANNELS; i++) {
        cy_msg *msg;
        EXPECT_EQ(cy_msg_copy(&msg, 1, &i, sizeof i), 0);
        EXPECT_EQ(cy_channel_deliver(state()->channels[i], &msg, 0, CY_FOREVER), 0);
    }
    state()->over = true;
}

static int
run(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    for (uint32_t i = me; i < CHANNELS; i += NODES)
        spawn(keep_channel, i);
    while (!all_channels())
        EXPECT_EQ(cy_sleep(CY_MILLISECOND), 0);
    /* Anywhere, also far from the channel that it connects. */
    for (uint32_t i = 0; i < BINDERS; i++) {
        if ((i + world.seed) % NODES == me)
            spawn(binder, i);
    }
    while (state()->binding > 0)
        EXPECT_EQ(cy_sleep(10 * CY_MILLISECOND), 0);
    if (me == 0)
        run_through();
    while (!state()->over)
        EXPECT_EQ(cy_sleep(10 * CY_MILLISECOND), 0);
    EXPECT_EQ(cy_sleep(CY_SECOND), 0);
    cy_shutdown(CY_SECOND);
    return 0;
}

static void
check(void)
{
    EXPECT(state()->over);
    EXPECT(state()->accepted > 0);
    EXPECT(state()->refused > 0);
}

static const struct seeds_program PROGRAM = {
    .state_bytes = sizeof(struct state), .prepare = prepare, .main = run, .check = check};

static void
channels_of_many_nodes_never_form_a_circle(void)
{
    seeds_run(&PROGRAM, 300);
}

CY_TEST_MAIN("sim.channel_circle", CY_TEST(channels_of_many_nodes_never_form_a_circle))
