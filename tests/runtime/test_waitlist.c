#include "cy_node.h"
#include <cycos/impl/core.h>

enum { WAITERS = 5 };

static struct cyi_waitlist list;
static int order[WAITERS], results[WAITERS], ended;

static int
wait_in_line(void *arg)
{
    int me = (int) (size_t) arg;
    results[me] = cyi_waitlist_wait(cyi_self, &list, CYI_WAIT_EVENT, CY_FOREVER);
    order[ended++] = me;
    return 0;
}

static void
spawn_waiters(cy_ref *refs)
{
    struct cy_task_options joinable = {.joinable = true};
    list = (struct cyi_waitlist){0};
    ended = 0;
    for (size_t i = 0; i < WAITERS; i++)
        CY_CHECK_EQ(cy_task_spawn(&refs[i], wait_in_line, (void *) i, &joinable), 0);
    CY_CHECK_EQ(cy_yield(), 0);
}

static void
join_waiters(const cy_ref *refs)
{
    for (int i = 0; i < WAITERS; i++)
        CY_CHECK_EQ(cy_join(NULL, refs[i], CY_FOREVER), 0);
    CY_CHECK(list.first == NULL && list.last == NULL);
}

static int
in_order_body(void *arg)
{
    cy_ref refs[WAITERS];
    (void) arg;
    CY_CHECK(cyi_waitlist_wake(cyi_self, &list, 0) == NULL);
    spawn_waiters(refs);
    for (int i = 0; i < WAITERS; i++) {
        struct cyi_task *woken = cyi_waitlist_wake(cyi_self, &list, -i);
        CY_CHECK(woken != NULL && woken->slot == refs[i].slot);
        CY_CHECK_EQ(cy_yield(), 0);
    }
    join_waiters(refs);
    for (int i = 0; i < WAITERS; i++) {
        CY_CHECK_EQ(order[i], i);
        CY_CHECK_EQ(results[i], -i);
    }
    return 0;
}

static void
the_first_to_come_is_the_first_to_go_and_gets_the_result(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, in_order_body, NULL), 0);
}

/* The middle, the last and the first one leave; the others keep their order. */
static int
leavers_body(void *arg)
{
    static const int leavers[] = {2, 4, 0};
    cy_ref refs[WAITERS];
    (void) arg;
    spawn_waiters(refs);
    for (int i = 0; i < 3; i++) {
        CY_CHECK_EQ(cy_terminate(refs[leavers[i]]), 0);
        CY_CHECK_EQ(cy_yield(), 0);
        CY_CHECK_EQ(results[leavers[i]], -ECANCELED);
    }
    CY_CHECK_EQ(cyi_waitlist_wake(cyi_self, &list, 0)->slot, refs[1].slot);
    CY_CHECK_EQ(cyi_waitlist_wake(cyi_self, &list, 0)->slot, refs[3].slot);
    CY_CHECK(cyi_waitlist_wake(cyi_self, &list, 0) == NULL);
    join_waiters(refs);
    return 0;
}

static void
who_is_terminated_leaves_the_line(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, leavers_body, NULL), 0);
}

/* Cancelled and woken before it runs again, in either order: the grant counts. */
static int
granted_body(void *arg)
{
    cy_ref refs[WAITERS];
    (void) arg;
    spawn_waiters(refs);
    CY_CHECK(cyi_waitlist_wake(cyi_self, &list, 0) != NULL);
    CY_CHECK_EQ(cy_terminate(refs[0]), 0);
    CY_CHECK_EQ(cy_terminate(refs[1]), 0);
    CY_CHECK(cyi_waitlist_wake(cyi_self, &list, 0) != NULL);
    CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(results[0], 0);
    CY_CHECK_EQ(results[1], 0);
    while (cyi_waitlist_wake(cyi_self, &list, 0) != NULL)
        continue;
    join_waiters(refs);
    return 0;
}

static void
a_grant_in_the_moment_of_the_cancellation_is_not_lost(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, granted_body, NULL), 0);
}

static int
no_time_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cyi_waitlist_wait(cyi_self, &list, CYI_WAIT_EVENT, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cyi_waitlist_wait(cyi_self, &list, CYI_WAIT_EVENT, cy_after(CY_MICROSECOND)),
                -ETIMEDOUT);
    CY_CHECK(list.first == NULL && list.last == NULL);
    return 0;
}

static void
who_runs_out_of_time_leaves_the_line(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, no_time_body, NULL), 0);
}

CY_TEST_MAIN("runtime.waitlist",
             CY_TEST(the_first_to_come_is_the_first_to_go_and_gets_the_result),
             CY_TEST(who_is_terminated_leaves_the_line),
             CY_TEST(a_grant_in_the_moment_of_the_cancellation_is_not_lost),
             CY_TEST(who_runs_out_of_time_leaves_the_line))
