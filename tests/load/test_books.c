/* test_books.c - each way in which payloads may come, and what the books say of it. */
#include "books.h"
#include "cy_test.h"

#include <errno.h>
#include <string.h>

enum { SIZE = 32, STREAM = 7 };

static struct load_page page;

static cy_ref
sender_of(uint32_t slot)
{
    return (cy_ref){.node = 5, .slot = slot, .generation = 1};
}

static void
note(uint32_t stream, uint32_t version)
{
    char payload[SIZE];
    const struct load_proof proof = {.run = 1, .key = stream, .version = version};
    load_proof_write(payload, sizeof payload, &proof);
    load_page_note(&page, payload, sizeof payload);
}

static void
note_damaged(void)
{
    static const char payload[SIZE] = "this is no payload";
    load_page_note(&page, payload, sizeof payload);
}

static struct load_told
tell(uint32_t stream, uint64_t number)
{
    const struct load_mark mark = {.number = number, .stream = stream};
    struct load_told told;
    load_page_tell(&page, &mark, &told);
    CU_ASSERT_EQUAL(told.number, number);
    CU_ASSERT_EQUAL(told.stream, stream);
    CU_ASSERT_EQUAL(told.error, 0);
    return told;
}

static void
expect(uint64_t distinct, uint64_t duplicated, uint64_t reordered, uint64_t corrupted)
{
    struct load_told told = tell(STREAM, 0);
    CU_ASSERT_EQUAL(told.distinct, distinct);
    CU_ASSERT_EQUAL(told.duplicated, duplicated);
    CU_ASSERT_EQUAL(told.reordered, reordered);
    CU_ASSERT_EQUAL(told.corrupted, corrupted);
    memset(&page, 0, sizeof page);
}

static void
what_comes_once_and_in_order_is_without_fault(void)
{
    memset(&page, 0, sizeof page);
    for (uint32_t v = 1; v <= 5000; v++)
        note(STREAM, v);
    expect(5000, 0, 0, 0);
}

static void
a_gap_a_copy_and_a_late_one_are_told_apart(void)
{
    note(STREAM, 1), note(STREAM, 3);
    expect(2, 0, 0, 0);
    note(STREAM, 1), note(STREAM, 3), note(STREAM, 2);
    expect(3, 0, 1, 0);
    note(STREAM, 1), note(STREAM, 2), note(STREAM, 2), note(STREAM, 1);
    expect(2, 2, 0, 0);
    note(STREAM, 2), note(STREAM, 1), note(STREAM, 1);
    expect(2, 1, 1, 0);
}

static void
damage_is_counted_before_the_first_whole_payload_too(void)
{
    note_damaged();
    note(STREAM, 2), note_damaged();
    expect(1, 0, 0, 2);
    load_page_note(&page, "short", 5);
    expect(0, 0, 0, 1);
}

static void
a_new_stream_begins_a_new_page(void)
{
    note(STREAM, 1), note(STREAM, 1), note_damaged();
    note(STREAM + 1, 1);
    struct load_told told = tell(STREAM + 1, 1);
    CU_ASSERT_EQUAL(told.distinct, 1);
    CU_ASSERT_EQUAL(told.duplicated + told.reordered + told.corrupted, 0);
    /* A mark alone does so too: all before it was lost. */
    told = tell(STREAM + 2, 9);
    CU_ASSERT_EQUAL(told.distinct, 0);
    memset(&page, 0, sizeof page);
}

static void
within_the_window_a_copy_is_known_as_one(void)
{
    note(STREAM, 1), note(STREAM, 2), note(STREAM, LOAD_PAGE_WINDOW + 1);
    note(STREAM, 2); /* the oldest that is remembered */
    expect(3, 1, 0, 0);
    note(STREAM, 2), note(STREAM, LOAD_PAGE_WINDOW + 1), note(STREAM, 2);
    expect(2, 1, 0, 0);
    /* One further back something is missing, so this may be it. */
    note(STREAM, 1), note(STREAM, LOAD_PAGE_WINDOW + 1), note(STREAM, 1);
    expect(3, 0, 1, 0);
    /* And where nothing is missing it must be a copy. */
    for (uint32_t v = 1; v <= LOAD_PAGE_WINDOW + 1; v++)
        note(STREAM, v);
    note(STREAM, 1);
    expect(LOAD_PAGE_WINDOW + 1, 1, 0, 0);
}

static void
a_jump_over_the_whole_window_forgets_what_was_before(void)
{
    note(STREAM, 1), note(STREAM, 2 * LOAD_PAGE_WINDOW + 1);
    note(STREAM, LOAD_PAGE_WINDOW + 2);
    expect(3, 0, 1, 0);
}

static void
versions_go_round_after_32_bits(void)
{
    memset(&page, 0, sizeof page);
    note(STREAM, 1);
    page.reach = page.distinct = UINT32_MAX - 1;
    note(STREAM, UINT32_MAX), note(STREAM, 0), note(STREAM, 1), note(STREAM, 1);
    CU_ASSERT_EQUAL(page.reach, (uint64_t) UINT32_MAX + 2);
    expect((uint64_t) UINT32_MAX + 2, 1, 0, 0);
}

static struct load_books books;

static void
each_sender_has_its_page_until_it_is_dropped(void)
{
    struct load_page *a = load_books_open(&books, sender_of(1));
    struct load_page *b = load_books_open(&books, sender_of(2));
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_EQUAL(a, b);
    CU_ASSERT_PTR_EQUAL(load_books_find(&books, sender_of(1)), a);
    CU_ASSERT_PTR_EQUAL(load_books_find(&books, sender_of(2)), b);
    CU_ASSERT_PTR_NULL(load_books_find(&books, sender_of(3)));
    load_books_drop(&books, sender_of(2));
    load_books_drop(&books, sender_of(3));
    CU_ASSERT_PTR_NULL(load_books_find(&books, sender_of(2)));
    CU_ASSERT_PTR_EQUAL(load_books_find(&books, sender_of(1)), a);
    load_books_fini(&books);
    CU_ASSERT_EQUAL(books.count, 0);
}

static void
there_are_so_many_pages_and_no_more(void)
{
    for (uint32_t i = 0; i < LOAD_PAGES_MAX; i++)
        CU_ASSERT_PTR_NOT_NULL(load_books_open(&books, sender_of(i)));
    CU_ASSERT_PTR_NULL(load_books_open(&books, sender_of(LOAD_PAGES_MAX)));
    load_books_drop(&books, sender_of(77));
    CU_ASSERT_PTR_NOT_NULL(load_books_open(&books, sender_of(LOAD_PAGES_MAX)));
    load_books_fini(&books);
}

CY_TEST_MAIN("load.books", CY_TEST(what_comes_once_and_in_order_is_without_fault),
             CY_TEST(a_gap_a_copy_and_a_late_one_are_told_apart),
             CY_TEST(damage_is_counted_before_the_first_whole_payload_too),
             CY_TEST(a_new_stream_begins_a_new_page),
             CY_TEST(within_the_window_a_copy_is_known_as_one),
             CY_TEST(a_jump_over_the_whole_window_forgets_what_was_before),
             CY_TEST(versions_go_round_after_32_bits),
             CY_TEST(each_sender_has_its_page_until_it_is_dropped),
             CY_TEST(there_are_so_many_pages_and_no_more))
