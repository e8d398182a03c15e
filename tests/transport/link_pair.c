/* link_pair.c - two simulated nodes, and a server on the other one. */
#include "link_pair.h"

#include <string.h>

struct link_pair pair;

/* Each message begins with its number, and ends with it if there is room for both. */
static void
look_at(const cy_msg *msg)
{
    uint32_t first = 0, last = 0;
    size_t size = cy_msg_size(msg);
    const uint8_t *body = cy_msg_body((cy_msg *) (uintptr_t) msg);
    if (size >= sizeof first) {
        memcpy(&first, body, sizeof first);
        memcpy(&last, body + size - sizeof last, sizeof last);
    }
    pair.got++;
    pair.misplaced += first != pair.got || last != pair.got;
    pair.last_size = size;
    pair.last_tag = cy_msg_tag(msg);
}

int
pair_serve(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        look_at(msg);
        cy_msg_free(&msg);
    }
    return 0;
}

int
pair_start_server(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    WORLD_CHECK(cy_task_spawn_on(&pair.server, 1, pair_serve, NULL, &daemon) == 0);
    return 0;
}

void
pair_open(cy_time end, cy_task_fn *test)
{
    world_open(end);
    memset(&pair, 0, sizeof pair);
    for (uint32_t i = 0; i < 2; i++) {
        cyi_net_setup_init(&pair.setup[i]);
        world_options(i, 2)->network = &pair.setup[i].network;
        world.nodes[i].silent = true;
    }
    world.nodes[0].extra = test;
    world.nodes[1].extra = pair_start_server;
}

void
pair_run(void)
{
    world_start(0, 0);
    world_start(1, 1);
    world_run();
    CU_ASSERT_EQUAL(pair.misplaced, 0);
}

void
pair_wait_for_peers(void)
{
    while (cy_peer_list(NULL, 0) < 3 || cy_ref_is_nobody(pair.server))
        WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
}

void
pair_wait_for(uint32_t count)
{
    for (int i = 0; i < 1000 && pair.got < count; i++)
        WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair.got == count);
}

cy_msg *
pair_message(uint32_t number, size_t size)
{
    cy_msg *msg;
    WORLD_CHECK(cy_msg_create(&msg, PAIR_TAG, size) == 0);
    uint8_t *body = cy_msg_body(msg);
    memset(body, 0, size);
    memcpy(body, &number, sizeof number);
    memcpy(body + size - sizeof number, &number, sizeof number);
    return msg;
}

int
pair_send(uint32_t number, size_t size)
{
    cy_msg *msg = pair_message(number, size);
    int rc = cy_send(pair.server, &msg);
    WORLD_CHECK((msg == NULL) == (rc == 0));
    cy_msg_free(&msg);
    return rc;
}

struct cyi_link *
pair_link(void)
{
    return cyi_link_find(cyi_self, pair.server.node, pair.server.core);
}

struct cyi_net_counters *
pair_counters(void)
{
    return &cyi_net_core(cyi_self)->counters;
}
