#include "seeds.h"

#include <cycos/impl/inbox.h>
#include <string.h>

/*
 * Senders and receivers on all cores. A ledger knows what was accepted and what came: per pair
 * in order, nothing twice, nothing lost but what a core has counted as lost.
 */

enum { PAIRS_MAX = 12, TAGS = 2, HEADER = 16 };

struct pair {
    uint64_t accepted, received;
    uint64_t latest[TAGS]; /* sequence numbers, from 1 */
};

struct state {
    struct pair pairs[PAIRS_MAX][PAIRS_MAX]; /* sender, receiver */
    cy_ref receivers[PAIRS_MAX];
    uint32_t senders, receiver_count, sending;
    bool lossless;
    uint64_t refused, bound; /* of messages in one mailbox */
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    state()->senders = draw_between(1, PAIRS_MAX);
    state()->receiver_count = draw_between(1, PAIRS_MAX);
    if (one_in(4))
        world.sim_options.no_memory_chance = draw_scarcity();
    /* What is under way from each core when a mailbox fills is still taken. */
    uint64_t ring = world.sim_options.ring_size != 0 ? world.sim_options.ring_size : 1024;
    state()->bound = world.options[0].mailbox_max +
                     (world.options[0].cores - 1) * (ring + world.options[0].outbox_max + 1);
    state()->lossless = world.sim_options.no_memory_chance == 0;
}

/* The byte at a place of a body, so that mixed-up bodies show. */
static uint8_t
filler(uint64_t sequence, size_t at)
{
    return (uint8_t) (sequence * 7 + at);
}

static void
fill(uint8_t *body, size_t size, uint32_t sender, uint64_t sequence)
{
    memcpy(body, &sender, sizeof sender);
    memcpy(body + 8, &sequence, sizeof sequence);
    for (size_t i = HEADER; i < size; i++)
        body[i] = filler(sequence, i);
}

static size_t
draw_size(void)
{
    static const size_t max[] = {24, 48, 200, 5000, 70000};
    return HEADER + draw((uint32_t) max[one_in(20) ? 4 : draw(4)]);
}

static int
send_one(cy_ref to, uint32_t sender, uint64_t sequence)
{
    static uint8_t body[HEADER + 70000];
    cy_msg *msg = NULL, *twin = NULL;
    size_t size = draw_size();
    uint32_t tag = (uint32_t) (sequence % TAGS);
    fill(body, size, sender, sequence);
    if (one_in(2))
        return cy_send_bytes(to, tag, body, size);
    int rc = cy_msg_copy(&msg, tag, body, size);
    if (rc == 0 && one_in(4) && cy_msg_share(&twin, msg) == 0)
        cy_msg_free(one_in(2) ? &msg : &twin);
    if (rc == 0)
        rc = cy_send(to, msg != NULL ? &msg : &twin);
    cy_msg_free(&msg);
    cy_msg_free(&twin);
    return rc;
}

static void
pause_a_little(void)
{
    int rc = one_in(2) ? cy_yield() : cy_sleep(draw_time(5 * CY_MILLISECOND));
    EXPECT_EQ(rc, 0);
}

static int
sender(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg, left = draw_between(1, 120);
    while (left > 0) {
        uint32_t to = draw(state()->receiver_count);
        struct pair *pair = &state()->pairs[me][to];
        int rc = send_one(state()->receivers[to], me, pair->accepted + 1);
        EXPECT(rc == 0 || rc == -EAGAIN || (rc == -ENOMEM && !state()->lossless));
        if (rc == 0) {
            pair->accepted++;
            left--;
        } else {
            state()->refused++;
            pause_a_little();
        }
        if (one_in(10))
            pause_a_little();
    }
    state()->sending--;
    return 0;
}

static void
check_message(uint32_t me, const cy_msg *msg, bool in_order)
{
    const uint8_t *body = cy_msg_body(msg);
    uint32_t from;
    uint64_t sequence;
    memcpy(&from, body, sizeof from);
    memcpy(&sequence, body + 8, sizeof sequence);
    EXPECT(from < state()->senders);
    struct pair *pair = &state()->pairs[from][me];
    uint64_t *latest = &pair->latest[sequence % TAGS];
    EXPECT_EQ(cy_msg_tag(msg), sequence % TAGS);
    EXPECT(sequence > *latest && sequence <= pair->accepted);
    if (in_order && state()->lossless)
        EXPECT_EQ(sequence, pair->received + 1);
    *latest = sequence;
    pair->received++;
    size_t good = HEADER;
    while (good < cy_msg_size(msg) && body[good] == filler(sequence, good))
        good++;
    EXPECT_EQ(good, cy_msg_size(msg));
    note(sequence << 8 | from);
}

static bool
is_even(const cy_msg *msg, void *arg)
{
    (void) arg;
    return ((const uint8_t *) cy_msg_body(msg))[8] % 2 == 0;
}

static int
receive_somehow(cy_msg **out, bool selective)
{
    cy_time deadline = draw_deadline(10 * CY_MILLISECOND);
    switch (selective ? draw(3) : 0) {
    case 1:
        return cy_receive_tag(out, draw(TAGS), deadline == CY_FOREVER ? CY_NOW : deadline);
    case 2:
        return cy_receive_if(out, is_even, NULL, deadline == CY_FOREVER ? CY_NOW : deadline);
    default:
        return cy_receive(out, deadline);
    }
}

static int
receiver(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg, slow = draw_between(1, 30);
    bool selective = one_in(3);
    for (;;) {
        cy_msg *msg = NULL;
        int rc = receive_somehow(&msg, selective);
        EXPECT((rc == 0) == (msg != NULL));
        if (rc == -ECANCELED)
            return 0;
        EXPECT(rc == 0 || rc == -ETIMEDOUT);
        EXPECT(cy_mailbox_count() <= state()->bound);
        if (rc == 0) {
            check_message(me, msg, !selective);
            cy_msg_free(&msg);
        }
        if ((one_in(slow) || rc == -ETIMEDOUT) && cy_sleep(draw_time(CY_MILLISECOND)) != 0)
            return 0;
    }
}

static void
handler(void *arg, cy_msg **msg)
{
    check_message((uint32_t) (uintptr_t) arg, *msg, true);
    if (one_in(2))
        cy_msg_free(msg);
    if (one_in(20) && cy_sleep(draw_time(CY_MILLISECOND)) == -ECANCELED)
        return;
}

static void
spawn_receivers(void)
{
    for (uint32_t i = 0; i < state()->receiver_count; i++) {
        void *arg = (void *) (uintptr_t) i;
        cy_ref *out = &state()->receivers[i];
        bool as_handler = one_in(3);
        uint16_t on = (uint16_t) draw(cy_core_count());
        while ((as_handler ? cy_handler_spawn_on(out, on, handler, arg, NULL)
                           : cy_task_spawn_on(out, on, receiver, arg, NULL)) != 0)
            pause_a_little();
    }
}

static void
spawn_senders(void)
{
    state()->sending = state()->senders;
    for (uint32_t i = 0; i < state()->senders; i++) {
        uint16_t on = (uint16_t) draw(cy_core_count());
        while (cy_task_spawn_on(NULL, on, sender, (void *) (uintptr_t) i, NULL) != 0)
            pause_a_little();
    }
}

/* All that was accepted has come or is counted as lost. */
static bool
settled(void)
{
    int64_t under_way = 0;
    for (uint32_t i = 0; i < state()->senders; i++) {
        for (uint32_t j = 0; j < state()->receiver_count; j++)
            under_way +=
                (int64_t) (state()->pairs[i][j].accepted - state()->pairs[i][j].received);
    }
    for (uint32_t i = 0; i < world.options[0].cores; i++)
        under_way -= (int64_t) world.node[0]->cores[i]->counters.lost;
    EXPECT(under_way >= 0);
    return state()->sending == 0 && under_way == 0;
}

static int
exchange(void *arg)
{
    (void) arg;
    spawn_receivers();
    spawn_senders();
    while (!settled())
        EXPECT_EQ(cy_sleep(5 * CY_MILLISECOND), 0);
    for (uint32_t i = 0; i < state()->receiver_count; i++) {
        int rc;
        while ((rc = cy_terminate(state()->receivers[i])) == -EAGAIN || rc == -ENOMEM)
            pause_a_little();
        EXPECT_EQ(rc, 0);
    }
    return 0;
}

/* Nobody stays marked as congested when its mailbox is gone. */
static void
check(void)
{
    for (uint32_t i = 0; i < world.options[0].cores; i++) {
        struct cyi_core *core = world.node[0]->cores[i];
        EXPECT(core->inbox->waiting != 0 || core->congested_count == 0);
    }
}

static void
what_is_accepted_comes_once_and_in_order(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, exchange,
                                                 check};
    seeds_run(&program, 1000);
}

/* Blocks that go home fill the ring of a core that sleeps, one before each sleep of ours. */
static int
nibbler(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    for (int i = 0; i < 30; i++) {
        cy_msg_free(&msg);
        EXPECT_EQ(cy_sleep(CY_MILLISECOND), 0);
        EXPECT_EQ(cy_receive(&msg, CY_FOREVER), 0);
    }
    EXPECT_EQ(cy_send(cy_msg_sender(msg), &msg), 0);
    return 0;
}

static int
feed(void *arg)
{
    cy_ref whom;
    cy_msg *msg;
    (void) arg;
    EXPECT_EQ(cy_task_spawn_on(&whom, 1, nibbler, NULL, NULL), 0);
    for (int i = 0; i < 30; i++) {
        EXPECT_EQ(cy_msg_copy(&msg, 1, "", 1), 0);
        EXPECT_EQ(cy_send(whom, &msg), 0);
    }
    EXPECT_EQ(cy_receive(&msg, CY_FOREVER), 0);
    cy_msg_free(&msg);
    return 0;
}

static void
prepare_two_cores(void)
{
    world.options[0].cores = 2;
    world.options[0].mailbox_max = 65536;
    world.options[0].outbox_max = 1000;
    world.sim_options = (struct cyi_sim_options){.ring_size = 8};
}

static void
a_message_wakes_a_sleeper_whose_ring_is_full(void)
{
    static const struct seeds_program program = {.prepare = prepare_two_cores, .main = feed};
    seeds_run(&program, 10);
}

/* More full mailboxes than a core lists: the rest it only counts. */
enum { CROWD = CYI_CONGESTED_MAX + 60, CROWD_SENDERS = 4 };

struct crowd {
    cy_ref receivers[CROWD];
    uint64_t accepted, received;
    uint32_t sending, most_counted;
};

static int
slow_receiver(void *arg)
{
    struct crowd *crowd = world.state;
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        cy_msg_free(&msg);
        crowd->received++;
        if (cy_sleep(draw_time(CY_SECOND)) != 0)
            break;
    }
    return 0;
}

static int
fast_sender(void *arg)
{
    struct crowd *crowd = world.state;
    const struct cyi_core *core = cyi_self;
    (void) arg;
    for (int left = 500; left > 0;) {
        int rc = cy_send_bytes(crowd->receivers[draw(CROWD)], 1, "word", 4);
        EXPECT(rc == 0 || rc == -EAGAIN);
        crowd->accepted += rc == 0;
        left -= rc == 0;
        if (core->inbox->congested > crowd->most_counted)
            crowd->most_counted = core->inbox->congested;
        if (rc != 0)
            cy_sleep(draw_time(100 * CY_MICROSECOND));
    }
    crowd->sending--;
    return 0;
}

static int
overwhelm(void *arg)
{
    struct crowd *crowd = world.state;
    (void) arg;
    for (int i = 0; i < CROWD; i++) {
        while (cy_task_spawn_on(&crowd->receivers[i], 1, slow_receiver, NULL, NULL) != 0)
            cy_yield();
    }
    crowd->sending = CROWD_SENDERS;
    for (int i = 0; i < CROWD_SENDERS; i++)
        EXPECT_EQ(cy_task_spawn(NULL, fast_sender, NULL, NULL), 0);
    while (crowd->sending > 0 || crowd->received < crowd->accepted)
        cy_sleep(10 * CY_MILLISECOND);
    cy_sleep(CY_SECOND);
    EXPECT_EQ(cyi_self->congested_count, 0);
    EXPECT_EQ(cyi_self->inbox->congested, 0);
    cy_shutdown(0);
    return 0;
}

static void
prepare_crowd(void)
{
    world.options[0].cores = 2;
    world.options[0].mailbox_max = draw_between(1, 3);
    world.options[0].outbox_max = draw_between(1, 1000);
    world.sim_options.turn_ns_max = CY_MICROSECOND;
}

static uint32_t worlds, beyond_the_list; /* all, and those in which it came to that */

static void
check_crowd(void)
{
    const struct crowd *crowd = world.state;
    EXPECT_EQ(crowd->received, crowd->accepted);
    worlds++;
    beyond_the_list += crowd->most_counted > 0;
}

static void
mailboxes_that_fill_beyond_the_list_stop_senders_too(void)
{
    static const struct seeds_program program = {sizeof(struct crowd), prepare_crowd, overwhelm,
                                                 check_crowd};
    worlds = beyond_the_list = 0;
    seeds_run(&program, 50);
    CU_ASSERT_TRUE(beyond_the_list > 0 || worlds < 20);
}

CY_TEST_MAIN("sim.mailbox", CY_TEST(what_is_accepted_comes_once_and_in_order),
             CY_TEST(a_message_wakes_a_sleeper_whose_ring_is_full),
             CY_TEST(mailboxes_that_fill_beyond_the_list_stop_senders_too))
