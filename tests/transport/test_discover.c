#include "discover_state.h"
#include "member_table.h"
#include "member_world.h"

#include <string.h>

/* Hellos: which count, which are answered, how many; and a node that cannot have the port. */

static void
lets_so_many_pass_and_more_with_time(void)
{
    struct cyi_bucket bucket = {0};
    for (int i = 0; i < 20; i++)
        CU_ASSERT_TRUE(cyi_bucket_take(&bucket, CY_SECOND, 5, 20));
    CU_ASSERT_FALSE(cyi_bucket_take(&bucket, CY_SECOND, 5, 20));
    CU_ASSERT_FALSE(cyi_bucket_take(&bucket, CY_SECOND + CY_SECOND / 5 - 1000, 5, 20));
    CU_ASSERT_TRUE(cyi_bucket_take(&bucket, CY_SECOND + CY_SECOND / 5, 5, 20));
    CU_ASSERT_FALSE(cyi_bucket_take(&bucket, CY_SECOND + CY_SECOND / 5, 5, 20));
    CU_ASSERT_FALSE(cyi_bucket_take(&bucket, CY_SECOND, 5, 20)); /* a clock that goes back */
    for (int i = 0; i < 20; i++)
        CU_ASSERT_TRUE(cyi_bucket_take(&bucket, CY_HOUR, 5, 20));
    CU_ASSERT_FALSE(cyi_bucket_take(&bucket, CY_HOUR, 5, 20));
}

static void
limits_each_source_and_all_together(void)
{
    static struct cyi_limit limit;
    uint8_t source[16] = {1};
    memset(&limit, 0, sizeof limit);
    for (int i = 0; i < CYI_LIMIT_SOURCE_BURST; i++)
        CU_ASSERT_TRUE(cyi_limit_pass(&limit, CY_HOUR, source));
    CU_ASSERT_FALSE(cyi_limit_pass(&limit, CY_HOUR, source));
    uint32_t passed = CYI_LIMIT_SOURCE_BURST;
    for (uint32_t i = 0; i < 4 * CYI_LIMIT_BURST; i++) {
        cyi_put32(source + 4, i);
        passed += cyi_limit_pass(&limit, CY_HOUR, source);
    }
    CU_ASSERT_EQUAL(passed, CYI_LIMIT_BURST);
    memset(source, 0, sizeof source);
    source[0] = 1;
    CU_ASSERT_FALSE(cyi_limit_pass(&limit, CY_HOUR, source));
    CU_ASSERT_TRUE(cyi_limit_pass(&limit, CY_HOUR + CY_MINUTE, source));
}

/* In a task of node 0, which has a network of its own and knows nobody. */
static struct cyi_net *
net_here(void)
{
    return cyi_net_core(cyi_self)->net;
}

static uint64_t
now_ms(void)
{
    return (uint64_t) (cyi_self->os->realtime(cyi_self->os) / CY_MILLISECOND);
}

static struct cyi_hello
hello_of(uint32_t number, uint32_t sequence)
{
    struct cyi_hello hello = {.kind = CYI_HELLO_ASK, .sequence = sequence, .port = 4000};
    cyi_put32(hello.incarnation, number);
    hello.time_ms = now_ms();
    return hello;
}

static void
give(const struct cyi_hello *hello)
{
    uint8_t bytes[CYI_HELLO_MAX];
    cy_address source;
    size_t size = cyi_discover_sign(net_here(), hello, bytes);
    WORLD_CHECK(cy_address_parse(&source, "10.0.0.7", CYI_UDP_PORT) == 0);
    cyi_discover_take(net_here()->discover, bytes, size, &source);
}

static bool
knows(uint32_t number)
{
    uint8_t incarnation[16] = {0};
    struct cyi_members *members = net_here()->members;
    cyi_put32(incarnation, number);
    pthread_mutex_lock(&members->lock);
    bool known = cyi_member_known(members, incarnation) != NULL;
    pthread_mutex_unlock(&members->lock);
    return known;
}

static struct cyi_member_counters
counters(void)
{
    struct cyi_member_counters out;
    cyi_members_count(net_here()->members, &out);
    return out;
}

static int
take_hellos(void *arg)
{
    struct cyi_hello hello = hello_of(7, 5);
    (void) arg;
    give(&hello);
    WORLD_CHECK(knows(7) && counters().hellos_received >= 1);
    uint64_t old = counters().hellos_old;
    give(&hello);
    hello.sequence = 4;
    give(&hello);
    WORLD_CHECK(counters().hellos_old == old + 2);
    hello.sequence = 6;
    hello.time_ms -= 3600000; /* its clock was put right */
    give(&hello);
    WORLD_CHECK(counters().hellos_old == old + 2);
    hello = hello_of(8, 1);
    hello.time_ms += 30000;
    give(&hello);
    WORLD_CHECK(knows(8));
    memcpy(hello.incarnation, cyi_self->node->incarnation, 16);
    give(&hello);
    WORLD_CHECK(net_here()->members->count == 2);
    return 0;
}

static void
run(cy_task_fn *fn)
{
    world_open(20 * CY_SECOND);
    world.nodes[0].silent = true;
    world.nodes[0].extra = fn;
    world_start(0, 0);
    world_run();
}

static void
takes_each_hello_once(void)
{
    run(take_hellos);
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
take_hints(void *arg)
{
    struct cyi_hello hello;
    (void) arg;
    for (uint32_t i = 0; i < CYI_LIMIT_RARE_BURST + 5; i++) {
        hello = hello_of(100 + i, 1);
        hello.time_ms += i % 2 == 0 ? 30001 : (uint64_t) -30001;
        give(&hello);
        WORLD_CHECK(knows(100 + i) == (i < CYI_LIMIT_RARE_BURST));
    }
    hello = hello_of(7, 1);
    give(&hello);
    WORLD_CHECK(knows(7));
    return 0;
}

static void
takes_few_hellos_of_another_time(void)
{
    run(take_hints);
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
take_nonsense(void *arg)
{
    struct cyi_hello hello = hello_of(7, 1);
    uint8_t bytes[CYI_HELLO_MAX + 1] = {0}, copy[CYI_HELLO_MAX + 1];
    cy_address source;
    (void) arg;
    WORLD_CHECK(cy_address_parse(&source, "10.0.0.7", CYI_UDP_PORT) == 0);
    size_t size = cyi_discover_sign(net_here(), &hello, bytes);
    for (size_t i = 0; i < size; i++)
        cyi_discover_take(net_here()->discover, bytes, i, &source);
    WORLD_CHECK(!knows(7) && counters().hellos_bad + counters().hellos_foreign > size / 2);
    for (size_t i = 0; i < 16; i++) { /* the magic, the key's id */
        memcpy(copy, bytes, sizeof copy);
        copy[i] ^= 0x80;
        cyi_discover_take(net_here()->discover, copy, size, &source);
    }
    memcpy(copy, bytes, sizeof copy);
    copy[size - 1] ^= 1;
    cyi_discover_take(net_here()->discover, copy, size, &source);
    cyi_discover_take(net_here()->discover, bytes, size + 1, &source);
    cyi_discover_take(net_here()->discover, bytes, sizeof bytes, &source);
    WORLD_CHECK(!knows(7) && counters().hellos_foreign > 0);
    cyi_discover_take(net_here()->discover, bytes, size, &source);
    WORLD_CHECK(knows(7));
    return 0;
}

static void
drops_what_is_no_hello_of_ours(void)
{
    run(take_nonsense);
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
flood(void *arg)
{
    (void) arg;
    for (uint32_t i = 0; i <= CYI_LIMIT_SOURCE_BURST; i++) {
        struct cyi_hello hello = hello_of(7, 1 + i);
        give(&hello);
    }
    WORLD_CHECK(counters().hellos_limited == 1);
    return 0;
}

static void
does_not_look_at_a_flood(void)
{
    run(flood);
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
make_answers(void *arg)
{
    struct cyi_hello hello;
    uint8_t bytes[CYI_HELLO_MAX];
    uint32_t last = 0;
    (void) arg;
    for (size_t room = CYI_HELLO_MIN + CYI_HELLO_MAC; room <= CYI_HELLO_MAX; room++) {
        size_t size = cyi_discover_hello(net_here(), CYI_HELLO_ANSWER, room, bytes);
        WORLD_CHECK(size <= room);
        WORLD_CHECK(cyi_hello_read(&hello, bytes, size - CYI_HELLO_MAC) == 0);
        WORLD_CHECK(hello.kind == CYI_HELLO_ANSWER && hello.sequence > last);
        WORLD_CHECK(hello.address_count == 2 || room < CYI_HELLO_MIN + CYI_HELLO_MAC + 32);
        last = hello.sequence;
    }
    return 0;
}

static void
answers_with_no_more_bytes_than_came(void)
{
    run(make_answers);
    CU_ASSERT_EQUAL(world.count, 0);
}

/* A peer's hello is announced, another's is not. */
static int
announce(void *arg)
{
    struct cyi_hello hello = hello_of(7, 1);
    uint8_t bytes[CYI_HELLO_MAX];
    (void) arg;
    size_t size = cyi_discover_sign(net_here(), &hello, bytes);
    cyi_discover_announce(net_here(), 7, bytes, size); /* says of no place */
    hello.address_count = 1;
    memcpy(hello.addresses[0], cyi_self->home.address, 16);
    size = cyi_discover_sign(net_here(), &hello, bytes);
    cyi_discover_announce(net_here(), 8, bytes, size);
    cyi_discover_announce(net_here(), 7, bytes, size - 1);
    cyi_discover_announce(net_here(), 7, bytes, 3);
    WORLD_CHECK(counters().announced == 0);
    for (int i = 0; i <= CYI_LIMIT_RARE_BURST; i++)
        cyi_discover_announce(net_here(), 7, bytes, size);
    WORLD_CHECK(counters().announced == CYI_LIMIT_RARE_BURST);
    return 0;
}

static void
announces_who_asks_for_itself(void)
{
    run(announce);
    CU_ASSERT_EQUAL(world.count, 0);
}

/* A program that has the port for itself. */
static int
take_the_port(void *arg)
{
    cy_address any;
    cy_socket *socket;
    (void) arg;
    WORLD_CHECK(cy_address_parse(&any, "0.0.0.0", CYI_UDP_PORT) == 0);
    WORLD_CHECK(cy_udp_open(&socket, &any, NULL) == 0);
    cy_sleep(4 * CY_SECOND);
    cy_close(&socket);
    return 0;
}

static void
start_the_others(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    (void) arg;
    world_start(1, 0);
    world_start(2, 1);
}

static const char *const known_peers[] = {"10.0.0.1:4000"};

static void
says_so_and_goes_on_when_another_has_the_port(void)
{
    world_open(3 * CY_SECOND);
    world.nodes[0].options.network = NULL;
    world.nodes[0].silent = true;
    world.nodes[0].extra = NULL;
    world.nodes[1].options.tcp_port = 4000;
    world.nodes[2].options.peers = (struct cy_option_list){known_peers, 1};
    cyi_sim_addresses(world.sim, 0, CYI_SIM_V4);
    CY_OK(cyi_sim_node(&world.nodes[0].node, world.sim, 0, &world.nodes[0].options,
                       take_the_port, NULL));
    cyi_sim_at(world.sim, CY_SECOND / 10, start_the_others, NULL);
    world_run();
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "event=discover.closed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "EADDRINUSE"));
    CU_ASSERT_EQUAL(world_count(1, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(2, "n1.0", true), 1);
}

static const char *const first_node[] = {"10.0.0.1"};
static const char *const second_node[] = {"fd00::2"};

static void
keeps_to_the_addresses_that_were_given(void)
{
    world_open(3 * CY_SECOND);
    world.nodes[0].options.node = (struct cy_option_list){first_node, 1};
    world.nodes[1].options.node = (struct cy_option_list){second_node, 1};
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(1, "n2.0", true), 1);
    CU_ASSERT_EQUAL(world_count(2, "n0.0", true), 1);
    CU_ASSERT_EQUAL(world_count(2, "n1.0", true), 1);
}

static void
keeps_to_its_port(void)
{
    world_open(3 * CY_SECOND);
    world.nodes[0].options.udp_port = 6000;
    world.nodes[1].options.udp_port = 6000;
    for (uint32_t i = 0; i < 3; i++)
        world_start(i, i);
    world_run();
    CU_ASSERT_EQUAL(world_count(0, "n1.0", true), 1);
    CU_ASSERT_EQUAL(world_count(0, "n2.0", true), 0);
    CU_ASSERT_EQUAL(world_count(2, "n1.0", true), 0);
}

CY_TEST_MAIN("transport.discover", CY_TEST(lets_so_many_pass_and_more_with_time),
             CY_TEST(limits_each_source_and_all_together), CY_TEST(takes_each_hello_once),
             CY_TEST(takes_few_hellos_of_another_time), CY_TEST(drops_what_is_no_hello_of_ours),
             CY_TEST(does_not_look_at_a_flood), CY_TEST(answers_with_no_more_bytes_than_came),
             CY_TEST(announces_who_asks_for_itself),
             CY_TEST(says_so_and_goes_on_when_another_has_the_port),
             CY_TEST(keeps_to_the_addresses_that_were_given), CY_TEST(keeps_to_its_port))
