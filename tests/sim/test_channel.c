#include "seeds.h"

#include <cycos/channel.h>
#include <string.h>

/*
 * Publishers, and subscribers that come and go, on all cores. Who is subscribed gets all that
 * is published, once and in the order of each publisher; who is not gets nothing; and the
 * results of cy_channel_deliver() add up to what was received.
 */

enum { CHANNELS = 3, PUBLISHERS = 4, SUBSCRIBERS = 8, MORTALS = 6, DROPPED = 5, TAG_NEWS = 1 };

/* One publisher's words on one channel: the numbers of the last. */
struct words {
    uint64_t said;   /* given to cy_send() or cy_channel_deliver() */
    uint64_t passed; /* surely handed to the subscribers of that moment */
};

/* What one subscriber must and may get of it. */
struct heard {
    uint64_t latest, count;
    uint64_t from;  /* all after this, since it is subscribed */
    uint64_t until; /* nothing after this, since it is no longer */
};

struct subscriber {
    struct heard heard[CHANNELS][PUBLISHERS];
    bool subscribed[CHANNELS];
};

struct state {
    cy_ref channels[CHANNELS], mortals[MORTALS];
    bool drops[CHANNELS];
    struct words words[CHANNELS][PUBLISHERS];
    struct subscriber subscribers[SUBSCRIBERS];
    uint64_t delivered, received;                    /* by cy_channel_deliver() */
    uint32_t publishing, listening, mortal, keeping; /* tasks of each kind */
    bool closes;                                     /* channels, at any moment */
    bool loose; /* limits are small, channels feed channels, tasks die: no exact ledger */
};

struct news {
    uint32_t channel, publisher;
    uint64_t number;
    bool by_deliver;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    state()->loose = one_in(3);
    if (state()->loose) {
        state()->closes = one_in(3);
        if (one_in(2))
            world.sim_options.no_memory_chance = draw_scarcity();
        return;
    }
    world.options[0].mailbox_max = 65536;
    world.options[0].outbox_max = 65536;
}

static bool
is_dropped(uint32_t channel, uint64_t number)
{
    return state()->drops[channel] && number % DROPPED == 0;
}

static void
drop_some(void *arg, cy_msg **msg)
{
    struct news news;
    memcpy(&news, cy_msg_body(*msg), sizeof news);
    if (is_dropped((uint32_t) (uintptr_t) arg, news.number))
        cy_msg_free(msg);
}

/* How many of the numbers after `from` up to `to` are not dropped on the way. */
static uint64_t
kept(uint32_t channel, uint64_t from, uint64_t to)
{
    uint64_t dropped = state()->drops[channel] ? to / DROPPED - from / DROPPED : 0;
    return to > from ? to - from - dropped : 0;
}

static void
take_news(struct subscriber *me, const cy_msg *msg)
{
    struct news news;
    memcpy(&news, cy_msg_body(msg), sizeof news);
    struct heard *heard = &me->heard[news.channel][news.publisher];
    EXPECT(news.number <= state()->words[news.channel][news.publisher].said);
    EXPECT(!is_dropped(news.channel, news.number));
    state()->received += news.by_deliver;
    note(news.number << 8 | news.publisher);
    if (state()->loose)
        return;
    EXPECT(news.number > heard->latest);
    EXPECT(news.number <= heard->until);
    if (heard->latest >= heard->from && me->subscribed[news.channel])
        EXPECT_EQ(kept(news.channel, heard->latest, news.number), 1);
    heard->latest = news.number;
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

static void
subscribe(struct subscriber *me, uint32_t which)
{
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].until = UINT64_MAX;
    int rc = cy_channel_subscribe(state()->channels[which], cy_self(), CY_FOREVER);
    EXPECT(rc == 0 || state()->loose);
    if (rc != 0 || me->subscribed[which])
        return;
    me->subscribed[which] = true;
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].from = state()->words[which][i].said;
}

/* What had passed before must come; what is said afterwards must not. */
static void
unsubscribe(struct subscriber *me, uint32_t which)
{
    uint64_t passed[PUBLISHERS];
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        passed[i] = state()->words[which][i].passed;
    int rc = cy_channel_unsubscribe(state()->channels[which], cy_self(), CY_FOREVER);
    EXPECT(rc == (me->subscribed[which] ? 0 : -ENOENT) || state()->loose);
    if (rc != 0)
        return;
    me->subscribed[which] = false;
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        me->heard[which][i].until = state()->words[which][i].said;
    while (receive(me, CY_NOW) == 0)
        continue;
    for (uint32_t i = 0; i < PUBLISHERS && !state()->loose; i++) {
        const struct heard *heard = &me->heard[which][i];
        uint64_t after = heard->latest > heard->from ? heard->latest : heard->from;
        EXPECT_EQ(kept(which, after, passed[i]), 0);
    }
}

static bool
has_all(const struct subscriber *me)
{
    for (uint32_t c = 0; c < CHANNELS; c++) {
        for (uint32_t i = 0; i < PUBLISHERS && me->subscribed[c]; i++) {
            const struct heard *heard = &me->heard[c][i];
            uint64_t after = heard->latest > heard->from ? heard->latest : heard->from;
            if (kept(c, after, state()->words[c][i].said) != 0)
                return false;
        }
    }
    return true;
}

static int
subscriber(void *arg)
{
    struct subscriber *me = arg;
    while (state()->publishing > 0) {
        if (one_in(6))
            subscribe(me, draw(CHANNELS));
        if (one_in(12))
            unsubscribe(me, draw(CHANNELS));
        if (receive(me, draw_deadline(5 * CY_MILLISECOND) % CY_FOREVER) == -ECANCELED)
            return 0;
    }
    while (!state()->loose && !has_all(me))
        EXPECT_EQ(receive(me, CY_FOREVER), 0);
    while (receive(me, CY_NOW) == 0)
        continue;
    state()->listening--;
    return cy_sleep(CY_FOREVER) == 0;
}

/* Subscribes and dies, or is subscribed by others; what it gets does not count. */
static int
mortal(void *arg)
{
    static struct subscriber nobody;
    (void) arg;
    for (uint32_t n = draw(20); n > 0; n--) {
        if (one_in(3))
            (void) !cy_channel_subscribe(state()->channels[draw(CHANNELS)],
                                         one_in(2) ? cy_self()
                                                   : state()->channels[draw(CHANNELS)],
                                         draw_deadline(CY_MILLISECOND));
        if (one_in(10))
            (void) !cy_channel_unsubscribe(state()->channels[draw(CHANNELS)],
                                           state()->channels[draw(CHANNELS)],
                                           draw_deadline(CY_MILLISECOND));
        if (receive(&nobody, cy_after(draw_time(5 * CY_MILLISECOND))) == -ECANCELED)
            break;
    }
    state()->mortal--;
    return 0;
}

static int
say(uint32_t me, uint32_t which)
{
    struct words *words = &state()->words[which][me];
    struct news news = {which, me, words->said + 1, one_in(2)};
    uint8_t body[300] = {0};
    cy_msg *msg;
    memcpy(body, &news, sizeof news);
    size_t size = sizeof news + (one_in(3) ? draw(200) : 0);
    int rc = cy_msg_copy(&msg, TAG_NEWS, body, size);
    if (rc != 0)
        return rc;
    words->said++;
    /* With a deadline, 0 does not say whether it was published: not for an exact ledger. */
    uint32_t n = state()->loose ? draw(3) : 0;
    cy_time deadline = n > 0 ? cy_after(draw_time(20 * CY_MILLISECOND)) : CY_FOREVER;
    rc = news.by_deliver ? cy_channel_deliver(state()->channels[which], &msg, n, deadline)
                         : cy_send(state()->channels[which], &msg);
    EXPECT((rc < 0) == (msg != NULL));
    cy_msg_free(&msg);
    if (rc < 0)
        return rc;
    if (news.by_deliver) {
        words->passed = news.number;
        state()->delivered += (uint64_t) rc;
    }
    return rc;
}

static int
publisher(void *arg)
{
    for (uint32_t n = draw(60); n > 0; n--) {
        int rc = say((uint32_t) (uintptr_t) arg, draw(CHANNELS));
        EXPECT(rc >= 0 || state()->loose);
        if (one_in(3))
            cy_sleep(draw_time(5 * CY_MILLISECOND));
    }
    state()->publishing--;
    return 0;
}

/* How many should be subscribed when all is said; other channels may be, in a loose world. */
static int
wanted(uint32_t which)
{
    int count = 0;
    for (int i = 0; i < SUBSCRIBERS; i++)
        count += state()->subscribers[i].subscribed[which];
    return count + (state()->loose ? CHANNELS - 1 : 0);
}

/* A channel is made on the core of its maker, who stays to see whom it knows at the end. */
static int
keep_channel(void *arg)
{
    uint32_t which = (uint32_t) (uintptr_t) arg;
    struct cy_channel_options options = {.transform = drop_some, .transform_arg = arg};
    state()->drops[which] = one_in(3);
    while (cy_channel_create(&state()->channels[which], "news",
                             state()->drops[which] ? &options : NULL) != 0)
        cy_yield();
    while (state()->listening > 0 || state()->mortal > 0)
        cy_sleep(10 * CY_MILLISECOND);
    cy_time patience = cy_after(CY_MINUTE);
    int count;
    while ((count = cy_channel_subscribers(state()->channels[which])) > wanted(which) &&
           cy_now() < patience)
        cy_sleep(10 * CY_MILLISECOND);
    EXPECT(count <= wanted(which));
    EXPECT(count == wanted(which) || state()->loose);
    state()->keeping--;
    return 0;
}

static void
spawn(cy_task_fn *fn, void *arg, cy_ref *out)
{
    uint16_t on = (uint16_t) draw(cy_core_count());
    while (cy_task_spawn_on(out, on, fn, arg, NULL) != 0)
        cy_sleep(CY_MILLISECOND);
}

static void
spawn_all(cy_ref *listeners)
{
    /* Set before anybody looks for whether it has come down to 0. */
    state()->publishing = PUBLISHERS;
    state()->listening = SUBSCRIBERS;
    state()->mortal = state()->loose ? MORTALS : 0;
    state()->keeping = CHANNELS;
    for (uintptr_t i = 0; i < CHANNELS; i++) {
        spawn(keep_channel, (void *) i, NULL);
        while (cy_ref_is_nobody(state()->channels[i]))
            cy_sleep(CY_MILLISECOND);
    }
    for (uintptr_t i = 0; i < SUBSCRIBERS; i++)
        spawn(subscriber, &state()->subscribers[i], &listeners[i]);
    for (uintptr_t i = 0; i < PUBLISHERS; i++)
        spawn(publisher, (void *) i, NULL);
    for (uintptr_t i = 0; i < MORTALS && state()->loose; i++)
        spawn(mortal, NULL, &state()->mortals[i]);
}

static int
broadcast(void *arg)
{
    cy_ref listeners[SUBSCRIBERS];
    (void) arg;
    spawn_all(listeners);
    while (state()->keeping > 0) {
        cy_sleep(draw_time(10 * CY_MILLISECOND));
        if (one_in(10) && state()->loose)
            (void) !cy_terminate(state()->mortals[draw(MORTALS)]);
        if (one_in(50) && state()->closes)
            (void) !cy_channel_close(state()->channels[draw(CHANNELS)]);
    }
    EXPECT(state()->loose || state()->received == state()->delivered);
    cy_shutdown(0);
    return 0;
}

static void
who_is_subscribed_gets_everything_once(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, broadcast,
                                                 NULL};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.channel", CY_TEST(who_is_subscribed_gets_everything_once))
