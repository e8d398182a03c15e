/* test_sizes.c - value sizes: fixed, a range, zipf over a range. */
#include "cy_test.h"
#include "sizes.h"

#include <errno.h>

static struct load_random source;

static struct load_sizes
parsed(const char *text)
{
    struct load_sizes sizes = {0};
    load_random_seed(&source, 9, 0);
    CY_OK(load_sizes_parse(&sizes, text));
    return sizes;
}

static void
a_single_number_is_every_size(void)
{
    struct load_sizes sizes = parsed("64");
    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(load_sizes_next(&sizes, &source), 64);
}

static void
a_range_reaches_both_ends_and_nothing_beyond(void)
{
    struct load_sizes sizes = parsed("16-20");
    unsigned seen = 0;
    for (int i = 0; i < 1000; i++) {
        size_t size = load_sizes_next(&sizes, &source);
        CU_ASSERT_TRUE(size >= 16 && size <= 20);
        seen |= 1u << (size & 31);
    }
    CU_ASSERT_EQUAL(seen, 0x1f0000);
}

static void
zipf_prefers_the_short_ones(void)
{
    struct load_sizes sizes = parsed("zipf:16-1k:1.2");
    int shortest = 0, upper_half = 0;
    for (int i = 0; i < 10000; i++) {
        size_t size = load_sizes_next(&sizes, &source);
        CU_ASSERT_TRUE(size >= 16 && size <= 1024);
        shortest += size == 16;
        upper_half += size > 520;
    }
    CU_ASSERT_TRUE(shortest > 2000);
    CU_ASSERT_TRUE(upper_half < 1000);
}

static void
refuses_malformed_sizes(void)
{
    struct load_sizes sizes;
    CY_FAILS(load_sizes_parse(&sizes, ""), -EINVAL);
    CY_FAILS(load_sizes_parse(&sizes, "12-"), -EINVAL);
    CY_FAILS(load_sizes_parse(&sizes, "12-x"), -EINVAL);
    CY_FAILS(load_sizes_parse(&sizes, "12-14:2"), -EINVAL);
    CY_FAILS(load_sizes_parse(&sizes, "20-16"), -ERANGE);
    CY_FAILS(load_sizes_parse(&sizes, "zipf:16-20:0"), -ERANGE);
    CY_FAILS(load_sizes_parse(&sizes, "zipf:16-20:10.1"), -ERANGE);
    CY_OK(load_sizes_parse(&sizes, "zipf:16-20:10"));
}

CY_TEST_MAIN("load.sizes", CY_TEST(a_single_number_is_every_size),
             CY_TEST(a_range_reaches_both_ends_and_nothing_beyond),
             CY_TEST(zipf_prefers_the_short_ones), CY_TEST(refuses_malformed_sizes))
