/* test_connection.c - the two tasks of a connection, without a generator. */
#include "clock.h"
#include "connection.h"
#include "cy_node.h"
#include "peer.h"

#include <cycos/task.h>
#include <string.h>

static struct load_flags flags;
static struct load_settings settings;
static struct load_group group;
static struct load_connection connection;
static struct peer peer;

static void
make_group(uint16_t port)
{
    char error[300], target[60];
    load_flags_init(&flags);
    flags.pipeline = 8;
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", port);
    CY_OK(load_settings_make(&settings, &flags, target, error, sizeof error));
    memset(&group, 0, sizeof group);
    memset(&connection, 0, sizeof connection);
    group.settings = &settings;
    CY_OK(load_recorder_init(&group.recorder, &settings));
    group.recorder.from_ns = 0;
    CY_OK(cy_address_parse(&group.place.address, "127.0.0.1", port));
    group.unready = 1;
    connection.group = &group;
    const struct load_client_shared shared = {
        .settings = &settings, .recorder = &group.recorder, .run = 5};
    CY_OK(load_client_init(&connection.client, &shared, NULL, 0));
}

static void
free_group(void)
{
    load_connection_fini(&connection);
    load_recorder_fini(&group.recorder);
}

static void
start_and_wait(void)
{
    group.generator = cy_self();
    CY_CHECK_EQ(load_connection_start(&connection), 0);
    while (group.unready > 0 && group.error == 0)
        CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
}

static void
end_and_wait(void)
{
    group.phase = LOAD_PHASE_DRAINING;
    load_connection_drain(&connection);
    while (group.tasks > 0)
        CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
}

static int
send_three(void *arg)
{
    (void) arg;
    start_and_wait();
    group.phase = LOAD_PHASE_RUNNING;
    CY_CHECK(load_connection_open(&connection));
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(load_client_request(&connection.client, load_clock()), 0);
    load_connection_flush(&connection);
    end_and_wait();
    CY_CHECK(!load_connection_open(&connection));
    CY_CHECK_EQ(group.recorder.counters.completed, 3);
    CY_CHECK_EQ(group.recorder.counters.writes, 1); /* one batch */
    CY_CHECK_EQ(load_faults_sum(&group.recorder.counters.faults), 0);
    CY_CHECK_EQ(load_counters_errors(&group.recorder.counters), 0);
    return 0;
}

static int
go_round_in_a_closed_loop(void *arg)
{
    (void) arg;
    start_and_wait();
    group.phase = LOAD_PHASE_RUNNING;
    group.closed_loop = true;
    load_connection_top_up(&connection, load_clock());
    while (group.recorder.counters.completed < 1000)
        CY_CHECK_EQ(cy_yield(), 0);
    end_and_wait();
    CY_CHECK_EQ(load_faults_sum(&group.recorder.counters.faults), 0);
    CY_CHECK_EQ(group.recorder.counters.completed, group.recorder.counters.sent);
    return 0;
}

static int
fail_to_connect(void *arg)
{
    (void) arg;
    start_and_wait();
    CY_CHECK_EQ(group.error, -ECONNREFUSED);
    end_and_wait();
    return 0;
}

static void
what_is_flushed_together_is_written_together_and_answered(void)
{
    peer_start(&peer, PEER_ECHO);
    make_group(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, send_three, NULL), 0);
    free_group();
    peer_stop(&peer);
}

static void
a_closed_loop_keeps_itself_going_until_it_is_drained(void)
{
    peer_start(&peer, PEER_ECHO);
    make_group(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, go_round_in_a_closed_loop, NULL), 0);
    free_group();
    peer_stop(&peer);
}

static void
a_refused_connection_fails_the_set_up(void)
{
    make_group(peer_free_port());
    CU_ASSERT_EQUAL(cy_node_run(1, fail_to_connect, NULL), 0);
    free_group();
}

CY_TEST_MAIN("load.connection",
             CY_TEST(what_is_flushed_together_is_written_together_and_answered),
             CY_TEST(a_closed_loop_keeps_itself_going_until_it_is_drained),
             CY_TEST(a_refused_connection_fails_the_set_up))
