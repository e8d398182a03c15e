#include "seeds.h"

#include <cycos/io.h>
#include <string.h>

/*
 * Nodes on one network, several on a host, tell all others of themselves by broadcast on one
 * shared port, and each asks the next one by TCP. Faults come by the seed: hosts are cut off,
 * hang, crash and begin again. Half a minute after the last fault everybody has heard of
 * everybody anew, and everybody is answered.
 */

enum { NODES_MAX = 20, SHARED_PORT = 51350, FIRST_PORT = 7000 };

#define FAULTS_END (30 * CY_SECOND)
#define LATELY     (10 * CY_SECOND)
#define END        (60 * CY_SECOND)

struct state {
    cy_time heard[SEEDS_NODES][SEEDS_NODES]; /* when [a] has heard of [b] */
    cy_time answered[SEEDS_NODES];
    uint32_t crashes, hellos;
};

static struct state *
state(void)
{
    return world.state;
}

static void
note_crash(struct cyi_sim *sim, struct cyi_node *node, void *arg)
{
    (void) sim;
    (void) arg;
    EXPECT(seeds_number(node) < world.nodes);
    state()->crashes++;
}

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    o->may_crash = true;
    o->loss_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 8);
    o->duplicate_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 8);
    o->reset_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN / 100);
    o->jump_chance = 0;
    world.nodes = draw_between(2, NODES_MAX);
    world.hosts = draw_between(1, world.nodes);
    for (uint32_t i = 0; i < world.nodes; i++)
        world.options[i].cores = draw_between(1, 2);
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.begin = CY_SECOND;
    world.swarm.end = FAULTS_END;
    world.swarm.crashed = note_crash;
}

static cy_address
address(const char *text, uint16_t port)
{
    cy_address out;
    EXPECT_EQ(cy_address_parse(&out, text, port), 0);
    return out;
}

static cy_address
address_of(uint32_t number)
{
    char text[24];
    snprintf(text, sizeof text, "10.0.0.%u", number % world.hosts + 1);
    return address(text, (uint16_t) (FIRST_PORT + number));
}

static uint32_t
my_number(void)
{
    return seeds_number(cyi_self->node);
}

static int
hear(void *socket)
{
    uint32_t number, me = my_number();
    ssize_t n;
    while ((n = cy_receive_from(socket, &number, sizeof number, NULL, CY_FOREVER)) >= 0) {
        EXPECT(n == sizeof number && number < world.nodes);
        state()->heard[me][number] = cyi_sim_now(world.sim);
        state()->hellos++;
    }
    EXPECT(n == -ECANCELED || n == -EBADF); /* who says hello may have closed it before */
    return 0;
}

static int
say(void *arg)
{
    static const struct cy_udp_options shared = {.reuse_port = true, .broadcast = true};
    cy_address any = address("0.0.0.0", SHARED_PORT);
    cy_address all = address(one_in(2) ? "255.255.255.255" : "10.0.0.255", SHARED_PORT);
    uint32_t me = my_number();
    cy_socket *socket;
    (void) arg;
    EXPECT_EQ(cy_udp_open(&socket, &any, &shared), 0);
    EXPECT_EQ(cy_task_spawn(NULL, hear, socket, NULL), 0);
    do
        EXPECT_EQ(cy_send_to(socket, &me, sizeof me, &all), sizeof me);
    while (cy_sleep(CY_SECOND) == 0);
    cy_close(&socket);
    return 0;
}

static int
echo(void *arg)
{
    cy_socket *socket = arg;
    char byte;
    while (cy_read(socket, &byte, 1, CY_FOREVER) == 1 &&
           cy_write(socket, &byte, 1, CY_FOREVER) == 1)
        continue;
    cy_close(&socket);
    return 0;
}

static int
answer(void *arg)
{
    cy_address at = address_of(my_number());
    cy_socket *listener, *socket;
    (void) arg;
    int rc = cy_tcp_listen(&listener, &at, NULL);
    EXPECT_EQ(rc, 0);
    if (rc != 0)
        return rc;
    while (cy_tcp_accept(&socket, listener, CY_FOREVER) == 0)
        EXPECT_EQ(cy_task_spawn(NULL, echo, socket, NULL), 0);
    cy_close(&listener);
    return 0;
}

static ssize_t
ask_once(cy_socket *socket)
{
    char byte = 'x';
    ssize_t n = cy_write(socket, &byte, 1, cy_after(2 * CY_SECOND));
    return n == 1 ? cy_read(socket, &byte, 1, cy_after(2 * CY_SECOND)) : n;
}

static int
ask(void *arg)
{
    uint32_t me = my_number();
    cy_address to = address_of((me + 1) % world.nodes);
    cy_socket *socket;
    (void) arg;
    do {
        if (cy_tcp_connect(&socket, &to, cy_after(2 * CY_SECOND)) != 0)
            continue;
        while (ask_once(socket) == 1) {
            state()->answered[me] = cyi_sim_now(world.sim);
            if (cy_sleep(CY_SECOND) != 0)
                break;
        }
        cy_close(&socket);
    } while (cy_sleep(CY_SECOND) == 0);
    return 0;
}

static int
live(void *arg)
{
    static cy_task_fn *const tasks[] = {say, answer, ask};
    (void) arg;
    for (int i = 0; i < 3; i++) {
        uint16_t core = (uint16_t) draw(cy_core_count());
        EXPECT_EQ(cy_task_spawn_on(NULL, core, tasks[i], NULL, NULL), 0);
    }
    while (cyi_sim_now(world.sim) < END)
        (void) !cy_sleep(CY_SECOND);
    note(state()->hellos);
    cy_shutdown(CY_NOW);
    return 0;
}

static void
check(void)
{
    struct cyi_sim_counters counters;
    cyi_sim_count(world.sim, &counters);
    EXPECT_EQ(counters.sockets, 0);
    EXPECT_EQ(counters.crashes, state()->crashes);
    for (uint32_t i = 0; i < world.nodes; i++) {
        EXPECT(state()->answered[i] > END - LATELY);
        for (uint32_t j = 0; j < world.nodes; j++)
            EXPECT(state()->heard[i][j] > END - LATELY);
    }
}

static void
everybody_hears_of_everybody_when_the_faults_are_over(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, live, check};
    seeds_run(&program, 100);
}

CY_TEST_MAIN("sim.cluster", CY_TEST(everybody_hears_of_everybody_when_the_faults_are_over))
