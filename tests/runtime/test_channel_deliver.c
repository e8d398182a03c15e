#include "channel.h"
#include "cy_node.h"

#include <stdatomic.h>

enum { TAG = 7, CORES = 2 };

static cy_ref shared_channel;
static atomic_int deliver_result;
static atomic_bool message_kept;

static int
make_channel(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&shared_channel, "deliver", NULL), 0);
    return 0;
}

/* Another core's memory is written by a task that we join: the join orders it. */
static cy_ref
channel_on(int core)
{
    cy_ref maker;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&maker, (uint16_t) core, make_channel, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, maker, CY_FOREVER), 0);
    return shared_channel;
}

static int
live(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static cy_ref
live_on(int core, uint32_t mailbox_max)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options options = {.joinable = true, .mailbox_max = mailbox_max};
    CY_CHECK_EQ(cy_task_spawn_on(&task, (uint16_t) core, live, NULL, &options), 0);
    return task;
}

static void
stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

static cy_msg *
message(void)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, TAG, "hello", 5), 0);
    return msg;
}

static int
deliver(cy_ref channel, uint32_t n, cy_time deadline)
{
    cy_msg *msg = message();
    int rc = cy_channel_deliver(channel, &msg, n, deadline);
    CY_CHECK_EQ(msg == NULL, rc >= 0);
    cy_msg_free(&msg);
    return rc;
}

static void
each_placing(void (*fn)(int channel_core, int subscriber_core))
{
    for (int a = 0; a < CORES; a++) {
        for (int b = 0; b < CORES; b++)
            fn(a, b);
    }
}

static void
count(int channel_core, int subscriber_core)
{
    cy_ref full = live_on(subscriber_core, 1), one = live_on(subscriber_core, 0);
    cy_ref two = live_on(1 - subscriber_core, 0);
    cy_ref channel = channel_on(channel_core);
    CY_CHECK_EQ(deliver(channel, 0, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, full, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, one, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, two, CY_FOREVER), 0);
    CY_CHECK_EQ(deliver(channel, 3, CY_FOREVER), 3);
    CY_CHECK_EQ(deliver(channel, 3, CY_FOREVER), 2); /* one mailbox is full */
    cy_msg *msg = message();
    CY_CHECK_EQ(cy_deliver(channel, &msg, CY_FOREVER), 2);
    CY_CHECK(msg == NULL);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(deliver(channel, 0, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(deliver(full, 0, CY_FOREVER), -ESRCH);
    channel.node ^= 1;
    CY_CHECK_EQ(deliver(channel, 0, CY_FOREVER), CY_ENOPEER);
    stop(full);
    stop(one);
    stop(two);
}

static int
count_body(void *arg)
{
    (void) arg;
    each_placing(count);
    return 0;
}

static void
it_counts_the_tasks_that_have_the_message(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, count_body, NULL), 0);
}

static int
deliver_to_three(void *arg)
{
    cy_msg *msg = message();
    (void) arg;
    deliver_result = cy_channel_deliver(shared_channel, &msg, 3, CY_FOREVER);
    message_kept = msg != NULL;
    cy_msg_free(&msg);
    return 0;
}

static cy_ref
deliverer(int core)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true};
    deliver_result = -1;
    CY_CHECK_EQ(cy_task_spawn_on(&task, (uint16_t) core, deliver_to_three, NULL, &joinable), 0);
    cy_node_settle();
    return task;
}

static void
wait_for_three(int channel_core, int subscriber_core)
{
    cy_ref tasks[3], channel = channel_on(channel_core);
    for (int from = 0; from < CORES; from++) {
        cy_ref delivering = deliverer(from);
        for (int i = 0; i < 3; i++) {
            CY_CHECK_EQ(deliver(channel, (uint32_t) i + 1, cy_after(CY_MICROSECOND)), 0);
            tasks[i] = live_on(subscriber_core, 0);
            CY_CHECK_EQ(cy_channel_subscribe(channel, tasks[i], CY_FOREVER), 0);
        }
        CY_CHECK_EQ(cy_join(NULL, delivering, CY_FOREVER), 0);
        CY_CHECK_EQ(deliver_result, 3);
        for (int i = 0; i < 3; i++)
            CY_CHECK_EQ(cy_channel_unsubscribe(channel, tasks[i], CY_FOREVER), 0);
        for (int i = 0; i < 3; i++)
            stop(tasks[i]);
    }
    CY_CHECK_EQ(cy_channel_close(channel), 0);
}

static int
wait_body(void *arg)
{
    (void) arg;
    each_placing(wait_for_three);
    return 0;
}

static void
it_waits_until_there_are_n_subscribers(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, wait_body, NULL), 0);
}

static void
give_up(int channel_core, int from)
{
    cy_ref channel = channel_on(channel_core);
    CY_CHECK_EQ(deliver(channel, 1, CY_NOW), 0);
    CY_CHECK_EQ(deliver(channel, 1, cy_after(CY_MICROSECOND)), 0);
    cy_ref task = deliverer(from);
    stop(task);
    CY_CHECK_EQ(deliver_result, -ECANCELED);
    CY_CHECK(message_kept);
    task = deliverer(from);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    CY_CHECK_EQ(deliver_result, -ESRCH);
    CY_CHECK(message_kept);
}

static int
give_up_body(void *arg)
{
    (void) arg;
    each_placing(give_up);
    return 0;
}

static void
it_gives_up_at_the_deadline_the_end_of_the_task_or_of_the_channel(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, give_up_body, NULL), 0);
}

/* Nobody who gave up is still on the channel's list. */
static int
no_rest_body(void *arg)
{
    cy_ref tasks[10], channel = channel_on(0);
    (void) arg;
    for (int i = 0; i < 10; i++)
        tasks[i] = deliverer(i % CORES);
    struct cyi_channel *record = cyi_channel_find(cyi_self, channel.slot, channel.generation);
    int waits = 0;
    cyi_list_for_each(link, &record->waits) {
        waits++;
    }
    CY_CHECK_EQ(waits, 10);
    for (int i = 0; i < 10; i++)
        stop(tasks[i]);
    cy_node_settle();
    CY_CHECK(cyi_list_empty(&record->waits));
    (void) deliverer(0);
    (void) deliverer(1);
    cy_shutdown(0); /* while they wait */
    return 0;
}

static void
who_gave_up_is_not_on_the_list_any_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, no_rest_body, NULL), 0);
}

/* Two on other cores, a channel in a channel in a channel, each elsewhere. */
static int
tree_body(void *arg)
{
    enum { DEPTH = 9 };
    cy_ref channels[DEPTH], tasks[DEPTH];
    (void) arg;
    for (int i = 0; i < DEPTH; i++) {
        channels[i] = channel_on(i / 2 % cy_core_count());
        tasks[i] = live_on(i % cy_core_count(), 0);
        CY_CHECK_EQ(cy_channel_subscribe(channels[i], tasks[i], CY_FOREVER), 0);
        if (i > 0)
            CY_CHECK_EQ(cy_channel_subscribe(channels[i - 1], channels[i], CY_FOREVER), 0);
    }
    for (int i = 0; i < DEPTH; i++) {
        CY_CHECK_EQ(deliver(channels[i], 1, CY_FOREVER), DEPTH - i);
        for (int k = i; k < DEPTH; k++)
            CY_CHECK_EQ(cy_channel_subscribe(channels[k], channels[i], CY_FOREVER), -ELOOP);
    }
    CY_CHECK_EQ(cy_channel_close(channels[4]), 0);
    cy_node_settle();
    CY_CHECK_EQ(deliver(channels[0], 1, CY_FOREVER), 4);
    CY_CHECK_EQ(cy_channel_subscribe(channels[3], channels[5], CY_FOREVER), 0);
    CY_CHECK_EQ(deliver(channels[0], 1, CY_FOREVER), DEPTH - 1);
    CY_CHECK_EQ(cy_channel_unsubscribe(channels[3], channels[5], CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channels[8], channels[0], CY_FOREVER), 0);
    CY_CHECK_EQ(deliver(channels[5], 1, CY_FOREVER), DEPTH - 1);
    for (int i = 0; i < DEPTH; i++)
        stop(tasks[i]);
    return 0;
}

static void
what_sub_channels_reach_is_counted_and_they_make_no_circle(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, tree_body, NULL), 0);
    CU_ASSERT_EQUAL(cy_node_run(CORES, tree_body, NULL), 0);
    CU_ASSERT_EQUAL(cy_node_run(5, tree_body, NULL), 0);
}

/* Each path counts: two channels between the first and the last. */
static int
diamond_body(void *arg)
{
    cy_ref top = channel_on(0), left = channel_on(0), right = channel_on(1);
    cy_ref bottom = channel_on(1);
    (void) arg;
    CY_CHECK_EQ(cy_channel_subscribe(top, left, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(top, right, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(left, bottom, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(right, bottom, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(bottom, cy_self(), CY_FOREVER), 0);
    CY_CHECK_EQ(deliver(top, 2, CY_FOREVER), 2);
    CY_CHECK_EQ(cy_mailbox_count(), 2);
    return 0;
}

static void
a_message_comes_by_each_path(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, diamond_body, NULL), 0);
}

/* A chain on one core deepens no stack. */
static int
chain_body(void *arg)
{
    enum { N = 20000 };
    cy_ref before = CY_NOBODY, first = CY_NOBODY, channel;
    (void) arg;
    for (int i = 0; i < N; i++) {
        CY_CHECK_EQ(cy_channel_create(&channel, "link", NULL), 0);
        if (i == 0)
            first = channel;
        else
            CY_CHECK_EQ(cy_channel_subscribe(before, channel, CY_FOREVER), 0);
        before = channel;
    }
    CY_CHECK_EQ(cy_channel_subscribe(before, cy_self(), CY_FOREVER), 0);
    CY_CHECK_EQ(deliver(first, 1, CY_FOREVER), 1);
    CY_CHECK_EQ(cy_channel_subscribe(before, first, CY_FOREVER), -ELOOP);
    return 0;
}

static void
a_long_chain_of_channels_needs_no_deep_stack(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, chain_body, NULL), 0);
}

CY_TEST_MAIN("runtime.channel_deliver", CY_TEST(it_counts_the_tasks_that_have_the_message),
             CY_TEST(it_waits_until_there_are_n_subscribers),
             CY_TEST(it_gives_up_at_the_deadline_the_end_of_the_task_or_of_the_channel),
             CY_TEST(who_gave_up_is_not_on_the_list_any_more),
             CY_TEST(what_sub_channels_reach_is_counted_and_they_make_no_circle),
             CY_TEST(a_message_comes_by_each_path),
             CY_TEST(a_long_chain_of_channels_needs_no_deep_stack))
