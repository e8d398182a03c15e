#include "seeds.h"

#include <cycos/channel.h>
#include <cycos/registry.h>
#include <string.h>

/*
 * Tasks of all cores give themselves names, take them away, end, look names up and wait for
 * them. A model knows who has which name; each result must agree with it at that moment.
 */

enum { NAMES = 6, TASKS = 10, SEEKERS = 6, ID_NONE = 0 };

struct state {
    uint32_t holder[NAMES]; /* the id of the task that has it */
    uint32_t changes[NAMES];
    cy_ref refs[TASKS * 4 + 2];
    uint32_t ids, alive, seeking;
};

static struct state *
state(void)
{
    return world.state;
}

static const char *
name_of(uint32_t which)
{
    static const char *const names[NAMES] = {"a", "b", "red", "green", "a longer name", "z"};
    return names[which];
}

static void
hold(uint32_t which, uint32_t id)
{
    state()->holder[which] = id;
    state()->changes[which]++;
}

static void
do_register(uint32_t me, uint32_t which)
{
    uint32_t holder = state()->holder[which];
    int rc = cy_task_register(name_of(which));
    note((uint64_t) rc << 8 | which);
    EXPECT_EQ(rc, holder == ID_NONE || holder == me ? 0 : -EEXIST);
    if (rc == 0 && holder == ID_NONE)
        hold(which, me);
}

static void
do_unregister(uint32_t me, uint32_t which)
{
    int rc = cy_task_unregister(name_of(which));
    EXPECT_EQ(rc, state()->holder[which] == me ? 0 : -ENOENT);
    if (rc == 0)
        hold(which, ID_NONE);
}

static void
look_up(uint32_t which)
{
    cy_ref ref = CY_NOBODY;
    uint32_t holder = state()->holder[which];
    int rc = cy_task_lookup(&ref, name_of(which));
    EXPECT_EQ(rc, holder == ID_NONE ? -ENOENT : 0);
    if (holder == ID_NONE)
        EXPECT(cy_ref_is_nobody(ref));
    else
        EXPECT(cy_ref_equal(ref, state()->refs[holder]));
}

static int
locate(uint32_t which, cy_time deadline)
{
    cy_ref ref = CY_NOBODY;
    uint32_t holder = state()->holder[which], changes = state()->changes[which];
    int rc = cy_task_locate(&ref, name_of(which), NULL, deadline);
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    EXPECT(rc != -ETIMEDOUT || holder == ID_NONE);
    if (rc == 0 && changes == state()->changes[which])
        EXPECT(cy_ref_equal(ref, state()->refs[holder]));
    EXPECT((rc == 0) != cy_ref_is_nobody(ref));
    return rc;
}

static int
bearer(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    int rc = 0;
    state()->refs[me] = cy_self();
    for (uint32_t n = draw(30); n > 0 && rc != -ECANCELED; n--) {
        uint32_t which = draw(NAMES);
        switch (draw(6)) {
        case 0:
        case 1:
            do_register(me, which);
            break;
        case 2:
            do_unregister(me, which);
            break;
        case 3:
            rc = locate(which, draw_deadline(5 * CY_MILLISECOND) % CY_FOREVER);
            break;
        case 4:
            rc = cy_sleep(draw_time(5 * CY_MILLISECOND));
            break;
        default:
            look_up(which);
            break;
        }
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        if (state()->holder[i] == me)
            hold(i, ID_NONE);
    }
    state()->alive--;
    return 0;
}

/* Waits as long as it takes: whoever registers must tell it. */
static int
seeker(void *arg)
{
    (void) arg;
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(locate(draw(NAMES), CY_FOREVER), 0);
    state()->seeking--;
    return 0;
}

static uint32_t
spawn_bearer(void)
{
    uint32_t id = state()->ids + 1;
    uint16_t on = (uint16_t) draw(cy_core_count());
    if (cy_task_spawn_on(&state()->refs[id], on, bearer, (void *) (uintptr_t) id, NULL) != 0)
        return ID_NONE;
    state()->alive++;
    return state()->ids = id;
}

static int
christen(void *arg)
{
    enum { ME = TASKS * 4 + 1 };
    (void) arg;
    state()->refs[ME] = cy_self();
    state()->seeking = SEEKERS;
    for (int i = 0; i < SEEKERS; i++) {
        uint16_t on = (uint16_t) draw(cy_core_count());
        while (cy_task_spawn_on(NULL, on, seeker, NULL, NULL) != 0)
            cy_yield();
    }
    while (state()->ids < TASKS * 4 || state()->alive > 0) {
        if (state()->ids < TASKS * 4 && state()->alive < TASKS)
            spawn_bearer();
        cy_sleep(draw_time(CY_MILLISECOND));
        if (one_in(10) && state()->ids != 0)
            (void) !cy_terminate(state()->refs[1 + draw(state()->ids)]);
    }
    for (uint32_t i = 0; i < NAMES; i++)
        do_register(ME, i);
    while (state()->seeking > 0)
        cy_sleep(CY_MILLISECOND);
    return 0;
}

static void
a_name_leads_to_the_task_that_has_it(void)
{
    static const struct seeds_program program = {sizeof(struct state), NULL, christen, NULL};
    seeds_run(&program, 500);
}

CY_TEST_MAIN("sim.registry", CY_TEST(a_name_leads_to_the_task_that_has_it))
