#include "cy_node.h"
#include <cycos/sync.h>

enum { TASKS = 100 };

static struct {
    struct cy_event event;
    struct cy_lock lock;
    struct cy_condition condition;
    struct cy_semaphore semaphore;
    int passed, order[TASKS], result, inside, most;
    cy_ref refs[TASKS];
} now;

static void
reset(void)
{
    memset(&now, 0, sizeof now);
}

static void
spawn(cy_task_fn *fn, int count)
{
    struct cy_task_options joinable = {.joinable = true};
    for (int i = 0; i < count; i++)
        CY_CHECK_EQ(cy_task_spawn_named(&now.refs[i], CY_CORE_HERE, fn, (void *) (size_t) i,
                                        "test", &joinable),
                    0);
    CY_CHECK_EQ(cy_yield(), 0);
}

static void
join(int count)
{
    for (int i = 0; i < count; i++)
        CY_CHECK_EQ(cy_join(NULL, now.refs[i], CY_FOREVER), 0);
}

static int
pass_event(void *arg)
{
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_FOREVER), 0);
    now.order[now.passed++] = (int) (size_t) arg;
    return 0;
}

static int
event_body(void *arg)
{
    (void) arg;
    reset();
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_event_wait(&now.event, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    spawn(pass_event, TASKS);
    CY_CHECK_EQ(now.passed, 0);
    cy_event_set(&now.event);
    cy_event_clear(&now.event); /* who waited goes on all the same */
    join(TASKS);
    CY_CHECK_EQ(now.passed, TASKS);
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_NOW), -ETIMEDOUT);
    cy_event_set(&now.event);
    cy_event_set(&now.event);
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_NOW), 0);
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_NOW), 0);
    return 0;
}

static void
an_event_lets_all_pass_until_it_is_cleared(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, event_body, NULL), 0);
}

static int
take_turns(void *arg)
{
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    now.most = ++now.inside > now.most ? now.inside : now.most;
    CY_CHECK_EQ(cy_yield(), 0);
    now.order[now.passed++] = (int) (size_t) arg;
    now.inside--;
    cy_lock_release(&now.lock);
    return 0;
}

static int
lock_body(void *arg)
{
    (void) arg;
    reset();
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_NOW), 0);
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), -EDEADLK);
    spawn(take_turns, TASKS);
    CY_CHECK_EQ(now.passed, 0);
    cy_lock_release(&now.lock);
    /* Nobody overtakes: the lock belongs to the first in line already. */
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    CY_CHECK_EQ(now.passed, TASKS);
    cy_lock_release(&now.lock);
    join(TASKS);
    CY_CHECK_EQ(now.most, 1);
    for (int i = 0; i < TASKS; i++)
        CY_CHECK_EQ(now.order[i], i);
    CY_CHECK_EQ(now.lock.owner, 0);
    return 0;
}

static void
a_lock_is_held_by_one_and_goes_to_the_next_in_line(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, lock_body, NULL), 0);
}

static int
want_lock(void *arg)
{
    (void) arg;
    now.result = cy_lock_acquire(&now.lock, CY_FOREVER);
    if (now.result == 0)
        cy_lock_release(&now.lock);
    return 0;
}

static int
lock_cancel_body(void *arg)
{
    (void) arg;
    reset();
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    spawn(want_lock, 1);
    CY_CHECK_EQ(cy_terminate(now.refs[0]), 0);
    join(1);
    CY_CHECK_EQ(now.result, -ECANCELED);
    /* Granted, then terminated before it runs: it has the lock and gives it back. */
    spawn(want_lock, 1);
    cy_lock_release(&now.lock);
    CY_CHECK_EQ(cy_terminate(now.refs[0]), 0);
    join(1);
    CY_CHECK_EQ(now.result, 0);
    CY_CHECK_EQ(now.lock.owner, 0);
    return 0;
}

static void
a_terminated_task_leaves_the_line_or_has_the_lock(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, lock_cancel_body, NULL), 0);
}

static void
clean_up(void *arg)
{
    (void) arg;
    now.result = cy_lock_acquire(&now.lock, CY_FOREVER);
    if (now.result == 0)
        cy_lock_release(&now.lock);
    CY_CHECK_EQ(cy_event_wait(&now.event, CY_FOREVER), -ECANCELED);
    CY_CHECK_EQ(cy_semaphore_acquire(&now.semaphore, CY_FOREVER), -ECANCELED);
}

static int
with_clean_up(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_defer(clean_up, NULL), 0);
    return cy_suspend(CY_FOREVER);
}

static int
clean_up_body(void *arg)
{
    (void) arg;
    reset();
    cy_event_set(&now.event);
    cy_semaphore_init(&now.semaphore, 1);
    for (int held = 0; held < 2; held++) {
        now.result = 1;
        spawn(with_clean_up, 1);
        if (held)
            CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_terminate(now.refs[0]), 0);
        join(1);
        CY_CHECK_EQ(now.result, held ? -ECANCELED : 0);
    }
    cy_lock_release(&now.lock);
    return 0;
}

static void
a_clean_up_gets_a_free_lock_but_waits_for_nothing(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, clean_up_body, NULL), 0);
}

static int
wait_condition(void *arg)
{
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    now.result = cy_condition_wait(&now.condition, &now.lock, CY_FOREVER);
    now.most = ++now.inside > now.most ? now.inside : now.most;
    (void) cy_yield();
    now.order[now.passed++] = (int) (size_t) arg;
    now.inside--;
    cy_lock_release(&now.lock);
    return 0;
}

static int
condition_body(void *arg)
{
    (void) arg;
    reset();
    cy_condition_signal(&now.condition); /* nobody waits: no effect */
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_condition_wait(&now.condition, &now.lock, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_NOW), -EDEADLK); /* held again */
    cy_lock_release(&now.lock);
    spawn(wait_condition, TASKS);
    cy_condition_signal(&now.condition);
    CY_CHECK_EQ(cy_join(NULL, now.refs[0], CY_FOREVER), 0);
    CY_CHECK_EQ(now.passed, 1);
    cy_condition_broadcast(&now.condition);
    for (int i = 1; i < TASKS; i++)
        CY_CHECK_EQ(cy_join(NULL, now.refs[i], CY_FOREVER), 0);
    CY_CHECK_EQ(now.passed, TASKS);
    CY_CHECK_EQ(now.most, 1);
    CY_CHECK_EQ(now.order[0], 0);
    return 0;
}

static void
a_condition_wakes_one_or_all_and_they_hold_the_lock(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, condition_body, NULL), 0);
}

static int
condition_cancel_body(void *arg)
{
    (void) arg;
    reset();
    spawn(wait_condition, 1);
    CY_CHECK_EQ(cy_lock_acquire(&now.lock, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_terminate(now.refs[0]), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(now.inside, 0); /* it waits for our lock, terminated as it is */
    CY_CHECK_EQ(cy_terminate(now.refs[0]), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(now.inside, 0);
    cy_lock_release(&now.lock);
    join(1);
    CY_CHECK_EQ(now.result, -ECANCELED);
    CY_CHECK_EQ(now.passed, 1);
    return 0;
}

static void
a_task_that_is_terminated_in_a_condition_still_gets_the_lock_back(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, condition_cancel_body, NULL), 0);
}

static int
use_semaphore(void *arg)
{
    CY_CHECK_EQ(cy_semaphore_acquire(&now.semaphore, CY_FOREVER), 0);
    now.most = ++now.inside > now.most ? now.inside : now.most;
    CY_CHECK_EQ(cy_yield(), 0);
    now.order[now.passed++] = (int) (size_t) arg;
    now.inside--;
    CY_CHECK_EQ(cy_semaphore_release(&now.semaphore), 0);
    return 0;
}

static void
pass_semaphore(uint32_t count)
{
    reset();
    memset(&now.semaphore, 0xA5, sizeof now.semaphore);
    cy_semaphore_init(&now.semaphore, count);
    spawn(use_semaphore, TASKS);
    join(TASKS);
    CY_CHECK_EQ(now.passed, TASKS);
    CY_CHECK_EQ(now.most, count);
    CY_CHECK_EQ(now.semaphore.count, count);
}

static int
semaphore_body(void *arg)
{
    (void) arg;
    pass_semaphore(1);
    for (int i = 0; i < TASKS; i++)
        CY_CHECK_EQ(now.order[i], i);
    pass_semaphore(3);
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_semaphore_acquire(&now.semaphore, CY_NOW), 0);
    CY_CHECK_EQ(cy_semaphore_acquire(&now.semaphore, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_semaphore_acquire(&now.semaphore, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    return 0;
}

static void
a_semaphore_lets_so_many_pass_in_the_order_of_asking(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, semaphore_body, NULL), 0);
}

static int
semaphore_limit_body(void *arg)
{
    (void) arg;
    reset();
    cy_semaphore_init(&now.semaphore, UINT32_MAX - 1);
    CY_CHECK_EQ(cy_semaphore_release(&now.semaphore), 0);
    CY_CHECK_EQ(now.semaphore.count, UINT32_MAX);
    CY_CHECK_EQ(cy_semaphore_release(&now.semaphore), -EOVERFLOW);
    CY_CHECK_EQ(now.semaphore.count, UINT32_MAX);
    return 0;
}

static void
a_semaphore_does_not_overflow(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, semaphore_limit_body, NULL), 0);
}

static int
release_unheld(void *arg)
{
    (void) arg;
    reset();
    cy_lock_release(&now.lock);
    return 0;
}

static int
keep_lock(void *arg)
{
    (void) arg;
    return cy_lock_acquire(&now.lock, CY_FOREVER);
}

static int
want_lock_of_the_dead(void *arg)
{
    (void) arg;
    reset();
    spawn(keep_lock, 1);
    join(1);
    return cy_lock_acquire(&now.lock, CY_FOREVER);
}

static void
run_in_child(void *fn)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    int rc = cy_run(&options, *(cy_task_fn **) fn, NULL);
    CY_ASSERT(rc == 0);
}

static void
misuse_of_a_lock_ends_the_program_with_a_word(void)
{
    struct cy_test_child child;
    cy_task_fn *unheld = release_unheld, *dead = want_lock_of_the_dead;
    CY_OK(cy_test_run_child(&child, run_in_child, &unheld));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "owner == holder"));
    CY_OK(cy_test_run_child(&child, run_in_child, &dead));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "ended_without_releasing_the_lock"));
}

CY_TEST_MAIN("runtime.sync", CY_TEST(an_event_lets_all_pass_until_it_is_cleared),
             CY_TEST(a_lock_is_held_by_one_and_goes_to_the_next_in_line),
             CY_TEST(a_terminated_task_leaves_the_line_or_has_the_lock),
             CY_TEST(a_clean_up_gets_a_free_lock_but_waits_for_nothing),
             CY_TEST(a_condition_wakes_one_or_all_and_they_hold_the_lock),
             CY_TEST(a_task_that_is_terminated_in_a_condition_still_gets_the_lock_back),
             CY_TEST(a_semaphore_lets_so_many_pass_in_the_order_of_asking),
             CY_TEST(a_semaphore_does_not_overflow),
             CY_TEST(misuse_of_a_lock_ends_the_program_with_a_word))
