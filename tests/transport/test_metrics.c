#include "member_table.h"
#include "trio.h"

#include <cycos/impl/core.h>
#include <cycos/impl/node.h>
#include <cycos/io.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 9464 };

/* The value of a line that begins so; -1: there is none. */
static long long
value_of(const char *text, const char *begin)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s ", begin);
    const char *found = strstr(text, line);
    return found == NULL ? -1 : strtoll(found + strlen(line), NULL, 10);
}

static long long
sum_of(const char *text, const char *name)
{
    char line[128];
    long long sum = 0;
    for (int i = 0; i < TRIO_CORES; i++) {
        snprintf(line, sizeof line, "%s{core=\"%d\"}", name, i);
        long long value = value_of(text, line);
        CY_CHECK(value >= 0);
        sum += value;
    }
    return sum;
}

static char page[64 << 10];

/* As Prometheus would, which has to be on the same host unless the options say otherwise. */
static int
get_page(void *arg)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";
    cy_address address;
    cy_socket *socket;
    size_t n = 0;
    ssize_t rc;
    (void) arg;
    CY_CHECK_EQ(cy_address_parse(&address, "127.0.0.1", PORT), 0);
    if ((rc = cy_tcp_connect(&socket, &address, cy_after(CY_SECOND))) != 0)
        return (int) rc;
    CY_CHECK(cy_write(socket, request, sizeof request - 1, cy_after(CY_SECOND)) > 0);
    while ((rc = cy_read(socket, page + n, sizeof page - 1 - n, cy_after(CY_SECOND))) > 0)
        n += (size_t) rc;
    page[n] = '\0';
    cy_close(&socket);
    CY_CHECK(strncmp(page, "HTTP/1.1 200 ", 13) == 0);
    return (int) rc;
}

static int
greeted(void *arg)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_task_register("greeted"), 0);
    for (int i = 0; i < *(int *) arg; i++) {
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
talk_and_look(void *arg)
{
    int messages = 100;
    cy_ref task;
    (void) arg;
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of(page, "cycos_network_nodes_online"), 0);
    CY_CHECK_EQ(sum_of(page, "cycos_network_items_sent_total"), 0);
    trio_spawn(1, 1, greeted, &messages);
    CY_CHECK_EQ(cy_task_locate(&task, "greeted", NULL, cy_after(CY_MINUTE)), 0);
    for (int i = 0; i < messages; i++)
        CY_CHECK_EQ(cy_send_bytes(task, 1, "hello", 5), 0);
    while (cy_peer_list(NULL, 0) < TRIO_NODES * TRIO_CORES - 1)
        cy_sleep(CY_MILLISECOND);
    cy_sleep(CY_SECOND);
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of(page, "cycos_network_nodes_online"), 2);
    CY_CHECK_EQ(value_of(page, "cycos_network_nodes_known"), 2);
    CY_CHECK_EQ(value_of(page, "cycos_network_peers_online"), 2 * TRIO_CORES);
    CY_CHECK(sum_of(page, "cycos_network_items_sent_total") >= messages);
    CY_CHECK(sum_of(page, "cycos_network_sent_bytes_total") >= 5LL * messages);
    CY_CHECK(sum_of(page, "cycos_network_received_bytes_total") > 0);
    CY_CHECK(sum_of(page, "cycos_network_links") >= 3); /* two hubs, and the one we sent to */
    CY_CHECK(sum_of(page, "cycos_network_links_connected") >= 2);
    CY_CHECK_EQ(sum_of(page, "cycos_network_handshakes_failed_total"), 0);
    CY_CHECK_EQ(sum_of(page, "cycos_network_frames_malformed_total"), 0);
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK(sum_of(page, "cycos_network_items_received_total") >= messages);
    return 0;
}

static void
shows_the_traffic_and_who_is_there(void)
{
    trio.metrics_port = PORT;
    trio_run(talk_and_look);
}

static int
see_one_crash(void *arg)
{
    (void) arg;
    while (cy_peer_list(NULL, 0) < TRIO_NODES * TRIO_CORES - 1)
        cy_sleep(CY_MILLISECOND);
    trio_crash(2);
    while (cy_peer_list(NULL, 0) == TRIO_NODES * TRIO_CORES - 1)
        cy_sleep(CY_MILLISECOND);
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of(page, "cycos_network_nodes_online"), 1);
    CY_CHECK_EQ(value_of(page, "cycos_network_peers_online"), TRIO_CORES);
    CY_CHECK(sum_of(page, "cycos_network_cuts_total") > 0);
    return 0;
}

static void
shows_that_a_node_has_gone(void)
{
    trio.metrics_port = PORT;
    trio_run(see_one_crash);
}

/* As if each counter had counted far: which of them the page shows is seen by how far. */
enum {
    CORE_COUNTERS = sizeof(struct cyi_net_counters) / sizeof(uint64_t),
    NODE_COUNTERS = sizeof(struct cyi_member_counters) / sizeof(uint64_t),
    COUNTERS = CORE_COUNTERS + NODE_COUNTERS
};
static const uint64_t FAR = 1000000000;

static int
show_each_counter(void *arg)
{
    struct cyi_net_core *owner = cyi_net_core(cyi_self);
    struct cyi_members *members = owner->net->members;
    uint64_t *of_core = (uint64_t *) &owner->counters;
    uint64_t *of_node = (uint64_t *) &members->counters;
    bool shown[COUNTERS + 1] = {false};
    (void) arg;
    for (uint32_t i = 0; i < CORE_COUNTERS; i++)
        of_core[i] = (i + 1) * FAR;
    pthread_mutex_lock(&members->lock);
    for (uint32_t i = 0; i < NODE_COUNTERS; i++)
        of_node[i] = (CORE_COUNTERS + i + 1) * FAR;
    pthread_mutex_unlock(&members->lock);
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), 0);
    for (const char *at = page; (at = strstr(at, "\ncycos_network_")) != NULL; at++) {
        uint64_t far = strtoull(at + strcspn(at, " ") + 1, NULL, 10) / FAR;
        CY_CHECK(far <= COUNTERS);
        shown[far <= COUNTERS ? far : 0] = true;
    }
    for (uint32_t i = 1; i <= COUNTERS; i++)
        CY_CHECK(shown[i]);
    return 0;
}

static void
shows_each_counter(void)
{
    trio.metrics_port = PORT;
    trio_run(show_each_counter);
}

static int
fail_to_get(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), -ECONNREFUSED);
    return 0;
}

static void
serves_nothing_without_a_port(void)
{
    trio_run(fail_to_get);
}

CY_TEST_MAIN("transport.metrics", CY_TEST(shows_the_traffic_and_who_is_there),
             CY_TEST(shows_that_a_node_has_gone), CY_TEST(shows_each_counter),
             CY_TEST(serves_nothing_without_a_port))
