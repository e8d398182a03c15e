#include "seeds.h"

#include <cycos/channel.h>
#include <cycos/impl/channel.h>
#include <cycos/peer.h>
#include <string.h>

/*
 * Channels, publishers and subscribers on three nodes. While connections break and all nodes
 * live, it is as on one node: who is subscribed gets all that is published, once and in the
 * order of each publisher, and the results of cy_channel_deliver() add up to what was received.
 * While nodes hang, crash or are cut off, messages are missed, but none comes twice or in
 * another order, and none comes of which its publisher was told that nobody got it. In the end
 * nobody is subscribed, and no node has kept anything of another one's channels.
 */

enum { NODES = 3, CHANNELS = 3, PUBLISHERS = 4, SUBSCRIBERS = 9, SAID_MAX = 64, TAG_NEWS = 1 };

#define FAULTS_BEGIN (100 * CY_MILLISECOND)
#define FAULTS_END   (40 * CY_SECOND)
#define LAST_WORD    (50 * CY_SECOND)
#define LAST_LOOK    (90 * CY_SECOND)
#define END          (100 * CY_SECOND)

enum mood { CALM, CUTS, STORM, MOODS };

/* One publisher's words on one channel: what became of each number. */
enum fate { UNSAID, SAYING, PASSED, DENIED };
struct words {
    uint32_t said;
    uint8_t fate[SAID_MAX + 1];
    bool heard[SAID_MAX + 1]; /* by anybody */
};

struct heard {
    uint32_t latest;
    uint32_t from;  /* all after this, since it is subscribed */
    uint32_t until; /* nothing after this, since it is no longer */
};

struct subscriber {
    struct heard heard[CHANNELS][PUBLISHERS];
    bool subscribed[CHANNELS];
};

struct state {
    enum mood mood;
    cy_ref channels[CHANNELS];
    struct words words[CHANNELS][PUBLISHERS];
    struct subscriber subscribers[SUBSCRIBERS];
    uint64_t delivered, received; /* by cy_channel_deliver() */
    uint32_t looks;
    bool restarted[NODES];
};

struct news {
    uint32_t channel, publisher, number, by_deliver;
};

static struct state *
state(void)
{
    return world.state;
}

static bool
exact(void)
{
    return state()->mood != STORM;
}

static void
note_crash(struct cyi_sim *sim, struct cyi_node *node, void *arg)
{
    (void) sim;
    (void) arg;
    state()->restarted[seeds_number(node)] = true;
}

static void
prepare_faults(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    o->refuse_chance = 0; /* means that the other one has ended */
    o->no_memory_chance = 0;
    o->jump_chance = 0;
    /* As long as nobody has to be taken for dead because no connection lasts. */
    if (state()->mood == CALM)
        o->reset_chance = 0;
    else if (o->reset_chance > CYI_SIM_CERTAIN / 500)
        o->reset_chance = CYI_SIM_CERTAIN / 500;
    if (o->segment_max != 0 && o->segment_max < 200)
        o->segment_max = 200;
    if (state()->mood != STORM && o->pause_ns_max > 100 * CY_MILLISECOND)
        o->pause_ns_max = 100 * CY_MILLISECOND;
    if (state()->mood == CUTS)
        world.swarm.kinds = CYI_SIM_FAULT_RESET | CYI_SIM_FAULT_CUT;
    if (state()->mood == STORM) {
        cyi_sim_swarm_draw(&world.swarm, world.seed);
        o->may_crash = true;
        world.may_lose_tasks = true;
    }
    world.swarm.crashed = note_crash;
    world.swarm.begin = FAULTS_BEGIN;
    world.swarm.end = FAULTS_END;
    if (world.swarm.every_max == 0)
        world.swarm.every_max = 2 * CY_SECOND;
    if (world.swarm.lasts_max == 0)
        world.swarm.lasts_max = CY_SECOND;
}

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    world.nodes = NODES;
    world.hosts = draw_between(1, NODES);
    state()->mood = (enum mood) draw(MOODS);
    o->buffer_max = 0; /* of a few bytes: nothing would come to its end in time */
    if (o->latency_ns_max > 20 * CY_MILLISECOND)
        o->latency_ns_max = 20 * CY_MILLISECOND;
    for (uint32_t i = 0; i < NODES; i++) {
        world.options[i].network = cy_network();
        world.options[i].cores = draw_between(1, 2);
        world.options[i].mailbox_max = 65536;
        world.options[i].outbox_max = 65536;
    }
    prepare_faults();
}

static bool
before(cy_time at)
{
    return cyi_sim_now(world.sim) < at;
}

static void
nap(cy_time at_most)
{
    EXPECT_EQ(cy_sleep(draw_time(at_most)), 0);
}

static void
take_news(struct subscriber *me, const cy_msg *msg)
{
    struct news news;
    memcpy(&news, cy_msg_body(msg), sizeof news);
    struct heard *heard = &me->heard[news.channel][news.publisher];
    struct words *words = &state()->words[news.channel][news.publisher];
    EXPECT(news.number <= words->said);
    words->heard[news.number] = true;
    EXPECT(words->fate[news.number] != DENIED);
    EXPECT(news.number > heard->latest);
    if (exact()) {
        EXPECT(news.number <= heard->until);
        if (heard->latest >= heard->from && me->subscribed[news.channel])
            EXPECT_EQ(news.number, heard->latest + 1);
        state()->received += news.by_deliver;
    }
    heard->latest = news.number;
    note((uint64_t) news.number << 16 | news.channel << 8 | news.publisher);
}

static int
receive(struct subscriber *me, cy_time deadline)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, deadline);
    if (rc != 0)
        return rc;
    take_news(me, msg);
    cy_msg_free(&msg);
    return 0;
}

/* In a storm a call may hang until the storm is over. */
static cy_time
patience(void)
{
    return exact() ? CY_FOREVER : cy_after(draw_time(10 * CY_SECOND));
}

static void
subscribe(struct subscriber *me, uint32_t which)
{
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].until = UINT32_MAX;
    int rc = cy_channel_subscribe(state()->channels[which], cy_self(), patience());
    if (exact())
        EXPECT_EQ(rc, 0);
    if (rc != 0 || me->subscribed[which])
        return;
    me->subscribed[which] = true;
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].from = state()->words[which][i].said;
}

/* What had passed before must come, maybe later; what is said afterwards must not. */
static void
unsubscribe(struct subscriber *me, uint32_t which)
{
    int rc = cy_channel_unsubscribe(state()->channels[which], cy_self(), patience());
    EXPECT(rc == (me->subscribed[which] ? 0 : -ENOENT) || !exact());
    me->subscribed[which] = false;
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].until = state()->words[which][i].said;
}

static uint32_t
missing(const struct subscriber *me)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < CHANNELS; c++) {
        for (uint32_t i = 0; i < PUBLISHERS && me->subscribed[c]; i++) {
            const struct heard *heard = &me->heard[c][i];
            uint32_t after = heard->latest > heard->from ? heard->latest : heard->from;
            count += state()->words[c][i].said - after;
        }
    }
    return count;
}

static int
subscriber(void *arg)
{
    struct subscriber *me = arg;
    while (before(LAST_WORD)) {
        if (one_in(6))
            subscribe(me, draw(CHANNELS));
        if (one_in(12))
            unsubscribe(me, draw(CHANNELS));
        cy_time wait = draw_time(200 * CY_MILLISECOND);
        if (receive(me, cy_after(wait)) == -ECANCELED)
            return 0;
    }
    while (before(LAST_WORD + 20 * CY_SECOND))
        (void) !receive(me, cy_after(CY_SECOND));
    EXPECT(missing(me) == 0 || !exact());
    for (uint32_t i = 0; i < CHANNELS; i++)
        unsubscribe(me, i);
    while (before(END) && receive(me, cy_after(CY_SECOND)) != -ECANCELED)
        continue;
    return 0;
}

static cy_msg *
make_news(const struct news *news)
{
    uint8_t body[40000] = {0};
    cy_msg *msg = NULL;
    memcpy(body, news, sizeof *news);
    size_t size = sizeof *news + (one_in(3) ? draw(200) : 0);
    if (one_in(20))
        size = sizeof body;
    EXPECT_EQ(cy_msg_copy(&msg, TAG_NEWS, body, size), 0);
    return msg;
}

static int
publish(cy_ref channel, cy_msg **msg, bool by_deliver)
{
    uint32_t n = exact() ? 0 : draw(4);
    cy_time deadline = exact() ? CY_FOREVER : draw_deadline(3 * CY_SECOND);
    if (deadline == CY_FOREVER && !exact())
        deadline = cy_after(5 * CY_SECOND);
    return by_deliver ? cy_channel_deliver(channel, msg, n, deadline) : cy_send(channel, msg);
}

static void
say(uint32_t me, uint32_t which)
{
    struct words *words = &state()->words[which][me];
    struct news news = {which, me, words->said + 1, one_in(2)};
    if (words->said == SAID_MAX)
        return;
    cy_msg *msg = make_news(&news);
    words->said++;
    words->fate[news.number] = SAYING;
    int rc = publish(state()->channels[which], &msg, news.by_deliver != 0);
    EXPECT((rc < 0) == (msg != NULL));
    EXPECT(rc >= 0 || !exact());
    words->fate[news.number] = rc < 0 ? DENIED : PASSED;
    EXPECT(rc >= 0 || !words->heard[news.number]);
    if (news.by_deliver && rc > 0)
        state()->delivered += (uint64_t) rc;
    cy_msg_free(&msg);
    note((uint64_t) (uint32_t) rc << 32 | news.number);
}

static int
publisher(void *arg)
{
    while (before(FAULTS_END)) {
        say((uint32_t) (uintptr_t) arg, draw(CHANNELS));
        nap(one_in(3) ? CY_SECOND : 5 * CY_MILLISECOND);
    }
    return 0;
}

/* A channel is made on the core of its maker, who stays to see whom it knows at the end. */
static int
keep_channel(void *arg)
{
    uint32_t which = (uint32_t) (uintptr_t) arg;
    EXPECT_EQ(cy_channel_create(&state()->channels[which], "news", NULL), 0);
    while (before(LAST_LOOK))
        EXPECT_EQ(cy_sleep(CY_SECOND), 0);
    EXPECT_EQ(cy_channel_subscribers(state()->channels[which]), 0);
    while (before(END))
        EXPECT_EQ(cy_sleep(CY_SECOND), 0);
    return 0;
}

static void
spawn(cy_task_fn *fn, void *arg)
{
    uint16_t on = (uint16_t) draw(cy_core_count());
    EXPECT_EQ(cy_task_spawn_on(NULL, on, fn, arg, NULL), 0);
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

/* A node that was started again has nobody: the others go on without those who were there. */
static void
spawn_all(uint32_t me)
{
    for (uintptr_t i = me; i < CHANNELS; i += NODES)
        spawn(keep_channel, (void *) i);
    while (!all_channels())
        EXPECT_EQ(cy_sleep(CY_MILLISECOND), 0);
    for (uintptr_t i = me; i < SUBSCRIBERS; i += NODES)
        spawn(subscriber, &state()->subscribers[i]);
    for (uintptr_t i = me; i < PUBLISHERS; i += NODES)
        spawn(publisher, (void *) i);
}

static void
look_around(void)
{
    const struct cyi_node *node = cyi_self->node;
    for (uint16_t i = 0; i < node->core_count; i++)
        EXPECT_EQ(cyi_channel_proxies(node->cores[i]), 0);
    state()->looks++;
}

static int
run(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    if (!state()->restarted[me])
        spawn_all(me);
    while (before(LAST_LOOK))
        EXPECT_EQ(cy_sleep(CY_SECOND), 0);
    look_around();
    while (before(END))
        EXPECT_EQ(cy_sleep(CY_SECOND), 0);
    cy_shutdown(CY_SECOND);
    return 0;
}

static void
check(void)
{
    EXPECT(state()->looks > 0);
    if (exact())
        EXPECT_EQ(state()->received, state()->delivered);
}

static const struct seeds_program PROGRAM = {
    .state_bytes = sizeof(struct state), .prepare = prepare, .main = run, .check = check};

static void
what_is_published_reaches_subscribers_of_all_nodes_once(void)
{
    seeds_run(&PROGRAM, 300);
}

CY_TEST_MAIN("sim.channel_remote",
             CY_TEST(what_is_published_reaches_subscribers_of_all_nodes_once))
