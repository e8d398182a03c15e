#include "member_world.h"

#include "net.h"
#include <cycos/file.h>
#include <cycos/impl/core.h>
#include <errno.h>

/* A place that the network does not lead to: whoever sends a file there is told why. */

enum { PORT = 4000, GIVER = 0 };

static struct cyi_net_setup setup;

static int
connect_nowhere(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size)
{
    (void) os;
    (void) fd;
    (void) to;
    (void) size;
    return -EHOSTUNREACH;
}

static int
send_nowhere(void *arg)
{
    struct cyi_os *os = cyi_self->os;
    const struct cyi_socket_ops *before = os->socket;
    struct cyi_socket_ops ops = *before;
    struct cy_file_stat stat = {.size = 1};
    cy_location to;
    (void) arg;
    ops.connect = connect_nowhere;
    WORLD_CHECK(cy_location_resolve(&to, "10.0.0.9", PORT, CY_NOW) == 0);
    os->socket = &ops;
    int sent = cy_file_send(&to, "/tmp/out/f", NULL, 0, &stat, cy_after(CY_MINUTE));
    int deleted = cy_file_delete(&to, "f", NULL, cy_after(CY_MINUTE));
    os->socket = before;
    WORLD_CHECK(sent == -EHOSTUNREACH);
    WORLD_CHECK(deleted == -EHOSTUNREACH);
    WORLD_CHECK(stat.size == 1);
    return 0;
}

static void
a_host_that_cannot_be_reached_is_told(void)
{
    world_open(5 * CY_SECOND);
    cyi_net_setup_init(&setup);
    world.nodes[GIVER].options.network = &setup.network;
    world.nodes[GIVER].options.discover_peers = false;
    world.nodes[GIVER].options.dest_path = "/tmp";
    world.nodes[GIVER].extra = send_nowhere;
    cyi_sim_file_put(world.sim, GIVER, "/tmp/out/f", "text", 4);
    world_start(GIVER, GIVER);
    world_run();
}

CY_TEST_MAIN("transport.file_reach", CY_TEST(a_host_that_cannot_be_reached_is_told))
