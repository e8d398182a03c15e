#include "file_line.h"
#include "member_world.h"
#include "tls_files.h"

#include <cycos/file.h>
#include <cycos/registry.h>
#include <stdio.h>
#include <string.h>

/*
 * Messages beside files, in a simulated world whose connections take all that is written: so no
 * transfer ever waits for the network, and a core that has sixteen of them has always work. How
 * long that work takes the world does not know; so it is counted. A message has to wait for the
 * turns until either core looks at its sockets, and a turn opens some 256 KiB of files,
 * or takes 512 KiB of plain ones.
 */

enum { PORT = 4000, TRANSFERS = 16, SIZE = 3 << 20, TAKER = 0, GIVER = 1 };
enum { SECRET = 1, TLS = 2, WAYS = 4, WORK_MAX = 6 << 20, PLAIN_MAX = 8 << 20 };

static struct cyi_net_setup setup[2];
static struct cyi_tls_files files;
static char certificate[TLS_TEXT_BYTES];
static const char *const password = "a secret that nobody knows";
static uint32_t begun, going, trips;
static uint64_t most; /* bytes of files that came in while one message was on its way */
static cy_time longest;

static int
take_messages(void *arg)
{
    cy_msg *msg;
    (void) arg;
    WORLD_CHECK(cy_task_register("box") == 0);
    while (cy_receive(&msg, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    return 0;
}

static int
give(void *arg)
{
    cy_location to;
    char path[32];
    (void) arg;
    snprintf(path, sizeof path, "/tmp/out/f%u", begun++);
    WORLD_CHECK(cy_location_resolve(&to, "10.0.0.1", PORT, CY_NOW) == 0);
    WORLD_CHECK(cy_file_send(&to, path, "in", 0, NULL, cy_after(CY_MINUTE)) == CY_FILE_SENT);
    going--;
    return 0;
}

static uint64_t
arrived(void)
{
    const struct cyi_net *net = world.nodes[TAKER].node->net;
    return net->cores[0].counters.file_bytes_received;
}

static void
send_one(cy_ref box)
{
    cy_msg *msg;
    uint64_t before = arrived();
    cy_time begin = cyi_sim_now(world.sim);
    WORLD_CHECK(cy_msg_copy(&msg, 1, "x", 1) == 0);
    WORLD_CHECK(cy_deliver(box, &msg, cy_after(10 * CY_SECOND)) == 1);
    cy_time took = cyi_sim_now(world.sim) - begin;
    if (took > longest)
        longest = took;
    if (arrived() - before > most)
        most = arrived() - before;
    trips++;
}

static int
send_both(void *arg)
{
    static const struct cy_task_options daemon = {.daemon = true};
    cy_location location;
    cy_ref box;
    (void) arg;
    WORLD_CHECK(cy_sleep(200 * CY_MILLISECOND) == 0);
    WORLD_CHECK(cy_location_resolve(&location, "10.0.0.1", PORT, CY_NOW) == 0);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND)) == 0);
    WORLD_CHECK(cy_task_locate(&box, "box", NULL, cy_after(2 * CY_SECOND)) == 0);
    for (going = 0; going < TRANSFERS; going++)
        WORLD_CHECK(cy_task_spawn(NULL, give, NULL, &daemon) == 0);
    while (going > 0)
        send_one(box);
    WORLD_CHECK(arrived() == (uint64_t) TRANSFERS * SIZE);
    return 0;
}

static void
put_files(void)
{
    static uint8_t bytes[SIZE];
    for (uint32_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t) (i * i >> 7);
    for (uint32_t i = 0; i < TRANSFERS; i++) {
        char path[32];
        snprintf(path, sizeof path, "/tmp/out/f%u", i);
        cyi_sim_file_put(world.sim, GIVER, path, bytes, SIZE);
    }
}

static void
open_way(int way)
{
    static const struct cyi_sim_options near = {.latency_ns_max = CY_MICROSECOND};
    world_open(30 * CY_SECOND);
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
    CY_OK(cyi_sim_create(&world.sim, cy_test_seed(), &near));
    begun = trips = 0;
    most = 0;
    longest = 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct cy_options *options = &world.nodes[i].options;
        cyi_net_setup_init(&setup[i]);
        options->network = &setup[i].network;
        options->tcp_port = PORT;
        options->discover_peers = false;
        options->dest_path = "/tmp";
        setup[i].passwords = &password;
        setup[i].password_count = (way & SECRET) != 0;
        setup[i].tls = (way & TLS) != 0 ? &files : NULL;
    }
    world.nodes[TAKER].extra = take_messages;
    world.nodes[GIVER].extra = send_both;
    cyi_sim_buffer(world.sim, CYI_SIM_ALL, 8 << 20);
    put_files();
}

static void
run_way(int way)
{
    open_way(way);
    world_start(TAKER, TAKER);
    world_start(GIVER, GIVER);
    world.nodes[TAKER].finished = true; /* it takes until the end */
    world_run();
    CU_ASSERT_TRUE(trips > 10);
    CU_ASSERT_TRUE(longest < CY_MILLISECOND);
    CU_ASSERT_TRUE(most <= (way == 0 ? PLAIN_MAX : WORK_MAX));
}

static void
messages_pass_many_files(void)
{
    tls_make_lasting(certificate, "cycos");
    files = (struct cyi_tls_files){
        .certificate = {"certificate", certificate, strlen(certificate)}};
    for (int way = 0; way < WAYS; way++)
        run_way(way);
}

CY_TEST_MAIN("transport.file_beside", CY_TEST(messages_pass_many_files))
