#include "buffer.h"
#include "cy_test.h"

#include <stdint.h>

static void
grows_and_keeps_what_is_there(void)
{
    struct kv_buffer buffer = {0};
    for (int i = 0; i < 10000; i++)
        kv_buffer_append(&buffer, &i, sizeof i);
    CU_ASSERT_EQUAL(buffer.used, 10000 * sizeof(int));
    for (int i = 0; i < 10000; i++)
        CU_ASSERT_EQUAL(memcmp(buffer.at + (size_t) i * sizeof i, &i, sizeof i), 0);
    kv_buffer_free(&buffer);
    CU_ASSERT_PTR_NULL(buffer.at);
}

static void
nothing_can_be_appended_to_an_empty_buffer(void)
{
    struct kv_buffer buffer = {0};
    kv_buffer_append(&buffer, NULL, 0);
    CU_ASSERT_EQUAL(buffer.used, 0);
    CU_ASSERT(!buffer.failed);
}

static void
remembers_that_memory_ran_out_and_appends_no_more(void)
{
    struct kv_buffer buffer = {0};
    kv_buffer_append(&buffer, "abc", 3);
    CU_ASSERT_PTR_NULL(kv_buffer_space(&buffer, SIZE_MAX / 2));
    CU_ASSERT(buffer.failed);
    CU_ASSERT_PTR_NULL(kv_buffer_space(&buffer, 100000));
    CU_ASSERT_EQUAL(buffer.used, 3);
    kv_buffer_free(&buffer);
    CU_ASSERT(!buffer.failed);
}

static void
clearing_keeps_small_memory_and_frees_large(void)
{
    struct kv_buffer buffer = {0};
    CU_ASSERT_PTR_NOT_NULL(kv_buffer_space(&buffer, 1000));
    buffer.used = 1000;
    kv_buffer_clear(&buffer, 4096);
    CU_ASSERT_PTR_NOT_NULL(buffer.at);
    CU_ASSERT_EQUAL(buffer.used, 0);
    kv_buffer_clear(&buffer, 100);
    CU_ASSERT_PTR_NULL(buffer.at);
    CU_ASSERT_EQUAL(buffer.capacity, 0);
}

CY_TEST_MAIN("kv.buffer", CY_TEST(grows_and_keeps_what_is_there),
             CY_TEST(nothing_can_be_appended_to_an_empty_buffer),
             CY_TEST(remembers_that_memory_ran_out_and_appends_no_more),
             CY_TEST(clearing_keeps_small_memory_and_frees_large))
