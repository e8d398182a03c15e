/* seeds.h - runs a program in many simulated worlds, one per seed, each of them twice. */
#ifndef CY_SEEDS_H
#define CY_SEEDS_H

#include "cy_test.h"
#include <cycos/impl/sim.h>
#include <cycos/mailbox.h>
#include <cycos/msg.h>
#include <cycos/run.h>
#include <cycos/sync.h>
#include <cycos/task.h>

enum { SEEDS_NODES = 32 };

/*
 * One world. Everything in it is drawn from the seed before prepare() is called, which may
 * change it. There is one at a time, in one thread, so tasks just look at `world`.
 */
struct seeds_world {
    uint64_t seed;
    struct cyi_sim *sim;
    struct cyi_sim_options sim_options;
    struct cy_options options[SEEDS_NODES];
    struct cyi_node *node[SEEDS_NODES];
    uint32_t nodes; /* 1 unless prepare() wants more */
    uint32_t hosts; /* nodes are spread over so many */
    /* Faults by chance when prepare() gives kinds; hosts and restart have defaults. */
    struct cyi_sim_swarm swarm;
    cy_time until; /* when the nodes must have ended: 10 minutes */
    int exit_status;
    bool may_lose_tasks; /* some may be left behind, and their memory */
    void *state;         /* the program's, zeroed */
    char complaint[256]; /* the first expectation that did not hold */
};
extern struct seeds_world world;

struct seeds_program {
    size_t state_bytes;
    void (*prepare)(void); /* or NULL */
    cy_task_fn *main;      /* arg: the node's number, as a pointer */
    void (*check)(void);   /* when all nodes have ended, or NULL */
};

/*
 * Runs it under seeds 1 to count (see cy_test_next_seed()), twice each; asserts that nobody
 * complained, that every node ended, that nothing leaked and that both runs were the same.
 */
void seeds_run(const struct seeds_program *program, long count);

/* The same under one seed that once found a mistake, whatever --seed says. */
void seeds_run_one(const struct seeds_program *program, uint64_t seed);

/* Start a node again that has crashed: the same main, options and host. */
void seeds_restart(uint32_t number);
/* Which node that is, also when it was started again; SEEDS_NODES: none that runs. */
uint32_t seeds_number(const struct cyi_node *node);

/* What must hold in a task; the first that does not is reported after the run. */
#define EXPECT(condition) seeds_expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_EQ(a, b) \
    seeds_expect_equal((long long) (a), (long long) (b), #a " == " #b, __FILE__, __LINE__)
void seeds_expect(bool holds, const char *condition, const char *file, int line);
void seeds_expect_equal(long long a, long long b, const char *text, const char *file, int line);

/* Choices by the seed, for programs. */
uint32_t draw(uint32_t bound);                      /* 0 to bound - 1 */
uint32_t draw_between(uint32_t low, uint32_t high); /* both included */
bool one_in(uint32_t n);
uint32_t draw_scarcity(void);       /* a chance for no_memory_chance, of any magnitude */
cy_time draw_time(cy_time max);     /* 1 to max, any magnitude */
cy_time draw_deadline(cy_time max); /* absolute; now and then CY_NOW or CY_FOREVER */
void note(uint64_t what);           /* into the hash */

#endif
