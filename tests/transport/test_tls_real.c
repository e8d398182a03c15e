#include "cy_node.h"
#include "net.h"
#include "tls_files.h"

#include <arpa/inet.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/sync.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Two nodes in one process, with files and threads of the real system. Their connections are
 * idle at once, so that there are many of them, while SIGHUP has the files read again.
 */

enum { NODES = 2, MESSAGES = 30 };

static const char *const loopback[] = {"127.0.0.1"};
static const char *const names[NODES] = {"a", "b"};
static struct cyi_net_setup setup;
static uint32_t port;
static atomic_int done;

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
take(void *name)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_task_register(name), 0);
    while (cy_receive(&msg, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    return 0;
}

static int
send_all(void *name)
{
    cy_ref box;
    cy_time deadline = cy_after(60 * CY_SECOND);
    CY_CHECK_EQ(cy_task_locate(&box, name, NULL, deadline), 0);
    for (int i = 0; i < MESSAGES; i++) {
        cy_msg *msg;
        CY_CHECK_EQ(cy_msg_copy(&msg, 1, &i, sizeof i), 0);
        int rc = cy_deliver(box, &msg, deadline);
        CY_CHECK_EQ(rc, 1);
        if (rc < 0)
            cy_msg_free(&msg);
        if (i % 5 == 0)
            kill(getpid(), SIGHUP);
        CY_CHECK_EQ(cy_sleep(5 * CY_MILLISECOND), 0);
    }
    struct cyi_net_core *owner = cyi_net_core(cyi_self);
    CY_CHECK(owner->counters.tls > MESSAGES / 4);
    CY_CHECK_EQ(owner->counters.bad_tls, 0);
    return 0;
}

static int
live(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg;
    static const struct cy_task_options daemon = {.daemon = true},
                                        joinable = {.joinable = true};
    cy_ref sender;
    void *own = (void *) (uintptr_t) names[number];
    void *other = (void *) (uintptr_t) names[1 - number];
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, take, own, &daemon), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&sender, 1, send_all, other, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, sender, CY_FOREVER), 0);
    atomic_fetch_add(&done, 1);
    while (atomic_load(&done) < NODES)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    return 0;
}

static void *
run_node(void *arg)
{
    uintptr_t number = (uintptr_t) arg;
    struct cy_options options;
    cy_node_options(&options, 2);
    options.name = names[number];
    options.network = &setup.network;
    options.udp_port = port;
    options.node = (struct cy_option_list){loopback, 1};
    options.handle_signals = true;
    options.certfile = tls_path("certificate");
    return (void *) (intptr_t) cy_run(&options, live, arg);
}

static void
certificates_are_loaded_again_while_connections_come_and_go(void)
{
    char text[TLS_TEXT_BYTES];
    pthread_t threads[NODES];
    tls_folder_begin();
    tls_make_lasting(text, "cycos");
    tls_write("certificate", text, 0600);
    cyi_net_setup_init(&setup);
    setup.limits.idle_ns = CY_MILLISECOND;
    port = draw_port();
    atomic_store(&done, 0);
    cy_node_begin_checks();
    for (uintptr_t i = 0; i < NODES; i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, run_node, (void *) i), 0);
    for (uint32_t i = 0; i < NODES; i++) {
        void *result;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &result), 0);
        CU_ASSERT_PTR_NULL(result);
    }
    cy_node_assert_checks();
    tls_folder_end();
}

/* A line for people, and no node. */
static int
never_runs(void *arg)
{
    (void) arg;
    CY_CHECK(false);
    return 0;
}

static void
a_node_with_a_wrong_file_does_not_start(void)
{
    char text[TLS_TEXT_BYTES];
    struct cy_options options;
    tls_folder_begin();
    cy_node_options(&options, 1);
    options.network = cy_network();
    options.node = (struct cy_option_list){loopback, 1};
    options.certfile = tls_path("certificate");
    CU_ASSERT_EQUAL(cy_run(&options, never_runs, NULL), -ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "certificate: No such file or directory"));
    tls_write("certificate", "-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n",
              0600);
    CU_ASSERT_EQUAL(cy_run(&options, never_runs, NULL), CY_ENOCERT);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "there is a key in it but no certificate"));
    tls_make(text, "cycos", 1000, 2000);
    tls_write("certificate", text, 0600);
    CU_ASSERT_EQUAL(cy_run(&options, never_runs, NULL), CY_EEXPIRED);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "the certificate expired on 1970-01-01"));
    tls_make(text, "cycos", INT64_C(7000000000), INT64_C(7258118400));
    tls_write("certificate", text, 0600);
    CU_ASSERT_EQUAL(cy_run(&options, never_runs, NULL), CY_EEARLY);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "the certificate is not valid before 2191-"));
    tls_make_lasting(text, "cycos");
    tls_write("certificate", strstr(text, "-----BEGIN CERT"), 0600);
    CU_ASSERT_EQUAL(cy_run(&options, never_runs, NULL), -ENOKEY);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "there is no private key in it"));
    cy_options_fini(&options);
    tls_folder_end();
}

CY_TEST_MAIN("transport.tls_real",
             CY_TEST(certificates_are_loaded_again_while_connections_come_and_go),
             CY_TEST(a_node_with_a_wrong_file_does_not_start))
