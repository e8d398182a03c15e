/* test_router_congestion.c - a full mailbox stops senders of other nodes, only while full. */
#include "pair.h"
#include "task.h"

enum { LIMIT = 4, SENDERS = 100 };

/* Of the second node: takes nothing until it is resumed, then all there is. */
static int
take_when_told(void *arg)
{
    cy_msg *msg;
    while (cy_suspend(CY_FOREVER) == 0) {
        while (cy_receive(&msg, CY_NOW) == 0) {
            ++*(uint32_t *) arg;
            cy_msg_free(&msg);
        }
    }
    return 0;
}

static uint32_t taken[2];

static int
serve_slowly(void *arg)
{
    struct cy_task_options few = {.mailbox_max = LIMIT};
    (void) arg;
    taken[0] = taken[1] = 0;
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&pair_there[i], 1, take_when_told, &taken[i], &few), 0);
    return pair_hold(NULL);
}

static void
run_slowly(cy_task_fn *first)
{
    pair_open(first, NULL, serve_slowly, NULL);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
}

/* Send until we are told that it is full; how many. */
static uint32_t
fill(cy_ref to)
{
    uint32_t sent = 0;
    int rc;
    while ((rc = cy_send_bytes(to, 1, NULL, 0)) == 0 && ++sent < 100)
        pair_settle();
    CY_CHECK_EQ(rc, -EAGAIN);
    return sent;
}

static int
fill_elsewhere(void *arg)
{
    *(uint32_t *) arg = fill(pair_there[0]);
    return 0;
}

static int
stop_and_go_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    cy_msg *reply = NULL, *msg = pair_made(1, "text");
    uint32_t more = 0;
    cy_ref other;
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    pair_settle();
    for (uint32_t round = 1; round <= 3; round++) {
        uint64_t refused = core->counters.refused;
        CY_CHECK_EQ(fill(pair_there[0]), LIMIT + 1);
        CY_CHECK_EQ(pair.congested, 2 * round - 1);
        /* However we send; it does not leave this node. */
        uint32_t sends = pair.sends;
        CY_CHECK_EQ(cy_send(pair_there[0], &msg), -EAGAIN);
        CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), -EAGAIN);
        CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), -EAGAIN);
        CY_CHECK_EQ(core->counters.refused, refused + 4);
        CY_CHECK_EQ(pair.sends, sends);
        /* Another core finds out by itself; another task is not concerned. */
        CY_CHECK_EQ(cy_task_spawn_on(&other, 1, fill_elsewhere, &more, &joinable), 0);
        CY_CHECK_EQ(cy_join(NULL, other, CY_FOREVER), 0);
        CY_CHECK_EQ(more, 1);
        CY_CHECK_EQ(pair.congested, 2 * round);
        CY_CHECK_EQ(cy_send_bytes(pair_there[1], 1, NULL, 0), 0);
        CY_CHECK_EQ(pair.relieved, round - 1);
        CY_CHECK_EQ(cy_resume(pair_there[0]), 0);
        CY_CHECK_EQ(cy_resume(pair_there[1]), 0);
        pair_settle();
        CY_CHECK_EQ(taken[0], round * (LIMIT + 2));
        CY_CHECK_EQ(taken[1], round);
        CY_CHECK_EQ(pair.relieved, round);
        CY_CHECK_EQ(core->congested_count, 0);
        CY_CHECK_EQ(core->node->cores[1]->congested_count, 0);
    }
    cy_msg_free(&msg);
    return 0;
}

static void
the_senders_of_another_node_stop_while_it_is_full(void)
{
    run_slowly(stop_and_go_body);
}

static int
burst_body(void *arg)
{
    cy_msg *msg, *reply = NULL;
    (void) arg;
    pair_settle();
    /* What was under way when it filled is not lost, and they are told once. */
    for (int i = 0; i < 50; i++)
        CY_CHECK_EQ(cy_send_bytes(pair_there[0], 1, NULL, 0), 0);
    msg = pair_made(1, "refused, as its sender waits for the word");
    CY_CHECK_EQ(cy_deliver(pair_there[0], &msg, CY_FOREVER), -EAGAIN);
    CY_CHECK_EQ(pair.congested, 1);
    CY_CHECK_EQ(cy_terminate(pair_there[0]), 0);
    pair_settle();
    /* It is gone: nobody is held back any more, and who sends hears so. */
    CY_CHECK_EQ(pair.relieved, 1);
    CY_CHECK_EQ(cyi_self->congested_count, 0);
    CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(pair.hand[1].node->cores[1]->counters.lost, 50);
    CY_CHECK(pair.hand[1].node->cores[1]->told_away == NULL);
    return 0;
}

static void
what_was_under_way_is_taken_and_the_end_relieves(void)
{
    run_slowly(burst_body);
}

static int
cut_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    (void) arg;
    pair_settle();
    fill(pair_there[0]);
    fill(pair_there[1]);
    CY_CHECK_EQ(pair.congested, 2);
    pair_cut();
    CY_CHECK_EQ(core->congested_count, 0);
    CY_CHECK_EQ(cy_send_bytes(pair_there[0], 1, NULL, 0), CY_ENOPEER);
    pair_mend();
    /* It is full still, and says so again. */
    CY_CHECK_EQ(fill(pair_there[0]), 1);
    CY_CHECK_EQ(pair.congested, 3);
    CY_CHECK_EQ(cy_resume(pair_there[0]), 0);
    pair_settle();
    CY_CHECK_EQ(core->congested_count, 0);
    CY_CHECK_EQ(taken[0], LIMIT + 2);
    return 0;
}

static void
a_lost_node_forgets_and_is_told_again(void)
{
    run_slowly(cut_body);
}

static bool
held(struct cyi_core *core, uint32_t node, uint32_t slot)
{
    cy_ref ref = {.node = node, .core = 3, .slot = slot, .generation = 1};
    return cyi_congestion_known_away(core, ref);
}

static void
say(struct cyi_core *core, uint32_t node, uint32_t slot, bool full)
{
    cy_ref ref = {.node = node, .core = 3, .slot = slot, .generation = 1};
    cyi_congestion_arrives(core, ref, full);
}

static int
many_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint32_t first = core->home.node + 1, second = first + 1;
    (void) arg;
    for (uint32_t i = 0; i < CYI_CONGESTED_MAX; i++) {
        say(core, first, i, true);
        say(core, first, i, true); /* said twice is said once */
    }
    CY_CHECK_EQ(core->congested_count, CYI_CONGESTED_MAX);
    CY_CHECK(held(core, first, 0) && held(core, first, CYI_CONGESTED_MAX - 1));
    CY_CHECK(!held(core, first, CYI_CONGESTED_MAX) && !held(core, second, 0));
    /* No place in the list: the whole node is held back, and no other. */
    say(core, first, 1000, true);
    say(core, first, 1001, true);
    CY_CHECK(held(core, first, 5000) && !held(core, second, 0));
    say(core, first, 1000, false);
    CY_CHECK(held(core, first, 5000));
    say(core, first, 0, false); /* a place, but not for the one that is counted */
    say(core, second, 0, true);
    CY_CHECK(held(core, second, 0) && !held(core, second, 1));
    say(core, first, 1001, false);
    CY_CHECK(!held(core, first, 5000) && held(core, first, 1));
    CY_CHECK_EQ(core->congested_nodes_count, 0);
    say(core, first, 1002, true);
    cyi_congestion_forget(core, first);
    CY_CHECK_EQ(core->congested_count, 1);
    CY_CHECK(!held(core, first, 1) && !held(core, first, 1002) && held(core, second, 0));
    /* Word of what was never heard of. */
    say(core, first, 1, false);
    say(core, second, 0, false);
    CY_CHECK_EQ(core->congested_count + core->congested_nodes_count, 0);
    return 0;
}

static void
more_than_the_list_holds_are_counted_per_node(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, many_body, NULL), 0);
}

static int
nodes_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint32_t base = core->home.node + 1;
    (void) arg;
    for (uint32_t i = 0; i < CYI_CONGESTED_MAX; i++)
        say(core, base, i, true);
    for (uint32_t i = 0; i <= CYI_CONGESTED_NODES_MAX; i++)
        say(core, base + 1 + i, 0, true);
    CY_CHECK_EQ(core->congested_nodes_count, CYI_CONGESTED_NODES_MAX);
    CY_CHECK(held(core, base + CYI_CONGESTED_NODES_MAX, 7));
    CY_CHECK(!held(core, base + CYI_CONGESTED_NODES_MAX + 1, 0)); /* goes on, is taken there */
    for (uint32_t i = 0; i <= CYI_CONGESTED_NODES_MAX; i++)
        say(core, base + 1 + i, 0, false);
    CY_CHECK_EQ(core->congested_nodes_count, 0);
    for (uint32_t i = 0; i < CYI_CONGESTED_MAX; i++)
        say(core, base, i, false);
    CY_CHECK_EQ(core->congested_count, 0);
    return 0;
}

static void
beyond_so_many_nodes_nobody_is_held_back(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, nodes_body, NULL), 0);
}

static uint32_t told, relieved;

static void
count_told(struct cyi_core *core, cy_ref from, uint32_t slot, uint32_t generation)
{
    CY_CHECK(from.core < SENDERS);
    CY_CHECK(cyi_task_find(core, slot, generation) != NULL);
    told++;
}

static void
count_relieved(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    (void) core;
    (void) slot;
    (void) generation;
    relieved++;
}

static const struct cyi_router COUNTING = {.congested = count_told, .relieved = count_relieved};

/* A message of a core of another node to ourselves. */
static void
hear(struct cyi_core *core, uint32_t node, uint16_t from)
{
    cy_ref self = cy_self();
    cy_msg *msg = pair_made(1, "text");
    msg->sender = (cy_ref){.node = node, .core = from, .slot = self.slot, .generation = 1};
    msg->to.slot = self.slot;
    msg->to.generation = self.generation;
    cyi_message_arrives(core, msg);
}

static void
take_all(void)
{
    cy_msg *msg;
    while (cy_receive(&msg, CY_NOW) == 0)
        cy_msg_free(&msg);
}

static int
senders_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint32_t elsewhere = core->home.node + 1;
    core->node->router = &COUNTING;
    (void) arg;
    told = relieved = 0;
    for (uint16_t round = 1; round <= 2; round++) {
        for (uint16_t i = 0; i < LIMIT; i++)
            hear(core, elsewhere, i);
        CY_CHECK_EQ(told, (round - 1) * SENDERS);
        for (uint16_t i = 0; i < 3 * SENDERS; i++) /* in bursts, and around again */
            hear(core, elsewhere, (uint16_t) (i / 2 * 2 % SENDERS + i % 2));
        CY_CHECK_EQ(told, round * SENDERS);
        CY_CHECK_EQ(relieved, round - 1);
        take_all();
        CY_CHECK_EQ(relieved, round);
        CY_CHECK(core->told_away == NULL);
    }
    core->node->router = NULL;
    return 0;
}

static void
each_core_of_another_node_is_told_once(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.mailbox_max = LIMIT;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, senders_body, NULL), 0);
}

static int
memory_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    uint32_t elsewhere = core->home.node + 1;
    uint16_t from = 0;
    (void) arg;
    core->node->router = &COUNTING;
    told = relieved = 0;
    for (int i = 0; i < LIMIT; i++)
        hear(core, elsewhere, 0);
    /* After the message: the extra record, and what it will hold. Told when it can be. */
    for (uint64_t later = 1; later <= 2; later++) {
        core->heap.fail_at = core->heap.taken + later;
        hear(core, elsewhere, 0);
        CY_CHECK_EQ(core->heap.fail_at, UINT64_MAX);
        CY_CHECK_EQ(told, 0);
    }
    /* When it has to grow, too. */
    for (uint32_t before = 0; from < SENDERS; from++, before = told) {
        core->heap.fail_at = core->heap.taken + 1;
        hear(core, elsewhere, from);
        core->heap.fail_at = UINT64_MAX;
        hear(core, elsewhere, from);
        CY_CHECK_EQ(told, before + 1);
    }
    take_all();
    CY_CHECK_EQ(relieved, 1);
    core->node->router = NULL;
    return 0;
}

static void
without_memory_they_are_told_later(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.mailbox_max = LIMIT;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, memory_body, NULL), 0);
}

/* A core of this node and one of another one have filled the same mailbox. */
static int
push_one(void *arg)
{
    return cy_send_bytes(*(cy_ref *) arg, 1, NULL, 0);
}

static int
both_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    struct cy_task_options joinable = {.joinable = true};
    cy_ref self = cy_self(), child;
    (void) arg;
    core->node->router = &COUNTING;
    told = relieved = 0;
    for (int i = 0; i < LIMIT; i++)
        hear(core, core->home.node + 1, 0);
    CY_CHECK_EQ(cy_task_spawn_on(&child, 1, push_one, &self, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, child, CY_FOREVER), 0);
    CY_CHECK_EQ(told, 0);
    hear(core, core->home.node + 1, 0);
    CY_CHECK_EQ(told, 1);
    cy_node_settle();
    CY_CHECK_EQ(core->node->cores[1]->congested_count, 1);
    take_all();
    cy_node_settle();
    CY_CHECK_EQ(relieved, 1);
    CY_CHECK_EQ(core->node->cores[1]->congested_count, 0);
    core->node->router = NULL;
    return 0;
}

static void
senders_here_and_there_are_held_and_relieved_together(void)
{
    struct hand hand;
    cy_node_options(&hand.options, 2);
    hand.options.mailbox_max = LIMIT;
    hand_open_with(&hand, both_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

CY_TEST_MAIN("runtime.router_congestion",
             CY_TEST(the_senders_of_another_node_stop_while_it_is_full),
             CY_TEST(what_was_under_way_is_taken_and_the_end_relieves),
             CY_TEST(a_lost_node_forgets_and_is_told_again),
             CY_TEST(more_than_the_list_holds_are_counted_per_node),
             CY_TEST(beyond_so_many_nodes_nobody_is_held_back),
             CY_TEST(each_core_of_another_node_is_told_once),
             CY_TEST(without_memory_they_are_told_later),
             CY_TEST(senders_here_and_there_are_held_and_relieved_together))
