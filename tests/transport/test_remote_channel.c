#include "link.h"
#include "trio_channel.h"

enum { MANY = 1000 };

static void
placed(struct trio_spot channel_spot, struct trio_spot subscriber_spot)
{
    static struct trio_ear ear;
    cy_ref channel = trio_channel_at(channel_spot), task = trio_ear_at(subscriber_spot, &ear);
    CY_CHECK_EQ(trio_reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    trio_subscribe(channel, task);
    CY_CHECK_EQ(trio_reach(channel), 1);
    trio_subscribe(channel, task);
    CY_CHECK_EQ(trio_reach(channel), 1);
    trio_unsubscribe(channel, task);
    CY_CHECK_EQ(trio_reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    trio_subscribe(channel, task);
    CY_CHECK_EQ(trio_reach(channel), 1);
    trio_settle();
    CY_CHECK_EQ(ear.got, 3);
    CY_CHECK_EQ(ear.wrong, 0);
    trio_stop(task);
    trio_settle();
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(trio_reach(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    trio_settle();
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(trio_reach(channel), -ESRCH);
    CY_CHECK_EQ(trio_proxies_left(), 0);
}

static int
placings(void *arg)
{
    for (int a = 0; a < TRIO_SPOTS; a++) {
        for (int b = 0; b < TRIO_SPOTS; b++)
            placed(trio_spots[a], trio_spots[b]);
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

static struct trio_ear ears[MANY];

/* One item each time, also in the way there: the link's messages in the open frame say so. */
static int
many_on_one_node(void *arg)
{
    cy_ref channel = trio_channel_at(trio_spots[0]), tasks[MANY];
    (void) arg;
    for (uint32_t i = 0; i < MANY; i++) {
        tasks[i] = trio_ear_at(trio_spots[2 + i % 2], &ears[i]);
        trio_subscribe(channel, tasks[i]);
    }
    CY_CHECK_EQ(cy_channel_subscribers(channel), MANY);
    for (int i = 0; i < 10; i++)
        CY_CHECK_EQ(trio_reach(channel), MANY);
    cy_msg *msg = trio_message(100);
    const struct cyi_link *link = cyi_link_find(cyi_self, tasks[0].node, tasks[0].core);
    uint32_t before = link->open == NULL ? 0 : link->open->messages;
    CY_CHECK_EQ(cy_send(channel, &msg), 0);
    CY_CHECK_EQ(link->open->messages, before + 1);
    trio_settle();
    CY_CHECK_EQ(counters_of(channel, 0).forwarded, 11);
    CY_CHECK_EQ(counters_of(channel, 0).sent, 11 * MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        CY_CHECK_EQ(ears[i].got, 11);
        CY_CHECK_EQ(ears[i].wrong, 0);
        trio_stop(tasks[i]);
    }
    trio_settle();
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    CY_CHECK_EQ(trio_proxies_left(), 0);
    uint64_t frames = items_sent(0);
    CY_CHECK_EQ(trio_reach(channel), 0);
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
    cy_msg *msg = trio_message(5000);
    waiter->result =
        cy_channel_deliver(waiter->channel, &msg, waiter->n,
                           waiter->wait == CY_FOREVER ? CY_FOREVER : cy_after(waiter->wait));
    waiter->kept = msg != NULL;
    cy_msg_free(&msg);
    waiter->done = true;
    return 0;
}

static cy_ref
begin(struct waiter *waiter, struct trio_spot spot)
{
    waiter->done = false;
    return trio_spawn(spot.node, spot.core, wait_and_deliver, waiter);
}

static void
waits_for_subscribers(struct trio_spot channel_spot, struct trio_spot publisher)
{
    static struct waiter waiter;
    cy_ref channel = trio_channel_at(channel_spot), tasks[3];
    waiter = (struct waiter){.channel = channel, .n = 3, .wait = CY_FOREVER};
    begin(&waiter, publisher);
    for (int i = 0; i < 3; i++) {
        trio_settle();
        CY_CHECK(!waiter.done);
        tasks[i] = trio_ear_at(trio_spots[2 * i], &ears[i]);
        trio_subscribe(channel, tasks[i]);
    }
    trio_settle();
    CY_CHECK(waiter.done && !waiter.kept);
    CY_CHECK_EQ(waiter.result, 3);
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(ears[i].got, 1);
    /* Nobody gets what was called back. */
    waiter.n = 4;
    waiter.wait = 10 * CY_MILLISECOND;
    begin(&waiter, publisher);
    trio_settle();
    CY_CHECK(waiter.done && !waiter.kept);
    CY_CHECK_EQ(waiter.result, 0);
    tasks[0] = trio_ear_at(trio_spots[1], &ears[3]);
    trio_subscribe(channel, tasks[0]);
    trio_settle();
    CY_CHECK_EQ(ears[0].got, 1);
    CY_CHECK_EQ(ears[3].got, 0);
    /* Who waits on a channel that closes has its message again. */
    waiter.n = 9;
    waiter.wait = CY_FOREVER;
    begin(&waiter, publisher);
    trio_settle();
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    trio_settle();
    CY_CHECK(waiter.done && waiter.kept);
    CY_CHECK_EQ(waiter.result, -ESRCH);
    trio_settle();
    CY_CHECK_EQ(trio_proxies_left(), 0);
}

static int
waits(void *arg)
{
    (void) arg;
    waits_for_subscribers(trio_spots[0], trio_spots[2]);
    waits_for_subscribers(trio_spots[2], trio_spots[0]);
    waits_for_subscribers(trio_spots[3], trio_spots[5]);
    waits_for_subscribers(trio_spots[0], trio_spots[1]);
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
    cy_ref channel = trio_channel_at(trio_spots[0]);
    (void) arg;
    waiter = (struct waiter){.channel = channel, .n = 1, .wait = CY_FOREVER};
    cy_ref task = begin(&waiter, trio_spots[2]);
    trio_settle();
    CY_CHECK_EQ(cy_terminate(task), 0);
    trio_settle();
    CY_CHECK(waiter.done);
    CY_CHECK_EQ(waiter.result, 0);
    trio_subscribe(channel, trio_ear_at(trio_spots[4], &ears[0]));
    trio_settle();
    CY_CHECK_EQ(ears[0].got, 0);
    CY_CHECK_EQ(counters_of(channel, 0).published, 0);
    return 0;
}

static void
who_is_terminated_while_it_waits_has_called_its_message_back(void)
{
    trio_run(terminated);
}

static int
limited(void *arg)
{
    struct cy_channel_options options = {.subscribers_max = 2};
    cy_ref channel = trio_channel_with(trio_spots[0], &options),
           task = trio_ear_at(trio_spots[4], &ears[2]);
    (void) arg;
    cy_ref first = trio_ear_at(trio_spots[2], &ears[0]);
    trio_subscribe(channel, first);
    trio_subscribe(channel, trio_ear_at(trio_spots[3], &ears[1]));
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ENOBUFS);
    CY_CHECK_EQ(cy_channel_subscribe(channel, first, CY_FOREVER), 0);
    trio_unsubscribe(channel, first);
    trio_subscribe(channel, task);
    CY_CHECK_EQ(cy_channel_subscribe(channel, first, CY_FOREVER), -ENOBUFS);
    CY_CHECK_EQ(trio_reach(channel), 2);
    return 0;
}

static void
subscribers_of_other_nodes_count_against_the_limit(void)
{
    trio_run(limited);
}

static int
return_at_once(void *arg)
{
    (void) arg;
    return 0;
}

/* What the system told this task is for it alone: no other node believes it. */
static int
system_tags(void *arg)
{
    cy_ref task, near, far = trio_channel_at(trio_spots[3]);
    cy_msg *exit = NULL;
    (void) arg;
    memset(&ears[0], 0, sizeof ears[0]);
    CY_CHECK_EQ(cy_channel_create(&near, "near", NULL), 0);
    trio_subscribe(far, task = trio_ear_at(trio_spots[3], &ears[0]));
    trio_subscribe(near, task);
    task = trio_spawn(0, 0, return_at_once, NULL);
    CY_CHECK_EQ(cy_monitor(task), 0);
    CY_CHECK_EQ(cy_receive_tag(&exit, CY_TAG_EXIT, cy_after(CY_SECOND)), 0);
    CY_CHECK_EQ(cy_send(far, &exit), -EINVAL);
    CY_CHECK_EQ(cy_channel_deliver(far, &exit, 0, CY_FOREVER), -EINVAL);
    CY_CHECK(exit != NULL);
    CY_CHECK_EQ(cy_channel_deliver(near, &exit, 0, CY_FOREVER), 0); /* of a channel here */
    CY_CHECK_EQ(cy_sleep(CY_SECOND / 10), 0);
    CY_CHECK_EQ(ears[0].got + ears[0].wrong, 0);
    return 0;
}

static void
what_the_system_told_stays_on_its_node(void)
{
    trio_run(system_tags);
}

/* Deliveries that wait: one core elsewhere may have so many here. */
static int
wait_once(void *arg)
{
    cy_msg *msg = trio_message(100);
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
        CY_CHECK_EQ(cy_msg_create(&msg, TRIO_TAG, CYI_CHANNEL_GUEST_BYTES / 4), 0);
        memset(cy_msg_body(msg), 1, cy_msg_size(msg));
        /* What is called back at once has made room again. */
        CY_CHECK_EQ(cy_channel_deliver(*(cy_ref *) arg, &msg, 1, cy_after(CY_SECOND)), 0);
    }
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TRIO_TAG, CYI_CHANNEL_GUEST_BYTES + 1), 0);
    memset(cy_msg_body(msg), 1, cy_msg_size(msg));
    CY_CHECK_EQ(cy_channel_deliver(*(cy_ref *) arg, &msg, 1, CY_FOREVER), -EAGAIN);
    CY_CHECK(msg != NULL);
    cy_msg_free(&msg);
    return 0;
}

static int
guests(void *arg)
{
    cy_ref channel = trio_channel_at(trio_spots[0]);
    static struct trio_ear ear;
    (void) arg;
    memset(ears, 0, sizeof ears[0]);
    CY_CHECK_EQ(trio_on(1, 0, wait_many, &channel), 0);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), 0);
    CY_CHECK_EQ(ears[0].last, 5);
    CY_CHECK_EQ(ears[0].got, 0);
    cy_ref task = trio_ear_at(trio_spots[4], &ear);
    trio_subscribe(channel, task);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), 0);
    CY_CHECK_EQ(ears[0].got, CYI_CHANNEL_GUESTS_MAX);
    CY_CHECK_EQ(ear.got, CYI_CHANNEL_GUESTS_MAX);
    trio_unsubscribe(channel, task);
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
    cy_ref channel = trio_channel_at(trio_spots[0]), there = trio_channel_at(trio_spots[2]);
    (void) arg;
    trio_subscribe(channel, trio_ear_at(trio_spots[2], &ears[0]));
    trio_subscribe(channel, trio_ear_at(trio_spots[3], &ears[1]));
    trio_subscribe(channel, trio_ear_at(trio_spots[4], &ears[2]));
    trio_subscribe(there, trio_ear_at(trio_spots[1], &ears[3]));
    trio_subscribe(there, trio_ear_at(trio_spots[4], &ears[4]));
    CY_CHECK_EQ(trio_reach(channel), 3);
    CY_CHECK_EQ(trio_reach(there), 2);
    CY_CHECK_EQ(trio_proxies_left(), 4);
    waiter = (struct waiter){.channel = there, .n = 3, .wait = CY_FOREVER};
    begin(&waiter, trio_spots[1]);
    trio_settle();
    trio_crash(1);
    CY_CHECK_EQ(cy_sleep(10 * CY_SECOND), 0);
    CY_CHECK(waiter.done);
    CY_CHECK_EQ(waiter.result, 0); /* it had been sent: nobody knows */
    CY_CHECK_EQ(cy_channel_subscribers(channel), 1);
    CY_CHECK_EQ(trio_reach(channel), 1);
    CY_CHECK(trio_reach(there) == -ESRCH || trio_reach(there) == CY_ENOPEER);
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
             CY_TEST(subscribers_of_other_nodes_count_against_the_limit),
             CY_TEST(what_the_system_told_stays_on_its_node),
             CY_TEST(deliveries_that_wait_are_limited_for_each_link),
             CY_TEST(a_node_that_is_lost_is_forgotten))
