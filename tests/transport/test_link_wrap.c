#include "connection.h"
#include "link_pair.h"

#include <string.h>

/* Frames are numbered up to 2^32 - 1 and then from 1 again, cut or not. */

enum { BEFORE = 5, MESSAGES = 20, FAR = 10 };

/* The other end of the link. */
static struct cyi_link *
other_end(void)
{
    return cyi_link_find(world.nodes[1].node->cores[pair.server.core], cyi_self->home.node,
                         cyi_self->index);
}

/* As if all but the last few numbers had been used. Nothing is under way. */
static void
set_numbers(uint32_t next)
{
    struct cyi_link *here = pair_link(), *there = other_end();
    WORLD_CHECK(here != NULL && there != NULL && here->first == NULL);
    WORLD_CHECK(here->connection != NULL && there->connection != NULL);
    if (world.failures != 0)
        return;
    here->next_number = next;
    here->connection->written = next - 1;
    there->expected = next;
}

static void
begin(void)
{
    pair_wait_for_peers();
    WORLD_CHECK(pair_send(1, 8) == 0);
    pair_wait_for(1);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0); /* until it is acknowledged */
    set_numbers(UINT32_MAX - BEFORE + 1);
}

static int
send_across_the_wrap(void *arg)
{
    (void) arg;
    begin();
    for (uint32_t i = 2; i < MESSAGES; i++) {
        WORLD_CHECK(pair_send(i, 8) == 0);
        WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0); /* a frame of its own */
    }
    pair_wait_for(MESSAGES - 1);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0);
    WORLD_CHECK(pair_link()->next_number == MESSAGES - 1 - BEFORE);
    WORLD_CHECK(other_end()->expected == MESSAGES - 1 - BEFORE);
    WORLD_CHECK(pair_link()->first == NULL && pair_link()->queued_bytes == 0);
    WORLD_CHECK(pair_counters()->resent == 0 && pair_counters()->bad_frame == 0);
    return 0;
}

static void
goes_on_with_one_after_the_last_number(void)
{
    pair_open(5 * CY_SECOND, send_across_the_wrap);
    pair_run();
    CU_ASSERT_EQUAL(pair.got, MESSAGES - 1);
}

/* So many frames are under way when the connection is cut; some of them before the wrap. */
static uint32_t flying;

static int
cut_at_the_wrap(void *arg)
{
    (void) arg;
    begin();
    cyi_sim_block(world.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
    for (uint32_t i = 2; i < 2 + flying; i++) {
        WORLD_CHECK(pair_send(i, 8) == 0);
        WORLD_CHECK(cy_sleep(CY_MILLISECOND) == 0);
    }
    WORLD_CHECK(pair.got == 1);
    WORLD_CHECK(cyi_sim_reset(world.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1)) > 0);
    cyi_sim_heal(world.sim);
    pair_wait_for(1 + flying);
    WORLD_CHECK(pair_counters()->resent == flying);
    WORLD_CHECK(pair_counters()->bad_frame == 0 && pair_counters()->lost == 0);
    return 0;
}

static void
resumes_on_either_side_of_the_wrap(void)
{
    for (flying = 1; flying <= FAR; flying++) {
        pair_open(10 * CY_SECOND, cut_at_the_wrap);
        pair_run();
        CU_ASSERT_EQUAL(pair.got, 1 + flying);
    }
}

CY_TEST_MAIN("transport.link_wrap", CY_TEST(goes_on_with_one_after_the_last_number),
             CY_TEST(resumes_on_either_side_of_the_wrap))
