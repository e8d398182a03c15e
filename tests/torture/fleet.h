/* fleet.h - a node on real threads, for torture: checks from any thread, random numbers. */
#ifndef CY_FLEET_H
#define CY_FLEET_H

#include "cy_test.h"
#include <cycos/impl/node.h>
#include <cycos/mailbox.h>

/* What must hold, on any thread; fleet_run() asserts that all did. */
#define HOLDS(condition) fleet_check((condition), #condition, __FILE__, __LINE__)
void fleet_check(bool holds, const char *condition, const char *file, int line);
bool fleet_failed(void);

struct fleet {
    uint32_t cores;
    bool exchange; /* senders look by a read-modify-write, as without membarrier */
    struct cy_options options;
};

/* So many cores on fewer CPUs: not pinned, no spinning, no signals. */
void fleet_init(struct fleet *fleet, uint32_t cores);

/* Runs main(arg) on core 0 until the node ends; asserts the checks and that nothing leaked. */
void fleet_run(struct fleet *fleet, cy_task_fn *main, void *arg);

/* xorshift64*, one state per task. */
static inline uint64_t
fleet_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static inline uint32_t
fleet_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t) ((fleet_random(state) >> 32) * bound >> 32);
}

/* A state for this task, from the test's seed. Never 0. */
static inline uint64_t
fleet_seed(uint64_t number)
{
    return (cy_test_seed() << 20 | number) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

#endif
