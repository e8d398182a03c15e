#include "away.h"
#include "channel.h"

static cy_ref
channel_of(uint32_t node, uint32_t number)
{
    return away_ref(node, 0, CY_KIND_CHANNEL, number);
}

static void
finish(struct away_call *call)
{
    away_reply(away_next(CYI_CHANNEL_JOIN), 0, NULL, 0);
    away_expect(call, 0);
}

static int
going_on(void *arg)
{
    cy_ref channel = away_channel("mine"), b = channel_of(2, 1);
    cy_ref next[] = {channel_of(3, 1), channel_of(3, 1), channel_of(2, 2)};
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel, b);
    const struct away_said *said = away_next(CYI_CHANNEL_TRACE);
    CY_CHECK(said->to.node == 2 && said->word.slot == b.slot);
    away_reply(said, 0, next, 3);
    said = away_next(CYI_CHANNEL_TRACE);
    CY_CHECK_EQ(said->to.node, 3);
    away_reply(said, 0, &b, 1); /* there is a circle, but we are not in it */
    said = away_next(CYI_CHANNEL_TRACE);
    CY_CHECK(said->to.node == 2 && said->word.slot == next[2].slot);
    away_silent();
    CY_CHECK(!call.done);
    away_reply(said, 0, NULL, 0);
    finish(&call);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK_EQ(cyi_self->channels->searches, 0);
    away_silent();
    return 0;
}

static void
each_channel_on_the_way_is_asked_once(void)
{
    away_run(going_on);
}

static int
circles(void *arg)
{
    cy_ref channel = away_channel("mine"), inner = away_channel("inner"), b = channel_of(2, 1);
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel, b);
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, &channel, 1);
    away_expect(&call, -ELOOP);
    /* Through another one of ours. */
    CY_CHECK_EQ(cy_channel_subscribe(inner, channel, CY_FOREVER), 0);
    away_subscribe(&call, channel, b);
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, &inner, 1);
    away_expect(&call, -ELOOP);
    CY_CHECK_EQ(cy_channel_unsubscribe(inner, channel, CY_FOREVER), 0);
    away_subscribe(&call, channel, b);
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, &inner, 1);
    finish(&call);
    /* One of ours that leads away leads back. */
    away_subscribe(&call, inner, channel);
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, &inner, 1);
    away_expect(&call, -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribers(inner), 0);
    away_silent();
    return 0;
}

static void
what_leads_back_is_refused(void)
{
    away_run(circles);
}

/* While it is asked, others see the edge that may come. */
static int
tentative(void *arg)
{
    cy_ref channel = away_channel("mine"), b = channel_of(2, 1);
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel, b);
    const struct away_said *mine = away_next(CYI_CHANNEL_TRACE);
    struct cyi_channel_word trace = away_word(CYI_CHANNEL_TRACE, channel);
    trace.number = 5;
    away_hear(b, &trace);
    const struct away_said *said = away_next(CYI_CHANNEL_REPLY);
    CY_CHECK_EQ(said->word.number, 5);
    CY_CHECK_EQ(said->count, 1);
    CY_CHECK(cy_ref_equal(said->refs[0], b));
    /* But nothing is published on it. */
    cy_msg *msg;
    CY_CHECK_EQ(cy_msg_create(&msg, AWAY_TAG, 1), 0);
    CY_CHECK_EQ(cy_send(channel, &msg), 0);
    away_silent();
    away_reply(mine, -ENOMEM, NULL, 0);
    away_expect(&call, -ENOMEM);
    away_hear(b, &trace);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_REPLY)->count, 0);
    /* Two who ask for the same are one member with one edge. */
    struct away_call again;
    away_subscribe(&call, channel, b);
    away_subscribe(&again, channel, b);
    mine = away_next(CYI_CHANNEL_TRACE);
    said = away_next(CYI_CHANNEL_TRACE);
    away_reply(mine, 0, NULL, 0);
    finish(&call);
    away_reply(said, 0, NULL, 0);
    finish(&again);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, b, CY_FOREVER), 0);
    away_next(CYI_CHANNEL_PART);
    away_hear(b, &trace);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_REPLY)->count, 0);
    away_silent();
    return 0;
}

static void
an_edge_is_seen_before_it_is_sure(void)
{
    away_run(tentative);
}

static int
ends(void *arg)
{
    cy_ref channel = away_channel("mine"), b = channel_of(2, 1), c = channel_of(3, 1);
    struct away_call call;
    (void) arg;
    /* Who is lost leads nowhere; that it is lost, the join will see. */
    away_subscribe(&call, channel, b);
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, &c, 1);
    away_next(CYI_CHANNEL_TRACE);
    cyi_channels_lost(cyi_self, c, AWAY_LINK);
    finish(&call);
    away.refuse = CY_ENOPEER;
    away_subscribe(&call, channel, c);
    away_expect(&call, CY_ENOPEER);
    away.refuse = -EAGAIN;
    away_subscribe(&call, channel, c);
    away_expect(&call, -EAGAIN);
    away.refuse = 0;
    away_subscribe(&call, channel, c);
    const struct away_said *said = away_next(CYI_CHANNEL_TRACE);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    away_next(CYI_CHANNEL_DROP);
    away_reply(said, 0, NULL, 0);
    away_expect(&call, -ESRCH);
    away_silent();
    return 0;
}

static void
it_ends_with_the_node_and_with_the_channel(void)
{
    away_run(ends);
}

static int
limits(void *arg)
{
    static struct away_call calls[CYI_SEARCHES_MAX + 1];
    static cy_ref refs[CYI_SEARCH_CHANNELS];
    cy_ref channel = away_channel("mine"), inner = away_channel("inner");
    (void) arg;
    for (uint32_t i = 0; i < CYI_SEARCHES_MAX; i++)
        away_subscribe(&calls[i], channel, channel_of(2, i));
    away_subscribe(&calls[CYI_SEARCHES_MAX], channel, channel_of(2, CYI_SEARCHES_MAX));
    away_expect(&calls[CYI_SEARCHES_MAX], -EAGAIN);
    CY_CHECK_EQ(cy_channel_subscribe(inner, channel, CY_FOREVER), -EAGAIN);
    CY_CHECK_EQ(cy_channel_subscribe(inner, away_channel("leaf"), CY_FOREVER), 0);
    for (uint32_t i = 0; i < CYI_SEARCHES_MAX; i++) {
        away_reply(away_next(CYI_CHANNEL_TRACE), -ENOMEM, NULL, 0);
        away_expect(&calls[i], -ENOMEM);
    }
    for (uint32_t i = 0; i < CYI_SEARCH_CHANNELS; i++)
        refs[i] = channel_of(3, i);
    away_subscribe(&calls[0], channel, channel_of(2, 1));
    away_reply(away_next(CYI_CHANNEL_TRACE), 0, refs, CYI_SEARCH_CHANNELS - 1);
    const struct away_said *said = away_next(CYI_CHANNEL_TRACE);
    away_reply(said, 0, refs, CYI_SEARCH_CHANNELS);
    away_expect(&calls[0], -ENOBUFS);
    CY_CHECK_EQ(cyi_self->channels->searches, 0);
    away_silent();
    return 0;
}

static void
so_many_searches_meet_so_many_channels(void)
{
    away_run(limits);
}

CY_TEST_MAIN("runtime.channel_search", CY_TEST(each_channel_on_the_way_is_asked_once),
             CY_TEST(what_leads_back_is_refused), CY_TEST(an_edge_is_seen_before_it_is_sure),
             CY_TEST(it_ends_with_the_node_and_with_the_channel),
             CY_TEST(so_many_searches_meet_so_many_channels))
