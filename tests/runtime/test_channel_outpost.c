#include "away.h"

static cy_ref
task_of(uint32_t node, uint16_t core, uint32_t number)
{
    return away_ref(node, core, CY_KIND_TASK, number);
}

/* Subscribes somebody elsewhere, who is there. */
static void
join(cy_ref channel, cy_ref subscriber)
{
    struct away_call call;
    away_subscribe(&call, channel, subscriber);
    CY_CHECK(!call.done);
    away_reply(away_next(CYI_CHANNEL_JOIN), 0, NULL, 0);
    away_expect(&call, 0);
}

static int
joining(void *arg)
{
    cy_ref channel = away_channel("news"), there = task_of(2, 3, 1);
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel, there);
    CY_CHECK(!call.done);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    const struct away_said *said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK(said->to.node == 2 && said->to.core == 3);
    CY_CHECK(said->word.slot == channel.slot && said->word.generation == channel.generation);
    CY_CHECK_EQ(said->word.subscriber.slot, there.slot);
    CY_CHECK_EQ(said->word.subscriber.core, there.core);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, 0);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    away_reply(said, -ESRCH, NULL, 0); /* a second answer is none */
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    join(channel, there); /* twice is once */
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, there, CY_FOREVER), 0);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_PART)->word.subscriber.slot, there.slot);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, there, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    away_silent();
    return 0;
}

static void
a_subscriber_elsewhere_counts_when_its_node_has_it(void)
{
    away_run(joining);
}

static int
one_way(void *arg)
{
    cy_ref channel = away_channel("news"), first = task_of(2, 3, 1), second = task_of(2, 0, 2);
    struct away_call call;
    (void) arg;
    join(channel, first);
    away_subscribe(&call, channel, second);
    const struct away_said *said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK_EQ(said->to.core, 3);
    CY_CHECK_EQ(said->word.subscriber.core, 0);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, 0);
    cy_msg *msg;
    CY_CHECK_EQ(cy_msg_create(&msg, AWAY_TAG, 100), 0);
    CY_CHECK_EQ(cy_send(channel, &msg), 0);
    said = away_next(CYI_CHANNEL_FORWARD);
    CY_CHECK(said->size == 100 && said->word.n == 1 && said->word.number == 0);
    CY_CHECK_EQ(said->to.core, 3);
    away_silent();
    /* Also when the first has left, and when all have: what is under way keeps its order. */
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, first, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, second, CY_FOREVER), 0);
    away_next(CYI_CHANNEL_PART);
    away_next(CYI_CHANNEL_PART);
    CY_CHECK_EQ(cy_msg_create(&msg, AWAY_TAG, 100), 0);
    CY_CHECK_EQ(cy_send(channel, &msg), 0);
    away_silent();
    away_subscribe(&call, channel, second);
    said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK_EQ(said->to.core, 3);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, 0);
    return 0;
}

static void
there_is_one_way_to_each_node(void)
{
    away_run(one_way);
}

static int
refusals(void *arg)
{
    cy_ref channel = away_channel("news"), there = task_of(2, 3, 1);
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel, there);
    away_reply(away_next(CYI_CHANNEL_JOIN), -ESRCH, NULL, 0);
    away_expect(&call, -ESRCH);
    away_next(CYI_CHANNEL_PART);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, there, CY_FOREVER), -ENOENT);
    away.refuse = -EAGAIN;
    away_subscribe(&call, channel, there);
    away_expect(&call, -EAGAIN);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, there, CY_FOREVER), -ENOENT);
    away.refuse = 0;
    /* Who is unsubscribed before it was there is told so, but counts no more. */
    away_subscribe(&call, channel, there);
    const struct away_said *said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, there, CY_FOREVER), 0);
    away_next(CYI_CHANNEL_PART);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, 0);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    /* Nor does it find a channel that was closed meanwhile. */
    away_subscribe(&call, channel, there);
    said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    away_next(CYI_CHANNEL_DROP);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, -ESRCH);
    away_silent();
    return 0;
}

static void
who_is_refused_is_no_subscriber(void)
{
    away_run(refusals);
}

static int
leaving(void *arg)
{
    cy_ref channel = away_channel("news"), there = task_of(2, 3, 1), other = task_of(3, 0, 1);
    (void) arg;
    join(channel, there);
    join(channel, other);
    struct cyi_channel_word left = away_word(CYI_CHANNEL_LEFT, channel);
    left.subscriber = there;
    away_hear(other, &left); /* no node speaks for another */
    CY_CHECK_EQ(cy_channel_subscribers(channel), 2);
    away_hear(there, &left);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    away_hear(there, &left);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_DROP)->to.node, 3);
    away_silent();
    return 0;
}

static void
who_has_ended_elsewhere_is_forgotten(void)
{
    away_run(leaving);
}

static int
losing(void *arg)
{
    cy_ref channel = away_channel("news"), there = task_of(2, 3, 1), other = task_of(3, 0, 1);
    struct away_call call, delivery;
    (void) arg;
    join(channel, there);
    join(channel, task_of(2, 1, 8));
    join(channel, other);
    away_subscribe(&call, channel, task_of(2, 0, 2));
    away_next(CYI_CHANNEL_JOIN);
    away_deliver(&delivery, channel, 0, CY_FOREVER);
    away_next(CYI_CHANNEL_FORWARD);
    const struct away_said *said = away_next(CYI_CHANNEL_FORWARD);
    CY_CHECK_EQ(said->to.node, 3);
    cyi_channels_lost(cyi_self, there, AWAY_LINK);
    away_expect(&call, CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK(!delivery.done);
    away_reply(said, 5, NULL, 0);
    away_expect(&delivery, 5);
    /* What comes back from there is another time. */
    away_subscribe(&call, channel, task_of(2, 0, 2));
    said = away_next(CYI_CHANNEL_JOIN);
    CY_CHECK_EQ(said->to.core, 0);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, 0);
    away_silent();
    return 0;
}

static void
a_node_that_is_lost_takes_its_subscribers_along(void)
{
    away_run(losing);
}

CY_TEST_MAIN("runtime.channel_outpost",
             CY_TEST(a_subscriber_elsewhere_counts_when_its_node_has_it),
             CY_TEST(there_is_one_way_to_each_node), CY_TEST(who_is_refused_is_no_subscriber),
             CY_TEST(who_has_ended_elsewhere_is_forgotten),
             CY_TEST(a_node_that_is_lost_takes_its_subscribers_along))
