/* References: kinds, nobody, equality, and how people read them. */
#include "cy_test.h"
#include <cycos/ref.h>

#include <string.h>

static cy_ref
make_ref(enum cy_kind kind)
{
    return (cy_ref){
        .node = 0xa91c0001, .core = 3, .slot = (uint32_t) kind << 28 | 17, .generation = 2};
}

static void
nobody_is_all_zero(void)
{
    cy_ref zero;
    memset(&zero, 0, sizeof zero);
    CU_ASSERT_TRUE(cy_ref_equal(CY_NOBODY, zero));
    CU_ASSERT_TRUE(cy_ref_is_nobody(zero));
    CU_ASSERT_EQUAL(cy_ref_kind(zero), CY_KIND_NONE);
    CU_ASSERT_FALSE(cy_ref_is_nobody(make_ref(CY_KIND_TASK)));
}

static void
the_kind_is_in_the_slot(void)
{
    CU_ASSERT_EQUAL(cy_ref_kind(make_ref(CY_KIND_TASK)), CY_KIND_TASK);
    CU_ASSERT_EQUAL(cy_ref_kind(make_ref(CY_KIND_CHANNEL)), CY_KIND_CHANNEL);
    CU_ASSERT_EQUAL(cy_ref_kind(make_ref(CY_KIND_METHOD)), CY_KIND_METHOD);
}

static void
references_that_differ_anywhere_are_not_equal(void)
{
    cy_ref a = make_ref(CY_KIND_TASK), b;
    for (size_t i = 0; i < sizeof a; i++) {
        b = a;
        ((uint8_t *) &b)[i] ^= 1;
        CU_ASSERT_FALSE(cy_ref_equal(a, b));
    }
    b = a;
    CU_ASSERT_TRUE(cy_ref_equal(a, b));
}

static void
has_the_size_that_messages_rely_on(void)
{
    CU_ASSERT_EQUAL(sizeof(cy_ref), 32);
}

static void
prints_kind_core_slot_generation_and_node(void)
{
    char text[CY_REF_TEXT_MAX];
    CU_ASSERT_EQUAL(cy_ref_format(text, sizeof text, make_ref(CY_KIND_TASK)),
                    strlen("task 3.17#2@a91c0001"));
    CU_ASSERT_STRING_EQUAL(text, "task 3.17#2@a91c0001");
    cy_ref_format(text, sizeof text, make_ref(CY_KIND_CHANNEL));
    CU_ASSERT_STRING_EQUAL(text, "channel 3.17#2@a91c0001");
    cy_ref_format(text, sizeof text, make_ref(CY_KIND_METHOD));
    CU_ASSERT_STRING_EQUAL(text, "method 3.17#2@a91c0001");
    cy_ref_format(text, sizeof text, CY_NOBODY);
    CU_ASSERT_STRING_EQUAL(text, "nobody");
}

static void
prints_what_no_reference_should_be(void)
{
    char text[CY_REF_TEXT_MAX];
    cy_ref_format(text, sizeof text, make_ref(CY_KIND_NONE));
    CU_ASSERT_STRING_EQUAL(text, "none 3.17#2@a91c0001");
    cy_ref_format(text, sizeof text, make_ref((enum cy_kind) 15));
    CU_ASSERT_STRING_EQUAL(text, "unknown 3.17#2@a91c0001");
}

static void
the_longest_text_fits_and_a_short_buffer_cuts(void)
{
    cy_ref longest;
    char text[CY_REF_TEXT_MAX], small[8];
    memset(&longest, 0xff, sizeof longest);
    CU_ASSERT_TRUE(cy_ref_format(text, sizeof text, longest) < CY_REF_TEXT_MAX);
    CU_ASSERT_STRING_EQUAL(text, "unknown 65535.268435455#4294967295@ffffffff");
    CU_ASSERT_EQUAL(cy_ref_format(small, sizeof small, longest), (int) strlen(text));
    CU_ASSERT_STRING_EQUAL(small, "unknown");
}

CY_TEST_MAIN("runtime.ref", CY_TEST(nobody_is_all_zero), CY_TEST(the_kind_is_in_the_slot),
             CY_TEST(references_that_differ_anywhere_are_not_equal),
             CY_TEST(has_the_size_that_messages_rely_on),
             CY_TEST(prints_kind_core_slot_generation_and_node),
             CY_TEST(prints_what_no_reference_should_be),
             CY_TEST(the_longest_text_fits_and_a_short_buffer_cuts))
