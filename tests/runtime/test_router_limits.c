/* test_router_limits.c - watches between nodes: without memory, at their limits, at the end. */
#include "pair_watch.h"
#include "task.h"

/* Each allocation fails once, until the call goes well. */
static int
memory_body(void *arg)
{
    struct cyi_heap *heap = &cyi_self->heap;
    struct cyi_task *me = cyi_self->sched.current;
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    for (uint64_t later = 0; later < 3; later++) { /* the note, the extra record, the record */
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], cy_after(CY_MILLISECOND)), -ENOMEM);
        CY_CHECK_EQ(heap->fail_at, UINT64_MAX);
        if (later < 2)
            CY_CHECK(me->extra == NULL);
    }
    for (uint64_t later = 0; later < 2; later++) { /* the extra record is there now */
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), -ENOMEM);
        CY_CHECK_EQ(heap->fail_at, UINT64_MAX);
    }
    heap->fail_at = heap->taken;
    CY_CHECK_EQ(cy_notify(pair_there[PLAIN]), -ENOMEM);
    CY_CHECK_EQ(me->promised, 0);
    CY_CHECK_EQ(pair.watches, 0);
    CY_CHECK(cyi_list_empty(&me->extra->watches));
    return 0;
}

static void
without_memory_no_watch_begins(void)
{
    pair_test_watch(memory_body);
}

static int
value_memory_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    cy_msg *msg;
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    uint64_t lost = core->counters.lost;
    pair_end_it(pair_there[PLAIN], 7, "the value");
    core->heap.fail_at = core->heap.taken;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(core->heap.fail_at, UINT64_MAX);
    pair_check_exit(msg, pair_there[PLAIN], CY_EXIT_ERROR, 7, "");
    CY_CHECK_EQ(core->counters.lost, lost + 1);
    /* And a notice that finds no memory at all. */
    struct cyi_ended how = {.reason = CY_EXIT_ERROR, .code = 1};
    cy_ref self = cy_self();
    core->heap.fail_at = core->heap.taken;
    cyi_notice_arrives(core, self.slot, self.generation, pair_there[PLAIN], &how);
    CY_CHECK_EQ(core->counters.lost, lost + 2);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
without_memory_the_value_is_lost_but_not_the_end(void)
{
    pair_test_watch(value_memory_body);
}

/* The watched node has no memory: for the extra record, then for the note. */
static int
there_memory_body(void *arg)
{
    struct cyi_heap *heap = &pair.hand[1].node->cores[1]->heap;
    (void) arg;
    pair_settle();
    for (uint64_t later = 0; later < 2; later++) {
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
        pair_expect_exit(pair_there[PLAIN], CY_EXIT_NO_TASK, -ENOMEM, "");
        CY_CHECK_EQ(heap->fail_at, UINT64_MAX);
    }
    heap->fail_at = heap->taken;
    CY_CHECK_EQ(cy_join(NULL, pair_there[PLAIN], CY_FOREVER), -ENOMEM);
    return 0;
}

static void
without_memory_there_the_watch_is_over_at_once(void)
{
    pair_test_watch(there_memory_body);
}

static int
flood_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    struct cyi_task *me = core->sched.current;
    struct cyi_ended how = {.reason = CY_EXIT_NORMAL};
    (void) arg;
    pair_settle();
    uint64_t lost = core->counters.lost;
    me->promised = 2 * CYI_PROMISED_MAX - 1;
    for (int i = 0; i < 2; i++)
        cyi_notice_arrives(core, me->slot, me->generation, pair_there[PLAIN], &how);
    CY_CHECK_EQ(core->counters.lost, lost + 1);
    me->promised = 1;
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_NORMAL, 0, "");
    /* To one that has ended: dropped. */
    cyi_notice_arrives(core, me->slot, me->generation + 1, pair_there[PLAIN], &how);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
notices_have_the_limit_of_those_of_this_node(void)
{
    pair_test_watch(flood_body);
}

/* What a bad node may say of an end. */
static int
odd_end_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    struct cyi_task *me = core->sched.current;
    struct cyi_ended odd[] = {{(enum cy_exit_reason) 99, 0, "x", 1},
                              {CY_EXIT_NO_TASK, 0, NULL, 0},
                              {CY_EXIT_NO_TASK, 17, "x", 1}};
    enum cy_exit_reason reasons[] = {CY_EXIT_NODE_DOWN, CY_EXIT_NO_TASK, CY_EXIT_NO_TASK};
    int codes[] = {CY_ENOPEER, -ESRCH, -ESRCH};
    (void) arg;
    pair_settle();
    for (int i = 0; i < 3; i++) {
        cyi_notice_arrives(core, me->slot, me->generation, pair_there[PLAIN], &odd[i]);
        pair_expect_exit(pair_there[PLAIN], reasons[i], codes[i], "");
    }
    return 0;
}

static void
an_odd_end_is_still_an_end(void)
{
    pair_test_watch(odd_end_body);
}

/* Left behind at the node's end, as it cannot be cancelled. */
static int
stay(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(cy_notify(pair_there[PLAIN]), 0);
    return cyi_park(cyi_self, CYI_WAIT_POOL, NULL, CY_FOREVER);
}

/* The same while it joins: nobody lets it go on. */
static int
stay_joining(void *arg)
{
    (void) arg;
    CY_CHECK(cy_join(NULL, pair_there[PLAIN], CY_FOREVER) != 0);
    return 0;
}

static int
stay_watched(void *arg)
{
    (void) arg;
    return cyi_park(cyi_self, CYI_WAIT_POOL, NULL, CY_FOREVER);
}

static int
stay_there(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[PLAIN], 1, stay_watched, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[JOINABLE], 1, pair_end_as_told, NULL, &joinable),
                0);
    while (cy_suspend(CY_FOREVER) == 0)
        continue;
    return 0;
}

static int
leave_body(void *arg)
{
    cy_ref joining;
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_task_spawn(NULL, stay, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&joining, 1, stay_joining, NULL, NULL), 0);
    pair_settle();
    struct cyi_core *core = pair.hand[0].node->cores[1];
    struct cyi_task *task = cyi_task_find(core, joining.slot, joining.generation);
    CY_CHECK_EQ(task->wait, CYI_WAIT_JOIN);
    task->wait = CYI_WAIT_POOL; /* cannot be cancelled either */
    pair_end_it(pair_there[JOINABLE], 9, "never joined");
    pair_settle();
    cy_shutdown(0);
    return 0;
}

static void
what_hangs_at_the_end_is_freed(void)
{
    pair_open(leave_body, NULL, stay_there, NULL);
    pair.hand[0].left_behind = 2;
    pair.hand[1].left_behind = 1;
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
    CU_ASSERT_EQUAL(pair.watches, 2);
    CU_ASSERT_EQUAL(pair.unwatches, 2);
    CU_ASSERT_EQUAL(pair.notices, 1);
}

CY_TEST_MAIN("runtime.router_limits", CY_TEST(without_memory_no_watch_begins),
             CY_TEST(without_memory_the_value_is_lost_but_not_the_end),
             CY_TEST(without_memory_there_the_watch_is_over_at_once),
             CY_TEST(notices_have_the_limit_of_those_of_this_node),
             CY_TEST(an_odd_end_is_still_an_end), CY_TEST(what_hangs_at_the_end_is_freed))
