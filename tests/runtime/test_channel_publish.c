#include "cy_node.h"
#include <cycos/channel.h>
#include <cycos/impl/channel.h>
#include <cycos/impl/core.h>

#include <stdatomic.h>

enum { TAG = 7, TASKS = 50, MESSAGES = 20, CORES = 2 };

/* What the subscribers of a test write down, each in its own place. */
static struct {
    cy_ref channel, publisher, tasks[TASKS];
    int got[TASKS], wrong[TASKS];
    uint32_t next[TASKS];
    int order[TASKS * MESSAGES], ordered;
} now;

static cy_ref
make_channel(const char *name, cy_transform_fn *transform, void *arg)
{
    struct cy_channel_options options = {.transform = transform, .transform_arg = arg};
    cy_ref channel = CY_NOBODY;
    CY_CHECK_EQ(cy_channel_create(&channel, name, &options), 0);
    return channel;
}

static void
subscribe(cy_ref channel, cy_ref subscriber)
{
    CY_CHECK_EQ(cy_channel_subscribe(channel, subscriber, CY_FOREVER), 0);
}

static void
close(cy_ref channel)
{
    CY_CHECK_EQ(cy_channel_close(channel), 0);
}

/* Bodies hold a number, then a pattern that depends on it. */
static cy_msg *
message(uint32_t number, size_t size)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TAG, size), 0);
    memset(cy_msg_body(msg), (int) number, size);
    memcpy(cy_msg_body(msg), &number, sizeof number);
    return msg;
}

static uint32_t
number_of(const cy_msg *msg)
{
    uint32_t number;
    memcpy(&number, cy_msg_body(msg), sizeof number);
    return number;
}

static bool
is_intact(const cy_msg *msg)
{
    uint32_t number = number_of(msg);
    const uint8_t *body = cy_msg_body(msg);
    for (size_t i = sizeof number; i < cy_msg_size(msg); i++) {
        if (body[i] != (uint8_t) number)
            return false;
    }
    return cy_msg_tag(msg) == TAG;
}

static int
take(void *arg)
{
    int me = (int) (size_t) arg;
    cy_msg *msg;
    while (now.got[me] < MESSAGES && cy_receive(&msg, CY_FOREVER) == 0) {
        now.wrong[me] += number_of(msg) != now.next[me]++ || !is_intact(msg) ||
                         !cy_ref_equal(cy_msg_sender(msg), now.publisher);
        now.got[me]++;
        cy_msg_free(&msg);
    }
    return 0;
}

static void
take_off_the_list(cy_task_fn *fn, int count)
{
    struct cy_task_options joinable = {.joinable = true};
    memset(&now, 0, sizeof now);
    now.publisher = cy_self();
    for (int i = 0; i < count; i++)
        CY_CHECK_EQ(cy_task_spawn_named(&now.tasks[i], (uint16_t) (i % cy_core_count()), fn,
                                        (void *) (size_t) i, "subscriber", &joinable),
                    0);
}

static void
join(int count)
{
    for (int i = 0; i < count; i++)
        CY_CHECK_EQ(cy_join(NULL, now.tasks[i], CY_FOREVER), 0);
}

static int
all_body(void *arg)
{
    size_t size = *(size_t *) arg;
    take_off_the_list(take, TASKS);
    cy_ref channel = make_channel("all", NULL, NULL);
    for (int i = 0; i < TASKS; i++)
        subscribe(channel, now.tasks[i]);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        cy_msg *msg = message(i, size);
        CY_CHECK_EQ(cy_send(channel, &msg), 0);
        CY_CHECK(msg == NULL);
    }
    join(TASKS);
    for (int i = 0; i < TASKS; i++) {
        CY_CHECK_EQ(now.got[i], MESSAGES);
        CY_CHECK_EQ(now.wrong[i], 0);
    }
    close(channel);
    return 0;
}

static void
each_subscriber_gets_each_message_in_order_and_intact(void)
{
    size_t sizes[] = {4, 40, 64, 65, 1000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CU_ASSERT_EQUAL(cy_node_run(1, all_body, &sizes[i]), 0);
        CU_ASSERT_EQUAL(cy_node_run(CORES, all_body, &sizes[i]), 0);
    }
}

static void
note_order(void *state, cy_msg **msg)
{
    (void) msg;
    now.order[now.ordered++] = (int) (size_t) state;
}

static int
order_body(void *arg)
{
    cy_ref handlers[TASKS];
    (void) arg;
    memset(&now, 0, sizeof now);
    cy_ref channel = make_channel("order", NULL, NULL);
    for (size_t i = 0; i < TASKS; i++) {
        CY_CHECK_EQ(cy_handler_spawn(&handlers[i], note_order, (void *) i, NULL), 0);
        subscribe(channel, handlers[i]);
    }
    for (int i = 0; i < TASKS; i += 2) /* leave and come back: to the end of the line */
        CY_CHECK_EQ(cy_channel_unsubscribe(channel, handlers[i], CY_FOREVER), 0);
    for (int i = 0; i < TASKS; i += 2)
        subscribe(channel, handlers[i]);
    cyi_self->sched.front_budget = 0; /* who is woken queues up, so that its turn tells */
    CY_CHECK_EQ(cy_send_bytes(channel, TAG, "", 0), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(now.ordered, TASKS);
    for (int i = 0; i < TASKS; i++)
        CY_CHECK_EQ(now.order[i], i < TASKS / 2 ? 2 * i + 1 : 2 * i - TASKS);
    for (int i = 0; i < TASKS; i++)
        CY_CHECK_EQ(cy_terminate(handlers[i]), 0);
    close(channel);
    return 0;
}

static void
subscribers_are_served_in_the_order_of_subscription(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, order_body, NULL), 0);
}

static int
refuse_body(void *arg)
{
    struct cyi_channel_counters counters;
    struct cy_task_options two = {.mailbox_max = 2, .joinable = true};
    cy_ref full, channel = make_channel("full", NULL, NULL);
    (void) arg;
    take_off_the_list(take, 0);
    CY_CHECK_EQ(cy_task_spawn(&full, take, (void *) 0, &two), 0);
    subscribe(channel, full);
    for (uint32_t i = 0; i < 3; i++) {
        cy_msg *msg = message(i, 100);
        CY_CHECK_EQ(cy_channel_deliver(channel, &msg, 0, CY_FOREVER), i < 2 ? 1 : 0);
    }
    CY_CHECK(cyi_channel_count(cyi_self, channel, &counters));
    CY_CHECK_EQ(counters.published, 3);
    CY_CHECK_EQ(counters.reached, 2);
    CY_CHECK_EQ(counters.refused, 1);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(now.got[0], 2);
    CY_CHECK_EQ(cy_terminate(full), 0);
    CY_CHECK_EQ(cy_join(NULL, full, CY_FOREVER), 0);
    close(channel);
    CY_CHECK(!cyi_channel_count(cyi_self, channel, &counters));
    return 0;
}

static void
a_full_subscriber_misses_the_message_and_is_counted(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, refuse_body, NULL), 0);
}

/* Uneven numbers are dropped, even ones replaced or changed. */
static void
sieve(void *arg, cy_msg **msg)
{
    uint32_t number = number_of(*msg);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), -ECANCELED); /* cannot suspend */
    CY_CHECK(cy_ref_equal(cy_self(), now.channel));
    if (number % 2 == 1) {
        cy_msg_free(msg);
        return;
    }
    number /= 2;
    if (*(bool *) arg) {
        cy_msg_free(msg);
        *msg = message(number, 200);
    } else {
        memset(cy_msg_body(*msg), (int) number, cy_msg_size(*msg));
        memcpy(cy_msg_body(*msg), &number, sizeof number);
    }
}

static int
transform_body(void *arg)
{
    struct cyi_channel_counters counters;
    take_off_the_list(take, 4);
    now.channel = make_channel("sieve", sieve, arg);
    for (int i = 0; i < 4; i++)
        subscribe(now.channel, now.tasks[i]);
    for (uint32_t i = 0; i < MESSAGES * 2; i++) {
        cy_msg *msg = message(i, 80);
        CY_CHECK_EQ(cy_send(now.channel, &msg), 0);
    }
    join(4);
    for (int i = 0; i < 4; i++) {
        CY_CHECK_EQ(now.got[i], MESSAGES);
        CY_CHECK_EQ(now.wrong[i], 0);
    }
    CY_CHECK(cyi_channel_count(cyi_self, now.channel, &counters));
    CY_CHECK_EQ(counters.published, 2 * MESSAGES);
    CY_CHECK_EQ(counters.dropped, MESSAGES);
    close(now.channel);
    return 0;
}

static void
a_transform_changes_replaces_or_drops(void)
{
    for (int i = 0; i < 2; i++) {
        bool replace = i == 1;
        CU_ASSERT_EQUAL(cy_node_run(1, transform_body, &replace), 0);
        CU_ASSERT_EQUAL(cy_node_run(CORES, transform_body, &replace), 0);
    }
}

static int
publish_from_afar(void *arg)
{
    now.publisher = cy_self();
    for (uint32_t i = 0; i < MESSAGES * 2; i++) {
        cy_msg *msg = message(i, 80);
        CY_CHECK_EQ(cy_send(now.channel, &msg), 0);
    }
    (void) arg;
    return 0;
}

/* The message arrives while no task runs: the transform may use messages all the same. */
static int
transform_afar_body(void *arg)
{
    cy_ref afar;
    struct cy_task_options joinable = {.joinable = true};
    bool replace = true;
    (void) arg;
    take_off_the_list(take, 4);
    now.channel = make_channel("sieve", sieve, &replace);
    for (int i = 0; i < 4; i++)
        subscribe(now.channel, now.tasks[i]);
    CY_CHECK_EQ(cy_task_spawn_on(&afar, 1, publish_from_afar, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, afar, CY_FOREVER), 0);
    join(4);
    for (int i = 0; i < 4; i++)
        CY_CHECK_EQ(now.wrong[i], 0);
    close(now.channel);
    return 0;
}

static void
a_transform_works_for_publishers_on_other_cores(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, transform_afar_body, NULL), 0);
}

static void
send_to_itself(void *arg, cy_msg **msg)
{
    (void) arg;
    (void) msg;
    now.ordered++;
    CY_CHECK_EQ(cy_send_bytes(now.channel, TAG, "again", 5), 0);
}

static void
close_itself(void *arg, cy_msg **msg)
{
    (void) arg;
    (void) msg;
    now.ordered++;
    CY_CHECK_EQ(cy_channel_close(now.channel), 0);
}

static int
odd_transforms_body(void *arg)
{
    (void) arg;
    memset(&now, 0, sizeof now);
    now.channel = make_channel("itself", send_to_itself, NULL);
    subscribe(now.channel, cy_self());
    CY_CHECK_EQ(cy_send_bytes(now.channel, TAG, "once", 4), 0);
    CY_CHECK_EQ(now.ordered, 1);
    CY_CHECK_EQ(cy_mailbox_count(), 1);
    close(now.channel);
    now.channel = make_channel("last", close_itself, NULL);
    subscribe(now.channel, cy_self());
    CY_CHECK_EQ(cy_send_bytes(now.channel, TAG, "once", 4), 0);
    CY_CHECK_EQ(now.ordered, 2);
    CY_CHECK_EQ(cy_mailbox_count(), 1);
    CY_CHECK_EQ(cy_send_bytes(now.channel, TAG, "gone", 4), -ESRCH);
    return 0;
}

static void
a_transform_may_close_its_channel_and_cannot_feed_it(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, odd_transforms_body, NULL), 0);
}

static atomic_bool hogging, released;

static int
hog(void *arg)
{
    (void) arg;
    hogging = true;
    while (!released)
        continue;
    return 0;
}

static void
hold_core_1(cy_ref *out)
{
    struct cy_task_options joinable = {.joinable = true};
    hogging = released = false;
    CY_CHECK_EQ(cy_task_spawn_on(out, 1, hog, NULL, &joinable), 0);
    while (!hogging)
        CY_CHECK_EQ(cy_yield(), 0);
}

static int
live(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
make_afar(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&now.channel, "afar", NULL), 0);
    return 0;
}

/* Nothing leaves for core 1: what does not fit on the way is refused, here and counted. */
static int
way_full_body(void *arg)
{
    cy_ref held, away, channel = make_channel("way", NULL, NULL);
    cy_msg *msg = NULL;
    struct cy_task_options joinable = {.joinable = true};
    struct cyi_channel_counters counters = {0};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&away, 1, make_afar, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, away, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&away, 1, live, NULL, &joinable), 0);
    subscribe(channel, away);
    hold_core_1(&held);
    uint64_t sent = 0;
    while (counters.refused == 0 && cy_send_bytes(channel, TAG, "full", 5) == 0) {
        CY_CHECK(cyi_channel_count(cyi_self, channel, &counters));
        sent++;
    }
    CY_CHECK_EQ(counters.published, sent);
    CY_CHECK_EQ(counters.sent, sent - 1);
    CY_CHECK_EQ(counters.refused, 1);
    /* What asks the other core is refused as well, with nothing lost. */
    CY_CHECK_EQ(cy_channel_subscribe(now.channel, away, CY_FOREVER), -EAGAIN);
    CY_CHECK_EQ(cy_channel_unsubscribe(now.channel, away, CY_FOREVER), -EAGAIN);
    CY_CHECK_EQ(cy_channel_close(now.channel), -EAGAIN);
    msg = message(1, 100);
    CY_CHECK_EQ(cy_channel_deliver(now.channel, &msg, 1, CY_FOREVER), -EAGAIN);
    CY_CHECK_EQ(cy_channel_deliver(channel, &msg, 1, CY_FOREVER), 0);
    CY_CHECK(msg == NULL);
    released = true;
    CY_CHECK_EQ(cy_join(NULL, held, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_subscribe(now.channel, away, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_terminate(away), 0);
    CY_CHECK_EQ(cy_join(NULL, away, CY_FOREVER), 0);
    return 0;
}

static void
what_does_not_fit_on_the_way_is_refused(void)
{
    struct cy_options options;
    cy_node_options(&options, CORES);
    options.outbox_max = 4096;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, way_full_body, NULL), 0);
}

CY_TEST_MAIN("runtime.channel_publish",
             CY_TEST(each_subscriber_gets_each_message_in_order_and_intact),
             CY_TEST(subscribers_are_served_in_the_order_of_subscription),
             CY_TEST(a_full_subscriber_misses_the_message_and_is_counted),
             CY_TEST(a_transform_changes_replaces_or_drops),
             CY_TEST(a_transform_works_for_publishers_on_other_cores),
             CY_TEST(a_transform_may_close_its_channel_and_cannot_feed_it),
             CY_TEST(what_does_not_fit_on_the_way_is_refused))
