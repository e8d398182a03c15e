/* test_router_watch.c - monitors, notices and joins between tasks of two nodes. */
#include "pair_watch.h"
#include "task.h"

static int
monitor_body(void *arg)
{
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(cy_monitor(pair_there[JOINABLE]), 0);
    pair_end_it(pair_there[PLAIN], 7, "the value");
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_ERROR, 7, "the value");
    CY_CHECK_EQ(cy_terminate(pair_there[JOINABLE]), 0);
    pair_expect_exit(pair_there[JOINABLE], CY_EXIT_TERMINATED, -ECANCELED, "");
    /* Both are gone: a new watch says so at once, with the result while it waits. */
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_NO_TASK, -ESRCH, "");
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_monitor(pair_there[JOINABLE]), 0);
        pair_expect_exit(pair_there[JOINABLE], CY_EXIT_TERMINATED, -ECANCELED, "");
    }
    CY_CHECK_EQ(cy_join(NULL, pair_there[JOINABLE], CY_FOREVER), 0);
    pair_settle();
    CY_CHECK_EQ(pair.forgets, 1);
    CY_CHECK_EQ(cy_monitor(pair_there[JOINABLE]), 0);
    pair_expect_exit(pair_there[JOINABLE], CY_EXIT_NO_TASK, -ESRCH, "");
    cy_ref odd = pair_there[PLAIN];
    odd.slot = (uint32_t) CY_KIND_CHANNEL << 28;
    CY_CHECK_EQ(cy_monitor(odd), 0);
    pair_expect_exit(odd, CY_EXIT_NO_TASK, -ESRCH, "");
    CY_CHECK_EQ(pair.unwatches, 0);
    return 0;
}

static void
a_monitor_fires_once_with_reason_code_and_value(void)
{
    pair_test_watch(monitor_body);
}

static int
join_body(void *arg)
{
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(pair.unwatches, 1);
    pair_settle();
    pair_expect_unwatched(pair_there[PLAIN]);
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_NOW), -ETIMEDOUT);
    pair_settle();
    pair_expect_unwatched(pair_there[PLAIN]);
    CY_CHECK(exit == NULL);
    CY_CHECK(cyi_list_empty(&cyi_self->sched.current->extra->watches));
    /* It ends while we wait. */
    pair_end_it(pair_there[PLAIN], 0, "the value");
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_FOREVER), 0);
    pair_check_exit(exit, pair_there[PLAIN], CY_EXIT_NORMAL, 0, "the value");
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_join(NULL, pair_ref(1, 0, 1), CY_FOREVER), -ESRCH);
    /* It has ended already: the result waits for who comes first. */
    pair_end_it(pair_there[JOINABLE], 9, "kept");
    pair_settle();
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), 0);
    pair_check_exit(exit, pair_there[JOINABLE], CY_EXIT_ERROR, 9, "kept");
    pair_settle();
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), -ESRCH);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    return 0;
}

static void
join_waits_and_gets_the_result_once(void)
{
    pair_test_watch(join_body);
}

static int
late_result_body(void *arg)
{
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    /* The result is on its way when the deadline passes: it must not get lost. */
    CY_CHECK_EQ(cy_send_bytes(pair_there[JOINABLE], 9, "kept", 4), 0);
    pair_settle();
    pair.held = true;
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    pair.held = false;
    pair_settle();
    CY_CHECK_EQ(pair.forgets, 0);
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), 0);
    pair_check_exit(exit, pair_there[JOINABLE], CY_EXIT_ERROR, 9, "kept");
    CY_CHECK_EQ(pair.forgets, 1);
    pair_settle();
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), -ESRCH);
    return 0;
}

static void
a_result_is_kept_until_a_join_has_it(void)
{
    pair_test_watch(late_result_body);
}

/* From here on the network takes nothing. */
static int
refuse_from_now(void *arg)
{
    pair_settle();
    pair.refuse = *(int *) arg;
    return 0;
}

static int
release_soon(void *arg)
{
    (void) arg;
    pair_settle();
    pair.held = false;
    return 0;
}

static int
not_forgotten_body(void *arg)
{
    static int full = -EAGAIN;
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    uint64_t lost = cyi_self->counters.lost;
    pair.held = true;
    pair_end_it(pair_there[JOINABLE], 9, "kept");
    CY_CHECK_EQ(cy_task_spawn(NULL, refuse_from_now, &full, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, release_soon, NULL, NULL), 0);
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), 0);
    pair_check_exit(exit, pair_there[JOINABLE], CY_EXIT_ERROR, 9, "kept");
    CY_CHECK_EQ(cyi_self->counters.lost, lost + 1);
    pair.refuse = 0;
    CY_CHECK_EQ(cy_join(&exit, pair_there[JOINABLE], CY_FOREVER), 0);
    pair_check_exit(exit, pair_there[JOINABLE], CY_EXIT_ERROR, 9, "kept");
    return 0;
}

static void
a_result_that_could_not_be_forgotten_is_counted(void)
{
    pair_test_watch(not_forgotten_body);
}

static int
notify_and_end(void *arg)
{
    cy_msg *value;
    CY_CHECK_EQ(cy_notify(*(cy_ref *) arg), 0);
    CY_CHECK_EQ(cy_send_bytes(*(cy_ref *) arg, 5, NULL, 0), 0);
    CY_CHECK_EQ(cy_msg_copy(&value, 1, "the value", 9), 0);
    CY_CHECK_EQ(cy_exit_value(&value), 0);
    return 3;
}

/* Says what it gets, and how often, by its exit code. */
static int
count_exits(void *arg)
{
    uint32_t *seen = arg;
    cy_msg *msg;
    pair_there[PLAIN] = cy_self();
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        struct cy_exit exit;
        if (cy_exit_read(&exit, msg) == 0) {
            CY_CHECK_EQ(exit.reason, CY_EXIT_ERROR);
            CY_CHECK_EQ(exit.code, 3);
            CY_CHECK_EQ(exit.value_bytes, 9);
            CY_CHECK(exit.task.node == pair.hand[0].node->tag);
            CY_CHECK_EQ(seen[0], seen[1] + 1); /* what it sent comes before its end */
            seen[1]++;
        } else {
            seen[0]++;
        }
        cy_msg_free(&msg);
    }
    return 0;
}

static int
notify_body(void *arg)
{
    cy_ref to, odd;
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    pair_settle();
    to = odd = pair_there[PLAIN];
    for (uint16_t core = 0; core < 2; core++) {
        cy_ref child;
        CY_CHECK_EQ(cy_task_spawn_on(&child, core, notify_and_end, &to, &joinable), 0);
        CY_CHECK_EQ(cy_join(NULL, child, CY_FOREVER), 0);
    }
    pair_settle();
    CY_CHECK_EQ(pair.notices, 2);
    odd.slot = (uint32_t) CY_KIND_CHANNEL << 28;
    CY_CHECK_EQ(cy_notify(odd), -ESRCH);
    CY_CHECK_EQ(cy_notify(CY_NOBODY), CY_ENOPEER);
    odd = to;
    odd.generation++; /* nobody: found out there */
    CY_CHECK_EQ(cy_notify(odd), 0);
    return 0;
}

static void
notify_tells_a_task_of_another_node(void)
{
    uint32_t seen[2] = {0, 0};
    pair_open(notify_body, NULL, count_exits, seen);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
    CU_ASSERT_EQUAL(seen[0], 2);
    CU_ASSERT_EQUAL(seen[1], 2);
}

static int
cut_soon(void *arg)
{
    (void) arg;
    pair_settle();
    pair_cut();
    return 0;
}

static int
node_down_body(void *arg)
{
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    pair_settle();
    pair_cut();
    CY_CHECK_EQ(cy_mailbox_count(), 2);
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_receive(&exit, CY_NOW), 0);
        pair_check_exit(exit, pair_there[PLAIN], CY_EXIT_NODE_DOWN, CY_ENOPEER, "");
    }
    exit = NULL;
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), CY_ENOPEER);
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_notify(pair_there[PLAIN]), 0); /* it may be back by then */
    pair_expect_unwatched(pair_there[PLAIN]);
    pair_mend();
    CY_CHECK_EQ(cy_task_spawn(NULL, cut_soon, NULL, NULL), 0);
    CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_FOREVER), CY_ENOPEER);
    CY_CHECK(exit == NULL);
    pair_mend();
    /* It has lived on, and can be watched again. */
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    pair_end_it(pair_there[PLAIN], 7, "");
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_ERROR, 7, "");
    return 0;
}

static void
the_loss_of_a_node_ends_all_watches_once(void)
{
    pair_test_watch(node_down_body);
}

static int
refused_body(void *arg)
{
    int codes[] = {-EAGAIN, -ESRCH, CY_ENOPEER, -ENOMEM};
    struct cyi_task *me = cyi_self->sched.current;
    cy_msg *exit = NULL;
    (void) arg;
    pair_settle();
    for (int i = 0; i < 4; i++) {
        pair.refuse = codes[i];
        CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), codes[i]);
        CY_CHECK_EQ(cy_join(&exit, pair_there[PLAIN], CY_FOREVER), codes[i]);
    }
    pair.refuse = 0;
    CY_CHECK(exit == NULL);
    CY_CHECK_EQ(me->promised, 0);
    me->promised = CYI_PROMISED_MAX;
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), -EAGAIN);
    me->promised = CYI_PROMISED_MAX - 1;
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(me->promised, CYI_PROMISED_MAX);
    me->promised = 1;
    pair_end_it(pair_there[PLAIN], 7, "");
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_ERROR, 7, "");
    CY_CHECK_EQ(me->promised, 0);
    return 0;
}

static void
a_refused_watch_leaves_nothing_behind(void)
{
    pair_test_watch(refused_body);
}

static int
watch_and_end(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(cy_monitor(pair_there[JOINABLE]), 0);
    pair_settle();
    return 0;
}

static int
join_forever(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_join(NULL, pair_there[PLAIN], CY_FOREVER), -ECANCELED);
    return 0;
}

static int
watcher_ends_body(void *arg)
{
    cy_ref child;
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    pair_settle();
    CY_CHECK_EQ(cy_task_spawn(&child, watch_and_end, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, child, CY_FOREVER), 0);
    CY_CHECK_EQ(pair.unwatches, 2);
    CY_CHECK_EQ(cy_task_spawn_on(&child, 1, join_forever, NULL, &joinable), 0);
    pair_settle();
    CY_CHECK_EQ(cy_terminate(child), 0);
    CY_CHECK_EQ(cy_join(NULL, child, CY_FOREVER), 0);
    CY_CHECK_EQ(pair.unwatches, 3);
    pair_settle();
    pair_expect_unwatched(pair_there[PLAIN]);
    pair_expect_unwatched(pair_there[JOINABLE]);
    /* It ends while the word that nobody watches any more is on its way. */
    CY_CHECK_EQ(cy_monitor(pair_there[PLAIN]), 0);
    CY_CHECK_EQ(cy_task_spawn(&child, watch_and_end, NULL, &joinable), 0);
    pair_settle();
    pair_end_it(pair_there[PLAIN], 7, "");
    pair_expect_exit(pair_there[PLAIN], CY_EXIT_ERROR, 7, "");
    CY_CHECK_EQ(cy_join(NULL, child, CY_FOREVER), 0);
    return 0;
}

static void
the_end_of_the_watcher_calls_its_watches_back(void)
{
    pair_test_watch(watcher_ends_body);
}

CY_TEST_MAIN("runtime.router_watch", CY_TEST(a_monitor_fires_once_with_reason_code_and_value),
             CY_TEST(join_waits_and_gets_the_result_once),
             CY_TEST(a_result_is_kept_until_a_join_has_it),
             CY_TEST(a_result_that_could_not_be_forgotten_is_counted),
             CY_TEST(notify_tells_a_task_of_another_node),
             CY_TEST(the_loss_of_a_node_ends_all_watches_once),
             CY_TEST(a_refused_watch_leaves_nothing_behind),
             CY_TEST(the_end_of_the_watcher_calls_its_watches_back))
