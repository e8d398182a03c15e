#include "cy_test.h"

#include "rows.h"

#include <string.h>

/* Rows: encoded maps, one behind the other. */

static void
add(struct ctl_rows *rows, uint64_t number)
{
    ctl_put_uint(ctl_rows_begin(rows, 1), "n", number);
    CY_OK(ctl_rows_end(rows));
}

static uint64_t
number_of(const struct ctl_row *row)
{
    cy_value_reader map = ctl_row_read(row);
    return ctl_uint_at(&map, "n");
}

static void
rows_keep_their_order_when_they_are_moved(void)
{
    struct ctl_rows all = {0}, some = {0}, none = {0};
    size_t wrong = 0;
    for (uint64_t i = 0; i < 1000; i++)
        add(i < 500 ? &all : &some, i);
    CY_OK(ctl_rows_move(&all, &some));
    CY_OK(ctl_rows_move(&all, &none));
    CU_ASSERT_EQUAL(some.count, 0);
    CU_ASSERT_EQUAL(all.count, 1000);
    for (size_t i = 0; i < all.count; i++)
        wrong += number_of(&all.row[i]) != i;
    CU_ASSERT_EQUAL(wrong, 0);
    ctl_rows_fini(&all);
    CU_ASSERT_EQUAL(all.count, 0);
}

static void
a_row_that_is_not_whole_is_left_out_and_told(void)
{
    struct ctl_rows rows = {0}, other = {0};
    add(&rows, 1);
    ctl_put_uint(ctl_rows_begin(&rows, 2), "n", 2);
    CU_ASSERT_EQUAL(ctl_rows_end(&rows), -EINVAL);
    add(&rows, 3);
    CU_ASSERT_EQUAL(rows.count, 2);
    CU_ASSERT_EQUAL(rows.error, -EINVAL);
    CU_ASSERT_EQUAL(ctl_rows_move(&other, &rows), -EINVAL);
    CU_ASSERT_EQUAL(other.count, 2);
    CU_ASSERT_EQUAL(other.error, -EINVAL);
    ctl_rows_fini(&other);
}

static void
there_are_so_many_rows_and_no_more(void)
{
    struct ctl_rows rows = {0};
    long wrong = 0;
    for (size_t i = 0; i < CTL_ROWS_MAX; i++) {
        (void) ctl_rows_begin(&rows, 0);
        wrong += ctl_rows_end(&rows) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    (void) ctl_rows_begin(&rows, 0);
    CU_ASSERT_EQUAL(ctl_rows_end(&rows), -E2BIG);
    CU_ASSERT_EQUAL(rows.count, CTL_ROWS_MAX);
    ctl_rows_fini(&rows);
}

static void
a_path_leads_through_maps(void)
{
    struct ctl_rows rows = {0};
    cy_value_reader value;
    cy_value_writer *w = ctl_rows_begin(&rows, 2);
    cy_value_put_text(w, "a");
    cy_value_put_map(w, 1);
    cy_value_put_text(w, "b");
    cy_value_put_map(w, 1);
    ctl_put_uint(w, "c", 7);
    ctl_put_text(w, "d", "text");
    CY_OK(ctl_rows_end(&rows));
    cy_value_reader map = ctl_row_read(&rows.row[0]);
    CU_ASSERT_EQUAL(ctl_pairs(&map), 2);
    CU_ASSERT_EQUAL(ctl_uint_at(&map, "a.b.c"), 7);
    CU_ASSERT_TRUE(ctl_value_at(&map, "a.b", &value));
    CU_ASSERT_EQUAL(cy_value_peek(&value), CY_VALUE_MAP);
    CU_ASSERT_FALSE(ctl_value_at(&map, "a.c", &value));
    CU_ASSERT_FALSE(ctl_value_at(&map, "d.e", &value));
    CU_ASSERT_FALSE(ctl_value_at(&map, "e", &value));
    CU_ASSERT_EQUAL(ctl_uint_at(&map, "d"), 0);
    ctl_rows_fini(&rows);
}

static void
entries_are_taken_over_from_other_maps(void)
{
    struct ctl_rows rows = {0};
    add(&rows, 5);
    cy_value_reader map = ctl_row_read(&rows.row[0]), value;
    cy_value_writer *w = ctl_rows_begin(&rows, 2 + ctl_pairs(&map));
    ctl_put_from(w, "same", &map, "n");
    ctl_put_from(w, "none", &map, "m");
    ctl_put_pairs(w, map);
    CY_OK(ctl_rows_end(&rows));
    cy_value_reader copy = ctl_row_read(&rows.row[1]);
    CU_ASSERT_EQUAL(ctl_uint_at(&copy, "same"), 5);
    CU_ASSERT_EQUAL(ctl_uint_at(&copy, "n"), 5);
    CU_ASSERT_TRUE(ctl_value_at(&copy, "none", &value));
    CY_OK(cy_value_get_nil(&value));
    ctl_rows_fini(&rows);
}

CY_TEST_MAIN("cycosctl.rows", CY_TEST(rows_keep_their_order_when_they_are_moved),
             CY_TEST(a_row_that_is_not_whole_is_left_out_and_told),
             CY_TEST(there_are_so_many_rows_and_no_more), CY_TEST(a_path_leads_through_maps),
             CY_TEST(entries_are_taken_over_from_other_maps))
