#include "fleet.h"

/*
 * Cores that always sleep when they have nothing to do: a wake-up that is lost would leave a
 * message lying. Each message is sent at a moment near that at which the other falls asleep.
 */

enum { ROUNDS = 100 * 1000 };

#define PATIENCE (60 * CY_SECOND) /* then the wake-up was lost */

struct plan {
    uint32_t rounds;
};

/* About as long as a core needs to go to sleep. */
static void
dawdle(uint64_t *random)
{
    for (uint32_t n = fleet_below(random, 2000); n > 0; n--)
        __asm__ volatile("");
}

static int
returner(void *arg)
{
    const struct plan *plan = arg;
    uint64_t random = fleet_seed(2);
    cy_msg *msg;
    for (uint32_t i = 0; i < plan->rounds; i++) {
        int rc = cy_receive(&msg, cy_after(PATIENCE));
        HOLDS(rc == 0);
        if (rc != 0)
            break;
        HOLDS(cy_msg_tag(msg) == i);
        dawdle(&random);
        HOLDS(cy_send(cy_msg_sender(msg), &msg) == 0);
    }
    return 0;
}

static int
thrower(void *arg)
{
    const struct plan *plan = arg;
    uint64_t random = fleet_seed(1);
    cy_ref other;
    cy_msg *msg;
    HOLDS(cy_task_spawn_on(&other, 1, returner, arg, NULL) == 0);
    for (uint32_t i = 0; i < plan->rounds; i++) {
        dawdle(&random);
        HOLDS(cy_send_bytes(other, i, NULL, 0) == 0);
        int rc = cy_receive(&msg, cy_after(PATIENCE));
        HOLDS(rc == 0);
        if (rc != 0)
            break;
        HOLDS(cy_msg_tag(msg) == i);
        cy_msg_free(&msg);
    }
    return 0;
}

static void
run(bool exchange)
{
    struct fleet fleet;
    struct plan plan = {(uint32_t) cy_test_scale(ROUNDS)};
    fleet_init(&fleet, 2);
    fleet.exchange = exchange;
    fleet_run(&fleet, thrower, &plan);
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
