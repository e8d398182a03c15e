#include "link.h"
#include "trio.h"
#include <cycos/impl/channel.h>
#include <string.h>

enum { TAG = 7, MANY = 1000 };

/* Where a task or a channel shall be. */
struct spot {
    uint32_t node;
    uint16_t core;
};
static const struct spot SPOTS[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}};
enum { SPOTS_COUNT = sizeof SPOTS / sizeof SPOTS[0] };

struct creation {
    cy_ref channel;
    struct cy_channel_options *options;
};

static int
create(void *arg)
{
    struct creation *creation = arg;
    return cy_channel_create(&creation->channel, "news", creation->options);
}

static cy_ref
channel_with(struct spot spot, struct cy_channel_options *options)
{
    struct creation creation = {.options = options};
    CY_CHECK_EQ(trio_on(spot.node, spot.core, create, &creation), 0);
    return creation.channel;
}

static cy_ref
channel_at(struct spot spot)
{
    return channel_with(spot, NULL);
}

/* A subscriber counts, and looks at the order. */
struct ear {
    uint32_t got, wrong, last;
    cy_ref publisher;
};

static int
hear(void *arg)
{
    struct ear *ear = arg;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        uint32_t number = 0;
        memcpy(&number, cy_msg_body(msg), sizeof number);
        ear->wrong += number <= ear->last || cy_msg_tag(msg) != TAG ||
                      !cy_ref_equal(cy_msg_sender(msg), ear->publisher);
        ear->last = number;
        ear->got++;
        cy_msg_free(&msg);
    }
    return 0;
}

static cy_ref
ear_at(struct spot spot, struct ear *ear)
{
    memset(ear, 0, sizeof *ear);
    ear->publisher = cy_self();
    return trio_spawn(spot.node, spot.core, hear, ear);
}

static cy_msg *
message(size_t size)
{
    static uint32_t number;
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TAG, size), 0);
    memset(cy_msg_body(msg), 0x5A, size);
    number++;
    memcpy(cy_msg_body(msg), &number, sizeof number);
    return msg;
}

static int
deliver(cy_ref channel, uint32_t n, cy_time deadline)
{
    cy_msg *msg = message(100);
    int rc = cy_channel_deliver(channel, &msg, n, deadline);
    CY_CHECK((msg == NULL) == (rc >= 0));
    cy_msg_free(&msg);
    return rc;
}

static int
reach(cy_ref channel)
{
    return deliver(channel, 0, CY_FOREVER);
}

static void
subscribe(cy_ref channel, cy_ref subscriber)
{
    CY_CHECK_EQ(cy_channel_subscribe(channel, subscriber, CY_FOREVER), 0);
}

static void
unsubscribe(cy_ref channel, cy_ref subscriber)
{
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, subscriber, CY_FOREVER), 0);
}

static void
stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    (void) !cy_join(NULL, task, CY_FOREVER);
}

static void
settle(void)
{
    CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
}

/* What is left on all nodes that run. */
static uint32_t
proxies_left(void)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < TRIO_NODES; i++) {
        for (uint16_t core = 0; core < TRIO_CORES; core++) {
            left += cyi_channel_proxies(trio.node[i]->cores[core]);
        }
    }
    return left;
}

static void
placed(struct spot channel_spot, struct spot subscriber_spot)
{
    static struct ear ear;
    cy_ref channel = channel_at(channel_spot), task = ear_at(subscriber_spot, &ear);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    subscribe(channel, task);
    CY_CHECK_EQ(reach(channel), 1);
    subscribe(channel, task);
    CY_CHECK_EQ(reach(channel), 1);
    unsubscribe(channel, task);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    subscribe(channel, task);
    CY_CHECK_EQ(reach(channel), 1);
    settle();
    CY_CHECK_EQ(ear.got, 3);
    CY_CHECK_EQ(ear.wrong, 0);
    stop(task);
    settle();
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    settle();
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(reach(channel), -ESRCH);
    CY_CHECK_EQ(proxies_left(), 0);
}

static int
placings(void *arg)
{
    for (int a = 0; a < SPOTS_COUNT; a++) {
        for (int b = 0; b < SPOTS_COUNT; b++)
            placed(SPOTS[a], SPOTS[b]);
    }
    (void) arg;
    return 0;
}

static void
channel_and_subscriber_may_be_anywhere(void)
{
    trio_run(placings);
}

static struct cyi_channel_counters
counters_of(cy_ref channel, uint32_t node)
{
    struct cyi_channel_counters counters = {0};
    CY_CHECK(cyi_channel_count(trio.node[node]->cores[channel.core], channel, &counters));
    return counters;
}

static uint64_t
items_sent(uint32_t node)
{
    uint64_t items = 0;
    for (uint16_t i = 0; i < TRIO_CORES; i++)
        items += cyi_net_core(trio.node[node]->cores[i])->counters.frames_sent;
    return items;
}

static struct ear ears[MANY];

/* One item each time, also in the way there: the link's messages in the open frame say so. */
static int
many_on_one_node(void *arg)
{
    cy_ref channel = channel_at(SPOTS[0]), tasks[MANY];
    (void) arg;
    for (uint32_t i = 0; i < MANY; i++) {
        tasks[i] = ear_at(SPOTS[2 + i % 2], &ears[i]);
        subscribe(channel, tasks[i]);
    }
    CY_CHECK_EQ(cy_channel_subscribers(channel), MANY);
    for (int i = 0; i < 10; i++)
        CY_CHECK_EQ(reach(channel), MANY);
    cy_msg *msg = message(100);
    const struct cyi_link *link = cyi_link_find(cyi_self, tasks[0].node, tasks[0].core);
    uint32_t before = link->open == NULL ? 0 : link->open->messages;
    CY_CHECK_EQ(cy_send(channel, &msg), 0);
    CY_CHECK_EQ(link->open->messages, before + 1);
    settle();
    CY_CHECK_EQ(counters_of(channel, 0).forwarded, 11);
    CY_CHECK_EQ(counters_of(channel, 0).sent, 11 * MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        CY_CHECK_EQ(ears[i].got, 11);
        CY_CHECK_EQ(ears[i].wrong, 0);
        stop(tasks[i]);
    }
    settle();
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    CY_CHECK_EQ(proxies_left(), 0);
    uint64_t frames = items_sent(0);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(counters_of(channel, 0).forwarded, 11);
    CY_CHECK_EQ(items_sent(0), frames);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    return 0;
}

static void
a_thousand_subscribers_on_one_node_cost_one_item(void)
{
    trio_run(many_on_one_node);
}

/* Delivers in the background. */
struct waiter {
    cy_ref channel;
    uint32_t n;
    cy_time wait;
    int result;
    bool kept, done;
};

static int
wait_and_deliver(void *arg)
{
    struct waiter *waiter = arg;
    cy_msg *msg = message(5000);
    waiter->result =
        cy_channel_deliver(waiter->channel, &msg, waiter->n,
                           waiter->wait == CY_FOREVER ? CY_FOREVER : cy_after(waiter->wait));
    waiter->kept = msg != NULL;
    cy_msg_free(&msg);
    waiter->done = true;
    return 0;
}

static cy_ref
begin(struct waiter *waiter, struct spot spot)
{
    waiter->done = false;
    return trio_spawn(spot.node, spot.core, wait_and_deliver, waiter);
}

static void
waits_for_subscribers(struct spot channel_spot, struct spot publisher)
{
    static struct waiter waiter;
    cy_ref channel = channel_at(channel_spot), tasks[3];
    waiter = (struct waiter){.channel = channel, .n = 3, .wait = CY_FOREVER};
    begin(&waiter, publisher);
    for (int i = 0; i < 3; i++) {
        settle();
        CY_CHECK(!waiter.done);
        tasks[i] = ear_at(SPOTS[2 * i], &ears[i]);
        subscribe(channel, tasks[i]);
    }
    settle();
    CY_CHECK(waiter.done && !waiter.kept);
    CY_CHECK_EQ(waiter.result, 3);
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(ears[i].got, 1);
    /* Nobody gets what was called back. */
    waiter.n = 4;
    waiter.wait = 10 * CY_MILLISECOND;
    begin(&waiter, publisher);
    settle();
    CY_CHECK(waiter.done && !waiter.kept);
    CY_CHECK_EQ(waiter.result, 0);
    tasks[0] = ear_at(SPOTS[1], &ears[3]);
    subscribe(channel, tasks[0]);
    settle();
    CY_CHECK_EQ(ears[0].got, 1);
    CY_CHECK_EQ(ears[3].got, 0);
    /* Who waits on a channel that closes has its message again. */
    waiter.n = 9;
    waiter.wait = CY_FOREVER;
    begin(&waiter, publisher);
    settle();
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    settle();
    CY_CHECK(waiter.done && waiter.kept);
    CY_CHECK_EQ(waiter.result, -ESRCH);
    settle();
    CY_CHECK_EQ(proxies_left(), 0);
}

static int
waits(void *arg)
{
    (void) arg;
    waits_for_subscribers(SPOTS[0], SPOTS[2]);
    waits_for_subscribers(SPOTS[2], SPOTS[0]);
    waits_for_subscribers(SPOTS[3], SPOTS[5]);
    waits_for_subscribers(SPOTS[0], SPOTS[1]);
    return 0;
}

static void
a_delivery_waits_at_the_owner_for_subscribers_of_all_nodes(void)
{
    trio_run(waits);
}

static int
terminated(void *arg)
{
    static struct waiter waiter;
    cy_ref channel = channel_at(SPOTS[0]);
    (void) arg;
    waiter = (struct waiter){.channel = channel, .n = 1, .wait = CY_FOREVER};
    cy_ref task = begin(&waiter, SPOTS[2]);
    settle();
    CY_CHECK_EQ(cy_terminate(task), 0);
    settle();
    CY_CHECK(waiter.done);
    CY_CHECK_EQ(waiter.result, 0);
    subscribe(channel, ear_at(SPOTS[4], &ears[0]));
    settle();
    CY_CHECK_EQ(ears[0].got, 0);
    CY_CHECK_EQ(counters_of(channel, 0).published, 0);
    return 0;
}

static void
who_is_terminated_while_it_waits_has_called_its_message_back(void)
{
    trio_run(terminated);
}

/* 0 -> 1 -> 2, then the last one cannot feed the first. */
static int
hierarchy(void *arg)
{
    cy_ref a = channel_at(SPOTS[0]), b = channel_at(SPOTS[3]), c = channel_at(SPOTS[4]);
    cy_ref d = channel_at(SPOTS[1]);
    (void) arg;
    subscribe(a, b);
    subscribe(b, c);
    subscribe(c, ear_at(SPOTS[1], &ears[0]));
    subscribe(b, ear_at(SPOTS[5], &ears[1]));
    subscribe(a, ear_at(SPOTS[2], &ears[2]));
    CY_CHECK_EQ(reach(a), 3);
    CY_CHECK_EQ(reach(b), 2);
    CY_CHECK_EQ(cy_channel_subscribe(c, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(b, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(c, b, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(a, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(b, b, CY_FOREVER), -ELOOP);
    /* Through a neighbour on the first one's node. */
    subscribe(c, d);
    CY_CHECK_EQ(cy_channel_subscribe(d, a, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(cy_channel_subscribe(d, b, CY_FOREVER), -ELOOP);
    unsubscribe(c, d);
    subscribe(d, a);
    CY_CHECK_EQ(cy_channel_subscribe(c, d, CY_FOREVER), -ELOOP);
    CY_CHECK_EQ(reach(d), 3);
    /* A diamond is no circle. */
    subscribe(a, c);
    CY_CHECK_EQ(reach(a), 4);
    /* What was cut may be connected the other way. */
    unsubscribe(b, c);
    unsubscribe(a, c);
    subscribe(c, a);
    CY_CHECK_EQ(reach(c), 3);
    CY_CHECK_EQ(cy_channel_close(b), 0);
    settle();
    CY_CHECK_EQ(reach(a), 1);
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
            channels[i] = channel_at(SPOTS[2 * i + round % 2]);
        for (int i = 0; i < 3; i++) {
            edges[i] = (struct edge){.from = channels[i], .to = channels[(i + 1) % 3]};
            trio_spawn((uint32_t) (i + round) % 3, 0, connect_edge, &edges[i]);
        }
        settle();
        for (int i = 0; i < 3; i++) {
            CY_CHECK(edges[i].done);
            CY_CHECK(edges[i].result == 0 || edges[i].result == -ELOOP);
            refused += edges[i].result != 0;
        }
        CY_CHECK(refused > 0);
        CY_CHECK_EQ(reach(channels[0]), 0); /* it ends */
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
        CY_CHECK_EQ(cy_msg_copy(msg, TAG, &number, sizeof number), 0);
}

static int
transformed(void *arg)
{
    static uint32_t calls;
    struct cy_channel_options options = {.transform = drop_or_change, .transform_arg = &calls};
    cy_ref channel = channel_with(SPOTS[2], &options);
    (void) arg;
    for (int i = 0; i < 4; i++)
        subscribe(channel, ear_at(SPOTS[i + 1], &ears[i]));
    CY_CHECK_EQ(reach(channel), 4);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(reach(channel), 4);
    CY_CHECK_EQ(calls, 3);
    settle();
    for (int i = 0; i < 4; i++)
        CY_CHECK(ears[i].got == 2 && ears[i].wrong == 0);
    return 0;
}

static void
the_transform_runs_once_at_the_owner(void)
{
    trio_run(transformed);
}

static int
limited(void *arg)
{
    struct cy_channel_options options = {.subscribers_max = 2};
    cy_ref channel = channel_with(SPOTS[0], &options), task = ear_at(SPOTS[4], &ears[2]);
    (void) arg;
    cy_ref first = ear_at(SPOTS[2], &ears[0]);
    subscribe(channel, first);
    subscribe(channel, ear_at(SPOTS[3], &ears[1]));
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ENOBUFS);
    CY_CHECK_EQ(cy_channel_subscribe(channel, first, CY_FOREVER), 0);
    unsubscribe(channel, first);
    subscribe(channel, task);
    CY_CHECK_EQ(cy_channel_subscribe(channel, first, CY_FOREVER), -ENOBUFS);
    CY_CHECK_EQ(reach(channel), 2);
    return 0;
}

static void
subscribers_of_other_nodes_count_against_the_limit(void)
{
    trio_run(limited);
}

/* Deliveries that wait: one core elsewhere may have so many here. */
static int
wait_once(void *arg)
{
    cy_msg *msg = message(100);
    int rc = cy_channel_deliver(*(cy_ref *) arg, &msg, 1, CY_FOREVER);
    CY_CHECK((msg == NULL) == (rc >= 0));
    cy_msg_free(&msg);
    ears[0].got += rc == 1;
    ears[0].last += rc == -EAGAIN;
    return 0;
}

static int
wait_many(void *arg)
{
    for (int i = 0; i < CYI_CHANNEL_GUESTS_MAX + 5; i++)
        CY_CHECK_EQ(cy_task_spawn(NULL, wait_once, arg, NULL), 0);
    return 0;
}

static int
wait_big(void *arg)
{
    for (int i = 0; i < 5; i++) {
        cy_msg *msg = NULL;
        CY_CHECK_EQ(cy_msg_create(&msg, TAG, CYI_CHANNEL_GUEST_BYTES / 4), 0);
        memset(cy_msg_body(msg), 1, cy_msg_size(msg));
        /* What is called back at once has made room again. */
        CY_CHECK_EQ(cy_channel_deliver(*(cy_ref *) arg, &msg, 1, cy_after(CY_SECOND)), 0);
    }
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TAG, CYI_CHANNEL_GUEST_BYTES + 1), 0);
    memset(cy_msg_body(msg), 1, cy_msg_size(msg));
    CY_CHECK_EQ(cy_channel_deliver(*(cy_ref *) arg, &msg, 1, CY_FOREVER), -EAGAIN);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    return 0;
}

static int
guests(void *arg)
{
    cy_ref channel = channel_at(SPOTS[0]);
    static struct ear ear;
    (void) arg;
    memset(ears, 0, sizeof ears[0]);
    CY_CHECK_EQ(trio_on(1, 0, wait_many, &channel), 0);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), 0);
    CY_CHECK_EQ(ears[0].last, 5);
    CY_CHECK_EQ(ears[0].got, 0);
    cy_ref task = ear_at(SPOTS[4], &ear);
    subscribe(channel, task);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), 0);
    CY_CHECK_EQ(ears[0].got, CYI_CHANNEL_GUESTS_MAX);
    CY_CHECK_EQ(ear.got, CYI_CHANNEL_GUESTS_MAX);
    unsubscribe(channel, task);
    CY_CHECK_EQ(trio_on(1, 1, wait_big, &channel), 0);
    return 0;
}

static void
deliveries_that_wait_are_limited_for_each_link(void)
{
    trio_run(guests);
}

/* A node is lost: its subscribers are forgotten, and who waits for it goes on. */
static int
node_lost(void *arg)
{
    static struct waiter waiter;
    cy_ref channel = channel_at(SPOTS[0]), there = channel_at(SPOTS[2]);
    (void) arg;
    subscribe(channel, ear_at(SPOTS[2], &ears[0]));
    subscribe(channel, ear_at(SPOTS[3], &ears[1]));
    subscribe(channel, ear_at(SPOTS[4], &ears[2]));
    subscribe(there, ear_at(SPOTS[1], &ears[3]));
    subscribe(there, ear_at(SPOTS[4], &ears[4]));
    CY_CHECK_EQ(reach(channel), 3);
    CY_CHECK_EQ(reach(there), 2);
    CY_CHECK_EQ(proxies_left(), 4);
    waiter = (struct waiter){.channel = there, .n = 3, .wait = CY_FOREVER};
    begin(&waiter, SPOTS[1]);
    settle();
    trio_crash(1);
    CY_CHECK_EQ(cy_sleep(10 * CY_SECOND), 0);
    CY_CHECK(waiter.done);
    CY_CHECK_EQ(waiter.result, 0); /* it had been sent: nobody knows */
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK_EQ(reach(channel), 1);
    CY_CHECK(reach(there) == -ESRCH || reach(there) == CY_ENOPEER);
    int rc = cy_channel_subscribe(there, cy_self(), CY_FOREVER);
    CY_CHECK(rc == -ESRCH || rc == CY_ENOPEER);
    return 0;
}

static void
a_node_that_is_lost_is_forgotten(void)
{
    trio_run(node_lost);
}

CY_TEST_MAIN("transport.remote_channel", CY_TEST(channel_and_subscriber_may_be_anywhere),
             CY_TEST(a_thousand_subscribers_on_one_node_cost_one_item),
             CY_TEST(a_delivery_waits_at_the_owner_for_subscribers_of_all_nodes),
             CY_TEST(who_is_terminated_while_it_waits_has_called_its_message_back),
             CY_TEST(channels_feed_channels_of_other_nodes_but_never_in_a_circle),
             CY_TEST(of_edges_that_would_close_a_circle_together_one_is_refused),
             CY_TEST(the_transform_runs_once_at_the_owner),
             CY_TEST(subscribers_of_other_nodes_count_against_the_limit),
             CY_TEST(deliveries_that_wait_are_limited_for_each_link),
             CY_TEST(a_node_that_is_lost_is_forgotten))
