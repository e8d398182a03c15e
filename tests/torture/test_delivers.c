/*
 * test_delivers.c - acknowledged messages over sockets whose connections are cut at random.
 *
 * Two nodes of this process deliver to each other on the loopback while both cut all their
 * connections every few milliseconds, wherever in a frame they are. Every cy_deliver() must say
 * 1, and each message must come once and in order. CY_TEST_SCALE=2000 makes them ten million.
 */
#include "cy_node.h"

#include <arpa/inet.h>
#include <connection.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/task.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CORES = 2, SENDERS = 128, DELIVERS = 500000, TAG = 7, BIG_BYTES = 100000 };

struct body {
    uint32_t sender, number;
};

static const char *const loopback[] = {"127.0.0.1"};
static struct cyi_net_setup setup;
static uint32_t port, each; /* messages of each sender */
static atomic_bool done;    /* all have been delivered */
static atomic_uint_fast64_t acknowledged, received, cuts, resent;
static uint32_t last[SENDERS]; /* the receiver's */

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

/* Cutting. */

static void
cut_link(struct cyi_link *link, void *arg)
{
    (void) arg;
    if (link->connection == NULL)
        return;
    cyi_connection_cut(link->connection, -ECONNRESET);
    cyi_link_activate(link);
    atomic_fetch_add(&cuts, 1);
}

static int
cut_all(void *arg)
{
    (void) arg;
    struct cyi_core *core = cyi_self;
    uint32_t random;
    do {
        cyi_links_each(core, cut_link, NULL);
        core->os->random(core->os, &random, sizeof random);
    } while (cy_sleep((1 + random % 20) * CY_MILLISECOND) == 0);
    atomic_fetch_add(&resent, cyi_net_core(core)->counters.resent);
    return 0;
}

static void
start_cutters(void)
{
    struct cy_task_options daemon = {.daemon = true};
    for (uint16_t i = 0; i < CORES; i++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, i, cut_all, NULL, &daemon), 0);
}

/* Receiving. */

static void
take(const cy_msg *msg)
{
    struct body body;
    memcpy(&body, cy_msg_body(msg), sizeof body);
    CY_CHECK(body.sender < SENDERS);
    CY_CHECK_EQ(body.number, last[body.sender % SENDERS] + 1);
    last[body.sender % SENDERS] = body.number;
    atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
}

static int
sink(void *arg)
{
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_register("sink"), 0);
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        take(msg);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
serve(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(NULL, CORES - 1, sink, NULL, &daemon), 0);
    start_cutters();
    while (!atomic_load(&done))
        cy_sleep(10 * CY_MILLISECOND);
    return 0;
}

/* Sending. */

/* Now and then one that is cut up. */
static int
deliver(cy_ref to, const struct body *body)
{
    cy_msg *msg;
    int rc = cy_msg_create(&msg, TAG, body->number % 1000 == 0 ? BIG_BYTES : sizeof *body);
    CY_CHECK_EQ(rc, 0);
    if (rc != 0)
        return rc;
    memcpy(cy_msg_body(msg), body, sizeof *body);
    while ((rc = cy_deliver(to, &msg, CY_FOREVER)) == -EAGAIN)
        cy_sleep(CY_MILLISECOND);
    cy_msg_free(&msg);
    return rc;
}

static int
send_all(void *arg)
{
    struct body body = {.sender = (uint32_t) (uintptr_t) arg};
    cy_ref to = CY_NOBODY;
    CY_CHECK_EQ(cy_task_locate(&to, "sink", NULL, cy_after(30 * CY_SECOND)), 0);
    while (body.number < each) {
        body.number++;
        int rc = deliver(to, &body);
        CY_CHECK_EQ(rc, 1);
        if (rc != 1)
            return 1;
        atomic_fetch_add_explicit(&acknowledged, 1, memory_order_relaxed);
    }
    return 0;
}

static int
call(void *arg)
{
    struct cy_task_options options = {.joinable = true};
    cy_ref tasks[SENDERS];
    (void) arg;
    for (uintptr_t i = 0; i < SENDERS; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&tasks[i], i % CORES, send_all, (void *) i, &options), 0);
    start_cutters();
    for (uint32_t i = 0; i < SENDERS; i++)
        CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
    /* What is acknowledged is in the mailbox; the other side may still be taking it out. */
    while (atomic_load(&received) < atomic_load(&acknowledged))
        cy_sleep(CY_MILLISECOND);
    atomic_store(&done, true);
    return 0;
}

static void *
run_node(void *main)
{
    struct cy_options options;
    cy_node_options(&options, CORES);
    options.network = &setup.network;
    options.udp_port = port;
    options.node = (struct cy_option_list){loopback, 1};
    options.mailbox_max = 4 * SENDERS;
    return (void *) (intptr_t) cy_run(&options, *(cy_task_fn **) main, NULL);
}

static void
run_both(void)
{
    static cy_task_fn *mains[] = {serve, call};
    pthread_t threads[2];
    void *status;
    cy_node_begin_checks();
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, run_node, &mains[i]), 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], &status), 0);
        CU_ASSERT_EQUAL((intptr_t) status, 0);
    }
    cy_node_assert_checks();
}

static void
none_is_lost_nor_doubled_nor_out_of_order(void)
{
    port = draw_port();
    each = (uint32_t) (cy_test_scale(DELIVERS) / SENDERS) + 1;
    cyi_net_setup_init(&setup);
    setup.limits.redial_ns = CY_MILLISECOND / 10;
    setup.limits.redial_max_ns = 2 * CY_MILLISECOND;
    run_both();
    CU_ASSERT_EQUAL(atomic_load(&acknowledged), (uint64_t) each * SENDERS);
    CU_ASSERT_EQUAL(atomic_load(&received), (uint64_t) each * SENDERS);
    CU_ASSERT_TRUE(atomic_load(&resent) > 0);
    printf("%" PRIu64 " delivered, %" PRIu64 " cuts, %" PRIu64 " frames sent again ",
           (uint64_t) atomic_load(&received), (uint64_t) atomic_load(&cuts),
           (uint64_t) atomic_load(&resent));
}

CY_TEST_MAIN("torture.delivers", CY_TEST(none_is_lost_nor_doubled_nor_out_of_order))
