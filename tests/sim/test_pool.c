#include "seeds.h"
#include <cycos/address.h>
#include <cycos/pool.h>
#include <pthread.h>

/* Without threads: the core itself runs what blocks, at a later turn, as the seed orders. */

enum { CALLERS_MAX = 10, CALLS = 20 };

struct state {
    pthread_t thread;
    uint32_t calls;
};

static struct state *
state(void)
{
    return world.state;
}

static int
count_up(void *arg)
{
    uint32_t *number = arg;
    EXPECT(pthread_equal(pthread_self(), state()->thread));
    state()->calls++;
    return (int) ++*number;
}

static int
call(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg, before = number;
    for (int i = 0; i < CALLS; i++) {
        int result = 0, rc = cy_blocking(&result, count_up, &number);
        EXPECT(rc == 0 || rc == -EAGAIN || rc == -ENOMEM);
        if (rc == 0)
            EXPECT_EQ(result, ++before);
        note((uint64_t) result);
    }
    EXPECT_EQ(number, before);
    return 0;
}

static int
call_everywhere(void *arg)
{
    cy_address address;
    uint32_t callers = draw_between(1, CALLERS_MAX);
    (void) arg;
    state()->thread = pthread_self();
    EXPECT_EQ(cy_address_resolve(&address, "localhost", 1, CY_FOREVER), -ENOENT);
    EXPECT_EQ(cy_address_resolve(&address, "10.0.0.1", 1, CY_FOREVER), 0);
    for (uint32_t i = 0; i < callers; i++) {
        uint16_t core = (uint16_t) draw(cy_core_count());
        int rc = cy_task_spawn_on(NULL, core, call, (void *) (uintptr_t) i, NULL);
        EXPECT(rc == 0 || rc == -EAGAIN || rc == -ENOMEM);
    }
    return 0;
}

static void
some_were_made(void)
{
    EXPECT(state()->calls > 0);
    note(state()->calls);
}

static void
work_that_blocks_runs_on_the_core_in_the_order_of_the_seed(void)
{
    static const struct seeds_program program = {
        .state_bytes = sizeof(struct state), .main = call_everywhere, .check = some_were_made};
    seeds_run(&program, 300);
}

CY_TEST_MAIN("sim.pool", CY_TEST(work_that_blocks_runs_on_the_core_in_the_order_of_the_seed))
