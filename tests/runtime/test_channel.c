#include "channel.h"
#include "cy_node.h"
#include "hand.h"
#include <cycos/channel.h>
#include <cycos/impl/core.h>

#include <unistd.h>

enum { TAG = 7, CORES = 2 };

/* A channel on the core it is asked for, made by a task there. */
static int
make_channel(void *arg)
{
    cy_msg *value;
    cy_ref channel;
    CY_CHECK_EQ(cy_channel_create(&channel, "news", arg), 0);
    CY_CHECK_EQ(cy_msg_copy(&value, 1, &channel, sizeof channel), 0);
    CY_CHECK_EQ(cy_exit_value(&value), 0);
    return 0;
}

static cy_ref
channel_on(int core, struct cy_channel_options *options)
{
    cy_ref maker, channel = CY_NOBODY;
    cy_msg *end;
    struct cy_exit exit;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&maker, (uint16_t) core, make_channel, options, &joinable), 0);
    CY_CHECK_EQ(cy_join(&end, maker, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_exit_read(&exit, end), 0);
    if (exit.value_bytes == sizeof channel)
        memcpy(&channel, exit.value, sizeof channel);
    cy_msg_free(&end);
    CY_CHECK_EQ(channel.core, core);
    return channel;
}

/* Ends when it is told to by an empty message. */
static int
live(void *arg)
{
    cy_msg *msg;
    size_t size;
    (void) arg;
    do {
        if (cy_receive(&msg, CY_FOREVER) != 0)
            return 1;
        size = cy_msg_size(msg);
        cy_msg_free(&msg);
    } while (size > 0);
    return 0;
}

static cy_ref
subscriber_on(int core)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&task, (uint16_t) core, live, NULL, &joinable), 0);
    return task;
}

static void
stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

static cy_msg *
message(size_t size)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TAG, size), 0);
    memset(cy_msg_body(msg), 0x5A, size);
    return msg;
}

/* How many get a message now. */
static int
reach(cy_ref channel)
{
    cy_msg *msg = message(100);
    int reached = cy_channel_deliver(channel, &msg, 0, CY_FOREVER);
    CY_CHECK((msg == NULL) == (reached >= 0));
    cy_msg_free(&msg);
    return reached;
}

static int
create_body(void *arg)
{
    char name[CY_CHANNEL_NAME_MAX + 2];
    cy_ref channel = CY_NOBODY, other;
    (void) arg;
    memset(name, 'n', sizeof name);
    name[CY_CHANNEL_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_channel_create(&channel, NULL, NULL), -EINVAL);
    CY_CHECK_EQ(cy_channel_create(&channel, "", NULL), -EINVAL);
    CY_CHECK_EQ(cy_channel_create(&channel, name, NULL), -ENAMETOOLONG);
    CY_CHECK(cy_ref_is_nobody(channel));
    CY_CHECK_EQ(cy_channel_create(&channel, name + 1, NULL), 0);
    CY_CHECK_EQ(cy_channel_create(&other, name + 1, NULL), 0);
    CY_CHECK_EQ(cy_ref_kind(channel), CY_KIND_CHANNEL);
    CY_CHECK(!cy_ref_equal(channel, other));
    CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), -ESRCH);
    CY_CHECK_EQ(cy_channel_subscribers(channel), -ESRCH);
    CY_CHECK_EQ(cy_channel_close(other), 0);
    return 0;
}

static void
a_channel_is_made_with_a_name_and_closed_once(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, create_body, NULL), 0);
}

/* Every combination of where the channel and the subscriber are. */
static void
each_placing(void (*fn)(int channel_core, int subscriber_core))
{
    for (int a = 0; a < CORES; a++) {
        for (int b = 0; b < CORES; b++)
            fn(a, b);
    }
}

static void
subscribe_once(int channel_core, int subscriber_core)
{
    cy_ref channel = channel_on(channel_core, NULL);
    cy_ref task = subscriber_on(subscriber_core);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 1);
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 1);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, task, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 1);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    stop(task);
}

static int
subscribe_body(void *arg)
{
    (void) arg;
    each_placing(subscribe_once);
    return 0;
}

static void
a_subscription_is_in_effect_when_the_call_returns(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, subscribe_body, NULL), 0);
}

static void
subscribe_wrongly(int channel_core, int subscriber_core)
{
    cy_ref channel = channel_on(channel_core, NULL);
    cy_ref task = subscriber_on(subscriber_core), stranger = task, elsewhere = channel;
    stop(task);
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_subscribe(channel, CY_NOBODY, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_subscribe(task, task, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(reach(channel), 0);
    stranger.node ^= 1;
    elsewhere.core = CORES;
    CY_CHECK_EQ(cy_channel_subscribe(channel, stranger, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_subscribe(elsewhere, cy_self(), CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, stranger, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_close(elsewhere), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_close(task), -ESRCH);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, cy_self(), CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(reach(channel), -ESRCH);
}

static int
subscribe_wrongly_body(void *arg)
{
    (void) arg;
    each_placing(subscribe_wrongly);
    return 0;
}

static void
who_does_not_exist_cannot_subscribe_or_be_subscribed(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, subscribe_wrongly_body, NULL), 0);
}

static void
forget_the_dead(int channel_core, int subscriber_core)
{
    cy_ref channel = channel_on(channel_core, NULL);
    for (int i = 0; i < 100; i++) {
        cy_ref task = subscriber_on(subscriber_core);
        CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
        CY_CHECK_EQ(reach(channel), 1);
        stop(task);
    }
    cy_node_settle();
    if (channel_core == 0)
        CY_CHECK_EQ(cy_channel_subscribers(channel), 0);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
}

static int
forget_the_dead_body(void *arg)
{
    (void) arg;
    each_placing(forget_the_dead);
    return 0;
}

static void
a_subscriber_that_ends_is_forgotten(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, forget_the_dead_body, NULL), 0);
}

static void
fill(int channel_core, int subscriber_core)
{
    struct cy_channel_options three = {.subscribers_max = 3};
    cy_ref tasks[4], channel = channel_on(channel_core, &three);
    for (int i = 0; i < 4; i++) {
        tasks[i] = subscriber_on(subscriber_core);
        CY_CHECK_EQ(cy_channel_subscribe(channel, tasks[i], CY_FOREVER), i < 3 ? 0 : -ENOBUFS);
    }
    CY_CHECK_EQ(cy_channel_subscribe(channel, tasks[0], CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, tasks[1], CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, tasks[3], CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 3);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    for (int i = 0; i < 4; i++)
        stop(tasks[i]);
}

static int
fill_body(void *arg)
{
    (void) arg;
    each_placing(fill);
    return 0;
}

static void
a_channel_takes_so_many_subscribers_and_no_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, fill_body, NULL), 0);
}

static void
close_with_subscribers(int channel_core, int subscriber_core)
{
    cy_ref channel = channel_on(channel_core, NULL), task = subscriber_on(subscriber_core);
    cy_ref again;
    CY_CHECK_EQ(cy_channel_subscribe(channel, task, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    again = channel_on(channel_core, NULL); /* in the same slot */
    CY_CHECK_EQ(again.slot, channel.slot);
    CY_CHECK_EQ(reach(again), 0);
    CY_CHECK_EQ(reach(channel), -ESRCH);
    CY_CHECK_EQ(cy_channel_close(again), 0);
    stop(task);
}

static int
close_body(void *arg)
{
    (void) arg;
    each_placing(close_with_subscribers);
    return 0;
}

static void
close_forgets_the_subscribers(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, close_body, NULL), 0);
}

/* One task in many channels, many tasks in one; half of each goes, then the rest. */
static int
many_body(void *arg)
{
    enum { N = 300 };
    static cy_ref channels[N], tasks[N];
    (void) arg;
    for (int i = 0; i < N; i++) {
        channels[i] = channel_on(i % CORES, NULL);
        tasks[i] = subscriber_on(i / 2 % CORES);
    }
    for (int i = 0; i < N; i++) {
        CY_CHECK_EQ(cy_channel_subscribe(channels[i], tasks[0], CY_FOREVER), 0);
        CY_CHECK_EQ(cy_channel_subscribe(channels[0], tasks[i], CY_FOREVER), 0);
    }
    CY_CHECK_EQ(cy_channel_subscribers(channels[0]), N);
    CY_CHECK_EQ(reach(channels[0]), N);
    for (int i = 1; i < N; i += 2) {
        CY_CHECK_EQ(cy_channel_unsubscribe(channels[i], tasks[0], CY_FOREVER), 0);
        CY_CHECK_EQ(cy_channel_unsubscribe(channels[0], tasks[i], CY_FOREVER), 0);
    }
    for (int i = 0; i < N; i++)
        CY_CHECK_EQ(reach(channels[i]), i == 0 ? N / 2 : i % 2 == 0);
    for (int i = 0; i < N; i++)
        stop(tasks[i]);
    cy_node_settle();
    for (int i = 0; i < N; i++) {
        CY_CHECK_EQ(reach(channels[i]), 0);
        CY_CHECK_EQ(cy_channel_close(channels[i]), 0);
    }
    return 0;
}

static void
many_subscriptions_come_and_go(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, many_body, NULL), 0);
}

static void
count_channel(const struct cyi_channel_state *state, void *arg)
{
    *(uint32_t *) arg += 1000 + state->subscribers;
    CY_CHECK(strcmp(state->name, "news") == 0);
}

static int
each_body(void *arg)
{
    uint32_t sum = 0;
    (void) arg;
    cyi_channels_each(cyi_self, count_channel, &sum);
    CY_CHECK_EQ(sum, 0);
    cy_ref channel = channel_on(0, NULL), other = channel_on(0, NULL);
    CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_FOREVER), 0);
    cyi_channels_each(cyi_self, count_channel, &sum);
    CY_CHECK_EQ(sum, 2001);
    CY_CHECK_EQ(cy_channel_close(other), 0);
    cyi_channels_each(cyi_self, count_channel, &sum);
    CY_CHECK_EQ(sum, 3002);
    return 0; /* the other one is left to the node's end */
}

static void
the_channels_of_a_core_can_be_listed(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, each_body, NULL), 0);
}

static cy_ref left_channel;

static int
subscribe_late(void *arg)
{
    (void) arg;
    int rc = cy_channel_subscribe(left_channel, cy_self(), CY_NOW);
    CY_CHECK(rc == 0 || rc == -ETIMEDOUT);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    rc = cy_channel_unsubscribe(left_channel, cy_self(), CY_FOREVER);
    CY_CHECK(rc == 0 || rc == -ECANCELED);
    return 0;
}

/* Who asked is gone before the answer comes, and what was asked for happens all the same. */
static void
cancel(int channel_core, int subscriber_core)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true};
    left_channel = channel_on(channel_core, NULL);
    CY_CHECK_EQ(
        cy_task_spawn_on(&task, (uint16_t) subscriber_core, subscribe_late, NULL, &joinable),
        0);
    cy_node_settle();
    CY_CHECK_EQ(reach(left_channel), 1);
    stop(task);
    cy_node_settle();
    CY_CHECK_EQ(reach(left_channel), 0);
    CY_CHECK_EQ(cy_channel_close(left_channel), 0);
}

static int
cancel_body(void *arg)
{
    (void) arg;
    each_placing(cancel);
    return 0;
}

static void
what_was_asked_for_happens_when_nobody_waits_any_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, cancel_body, NULL), 0);
}

/* A core that has room for a few channels only. */
enum { FEW = 3 };

static int
few_body(void *arg)
{
    cy_ref channel[FEW + 1];
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&channel[0], "first", NULL), 0);
    cyi_channels_of(cyi_self)->table.max = FEW;
    for (int i = 1; i < FEW; i++)
        CY_CHECK_EQ(cy_channel_create(&channel[i], "more", NULL), 0);
    channel[FEW] = CY_NOBODY;
    CY_CHECK_EQ(cy_channel_create(&channel[FEW], "too many", NULL), -EAGAIN);
    CY_CHECK(cy_ref_is_nobody(channel[FEW]));
    CY_CHECK_EQ(cy_channel_close(channel[1]), 0);
    CY_CHECK_EQ(cy_channel_create(&channel[1], "again", NULL), 0);
    return 0;
}

static void
a_core_has_so_many_channels_and_no_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, few_body, NULL), 0);
}

static int
starving_body(void *first)
{
    cy_ref channel = CY_NOBODY, made = CY_NOBODY;
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, TAG, "hello", 5), 0);
    if (first == NULL)
        CY_CHECK_EQ(cy_channel_create(&channel, "before", NULL), 0);
    if (cy_test_starve()) {
        CY_CHECK_EQ(cy_channel_create(&made, "after", NULL), -ENOMEM);
        CY_CHECK(cy_ref_is_nobody(made));
        if (first == NULL) {
            CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_FOREVER), -ENOMEM);
            CY_CHECK_EQ(cy_channel_deliver(channel, &msg, 1, CY_FOREVER), -ENOMEM);
            CY_CHECK(msg != NULL);
        }
    }
    dprintf(STDOUT_FILENO, "done");
    _exit(0);
}

static void
starve(void *first)
{
    (void) cy_node_run(1, starving_body, first);
}

static void
without_memory_nothing_is_made_or_awaited(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, starve, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "done");
    CY_OK(cy_test_run_child(&child, starve, &child));
    CU_ASSERT_STRING_EQUAL(child.output, "done");
}

/* What was asked for comes into effect all the same, in order. */
static int
subscribe_at_the_end(void *arg)
{
    cy_ref channel = *(cy_ref *) arg;
    CY_CHECK_EQ(cy_terminate(cy_self()), 0);
    CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, cy_self(), CY_FOREVER), -ECANCELED);
    return 0;
}

static int
no_wait_body(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    cy_ref channel = channel_on(1, NULL), task;
    (void) arg;
    CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(reach(channel), 1);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, cy_self(), CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_task_spawn(&task, subscribe_at_the_end, &channel, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    CY_CHECK_EQ(reach(channel), 0);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    return 0; /* with a message left */
}

static void
who_does_not_wait_for_another_core_is_told_so(void)
{
    struct hand hand; /* whose other core does not run meanwhile */
    hand_open(&hand, 2, no_wait_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* The way to another core is full, and there is no memory for what would have to wait. */
static int
no_outbox_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    cy_ref there = subscriber_on(1), channel = channel_on(1, NULL);
    (void) arg;
    while (core->inbox->outbox[1].count == 0)
        CY_CHECK_EQ(cy_send_bytes(there, 1, "x", 1), 0);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_channel_close(channel), -ENOMEM);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_channel_subscribe(channel, cy_self(), CY_FOREVER), -ENOMEM);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, cy_self(), CY_FOREVER), -ENOMEM);
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_resume(there), -ENOMEM);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    return 0;
}

static void
without_memory_another_core_is_not_told(void)
{
    struct hand hand; /* whose other core does not run meanwhile */
    hand_open(&hand, 2, no_outbox_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* The child first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("runtime.channel", CY_TEST(without_memory_nothing_is_made_or_awaited),
             CY_TEST(a_channel_is_made_with_a_name_and_closed_once),
             CY_TEST(a_subscription_is_in_effect_when_the_call_returns),
             CY_TEST(who_does_not_exist_cannot_subscribe_or_be_subscribed),
             CY_TEST(a_subscriber_that_ends_is_forgotten),
             CY_TEST(a_core_has_so_many_channels_and_no_more),
             CY_TEST(who_does_not_wait_for_another_core_is_told_so),
             CY_TEST(without_memory_another_core_is_not_told),
             CY_TEST(a_channel_takes_so_many_subscribers_and_no_more),
             CY_TEST(close_forgets_the_subscribers), CY_TEST(many_subscriptions_come_and_go),
             CY_TEST(the_channels_of_a_core_can_be_listed),
             CY_TEST(what_was_asked_for_happens_when_nobody_waits_any_more))
