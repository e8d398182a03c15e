/* test_loop.c - the turns of a core: everything gets its look, idleness is noticed. */
#include "hand.h"

#include "loopback.h"

static int
stay(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static bool busy;

/* Never lets its core become idle while it is to be busy. */
static int
keep_busy(void *arg)
{
    (void) arg;
    while (busy && cy_yield() == 0)
        continue;
    return 0;
}

static void
make_busy(void)
{
    busy = true;
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_task_spawn(NULL, keep_busy, NULL, NULL), 0);
}

static int
sleep_while_busy(void *arg)
{
    (void) arg;
    make_busy();
    for (int i = 0; i < 20; i++)
        CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0);
    busy = false;
    return 0;
}

static void
timers_fire_while_tasks_keep_the_core_busy(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, sleep_while_busy, NULL), 0);
}

static int
echo(void *arg)
{
    cy_socket *socket = arg;
    char byte;
    while (cy_read(socket, &byte, 1, SOON) == 1)
        CY_CHECK_EQ(cy_write(socket, &byte, 1, SOON), 1);
    return 0;
}

static int
read_while_busy(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    char byte;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, echo, end[0], &joinable) == 0);
    make_busy();
    for (int i = 0; i < 20; i++) {
        CHECK(cy_write(end[1], "x", 1, SOON) == 1);
        CHECK(cy_read(end[1], &byte, 1, SOON) == 1);
    }
    busy = false;
    cy_close(&end[1]);
    CHECK(join_code(task) == 0);
    cy_close(&end[0]);
    return 0;
}

static void
sockets_are_looked_at_while_tasks_keep_the_core_busy(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, read_while_busy, NULL), 0);
}

static int
post_while_busy(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    cy_ref there;
    (void) arg;
    make_busy();
    for (int i = 0; i < 20; i++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, 1, stay, NULL, &daemon), 0);
        CY_CHECK_EQ(cy_terminate(there), 0);
    }
    busy = false;
    return 0;
}

static void
other_cores_are_heard_while_tasks_keep_the_core_busy(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, post_while_busy, NULL), 0);
}

static int
rest(void *arg)
{
    struct cy_core_counters before, after;
    (void) arg;
    cy_core_read_counters(&before);
    for (int i = 0; i < 5; i++)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    cy_core_read_counters(&after);
    CY_CHECK(after.sleeps > before.sleeps);
    CY_CHECK_EQ(after.timers_fired - before.timers_fired, 5);
    /* It slept: it did not look again and again. */
    CY_CHECK(after.turns - before.turns < 1000);
    return 0;
}

static void
a_core_without_work_sleeps_until_its_next_timer(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, rest, NULL), 0);
}

enum { IN_VAIN = 100 };

/* Each sleep was one look more in vain; then data come, and then a look in time. */
static int
sleep_in_vain(void *arg)
{
    struct cyi_sched *sched = &cyi_self->sched;
    cy_socket *end[2];
    uint32_t most = 0, again = 0;
    char byte;
    (void) arg;
    CHECK(make_pair(end) == 0);
    for (int i = 0; i < IN_VAIN; i++) {
        uint32_t before = sched->vain;
        CY_CHECK_EQ(cy_sleep(50 * CY_MICROSECOND), 0);
        again += sched->vain < before;
        most = sched->vain > most ? sched->vain : most;
    }
    CY_CHECK(most > 1 && most <= 16);
    CY_CHECK(again > 1);
    for (int i = 0; i < IN_VAIN; i++) {
        CHECK(cy_write(end[0], "x", 1, SOON) == 1);
        CHECK(cy_read(end[1], &byte, 1, SOON) == 1);
    }
    cy_close(&end[0]);
    cy_close(&end[1]);
    return 0;
}

static void
a_core_that_never_spins_seldom_looks_before_it_sleeps(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.spin_ns = 0;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, sleep_in_vain, NULL), 0);
}

static void
a_turn_says_whether_there_was_something_to_do(void)
{
    struct hand hand;
    hand_open(&hand, 1, stay, NULL);
    struct cyi_core *core = hand.node->cores[0];
    hand_turn(&hand, 0);
    CU_ASSERT_EQUAL(core->sched.idle_since, 0);
    hand_turn(&hand, 0); /* nothing: from now on it is idle */
    cy_time since = core->sched.idle_since;
    CU_ASSERT_NOT_EQUAL(since, 0);
    hand_turn(&hand, 0);
    CU_ASSERT_EQUAL(core->sched.idle_since, since);
    CU_ASSERT_EQUAL(core->counters.sleeps, 0); /* it spins, as it was told */
    cyi_node_stop(hand.node, 0);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Its loop must come back to a full ring without being woken. */
static int
fill_and_wait(void *arg)
{
    cy_ref there = *(cy_ref *) arg;
    for (int i = 0; i < 3000; i++)
        CY_CHECK_EQ(cy_send_bytes(there, 1, NULL, 0), 0);
    return 0;
}

static int
flush_body(void *arg)
{
    cy_ref me = cy_self(), filler;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&filler, 1, fill_and_wait, &me, NULL), 0);
    for (int i = 0; i < 3000; i++) {
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        cy_msg_free(&msg);
    }
    return 0;
}

static void
what_finds_no_room_is_sent_when_there_is_some(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, flush_body, NULL), 0);
}

static uint64_t
idle_time(void)
{
    struct cy_core_counters counters;
    cy_core_read_counters(&counters);
    return counters.idle_ns;
}

/* A machine that is busy otherwise may count less, but never more than the time that passed. */
static int
sleep_and_work(void *arg)
{
    bool seen = false;
    (void) arg;
    for (int i = 0; i < 200 && !seen; i++) {
        cy_time began = cy_now();
        uint64_t idle = idle_time();
        CY_CHECK_EQ(cy_sleep(5 * CY_MILLISECOND), 0);
        idle = idle_time() - idle;
        CY_CHECK(idle <= (uint64_t) (cy_now() - began));
        seen = idle >= (uint64_t) (4 * CY_MILLISECOND);
    }
    CY_CHECK(seen);
    make_busy();
    uint64_t before = idle_time();
    for (cy_time end = cy_after(20 * CY_MILLISECOND); cy_now() < end;)
        CY_CHECK_EQ(cy_yield(), 0);
    CY_CHECK_EQ(idle_time(), before);
    busy = false;
    return 0;
}

static void
time_without_work_is_counted_as_idle(void)
{
    struct cy_options options;
    CU_ASSERT_EQUAL(cy_node_run(1, sleep_and_work, NULL), 0);
    cy_node_options(&options, 1);
    options.spin_ns = 0;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, sleep_and_work, NULL), 0);
    options.spin_ns = CY_SECOND; /* spins all the time */
    CU_ASSERT_EQUAL(cy_node_run_with(&options, sleep_and_work, NULL), 0);
}

CY_TEST_MAIN("runtime.loop", CY_TEST(timers_fire_while_tasks_keep_the_core_busy),
             CY_TEST(sockets_are_looked_at_while_tasks_keep_the_core_busy),
             CY_TEST(other_cores_are_heard_while_tasks_keep_the_core_busy),
             CY_TEST(a_core_without_work_sleeps_until_its_next_timer),
             CY_TEST(a_core_that_never_spins_seldom_looks_before_it_sleeps),
             CY_TEST(a_turn_says_whether_there_was_something_to_do),
             CY_TEST(what_finds_no_room_is_sent_when_there_is_some),
             CY_TEST(time_without_work_is_counted_as_idle))
