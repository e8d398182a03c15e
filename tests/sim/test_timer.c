#include "seeds.h"

/*
 * Tasks that sleep, wait with deadlines and are woken before them. No wait ends early or gets
 * a result that is not its own; in a calm world none ends late.
 */

enum { SLEEPERS = 20, TICK = 1 << CYI_WHEEL_TICK_BITS };

struct state {
    cy_ref sleepers[SLEEPERS];
    bool waits[SLEEPERS]; /* in cy_suspend() */
    uint32_t resumed[SLEEPERS], left;
    bool calm;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    if (one_in(3)) {
        struct cyi_sim_options *o = &world.sim_options;
        o->pause_chance = o->jump_chance = 0;
        o->turn_ns_max = draw_time(CY_MICROSECOND);
        state()->calm = true;
    }
}

/* Not before its time; soon after it, where nothing else holds the core up. */
static void
check_time(cy_time deadline)
{
    cy_time now = cy_now();
    EXPECT(now >= deadline);
    if (state()->calm && deadline != CY_NOW)
        EXPECT(now <= deadline + TICK + CY_MILLISECOND);
    note((uint64_t) now);
}

static int
sleep_once(void)
{
    cy_time duration = draw_time(one_in(4) ? CY_MINUTE : 20 * CY_MILLISECOND);
    cy_time deadline = cy_now() + duration;
    int rc = cy_sleep(duration);
    EXPECT(rc == 0 || rc == -ECANCELED);
    if (rc == 0)
        check_time(deadline);
    return rc;
}

static int
suspend_once(uint32_t me)
{
    cy_time deadline = draw_deadline(50 * CY_MILLISECOND);
    if (deadline == CY_FOREVER)
        deadline = cy_after(CY_HOUR);
    state()->waits[me] = true;
    int rc = cy_suspend(deadline);
    state()->waits[me] = false;
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    if (rc == -ETIMEDOUT)
        check_time(deadline);
    if (rc == 0)
        EXPECT(state()->resumed[me]-- > 0);
    return rc;
}

static int
receive_once(void)
{
    cy_msg *msg;
    cy_time deadline = cy_after(draw_time(10 * CY_MILLISECOND));
    int rc = cy_receive(&msg, deadline);
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    if (rc == 0)
        cy_msg_free(&msg);
    if (rc == -ETIMEDOUT)
        check_time(deadline);
    return rc;
}

/* A resume may count for less than one when another is remembered already, never for more. */
static void
disturb(uint32_t whom)
{
    cy_ref ref = state()->sleepers[whom];
    if (one_in(2)) {
        if (cy_resume(ref) == 0)
            state()->resumed[whom]++;
    } else {
        (void) !cy_send_bytes(ref, 1, NULL, 0);
    }
}

static int
sleeper(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    for (uint32_t n = draw(40); n > 0; n--) {
        int rc = one_in(3) ? sleep_once() : one_in(2) ? suspend_once(me) : receive_once();
        if (rc == -ECANCELED)
            break;
        disturb(draw(SLEEPERS));
    }
    state()->left--;
    return 0;
}

static int
put_to_sleep(void *arg)
{
    (void) arg;
    state()->left = SLEEPERS;
    for (uintptr_t i = 0; i < SLEEPERS; i++) {
        uint16_t on = (uint16_t) draw(cy_core_count());
        while (cy_task_spawn_on(&state()->sleepers[i], on, sleeper, (void *) i, NULL) != 0)
            cy_sleep(CY_MILLISECOND);
    }
    while (state()->left > 0) {
        cy_sleep(draw_time(CY_SECOND));
        if (one_in(10))
            (void) !cy_terminate(state()->sleepers[draw(SLEEPERS)]);
    }
    return 0;
}

static void
no_wait_ends_early_or_much_too_late(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, put_to_sleep,
                                                 NULL};
    seeds_run(&program, 1000);
}

/* Two that go on only when the other says so, as often as they like. */
static void
wake_each_other(cy_ref other, bool first)
{
    for (int i = 0; i < 50; i++) {
        if (i > 0 || !first)
            EXPECT_EQ(cy_suspend(CY_FOREVER), 0);
        if (one_in(4))
            cy_sleep(draw_time(CY_MILLISECOND));
        int rc;
        while ((rc = cy_resume(other)) == -EAGAIN)
            cy_yield();
        note((uint64_t) i);
    }
}

static int
follower(void *arg)
{
    wake_each_other(*(const cy_ref *) arg, false);
    return 0;
}

static int
leader(void *arg)
{
    cy_ref self = cy_self(), other;
    (void) arg;
    uint16_t on = (uint16_t) draw(cy_core_count());
    EXPECT_EQ(cy_task_spawn_on(&other, on, follower, &self, NULL), 0);
    EXPECT_EQ(cy_monitor(other), 0);
    wake_each_other(other, true);
    cy_msg *msg;
    EXPECT_EQ(cy_receive(&msg, CY_FOREVER), 0);
    cy_msg_free(&msg);
    return 0;
}

static void
no_resume_is_lost(void)
{
    static const struct seeds_program program = {.main = leader};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.timer", CY_TEST(no_wait_ends_early_or_much_too_late),
             CY_TEST(no_resume_is_lost))
