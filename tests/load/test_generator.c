/* test_generator.c - one generator, with the test as its coordinator. */
#include "clock.h"
#include "cy_node.h"
#include "generator.h"
#include "messages.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

static struct load_flags flags;
static struct load_settings settings;
static struct load_order order;
static struct peer peer;

static void
make_order(uint16_t port)
{
    char error[300], target[60];
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", port);
    CY_OK(load_settings_make(&settings, &flags, target, error, sizeof error));
    memset(&order, 0, sizeof order);
    order.settings = &settings;
    order.parts = 1;
    order.count = settings.connections;
    order.run = 99;
    CY_OK(cy_address_parse(&order.place.address, "127.0.0.1", port));
}

static void
set_flags(void)
{
    load_flags_init(&flags);
    flags.connections = 2;
    flags.warmup = "0s";
    flags.duration_ns = 100000000;
}

static cy_msg *
expect(uint32_t tag)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), tag);
    return msg;
}

static void
expect_ready(int error)
{
    struct load_msg_ready ready;
    cy_msg *msg = expect(LOAD_MSG_READY);
    memcpy(&ready, cy_msg_body(msg), sizeof ready);
    CY_CHECK_EQ(ready.error, error);
    cy_msg_free(&msg);
}

static struct load_msg_done
expect_done(void)
{
    struct load_msg_done done = {.part = 77};
    struct load_histogram *histogram = load_histogram_create();
    cy_msg *msg = expect(LOAD_MSG_DONE);
    CY_CHECK_EQ(load_read_done(msg, &done, histogram, histogram), 0);
    cy_msg_free(&msg);
    load_histogram_free(&histogram);
    return done;
}

static int
steer_a_whole_run(void *arg)
{
    cy_ref generator;
    struct load_msg_second second;
    struct load_histogram *histogram = load_histogram_create();
    (void) arg;
    order.coordinator = cy_self();
    CY_CHECK_EQ(cy_task_spawn(&generator, load_generate, &order, NULL), 0);
    expect_ready(0);
    const struct load_msg_start start = {load_clock() + CY_MILLISECOND, 0};
    CY_CHECK_EQ(cy_send_bytes(generator, LOAD_MSG_START, &start, sizeof start), 0);
    cy_msg *msg = expect(LOAD_MSG_SECOND);
    CY_CHECK_EQ(load_read_second(msg, &second, histogram), 0);
    CY_CHECK_EQ(second.index, 0);
    CY_CHECK_EQ(second.completed, histogram->total);
    cy_msg_free(&msg);
    struct load_msg_done done = expect_done();
    CY_CHECK(done.counters.completed <= second.completed);
    CY_CHECK_EQ(done.connections, 2);
    CY_CHECK_EQ(load_faults_sum(&done.counters.faults), 0);
    load_histogram_free(&histogram);
    return 0;
}

/* How many replies the next second has had that is told; what is none is left in @other. */
static uint64_t
expect_second(cy_msg **other)
{
    struct load_msg_second second = {.completed = 0};
    struct load_histogram *histogram = load_histogram_create();
    CY_CHECK_EQ(cy_receive(other, CY_FOREVER), 0);
    if (cy_msg_tag(*other) == LOAD_MSG_SECOND) {
        CY_CHECK_EQ(load_read_second(*other, &second, histogram), 0);
        CY_CHECK_EQ(second.completed, histogram->total);
        cy_msg_free(other);
    }
    load_histogram_free(&histogram);
    return second.completed;
}

/* As many seconds as it takes until there is a reply; then it is told to stop. */
static int
steer_until_a_reply(void *arg)
{
    cy_ref generator;
    cy_msg *msg = NULL;
    uint64_t told = 0;
    (void) arg;
    order.coordinator = cy_self();
    CY_CHECK_EQ(cy_task_spawn(&generator, load_generate, &order, NULL), 0);
    expect_ready(0);
    const struct load_msg_start start = {load_clock() + CY_MILLISECOND, CY_MILLISECOND};
    CY_CHECK_EQ(cy_send_bytes(generator, LOAD_MSG_START, &start, sizeof start), 0);
    while (told == 0 && msg == NULL)
        told = expect_second(&msg);
    CY_CHECK_EQ(cy_send_bytes(generator, LOAD_MSG_STOP, NULL, 0), 0);
    while (msg == NULL)
        told += expect_second(&msg);
    struct load_msg_done done = {.part = 77};
    struct load_histogram *histogram = load_histogram_create();
    CY_CHECK_EQ(load_read_done(msg, &done, histogram, histogram), 0);
    CY_CHECK(told > 0 && done.counters.completed >= told);
    CY_CHECK_EQ(load_faults_sum(&done.counters.faults), 0);
    cy_msg_free(&msg);
    load_histogram_free(&histogram);
    return 0;
}

static int
stop_it_before_its_start(void *arg)
{
    cy_ref generator;
    (void) arg;
    order.coordinator = cy_self();
    CY_CHECK_EQ(cy_task_spawn(&generator, load_generate, &order, NULL), 0);
    expect_ready(0);
    CY_CHECK_EQ(cy_send_bytes(generator, LOAD_MSG_STOP, NULL, 0), 0);
    struct load_msg_done done = expect_done();
    CY_CHECK_EQ(done.counters.sent, 0);
    return 0;
}

static int
see_it_fail(void *arg)
{
    (void) arg;
    order.coordinator = cy_self();
    CY_CHECK_EQ(cy_task_spawn(NULL, load_generate, &order, NULL), 0);
    expect_ready(-ECONNREFUSED);
    expect_done();
    return 0;
}

static void
tells_of_readiness_of_each_second_and_of_the_end(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    make_order(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, steer_a_whole_run, NULL), 0);
    peer_stop(&peer);
}

static void
tells_of_all_replies(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    flags.duration_ns = INT64_C(1000000000000);
    make_order(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, steer_until_a_reply, NULL), 0);
    peer_stop(&peer);
}

static void
stops_when_it_is_told(void)
{
    peer_start(&peer, PEER_ECHO);
    set_flags();
    make_order(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, stop_it_before_its_start, NULL), 0);
    peer_stop(&peer);
}

static void
says_why_it_cannot_connect(void)
{
    set_flags();
    make_order(peer_free_port());
    CU_ASSERT_EQUAL(cy_node_run(1, see_it_fail, NULL), 0);
}

CY_TEST_MAIN("load.generator", CY_TEST(tells_of_readiness_of_each_second_and_of_the_end),
             CY_TEST(tells_of_all_replies), CY_TEST(stops_when_it_is_told),
             CY_TEST(says_why_it_cannot_connect))
