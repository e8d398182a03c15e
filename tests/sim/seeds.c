/* seeds.c - runs a program in many simulated worlds. */
#include "seeds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    OLD_NODES = 4
}; /* their options are drawn as ever, so that known seeds stay what they are */

struct seeds_world world;
static const struct seeds_program *running;

void
seeds_expect(bool holds, const char *condition, const char *file, int line)
{
    if (!holds && world.complaint[0] == '\0')
        snprintf(world.complaint, sizeof world.complaint, "%s:%d: %s", file, line, condition);
}

void
seeds_expect_equal(long long a, long long b, const char *text, const char *file, int line)
{
    char with_values[200];
    if (a == b)
        return;
    snprintf(with_values, sizeof with_values, "%s (%lld and %lld)", text, a, b);
    seeds_expect(false, with_values, file, line);
}

uint32_t
draw(uint32_t bound)
{
    return (uint32_t) cyi_sim_below(world.sim, bound);
}

uint32_t
draw_between(uint32_t low, uint32_t high)
{
    return low + draw(high - low + 1);
}

bool
one_in(uint32_t n)
{
    return draw(n) == 0;
}

uint32_t
draw_scarcity(void)
{
    return UINT32_C(1) << draw(16);
}

cy_time
draw_time(cy_time max)
{
    int bits = 64 - __builtin_clzll((uint64_t) max);
    cy_time value = (cy_time) 1 << draw((uint32_t) bits);
    value += (cy_time) cyi_sim_below(world.sim, (uint64_t) value);
    return value < max ? value : max;
}

cy_time
draw_deadline(cy_time max)
{
    switch (draw(8)) {
    case 0:
        return CY_NOW;
    case 1:
        return CY_FOREVER;
    default:
        return cy_after(draw_time(max));
    }
}

void
note(uint64_t what)
{
    cyi_sim_note(world.sim, what);
}

/* A small limit in half of the worlds: there the rare paths are common. */
static uint32_t
draw_limit(uint32_t usual, uint32_t small_max)
{
    return one_in(2) ? usual : draw_between(1, small_max);
}

static void
draw_node(struct cy_options *options)
{
    cy_options_init(options);
    options->cores = draw_between(1, 4);
    options->mailbox_max = draw_limit(options->mailbox_max, 40);
    options->outbox_max = draw_limit(options->outbox_max, 100);
    options->log_level = CY_LOG_ERROR;
    options->handle_signals = false;
}

static void
draw_nodes(void)
{
    struct cyi_sim *first = world.sim;
    for (int i = 0; i < OLD_NODES; i++)
        draw_node(&world.options[i]);
    CY_OK(cyi_sim_create(&world.sim, ~world.seed ^ OLD_NODES, &world.sim_options));
    for (int i = OLD_NODES; i < SEEDS_NODES; i++)
        draw_node(&world.options[i]);
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
    world.sim = first;
}

static void
open_world(const struct seeds_program *program, uint64_t seed)
{
    world = (struct seeds_world){.seed = seed, .nodes = 1, .hosts = 1, .until = 10 * CY_MINUTE};
    world.state = calloc(1, program->state_bytes + 1);
    cyi_sim_options_draw(&world.sim_options, seed);
    /* A first world only for the draws, because prepare() may change the options. */
    CY_OK(cyi_sim_create(&world.sim, ~seed, &world.sim_options));
    draw_nodes();
    cyi_sim_swarm_draw(&world.swarm, seed);
    world.swarm.kinds = 0;
    if (program->prepare != NULL)
        program->prepare();
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
}

static void
start_node(uint32_t i)
{
    CY_OK(cyi_sim_node(&world.node[i], world.sim, i % world.hosts, &world.options[i],
                       running->main, (void *) (uintptr_t) i));
}

uint32_t
seeds_number(const struct cyi_node *node)
{
    uint32_t i = 0;
    while (i < SEEDS_NODES && world.node[i] != node)
        i++;
    return i;
}

void
seeds_restart(uint32_t number)
{
    start_node(number);
}

static void
restart(struct cyi_sim *sim, struct cyi_node *node, void *arg)
{
    uint32_t number = seeds_number(node);
    (void) arg;
    if (number == SEEDS_NODES)
        return; /* the program has started it again */
    cyi_sim_bury(sim, &world.node[number]);
    seeds_restart(number);
}

static void
start_swarm(void)
{
    struct cyi_sim_swarm *swarm = &world.swarm;
    if (swarm->hosts == 0)
        swarm->hosts =
            world.hosts < CYI_SIM_HOSTS ? CYI_SIM_ONLY(world.hosts) - 1 : CYI_SIM_ALL;
    if (swarm->restart == NULL)
        swarm->restart = restart;
    if (swarm->kinds != 0)
        cyi_sim_swarm(world.sim, swarm);
}

static void
check_node(const struct cyi_node *node)
{
    if (cyi_sim_crashed(world.sim, node))
        return;
    CU_ASSERT_EQUAL(cyi_node_exit_status(node), world.exit_status);
    CU_ASSERT_TRUE(cyi_node_left_behind(node) == 0 || world.may_lose_tasks);
}

static void
dump_task(struct cyi_task *task, void *arg)
{
    const struct cyi_core *core = arg;
    if (task->state > CYI_TASK_ENDED)
        fprintf(stderr, "\n      core %u task %u %s: waits for %s, flags %x, %u messages",
                core->index, task->slot & CYI_SLOT_MASK, task->name, cyi_wait_name(task),
                task->flags, task->queued);
}

/* Who waits for what, when a node has not ended. */
static void
dump_world(void)
{
    struct cyi_sim_counters c;
    cyi_sim_count(world.sim, &c);
    fprintf(stderr, "\n    seed %" PRIu64 " at %" PRId64 " ns, %" PRIu64 " turns", world.seed,
            cyi_sim_now(world.sim), c.turns);
    for (uint32_t i = 0; i < world.nodes; i++) {
        for (uint16_t j = 0; j < world.node[i]->core_count; j++)
            cyi_task_each(world.node[i]->cores[j], dump_task, world.node[i]->cores[j]);
    }
}

/* The hash of the run. */
static uint64_t
run_world(const struct seeds_program *program)
{
    CY_OK(cyi_sim_create(&world.sim, world.seed, &world.sim_options));
    running = program;
    for (uint32_t i = 0; i < world.nodes; i++)
        start_node(i);
    start_swarm();
    int rc = cyi_sim_run(world.sim, world.until);
    CY_OK(rc);
    for (uint32_t i = 0; rc == 0 && i < world.nodes; i++)
        check_node(world.node[i]);
    if (rc == 0 && program->check != NULL)
        program->check();
    if (rc != 0)
        dump_world();
    uint64_t hash = cyi_sim_hash(world.sim);
    uint64_t leaked = cyi_sim_free(&world.sim);
    CU_ASSERT_TRUE(leaked == 0 || rc != 0 || world.may_lose_tasks);
    for (int i = 0; i < SEEDS_NODES; i++)
        cy_options_fini(&world.options[i]);
    free(world.state);
    if (rc != 0)
        fprintf(stderr, "\n    seed %" PRIu64 ": the simulation says %s\n", world.seed,
                cy_strerror(rc));
    if (leaked != 0)
        fprintf(stderr, "\n    seed %" PRIu64 ": %" PRIu64 " blocks leaked\n", world.seed,
                leaked);
    if (world.complaint[0] != '\0')
        fprintf(stderr, "\n    seed %" PRIu64 ": %s\n", world.seed, world.complaint);
    CU_ASSERT_EQUAL(world.complaint[0], '\0');
    return hash;
}

static uint64_t
run_twice(const struct seeds_program *program, uint64_t seed)
{
    open_world(program, seed);
    uint64_t first = run_world(program);
    open_world(program, seed);
    uint64_t second = run_world(program);
    CU_ASSERT_EQUAL(first, second);
    if (first != second)
        fprintf(stderr, "\n    seed %" PRIu64 ": two runs differ\n", seed);
    return first;
}

void
seeds_run_one(const struct seeds_program *program, uint64_t seed)
{
    run_twice(program, seed);
}

void
seeds_run(const struct seeds_program *program, long count)
{
    uint64_t all = 0;
    for (uint64_t seed = 0; cy_test_next_seed(&seed, count);)
        all = all * 31 + run_twice(program, seed);
    printf("hash %016" PRIx64 " ", all);
    fflush(stdout);
}
