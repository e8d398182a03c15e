#include "args.h"
#include "cy_test.h"
#include <stdlib.h>
#include <string.h>

static bool
piece_is(struct cyi_piece piece, const char *hex)
{
    char text[2 * 64 + 1] = "";
    for (size_t i = 0; i < piece.size && i < 64; i++)
        snprintf(text + 2 * i, 3, "%02x", piece.bytes[i]);
    return strcmp(text, hex) == 0;
}

static void
each_type_is_written_with_a_name_or_without(void)
{
    cy_args args;
    cy_ref ref = {.node = 1, .slot = 1U << 28, .generation = 1};
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, -1);
    cy_args_put_uint(&args, "u", UINT64_MAX);
    cy_args_put_double(&args, NULL, 1.5);
    cy_args_put_bool(&args, "flag", true);
    cy_args_put_nil(&args, NULL);
    cy_args_put_text(&args, "a name of 24 characters!", "hi");
    cy_args_put_bytes(&args, NULL, "\x01\x02", 2);
    cy_args_put_ref(&args, "r", ref);
    cy_value_put_list(cy_args_next(&args, "l"), 2);
    cy_value_put_int(&args.values, 1);
    cy_value_put_map(&args.values, 1);
    cy_value_put_text(&args.values, "k");
    cy_value_put_nil(&args.values);
    cy_args_put_bytes(&args, NULL, NULL, 0);
    CY_OK(cyi_args_settle(&args));
    CU_ASSERT_EQUAL(args.count, 10);
    CU_ASSERT(piece_is(cyi_args_value(&args, 0), "20"));
    CU_ASSERT(piece_is(cyi_args_name(&args, 0), ""));
    CU_ASSERT(piece_is(cyi_args_value(&args, 1), "1bffffffffffffffff"));
    CU_ASSERT(piece_is(cyi_args_name(&args, 1), "6175"));
    CU_ASSERT(piece_is(cyi_args_value(&args, 2), "f93e00"));
    CU_ASSERT(piece_is(cyi_args_value(&args, 3), "f5"));
    CU_ASSERT(piece_is(cyi_args_name(&args, 3), "64666c6167"));
    CU_ASSERT(piece_is(cyi_args_value(&args, 4), "f6"));
    CU_ASSERT(piece_is(cyi_args_value(&args, 5), "626869"));
    CU_ASSERT_EQUAL(cyi_args_name(&args, 5).size, 2 + 24);
    CU_ASSERT(piece_is(cyi_args_value(&args, 6), "420102"));
    CU_ASSERT_EQUAL(cyi_args_value(&args, 7).size, 39);
    CU_ASSERT(piece_is(cyi_args_value(&args, 8), "8201a1616bf6"));
    CU_ASSERT(piece_is(cyi_args_value(&args, 9), "40"));
    CU_ASSERT_STRING_EQUAL(cy_args_error(&args), "");
    cy_args_fini(&args);
    CY_FAILS(cyi_args_settle(&args), -EINVAL);
}

static int
settle_and_fini(cy_args *args)
{
    int rc = cyi_args_settle(args);
    cy_args_put_int(args, NULL, 1); /* the error sticks */
    CY_FAILS(cyi_args_settle(args), rc);
    cy_args_fini(args);
    return rc;
}

static void
each_argument_is_exactly_one_value(void)
{
    cy_args args;
    cy_args_init(&args);
    cy_args_next(&args, NULL); /* none */
    CY_FAILS(cyi_args_settle(&args), -EINVAL);
    CY_FAILS((cy_args_put_int(&args, NULL, 1), settle_and_fini(&args)), -EINVAL);
    cy_args_init(&args);
    cy_value_put_int(cy_args_next(&args, "two"), 1);
    cy_value_put_int(&args.values, 2);
    CY_FAILS(cyi_args_settle(&args), -EINVAL);
    CY_FAILS((cy_args_put_int(&args, NULL, 1), settle_and_fini(&args)), -EINVAL);
    cy_args_init(&args);
    cy_value_put_list(cy_args_next(&args, "half"), 2);
    cy_value_put_int(&args.values, 1);
    CY_FAILS(cyi_args_settle(&args), -EINVAL);
    cy_value_put_int(&args.values, 2);
    CY_OK(cyi_args_settle(&args));
    cy_value_put_list(cy_args_next(&args, "empty"), 0);
    CY_OK(cyi_args_settle(&args));
    cy_args_fini(&args);
}

static void
arguments_are_bounded_in_number(void)
{
    cy_args args;
    cy_args_init(&args);
    for (int i = 0; i < CY_ARGS_MAX; i++)
        cy_args_put_int(&args, NULL, i);
    CY_OK(cyi_args_settle(&args));
    cy_args_put_int(&args, NULL, 0);
    CY_FAILS(settle_and_fini(&args), -E2BIG);
}

static int
with_name(const char *name)
{
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, name, 1);
    int rc = cyi_args_settle(&args);
    cy_args_fini(&args);
    return rc;
}

static void
names_are_bounded_utf8_and_not_empty(void)
{
    char name[CY_ARGS_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[CY_ARGS_NAME_MAX + 1] = '\0';
    CY_FAILS(with_name(name), -ENAMETOOLONG);
    CY_OK(with_name(name + 1));
    CY_FAILS(with_name(""), -EINVAL);
    CY_FAILS(with_name("\xff"), -EILSEQ);
    CY_OK(with_name("\xc3\xa4"));
}

static int
nested(int depth)
{
    cy_args args;
    cy_args_init(&args);
    cy_value_writer *w = cy_args_next(&args, NULL);
    for (int i = 0; i < depth; i++)
        cy_value_put_list(w, 1);
    cy_value_put_int(w, 1);
    int rc = cyi_args_settle(&args);
    cy_args_fini(&args);
    return rc;
}

static void
values_nest_as_deep_as_a_request_allows(void)
{
    CY_OK(nested(CY_VALUE_DEPTH_MAX - 2));
    CY_FAILS(nested(CY_VALUE_DEPTH_MAX - 1), -E2BIG);
}

static void
errors_of_values_stick(void)
{
    cy_args args;
    cy_args_init(&args);
    cy_args_put_text(&args, NULL, "\xff");
    CY_FAILS(settle_and_fini(&args), -EILSEQ);
    size_t size = CY_MSG_MAX;
    void *much = calloc(1, size);
    cy_args_init(&args);
    cy_args_put_bytes(&args, NULL, much, size);
    CY_FAILS(settle_and_fini(&args), -EMSGSIZE);
    cy_args_init(&args);
    cy_args_put_bytes(&args, NULL, much, size / 2);
    CY_OK(cyi_args_settle(&args));
    cy_args_fini(&args);
    free(much);
}

static void
what_others_say_is_made_printable_and_cut_off(void)
{
    char text[8], longer[CY_ARGS_ERROR_MAX + 10];
    cy_args args;
    cyi_args_print(text, sizeof text, "a\nb\x7f", 4);
    CU_ASSERT_STRING_EQUAL(text, "a?b?");
    cyi_args_print(text, sizeof text, "abcdefg", 7);
    CU_ASSERT_STRING_EQUAL(text, "abcdefg");
    cyi_args_print(text, sizeof text, "abcdefgh", 8);
    CU_ASSERT_STRING_EQUAL(text, "abcdefg");
    cyi_args_print(text, sizeof text, "abcdef\xc3\xa4", 8); /* not within a character */
    CU_ASSERT_STRING_EQUAL(text, "abcdef");
    cyi_args_print(text, sizeof text, "", 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    memset(longer, 'x', sizeof longer);
    cy_args_init(&args);
    cyi_args_blame(&args, longer, sizeof longer);
    CU_ASSERT_EQUAL(strlen(cy_args_error(&args)), CY_ARGS_ERROR_MAX - 1);
    cy_args_fini(&args);
}

CY_TEST_MAIN("rti.args", CY_TEST(each_type_is_written_with_a_name_or_without),
             CY_TEST(each_argument_is_exactly_one_value),
             CY_TEST(arguments_are_bounded_in_number),
             CY_TEST(names_are_bounded_utf8_and_not_empty),
             CY_TEST(values_nest_as_deep_as_a_request_allows), CY_TEST(errors_of_values_stick),
             CY_TEST(what_others_say_is_made_printable_and_cut_off))
