#include "link_pair.h"

#include <string.h>

/* What a link takes and refuses, when it lets its connection go, and whom it gives up. */

enum { CHUNK = 64 << 10, BODY_MAX = CYI_ITEM_MAX - CYI_SEND_BYTES };

/* The queue. Nothing goes out before the task suspends: so the queue only grows. */

enum { QUEUE_CHUNKS = 4 };

static uint32_t
fill(uint32_t first)
{
    uint32_t n = 0;
    while (n < 2 * QUEUE_CHUNKS && pair_send(first + n, BODY_MAX) == 0)
        n++;
    WORLD_CHECK(pair_send(first + n, BODY_MAX) == -EAGAIN);
    return n;
}

static int
fill_the_queue(void *arg)
{
    uint32_t chunks = (uint32_t) (pair.setup[0].limits.queue_bytes / CHUNK);
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(fill(1) == chunks);
    WORLD_CHECK(pair_link()->queued_bytes == (uint64_t) chunks * CHUNK);
    WORLD_CHECK(pair_counters()->refused == 2);
    pair_wait_for(chunks);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0); /* until it is acknowledged */
    WORLD_CHECK(pair_link()->queued_bytes == 0);
    WORLD_CHECK(fill(chunks + 1) == chunks);
    pair_wait_for(2 * chunks);
    WORLD_CHECK(pair_counters()->lost == 0);
    return 0;
}

static void
run_queue(uint64_t bytes)
{
    pair_open(10 * CY_SECOND, fill_the_queue);
    pair.setup[0].limits.queue_bytes = bytes;
    pair_run();
}

static void
takes_what_fits_the_queue_exactly(void)
{
    run_queue(QUEUE_CHUNKS * CHUNK);
    CU_ASSERT_EQUAL(pair.got, 2 * QUEUE_CHUNKS);
}

static void
refuses_what_is_one_byte_more_than_the_queue(void)
{
    run_queue(QUEUE_CHUNKS * CHUNK - 1);
    CU_ASSERT_EQUAL(pair.got, 2 * (QUEUE_CHUNKS - 1));
}

static int
fill_while_cut_off(void *arg)
{
    uint32_t n;
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(pair_send(1, sizeof n) == 0);
    pair_wait_for(1);
    cyi_sim_partition(world.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
    n = fill(2);
    WORLD_CHECK(n > 0 && n <= QUEUE_CHUNKS);
    WORLD_CHECK(cy_sleep(CY_SECOND) == 0);
    WORLD_CHECK(pair_send(2 + n, BODY_MAX) == -EAGAIN); /* sent, not acknowledged */
    WORLD_CHECK(pair.got == 1);
    cyi_sim_heal(world.sim);
    pair_wait_for(1 + n);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_send(2 + n, BODY_MAX) == 0);
    pair_wait_for(2 + n);
    return 0;
}

static int
use_all_numbers(void *arg)
{
    static bool mine[CYI_LINKS_MAX + 1];
    struct cyi_net_core *owner = cyi_net_core(cyi_self);
    uint32_t last = 0;
    (void) arg;
    pair_wait_for_peers();
    for (uint32_t i = 1; i <= CYI_LINKS_MAX; i++) {
        mine[i] = owner->numbered[i] == NULL;
        if (mine[i])
            owner->numbered[last = i] = owner->numbered[owner->last_number];
    }
    cy_msg *msg = pair_message(1, CHUNK);
    WORLD_CHECK(cy_send(pair.server, &msg) == -EAGAIN && msg != NULL);
    owner->numbered[last] = NULL;
    WORLD_CHECK(cy_send(pair.server, &msg) == 0);
    pair_wait_for(1);
    for (uint32_t i = 1; i < last; i++)
        owner->numbered[i] = mine[i] ? NULL : owner->numbered[i];
    return 0;
}

static void
has_so_many_links_and_no_more(void)
{
    pair_open(5 * CY_SECOND, use_all_numbers);
    pair_run();
    CU_ASSERT_EQUAL(pair.got, 1);
}

static void
keeps_what_it_took_while_nothing_gets_through(void)
{
    pair_open(15 * CY_SECOND, fill_while_cut_off);
    pair.setup[0].limits.queue_bytes = QUEUE_CHUNKS * CHUNK;
    pair_run();
}

/* Sizes and tags. */

static int
send_the_longest(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(pair_send(1, CY_MSG_MAX) == 0);
    pair_wait_for(1);
    WORLD_CHECK(pair.last_size == CY_MSG_MAX);
    WORLD_CHECK(cy_msg_create(&msg, PAIR_TAG, CY_MSG_MAX + 1) == -EMSGSIZE && msg == NULL);
    /* The size is looked at before the bytes are. */
    WORLD_CHECK(cy_send_bytes(pair.server, PAIR_TAG, &pair, CY_MSG_MAX + 1) == -EMSGSIZE);
    return 0;
}

static void
brings_over_the_longest_message_and_none_that_is_longer(void)
{
    pair_open(15 * CY_SECOND, send_the_longest);
    pair_run();
    CU_ASSERT_EQUAL(pair.got, 1);
}

static const size_t sizes[] = {8,
                               BODY_MAX,
                               BODY_MAX + 1,
                               CYI_ITEM_MAX - CYI_LONG_BYTES,
                               2 * CYI_ITEM_MAX - CYI_LONG_BYTES - CYI_SEND_BYTES,
                               2 * CYI_ITEM_MAX - CYI_LONG_BYTES - CYI_SEND_BYTES + 1};

static int
send_parts(void *arg)
{
    (void) arg;
    pair_wait_for_peers();
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        WORLD_CHECK(pair_send(i + 1, sizes[i]) == 0);
        pair_wait_for(i + 1);
        WORLD_CHECK(pair.last_size == sizes[i]);
    }
    return 0;
}

static void
cuts_long_messages_at_the_size_of_an_item(void)
{
    pair_open(10 * CY_SECOND, send_parts);
    pair_run();
}

/* An exit message is one of the system; it cannot be passed on. */
static int
send_tags(void *arg)
{
    uint32_t number = 1;
    cy_msg *end;
    (void) arg;
    pair_wait_for_peers();
    WORLD_CHECK(cy_send_bytes(pair.server, CY_TAG_SYSTEM, &number, 4) == -EINVAL);
    WORLD_CHECK(cy_send_bytes(pair.server, UINT32_MAX, &number, 4) == -EINVAL);
    WORLD_CHECK(cy_send_bytes(pair.server, CY_TAG_SYSTEM - 1, &number, 4) == 0);
    pair_wait_for(1);
    WORLD_CHECK(pair.last_tag == CY_TAG_SYSTEM - 1);
    cy_ref gone = cy_self();
    gone.generation++;
    WORLD_CHECK(cy_monitor(gone) == 0);
    WORLD_CHECK(cy_receive(&end, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cy_msg_tag(end) == CY_TAG_EXIT);
    WORLD_CHECK(cy_send(pair.server, &end) == -EINVAL && end != NULL);
    WORLD_CHECK(cy_deliver(pair.server, &end, CY_FOREVER) == -EINVAL && end != NULL);
    cy_msg_free(&end);
    return 0;
}

static void
refuses_the_tags_of_the_system(void)
{
    pair_open(10 * CY_SECOND, send_tags);
    pair_run();
    CU_ASSERT_EQUAL(pair.got, 1);
}

/* Idle connections. */

#define IDLE_NS CY_SECOND

static int
be_idle(void *arg)
{
    (void) arg;
    pair_wait_for_peers();
    uint64_t dials = pair_counters()->dials; /* of the hub too */
    WORLD_CHECK(pair_send(1, 8) == 0);
    pair_wait_for(1);
    WORLD_CHECK(cy_sleep(IDLE_NS - 100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_link()->connection != NULL);
    uint64_t session = pair_link()->session;
    WORLD_CHECK(cy_sleep(300 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_link() != NULL && pair_link()->connection == NULL);
    WORLD_CHECK(pair_send(2, 8) == 0);
    pair_wait_for(2);
    WORLD_CHECK(pair_link()->connection != NULL && pair_link()->session == session);
    WORLD_CHECK(pair_counters()->dials == dials + 2 && pair_counters()->resent == 0);
    return 0;
}

static void
closes_an_idle_connection_and_goes_on_later(void)
{
    pair_open(10 * CY_SECOND, be_idle);
    for (int i = 0; i < 2; i++)
        pair.setup[i].limits.idle_ns = IDLE_NS;
    pair_run();
}

static int
be_idle_with_stream(void *arg)
{
    struct cy_peer_options stream = {.stream = true};
    (void) arg;
    pair_wait_for_peers();
    cy_location location = cy_ref_location(pair.server);
    WORLD_CHECK(cy_peer_add(&location, &stream, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(pair_send(1, 8) == 0);
    pair_wait_for(1);
    cy_time attached_at = pair_link()->attached_at;
    WORLD_CHECK(cy_sleep(5 * IDLE_NS) == 0);
    WORLD_CHECK(pair_link()->connection != NULL); /* still the same one */
    WORLD_CHECK(pair_link()->attached_at == attached_at);
    stream.stream = false;
    WORLD_CHECK(cy_peer_add(&location, &stream, cy_after(CY_SECOND)) == 0);
    WORLD_CHECK(cy_sleep(IDLE_NS + 200 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_link()->connection == NULL);
    return 0;
}

static void
keeps_an_idle_connection_that_streams(void)
{
    pair_open(10 * CY_SECOND, be_idle_with_stream);
    for (int i = 0; i < 2; i++)
        pair.setup[i].limits.idle_ns = IDLE_NS;
    pair_run();
}

/* References to nodes that nobody knows. */

static int
deliver(cy_ref to, cy_time timeout)
{
    cy_msg *msg = pair_message(1, 8);
    int rc = cy_deliver(to, &msg, cy_after(timeout));
    WORLD_CHECK((msg == NULL) == (rc >= 0));
    cy_msg_free(&msg);
    return rc;
}

static int
send_to_strangers(void *arg)
{
    (void) arg;
    pair_wait_for_peers();
    uint64_t dials = pair_counters()->dials;
    cy_ref stranger = pair.server;
    stranger.node ^= 1;
    stranger.port = 9; /* where nobody listens */
    WORLD_CHECK(deliver(stranger, 20 * CY_SECOND) == CY_ENOPEER);
    WORLD_CHECK(pair_counters()->dials == dials + 3);
    WORLD_CHECK(cy_send_bytes(stranger, PAIR_TAG, NULL, 0) == 0); /* who knows? */
    WORLD_CHECK(cy_sleep(5 * CY_SECOND) == 0);
    WORLD_CHECK(pair_counters()->lost == 1);
    stranger.port = 0;
    WORLD_CHECK(cy_send_bytes(stranger, PAIR_TAG, NULL, 0) == CY_ENOPEER);
    stranger.port = pair.server.port; /* another incarnation is there */
    WORLD_CHECK(deliver(stranger, CY_SECOND) == -ESRCH);
    WORLD_CHECK(pair_counters()->bad_secret == 0);
    return 0;
}

static void
gives_up_strangers_that_refuse_or_are_somebody_else(void)
{
    pair_open(30 * CY_SECOND, send_to_strangers);
    pair_run();
    CU_ASSERT_EQUAL(pair.got, 0);
}

static int
send_to_the_last_incarnation(void *arg)
{
    cy_ref first;
    (void) arg;
    pair_wait_for_peers();
    first = pair.server;
    WORLD_CHECK(pair_send(1, 8) == 0);
    pair_wait_for(1);
    cyi_sim_crash(world.sim, world.nodes[1].node);
    pair.server = CY_NOBODY;
    world_start(2, 1); /* at the same address and port */
    pair_wait_for_peers();
    WORLD_CHECK(cy_sleep(CY_SECOND) == 0);
    WORLD_CHECK(pair.server.port == first.port && pair.server.node != first.node);
    WORLD_CHECK(cy_send_bytes(first, PAIR_TAG, NULL, 0) == -ESRCH);
    WORLD_CHECK(deliver(first, CY_FOREVER) == -ESRCH);
    WORLD_CHECK(cy_monitor(first) == -ESRCH);
    WORLD_CHECK(cy_terminate(first) == -ESRCH);
    WORLD_CHECK(pair_send(2, 8) == 0);
    pair_wait_for(2);
    return 0;
}

static void
knows_that_a_node_was_replaced(void)
{
    pair_open(10 * CY_SECOND, send_to_the_last_incarnation);
    world_options(2, 2)->network = cy_network();
    world.nodes[1].options.tcp_port = world.nodes[2].options.tcp_port = 4000;
    world.nodes[2].extra = pair_start_server;
    pair_run();
}

/* A full mailbox over there. */

enum { MAILBOX_MAX = 16 };

static bool reading;

static int
read_late(void *arg)
{
    while (!reading)
        WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0);
    return pair_serve(arg);
}

static int
start_late_reader(void *arg)
{
    struct cy_task_options options = {.daemon = true, .mailbox_max = MAILBOX_MAX};
    (void) arg;
    WORLD_CHECK(cy_task_spawn_on(&pair.server, 1, read_late, NULL, &options) == 0);
    return 0;
}

static int
send_until_full(void *arg)
{
    uint32_t n = 0;
    (void) arg;
    pair_wait_for_peers();
    while (n < 4 * MAILBOX_MAX && pair_send(n + 1, 8) == 0) {
        n++;
        WORLD_CHECK(cy_sleep(10 * CY_MILLISECOND) == 0);
    }
    WORLD_CHECK(n >= MAILBOX_MAX && n <= MAILBOX_MAX + 1); /* the word comes with the last */
    WORLD_CHECK(cy_sleep(CY_SECOND) == 0);
    WORLD_CHECK(pair_send(n + 1, 8) == -EAGAIN);
    WORLD_CHECK(pair_counters()->refused == 0); /* not the link was full */
    reading = true;
    pair_wait_for(n);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_send(n + 1, 8) == 0);
    pair_wait_for(n + 1);
    return 0;
}

static void
hears_that_a_mailbox_is_full_and_that_it_is_not_any_more(void)
{
    reading = false;
    pair_open(20 * CY_SECOND, send_until_full);
    world.nodes[1].extra = start_late_reader;
    pair_run();
}

CY_TEST_MAIN("transport.link", CY_TEST(takes_what_fits_the_queue_exactly),
             CY_TEST(refuses_what_is_one_byte_more_than_the_queue),
             CY_TEST(has_so_many_links_and_no_more),
             CY_TEST(keeps_what_it_took_while_nothing_gets_through),
             CY_TEST(brings_over_the_longest_message_and_none_that_is_longer),
             CY_TEST(cuts_long_messages_at_the_size_of_an_item),
             CY_TEST(refuses_the_tags_of_the_system),
             CY_TEST(closes_an_idle_connection_and_goes_on_later),
             CY_TEST(keeps_an_idle_connection_that_streams),
             CY_TEST(gives_up_strangers_that_refuse_or_are_somebody_else),
             CY_TEST(knows_that_a_node_was_replaced),
             CY_TEST(hears_that_a_mailbox_is_full_and_that_it_is_not_any_more))
