/* hand.c - a node whose cores the test turns. */
#include "hand.h"

#include <cycos/impl/rcu.h>

void
hand_open_with(struct hand *hand, cy_task_fn *main, void *arg)
{
    cy_node_begin_checks();
    hand->left_behind = 0;
    int rc = cyi_node_create(&hand->node, &hand->options, cyi_os_linux());
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT_EQUAL_FATAL(cyi_node_main(hand->node, main, arg), 0);
}

void
hand_open(struct hand *hand, uint32_t cores, cy_task_fn *main, void *arg)
{
    cy_node_options(&hand->options, cores);
    hand_open_with(hand, main, arg);
}

static void
turn(struct cyi_core *core)
{
    cyi_core_enter(core);
    cyi_core_turn(core);
    cyi_core_enter(NULL);
}

/* In this thread: a core that has nothing to do must come back at once, so it always spins. */
static void
begin_by_hand(struct hand *hand)
{
    hand->options.spin_ns = CY_FOREVER;
    for (uint16_t i = 0; i < hand->node->core_count; i++)
        cyi_sched_thread(&hand->node->cores[i]->sched);
    cyi_rcu_register();
}

static void
end_by_hand(void)
{
    cyi_rcu_unregister();
}

void
hand_turn(struct hand *hand, uint16_t core)
{
    begin_by_hand(hand);
    turn(hand->node->cores[core]);
    end_by_hand();
}

void
hand_run(struct hand *hand)
{
    begin_by_hand(hand);
    for (uint16_t left = 1; left != 0;) {
        left = 0;
        for (uint16_t i = 0; i < hand->node->core_count; i++) {
            if (cyi_core_done(hand->node->cores[i]))
                continue;
            turn(hand->node->cores[i]);
            left++;
        }
    }
    end_by_hand();
}

static void *
core_thread(void *arg)
{
    struct cyi_core *core = arg;
    cyi_core_enter(core);
    cyi_sched_thread(&core->sched);
    cyi_rcu_register();
    while (!cyi_core_done(core))
        cyi_core_turn(core);
    cyi_rcu_unregister();
    return NULL;
}

void
hand_run_threads(struct hand *hand)
{
    pthread_t threads[CY_CORES_MAX];
    uint16_t count = hand->node->core_count;
    for (uint16_t i = 0; i < count; i++) {
        int rc = pthread_create(&threads[i], NULL, core_thread, hand->node->cores[i]);
        CU_ASSERT_EQUAL_FATAL(rc, 0);
    }
    for (uint16_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

int
hand_close(struct hand *hand)
{
    int status = cyi_node_exit_status(hand->node);
    CU_ASSERT_EQUAL(cyi_node_left_behind(hand->node), hand->left_behind);
    CU_ASSERT_EQUAL(cyi_node_free(&hand->node), 0);
    cy_node_assert_checks();
    return status;
}
