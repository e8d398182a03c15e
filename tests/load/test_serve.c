/* test_serve.c - the echo server on every core. */
#include "cy_node.h"
#include "peer.h"
#include "serve.h"

#include <cycos/io.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 8 };

static struct load_service service;
static char *announced;
static size_t announced_size;

static void
serve_on(uint16_t port)
{
    memset(&service, 0, sizeof service);
    snprintf(service.target.host, sizeof service.target.host, "127.0.0.1");
    service.target.protocol = LOAD_TCP;
    service.target.port = port;
    service.announce = open_memstream(&announced, &announced_size);
}

static void
stop_announcing(void)
{
    fclose(service.announce);
    free(announced);
}

static void
echo_once(uint16_t port)
{
    cy_address address;
    cy_socket *socket = NULL;
    char got[6] = "";
    CY_CHECK_EQ(cy_address_parse(&address, "127.0.0.1", port), 0);
    CY_CHECK_EQ(cy_tcp_connect(&socket, &address, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_write(socket, "hello", 5, CY_FOREVER), 5);
    CY_CHECK_EQ(cy_read_full(socket, got, 5, CY_FOREVER), 5);
    CY_CHECK(strcmp(got, "hello") == 0);
    cy_shutdown_write(socket);
    CY_CHECK_EQ(cy_read(socket, got, 5, CY_FOREVER), 0);
    cy_close(&socket);
}

static int
talk_to_it(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(NULL, load_serve, &service, NULL), 0);
    while (announced_size == 0)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    CY_CHECK(strstr(announced, "serving tcp://127.0.0.1:") != NULL);
    CY_CHECK(strstr(announced, " on 2 cores\n") != NULL);
    uint16_t port = (uint16_t) strtoul(strrchr(announced, ':') + 1, NULL, 10);
    CY_CHECK(port != 0);
    for (int i = 0; i < CONNECTIONS; i++)
        echo_once(port);
    cy_shutdown(CY_SECOND);
    return 0;
}

static void
what_is_sent_comes_back_until_the_node_ends(void)
{
    serve_on(0);
    CU_ASSERT_EQUAL(cy_node_run(2, talk_to_it, NULL), 0);
    CU_ASSERT_STRING_EQUAL(service.error, "");
    stop_announcing();
}

static void
an_occupied_port_is_said(void)
{
    struct peer peer;
    char expected[100];
    peer_start(&peer, PEER_ECHO);
    serve_on(peer.port);
    CU_ASSERT_EQUAL(cy_node_run(1, load_serve, &service), 3);
    snprintf(expected, sizeof expected, "cannot listen on 127.0.0.1 port %u: ", peer.port);
    CU_ASSERT_EQUAL(strncmp(service.error, expected, strlen(expected)), 0);
    stop_announcing();
    peer_stop(&peer);
}

CY_TEST_MAIN("load.serve", CY_TEST(what_is_sent_comes_back_until_the_node_ends),
             CY_TEST(an_occupied_port_is_said))
