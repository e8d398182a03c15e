#include "fleet.h"

#include <cycos/impl/inbox.h>
#include <sched.h>
#include <stdatomic.h>

/*
 * The two steps of the sleeper (raise the flag, look at the rings) against the two steps of a
 * sender (publish, look at the flag), at the same moment, many times: one must see the other.
 * Two threads play the cores; neither runs a loop.
 */

enum { ROUNDS = 200 * 1000, WITH_MEMBARRIER = 30 * 1000 };

struct duel {
    struct cyi_core *sender, *sleeper;
    uint64_t rounds;
    atomic_ulong at_start, done; /* how often either has come there; the sender's and ours */
    uint32_t called;
};

static void
meet(atomic_ulong *place, uint64_t count)
{
    atomic_fetch_add(place, 1);
    for (int spins = 0; atomic_load(place) < count; spins++) {
        if (spins > 1000)
            sched_yield();
    }
}

/* Some nanoseconds or some microseconds: membarrier takes that long. */
static void
dawdle(uint64_t *random)
{
    for (uint32_t n = fleet_below(random, UINT32_C(16) << fleet_below(random, 13)); n > 0; n--)
        __asm__ volatile("");
}

static struct duel *duel;

/* Two threads on one CPU would only take turns. */
static bool
pin_to(const cpu_set_t *all, int which)
{
    cpu_set_t one;
    int skip = which % CPU_COUNT(all), cpu = 0;
    while (!CPU_ISSET((size_t) cpu, all) || skip-- > 0)
        cpu++;
    CPU_ZERO(&one);
    CPU_SET((size_t) cpu, &one);
    return pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
}

static void
count_call(struct cyi_core *core, const void *args)
{
    (void) core;
    (void) args;
    duel->called++;
}

static void *
post_often(void *arg)
{
    uint64_t random = fleet_seed(1);
    HOLDS(pin_to(arg, 0));
    cyi_core_enter(duel->sender);
    for (uint64_t i = 1; i <= duel->rounds; i++) {
        meet(&duel->at_start, 2 * i);
        dawdle(&random);
        HOLDS(cyi_post_call(duel->sender, 1, count_call, &i, sizeof i) == 0);
        meet(&duel->done, 2 * i);
    }
    return NULL;
}

/* How often it fell asleep; the sender must have woken it each time. */
static uint64_t
sleep_often(void)
{
    uint64_t random = fleet_seed(2), slept = 0;
    for (uint64_t i = 1; i <= duel->rounds; i++) {
        meet(&duel->at_start, 2 * i);
        dawdle(&random);
        bool sleeps = cyi_inbox_sleep(duel->sleeper);
        meet(&duel->done, 2 * i);
        bool woken = atomic_load(&duel->sleeper->inbox->sleeping) == 0;
        HOLDS(!sleeps || woken);
        slept += sleeps;
        cyi_inbox_awake(duel->sleeper);
        HOLDS(cyi_inbox_poll(duel->sleeper) == 1);
    }
    return slept;
}

static int
nothing(void *arg)
{
    (void) arg;
    return 0;
}

static void
run(bool exchange)
{
    struct fleet fleet;
    struct cyi_node *node;
    pthread_t thread;
    cpu_set_t before;
    fleet_init(&fleet, 2);
    CY_OK(cyi_node_create(&node, &fleet.options, cyi_os_linux()));
    CY_OK(cyi_node_main(node, nothing, NULL));
    if (exchange)
        node->asymmetric = false;
    struct duel own = {.sender = node->cores[0],
                       .sleeper = node->cores[1],
                       .rounds = (uint64_t) cy_test_scale(exchange ? ROUNDS : WITH_MEMBARRIER)};
    duel = &own;
    cyi_core_enter(own.sleeper);
    CY_OK(pthread_getaffinity_np(pthread_self(), sizeof before, &before));
    HOLDS(pin_to(&before, 1));
    CY_OK(pthread_create(&thread, NULL, post_often, &before));
    uint64_t slept = sleep_often();
    CY_OK(pthread_join(thread, NULL));
    CY_OK(pthread_setaffinity_np(pthread_self(), sizeof before, &before));
    cyi_core_enter(NULL);
    CU_ASSERT_EQUAL(own.called, own.rounds);
    printf("slept %llu of %llu times ", (unsigned long long) slept,
           (unsigned long long) own.rounds);
    CU_ASSERT_FALSE(fleet_failed());
    (void) !cyi_node_free(&node);
    cy_options_fini(&fleet.options);
}

static void
sleeper_and_sender_see_each_other_by_membarrier(void)
{
    run(false);
}

static void
sleeper_and_sender_see_each_other_by_exchange(void)
{
    run(true);
}

CY_TEST_MAIN("torture.litmus", CY_TEST(sleeper_and_sender_see_each_other_by_membarrier),
             CY_TEST(sleeper_and_sender_see_each_other_by_exchange))
