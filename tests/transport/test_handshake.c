#include "connection.h"
#include "link_pair.h"

/* By which cipher frames are sealed. What strangers say is in test_accept.c. */

enum { LARGE = 200000 };

static bool able[2];

/* As wire.md says: only if both are good at it. */
static bool
both_able(void)
{
    return able[0] && able[1] && cyi_gcm_available();
}

static int
talk(void *arg)
{
    (void) arg;
    pair_wait_for_peers();
    for (uint32_t i = 1; i <= 3; i++)
        WORLD_CHECK(pair_send(i, i == 2 ? LARGE : 100 * i) == 0);
    pair_wait_for(3);
    WORLD_CHECK(cy_sleep(100 * CY_MILLISECOND) == 0); /* until it is acknowledged */
    const struct cyi_connection *connection = pair_link()->connection;
    WORLD_CHECK(connection->secured);
    WORLD_CHECK((connection->send.gcm != NULL) == both_able());
    WORLD_CHECK((connection->receive.gcm != NULL) == both_able());
    WORLD_CHECK(connection->send.counter > 1 && connection->receive.counter > 1);
    WORLD_CHECK(pair_counters()->bad_frame == 0);
    return 0;
}

static void
run_talk(bool first, bool second)
{
    static const char *const passwords[] = {"a secret of two nodes"};
    able[0] = first;
    able[1] = second;
    pair_open(10 * CY_SECOND, talk);
    for (int i = 0; i < 2; i++) {
        pair.setup[i].passwords = passwords;
        pair.setup[i].password_count = 1;
        pair.setup[i].no_aes = !able[i];
    }
    pair_run();
    CU_ASSERT_EQUAL(pair.got, 3);
}

static void
frames_are_sealed_by_aes_where_both_are_good_at_it(void)
{
    run_talk(true, true);
}

static void
one_that_is_not_good_at_aes_is_talked_to_without(void)
{
    run_talk(true, false);
    run_talk(false, true);
    run_talk(false, false);
}

CY_TEST_MAIN("transport.handshake", CY_TEST(frames_are_sealed_by_aes_where_both_are_good_at_it),
             CY_TEST(one_that_is_not_good_at_aes_is_talked_to_without))
