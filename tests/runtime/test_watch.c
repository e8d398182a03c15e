/* test_watch.c - monitors, notifications, joins: exactly one message each. */
#include "hand.h"
#include "task.h"

#include <string.h>

static int
end_with(void *arg)
{
    int code = *(int *) arg;
    cy_msg *value;
    if (code == 42) {
        CY_CHECK_EQ(cy_msg_copy(&value, 1, "the value", 9), 0);
        CY_CHECK_EQ(cy_exit_value(&value), 0);
        return 0;
    }
    if (code == 99)
        return cy_suspend(CY_FOREVER);
    return code;
}

static void
expect_exit(cy_msg *msg, cy_ref task, enum cy_exit_reason reason, int code)
{
    struct cy_exit exit;
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(cy_ref_equal(exit.task, task));
    CY_CHECK_EQ(exit.reason, reason);
    CY_CHECK_EQ(exit.code, code);
}

static void
monitor_on(uint16_t core)
{
    static int normal = 0, error = 7, valued = 42, endless = 99;
    struct {
        int *code;
        enum cy_exit_reason reason;
        int seen;
    } cases[] = {{&normal, CY_EXIT_NORMAL, 0},
                 {&error, CY_EXIT_ERROR, 7},
                 {&valued, CY_EXIT_NORMAL, 0},
                 {&endless, CY_EXIT_TERMINATED, -ECANCELED}};
    cy_msg *msg;
    cy_ref there;
    for (int i = 0; i < 4; i++) {
        struct cy_task_options options = {.monitor = true};
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, end_with, cases[i].code, &options), 0);
        if (cases[i].code == &endless)
            CY_CHECK_EQ(cy_terminate(there), 0);
        CY_CHECK_EQ(cy_receive_tag(&msg, CY_TAG_EXIT, CY_FOREVER), 0);
        expect_exit(msg, there, cases[i].reason, cases[i].seen);
        struct cy_exit exit;
        if (cases[i].code == &valued && cy_exit_read(&exit, msg) == 0) {
            CY_CHECK_EQ(exit.value_bytes, 9);
            CY_CHECK(exit.value != NULL && memcmp(exit.value, "the value", 9) == 0);
        }
        cy_msg_free(&msg);
        /* It is gone: a new watch says so at once. */
        CY_CHECK_EQ(cy_monitor(there), 0);
        CY_CHECK_EQ(cy_receive_tag(&msg, CY_TAG_EXIT, CY_FOREVER), 0);
        expect_exit(msg, there, CY_EXIT_NO_TASK, -ESRCH);
        cy_msg_free(&msg);
        CY_CHECK_EQ(cy_mailbox_count(), 0);
    }
}

static int
monitor_body(void *arg)
{
    (void) arg;
    monitor_on(0);
    monitor_on(1);
    return 0;
}

static void
a_monitor_fires_once_with_reason_code_and_value(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, monitor_body, NULL), 0);
}

static int
join_body(void *arg)
{
    static int seven = 7, endless = 99;
    struct cy_task_options joinable = {.joinable = true};
    cy_msg *exit;
    cy_ref there;
    (void) arg;
    CY_CHECK_EQ(cy_join(NULL, cy_self(), CY_FOREVER), -EDEADLK);
    CY_CHECK_EQ(cy_join(NULL, CY_NOBODY, CY_FOREVER), -ESRCH);
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, end_with, &seven, &joinable), 0);
        cy_node_settle(); /* it has ended, and is remembered */
        CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), core == 0 ? -ESRCH : 0);
        CY_CHECK_EQ(cy_monitor(there), 0); /* gets the result as well, and leaves it */
        CY_CHECK_EQ(cy_receive(&exit, CY_FOREVER), 0);
        expect_exit(exit, there, CY_EXIT_ERROR, 7);
        cy_msg_free(&exit);
        CY_CHECK_EQ(cy_join(&exit, there, CY_FOREVER), 0);
        expect_exit(exit, there, CY_EXIT_ERROR, 7);
        cy_msg_free(&exit);
        CY_CHECK_EQ(cy_join(&exit, there, CY_FOREVER), -ESRCH);
        CY_CHECK_EQ(cy_monitor(there), 0);
        CY_CHECK_EQ(cy_receive(&exit, CY_FOREVER), 0);
        expect_exit(exit, there, CY_EXIT_NO_TASK, -ESRCH);
        cy_msg_free(&exit);
        /* Not joinable: known only while it lives. */
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, end_with, &endless, NULL), 0);
        CY_CHECK_EQ(cy_join(&exit, there, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
        CY_CHECK_EQ(cy_terminate(there), 0);
        int rc = cy_join(&exit, there, CY_FOREVER);
        CY_CHECK(rc == 0 || rc == -ESRCH);
        if (rc == 0)
            cy_msg_free(&exit);
        /* Never joined: forgotten without a leak. */
        CY_CHECK_EQ(cy_task_spawn_on(NULL, core, end_with, &seven, &joinable), 0);
    }
    cy_node_settle();
    return 0;
}

static void
join_waits_and_gets_the_result_once(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, join_body, NULL), 0);
}

static int
tell(void *arg)
{
    CY_CHECK_EQ(cy_notify(*(cy_ref *) arg), 0);
    CY_CHECK_EQ(cy_send_bytes(*(cy_ref *) arg, 5, NULL, 0), 0);
    return 3;
}

static int
notify_body(void *arg)
{
    cy_ref self = cy_self(), there;
    cy_msg *msg;
    (void) arg;
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, tell, &self, NULL), 0);
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_tag(msg), 5); /* what it sent comes before its end */
        cy_msg_free(&msg);
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        expect_exit(msg, there, CY_EXIT_ERROR, 3);
        cy_msg_free(&msg);
    }
    return 0;
}

static void
notify_tells_after_all_that_was_sent(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, notify_body, NULL), 0);
}

/* Watches its target many times, then ends: nothing may be left at the target. */
static int
watch_and_end(void *arg)
{
    for (int i = 0; i < 100; i++)
        CY_CHECK_EQ(cy_monitor(*(cy_ref *) arg), 0);
    return 0;
}

static int
calls_back_body(void *arg)
{
    static int endless = 99;
    struct cy_task_options joinable = {.joinable = true};
    struct cy_core_counters before, after;
    cy_ref target, watcher;
    (void) arg;
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&target, 0, end_with, &endless, NULL), 0);
        cy_core_read_counters(&before);
        for (int i = 0; i < 100; i++) {
            CY_CHECK_EQ(cy_task_spawn_on(&watcher, core, watch_and_end, &target, &joinable), 0);
            CY_CHECK_EQ(cy_join(NULL, watcher, CY_FOREVER), 0);
        }
        cy_node_settle();
        cy_core_read_counters(&after);
        CY_CHECK(after.message_bytes <= before.message_bytes + (1 << 20));
        CY_CHECK_EQ(cy_terminate(target), 0);
    }
    return 0;
}

static void
the_end_of_a_watcher_calls_its_watches_back(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, calls_back_body, NULL), 0);
}

static int
lane_body(void *arg)
{
    static int endless = 99;
    cy_ref target;
    cy_msg *msg;
    int n = 0, data = 0, exits = 0;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&target, end_with, &endless, NULL), 0);
    while (n <= 65536 && cy_monitor(target) == 0)
        n++;
    CY_CHECK_EQ(n, 65536);
    CY_CHECK_EQ(cy_monitor(target), -EAGAIN);
    struct cy_task_options monitor = {.monitor = true};
    CY_CHECK_EQ(cy_task_spawn(NULL, end_with, &endless, &monitor), -EAGAIN);
    /* A mailbox full of data refuses data, yet not one exit message. */
    while (cy_send_bytes(cy_self(), 1, NULL, 0) == 0)
        data++;
    CY_CHECK_EQ(data, 65536);
    CY_CHECK_EQ(cy_terminate(target), 0);
    /* In the order of their coming: to pick the exits would look at the data 65536 times. */
    for (int i = 0; i < 2 * 65536; i++) {
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        exits += cy_msg_tag(msg) == CY_TAG_EXIT;
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(exits, 65536);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    CY_CHECK_EQ(cy_monitor(target), 0); /* there is room again */
    return 0;
}

static void
the_lane_of_exit_messages_is_bounded_and_its_own(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, lane_body, NULL), 0);
}

static int
bad_body(void *arg)
{
    struct cy_exit exit;
    cy_msg *msg;
    cy_ref foreign = cy_self();
    (void) arg;
    foreign.node++;
    CY_CHECK_EQ(cy_monitor(foreign), CY_ENOPEER);
    CY_CHECK_EQ(cy_notify(foreign), CY_ENOPEER);
    CY_CHECK_EQ(cy_join(NULL, foreign, CY_NOW), CY_ENOPEER);
    foreign = cy_self();
    foreign.generation++;
    CY_CHECK_EQ(cy_notify(foreign), -ESRCH);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 4), 0);
    CY_CHECK_EQ(cy_exit_read(&exit, msg), -EINVAL);
    cy_msg_free(&msg);
    return 0;
}

static void
bad_references_and_messages_are_errors(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, bad_body, NULL), 0);
}

static int join_tries; /* of which this thread, which turns the cores, knows */

static int
join_impatiently(void *arg)
{
    static int five = 5;
    struct cy_task_options joinable = {.joinable = true};
    cy_ref there;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&there, 1, end_with, &five, &joinable), 0);
    int rc;
    join_tries = 1;
    while ((rc = cy_join(&msg, there, cy_after(1))) == -ETIMEDOUT)
        join_tries++;
    CY_CHECK(join_tries > 1);
    CY_CHECK_EQ(rc, 0);
    if (rc != 0)
        return 0;
    struct cy_exit exit;
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK_EQ(exit.code, 5);
    cy_msg_free(&msg);
    /* Now it is known that somebody has it. */
    CY_CHECK_EQ(cy_join(&msg, there, CY_FOREVER), -ESRCH);
    return 0;
}

/* The deadline passes while the result is on its way; the next join finds it again. */
static void
a_result_that_came_too_late_is_not_lost(void)
{
    struct hand hand;
    hand_open(&hand, 2, join_impatiently, NULL);
    for (join_tries = 0; join_tries == 0;) {
        hand_turn(&hand, 1);
        hand_turn(&hand, 0);
    }
    while (join_tries == 1) /* core 1 stands still until the deadline has passed */
        hand_turn(&hand, 0);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
nap(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0);
    return 5;
}

static int
join_napping(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    for (long i = 0; i < cy_test_scale(2000); i++) {
        cy_ref there;
        int rc;
        CY_CHECK_EQ(cy_task_spawn_on(&there, (uint16_t) (i % 2), nap, NULL, &joinable), 0);
        while ((rc = cy_join(NULL, there, cy_after(CY_MICROSECOND))) == -ETIMEDOUT)
            continue;
        CY_CHECK_EQ(rc, 0);
    }
    return 0;
}

static void
joining_in_small_steps_gets_every_result(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, join_napping, NULL), 0);
}

static int
joinable_without_memory(void *arg)
{
    struct cy_task_options options = {.joinable = true, .name = "named"};
    struct cyi_heap *heap = &cyi_self->heap;
    (void) arg;
    for (uint64_t later = 0; later < 3; later++) { /* the name, the record, the result */
        cy_ref there = CY_NOBODY;
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_task_spawn(&there, nap, NULL, &options), -ENOMEM);
        CY_CHECK_EQ(heap->fail_at, UINT64_MAX);
        CY_CHECK(cy_ref_is_nobody(there));
    }
    return 0;
}

static void
the_memory_for_a_result_is_taken_at_the_start(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, joinable_without_memory, NULL), 0);
}

static int
forward(void *arg)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_send(*(cy_ref *) arg, &msg), 0);
    return 0;
}

static int
forwarded_body(void *arg)
{
    static int five = 5;
    cy_ref watched, forwarder, me = cy_self();
    struct cy_exit exit;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&forwarder, 1, forward, &me, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(&watched, end_with, &five, NULL), 0);
    CY_CHECK_EQ(cy_monitor(watched), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_send(forwarder, &msg), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK(cy_ref_equal(cy_msg_sender(msg), forwarder));
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(cy_ref_equal(exit.task, watched));
    CY_CHECK_EQ(exit.code, 5);
    cy_msg_free(&msg);
    return 0;
}

static void
a_forwarded_exit_message_still_names_who_ended(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, forwarded_body, NULL), 0);
}

static cy_ref popular; /* of core 1, which stands still meanwhile */

static int
stay_and_watch(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_monitor(popular), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return 0;
}

/* The first watch is refused; called back behind one that was not. */
static int
refused_body(void *arg)
{
    static int endless = 99;
    struct cy_task_options options = {.joinable = true};
    struct cyi_core *core = cyi_self, *other = core->node->cores[1];
    cy_ref watchers[2];
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&popular, 1, end_with, &endless, NULL), 0);
    cy_node_settle();
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_task_spawn(&watchers[i], stay_and_watch, NULL, &options), 0);
        CY_CHECK_EQ(cy_yield(), 0);
    }
    CY_CHECK_EQ(cy_terminate(watchers[0]), 0);
    CY_CHECK_EQ(cy_join(NULL, watchers[0], CY_FOREVER), 0);
    CY_CHECK(cyi_inbox_pending(other)); /* it has heard of nothing yet */
    other->heap.fail_at = other->heap.taken;
    cy_node_settle();
    CY_CHECK_EQ(other->heap.fail_at, UINT64_MAX);
    CY_CHECK_EQ(other->watches_refused, 1);
    CY_CHECK_EQ(cy_terminate(watchers[1]), 0);
    CY_CHECK_EQ(cy_join(NULL, watchers[1], CY_FOREVER), 0);
    CY_CHECK_EQ(cy_terminate(popular), 0);
    return 0;
}

static void
a_watch_refused_for_want_of_memory_can_be_called_back(void)
{
    struct hand hand;
    hand_open(&hand, 2, refused_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static cy_ref spawned;

static int
spawn_and_stay(void *arg)
{
    static int endless = 99;
    struct cy_task_options options = {.monitor = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&spawned, 1, end_with, &endless, &options), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return 0;
}

/* Somebody else begins a watch for it while it waits for core 1 to start the task. */
static int
meanwhile_body(void *arg)
{
    static int endless = 99;
    struct cy_task_options options = {.joinable = true};
    struct cyi_core *core = cyi_self;
    cy_ref watcher, other;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&other, end_with, &endless, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(&watcher, spawn_and_stay, NULL, &options), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    struct cyi_task *task = cyi_task_find(core, watcher.slot, watcher.generation);
    CY_CHECK_EQ(task->wait, CYI_WAIT_SPAWN);
    CY_CHECK_EQ(cyi_monitor_for(core, task, other), 0);
    cy_node_settle();
    task = cyi_task_find(core->node->cores[1], spawned.slot, spawned.generation);
    CY_CHECK(!cyi_list_empty(&task->extra->watchers));
    CY_CHECK_EQ(cy_terminate(watcher), 0);
    CY_CHECK_EQ(cy_join(NULL, watcher, CY_FOREVER), 0);
    cy_node_settle();
    CY_CHECK(cyi_list_empty(&task->extra->watchers));
    CY_CHECK_EQ(cy_terminate(spawned), 0);
    CY_CHECK_EQ(cy_terminate(other), 0);
    return 0;
}

static void
a_watch_begun_by_a_spawn_is_called_back_whatever_came_between(void)
{
    struct hand hand;
    hand_open(&hand, 2, meanwhile_body, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

enum { WATCHERS = 20000 };

static int
popular_body(void *arg)
{
    static int endless = 99;
    static cy_ref watchers[WATCHERS];
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&popular, 1, end_with, &endless, NULL), 0);
    for (int i = 0; i < WATCHERS; i++)
        CY_CHECK_EQ(cy_task_spawn(&watchers[i], stay_and_watch, NULL, NULL), 0);
    cy_node_settle();
    for (int i = WATCHERS; i-- > 0;)
        CY_CHECK_EQ(cy_terminate(watchers[i]), 0);
    cy_node_settle();
    CY_CHECK_EQ(cy_terminate(popular), 0);
    return 0;
}

/* That none is looked for among all others, only time would show; that all are found, this. */
static void
all_watchers_of_one_task_may_end_before_it(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, popular_body, NULL), 0);
}

CY_TEST_MAIN("runtime.watch", CY_TEST(a_monitor_fires_once_with_reason_code_and_value),
             CY_TEST(join_waits_and_gets_the_result_once),
             CY_TEST(notify_tells_after_all_that_was_sent),
             CY_TEST(the_end_of_a_watcher_calls_its_watches_back),
             CY_TEST(the_lane_of_exit_messages_is_bounded_and_its_own),
             CY_TEST(bad_references_and_messages_are_errors),
             CY_TEST(a_result_that_came_too_late_is_not_lost),
             CY_TEST(joining_in_small_steps_gets_every_result),
             CY_TEST(the_memory_for_a_result_is_taken_at_the_start),
             CY_TEST(a_forwarded_exit_message_still_names_who_ended),
             CY_TEST(a_watch_refused_for_want_of_memory_can_be_called_back),
             CY_TEST(a_watch_begun_by_a_spawn_is_called_back_whatever_came_between),
             CY_TEST(all_watchers_of_one_task_may_end_before_it))
