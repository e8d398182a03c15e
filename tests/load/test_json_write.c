/* test_json_write.c - JSON as it is written. */
#include "cy_test.h"
#include "json.h"

#include <math.h>
#include <stdlib.h>

static void
objects_arrays_and_values_are_separated_and_indented(void)
{
    struct load_json_writer w;
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    load_json_begin(&w, file);
    load_json_open(&w, NULL, '{', false);
    load_json_text(&w, "t", "a\"b\\c\n\x01");
    load_json_count(&w, "max", UINT64_MAX);
    load_json_number(&w, "x", 1.5);
    load_json_number(&w, "none", NAN);
    load_json_open(&w, "list", '[', false);
    load_json_open(&w, NULL, '[', true);
    load_json_number(&w, NULL, 1);
    load_json_bool(&w, NULL, true);
    load_json_close(&w, ']');
    load_json_open(&w, NULL, '{', true);
    load_json_close(&w, '}');
    load_json_close(&w, ']');
    load_json_open(&w, "empty", '[', false);
    load_json_close(&w, ']');
    load_json_close(&w, '}');
    fclose(file);
    CU_ASSERT_STRING_EQUAL(text, "{\n"
                                 "  \"t\": \"a\\\"b\\\\c\\u000a\\u0001\",\n"
                                 "  \"max\": 18446744073709551615,\n"
                                 "  \"x\": 1.5,\n"
                                 "  \"none\": null,\n"
                                 "  \"list\": [\n"
                                 "    [1, true],\n"
                                 "    {}\n"
                                 "  ],\n"
                                 "  \"empty\": []\n"
                                 "}\n");
    free(text);
}

CY_TEST_MAIN("load.json_write", CY_TEST(objects_arrays_and_values_are_separated_and_indented))
