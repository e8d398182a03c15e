/* test_links.c - messages between nodes whose connections break. */
#include "seeds.h"

#include <cycos/peer.h>
#include <string.h>

enum { MESSAGES = 300 };

struct state {
    cy_ref server;
    uint32_t got, delivered;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    world.nodes = 2;
    world.hosts = draw_between(1, 2);
    if (world.sim_options.buffer_max != 0 && world.sim_options.buffer_max < 4096)
        world.sim_options.buffer_max = 4096;
    if (world.sim_options.latency_ns_max > 20 * CY_MILLISECOND)
        world.sim_options.latency_ns_max = 20 * CY_MILLISECOND;
    world.sim_options.refuse_chance = 0; /* means that the other one has ended */
    for (uint32_t i = 0; i < world.nodes; i++) {
        world.options[i].network = cy_network();
        world.options[i].cores = draw_between(1, 2);
    }
}

static void
serve(void)
{
    cy_msg *msg;
    uint32_t last = 0;
    state()->server = cy_self();
    while (state()->got < MESSAGES) {
        uint32_t number;
        if (cy_receive(&msg, cy_after(CY_SECOND * 120)) != 0)
            break;
        memcpy(&number, cy_msg_body(msg), sizeof number);
        EXPECT_EQ(number, last + 1);
        last = number;
        state()->got++;
        cy_msg_free(&msg);
    }
    EXPECT_EQ(state()->got, MESSAGES);
}

static void
call(void)
{
    while (cy_ref_is_nobody(state()->server))
        EXPECT_EQ(cy_sleep(10 * CY_MILLISECOND), 0);
    for (uint32_t i = 1; i <= MESSAGES; i++) {
        cy_msg *msg;
        EXPECT_EQ(cy_msg_copy(&msg, 7, &i, sizeof i), 0);
        bool deliver = i % 10 == 0;
        int rc;
        do {
            rc = deliver ? cy_deliver(state()->server, &msg, CY_FOREVER)
                         : cy_send(state()->server, &msg);
            if (rc == -EAGAIN)
                EXPECT_EQ(cy_sleep(CY_MILLISECOND), 0);
        } while (rc == -EAGAIN);
        EXPECT_EQ(rc, deliver);
        cy_msg_free(&msg);
    }
}

static int
run(void *arg)
{
    if (arg == NULL)
        call();
    else
        serve();
    cy_sleep(CY_SECOND);
    return 0;
}

static void
check(void)
{
    EXPECT_EQ(state()->got, MESSAGES);
}

static const struct seeds_program PROGRAM = {
    .state_bytes = sizeof(struct state), .prepare = prepare, .main = run, .check = check};

static void
messages_survive_cuts(void)
{
    seeds_run(&PROGRAM, 1000);
}

CY_TEST_MAIN("sim.links", CY_TEST(messages_survive_cuts))
