#include "cy_node.h"

#include <arpa/inet.h>
#include <cycos/peer.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two nodes in one process, on threads and sockets of the real system, on the loopback only. */

enum { NODES = 3 };

static const char *const loopback[] = {"127.0.0.1"};
static const char *const names[NODES] = {"a", "b", "c"};
static uint32_t port;
static atomic_int ready;

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

static int
count_online(void *arg)
{
    uint32_t *wanted = arg, online = 0;
    struct cy_peer peer;
    cy_msg *msg;
    CY_CHECK_EQ(cy_peer_watch(cy_self()), 0);
    while (online < *wanted && cy_receive(&msg, cy_after(20 * CY_SECOND)) == 0) {
        CY_CHECK_EQ(cy_peer_read(&peer, msg), 0);
        online += peer.online;
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(online, *wanted);
    return 0;
}

/* Knows all, is known by all, and sees who is left behind go. */
static int
meet_the_others(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg, wanted = 2 * NODES - 1;
    struct cy_task_options options = {.joinable = true};
    cy_location location;
    cy_ref task;
    CY_CHECK_EQ(cy_task_spawn_on(&task, 1, count_online, &wanted, &options), 0);
    for (uint32_t i = 0; i < NODES; i++) {
        char name[8];
        snprintf(name, sizeof name, "%s.1", names[i]);
        CY_CHECK_EQ(cy_peer_locate(&location, name, cy_after(20 * CY_SECOND)), 0);
    }
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    CY_CHECK(cy_peer_list(NULL, 0) <= wanted);
    /* The last one goes when all know all, the others when they have seen it go. */
    atomic_fetch_add(&ready, 1);
    while (number == NODES - 1 ? atomic_load(&ready) < NODES : cy_peer_list(NULL, 0) == wanted)
        cy_sleep(CY_MILLISECOND);
    return 0;
}

static void *
run_node(void *arg)
{
    uintptr_t number = (uintptr_t) arg;
    struct cy_options options;
    cy_node_options(&options, 2);
    options.name = names[number];
    options.network = cy_network();
    options.udp_port = port;
    options.node = (struct cy_option_list){loopback, 1};
    return (void *) (intptr_t) cy_run(&options, meet_the_others, arg);
}

static void
finds_nodes_by_the_system(void)
{
    pthread_t threads[NODES];
    port = draw_port();
    atomic_store(&ready, 0);
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

static int
never_runs(void *arg)
{
    (void) arg;
    CY_CHECK(false);
    return 0;
}

/* What is to be its address, its port or its secret, and what comes of it. */
static void
does_not_start_with(const char *node, uint32_t tcp_port, const char *secret, int code,
                    const char *words)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.network = cy_network();
    options.udp_port = draw_port();
    options.node = (struct cy_option_list){&node, 1};
    options.tcp_port = tcp_port;
    options.secret_file = (struct cy_option_list){&secret, secret != NULL};
    CY_FAILS(cy_run(&options, never_runs, NULL), code);
    if (strstr(options.error, words) == NULL) {
        fprintf(stderr, "\"%s\" has not: %s\n", options.error, words);
        CU_FAIL("other words");
    }
    cy_options_fini(&options);
}

static void
says_why_a_node_does_not_start(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &at, size), 0);
    CU_ASSERT_EQUAL(listen(fd, 1), 0);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &at, &size), 0);
    does_not_start_with("127.0.0.1", ntohs(at.sin_port), NULL, -EADDRINUSE,
                        "cannot listen on TCP port");
    close(fd);
    does_not_start_with("192.0.2.1", 0, NULL, -EADDRNOTAVAIL, "cannot listen on TCP port");
    does_not_start_with("127.0.0.1", 0, "/nothing/of/that/name", -ENOENT,
                        "/nothing/of/that/name");
    char path[] = "/tmp/cycos-secret-XXXXXX";
    fd = mkstemp(path);
    CU_ASSERT_TRUE(fd >= 0 && write(fd, "a secret of all\n", 16) == 16 &&
                   fchmod(fd, 0644) == 0);
    does_not_start_with("127.0.0.1", 0, path, -EACCES, path);
    unlink(path);
    close(fd);
    does_not_start_with("127.0.0.1", 0, "/dev/null", -EINVAL, "/dev/null");
}

static int
watch_starving(void *arg)
{
    struct cy_peer_options stream = {.stream = true};
    cy_location here = cy_self_location();
    (void) arg;
    here.port = 0;
    if (cy_test_starve()) {
        CY_CHECK_EQ(cy_peer_watch(cy_self()), -ENOMEM);
        CY_CHECK_EQ(cy_peer_add(&here, &stream, CY_FOREVER), -ENOMEM);
    }
    dprintf(STDOUT_FILENO, "done");
    _exit(0);
}

static void
starve(void *arg)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.network = cy_network();
    options.udp_port = port;
    options.node = (struct cy_option_list){loopback, 1};
    (void) !cy_run(&options, watch_starving, arg);
}

static void
without_memory_no_watch_and_no_host_is_remembered(void)
{
    static struct cy_test_child child;
    port = draw_port();
    CY_OK(cy_test_run_child(&child, starve, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "done");
}

/* The child first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("transport.member_real",
             CY_TEST(without_memory_no_watch_and_no_host_is_remembered),
             CY_TEST(finds_nodes_by_the_system), CY_TEST(says_why_a_node_does_not_start))
