#include "cy_test.h"

#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values as JSON, of rows that are made here. */

static char *made;

static const char *
json_of(const struct ctl_row *row)
{
    size_t size = 0;
    cy_value_reader body;
    free(made);
    made = NULL;
    FILE *out = open_memstream(&made, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CY_OK(cy_value_reader_init(&body, row->bytes, row->size));
    ctl_json_value(out, &body);
    fclose(out);
    return made;
}

static void
done(struct ctl_rows *rows)
{
    ctl_rows_fini(rows);
    free(made);
    made = NULL;
}

/* A map with one entry, "x". */
static cy_value_writer *
begin(struct ctl_rows *rows)
{
    cy_value_writer *w = ctl_rows_begin(rows, 1);
    cy_value_put_text(w, "x");
    return w;
}

static void
expect(struct ctl_rows *rows, const char *text)
{
    char whole[512];
    CY_OK(ctl_rows_end(rows));
    snprintf(whole, sizeof whole, "{\"x\": %s}", text);
    CU_ASSERT_STRING_EQUAL(json_of(&rows->row[rows->count - 1]), whole);
}

static void
numbers_keep_each_digit(void)
{
    struct ctl_rows rows = {0};
    cy_value_put_int(begin(&rows), 0), expect(&rows, "0");
    cy_value_put_int(begin(&rows), INT64_MIN), expect(&rows, "-9223372036854775808");
    cy_value_put_uint(begin(&rows), UINT64_MAX), expect(&rows, "18446744073709551615");
    cy_value_put_encoded(begin(&rows), "\x3b\x80\0\0\0\0\0\0\0", 9);
    expect(&rows, "-9223372036854775809");
    cy_value_put_encoded(begin(&rows), "\x3b\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    expect(&rows, "-18446744073709551616");
    cy_value_put_double(begin(&rows), 0.1), expect(&rows, "0.10000000000000001");
    cy_value_put_double(begin(&rows), 1e300), expect(&rows, "1.0000000000000001e+300");
    done(&rows);
}

static void
what_json_has_no_word_for_becomes_null_or_text(void)
{
    struct ctl_rows rows = {0};
    char text[CY_REF_TEXT_MAX + 2], inner[CY_REF_TEXT_MAX];
    cy_ref ref = {.node = 0xabc, .slot = (uint32_t) CY_KIND_TASK << 28 | 5, .generation = 2};
    cy_value_put_double(begin(&rows), NAN), expect(&rows, "null");
    cy_value_put_double(begin(&rows), -INFINITY), expect(&rows, "null");
    cy_value_put_nil(begin(&rows)), expect(&rows, "null");
    cy_value_put_bytes(begin(&rows), "\x00\xff", 2), expect(&rows, "\"00ff\"");
    cy_value_put_bytes(begin(&rows), NULL, 0), expect(&rows, "\"\"");
    cy_ref_format(inner, sizeof inner, ref);
    snprintf(text, sizeof text, "\"%s\"", inner);
    cy_value_put_ref(begin(&rows), ref), expect(&rows, text);
    cy_value_put_bool(begin(&rows), true), expect(&rows, "true");
    cy_value_put_bool(begin(&rows), false), expect(&rows, "false");
    done(&rows);
}

static void
texts_are_escaped_whoever_made_them(void)
{
    struct ctl_rows rows = {0};
    cy_value_put_text(begin(&rows), "a\"b\\c\nd\te\x1b[J\x7f");
    expect(&rows, "\"a\\\"b\\\\c\\nd\\u0009e\\u001b[J\\u007f\"");
    cy_value_put_text(begin(&rows), "\xc2\x9b"
                                    "2J \xc2\xa0\xc3\xa9");
    expect(&rows, "\"\\u009b2J \xc2\xa0\xc3\xa9\"");
    cy_value_put_text_n(begin(&rows), "\0", 1), expect(&rows, "\"\\u0000\"");
    done(&rows);
}

static void
lists_and_maps_nest_and_keys_become_texts(void)
{
    struct ctl_rows rows = {0};
    cy_value_writer *w = begin(&rows);
    cy_value_put_list(w, 3);
    cy_value_put_list(w, 0);
    cy_value_put_map(w, 3);
    cy_value_put_int(w, -7), cy_value_put_text(w, "seven");
    cy_value_put_text(w, "t"), cy_value_put_map(w, 0);
    cy_value_put_bytes(w, "\x01", 1), cy_value_put_nil(w);
    cy_value_put_int(w, 3);
    expect(&rows, "[[], {\"-7\": \"seven\", \"01\": null, \"t\": {}}, 3]");
    done(&rows);
}

static void
rows_are_an_array_with_a_line_for_each(void)
{
    struct ctl_rows rows = {0};
    size_t size = 0;
    for (int i = 0; i < 3; i++) {
        FILE *out = open_memstream(&made, &size);
        ctl_json_rows(out, &rows);
        fclose(out);
        static const char *const TEXTS[] = {"[]\n", "[\n {\"x\": 0}\n]\n",
                                            "[\n {\"x\": 0},\n {\"x\": 1}\n]\n"};
        CU_ASSERT_STRING_EQUAL(made, TEXTS[i]);
        free(made);
        made = NULL;
        cy_value_put_int(begin(&rows), i);
        CY_OK(ctl_rows_end(&rows));
    }
    done(&rows);
}

CY_TEST_MAIN("cycosctl.json", CY_TEST(numbers_keep_each_digit),
             CY_TEST(what_json_has_no_word_for_becomes_null_or_text),
             CY_TEST(texts_are_escaped_whoever_made_them),
             CY_TEST(lists_and_maps_nest_and_keys_become_texts),
             CY_TEST(rows_are_an_array_with_a_line_for_each))
