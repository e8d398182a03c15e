#include "away.h"

#include <stdatomic.h>

static cy_ref
channel_there(void)
{
    return away_ref(2, 3, CY_KIND_CHANNEL, 1);
}

static int
answer_last(int result)
{
    const struct away_said *said = &away.said[away.said_count - 1];
    struct cyi_return to = said->word.who;
    cyi_answer_arrives(cyi_self, &to, result, 0, NULL);
    return 0;
}

static int
asking(void *arg)
{
    static struct away_ear ear;
    cy_ref task = away_ear(&ear), third = away_ref(3, 0, CY_KIND_CHANNEL, 9);
    struct away_call call;
    (void) arg;
    away_subscribe(&call, channel_there(), task);
    const struct away_said *said = away_next(CYI_CHANNEL_SUBSCRIBE);
    CY_CHECK(said->to.node == 2 && said->to.core == 3);
    CY_CHECK_EQ(said->word.slot, channel_there().slot);
    CY_CHECK(cy_ref_equal(said->word.subscriber, task));
    CY_CHECK_EQ(said->word.who.slot, call.task.slot);
    CY_CHECK(!call.done);
    answer_last(0);
    away_expect(&call, 0);
    away_subscribe(&call, channel_there(), third);
    CY_CHECK(cy_ref_equal(away_next(CYI_CHANNEL_SUBSCRIBE)->word.subscriber, third));
    answer_last(-ELOOP);
    away_expect(&call, -ELOOP);
    away_subscribe(&call, channel_there(), third);
    away_next(CYI_CHANNEL_SUBSCRIBE);
    answer_last(17); /* whatever it answers */
    away_expect(&call, 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel_there(), task, cy_after(CY_MILLISECOND)),
                -ETIMEDOUT);
    CY_CHECK(cy_ref_equal(away_next(CYI_CHANNEL_UNSUBSCRIBE)->word.subscriber, task));
    away.refuse = CY_ENOPEER;
    CY_CHECK_EQ(cy_channel_subscribe(channel_there(), task, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_close(channel_there()), CY_ENOPEER);
    away.refuse = 0;
    CY_CHECK_EQ(cy_channel_subscribe(channel_there(), CY_NOBODY, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_subscribe(task, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_close(channel_there()), 0);
    away_next(CYI_CHANNEL_CLOSE);
    away_silent();
    return 0;
}

static void
the_owner_elsewhere_is_asked(void)
{
    away_run(asking);
}

static int
asked(void *arg)
{
    static struct away_ear ear;
    cy_ref channel = away_channel("mine"), task = away_ear(&ear);
    struct cyi_channel_word word = away_word(CYI_CHANNEL_SUBSCRIBE, channel);
    (void) arg;
    word.subscriber = task;
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), 0);
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    word.verb = CYI_CHANNEL_UNSUBSCRIBE;
    away_hear(channel_there(), &word);
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), 0);
    CY_CHECK_EQ(away_answered(), -ENOENT);
    word.subscriber = CY_NOBODY;
    word.verb = CYI_CHANNEL_SUBSCRIBE;
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    word.subscriber = task;
    word.subscriber.core = 7;
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), CY_ENOPEER);
    word.subscriber = channel;
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), -ELOOP);
    word.subscriber = away_ref(2, 0, CY_KIND_TASK, 2);
    away_hear(channel_there(), &word);
    away_reply(away_next(CYI_CHANNEL_JOIN), 0, NULL, 0);
    CY_CHECK_EQ(away_answered(), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    away_next(CYI_CHANNEL_DROP);
    away_hear(channel_there(), &word);
    CY_CHECK_EQ(away_answered(), -ESRCH);
    away_silent();
    return 0;
}

static void
others_are_answered(void)
{
    away_run(asked);
}

/* From the other core of this node, for somebody of another node. */
static cy_ref mine;
static int other_result;
static atomic_bool other_done;

static int
subscribe_from_other(void *arg)
{
    (void) arg;
    other_result = cy_channel_subscribe(mine, away_ref(2, 0, CY_KIND_TASK, 2), CY_FOREVER);
    if (other_result == 0)
        other_result =
            cy_channel_unsubscribe(mine, away_ref(2, 0, CY_KIND_TASK, 2), CY_FOREVER);
    atomic_store(&other_done, true);
    return 0;
}

static int
across(void *arg)
{
    (void) arg;
    mine = away_channel("mine");
    atomic_store(&other_done, false);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, subscribe_from_other, NULL, NULL), 0);
    while (away.said_count == 0)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    CY_CHECK(!atomic_load(&other_done));
    away_reply(away_next(CYI_CHANNEL_JOIN), 0, NULL, 0);
    while (!atomic_load(&other_done))
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    CY_CHECK_EQ(other_result, 0);
    away_next(CYI_CHANNEL_PART);
    away_silent();
    return 0;
}

static void
a_reference_elsewhere_crosses_to_the_owners_core(void)
{
    away_run_two(across);
}

static int
alone(void *arg)
{
    static struct away_ear ear;
    cy_ref channel = away_channel("mine");
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_channel_subscribe(channel_there(), away_ear(&ear), CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_subscribe(channel, channel_there(), CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_close(channel_there()), CY_ENOPEER);
    CY_CHECK_EQ(cy_msg_create(&msg, AWAY_TAG, 1), 0);
    CY_CHECK_EQ(cy_channel_deliver(channel_there(), &msg, 0, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    return 0;
}

static void
a_node_without_a_network_reaches_nobody(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, alone, NULL), 0);
}

CY_TEST_MAIN("runtime.channel_subscribe", CY_TEST(the_owner_elsewhere_is_asked),
             CY_TEST(others_are_answered),
             CY_TEST(a_reference_elsewhere_crosses_to_the_owners_core),
             CY_TEST(a_node_without_a_network_reaches_nobody))
