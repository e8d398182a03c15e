#include "seeds.h"

/*
 * Tasks that never wait, handlers with endless mail, and tasks that wake each other compete
 * with tasks that want little: everybody gets on.
 */

enum { HOGS_MAX = 30, PAIRS_MAX = 20, MODEST = 8, STEPS = 30 };

struct state {
    uint32_t hogs, pairs, left;
    uint64_t runs[HOGS_MAX];
    cy_ref players[2 * PAIRS_MAX];
    bool done;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    world.options[0].cores = draw_between(1, 2);
    world.sim_options.turn_ns_max = draw_between(20, 100) * CY_MICROSECOND;
    state()->hogs = draw(HOGS_MAX);
    state()->pairs = draw(PAIRS_MAX);
}

static int
hog(void *arg)
{
    uint64_t *runs = arg;
    while (!state()->done) {
        ++*runs;
        if (cy_yield() != 0)
            break;
    }
    return 0;
}

/* Sends itself another message for each that it gets. */
static void
busy_handler(void *arg, cy_msg **msg)
{
    uint64_t *runs = arg;
    ++*runs;
    if (state()->done)
        cy_handler_exit(0);
    else
        EXPECT_EQ(cy_send(cy_self(), msg), 0);
}

/* Two that wake each other all the time: woken tasks jump the queue. */
static int
player(void *arg)
{
    uintptr_t me = (uintptr_t) arg;
    while (!state()->done) {
        (void) !cy_resume(state()->players[me ^ 1]);
        int rc = cy_suspend(cy_after(10 * CY_MILLISECOND));
        EXPECT(rc == 0 || rc == -ETIMEDOUT);
    }
    return 0;
}

static int
modest(void *arg)
{
    (void) arg;
    for (int i = 0; i < STEPS; i++) {
        if (one_in(2))
            cy_yield();
        else
            cy_sleep(draw_time(200 * CY_MICROSECOND));
        note((uint64_t) i);
    }
    state()->left--;
    return 0;
}

static void
spawn_hogs(void)
{
    for (uint32_t i = 0; i < state()->hogs; i++) {
        cy_ref ref;
        uint16_t on = (uint16_t) draw(cy_core_count());
        if (one_in(3)) {
            while (cy_handler_spawn_on(&ref, on, busy_handler, &state()->runs[i], NULL) != 0)
                cy_yield();
            while (cy_send_bytes(ref, 1, NULL, 0) != 0)
                cy_yield();
        } else {
            while (cy_task_spawn_on(&ref, on, hog, &state()->runs[i], NULL) != 0)
                cy_yield();
        }
    }
}

static void
spawn_pairs(void)
{
    for (uintptr_t i = 0; i < 2 * state()->pairs; i++) {
        uint16_t on = (uint16_t) (i / 2 % cy_core_count());
        while (cy_task_spawn_on(&state()->players[i], on, player, (void *) i, NULL) != 0)
            cy_yield();
    }
}

static int
compete(void *arg)
{
    uint64_t before[HOGS_MAX];
    (void) arg;
    spawn_hogs();
    spawn_pairs();
    state()->left = MODEST;
    for (int i = 0; i < MODEST; i++) {
        uint16_t on = (uint16_t) draw(cy_core_count());
        while (cy_task_spawn_on(NULL, on, modest, NULL, NULL) != 0)
            cy_yield();
    }
    for (int i = 0; i < HOGS_MAX; i++)
        before[i] = state()->runs[i];
    while (state()->left > 0)
        EXPECT_EQ(cy_sleep(CY_MILLISECOND), 0);
    for (uint32_t i = 0; i < state()->hogs; i++)
        EXPECT(state()->runs[i] > before[i]);
    state()->done = true;
    return 0;
}

static void
nobody_starves(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, compete, NULL};
    seeds_run(&program, 300);
}

CY_TEST_MAIN("sim.sched", CY_TEST(nobody_starves))
