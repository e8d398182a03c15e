#include "away.h"

static cy_ref
peer(void)
{
    return away_ref(2, 0, CY_KIND_TASK, 5);
}

/* A delivery of the peer's task with this token. */
static struct cyi_channel_word
delivery(cy_ref channel, uint32_t n, uint32_t token)
{
    struct cyi_channel_word word = away_word(CYI_CHANNEL_DELIVER, channel);
    word.n = n;
    word.who.token = token;
    return word;
}

static void
deliver(cy_ref channel, uint32_t n, uint32_t token)
{
    struct cyi_channel_word word = delivery(channel, n, token);
    away_hear_message(peer(), &word, token);
    away_settle();
}

static void
recall(cy_ref channel, uint32_t token)
{
    struct cyi_channel_word word = delivery(channel, 0, token);
    word.verb = CYI_CHANNEL_RECALL;
    away_hear(peer(), &word);
}

static void
subscribe(cy_ref channel, struct away_ear *ear)
{
    CY_CHECK_EQ(cy_channel_subscribe(channel, away_ear(ear), CY_FOREVER), 0);
    away_settle();
}

static int
waiting(void *arg)
{
    static struct away_ear ears[3];
    cy_ref channel = away_channel("news");
    (void) arg;
    deliver(channel, 0, 1);
    CY_CHECK_EQ(away_answered(), 0);
    deliver(channel, 2, 2);
    deliver(channel, 3, 3);
    subscribe(channel, &ears[0]);
    away_silent();
    deliver(channel, 1, 4);
    CY_CHECK_EQ(away_answered(), 1);
    subscribe(channel, &ears[1]);
    CY_CHECK_EQ(away_answered(), 2);
    CY_CHECK(ears[0].got == 2 && ears[1].got == 1 && ears[1].last == 2);
    CY_CHECK(cy_ref_equal(ears[1].sender, peer()));
    subscribe(channel, &ears[2]);
    CY_CHECK_EQ(away_answered(), 3);
    CY_CHECK_EQ(ears[2].last, 3);
    away_silent();
    return 0;
}

static void
it_is_published_once_there_are_enough(void)
{
    away_run(waiting);
}

static int
recalling(void *arg)
{
    static struct away_ear ear;
    cy_ref channel = away_channel("news");
    (void) arg;
    deliver(channel, 1, 1);
    deliver(channel, 1, 2);
    recall(channel, 3);
    away_silent();
    recall(channel, 1);
    CY_CHECK_EQ(away_answered(), -ETIMEDOUT);
    recall(channel, 1);
    away_silent();
    subscribe(channel, &ear);
    CY_CHECK_EQ(away_answered(), 1);
    CY_CHECK(ear.got == 1 && ear.last == 2);
    recall(channel, 2); /* too late */
    deliver(channel, 2, 4);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    deliver(channel, 2, 5);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    recall(channel, 4);
    away_silent();
    return 0;
}

static void
what_is_called_back_or_has_no_channel_reaches_nobody(void)
{
    away_run(recalling);
}

static int
losing(void *arg)
{
    static struct away_ear ear;
    cy_ref channel = away_channel("news");
    struct cyi_channel_word other = delivery(channel, 1, 2);
    (void) arg;
    deliver(channel, 1, 1);
    other.who.link = AWAY_LINK + 1;
    away_hear_message(away_ref(3, 0, CY_KIND_TASK, 5), &other, 2);
    cyi_channels_lost(cyi_self, peer(), AWAY_LINK);
    subscribe(channel, &ear);
    CY_CHECK(ear.got == 1 && ear.last == 2);
    CY_CHECK_EQ(away.answer_count, 1);
    CY_CHECK_EQ(away.answers[0].to.link, AWAY_LINK + 1);
    return 0;
}

static void
a_node_that_is_lost_takes_its_own_along(void)
{
    away_run(losing);
}

/* What was promised is not published twice when the transform closes the channel. */
static cy_ref closing;

static void
close_it(void *arg, cy_msg **msg)
{
    (void) arg;
    (void) msg;
    CY_CHECK_EQ(cy_channel_close(closing), 0);
}

static int
closed_within(void *arg)
{
    static struct away_ear ear;
    struct cy_channel_options options = {.transform = close_it};
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&closing, "closing", &options), 0);
    deliver(closing, 1, 1);
    deliver(closing, 1, 2);
    subscribe(closing, &ear);
    CY_CHECK_EQ(away.answer_count, 2);
    CY_CHECK_EQ(away.answers[0].result + away.answers[1].result, -ESRCH);
    CY_CHECK_EQ(ear.got, 0);
    return 0;
}

static void
a_transform_may_close_the_channel_while_they_wait(void)
{
    away_run(closed_within);
}

static int
limits(void *arg)
{
    cy_ref channel = away_channel("news");
    (void) arg;
    for (uint32_t i = 0; i < CYI_CHANNEL_GUESTS_MAX; i++)
        deliver(channel, 1, i);
    away_silent();
    deliver(channel, 1, CYI_CHANNEL_GUESTS_MAX);
    CY_CHECK_EQ(away_answered(), -EAGAIN);
    recall(channel, 7);
    CY_CHECK_EQ(away_answered(), -ETIMEDOUT);
    deliver(channel, 1, CYI_CHANNEL_GUESTS_MAX);
    away_silent();
    cyi_channels_lost(cyi_self, peer(), AWAY_LINK);
    struct cyi_channel_word word = delivery(channel, 1, 1);
    for (uint32_t i = 0; i < 2; i++) {
        cy_msg *msg = cyi_msg_take(cyi_self, AWAY_TAG, CYI_CHANNEL_GUEST_BYTES / 2);
        CY_CHECK(msg != NULL);
        cyi_channel_word_arrives(cyi_self, peer(), &word, msg);
        word.who.token++;
    }
    away_silent();
    deliver(channel, 1, 9);
    CY_CHECK_EQ(away_answered(), -EAGAIN);
    recall(channel, 1);
    CY_CHECK_EQ(away_answered(), -ETIMEDOUT);
    deliver(channel, 1, 9);
    away_silent();
    return 0; /* and what waits at the end is given back */
}

static void
there_may_be_so_many_and_so_many_bytes_of_each_link(void)
{
    away_run(limits);
}

CY_TEST_MAIN("runtime.channel_guest", CY_TEST(it_is_published_once_there_are_enough),
             CY_TEST(what_is_called_back_or_has_no_channel_reaches_nobody),
             CY_TEST(a_node_that_is_lost_takes_its_own_along),
             CY_TEST(a_transform_may_close_the_channel_while_they_wait),
             CY_TEST(there_may_be_so_many_and_so_many_bytes_of_each_link))
