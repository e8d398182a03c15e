#include "cy_test.h"
#include <cycos/impl/list.h>

#include <string.h>

struct item {
    int value;
    struct cyi_list link;
};

static struct cyi_list head;

static int
value_of(struct cyi_list *link)
{
    return cyi_container_of(link, struct item, link)->value;
}

/* The values in the list as decimal digits, oldest first, walked both ways. */
static int
digits(struct cyi_list *list)
{
    int forward = 0, backward = 0, weight = 1;
    cyi_list_for_each(link, list) {
        forward = forward * 10 + value_of(link);
    }
    for (struct cyi_list *link = list->prev; link != list; link = link->prev, weight *= 10)
        backward += value_of(link) * weight;
    CU_ASSERT_EQUAL(forward, backward);
    return forward;
}

static void
a_new_list_is_empty(void)
{
    cyi_list_init(&head);
    CU_ASSERT_TRUE(cyi_list_empty(&head));
    CU_ASSERT_PTR_NULL(cyi_list_first(&head));
    CU_ASSERT_PTR_NULL(cyi_list_last(&head));
    CU_ASSERT_PTR_NULL(cyi_list_pop(&head));
    CU_ASSERT_EQUAL(digits(&head), 0);
}

static void
append_and_prepend_keep_their_ends(void)
{
    static struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    cyi_list_init(&head);
    cyi_list_append(&head, &b.link);
    cyi_list_append(&head, &c.link);
    cyi_list_prepend(&head, &a.link);
    CU_ASSERT_EQUAL(digits(&head), 123);
    CU_ASSERT_PTR_EQUAL(cyi_list_first(&head), &a.link);
    CU_ASSERT_PTR_EQUAL(cyi_list_last(&head), &c.link);
}

static void
pop_takes_the_oldest_first(void)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    cyi_list_init(&head);
    for (int i = 0; i < 3; i++)
        cyi_list_append(&head, &items[i].link);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_PTR_EQUAL(cyi_list_pop(&head), &items[i].link);
    CU_ASSERT_TRUE(cyi_list_empty(&head));
}

static void
remove_is_idempotent(void)
{
    static struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    cyi_list_init(&head);
    cyi_list_append(&head, &a.link);
    cyi_list_append(&head, &b.link);
    cyi_list_append(&head, &c.link);
    CU_ASSERT_TRUE(cyi_list_linked(&b.link));
    cyi_list_remove(&b.link);
    CU_ASSERT_FALSE(cyi_list_linked(&b.link));
    cyi_list_remove(&b.link);
    CU_ASSERT_EQUAL(digits(&head), 13);
}

static void
a_zeroed_member_is_unlinked(void)
{
    struct item a;
    memset(&a, 0, sizeof a);
    CU_ASSERT_FALSE(cyi_list_linked(&a.link));
    cyi_list_remove(&a.link);
    CU_ASSERT_FALSE(cyi_list_linked(&a.link));
}

static void
the_safe_loop_allows_removal_of_the_visited_member(void)
{
    struct item items[6];
    cyi_list_init(&head);
    for (int i = 0; i < 6; i++) {
        items[i].value = i + 1;
        cyi_list_append(&head, &items[i].link);
    }
    cyi_list_for_each_safe(link, &head) {
        if (value_of(link) % 2 == 0) {
            cyi_list_remove(link);
            memset(link, 0xa5, sizeof *link); /* as if freed and used again */
        }
    }
    CU_ASSERT_EQUAL(digits(&head), 135);
}

static void
splice_moves_all_behind_and_empties_the_source(void)
{
    static struct cyi_list other;
    static struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    cyi_list_init(&head);
    cyi_list_init(&other);
    cyi_list_splice(&head, &other);
    CU_ASSERT_TRUE(cyi_list_empty(&head));
    cyi_list_append(&other, &b.link);
    cyi_list_append(&other, &c.link);
    cyi_list_append(&head, &a.link);
    cyi_list_splice(&head, &other);
    CU_ASSERT_EQUAL(digits(&head), 123);
    CU_ASSERT_TRUE(cyi_list_empty(&other));
    cyi_list_splice(&other, &head);
    CU_ASSERT_EQUAL(digits(&other), 123);
    CU_ASSERT_TRUE(cyi_list_empty(&head));
}

CY_TEST_MAIN("runtime.list", CY_TEST(a_new_list_is_empty),
             CY_TEST(append_and_prepend_keep_their_ends), CY_TEST(pop_takes_the_oldest_first),
             CY_TEST(remove_is_idempotent), CY_TEST(a_zeroed_member_is_unlinked),
             CY_TEST(the_safe_loop_allows_removal_of_the_visited_member),
             CY_TEST(splice_moves_all_behind_and_empties_the_source))
