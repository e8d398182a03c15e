#include "cy_node.h"

#include <arpa/inet.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* Nodes in one process, on threads and sockets of the real system, seek each other's names. */

enum { NODES = 2, CORES = 2, TASKS = 24 };

#define PATIENCE (60 * CY_SECOND)

static const char *const loopback[] = {"127.0.0.1"};
static uint32_t port;
static atomic_int finished;

/* One that is free now. */
static uint32_t
draw_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &at, size), 0);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void
name_of(char *out, size_t size, uint32_t round, uint32_t which)
{
    snprintf(out, size, "round-%u-task-%u", round, which % TASKS);
}

/* In a ring over all nodes and cores: each seeks the next, who may be there or not yet. */
static int
seek_next(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg % TASKS;
    uint32_t round = (uint32_t) (uintptr_t) arg / TASKS;
    char own[32], next[32];
    cy_ref ref = CY_NOBODY;
    cy_msg *msg;
    name_of(own, sizeof own, round, me);
    name_of(next, sizeof next, round, me + 1);
    CY_CHECK_EQ(cy_task_register(own), 0);
    CY_CHECK_EQ(cy_task_locate(&ref, next, NULL, cy_after(PATIENCE)), 0);
    CY_CHECK_EQ(cy_send_bytes(ref, 1, &me, sizeof me), 0);
    CY_CHECK_EQ(cy_receive(&msg, cy_after(PATIENCE)), 0);
    CY_CHECK_EQ(*(const uint32_t *) cy_msg_body(msg), (me + TASKS - 1) % TASKS);
    cy_msg_free(&msg);
    return 0;
}

/* Gives up at any moment of a question. */
static int
seek_in_vain(void *arg)
{
    cy_ref ref;
    cy_time patience = (cy_time) (uintptr_t) arg * 10 * CY_MICROSECOND;
    CY_CHECK_EQ(cy_task_locate(&ref, "nobody", NULL, cy_after(patience)), -ETIMEDOUT);
    return 0;
}

static cy_ref
spawn(uint32_t core, cy_task_fn *fn, uint32_t number)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(
        cy_task_spawn_on(&task, (uint16_t) core, fn, (void *) (uintptr_t) number, &joinable),
        0);
    return task;
}

static void
play_round(uint32_t node, uint32_t round)
{
    cy_ref tasks[2 * TASKS];
    uint32_t n = 0;
    for (uint32_t i = node; i < TASKS; i += NODES) {
        tasks[n++] = spawn(i / NODES % CORES, seek_next, round * TASKS + i);
        tasks[n++] = spawn(i / NODES % CORES, seek_in_vain, i);
    }
    while (n-- > 0)
        CY_CHECK_EQ(cy_join(NULL, tasks[n], CY_FOREVER), 0);
}

static int
play(void *arg)
{
    uint32_t rounds = (uint32_t) cy_test_scale(20);
    for (uint32_t i = 0; i < rounds; i++)
        play_round((uint32_t) (uintptr_t) arg, i);
    atomic_fetch_add(&finished, 1);
    while (atomic_load(&finished) < NODES)
        cy_sleep(CY_MILLISECOND);
    return 0;
}

static void *
run_node(void *arg)
{
    struct cy_options options;
    cy_node_options(&options, CORES);
    options.network = cy_network();
    options.udp_port = port;
    options.node = (struct cy_option_list){loopback, 1};
    return (void *) (intptr_t) cy_run(&options, play, arg);
}

static void
tasks_of_two_nodes_find_each_other(void)
{
    pthread_t threads[NODES];
    port = draw_port();
    atomic_store(&finished, 0);
    cy_node_begin_checks();
    for (uintptr_t i = 0; i < NODES; i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, run_node, (void *) i), 0);
    for (uint32_t i = 0; i < NODES; i++) {
        void *result;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &result), 0);
        CU_ASSERT_PTR_NULL(result);
    }
    cy_node_assert_checks();
}

CY_TEST_MAIN("transport.locate_real", CY_TEST(tasks_of_two_nodes_find_each_other))
