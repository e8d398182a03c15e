#include "fleet.h"

#include <cycos/channel.h>
#include <stdlib.h>
#include <string.h>

/*
 * Ten million messages among cores, while tasks are spawned, watched, joined, terminated and
 * end by themselves, timers fire and channels publish. Nothing is lost, nothing comes twice,
 * each pair keeps its order, each monitor brings one exit message, after all that its task
 * sent; memory is balanced at the end.
 */

enum { MESSAGES = 10 * 1000 * 1000, CORES = 4, WORKERS = 12, CHILDREN = 8, BURST = 32 };

enum { TAG_READY = 1, TAG_GO, TAG_DATA, TAG_CHILD, TAG_NEWS, TAG_FIN, TAG_STOP };

#define PATIENCE (120 * CY_SECOND) /* then something was lost */

struct child {
    cy_ref ref; /* nobody: free */
    cy_ref parent;
    uint64_t seed;
    uint32_t sent;     /* by it to the parent; read when it has ended */
    uint32_t came;     /* of those */
    uint32_t expected; /* exit messages */
};

struct data {
    uint32_t from;
    uint64_t sequence;
};

struct worker {
    alignas(128) cy_ref ref;
    uint32_t number;
    uint64_t random, quota, sent, received;
    uint64_t accepted[WORKERS], latest[WORKERS];
    uint64_t news_sent[CORES], news_latest[WORKERS][CORES];
    struct child children[CHILDREN];
    uint64_t spawned, exits, terminated, timers, published;
    bool stop;
};

static struct {
    struct worker workers[WORKERS];
    cy_ref channels[CORES], main;
} all;

static bool
chance(struct worker *me, uint32_t one_in)
{
    return fleet_below(&me->random, one_in) == 0;
}

/* Its own sequence, in a message of any kind and size. */
static int
send_data(struct worker *me, uint32_t to)
{
    struct data data = {me->number, me->accepted[to] + 1};
    cy_msg *msg;
    int rc;
    if (!chance(me, 4)) {
        rc = cy_send_bytes(all.workers[to].ref, TAG_DATA, &data, sizeof data);
    } else {
        size_t size = sizeof data + fleet_below(&me->random, 300);
        HOLDS(cy_msg_create(&msg, TAG_DATA, size) == 0);
        memcpy(cy_msg_body(msg), &data, sizeof data);
        rc = cy_send(all.workers[to].ref, &msg);
        cy_msg_free(&msg);
    }
    HOLDS(rc == 0 || rc == -EAGAIN);
    if (rc == 0) {
        me->accepted[to]++;
        me->sent++;
    }
    return rc;
}

static void
take_data(struct worker *me, const cy_msg *msg)
{
    struct data data;
    memcpy(&data, cy_msg_body(msg), sizeof data);
    HOLDS(data.from < WORKERS);
    HOLDS(data.sequence == me->latest[data.from] + 1);
    me->latest[data.from] = data.sequence;
    me->received++;
}

static void
take_news(struct worker *me, const cy_msg *msg)
{
    uint32_t at[2];
    uint64_t sequence;
    memcpy(at, cy_msg_body(msg), sizeof at);
    memcpy(&sequence, (const uint8_t *) cy_msg_body(msg) + sizeof at, sizeof sequence);
    uint64_t *latest = &me->news_latest[at[0]][at[1]];
    HOLDS(sequence > *latest);
    *latest = sequence;
}

static struct child *
child_of(struct worker *me, cy_ref ref)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (cy_ref_equal(me->children[i].ref, ref))
            return &me->children[i];
    }
    return NULL;
}

static void
take_exit(struct worker *me, const cy_msg *msg)
{
    struct cy_exit exit;
    HOLDS(cy_exit_read(&exit, msg) == 0);
    struct child *child = child_of(me, exit.task);
    HOLDS(child != NULL && child->expected > 0);
    if (child == NULL)
        return;
    if (exit.reason != CY_EXIT_NO_TASK)
        HOLDS(child->came == child->sent);
    me->exits++;
    if (--child->expected == 0)
        child->ref = CY_NOBODY;
}

static void
take_from_child(struct worker *me, const cy_msg *msg)
{
    uint32_t n;
    struct child *child = child_of(me, cy_msg_sender(msg));
    memcpy(&n, cy_msg_body(msg), sizeof n);
    HOLDS(child != NULL && n == child->came + 1);
    if (child != NULL)
        child->came = n;
}

static int
take_one(struct worker *me, cy_time deadline)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, deadline);
    if (rc != 0)
        return rc;
    switch (cy_msg_tag(msg)) {
    case TAG_DATA:
        take_data(me, msg);
        break;
    case TAG_CHILD:
        take_from_child(me, msg);
        break;
    case TAG_NEWS:
        take_news(me, msg);
        break;
    case CY_TAG_EXIT:
        take_exit(me, msg);
        break;
    default:
        me->stop |= cy_msg_tag(msg) == TAG_STOP;
        break;
    }
    cy_msg_free(&msg);
    return 0;
}

static int
grandchild(void *arg)
{
    (void) arg;
    return cy_yield() == 0 ? 7 : 8;
}

static void
join_a_grandchild(uint64_t *random)
{
    struct cy_task_options options = {.joinable = true};
    cy_ref ref;
    cy_msg *msg = NULL;
    struct cy_exit exit;
    uint16_t on = (uint16_t) fleet_below(random, CORES);
    if (cy_task_spawn_on(&ref, on, grandchild, NULL, &options) != 0)
        return;
    int rc = cy_join(&msg, ref, CY_FOREVER);
    HOLDS(rc == 0 || rc == -ECANCELED);
    if (rc == 0)
        HOLDS(cy_exit_read(&exit, msg) == 0 && exit.code == 7);
    cy_msg_free(&msg);
}

/* Sends a few messages to its parent and ends; or waits until it is terminated. */
static int
live_shortly(void *arg)
{
    struct child *self = arg;
    uint64_t random = self->seed;
    for (uint32_t n = fleet_below(&random, 6); n > 0; n--) {
        uint32_t next = self->sent + 1;
        int rc = cy_send_bytes(self->parent, TAG_CHILD, &next, sizeof next);
        HOLDS(rc == 0 || rc == -EAGAIN);
        self->sent += rc == 0;
        if (fleet_below(&random, 2) == 0 && cy_yield() != 0)
            return 1;
    }
    if (fleet_below(&random, 4) == 0)
        join_a_grandchild(&random);
    if (fleet_below(&random, 3) == 0)
        cy_sleep((cy_time) fleet_below(&random, 1000000));
    return (int) fleet_below(&random, 2);
}

static void
handle_shortly(void *arg, cy_msg **msg)
{
    (void) arg;
    (void) msg;
    cy_handler_exit(0);
}

static void
spawn_child(struct worker *me, struct child *child)
{
    struct cy_task_options options = {.monitor = chance(me, 2)};
    uint16_t on = (uint16_t) fleet_below(&me->random, CORES);
    bool handler = chance(me, 4);
    *child = (struct child){.parent = me->ref, .seed = fleet_random(&me->random)};
    int rc = handler ? cy_handler_spawn_on(&child->ref, on, handle_shortly, NULL, &options)
                     : cy_task_spawn_on(&child->ref, on, live_shortly, child, &options);
    HOLDS(rc == 0 || rc == -EAGAIN);
    if (rc != 0)
        return;
    me->spawned++;
    child->expected = options.monitor;
    for (uint32_t n = fleet_below(&me->random, 3) + !options.monitor; n > 0; n--)
        child->expected += cy_monitor(child->ref) == 0;
    if (handler && chance(me, 2))
        (void) !cy_send_bytes(child->ref, 1, NULL, 0);
}

static void
subscribe_somewhere(struct worker *me)
{
    cy_ref channel = all.channels[fleet_below(&me->random, CORES)];
    int rc = chance(me, 2) ? cy_channel_subscribe(channel, me->ref, CY_FOREVER)
                           : cy_channel_unsubscribe(channel, me->ref, CY_FOREVER);
    HOLDS(rc == 0 || rc == -ENOENT || rc == -EAGAIN);
}

static void
publish_somewhere(struct worker *me)
{
    uint32_t which = fleet_below(&me->random, CORES);
    uint64_t body[2];
    uint32_t at[2] = {me->number, which};
    cy_msg *msg;
    memcpy(body, at, sizeof at);
    body[1] = ++me->news_sent[which];
    HOLDS(cy_msg_copy(&msg, TAG_NEWS, body, sizeof body) == 0);
    int rc = chance(me, 2) ? cy_send(all.channels[which], &msg)
                           : cy_channel_deliver(all.channels[which], &msg, 0, CY_FOREVER);
    HOLDS(rc >= 0 || rc == -EAGAIN);
    me->published++;
    cy_msg_free(&msg);
}

static void
sleep_a_little(struct worker *me)
{
    cy_time duration = fleet_below(&me->random, 300000), before = cy_now();
    HOLDS(cy_sleep(duration) == 0);
    HOLDS(cy_now() >= before + duration);
    me->timers++;
}

static void
terminate_child(struct worker *me, const struct child *child)
{
    int rc = -EAGAIN;
    while (!cy_ref_is_nobody(child->ref) && (rc = cy_terminate(child->ref)) == -EAGAIN)
        cy_yield();
    me->terminated += rc == 0;
}

static void
do_something_else(struct worker *me)
{
    struct child *child = &me->children[fleet_below(&me->random, CHILDREN)];
    switch (fleet_below(&me->random, 10)) {
    case 0:
        subscribe_somewhere(me);
        break;
    case 1:
        publish_somewhere(me);
        break;
    case 2:
        sleep_a_little(me);
        break;
    case 3:
        terminate_child(me, child);
        break;
    default:
        if (cy_ref_is_nobody(child->ref))
            spawn_child(me, child);
        break;
    }
}

/* The next message, which must come in time. */
static bool
wait_for_one(struct worker *me)
{
    int rc = take_one(me, cy_after(PATIENCE));
    HOLDS(rc == 0);
    return rc == 0;
}

static void
send_quota(struct worker *me)
{
    while (me->sent < me->quota && !fleet_failed()) {
        uint32_t to = fleet_below(&me->random, WORKERS);
        int rc = 0;
        for (uint32_t n = 1 + fleet_below(&me->random, BURST); n > 0 && rc == 0; n--)
            rc = me->sent < me->quota ? send_data(me, to) : -EAGAIN;
        for (int n = 2 * BURST; n > 0 && take_one(me, CY_NOW) == 0; n--)
            continue;
        if (rc != 0)
            (void) !take_one(me, cy_after(200 * CY_MICROSECOND));
        if (chance(me, 3))
            do_something_else(me);
        if (chance(me, 4))
            cy_yield();
    }
}

static void
end_children(struct worker *me)
{
    for (int i = 0; i < CHILDREN; i++) {
        while (!cy_ref_is_nobody(me->children[i].ref)) {
            terminate_child(me, &me->children[i]);
            if (!wait_for_one(me))
                return;
        }
    }
}

static uint64_t
sent_to(const struct worker *me)
{
    uint64_t sum = 0;
    for (int i = 0; i < WORKERS; i++)
        sum += all.workers[i].accepted[me->number];
    return sum;
}

static void
tell_main(uint32_t tag)
{
    while (cy_send_bytes(all.main, tag, NULL, 0) == -EAGAIN)
        cy_yield();
}

static int
work(void *arg)
{
    struct worker *me = arg;
    char name[16];
    me->ref = cy_self();
    snprintf(name, sizeof name, "news.%u", me->number);
    if (me->number < CORES)
        HOLDS(cy_channel_create(&all.channels[me->number], name, NULL) == 0);
    tell_main(TAG_READY);
    HOLDS(take_one(me, CY_FOREVER) == 0);
    send_quota(me);
    end_children(me);
    tell_main(TAG_FIN);
    while (!me->stop && wait_for_one(me))
        continue;
    while (me->received < sent_to(me) && wait_for_one(me))
        continue;
    HOLDS(me->received == sent_to(me));
    return 0;
}

static void
await_all(uint32_t tag)
{
    for (int i = 0; i < WORKERS; i++) {
        cy_msg *msg;
        HOLDS(cy_receive(&msg, CY_FOREVER) == 0);
        HOLDS(cy_msg_tag(msg) == tag);
        cy_msg_free(&msg);
    }
}

static void
tell_all(uint32_t tag)
{
    for (int i = 0; i < WORKERS; i++) {
        while (cy_send_bytes(all.workers[i].ref, tag, NULL, 0) == -EAGAIN)
            cy_yield();
    }
}

static int
lead(void *arg)
{
    uint64_t messages = *(const uint64_t *) arg;
    all.main = cy_self();
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct worker *worker = &all.workers[i];
        worker->number = i;
        worker->random = fleet_seed(i);
        worker->quota = messages / WORKERS;
        HOLDS(cy_task_spawn_on(NULL, (uint16_t) (i % CORES), work, worker, NULL) == 0);
    }
    await_all(TAG_READY);
    tell_all(TAG_GO);
    await_all(TAG_FIN);
    tell_all(TAG_STOP);
    return 0;
}

static void
report(void)
{
    struct worker sum = {0};
    for (int i = 0; i < WORKERS; i++) {
        const struct worker *w = &all.workers[i];
        sum.received += w->received;
        sum.spawned += w->spawned;
        sum.exits += w->exits;
        sum.terminated += w->terminated;
        sum.timers += w->timers;
        sum.published += w->published;
    }
    printf("%llu messages, %llu spawned, %llu exit messages, %llu terminated, %llu timers, "
           "%llu published ",
           (unsigned long long) sum.received, (unsigned long long) sum.spawned,
           (unsigned long long) sum.exits, (unsigned long long) sum.terminated,
           (unsigned long long) sum.timers, (unsigned long long) sum.published);
    CU_ASSERT_TRUE(sum.received > 0 && sum.exits > 0);
}

static void
run(bool exchange, long count)
{
    struct fleet fleet;
    uint64_t messages = (uint64_t) cy_test_scale(count);
    memset(&all, 0, sizeof all);
    fleet_init(&fleet, CORES);
    fleet.exchange = exchange;
    fleet.options.mailbox_max = 4096;
    fleet.options.outbox_max = 4096;
    fleet_run(&fleet, lead, &messages);
    report();
}

static void
ten_million_messages_come_once_and_in_order(void)
{
    run(false, MESSAGES);
}

static void
one_million_come_without_membarrier(void)
{
    run(true, MESSAGES / 10);
}

CY_TEST_MAIN("torture.messages", CY_TEST(ten_million_messages_come_once_and_in_order),
             CY_TEST(one_million_come_without_membarrier))
