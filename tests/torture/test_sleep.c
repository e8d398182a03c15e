#include "fleet.h"

/*
 * Cores that always sleep when they have nothing to do: a wake-up that is lost would leave a
 * message lying. A first message wakes the other core; the second, which nothing follows, comes
 * at a moment near that at which it falls asleep again.
 */

enum { ROUNDS = 40 * 1000, TAG_WAKE = 1, TAG_ANSWER };

#define NEAR     (40 * CY_MICROSECOND)
#define PATIENCE (30 * CY_SECOND) /* then the wake-up was lost */

struct plan {
    uint32_t rounds;
};

static void
dawdle(uint64_t *random)
{
    cy_time until = cy_after(fleet_below(random, NEAR));
    while (cy_now() < until)
        continue;
}

static int
answerer(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_msg_tag(msg) == TAG_ANSWER)
            HOLDS(cy_send(cy_msg_sender(msg), &msg) == 0);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
asker(void *arg)
{
    const struct plan *plan = arg;
    uint64_t random = fleet_seed(1);
    cy_ref other;
    cy_msg *msg;
    int rc = cy_task_spawn_on(&other, 1, answerer, NULL, NULL);
    HOLDS(rc == 0);
    for (uint32_t i = 0; i < plan->rounds && rc == 0; i++) {
        HOLDS(cy_send_bytes(other, TAG_WAKE, NULL, 0) == 0);
        dawdle(&random);
        HOLDS(cy_send_bytes(other, TAG_ANSWER, NULL, 0) == 0);
        rc = cy_receive(&msg, cy_after(PATIENCE));
        HOLDS(rc == 0);
        if (rc == 0)
            cy_msg_free(&msg);
    }
    HOLDS(cy_terminate(other) == 0);
    return 0;
}

static void
run(bool exchange)
{
    struct fleet fleet;
    struct plan plan = {(uint32_t) cy_test_scale(ROUNDS)};
    fleet_init(&fleet, 2);
    fleet.exchange = exchange;
    fleet_run(&fleet, asker, &plan);
}

static void
no_wake_up_is_lost_when_the_sleeper_pays(void)
{
    run(false);
}

static void
no_wake_up_is_lost_when_the_sender_pays(void)
{
    run(true);
}

CY_TEST_MAIN("torture.sleep", CY_TEST(no_wake_up_is_lost_when_the_sleeper_pays),
             CY_TEST(no_wake_up_is_lost_when_the_sender_pays))
