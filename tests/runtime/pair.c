/* pair.c - two nodes that the test turns. */
#include "pair.h"

#include <string.h>

struct pair pair;
cy_ref pair_there[2];

/* Echoes: a request by a reply, another message to its sender; tag 9 keeps it to itself. */
static int
echo(void *arg)
{
    cy_msg *msg, *reply;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        uint32_t tag = cy_msg_tag(msg);
        if (tag != 9 && cy_msg_copy(&reply, tag + 1, cy_msg_body(msg), cy_msg_size(msg)) == 0 &&
            cy_reply(msg, &reply) != 0)
            cy_msg_free(&reply);
        cy_msg_free(&msg);
    }
    return 0;
}

/* Has two places in its mailbox and looks at none. */
int
pair_hold(void *arg)
{
    (void) arg;
    while (cy_suspend(CY_FOREVER) == 0)
        continue;
    return 0;
}

int
pair_serve(void *arg)
{
    struct cy_task_options two = {.mailbox_max = 2};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[0], 1, echo, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[1], 1, pair_hold, NULL, &two), 0);
    return pair_hold(NULL);
}

void
pair_open(cy_task_fn *first, void *arg, cy_task_fn *second, void *other_arg)
{
    pair = (struct pair){0};
    pair_network_begin();
    for (int i = 0; i < 2; i++) {
        cy_node_options(&pair.hand[i].options, PAIR_CORES);
        pair.hand[i].options.network = &pair_network;
        hand_open_with(&pair.hand[i], i == 0 ? first : second, i == 0 ? arg : other_arg);
    }
}

static bool
turn(struct hand *hand)
{
    bool done = true;
    for (uint16_t i = 0; i < PAIR_CORES; i++) {
        if (cyi_core_done(hand->node->cores[i]))
            continue;
        hand_turn(hand, i);
        pair_carry();
        done = false;
    }
    return done;
}

void
pair_run(void)
{
    for (bool stopped = false, done = false; !done;) {
        bool first = turn(&pair.hand[0]);
        done = turn(&pair.hand[1]) && first;
        if (first && !stopped)
            cyi_node_stop(pair.hand[1].node, 0);
        stopped |= first;
    }
}

int
pair_close(void)
{
    int status = hand_close(&pair.hand[0]);
    CU_ASSERT_EQUAL(hand_close(&pair.hand[1]), 0);
    pair_network_end();
    return status;
}

void
pair_settle(void)
{
    struct cyi_core *core = cyi_self;
    for (int round = 0; round < 8; round++) {
        uint64_t before = core->counters.turns;
        while (core->counters.turns == before)
            cy_yield();
    }
}

void
pair_test(cy_task_fn *first)
{
    pair_open(first, NULL, pair_serve, NULL);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
}

cy_msg *
pair_made(uint32_t tag, const char *text)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, tag, text, strlen(text)), 0);
    return msg;
}
