/* test_told.c - peers that go on sending to a mailbox which is full, as they were told. */
#include "link_pair.h"
#include "member.h"

#include <string.h>

/* Messages of 100 bytes as items: so many to the limit of the mailbox, so many beyond it. */
enum { BODY = 100 - CYI_SEND_BYTES, FULL = 16, ALLOWED = 160, AGAIN = ALLOWED / 16 };

static bool reading;

static int
read_late(void *arg)
{
    while (!reading) {
        if (cy_sleep(CY_MILLISECOND) != 0)
            return 0;
    }
    return pair_serve(arg);
}

static int
start_late_reader(void *arg)
{
    struct cy_task_options options = {.daemon = true, .mailbox_max = FULL};
    (void) arg;
    WORLD_CHECK(cy_task_spawn_on(&pair.server, 1, read_late, NULL, &options) == 0);
    return 0;
}

/* Sends as if nobody had said that it is full. */
static uint32_t
push(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cyi_self->congested_count = cyi_self->congested_nodes_count = 0;
        WORLD_CHECK(pair_send(first + i, BODY) == 0);
        if (i % 8 == 7)
            WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0);
    }
    WORLD_CHECK(cy_sleep(50 * CY_MILLISECOND) == 0);
    return first + count;
}

static uint64_t
floods(void)
{
    struct cyi_member_counters counters;
    const struct cyi_core *core = world.nodes[1].node->cores[0];
    cyi_members_count(cyi_net_core(core)->net->members, &counters);
    return counters.flooded;
}

static bool
is_attached(void)
{
    const struct cyi_link *link = pair_link();
    return link != NULL && link->connection != NULL;
}

static void
wait_until_back(void)
{
    WORLD_CHECK(cy_sleep(3 * CY_SECOND) == 0);
    pair_wait_for_peers();
}

/* The first beyond the limit makes the receiver say that it is full; then they are counted. */
static int
flood(void *arg)
{
    uint32_t next = 1;
    (void) arg;
    pair_wait_for_peers();
    next = push(next, FULL + 1);
    WORLD_CHECK(pair_send(next, BODY) == -EAGAIN);
    next = push(next, ALLOWED);
    WORLD_CHECK(is_attached() && floods() == 0);
    (void) push(next, 1);
    WORLD_CHECK(floods() == 1);
    wait_until_back();
    /* Told again, and trusted less. */
    next = push(next, 1 + AGAIN);
    WORLD_CHECK(is_attached() && floods() == 1);
    (void) push(next, 1);
    WORLD_CHECK(floods() == 2);
    wait_until_back();
    WORLD_CHECK(pair.got == 0);
    reading = true;
    pair_wait_for(next - 1);
    /* Once there is room, it may send as before. */
    next = push(next, FULL);
    pair_wait_for(next - 1);
    WORLD_CHECK(floods() == 2);
    return 0;
}

static void
who_does_not_stop_is_cut_and_trusted_less(void)
{
    reading = false;
    pair_open(20 * CY_SECOND, flood);
    world.nodes[1].extra = start_late_reader;
    pair.setup[1].limits.excess_bytes = ALLOWED * 100;
    pair_run();
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "event=peer.flood"));
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "times=2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(world.log, "reason=flood"));
}

/* All in one turn: the other side cannot have heard. A request is no other thing. */
static int
burst(void *arg)
{
    cy_msg *msg = pair_message(0, 100 - CYI_REQUEST_BYTES), *reply = NULL;
    (void) arg;
    pair_wait_for_peers();
    for (uint32_t i = 1; i <= FULL + ALLOWED; i++)
        WORLD_CHECK(pair_send(i, BODY) == 0);
    WORLD_CHECK(cy_call(&reply, pair.server, &msg, cy_after(CY_SECOND)) == -ETIMEDOUT);
    WORLD_CHECK(is_attached() && floods() == 0);
    cyi_self->congested_count = 0;
    msg = pair_message(0, 100 - CYI_REQUEST_BYTES);
    WORLD_CHECK(cy_call(&reply, pair.server, &msg, cy_after(CY_SECOND)) == CY_ENOPEER);
    WORLD_CHECK(floods() == 1);
    return 0;
}

static void
what_was_under_way_is_no_offence(void)
{
    reading = false;
    pair_open(10 * CY_SECOND, burst);
    world.nodes[1].extra = start_late_reader;
    pair.setup[1].limits.excess_bytes = ALLOWED * 100;
    pair_run();
}

CY_TEST_MAIN("transport.told", CY_TEST(who_does_not_stop_is_cut_and_trusted_less),
             CY_TEST(what_was_under_way_is_no_offence))
