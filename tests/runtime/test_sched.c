/* test_sched.c - whose turn it is: streaks, batches, budgets, stacks. */
#include "hand.h"

#include "sanitizer.h"
#include <sys/resource.h>

static bool stop_playing;

/* Wakes its partner and waits to be woken, for ever. */
static int
play(void *arg)
{
    const cy_ref *partner = arg;
    while (!stop_playing && cy_resume(*partner) == 0)
        CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
    (void) !cy_resume(*partner);
    return 0;
}

static uint64_t third_ran;

static int
be_third(void *arg)
{
    (void) arg;
    for (int i = 0; i < 1000; i++) {
        third_ran++;
        CY_CHECK_EQ(cy_yield(), 0);
    }
    stop_playing = true;
    return 0;
}

static int
ping_pong_body(void *arg)
{
    static cy_ref players[2];
    (void) arg;
    stop_playing = false;
    third_ran = 0;
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_task_spawn(&players[i], play, &players[1 - i], NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, be_third, NULL, NULL), 0);
    return 0;
}

static void
two_that_wake_each_other_starve_nobody(void)
{
    struct hand hand;
    hand_open(&hand, 1, ping_pong_body, NULL);
    hand_turn(&hand, 0);
    for (int i = 0; i < 10; i++) {
        uint64_t before = third_ran;
        hand_turn(&hand, 0);
        CU_ASSERT_TRUE(third_ran > before);
        /* Nor do they have to wait for it: most of the turn is theirs. */
        CU_ASSERT_TRUE(third_ran - before < CYI_TURN_SWITCHES);
    }
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { SLEEPERS = CYI_FRONT_STREAK + 10 };

static int order[SLEEPERS + 1], order_count;

static int
note_when_resumed(void *arg)
{
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
    order[order_count++] = (int) (intptr_t) arg;
    return 0;
}

static int
note(void *arg)
{
    order[order_count++] = (int) (intptr_t) arg;
    return 0;
}

static int
streak_body(void *arg)
{
    cy_ref there[SLEEPERS];
    (void) arg;
    order_count = 0;
    for (int i = 0; i < SLEEPERS; i++)
        CY_CHECK_EQ(cy_task_spawn(&there[i], note_when_resumed, (void *) (intptr_t) i, NULL),
                    0);
    for (int i = 0; i < 2 * CYI_TURN_SWITCHES; i++)
        cy_yield(); /* they wait by now, and this turn is young */
    struct cyi_sched *sched = &cyi_self->sched;
    sched->budget = CYI_TURN_SWITCHES;
    sched->front_budget = CYI_FRONT_STREAK;
    CY_CHECK_EQ(cy_task_spawn(NULL, note, (void *) -1, NULL), 0);
    for (int i = 0; i < SLEEPERS; i++)
        CY_CHECK_EQ(cy_resume(there[i]), 0);
    while (order_count < SLEEPERS + 1)
        cy_yield();
    /* As many as the streak allows before who was there first; the last woken first of all. */
    for (int i = 0; i < CYI_FRONT_STREAK; i++)
        CY_CHECK_EQ(order[i], CYI_FRONT_STREAK - 1 - i);
    CY_CHECK_EQ(order[CYI_FRONT_STREAK], -1);
    for (int i = CYI_FRONT_STREAK; i < SLEEPERS; i++)
        CY_CHECK_EQ(order[i + 1], i);
    return 0;
}

static void
who_is_woken_comes_first_but_only_so_many(void)
{
    struct hand hand;
    hand_open(&hand, 1, streak_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int handled;

static void
handle(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    handled++;
}

static int
batch_body(void *arg)
{
    cy_ref there;
    (void) arg;
    handled = 0;
    CY_CHECK_EQ(cy_handler_spawn(&there, handle, NULL, NULL), 0);
    for (int i = 0; i < 3 * CYI_HANDLER_BATCH - 1; i++)
        CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), 0);
    for (int round = 1; round < 3; round++) {
        CY_CHECK_EQ(cy_yield(), 0);
        CY_CHECK_EQ(handled, round * CYI_HANDLER_BATCH);
    }
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(handled, 3 * CYI_HANDLER_BATCH - 1);
    CY_CHECK_EQ(cy_terminate(there), 0);
    return 0;
}

static void
a_handler_gets_a_batch_of_messages_at_a_time(void)
{
    struct hand hand;
    hand_open(&hand, 1, batch_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
yield_for_ever(void *arg)
{
    uint64_t *count = arg;
    while (cy_yield() == 0)
        ++*count;
    return 0;
}

static uint64_t yields;

static int
budget_body(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    yields = 0;
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_task_spawn(NULL, yield_for_ever, &yields, &daemon), 0);
    return cy_suspend(CY_FOREVER);
}

static void
a_turn_ends_when_its_budget_is_spent(void)
{
    struct hand hand;
    hand_open(&hand, 1, budget_body, NULL);
    hand_turn(&hand, 0);
    for (int i = 0; i < 5; i++) {
        uint64_t before = yields;
        hand_turn(&hand, 0);
        CU_ASSERT_EQUAL(yields - before, CYI_TURN_SWITCHES);
    }
    cyi_node_stop(hand.node, 0);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
beget(void *arg)
{
    int left = (int) (intptr_t) arg;
    if (left > 0)
        CY_CHECK_EQ(cy_task_spawn(NULL, beget, (void *) (intptr_t) (left - 1), NULL), 0);
    return 0;
}

static void
the_next_fresh_task_takes_the_stack_of_who_ends(void)
{
    struct hand hand;
    hand_open(&hand, 1, beget, (void *) (intptr_t) 1000);
    hand_turn(&hand, 0);
    CU_ASSERT_EQUAL(hand.node->cores[0]->stacks.count, 1);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand.node->cores[0]->stacks.count, 1);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
set_flag(void *arg)
{
    *(bool *) arg = true;
    return 0;
}

static int
no_stack_body(void *arg)
{
    struct rlimit before, none;
    bool ran[3] = {false, false, false};
    struct cy_task_options large = {.stack_bytes = 1 << 20};
    (void) arg;
    CY_CHECK_EQ(getrlimit(RLIMIT_AS, &before), 0);
    none = before;
    none.rlim_cur = 1 << 20; /* less than there is already: no new mapping */
    CY_CHECK_EQ(setrlimit(RLIMIT_AS, &none), 0);
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_task_spawn(NULL, set_flag, &ran[i], &large), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, set_flag, &ran[2], NULL), 0);
    for (int i = 0; i < 1000; i++)
        cy_yield();
    CY_CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
    CY_CHECK(!ran[0] && !ran[1]); /* they wait for memory */
    CY_CHECK(ran[2]);             /* others do not */
    while (!ran[0] || !ran[1])
        cy_yield();
    return 0;
}

static void
without_memory_for_a_stack_a_task_waits_and_others_run(void)
{
    struct hand hand;
    hand_open(&hand, 1, CYI_ASAN || CYI_TSAN ? beget : no_stack_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

CY_TEST_MAIN("runtime.sched", CY_TEST(two_that_wake_each_other_starve_nobody),
             CY_TEST(who_is_woken_comes_first_but_only_so_many),
             CY_TEST(a_handler_gets_a_batch_of_messages_at_a_time),
             CY_TEST(a_turn_ends_when_its_budget_is_spent),
             CY_TEST(the_next_fresh_task_takes_the_stack_of_who_ends),
             CY_TEST(without_memory_for_a_stack_a_task_waits_and_others_run))
