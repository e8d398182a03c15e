/* test_seekers.c - who waits for a name: order, leaders, and cores. */
#include "cy_test.h"
#include "seekers.h"
#include <string.h>

enum { MANY = 8 };

static const struct cyi_hash_key hash_key = {{1, 2}};
static struct cyi_seekers seekers;
static struct cyi_seeker all[MANY];
static struct cyi_key alice, bob;
static int told[MANY], told_count;

static void
note(struct cyi_core *core, struct cyi_seeker *self, cy_ref ref)
{
    (void) core;
    (void) ref;
    CU_ASSERT_FALSE(self->waits);
    told[told_count++] = (int) (self - all);
}

static void
enter(int which, const struct cyi_key *key, uint32_t core)
{
    all[which] = (struct cyi_seeker){.key = key, .core = core, .found = note};
    CY_OK(cyi_seekers_enter(&seekers, &all[which]));
}

static void
begin(void)
{
    seekers = (struct cyi_seekers){.count = 0};
    alice = cyi_key_make(&hash_key, CY_KIND_TASK, "alice", 5);
    bob = cyi_key_make(&hash_key, CY_KIND_CHANNEL, "alice", 5);
    told_count = 0;
}

static void
tell(const struct cyi_key *key, uint16_t core)
{
    told_count = 0;
    cyi_seekers_tell(&seekers, NULL, key, (cy_ref){.core = core, .node = 1});
}

static void
end(void)
{
    CU_ASSERT_EQUAL(seekers.count, 0);
    CU_ASSERT_EQUAL(seekers.leaders.count, 0);
    cyi_map_fini(&seekers.leaders);
}

static void
they_hear_of_it_in_the_order_in_which_they_came(void)
{
    begin();
    for (int i = 0; i < MANY; i++)
        enter(i, i % 2 == 0 ? &alice : &bob, CYI_CORE_ANY);
    tell(&alice, 3);
    CU_ASSERT_EQUAL(told_count, MANY / 2);
    for (int i = 0; i < MANY / 2; i++)
        CU_ASSERT_EQUAL(told[i], 2 * i);
    CU_ASSERT_EQUAL(seekers.count, MANY / 2);
    tell(&alice, 3);
    CU_ASSERT_EQUAL(told_count, 0);
    tell(&bob, 3);
    CU_ASSERT_EQUAL(told_count, MANY / 2);
    end();
}

static void
who_wants_the_name_of_another_core_stays(void)
{
    begin();
    for (int i = 0; i < MANY; i++)
        enter(i, &alice, i == 1 ? CYI_CORE_ANY : (uint32_t) i % 2);
    tell(&alice, 1); /* 1, 3, 5 and 7 */
    CU_ASSERT_EQUAL(told_count, 4);
    CU_ASSERT_EQUAL(told[0], 1);
    CU_ASSERT_EQUAL(seekers.count, 4);
    tell(&alice, 7);
    CU_ASSERT_EQUAL(told_count, 0);
    CU_ASSERT_EQUAL(seekers.count, 4);
    tell(&alice, 0);
    CU_ASSERT_EQUAL(told_count, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(told[i], 2 * i);
    end();
}

static void
who_leaves_is_not_told_and_another_one_leads(void)
{
    begin();
    for (int i = 0; i < 4; i++)
        enter(i, &alice, CYI_CORE_ANY);
    cyi_seekers_leave(&seekers, &all[0]); /* the leader */
    cyi_seekers_leave(&seekers, &all[0]);
    cyi_seekers_leave(&seekers, &all[2]);
    CU_ASSERT_EQUAL(seekers.count, 2);
    tell(&alice, 0);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_EQUAL(told[0], 1);
    CU_ASSERT_EQUAL(told[1], 3);
    cyi_seekers_leave(&seekers, &all[1]); /* was told */
    cyi_seekers_leave(&seekers, &all[4]); /* was never there */
    enter(0, &alice, CYI_CORE_ANY);
    cyi_seekers_leave(&seekers, &all[0]); /* the last */
    end();
}

CY_TEST_MAIN("registry.seekers", CY_TEST(they_hear_of_it_in_the_order_in_which_they_came),
             CY_TEST(who_wants_the_name_of_another_core_stays),
             CY_TEST(who_leaves_is_not_told_and_another_one_leads))
