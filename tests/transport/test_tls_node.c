#include "auth.h"
#include "connection.h"
#include "member_world.h"
#include "tls_files.h"

#include <arpa/inet.h>
#include <cycos/impl/router.h>
#include <cycos/io.h>
#include <cycos/registry.h>
#include <cycos/sync.h>
#include <stdio.h>
#include <string.h>

/*
 * Nodes with certificates. Node 0 listens and has a certificate; node 1 wants to be its peer,
 * or to do it harm; node 2 comes when there is something to be seen by a third.
 */

enum { PORT = 4000, RELAY_PORT = 5000, NODES = 3 };

static struct cyi_net_setup setup[NODES];
static struct cyi_tls_files files[NODES];
static char texts[NODES][TLS_TEXT_BYTES];
static char one[TLS_TEXT_BYTES], two[TLS_TEXT_BYTES];
static const char *const ours[] = {"our secret"}, *const theirs[] = {"another secret"};

static void
give(uint32_t node, const char *certificate)
{
    if (texts[node] != certificate)
        snprintf(texts[node], sizeof texts[node], "%s", certificate);
    files[node] = (struct cyi_tls_files){
        .certificate = {"certificate", texts[node], strlen(texts[node])}};
    setup[node].tls = &files[node];
}

static void
give_secret(uint32_t node, const char *const *passwords)
{
    setup[node].passwords = passwords;
    setup[node].password_count = passwords != NULL;
}

static struct cyi_net_counters *
counters(uint32_t node)
{
    const struct cyi_net *net = world.nodes[node].node->net;
    return &net->cores[0].counters;
}

static bool
is_logged(const char *text)
{
    return memmem(world.log, world.logged, text, strlen(text)) != NULL;
}

static void
open_nodes(cy_task_fn *first, cy_task_fn *second)
{
    if (one[0] == 0) {
        tls_make_lasting(one, "cycos");
        tls_make_lasting(two, "cycos");
    }
    world_open(12 * CY_SECOND);
    for (uint32_t i = 0; i < NODES; i++) {
        cyi_net_setup_init(&setup[i]);
        world.nodes[i].options.network = &setup[i].network;
        world.nodes[i].options.discover_peers = false;
    }
    world.nodes[0].options.tcp_port = PORT;
    world.nodes[1].extra = first;
    world.nodes[2].extra = second;
    give(0, one);
}

static void
run_nodes(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        if (i == 0 || world.nodes[i].extra != NULL)
            world_start(i, i);
    }
    world_run();
}

/* Who meets whom. */

static int expected; /* of cy_peer_add() */

static int
join(void *arg)
{
    cy_location location;
    (void) arg;
    WORLD_CHECK(cy_sleep(200 * CY_MILLISECOND) == 0);
    WORLD_CHECK(cy_location_resolve(&location, "10.0.0.1", PORT, CY_NOW) == 0);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND)) == expected);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK((cy_peer_list(NULL, 0) == 1) == (expected == 0));
    if (expected == 0) {
        WORLD_CHECK(counters(0)->tls >= 1 && counters(0)->bad_tls == 0);
        WORLD_CHECK(counters(1)->tls >= 1 && counters(1)->bad_tls == 0);
    }
    return 0;
}

/* Node 1 with a certificate (NULL: none) and a secret, node 0 with another. */
static void
meet(const char *certificate, const char *const *secret0, const char *const *secret1,
     int result)
{
    expected = result;
    open_nodes(join, NULL);
    if (certificate != NULL)
        give(1, certificate);
    give_secret(0, secret0);
    give_secret(1, secret1);
    run_nodes();
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), result == 0);
}

static void
nodes_with_one_certificate_are_peers(void)
{
    meet(one, NULL, NULL, 0);
    CU_ASSERT_FALSE(is_logged("event=net.open"));
    CU_ASSERT_TRUE(is_logged("event=net.certificate") &&
                   is_logged("until=2200-01-01T00:00:00Z"));
}

static void
nodes_with_different_certificates_are_none(void)
{
    meet(two, NULL, NULL, CY_ECERT);
    CU_ASSERT_TRUE(is_logged("event=net.dial"));
    CU_ASSERT_TRUE(is_logged("error=CY_ECERT reason=\"Peer's certificate is not accepted"));
    CU_ASSERT_TRUE(is_logged("event=net.refused"));
    CU_ASSERT_TRUE(is_logged("error=CY_EREJECTED"));
}

/* Node 1 accepts the certificate of the other, but not the other way round. */
static void
a_node_is_told_that_it_was_rejected(void)
{
    static char both[TLS_TEXT_BYTES];
    open_nodes(join, NULL); /* makes the certificates */
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
    snprintf(both, sizeof both, "%s", two);
    tls_add(both, one);
    meet(both, NULL, NULL, CY_EREJECTED);
    CU_ASSERT_TRUE(is_logged("error=CY_EREJECTED"));
}

/* Both have the same certificate; the calendar of node 1 is set when it has started. */
static void
set_calendar(struct cyi_sim *sim, void *ahead)
{
    cyi_sim_clock_jump(sim, 1, *(const cy_time *) ahead);
}

static void
meet_at_another_time(cy_time ahead, int result)
{
    static char text[TLS_TEXT_BYTES];
    const int64_t begin = 2000001000; /* of simulated worlds */
    tls_make(text, "cycos", begin - 1000, begin + 1000);
    expected = result;
    open_nodes(join, NULL);
    give(0, text);
    give(1, text);
    cyi_sim_at(world.sim, 100 * CY_MILLISECOND, set_calendar, &ahead);
    run_nodes();
    CU_ASSERT_EQUAL(world_count(1, "n0.0", true), result == 0);
}

static void
a_certificate_counts_while_it_is_valid(void)
{
    meet_at_another_time(900 * CY_SECOND, 0);
    meet_at_another_time(1100 * CY_SECOND, CY_EEXPIRED);
    meet_at_another_time(-900 * CY_SECOND, 0);
    meet_at_another_time(-1100 * CY_SECOND, CY_EEARLY);
}

static void
a_node_without_tls_is_no_peer_and_both_say_why(void)
{
    meet(NULL, NULL, NULL, CY_ETLS);
    CU_ASSERT_TRUE(is_logged("error=CY_EPLAIN reason=\"Peer does not use TLS\""));
    CU_ASSERT_TRUE(is_logged("error=CY_ETLS reason=\"Peer uses TLS, this node does not\""));
    expected = CY_EPLAIN; /* the other way round */
    open_nodes(join, NULL);
    setup[0].tls = NULL;
    give(1, one);
    run_nodes();
    CU_ASSERT_TRUE(is_logged("error=CY_EPLAIN"));
    CU_ASSERT_TRUE(is_logged("error=CY_ETLS"));
    CU_ASSERT_EQUAL(world.count, 0);
}

static int
count_refusals(void *arg)
{
    join(arg);
    WORLD_CHECK(counters(0)->bad_tls == 1 && counters(0)->bad_handshake == 1);
    WORLD_CHECK(counters(1)->bad_tls == 1);
    return 0;
}

static void
refusals_are_counted_on_both_sides(void)
{
    static const char *const certificates[] = {two, NULL};
    static const int results[] = {CY_ECERT, CY_ETLS};
    for (int i = 0; i < 2; i++) {
        expected = results[i];
        open_nodes(count_refusals, NULL);
        if (certificates[i] != NULL)
            give(1, certificates[i]);
        run_nodes();
        CU_ASSERT_EQUAL(world.count, 0);
    }
}

static void
secret_and_certificate_must_both_hold(void)
{
    meet(one, ours, ours, 0);
    meet(one, ours, theirs, CY_EAUTH);
    meet(two, ours, ours, CY_ECERT);
    meet(one, ours, NULL, CY_EAUTH);
    CU_ASSERT_TRUE(is_logged("error=CY_EOPEN"));
    meet(one, NULL, ours, CY_EAUTH);
    CU_ASSERT_TRUE(is_logged("error=CY_ESECRET"));
}

/* With TLS frames are not sealed a second time. */
static int
look_at_links(void *arg)
{
    join(arg);
    struct cyi_net_core *owner = cyi_net_core(cyi_self);
    cyi_list_for_each(at, &owner->all) {
        const struct cyi_link *link = cyi_container_of(at, struct cyi_link, all);
        WORLD_CHECK(link->connection != NULL && link->connection->tls != NULL);
        WORLD_CHECK(link->connection != NULL && !link->connection->secured);
        WORLD_CHECK(link->connection != NULL && !cyi_connection_is_plain(link->connection));
    }
    WORLD_CHECK(!cyi_list_empty(&owner->all));
    return 0;
}

static void
frames_are_protected_once(void)
{
    expected = 0;
    open_nodes(look_at_links, NULL);
    give(1, one);
    give_secret(0, ours);
    give_secret(1, ours);
    run_nodes();
    CU_ASSERT_TRUE(world.count > 0);
}

/* Somebody with the certificate, but without the secret, stands between two nodes. */

static bool passes; /* the relay: there is no secret */

static int
relay(void *arg)
{
    cy_address address = {.u.v4 = {.sin_family = AF_INET, .sin_port = htons(RELAY_PORT)}};
    cy_socket *listener, *from, *to;
    struct cyi_tls *in, *out;
    struct cyi_tls_context *context = cyi_net_tls(world.nodes[1].node->net);
    uint8_t hello[CYI_AUTH_HELLO_BYTES], challenge[CYI_AUTH_CHALLENGE_BYTES];
    cy_time deadline = cy_after(3 * CY_SECOND);
    (void) arg;
    WORLD_CHECK(cy_tcp_listen(&listener, &address, NULL) == 0);
    WORLD_CHECK(cy_tcp_accept(&from, listener, deadline) == 0);
    WORLD_CHECK(cyi_tls_open(&in, context, cyi_self, false) == 0);
    WORLD_CHECK(cyi_tls_shake(in, from, deadline) == 0);
    WORLD_CHECK(cyi_tls_read_full(in, from, hello, sizeof hello, deadline) == 0);
    WORLD_CHECK(cy_address_parse(&address, "10.0.0.1", PORT) == 0);
    WORLD_CHECK(cy_tcp_connect(&to, &address, deadline) == 0);
    WORLD_CHECK(cyi_tls_open(&out, context, cyi_self, true) == 0);
    WORLD_CHECK(cyi_tls_shake(out, to, deadline) == 0);
    WORLD_CHECK(cyi_tls_write_full(out, to, hello, sizeof hello, deadline) == 0);
    WORLD_CHECK(cyi_tls_read_full(out, to, challenge, sizeof challenge, deadline) == 0);
    WORLD_CHECK((challenge[7] == 0) == passes);
    WORLD_CHECK(cyi_tls_write_full(in, from, challenge, sizeof challenge, deadline) == 0);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    cyi_tls_close(&in);
    cyi_tls_close(&out);
    cyi_tls_context_release(&context);
    cy_close(&from);
    cy_close(&to);
    cy_close(&listener);
    return 0;
}

static int
dial_relay(void *arg)
{
    cy_location location;
    (void) arg;
    WORLD_CHECK(cy_sleep(200 * CY_MILLISECOND) == 0);
    WORLD_CHECK(cy_location_resolve(&location, "10.0.0.2", RELAY_PORT, CY_NOW) == 0);
    int rc = cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND));
    WORLD_CHECK(passes ? rc == -ECONNRESET : rc == CY_EAUTH);
    return 0;
}

static void
run_relay(const char *const *secret)
{
    passes = secret == NULL;
    open_nodes(relay, dial_relay);
    for (uint32_t i = 0; i < NODES; i++) {
        give(i, one);
        give_secret(i, i != 1 ? secret : NULL);
    }
    run_nodes();
}

static void
a_relay_between_two_tunnels_is_found_out(void)
{
    run_relay(ours);
    CU_ASSERT_TRUE(is_logged("error=CY_EAUTH"));
    CU_ASSERT_EQUAL(world.count, 0);
    run_relay(NULL); /* else the test would say nothing */
    CU_ASSERT_FALSE(is_logged("error=CY_EAUTH"));
}

/* Strangers. */

static uint32_t
pending(void)
{
    const struct cyi_net *net = world.nodes[0].node->net;
    uint32_t n = 0;
    cyi_list_for_each(at, &net->cores[0].pending) {
        (void) at;
        n++;
    }
    return n;
}

static cy_socket *
visit(void)
{
    cy_socket *socket = NULL;
    cy_address address;
    WORLD_CHECK(cy_address_parse(&address, "10.0.0.1", PORT) == 0);
    WORLD_CHECK(cy_tcp_connect(&socket, &address, cy_after(CY_SECOND)) == 0);
    return socket;
}

/* How long it took until the node had enough. */
static cy_time
time_to_end(cy_socket *socket)
{
    uint8_t bytes[256];
    ssize_t n;
    cy_time begin = cyi_sim_now(world.sim);
    while ((n = cy_read(socket, bytes, sizeof bytes, cy_after(8 * CY_SECOND))) > 0)
        continue;
    WORLD_CHECK(n == 0 || n == -ECONNRESET);
    return cyi_sim_now(world.sim) - begin;
}

static void
talk(const void *bytes, size_t size, bool to_the_deadline)
{
    cy_socket *socket = visit();
    WORLD_CHECK(cy_write(socket, bytes, size, cy_after(CY_SECOND)) == (ssize_t) size);
    cy_time took = time_to_end(socket);
    WORLD_CHECK(to_the_deadline ? took > 4900 * CY_MILLISECOND : took < CY_SECOND);
    WORLD_CHECK(pending() == 0);
    cy_close(&socket);
}

static int
talk_rubbish(void *arg)
{
    static const uint8_t begun[] = {22, 3, 1, 2, 0, 1, 0, 1, 252};
    static uint8_t many[64 << 10];
    (void) arg;
    WORLD_CHECK(cy_sleep(200 * CY_MILLISECOND) == 0);
    talk("GET / HTTP/1.1\r\n\r\n", 18, false);
    talk("CYCO", 4, false);
    talk("\x16\x03\x01\x00\x04 1234", 10, false); /* a record of rubbish */
    talk("\x16\x03\x01\xff\xff", 5, false);       /* longer than any */
    talk(begun, sizeof begun, true);              /* a hello that does not go on */
    for (size_t i = 0; i < sizeof many; i += 6)   /* records of one byte */
        memcpy(many + i, "\x16\x03\x03\0\1\1", i + 6 <= sizeof many ? 6 : sizeof many - i);
    talk(many, sizeof many, false);
    WORLD_CHECK(counters(0)->bad_handshake == 6 && counters(0)->tls == 0);
    return 0;
}

static void
rubbish_and_silence_end_as_without_tls(void)
{
    open_nodes(talk_rubbish, NULL);
    world.end = 20 * CY_SECOND;
    setup[1].tls = NULL;
    run_nodes();
    CU_ASSERT_EQUAL(world.count, 0);
}

/* Certificates that change while links stand. */

static void
reload(uint32_t node)
{
    setup[node].network.reload(world.nodes[node].node);
}

static uint32_t came; /* messages */

static int
take_messages(void *arg)
{
    cy_msg *msg;
    (void) arg;
    WORLD_CHECK(cy_task_register("taker") == 0);
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        came++;
        cy_msg_free(&msg);
    }
    return 0;
}

static int
talk_on(void *arg)
{
    cy_ref taker;
    expected = 0;
    join(arg);
    uint64_t shaken = counters(0)->tls;
    WORLD_CHECK(cy_task_locate(&taker, "taker", NULL, cy_after(2 * CY_SECOND)) == 0);
    for (int i = 0; i < 4; i++) {
        cy_msg *msg;
        if (i == 1) { /* both know both, then only the new one */
            tls_add(texts[0], two);
            give(0, texts[0]);
            reload(0);
        } else if (i == 2) {
            give(0, two);
            reload(0);
        } else if (i == 3) { /* which is wrong, and changes nothing */
            give(0, "no certificate at all");
            reload(0);
        }
        WORLD_CHECK(cy_msg_copy(&msg, 1, "x", 1) == 0);
        WORLD_CHECK(cy_deliver(taker, &msg, cy_after(CY_SECOND)) == 1);
    }
    WORLD_CHECK(counters(0)->cuts == 0 && counters(1)->cuts == 0);
    WORLD_CHECK(counters(0)->tls == shaken);
    return 0;
}

/* From then on it meets those that have the new one, and not those that have the old one. */
static int
come_later(void *arg)
{
    WORLD_CHECK(cy_sleep(2 * CY_SECOND) == 0);
    cy_location location;
    (void) arg;
    WORLD_CHECK(cy_location_resolve(&location, "10.0.0.1", PORT, CY_NOW) == 0);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND)) == CY_ECERT);
    give(2, two);
    reload(2);
    WORLD_CHECK(cy_peer_add(&location, NULL, cy_after(5 * CY_SECOND)) == 0);
    return 0;
}

static void
certificates_change_and_links_stay(void)
{
    came = 0;
    open_nodes(talk_on, come_later);
    world.nodes[0].extra = take_messages;
    give(1, one);
    give(2, one);
    run_nodes();
    CU_ASSERT_EQUAL(came, 4);
    CU_ASSERT_TRUE(is_logged("error=CY_ENOCERT reason=\"certificate: there is no certificate "
                             "in it\" kept=yes"));
}

static void
meet_until(int64_t seconds)
{
    static char text[TLS_TEXT_BYTES];
    const int64_t epoch = 2000000000; /* of simulated worlds */
    tls_make(text, "cycos", epoch - 1000, epoch + seconds);
    expected = 0;
    open_nodes(join, NULL);
    give(0, text);
    give(1, text);
    run_nodes();
    CU_ASSERT_EQUAL(world.count, 2);
}

static void
a_certificate_that_ends_soon_is_a_warning(void)
{
    meet_until(15 * 24 * 3600);
    CU_ASSERT_FALSE(is_logged("level=warn event=net.certificate"));
    meet_until(13 * 24 * 3600);
    CU_ASSERT_TRUE(is_logged("level=warn event=net.certificate"));
}

static void
start_with_cafile(const char *ca)
{
    open_nodes(NULL, NULL);
    world.end = CY_SECOND;
    files[0].ca = (struct cyi_tls_file){"ca", ca, strlen(ca)};
    run_nodes();
}

static void
a_certificate_that_the_own_cafile_refuses_is_a_warning(void)
{
    start_with_cafile(one);
    CU_ASSERT_FALSE(is_logged("level=warn event=net.certificate"));
    start_with_cafile(two);
    CU_ASSERT_TRUE(is_logged("level=warn event=net.certificate"));
    CU_ASSERT_TRUE(is_logged("error=CY_ECERT reason=\"this node's own cafile does not accept "
                             "its certificate: neither do peers that have the same\""));
}

static void
a_node_does_not_start_with_a_wrong_certificate(void)
{
    struct cyi_node *node;
    open_nodes(join, NULL);
    give(0, "nothing");
    CY_FAILS(cyi_sim_node(&node, world.sim, 0, &world.nodes[0].options, join, NULL),
             CY_ENOCERT);
    CU_ASSERT_STRING_EQUAL(world.nodes[0].options.error,
                           "certificate: there is no certificate in it");
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
}

CY_TEST_MAIN("transport.tls_node", CY_TEST(nodes_with_one_certificate_are_peers),
             CY_TEST(nodes_with_different_certificates_are_none),
             CY_TEST(a_node_is_told_that_it_was_rejected),
             CY_TEST(a_certificate_counts_while_it_is_valid),
             CY_TEST(a_node_without_tls_is_no_peer_and_both_say_why),
             CY_TEST(refusals_are_counted_on_both_sides),
             CY_TEST(secret_and_certificate_must_both_hold), CY_TEST(frames_are_protected_once),
             CY_TEST(a_relay_between_two_tunnels_is_found_out),
             CY_TEST(rubbish_and_silence_end_as_without_tls),
             CY_TEST(certificates_change_and_links_stay),
             CY_TEST(a_certificate_that_ends_soon_is_a_warning),
             CY_TEST(a_certificate_that_the_own_cafile_refuses_is_a_warning),
             CY_TEST(a_node_does_not_start_with_a_wrong_certificate))
