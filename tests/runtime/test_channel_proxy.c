#include "away.h"

static const uint32_t PEER = 2;

static cy_ref
origin(void)
{
    return away_ref(PEER, 1, CY_KIND_CHANNEL, 4);
}

static uint64_t number;

static struct cyi_channel_word
about(enum cyi_channel_verb verb, cy_ref subscriber)
{
    struct cyi_channel_word word = away_word(verb, origin());
    word.subscriber = subscriber;
    word.number = ++number << 32 | 7;
    return word;
}

static int
replied(void)
{
    const struct away_said *said = away_next(CYI_CHANNEL_REPLY);
    CY_CHECK_EQ(said->word.number, number << 32 | 7);
    CY_CHECK_EQ(said->word.who.link, AWAY_LINK);
    return said->word.result;
}

static int
join(cy_ref subscriber)
{
    struct cyi_channel_word word = about(CYI_CHANNEL_JOIN, subscriber);
    away_hear(origin(), &word);
    cy_node_settle();
    return replied();
}

static void
tell(enum cyi_channel_verb verb, cy_ref subscriber)
{
    struct cyi_channel_word word = about(verb, subscriber);
    away_hear(origin(), &word);
    cy_node_settle();
}

/* How many got it. */
static int
forward_from(cy_ref from, uint32_t hops, uint32_t what)
{
    struct cyi_channel_word word = about(CYI_CHANNEL_FORWARD, CY_NOBODY);
    word.n = hops;
    away_hear_message(from, &word, what);
    cy_node_settle();
    return replied();
}

static int
forward(uint32_t what)
{
    return forward_from(origin(), 1, what);
}

static int
fans_out(void *arg)
{
    static struct away_ear ears[2];
    cy_ref tasks[] = {away_ear(&ears[0]), away_ear(&ears[1])};
    (void) arg;
    CY_CHECK_EQ(forward(1), 0); /* nobody is there */
    CY_CHECK_EQ(join(tasks[0]), 0);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 1);
    CY_CHECK_EQ(forward(2), 1);
    CY_CHECK_EQ(join(tasks[1]), 0);
    CY_CHECK_EQ(join(tasks[1]), 0);
    CY_CHECK_EQ(forward(3), 2);
    CY_CHECK(cy_ref_equal(ears[1].sender, origin()));
    struct cyi_channel_word quiet = away_word(CYI_CHANNEL_FORWARD, origin());
    quiet.n = 1;
    away_hear_message(origin(), &quiet, 4);
    cy_node_settle();
    away_silent();
    CY_CHECK(ears[0].got == 3 && ears[1].got == 2 && ears[0].last == 4);
    tell(CYI_CHANNEL_PART, tasks[0]);
    CY_CHECK_EQ(forward(5), 1);
    tell(CYI_CHANNEL_PART, tasks[0]);
    tell(CYI_CHANNEL_PART, tasks[1]);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 0);
    CY_CHECK_EQ(forward(6), 0);
    CY_CHECK_EQ(ears[0].got, 3);
    away_silent();
    return 0;
}

static void
it_hands_on_to_whom_the_owner_has_named(void)
{
    away_run(fans_out);
    away_run_two(fans_out);
}

static int
ending(void *arg)
{
    static struct away_ear ear;
    cy_ref task = away_ear(&ear), channel = away_channel("inner");
    (void) arg;
    CY_CHECK_EQ(join(task), 0);
    CY_CHECK_EQ(join(channel), 0);
    CY_CHECK_EQ(cy_terminate(task), 0);
    cy_node_settle();
    const struct away_said *said = away_next(CYI_CHANNEL_LEFT);
    CY_CHECK_EQ(said->word.slot, origin().slot);
    CY_CHECK_EQ(said->word.subscriber.slot, task.slot);
    CY_CHECK(said->to.node == PEER && said->to.core == 1);
    CY_CHECK_EQ(join(task), -ESRCH);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_LEFT)->word.subscriber.slot, channel.slot);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 0);
    away_silent();
    return 0;
}

static void
the_owner_is_told_who_has_ended(void)
{
    away_run(ending);
}

static int
nonsense(void *arg)
{
    static struct away_ear ear;
    cy_ref task = away_ear(&ear), wrong = task;
    (void) arg;
    CY_CHECK_EQ(join(away_ref(3, 0, CY_KIND_TASK, 1)), -ESRCH);
    CY_CHECK_EQ(join(away_ref(PEER, 0, CY_KIND_TASK, 1)), -ESRCH);
    wrong.core = 7;
    CY_CHECK_EQ(join(wrong), -ESRCH);
    wrong = task;
    wrong.generation++;
    CY_CHECK_EQ(join(wrong), -ESRCH);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 0);
    CY_CHECK_EQ(join(task), 0);
    CY_CHECK_EQ(forward_from(away_ref(3, 1, CY_KIND_TASK, 1), 1, 1), 0);
    CY_CHECK_EQ(forward_from(away_ref(PEER, 0, CY_KIND_TASK, 1), 1, 1), 0);
    CY_CHECK_EQ(ear.got, 0);
    CY_CHECK_EQ(forward_from(origin(), CYI_CHANNEL_HOPS_MAX, 1), 1);
    uint64_t lost = cyi_self->counters.lost;
    CY_CHECK_EQ(forward_from(origin(), CYI_CHANNEL_HOPS_MAX + 1, 1), 0);
    CY_CHECK_EQ(cyi_self->counters.lost, lost + 1);
    CY_CHECK_EQ(ear.got, 1);
    return 0;
}

static void
only_the_owner_is_believed_and_only_of_our_own(void)
{
    away_run(nonsense);
}

/* A channel of ours that it feeds feeds a third node: so far, and no further. */
static int
hops(void *arg)
{
    static struct away_ear ear;
    struct away_call call;
    cy_ref channel = away_channel("inner"), task = away_ear(&ear);
    (void) arg;
    CY_CHECK_EQ(join(channel), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
    away_subscribe(&call, channel, away_ref(3, 0, CY_KIND_TASK, 1));
    away_reply(away_next(CYI_CHANNEL_JOIN), 0, NULL, 0);
    away_expect(&call, 0);
    struct cyi_channel_word word = about(CYI_CHANNEL_FORWARD, CY_NOBODY);
    word.n = CYI_CHANNEL_HOPS_MAX - 1;
    away_hear_message(origin(), &word, 1);
    const struct away_said *said = away_next(CYI_CHANNEL_FORWARD);
    CY_CHECK_EQ(said->word.n, CYI_CHANNEL_HOPS_MAX);
    away_reply(said, 3, NULL, 0);
    CY_CHECK_EQ(replied(), 4);
    uint64_t refused = cyi_self->counters.refused;
    CY_CHECK_EQ(forward_from(origin(), CYI_CHANNEL_HOPS_MAX, 2), 1);
    CY_CHECK_EQ(cyi_self->counters.refused, refused + 1);
    away_silent();
    return 0;
}

static void
a_message_goes_from_node_to_node_so_many_times(void)
{
    away_run(hops);
}

static int
dropping(void *arg)
{
    static struct away_ear ear;
    cy_ref task = away_ear(&ear);
    (void) arg;
    CY_CHECK_EQ(join(task), 0);
    tell(CYI_CHANNEL_DROP, CY_NOBODY);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 0);
    tell(CYI_CHANNEL_DROP, CY_NOBODY);
    CY_CHECK_EQ(join(task), 0);
    cyi_channels_lost(cyi_self, away_ref(3, 1, CY_KIND_TASK, 1), AWAY_LINK);
    cyi_channels_lost(cyi_self, away_ref(PEER, 0, CY_KIND_TASK, 1), AWAY_LINK);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 1);
    cyi_channels_lost(cyi_self, origin(), AWAY_LINK);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 0);
    CY_CHECK_EQ(forward(1), 0);
    away_silent();
    return 0;
}

static void
it_ends_with_the_channel_and_with_the_node(void)
{
    away_run(dropping);
}

CY_TEST_MAIN("runtime.channel_proxy", CY_TEST(it_hands_on_to_whom_the_owner_has_named),
             CY_TEST(the_owner_is_told_who_has_ended),
             CY_TEST(only_the_owner_is_believed_and_only_of_our_own),
             CY_TEST(a_message_goes_from_node_to_node_so_many_times),
             CY_TEST(it_ends_with_the_channel_and_with_the_node))
