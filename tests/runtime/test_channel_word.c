#include "away.h"

static cy_ref
there(void)
{
    return away_ref(2, 3, CY_KIND_CHANNEL, 1);
}

static void
answer(const struct away_said *said, int result, cy_msg *msg)
{
    struct cyi_return to = said->word.who;
    cyi_answer_arrives(cyi_self, &to, result, 0, msg);
}

/* The network keeps the message until it is answered, as it should. */
static void
drop_kept(void)
{
    cyi_msg_drop(cyi_self, away.kept);
    away.kept = NULL;
}

static int
delivering(void *arg)
{
    struct away_call call;
    (void) arg;
    away_deliver(&call, there(), 4, CY_FOREVER);
    const struct away_said *said = away_next(CYI_CHANNEL_DELIVER);
    CY_CHECK(said->word.n == 4 && said->size == 4 && said->to.core == 3);
    CY_CHECK_EQ(said->word.who.slot, call.task.slot);
    CY_CHECK(!call.done);
    answer(said, 6, NULL);
    away_expect(&call, 6);
    drop_kept();
    away_deliver(&call, there(), 4, CY_FOREVER);
    answer(away_next(CYI_CHANNEL_DELIVER), -ESRCH, away.kept);
    away_expect(&call, -ESRCH); /* and has its message again */
    /* Who says that nobody got it and keeps it is not believed. */
    away_deliver(&call, there(), 4, CY_FOREVER);
    answer(away_next(CYI_CHANNEL_DELIVER), -ESRCH, NULL);
    away_expect(&call, 0);
    drop_kept();
    away.refuse = -EAGAIN;
    away_deliver(&call, there(), 4, CY_FOREVER);
    away_expect(&call, -EAGAIN);
    away.refuse = 0;
    away_silent();
    return 0;
}

static void
a_delivery_elsewhere_is_answered_by_the_owner(void)
{
    away_run(delivering);
}

static int
recalling(void *arg)
{
    struct away_call call;
    (void) arg;
    away_deliver(&call, there(), 1, CY_NOW);
    const struct away_said *said = away_next(CYI_CHANNEL_DELIVER);
    uint32_t token = said->word.who.token;
    CY_CHECK_EQ(away_next(CYI_CHANNEL_RECALL)->word.who.token, token);
    away_expect(&call, 0);
    answer(said, -ETIMEDOUT, away.kept); /* late: nobody takes it */
    away_deliver(&call, there(), 1, CY_FOREVER);
    said = away_next(CYI_CHANNEL_DELIVER);
    CY_CHECK_EQ(cy_terminate(call.task), 0);
    away_expect(&call, 0);
    token = said->word.who.token;
    CY_CHECK_EQ(away_next(CYI_CHANNEL_RECALL)->word.who.token, token);
    drop_kept();
    away_silent();
    return 0;
}

static void
who_gives_up_calls_its_message_back(void)
{
    away_run(recalling);
}

/* Words about what there is not have no effect, but an answer. */
static int
strangers(void *arg)
{
    static const enum cyi_channel_verb silent[] = {CYI_CHANNEL_RECALL, CYI_CHANNEL_CLOSE,
                                                   CYI_CHANNEL_PART,   CYI_CHANNEL_LEFT,
                                                   CYI_CHANNEL_DROP,   CYI_CHANNEL_REPLY};
    cy_ref none = away_ref(cyi_self->home.node, 0, CY_KIND_CHANNEL, 5);
    struct cyi_channel_word word;
    (void) arg;
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        word = away_word(silent[i], none);
        word.subscriber = none;
        away_hear(there(), &word);
    }
    away_silent();
    word = away_word(CYI_CHANNEL_TRACE, none);
    word.number = UINT64_MAX;
    away_hear(there(), &word);
    const struct away_said *said = away_next(CYI_CHANNEL_REPLY);
    CY_CHECK(said->word.result == 0 && said->count == 0);
    CY_CHECK_EQ(said->word.number, UINT64_MAX);
    word = away_word(CYI_CHANNEL_SUBSCRIBE, none);
    away_hear(there(), &word);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    word = away_word(CYI_CHANNEL_DELIVER, none);
    away_hear_message(there(), &word, 1);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    away_silent();
    cyi_channels_lost(cyi_self, there(), AWAY_LINK);
    return 0;
}

static void
words_about_nothing_do_nothing(void)
{
    away_run(strangers);
}

static int
closing(void *arg)
{
    static struct away_ear ear;
    cy_ref channel = away_channel("mine");
    (void) arg;
    struct cyi_channel_word word = away_word(CYI_CHANNEL_CLOSE, channel);
    away_hear(there(), &word);
    CY_CHECK_EQ(cy_channel_subscribers(channel), -ESRCH);
    /* But nobody closes what stands in for a channel of another. */
    word = away_word(CYI_CHANNEL_JOIN, there());
    word.number = 1;
    word.subscriber = away_ear(&ear);
    away_hear(there(), &word);
    CY_CHECK_EQ(away_next(CYI_CHANNEL_REPLY)->word.result, 0);
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 1);
    for (uint32_t i = 0; i < 2; i++) {
        cy_ref proxy = channel;
        proxy.slot = channel.slot + i;
        proxy.generation = channel.generation + 1 - i;
        word = away_word(CYI_CHANNEL_CLOSE, proxy);
        away_hear(there(), &word);
    }
    CY_CHECK_EQ(cyi_channel_proxies(cyi_self), 1);
    away_silent();
    return 0;
}

static void
others_may_close_our_channels(void)
{
    away_run(closing);
}

CY_TEST_MAIN("runtime.channel_word", CY_TEST(a_delivery_elsewhere_is_answered_by_the_owner),
             CY_TEST(who_gives_up_calls_its_message_back),
             CY_TEST(words_about_nothing_do_nothing), CY_TEST(others_may_close_our_channels))
