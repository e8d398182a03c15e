#include "cy_test.h"

#include "cell.h"
#include "rows.h"

#include <cycos/time.h>
#include <string.h>

/* Values as cells of a table. */

static char cell[CTL_CELL_MAX];
static struct ctl_rows rows;

static cy_value_writer *
begin(void)
{
    cy_value_writer *w = ctl_rows_begin(&rows, 1);
    cy_value_put_text(w, "x");
    return w;
}

static const char *
as(enum ctl_cell kind)
{
    cy_value_reader value = {0};
    CY_OK(ctl_rows_end(&rows));
    cy_value_reader map = ctl_row_read(&rows.row[0]);
    CU_ASSERT_TRUE(ctl_value_at(&map, "x", &value));
    ctl_cell_format(cell, kind, value);
    ctl_rows_fini(&rows);
    return cell;
}

static const char *
number_as(enum ctl_cell kind, double number)
{
    cy_value_put_double(begin(), number);
    return as(kind);
}

static const char *
count_as(enum ctl_cell kind, uint64_t number)
{
    cy_value_put_uint(begin(), number);
    return as(kind);
}

static void
bytes_have_the_unit_that_suits_them(void)
{
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, 0), "0");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, 1023), "1023");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, 1024), "1.0K");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, 1536), "1.5K");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, 100 << 10), "100K");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_BYTES, UINT64_MAX), "16.0E");
    CU_ASSERT_STRING_EQUAL(number_as(CTL_CELL_RATE, 0.4), "0");
    CU_ASSERT_STRING_EQUAL(number_as(CTL_CELL_RATE, 12345), "12.3k");
    CU_ASSERT_STRING_EQUAL(number_as(CTL_CELL_RATE, 2.5e6), "2.5M");
    CU_ASSERT_STRING_EQUAL(number_as(CTL_CELL_RATE, 1e300 * 0), "0");
}

static void
durations_have_the_unit_that_suits_them(void)
{
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 0), "0");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 999), "999ns");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 1500), "1.5us");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 2500000), "2.5ms");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 90 * CY_SECOND), "90.0s");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 125 * CY_SECOND), "2m05s");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 3 * CY_HOUR + 5 * CY_MINUTE), "3h05m");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_DURATION, 50 * CY_HOUR), "2d02h");
}

static void
other_values_are_shown_as_they_are(void)
{
    cy_value_writer *w = begin();
    cy_value_put_list(w, 3);
    cy_value_put_text(w, "one"), cy_value_put_text(w, "two"), cy_value_put_int(w, -3);
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_TEXT), "one,two,-3");
    cy_value_put_nil(begin());
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_COUNT), "-");
    cy_value_put_bytes(begin(), "\x01\xab", 2);
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_TEXT), "01ab");
    cy_value_put_bool(begin(), true);
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_TEXT), "true");
    cy_value_put_text(begin(), "a text");
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_BYTES), "a text");
    CU_ASSERT_STRING_EQUAL(count_as(CTL_CELL_COUNT, 1234567), "1234567");
    CU_ASSERT_STRING_EQUAL(number_as(CTL_CELL_PERCENT, 12.345), "12.3");
    ctl_cell_format(cell, CTL_CELL_TEXT, (cy_value_reader){0});
    CU_ASSERT_STRING_EQUAL(cell, "-");
}

static void
nothing_that_controls_a_terminal_gets_through(void)
{
    cy_value_put_text(begin(), "\x1b[2J\n\r\x7f \xc2\x9b"
                               "31m \xc3\xa9\xe2\x82\xac");
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_TEXT), "?[2J??? ?31m \xc3\xa9\xe2\x82\xac");
    CU_ASSERT_EQUAL(ctl_cell_width(cell), 15);
    char small[5];
    ctl_cell_plain(small, sizeof small, "abcdef", 6);
    CU_ASSERT_STRING_EQUAL(small, "abcd");
    ctl_cell_plain(small, sizeof small, "ab\xe2\x82\xac", 5);
    CU_ASSERT_STRING_EQUAL(small, "ab"); /* not a half of a character */
    ctl_cell_plain(small, sizeof small, "a\xe2\x82\xac", 4);
    CU_ASSERT_STRING_EQUAL(small, "a\xe2\x82\xac");
    ctl_cell_plain(small, sizeof small, "", 0);
    CU_ASSERT_STRING_EQUAL(small, "");
}

static void
a_text_of_any_length_is_cut_to_a_cell(void)
{
    char text[2 * CTL_CELL_MAX];
    memset(text, 'x', sizeof text);
    text[CTL_CELL_MAX - 1] = '\0';
    cy_value_put_text(begin(), text);
    CU_ASSERT_STRING_EQUAL(as(CTL_CELL_TEXT), text);
    text[CTL_CELL_MAX - 1] = 'x';
    text[CTL_CELL_MAX] = '\0';
    cy_value_put_text(begin(), text);
    CU_ASSERT_EQUAL(strlen(as(CTL_CELL_TEXT)), CTL_CELL_MAX - 1);
}

CY_TEST_MAIN("cycosctl.cell", CY_TEST(bytes_have_the_unit_that_suits_them),
             CY_TEST(durations_have_the_unit_that_suits_them),
             CY_TEST(other_values_are_shown_as_they_are),
             CY_TEST(nothing_that_controls_a_terminal_gets_through),
             CY_TEST(a_text_of_any_length_is_cut_to_a_cell))
