/* test_member_add.c - why a peer is not reached, by the codes of cy_peer_add(). */
#include "member_table.h"
#include "member_world.h"

static cy_location
at(const char *host, uint16_t port)
{
    cy_location location;
    WORLD_CHECK(cy_location_resolve(&location, host, port, CY_NOW) == 0);
    return location;
}

static int refusal;

static int
refuse_connect(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size)
{
    (void) os, (void) fd, (void) to, (void) size;
    return refusal;
}

static int
add_for_ever(void *arg)
{
    cy_location location = at("10.0.0.3", 4000);
    (void) arg;
    WORLD_CHECK(cy_peer_add(&location, NULL, CY_FOREVER) == -ECANCELED);
    location.port = 0;
    WORLD_CHECK(cy_peer_add(&location, NULL, CY_FOREVER) == -ECANCELED);
    return 0;
}

static int
add_in_vain(void *arg)
{
    static const int reasons[] = {-EHOSTUNREACH, -ENETUNREACH, -ECONNREFUSED};
    struct cy_task_options joinable = {.joinable = true};
    struct cyi_os *os = cyi_self->os;
    const struct cyi_socket_ops *own = os->socket;
    struct cyi_socket_ops fake = *own;
    cy_location location = at("10.0.0.2", 4000);
    cy_ref task;
    (void) arg;
    os->socket = &fake;
    fake.connect = refuse_connect;
    for (int i = 0; i < 3; i++) {
        refusal = reasons[i];
        WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(CY_MINUTE)) == refusal);
    }
    os->socket = own;
    location = at("10.0.9.9", 4000); /* beyond this network */
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(CY_MINUTE)) == -ENETUNREACH);
    cyi_sim_partition(world.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(2));
    WORLD_CHECK(cy_task_spawn(&task, add_for_ever, NULL, &joinable) == 0);
    cy_sleep(CY_SECOND / 10);
    WORLD_CHECK(cy_terminate(task) == 0);
    WORLD_CHECK(cy_join(NULL, task, cy_after(CY_SECOND)) == 0);
    return 0;
}

static void
says_why_a_peer_is_not_reached(void)
{
    world_open(2 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = add_in_vain;
    world_start(0, 0);
    world_run();
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
stream_to_hosts(void *arg)
{
    struct cyi_members *members = cyi_net_core(cyi_self)->net->members;
    struct cy_peer_options stream = {.stream = true}, once = {.stream = false};
    cy_location here = at("10.0.0.2", 0), there = at("10.0.0.3", 0);
    (void) arg;
    cy_sleep(CY_SECOND / 10);
    members->host_count = CYI_MEMBER_HOSTS_MAX - 1;
    WORLD_CHECK(cy_peer_add(&here, &stream, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cy_peer_add(&there, &stream, cy_after(CY_SECOND)) == -ENOBUFS);
    WORLD_CHECK(cy_peer_add(&there, &once, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cy_peer_add(&here, &stream, cy_after(CY_SECOND)) == 0); /* it is one of them */
    members->host_count = 1;
    WORLD_CHECK(cy_peer_add(&there, &stream, cy_after(CY_SECOND)) == 0);
    return 0;
}

static void
streams_to_so_many_hosts_and_no_more(void)
{
    world_open(3 * CY_SECOND);
    world.nodes[0].options.discover_peers = false;
    world.nodes[0].extra = stream_to_hosts;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
}

CY_TEST_MAIN("transport.member_add", CY_TEST(says_why_a_peer_is_not_reached),
             CY_TEST(streams_to_so_many_hosts_and_no_more))
