#include "cy_test.h"
#include "names.h"

#include <stdio.h>

static struct kv_slice
slice(const char *text)
{
    return (struct kv_slice){text, strlen(text)};
}

static void
finds_what_was_added_and_nothing_else(void)
{
    struct kv_names names = {0};
    CU_ASSERT_PTR_NULL(kv_names_find(&names, slice("a"), 1));
    struct kv_name *a = kv_names_add(&names, slice("a"), 1);
    CU_ASSERT_PTR_EQUAL(kv_names_find(&names, slice("a"), 1), a);
    CU_ASSERT_PTR_NULL(kv_names_find(&names, slice("b"), 1));
    CU_ASSERT_PTR_NULL(kv_names_find(&names, slice("a"), 9));
    CU_ASSERT_PTR_NULL(kv_names_find(&names, slice("ab"), 1));
    kv_names_remove(&names, a);
    CU_ASSERT_PTR_NULL(kv_names_find(&names, slice("a"), 1));
    kv_names_free(&names);
}

static void
keeps_the_order_of_adding_through_growth_and_removal(void)
{
    struct kv_names names = {0};
    char text[16];
    for (uint64_t i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "n%d", (int) i);
        CU_ASSERT_PTR_NOT_NULL(kv_names_add(&names, slice(text), i * 7));
    }
    for (uint64_t i = 0; i < 1000; i += 2) {
        snprintf(text, sizeof text, "n%d", (int) i);
        kv_names_remove(&names, kv_names_find(&names, slice(text), i * 7));
    }
    CU_ASSERT_EQUAL(names.count, 500);
    int expected = 1;
    for (struct kv_name *name = names.first; name != NULL; name = name->next) {
        snprintf(text, sizeof text, "n%d", expected);
        CU_ASSERT_EQUAL(memcmp(name->at, text, name->bytes), 0);
        expected += 2;
    }
    CU_ASSERT_EQUAL(expected, 1001);
    kv_names_free(&names);
    CU_ASSERT_EQUAL(names.count, 0);
}

static void
the_empty_name_is_a_name(void)
{
    struct kv_names names = {0};
    struct kv_name *name = kv_names_add(&names, slice(""), 5);
    CU_ASSERT_PTR_EQUAL(kv_names_find(&names, slice(""), 5), name);
    kv_names_free(&names);
}

CY_TEST_MAIN("kv.names", CY_TEST(finds_what_was_added_and_nothing_else),
             CY_TEST(keeps_the_order_of_adding_through_growth_and_removal),
             CY_TEST(the_empty_name_is_a_name))
