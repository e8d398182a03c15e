#include "channel.h"
#include "seeds.h"
#include <cycos/registry.h>

/*
 * Tasks on all cores subscribe, publish, register and look for names, and end or are
 * terminated at any moment. In the end nothing may be left of them.
 */

enum { TASKS = 30, CHANNELS = 4, NAMES = 8, STEPS_MAX = 40, TAG = 1 };

struct post {
    uint32_t publisher, channel, number;
};

struct state {
    cy_ref tasks[TASKS], channels[CHANNELS], owners[NAMES];
    uint32_t spawned, posted[TASKS];
    uint32_t seen[TASKS][TASKS][CHANNELS]; /* by subscriber, publisher, channel */
    bool cascade;                          /* channels feed channels: a post comes twice */
    uint32_t members, by_subscriber, branches;
};

static struct state *
state(void)
{
    return world.state;
}

static cy_time
soon(void)
{
    return one_in(6) ? CY_NOW : cy_after(draw_time(CY_MILLISECOND));
}

/* What may go wrong without being wrong: limits are drawn small, channels are closed. */
static bool
is_excused(int rc)
{
    return rc == -ETIMEDOUT || rc == -ECANCELED || rc == -EAGAIN || rc == -ESRCH;
}

static void
subscribe(cy_ref channel)
{
    int rc = one_in(2) ? cy_channel_subscribe(channel, cy_self(), soon())
                       : cy_channel_unsubscribe(channel, cy_self(), soon());
    EXPECT(rc == 0 || rc == -ENOENT || is_excused(rc));
}

static void
cascade(cy_ref channel)
{
    cy_ref other = state()->channels[draw(CHANNELS)];
    if (!state()->cascade)
        return;
    int rc = one_in(2) ? cy_channel_subscribe(channel, other, soon())
                       : cy_channel_unsubscribe(channel, other, soon());
    EXPECT(rc == 0 || rc == -ENOENT || rc == -ELOOP || is_excused(rc));
    EXPECT(rc != 0 || !cy_ref_equal(channel, other));
}

static void
publish(uint32_t me, uint32_t channel)
{
    cy_msg *msg;
    struct post post = {me, channel, ++state()->posted[me]};
    if (cy_msg_copy(&msg, TAG, &post, sizeof post) != 0)
        return;
    cy_ref to = state()->channels[channel];
    int rc = one_in(2) ? cy_send(to, &msg) : cy_channel_deliver(to, &msg, draw(4), soon());
    EXPECT(rc >= 0 || is_excused(rc));
    EXPECT((msg == NULL) == (rc >= 0));
    note((uint64_t) rc);
    cy_msg_free(&msg);
}

/* By one path, what one task publishes in one channel comes in order and once. */
static void
take_all(uint32_t me)
{
    cy_msg *msg;
    struct post post;
    while (cy_receive(&msg, CY_NOW) == 0) {
        memcpy(&post, cy_msg_body(msg), sizeof post);
        uint32_t *seen = &state()->seen[me][post.publisher][post.channel];
        EXPECT(cy_ref_equal(cy_msg_sender(msg), state()->tasks[post.publisher]));
        EXPECT(state()->cascade || post.number > *seen);
        *seen = post.number;
        note(post.number);
        cy_msg_free(&msg);
    }
}

/* One thread runs all cores, so what the registry says can be compared at once. */
static void
use_name(void)
{
    uint32_t which = draw(NAMES);
    cy_ref found = CY_NOBODY, *owner = &state()->owners[which];
    char name[16];
    snprintf(name, sizeof name, "name-%u", which);
    int rc = cy_task_lookup(&found, name);
    EXPECT(rc == -ENOENT || cy_ref_equal(found, *owner));
    if (one_in(2)) {
        rc = cy_task_register(name);
        EXPECT(rc == 0 || (rc == -EEXIST && !cy_ref_is_nobody(found)));
        if (rc == 0)
            *owner = cy_self();
    } else {
        rc = cy_task_unregister(name);
        EXPECT_EQ(rc, cy_ref_equal(found, cy_self()) ? 0 : -ENOENT);
    }
    note((uint64_t) rc);
}

static void
locate(void)
{
    cy_ref found = CY_NOBODY;
    char name[16];
    snprintf(name, sizeof name, "name-%u", draw(NAMES));
    int rc = cy_task_locate(&found, name, NULL, soon());
    EXPECT(rc == 0 ? !cy_ref_is_nobody(found) : is_excused(rc));
    note((uint64_t) rc);
}

static int
work(void *arg)
{
    uint32_t me = (uint32_t) (size_t) arg;
    uint32_t steps = draw_between(1, STEPS_MAX);
    state()->tasks[me] = cy_self();
    while (steps-- > 0) {
        uint32_t channel = draw(CHANNELS);
        void (*with_channel[])(cy_ref) = {subscribe, cascade};
        void (*with_names[])(void) = {use_name, locate};
        uint32_t what = draw(6);
        if (what < 2)
            publish(me, channel);
        else if (what < 4)
            with_channel[what - 2](state()->channels[channel]);
        else
            with_names[what - 4]();
        if (one_in(40) && cy_terminate(state()->tasks[draw(TASKS)]) != 0)
            note(7);
        take_all(me);
        if (one_in(2) && cy_yield() != 0)
            return 0;
    }
    return 0;
}

static int
make_channel(void *arg)
{
    return cy_channel_create(&state()->channels[(size_t) arg], "sim", NULL);
}

static void
join(cy_ref task)
{
    int rc;
    while ((rc = cy_join(NULL, task, CY_FOREVER)) == -EAGAIN)
        cy_sleep(CY_MICROSECOND);
    EXPECT_EQ(rc, 0);
}

static cy_ref
spawn(uint32_t core, cy_task_fn *fn, size_t number)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options joinable = {.joinable = true};
    int rc;
    while ((rc = cy_task_spawn_named(&task, (uint16_t) core, fn, (void *) number, "worker",
                                     &joinable)) == -EAGAIN)
        cy_sleep(CY_MICROSECOND);
    EXPECT_EQ(rc, 0);
    return task;
}

static int
check_names_are_gone(void *arg)
{
    cy_ref found;
    char name[16];
    (void) arg;
    for (uint32_t i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "name-%u", i);
        EXPECT_EQ(cy_task_lookup(&found, name), -ENOENT);
    }
    return 0;
}

static int
count_records(void *arg)
{
    const struct cyi_channels *channels = cyi_self->channels;
    (void) arg;
    if (channels == NULL)
        return 0;
    EXPECT_EQ(channels->deliveries.count, 0);
    for (uint32_t i = 0; i < channels->table.count; i++) {
        const struct cyi_channel *channel = channels->table.slots[i].channel;
        EXPECT(channel == NULL || cyi_list_empty(&channel->waits));
    }
    state()->members += channels->members.count;
    state()->by_subscriber += channels->by_subscriber.count;
    state()->branches += channels->branches.count;
    return 0;
}

/* The main task has `here` subscriptions to channels of its core and `away` to others. */
static void
check_records(uint32_t here, uint32_t away)
{
    state()->members = state()->by_subscriber = state()->branches = 0;
    cy_sleep(CY_SECOND); /* the last word between the cores takes less */
    for (uint32_t i = 0; i < cy_core_count(); i++)
        join(spawn(i, count_records, 0));
    EXPECT_EQ(state()->members, here + 2 * away);
    EXPECT_EQ(state()->by_subscriber, here + away);
    EXPECT_EQ(state()->branches, away);
}

/* Once all that the tasks have asked for is done, on whatever core. */
static void
uncascade(void)
{
    cy_sleep(CY_SECOND);
    for (uint32_t i = 0; i < CHANNELS * CHANNELS; i++) {
        cy_ref to = state()->channels[i / CHANNELS], from = state()->channels[i % CHANNELS];
        while (cy_channel_unsubscribe(to, from, CY_FOREVER) == -EAGAIN)
            cy_sleep(CY_MICROSECOND);
    }
}

static void
close_all(void)
{
    for (uint32_t i = 0; i < CHANNELS; i++) {
        while (cy_channel_close(state()->channels[i]) == -EAGAIN)
            cy_sleep(CY_MICROSECOND);
    }
}

static int
live_together(void *arg)
{
    cy_ref tasks[TASKS];
    uint32_t here = 0;
    bool closed = one_in(4);
    (void) arg;
    state()->cascade = one_in(2);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        join(spawn(i % cy_core_count(), make_channel, i));
        EXPECT_EQ(cy_channel_subscribe(state()->channels[i], cy_self(), CY_FOREVER), 0);
        here += i % cy_core_count() == 0;
    }
    for (uint32_t i = 0; i < TASKS; i++)
        tasks[i] = spawn(draw(cy_core_count()), work, i);
    if (one_in(4))
        cy_sleep(draw_time(CY_MILLISECOND));
    if (closed)
        close_all();
    for (uint32_t i = 0; i < TASKS; i++)
        join(tasks[i]);
    if (!closed) {
        uncascade();
        check_records(here, CHANNELS - here);
        close_all();
    }
    check_records(0, 0);
    for (uint32_t i = 0; i < cy_core_count(); i++)
        join(spawn(i, check_names_are_gone, 0));
    return 0;
}

static void
channels_and_names_outlive_nobody(void)
{
    static const struct seeds_program program = {.state_bytes = sizeof(struct state),
                                                 .main = live_together};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.names", CY_TEST(channels_and_names_outlive_nobody))
