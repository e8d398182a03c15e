#include "fleet.h"

#include <cycos/channel.h>
#include <string.h>

/*
 * Nodes that end in the middle of traffic: messages, answers, exits and subscriptions are under
 * way among the cores when their tasks are cancelled. All memory is given back all the same.
 */

enum { NODES = 300, CORES = 3, TASKS = 12 };

struct plan {
    cy_ref tasks[TASKS], channel;
    uint64_t seed;
};

struct part {
    const struct plan *plan;
    uint64_t random;
};

static int
end_soon(void *arg)
{
    (void) arg;
    return cy_yield();
}

static int
ask(struct part *me, cy_ref whom)
{
    cy_msg *msg, *reply = NULL;
    HOLDS(cy_msg_create(&msg, 1, fleet_below(&me->random, 500)) == 0);
    memset(cy_msg_body(msg), 0, cy_msg_size(msg));
    int rc = fleet_below(&me->random, 2) == 0
                 ? cy_deliver(whom, &msg, cy_after(CY_MILLISECOND))
                 : cy_call(&reply, whom, &msg, cy_after(CY_MILLISECOND));
    cy_msg_free(&msg);
    cy_msg_free(&reply);
    return rc;
}

static int
take(void)
{
    cy_msg *msg, *reply;
    int rc = cy_receive(&msg, CY_NOW);
    if (rc != 0)
        return rc;
    if (cy_msg_tag(msg) == 1 && cy_msg_copy(&reply, 2, "yes", 3) == 0) {
        (void) !cy_reply(msg, &reply);
        cy_msg_free(&reply);
    }
    cy_msg_free(&msg);
    return 0;
}

static int
spawn_somebody(struct part *me)
{
    struct cy_task_options options = {.monitor = true,
                                      .joinable = fleet_below(&me->random, 2) == 0};
    uint16_t on = (uint16_t) fleet_below(&me->random, CORES);
    cy_ref ref;
    int rc = cy_task_spawn_on(&ref, on, end_soon, NULL, &options);
    if (rc == 0 && fleet_below(&me->random, 2) == 0)
        rc = cy_join(NULL, ref, cy_after(CY_MILLISECOND));
    return rc;
}

static int
act(struct part *me)
{
    cy_ref whom = me->plan->tasks[fleet_below(&me->random, TASKS)];
    cy_ref channel = me->plan->channel;
    switch (fleet_below(&me->random, 8)) {
    case 0:
        return ask(me, whom);
    case 1:
        return spawn_somebody(me);
    case 2:
        return cy_monitor(whom);
    case 3:
        return cy_channel_subscribe(channel, cy_self(), cy_after(CY_MILLISECOND));
    case 4:
        return cy_send_bytes(channel, 3, "news", 4);
    case 5:
        return cy_yield();
    default:
        (void) !cy_send_bytes(whom, 1, "word", 4);
        return take();
    }
}

static int
traffic(void *arg)
{
    struct part *me = arg;
    cy_msg *start;
    if (cy_receive(&start, CY_FOREVER) != 0)
        return 0;
    cy_msg_free(&start);
    while (act(me) != -ECANCELED)
        continue;
    return 0;
}

static int
end_in_the_middle(void *arg)
{
    struct plan *plan = arg;
    static struct part parts[TASKS];
    HOLDS(cy_channel_create(&plan->channel, "news", NULL) == 0);
    uint64_t random = fleet_seed(plan->seed << 8 | TASKS);
    for (uint32_t i = 0; i < TASKS; i++) {
        parts[i] = (struct part){plan, fleet_seed(plan->seed << 8 | i)};
        HOLDS(cy_task_spawn_on(&plan->tasks[i], (uint16_t) (i % CORES), traffic, &parts[i],
                               NULL) == 0);
    }
    for (uint32_t i = 0; i < TASKS; i++)
        HOLDS(cy_send_bytes(plan->tasks[i], 1, NULL, 0) == 0);
    cy_sleep(fleet_below(&random, 3 * CY_MILLISECOND));
    cy_shutdown(fleet_below(&random, 2 * CY_MILLISECOND));
    while (take() != -ECANCELED)
        cy_yield();
    return 0;
}

static void
run(bool exchange)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, NODES);) {
        struct fleet fleet;
        struct plan plan = {.seed = seed};
        fleet_init(&fleet, CORES);
        fleet.exchange = exchange;
        fleet.options.mailbox_max = 100;
        fleet.options.outbox_max = 100;
        fleet_run(&fleet, end_in_the_middle, &plan);
    }
}

static void
nodes_end_in_the_middle_of_traffic(void)
{
    run(false);
}

static void
nodes_end_without_membarrier(void)
{
    run(true);
}

CY_TEST_MAIN("torture.shutdown", CY_TEST(nodes_end_in_the_middle_of_traffic),
             CY_TEST(nodes_end_without_membarrier))
