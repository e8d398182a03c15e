#include "channel.h"
#include "cy_node.h"

#include <stdatomic.h>

enum { CORES = 3, TAG = 7 };

static cy_ref made;
static struct {
    uint32_t members, by_subscriber, branches;
} left[CORES];

static int
make_channel(void *arg)
{
    CY_CHECK_EQ(cy_channel_create(&made, "members", NULL), 0);
    (void) arg;
    return 0;
}

static void
run_on(int core, cy_task_fn *fn, void *arg)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_named(&task, (uint16_t) core, fn, arg, "helper", &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

static cy_ref
channel_on(int core)
{
    run_on(core, make_channel, NULL);
    return made;
}

static int
live(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static cy_ref
live_on(int core)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options options = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&task, (uint16_t) core, live, NULL, &options), 0);
    return task;
}

static void
stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

static int
look(void *arg)
{
    const struct cyi_channels *channels = cyi_self->channels;
    uint16_t core = cy_core_index();
    (void) arg;
    memset(&left[core], 0, sizeof left[core]);
    if (channels == NULL)
        return 0;
    left[core].members = channels->members.count;
    left[core].by_subscriber = channels->by_subscriber.count;
    left[core].branches = channels->branches.count;
    return 0;
}

static void
check_left(uint32_t members, uint32_t by_subscriber, uint32_t branches)
{
    cy_node_settle();
    for (int i = 0; i < CORES; i++)
        run_on(i, look, NULL);
    CY_CHECK_EQ(left[0].members + left[1].members + left[2].members, members);
    CY_CHECK_EQ(left[0].by_subscriber + left[1].by_subscriber + left[2].by_subscriber,
                by_subscriber);
    CY_CHECK_EQ(left[0].branches + left[1].branches + left[2].branches, branches);
}

/* Each subscription across cores has two records and shares a branch with its neighbours. */
static int
records_body(void *arg)
{
    cy_ref channel = channel_on(1), tasks[CORES][2];
    (void) arg;
    for (int i = 0; i < CORES; i++) {
        for (int k = 0; k < 2; k++) {
            tasks[i][k] = live_on(i);
            CY_CHECK_EQ(cy_channel_subscribe(channel, tasks[i][k], CY_FOREVER), 0);
        }
    }
    check_left(10, 6, 2);
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, tasks[0][0], CY_FOREVER), 0);
    check_left(8, 5, 2);
    stop(tasks[0][1]);
    check_left(6, 4, 1);
    stop(tasks[1][0]);
    check_left(5, 3, 1);
    CY_CHECK_EQ(cy_channel_close(channel), 0);
    check_left(0, 0, 0);
    stop(tasks[0][0]);
    stop(tasks[1][1]);
    stop(tasks[2][0]);
    stop(tasks[2][1]);
    check_left(0, 0, 0);
    return 0;
}

static void
records_vanish_with_the_subscription_the_subscriber_or_the_channel(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, records_body, NULL), 0);
}

static int
close_subscriber_body(void *arg)
{
    (void) arg;
    for (int a = 0; a < CORES; a++) {
        for (int b = 0; b < CORES; b++) {
            cy_ref upper = channel_on(a), lower = channel_on(b);
            CY_CHECK_EQ(cy_channel_subscribe(upper, lower, CY_FOREVER), 0);
            check_left(a == b ? 1 : 2, 1, a != b);
            CY_CHECK_EQ(cy_channel_close(lower), 0);
            check_left(0, 0, 0);
            lower = channel_on(b);
            CY_CHECK_EQ(cy_channel_subscribe(upper, lower, CY_FOREVER), 0);
            CY_CHECK_EQ(cy_channel_close(upper), 0);
            check_left(0, 0, 0);
            CY_CHECK_EQ(cy_channel_close(lower), 0);
        }
    }
    return 0;
}

static void
a_channel_that_is_closed_is_forgotten_as_a_subscriber(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, close_subscriber_body, NULL), 0);
}

/* Many tasks on all cores subscribe, leave and end at random while others publish. */
enum { CHURNERS = 60, ROUNDS = 60 };

static cy_ref churned[3];
static atomic_int unexpected, deliveries;

static uint32_t
draw(uint32_t below)
{
    uint32_t number;
    cy_random(&number, sizeof number);
    return number % below;
}

static void
one_step(void)
{
    cy_ref channel = churned[draw(3)];
    cy_msg *msg;
    int rc = 0;
    switch (draw(4)) {
    case 0:
    case 1:
        rc = cy_channel_subscribe(channel, cy_self(), CY_FOREVER);
        break;
    case 2:
        rc = cy_channel_unsubscribe(channel, cy_self(), CY_FOREVER);
        rc = rc == -ENOENT ? 0 : rc;
        break;
    default:
        if (cy_msg_copy(&msg, TAG, "churn", 6) != 0)
            break;
        rc = cy_channel_deliver(channel, &msg, 0, CY_FOREVER);
        deliveries += rc > 0;
        cy_msg_free(&msg);
        rc = rc > 0 ? 0 : rc;
    }
    unexpected += rc != 0;
    while (cy_receive(&msg, CY_NOW) == 0)
        cy_msg_free(&msg);
}

static int
churn(void *arg)
{
    long rounds = draw(ROUNDS);
    (void) arg;
    for (long i = 0; i < rounds; i++)
        one_step();
    return 0;
}

static int
churn_body(void *arg)
{
    static cy_ref tasks[CHURNERS];
    struct cy_task_options joinable = {.joinable = true};
    long generations = cy_test_scale(10);
    (void) arg;
    unexpected = deliveries = 0;
    for (int i = 0; i < 3; i++)
        churned[i] = channel_on(i);
    while (generations-- > 0) {
        for (int i = 0; i < CHURNERS; i++)
            CY_CHECK_EQ(
                cy_task_spawn_on(&tasks[i], (uint16_t) (i % CORES), churn, NULL, &joinable), 0);
        for (int i = 0; i < CHURNERS; i++)
            CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
    }
    check_left(0, 0, 0);
    CY_CHECK_EQ(unexpected, 0);
    CY_CHECK(deliveries > 0);
    return 0;
}

static void
nothing_is_left_when_many_come_and_go(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, churn_body, NULL), 0);
}

/* Others choose places: which of them fall together must follow from the key only. */
static void
where_a_place_stands_follows_from_the_key(void)
{
    static const struct cyi_hash_key one = {{17, 42}}, other = {{17, 43}};
    const struct cyi_place place = {.slot = 1, .generation = 0x10001, .core = 0, .node = 7};
    const struct cyi_place like_it = {.slot = 1, .generation = 1, .core = 1, .node = 7};
    CU_ASSERT_NOT_EQUAL(cyi_place_hash(&one, place), cyi_place_hash(&other, place));
    CU_ASSERT_NOT_EQUAL(cyi_place_hash(&one, place), cyi_place_hash(&one, like_it));
}

CY_TEST_MAIN("runtime.channel_members",
             CY_TEST(records_vanish_with_the_subscription_the_subscriber_or_the_channel),
             CY_TEST(a_channel_that_is_closed_is_forgotten_as_a_subscriber),
             CY_TEST(nothing_is_left_when_many_come_and_go),
             CY_TEST(where_a_place_stands_follows_from_the_key))
