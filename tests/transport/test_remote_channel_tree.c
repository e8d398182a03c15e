#include "trio_channel.h"

static struct trio_ear ears[4];

/* 0 -> 1 -> 2, then the last one cannot feed the first. */
static int
hierarchy(void *arg)
{
    cy_ref a = trio_channel_at(trio_spots[0]), b = trio_channel_at(trio_spots[3]),
           c = trio_channel_at(trio_spots[4]);
    cy_ref d = trio_channel_at(trio_spots[1]);
    (void) arg;
    trio_subscribe(a, b);
    trio_subscribe(b, c);
    trio_subscribe(c, trio_ear_at(trio_spots[1], &ears[0]));
    trio_subscribe(b, trio_ear_at(trio_spots[5], &ears[1]));
    trio_subscribe(a, trio_ear_at(trio_spots[2], &ears[2]));
    CY_CHECK_EQ(trio_reach(a), 3);
    CY_CHECK_EQ(trio_reach(b), 2);
    CY_CHECK_EQ(cy_channel_subscribe(c, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(b, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(c, b, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(a, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(b, b, CY_FOREVER), -ELOOP);
    /* Through a neighbour on the first one's node. */
    trio_subscribe(c, d);
    CY_CHECK_EQ(cy_channel_subscribe(d, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(d, b, CY_FOREVER), -ELOOP);
    trio_unsubscribe(c, d);
    trio_subscribe(d, a);
    CY_CHECK_EQ(cy_channel_subscribe(c, d, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(trio_reach(d), 3);
    /* A diamond is no circle. */
    trio_subscribe(a, c);
    CY_CHECK_EQ(trio_reach(a), 4);
    /* What was cut may be connected the other way. */
    trio_unsubscribe(b, c);
    trio_unsubscribe(a, c);
    trio_subscribe(c, a);
    CY_CHECK_EQ(trio_reach(c), 3);
    CY_CHECK_EQ(cy_channel_close(b), 0);
    trio_settle();
    CY_CHECK_EQ(trio_reach(a), 1);
    CY_CHECK_EQ(cy_channel_subscribe(a, b, CY_FOREVER), -ESRCH);
    return 0;
}

static void
channels_feed_channels_of_other_nodes_but_never_in_a_circle(void)
{
    trio_run(hierarchy);
}

struct edge {
    cy_ref from, to;
    int result;
    bool done;
};

static int
connect_edge(void *arg)
{
    struct edge *edge = arg;
    edge->result = cy_channel_subscribe(edge->from, edge->to, CY_FOREVER);
    edge->done = true;
    return 0;
}

/* The last word of a task is not heard before it was said: all begin at about the same time. */
static int
at_once(void *arg)
{
    static struct edge edges[3];
    (void) arg;
    for (int round = 0; round < 30; round++) {
        cy_ref channels[3];
        int refused = 0;
        for (int i = 0; i < 3; i++)
            channels[i] = trio_channel_at(trio_spots[2 * i + round % 2]);
        for (int i = 0; i < 3; i++) {
            edges[i] = (struct edge){.from = channels[i], .to = channels[(i + 1) % 3]};
            trio_spawn((uint32_t) (i + round) % 3, 0, connect_edge, &edges[i]);
        }
        trio_settle();
        for (int i = 0; i < 3; i++) {
            CY_CHECK(edges[i].done);
            CY_CHECK(edges[i].result == 0 || edges[i].result == -ELOOP);
            refused += edges[i].result != 0;
        }
        CY_CHECK(refused > 0);
        CY_CHECK_EQ(trio_reach(channels[0]), 0); /* it ends */
        for (int i = 0; i < 3; i++)
            CY_CHECK_EQ(cy_channel_close(channels[i]), 0);
    }
    return 0;
}

static void
of_edges_that_would_close_a_circle_together_one_is_refused(void)
{
    trio_run(at_once);
}

static void
drop_or_change(void *arg, cy_msg **msg)
{
    uint32_t *calls = arg;
    uint32_t number;
    memcpy(&number, cy_msg_body(*msg), sizeof number);
    ++*calls;
    cy_msg_free(msg);
    if (*calls % 2 == 1)
        CY_CHECK_EQ(cy_msg_copy(msg, TRIO_TAG, &number, sizeof number), 0);
}

static int
transformed(void *arg)
{
    static uint32_t calls;
    struct cy_channel_options options = {.transform = drop_or_change, .transform_arg = &calls};
    cy_ref channel = trio_channel_with(trio_spots[2], &options);
    (void) arg;
    for (int i = 0; i < 4; i++)
        trio_subscribe(channel, trio_ear_at(trio_spots[i + 1], &ears[i]));
    CY_CHECK_EQ(trio_reach(channel), 4);
    CY_CHECK_EQ(trio_reach(channel), 0);
    CY_CHECK_EQ(trio_reach(channel), 4);
    CY_CHECK_EQ(calls, 3);
    trio_settle();
    for (int i = 0; i < 4; i++)
        CY_CHECK(ears[i].got == 2 && ears[i].wrong == 0);
    return 0;
}

static void
the_transform_runs_once_at_the_owner(void)
{
    trio_run(transformed);
}

CY_TEST_MAIN("transport.remote_channel_tree",
             CY_TEST(channels_feed_channels_of_other_nodes_but_never_in_a_circle),
             CY_TEST(of_edges_that_would_close_a_circle_together_one_is_refused),
             CY_TEST(the_transform_runs_once_at_the_owner))
