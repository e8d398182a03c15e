/* test_keyspace.c - which answers to a GET are too old. */
#include "cy_test.h"
#include "keyspace.h"

static struct load_keyspace space;

static bool
stale(enum load_reply_kind kind, bool ours, uint32_t version)
{
    const struct load_request get = {.operation = LOAD_GET, .key = 12, .version = 50};
    const struct load_reply reply = {.kind = kind, .ours = ours, .key = 12, .version = version};
    return load_keyspace_stale(&space, &get, &reply);
}

static void
acknowledge(uint32_t version)
{
    load_keyspace_set(&space, &(struct load_request){.key = 12, .version = version});
}

static void
of_a_key_never_written_anything_may_come(void)
{
    CY_OK(load_keyspace_init(&space, 10, 5, false));
    CU_ASSERT_FALSE(stale(LOAD_NIL, false, 0));
    CU_ASSERT_FALSE(stale(LOAD_VALUE, false, 7));
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 7));
    load_keyspace_fini(&space);
}

static void
of_a_written_key_only_the_last_acknowledged_version_or_a_newer_one_may_come(void)
{
    CY_OK(load_keyspace_init(&space, 10, 5, false));
    acknowledge(20);
    CU_ASSERT_TRUE(stale(LOAD_NIL, false, 0));
    CU_ASSERT_TRUE(stale(LOAD_VALUE, false, 20)); /* of an earlier run */
    CU_ASSERT_TRUE(stale(LOAD_VALUE, true, 19));
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 20));
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 21));
    load_keyspace_fini(&space);
}

static void
versions_compare_across_the_wrap_of_their_number(void)
{
    CY_OK(load_keyspace_init(&space, 10, 5, false));
    acknowledge(UINT32_MAX);
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 3));
    CU_ASSERT_TRUE(stale(LOAD_VALUE, true, UINT32_MAX - 1));
    load_keyspace_fini(&space);
}

static void
shared_keys_have_no_order_of_versions_but_must_not_vanish(void)
{
    CY_OK(load_keyspace_init(&space, 10, 5, true));
    acknowledge(20);
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 3));
    CU_ASSERT_TRUE(stale(LOAD_VALUE, false, 3));
    CU_ASSERT_TRUE(stale(LOAD_NIL, false, 0));
    load_keyspace_fini(&space);
}

static void
after_the_fill_every_key_must_be_there_and_after_a_reconnect_none(void)
{
    CY_OK(load_keyspace_init(&space, 10, 5, false));
    space.filled = true;
    CU_ASSERT_TRUE(stale(LOAD_NIL, false, 0));
    acknowledge(20);
    load_keyspace_forget(&space);
    CU_ASSERT_FALSE(stale(LOAD_NIL, false, 0));
    CU_ASSERT_FALSE(stale(LOAD_VALUE, true, 3));
    load_keyspace_fini(&space);
}

CY_TEST_MAIN(
    "load.keyspace", CY_TEST(of_a_key_never_written_anything_may_come),
    CY_TEST(of_a_written_key_only_the_last_acknowledged_version_or_a_newer_one_may_come),
    CY_TEST(versions_compare_across_the_wrap_of_their_number),
    CY_TEST(shared_keys_have_no_order_of_versions_but_must_not_vanish),
    CY_TEST(after_the_fill_every_key_must_be_there_and_after_a_reconnect_none))
