#include "simulated.h"

#include <cycos/io.h>
#include <cycos/mailbox.h>
#include <cycos/msg.h>
#include <cycos/run.h>
#include <cycos/task.h>

enum { PORT = 700 };

/* A server on host 0 echoes; a client on host 1 asks again and again. */
static struct {
    struct cy_options options[3];
    struct cyi_node *server, *client, *again;
    int asked, answered, last, reconnects, commands;
    cy_time at;
    bool stop;
} seen;

static const struct cyi_sim_options crashing = {.may_crash = true};

static cy_address
server_address(void)
{
    cy_address address;
    CY_ASSERT(cy_address_parse(&address, "10.0.0.1", PORT) == 0);
    return address;
}

static int
echo(void *arg)
{
    cy_socket *socket = arg;
    cy_msg *kept;
    char byte;
    CY_ASSERT(cy_msg_create(&kept, 1, 1000) == 0); /* lost when the node crashes */
    while (cy_read(socket, &byte, 1, CY_FOREVER) == 1 &&
           cy_write(socket, &byte, 1, CY_FOREVER) == 1)
        continue;
    cy_msg_free(&kept);
    cy_close(&socket);
    return 0;
}

static int
serve(void *arg)
{
    cy_address at = server_address();
    cy_socket *listener, *socket;
    (void) arg;
    CY_ASSERT(cy_tcp_listen(&listener, &at, NULL) == 0);
    while (cy_tcp_accept(&socket, listener, CY_FOREVER) == 0)
        CY_ASSERT(cy_task_spawn(NULL, echo, socket, NULL) == 0);
    cy_close(&listener);
    return 0;
}

/* The first thing that goes wrong ends it. */
static int
talk(cy_socket *socket)
{
    char byte = 'x';
    while (!seen.stop) {
        ssize_t n = cy_write(socket, &byte, 1, cy_after(CY_MINUTE));
        seen.asked++;
        if (n == 1)
            n = cy_read(socket, &byte, 1, cy_after(CY_MINUTE));
        if (n != 1)
            return (int) n;
        seen.answered++;
        seen.at = cyi_sim_now(sim);
        (void) !cy_sleep(CY_MILLISECOND);
    }
    return 1;
}

static int
ask(void *arg)
{
    cy_address to = server_address();
    cy_socket *socket;
    (void) arg;
    while (!seen.stop) {
        int rc = cy_tcp_connect(&socket, &to, cy_after(CY_SECOND));
        if (rc == 0) {
            seen.reconnects++;
            rc = talk(socket);
            cy_close(&socket);
        }
        seen.last = rc != 1 ? rc : seen.last;
        (void) !cy_sleep(CY_MILLISECOND);
    }
    return 0;
}

static void
start(struct cyi_node **out, int which, uint32_t on, cy_task_fn *main)
{
    cy_options_init(&seen.options[which]);
    seen.options[which].cores = 2;
    seen.options[which].log_level = CY_LOG_ERROR;
    CY_OK(cyi_sim_node(out, sim, on, &seen.options[which], main, NULL));
}

static void
open_cluster(void)
{
    memset(&seen, 0, sizeof seen);
    open_world(&crashing);
    start(&seen.server, 0, 0, serve);
    start(&seen.client, 1, 1, ask);
    CY_FAILS(cyi_sim_run(sim, CY_SECOND), -ETIMEDOUT);
    CU_ASSERT_TRUE(seen.answered > 100 && seen.reconnects == 1);
    seen.last = 0; /* it may have begun before the server */
}

static void
run_for(cy_time duration)
{
    CY_FAILS(cyi_sim_run(sim, cyi_sim_now(sim) + duration), -ETIMEDOUT);
}

/* What crashed and what did not leaves no leak. The server waits for ever. */
static void
close_cluster(void)
{
    seen.stop = true;
    CY_FAILS(cyi_sim_run(sim, CY_FOREVER), -EDEADLK);
    CU_ASSERT_FALSE(cyi_sim_runs(sim, seen.client));
    CU_ASSERT_EQUAL(cyi_sim_free(&sim), 0);
    for (int i = 0; i < 3; i++)
        cy_options_fini(&seen.options[i]);
}

static void
the_end_of_a_process_is_seen_and_its_port_is_free_for_the_next(void)
{
    open_cluster();
    CU_ASSERT_TRUE(cyi_sim_runs(sim, seen.server));
    cyi_sim_crash(sim, seen.server);
    cyi_sim_crash(sim, seen.server);
    CU_ASSERT_FALSE(cyi_sim_runs(sim, seen.server));
    CU_ASSERT_EQUAL(sim->counters.crashes, 1);
    run_for(100 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(seen.last, -ECONNREFUSED);
    int before = seen.answered;
    start(&seen.again, 2, 0, serve);
    run_for(CY_SECOND);
    CU_ASSERT_TRUE(seen.answered > before + 100 && seen.reconnects == 2);
    close_cluster();
}

static void
without_power_nobody_answers_until_the_host_is_back(void)
{
    open_cluster();
    cyi_sim_power_off(sim, 0);
    run_for(30 * CY_SECOND);
    int before = seen.answered;
    CU_ASSERT_EQUAL(seen.last, 0); /* it still waits for the answer */
    start(&seen.again, 2, 0, serve);
    run_for(60 * CY_SECOND);
    CU_ASSERT_EQUAL(seen.last, -ECONNRESET); /* nobody knows the old connection */
    CU_ASSERT_TRUE(seen.answered > before + 100 && seen.reconnects == 2);
    close_cluster();
}

static void
a_hung_node_answers_late_and_its_kernel_takes_connections(void)
{
    char byte = 'y';
    open_cluster();
    cyi_sim_hang(sim, seen.server);
    run_for(10 * CY_MILLISECOND);
    int before = seen.answered, fd = stream(host(2));
    CY_FAILS(connect_v4(host(2), fd, "10.0.0.1", PORT), -EINPROGRESS);
    run_for(3 * CY_SECOND);
    CU_ASSERT_EQUAL(seen.answered, before);
    CU_ASSERT_EQUAL(put(host(2), fd, "z"), 1);
    run_for(CY_SECOND);
    CY_FAILS(host(2)->socket->read(host(2), fd, &byte, 1), -EAGAIN);
    cyi_sim_continue(sim, seen.server);
    run_for(CY_SECOND);
    CU_ASSERT_EQUAL(host(2)->socket->read(host(2), fd, &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'z');
    CU_ASSERT_TRUE(seen.answered > before + 100);
    CU_ASSERT_EQUAL(seen.reconnects, 1);
    CU_ASSERT_EQUAL(seen.last, 0);
    shut(host(2), fd);
    close_cluster();
}

/* Nobody had accepted them yet: those too know nothing of the end until they say something. */
static void
who_waits_in_the_queue_is_reset_by_a_crash_and_forgotten_without_power(void)
{
    char byte;
    for (int silent = 0; silent < 2; silent++) {
        open_cluster();
        cyi_sim_hang(sim, seen.server);
        int fd = stream(host(2));
        CY_FAILS(connect_v4(host(2), fd, "10.0.0.1", PORT), -EINPROGRESS);
        run_for(CY_SECOND);
        if (silent)
            cyi_sim_power_off(sim, 0);
        else
            cyi_sim_crash(sim, seen.server);
        run_for(CY_SECOND);
        CY_FAILS(host(2)->socket->read(host(2), fd, &byte, 1), silent ? -EAGAIN : -ECONNRESET);
        start(&seen.again, 2, 0, serve);
        CU_ASSERT_EQUAL(put(host(2), fd, "z"), silent ? 1 : -EPIPE);
        run_for(CY_SECOND);
        CY_FAILS(host(2)->socket->read(host(2), fd, &byte, 1), silent ? -ECONNRESET : 0);
        shut(host(2), fd);
        close_cluster();
    }
}

static void
stop_all(struct cyi_sim *world, void *arg)
{
    CU_ASSERT_PTR_EQUAL(world, sim);
    CU_ASSERT_PTR_EQUAL(arg, &seen);
    CU_ASSERT_PTR_NULL(cyi_self);
    seen.commands++;
    seen.at = cyi_sim_now(sim);
}

static int
end_at_once(void *arg)
{
    return arg != NULL;
}

static void
commands_come_at_their_time_and_keep_the_world_alive(void)
{
    memset(&seen, 0, sizeof seen);
    open_world(NULL);
    start(&seen.client, 0, 0, end_at_once);
    cyi_sim_at(sim, 5 * CY_SECOND, stop_all, &seen);
    cyi_sim_at(sim, 2 * CY_SECOND, stop_all, &seen);
    cyi_sim_at(sim, CY_HOUR, stop_all, &seen);
    CY_FAILS(cyi_sim_run(sim, 3 * CY_SECOND), -ETIMEDOUT);
    CU_ASSERT_TRUE(seen.commands == 1 && seen.at == 2 * CY_SECOND);
    cyi_sim_at(sim, CY_SECOND, stop_all, &seen); /* that has passed */
    CY_FAILS(cyi_sim_run(sim, 4 * CY_SECOND), -ETIMEDOUT);
    CU_ASSERT_EQUAL(seen.commands, 2);
    CY_OK(cyi_sim_run(sim, CY_FOREVER));
    CU_ASSERT_TRUE(seen.commands == 4 && seen.at == CY_HOUR);
    cyi_sim_at(sim, 2 * CY_HOUR, stop_all, &seen); /* never comes, and leaves nothing */
    close_world();
    cy_options_fini(&seen.options[0]);
}

static int
crash_the_other(void *arg)
{
    (void) arg;
    cyi_sim_crash(sim, seen.server);
    return 0;
}

static void
a_node_can_crash_another(void)
{
    memset(&seen, 0, sizeof seen);
    open_world(&crashing);
    start(&seen.server, 0, 0, serve);
    start(&seen.client, 1, 1, crash_the_other);
    CY_OK(cyi_sim_run(sim, CY_MINUTE));
    CU_ASSERT_EQUAL(sim->counters.crashes, 1);
    CU_ASSERT_EQUAL(cyi_sim_free(&sim), 0);
    for (int i = 0; i < 2; i++)
        cy_options_fini(&seen.options[i]);
}

static void
a_crashed_node_can_be_looked_at_until_it_is_buried(void)
{
    open_cluster();
    struct cyi_node *server = seen.server;
    CU_ASSERT_FALSE(cyi_sim_crashed(sim, server));
    cyi_sim_crash(sim, server);
    CU_ASSERT_TRUE(cyi_sim_crashed(sim, server));
    CU_ASSERT_EQUAL(server->core_count, 2);
    /* A descriptor that it had is nobody else's. */
    int fd = stream(host(0));
    cyi_sim_bury(sim, &seen.server);
    CU_ASSERT_PTR_NULL(seen.server);
    CY_FAILS(connect_v4(host(0), fd, "10.0.0.2", 1), -EINPROGRESS);
    shut(host(0), fd);
    seen.stop = true;
    CY_OK(cyi_sim_run(sim, CY_FOREVER));
    close_world();
    for (int i = 0; i < 2; i++)
        cy_options_fini(&seen.options[i]);
}

enum { MANY = 64 };

/* 64 nodes with two cores each at once, and as many again when they have ended. */
static void
there_is_room_for_many_nodes_and_for_those_that_follow(void)
{
    struct cyi_node *node;
    memset(&seen, 0, sizeof seen);
    open_world(NULL);
    cy_options_init(&seen.options[0]);
    seen.options[0].cores = CYI_SIM_CORES / MANY;
    seen.options[0].log_level = CY_LOG_ERROR;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++)
            CY_OK(cyi_sim_node(&node, sim, i, &seen.options[0], end_at_once, NULL));
        CY_OK(cyi_sim_run(sim, CY_HOUR));
    }
    CU_ASSERT_EQUAL(sim->node_count, 2 * MANY);
    close_world();
    cy_options_fini(&seen.options[0]);
}

CY_TEST_MAIN("runtime.sim_node",
             CY_TEST(the_end_of_a_process_is_seen_and_its_port_is_free_for_the_next),
             CY_TEST(without_power_nobody_answers_until_the_host_is_back),
             CY_TEST(a_hung_node_answers_late_and_its_kernel_takes_connections),
             CY_TEST(who_waits_in_the_queue_is_reset_by_a_crash_and_forgotten_without_power),
             CY_TEST(commands_come_at_their_time_and_keep_the_world_alive),
             CY_TEST(a_node_can_crash_another),
             CY_TEST(a_crashed_node_can_be_looked_at_until_it_is_buried),
             CY_TEST(there_is_room_for_many_nodes_and_for_those_that_follow))
