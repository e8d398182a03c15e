#include "seeds.h"

/* Two cores throw a ball: each message is sent when the one before it has come. */

enum { ROUNDS = 20 };

static int
returner(void *arg)
{
    cy_msg *msg;
    (void) arg;
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT_EQ(cy_receive(&msg, CY_FOREVER), 0);
        EXPECT_EQ(cy_msg_tag(msg), i);
        note(cy_msg_tag(msg));
        EXPECT_EQ(cy_send(cy_msg_sender(msg), &msg), 0);
    }
    return 0;
}

static int
thrower(void *arg)
{
    cy_ref other;
    cy_msg *msg;
    (void) arg;
    uint16_t there = (uint16_t) (cy_core_count() - 1);
    EXPECT_EQ(cy_task_spawn_on(&other, there, returner, NULL, NULL), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        EXPECT_EQ(cy_send_bytes(other, i, "ball", 4), 0);
        EXPECT_EQ(cy_receive(&msg, CY_FOREVER), 0);
        EXPECT_EQ(cy_msg_tag(msg), i);
        cy_msg_free(&msg);
    }
    return 0;
}

static void
throws_the_same_ball_in_the_same_world(void)
{
    static const struct seeds_program program = {.main = thrower};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.pair", CY_TEST(throws_the_same_ball_in_the_same_world))
