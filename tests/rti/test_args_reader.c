#include "cy_test.h"
#include "given.h"
#include <string.h>

static struct given given;
static cy_args args;
static cy_args_reader reader;
static const cy_ref ref = {.node = 1, .slot = 1U << 28, .generation = 1};

static void
give_all(const char *const *names)
{
    cy_args_init(&args);
    cy_args_put_int(&args, names[0], -5);
    cy_args_put_uint(&args, names[1], UINT64_MAX);
    cy_args_put_double(&args, names[2], 2.5);
    cy_args_put_bool(&args, names[3], true);
    cy_args_put_ref(&args, names[4], ref);
    cy_args_put_text(&args, names[5], "text");
    cy_args_put_bytes(&args, names[6], "bytes", 5);
    cy_value_put_list(cy_args_next(&args, names[7]), 1);
    cy_value_put_int(&args.values, 7);
    cy_value_put_map(cy_args_next(&args, names[8]), 1);
    cy_value_put_int(&args.values, 8);
    cy_value_put_int(&args.values, 9);
    cy_args_put_nil(&args, names[9]);
    given_read(&given, &args, &reader);
}

static void
read_scalars(void)
{
    int64_t i = 0;
    uint64_t u = 0;
    double d = 0;
    bool b = false;
    cy_ref r = {0};
    cy_args_get_int(&reader, "i", &i);
    cy_args_get_uint(&reader, "u", &u);
    cy_args_get_double(&reader, "d", &d);
    cy_args_get_bool(&reader, "b", &b);
    cy_args_get_ref(&reader, "r", &r);
    CU_ASSERT_EQUAL(i, -5);
    CU_ASSERT_EQUAL(u, UINT64_MAX);
    CU_ASSERT_EQUAL(d, 2.5);
    CU_ASSERT(b);
    CU_ASSERT(cy_ref_equal(r, ref));
}

static void
read_others(void)
{
    const char *text = "";
    const void *bytes = "";
    size_t size = 0;
    int64_t i = 0;
    cy_value_reader list, map, any;
    cy_args_get_text(&reader, "t", &text, &size);
    CU_ASSERT(size == 4 && memcmp(text, "text", size) == 0);
    cy_args_get_bytes(&reader, "y", &bytes, &size);
    CU_ASSERT(size == 5 && memcmp(bytes, "bytes", size) == 0);
    cy_args_get_list(&reader, "l", &list);
    CY_OK(cy_value_get_int(&list, &i));
    CU_ASSERT_EQUAL(i, 7);
    CU_ASSERT_EQUAL(cy_value_peek(&list), CY_VALUE_NONE);
    cy_args_get_map(&reader, "m", &map);
    CY_OK(cy_value_find_int(&map, 8, &any));
    cy_args_get_value(&reader, "v", &any);
    CY_OK(cy_value_get_nil(&any));
    CU_ASSERT_EQUAL(cy_value_peek(&any), CY_VALUE_NONE);
    CY_OK(cy_args_end(&reader));
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader), "");
}

static void
each_type_is_read_in_order_or_by_name(void)
{
    static const char *const orders[][10] = {
        {NULL},
        {"i", "u", "d", "b", "r", "t", "y", "l", "m", "v"},
        {NULL, NULL, NULL, "b", "r", "t", "y", "l", "m", "v"},
    };
    for (size_t n = 0; n < sizeof orders / sizeof orders[0]; n++) {
        give_all(orders[n]);
        read_scalars();
        read_others();
    }
}

/* One argument, of the n-th type. */
static void
give(int n, const char *name)
{
    cy_args_init(&args);
    switch (n) {
    case 0:
        cy_args_put_nil(&args, name);
        break;
    case 1:
        cy_args_put_bool(&args, name, true);
        break;
    case 2:
        cy_args_put_int(&args, name, 1);
        break;
    case 3:
        cy_args_put_double(&args, name, 1.5);
        break;
    case 4:
        cy_args_put_text(&args, name, "t");
        break;
    case 5:
        cy_args_put_bytes(&args, name, "y", 1);
        break;
    case 6:
        cy_args_put_ref(&args, name, ref);
        break;
    case 7:
        cy_value_put_list(cy_args_next(&args, name), 0);
        break;
    default:
        cy_value_put_map(cy_args_next(&args, name), 0);
        break;
    }
    given_read(&given, &args, &reader);
}

static union {
    int64_t i;
    uint64_t u;
    double d;
    bool b;
    cy_ref r;
    cy_value_reader v;
} untouched;

static void
get(int n)
{
    const char *text = NULL;
    const void *bytes = NULL;
    size_t size = 77;
    switch (n) {
    case 1:
        cy_args_get_bool(&reader, "x", &untouched.b);
        break;
    case 2:
        cy_args_get_int(&reader, "x", &untouched.i);
        break;
    case 3:
        cy_args_get_double(&reader, "x", &untouched.d);
        break;
    case 4:
        cy_args_get_text(&reader, "x", &text, &size);
        CU_ASSERT((text == NULL) == (size == 77));
        break;
    case 5:
        cy_args_get_bytes(&reader, "x", &bytes, &size);
        CU_ASSERT((bytes == NULL) == (size == 77));
        break;
    case 6:
        cy_args_get_ref(&reader, "x", &untouched.r);
        break;
    case 7:
        cy_args_get_list(&reader, "x", &untouched.v);
        break;
    default:
        cy_args_get_map(&reader, "x", &untouched.v);
        break;
    }
}

static void
a_wrong_type_is_named_with_the_argument(void)
{
    static const char *const types[] = {"nil",   "bool", "int",  "double", "text",
                                        "bytes", "ref",  "list", "map"};
    char text[CY_ARGS_ERROR_MAX];
    for (int is = 0; is < 9; is++) {
        for (int wanted = 1; wanted < 9; wanted++) {
            give(is, is % 2 == 0 ? NULL : "x");
            memset(&untouched, 0, sizeof untouched);
            get(wanted);
            if (is == wanted || (is == 2 && wanted == 3)) {
                CY_OK(cy_args_end(&reader));
                continue;
            }
            CY_FAILS(cy_args_end(&reader), -EINVAL);
            snprintf(text, sizeof text, "argument 1 ('x'): expected %s, got %s", types[wanted],
                     types[is]);
            CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader), text);
            CU_ASSERT(memcmp(&untouched, &(cy_value_reader){0}, sizeof(cy_value_reader)) == 0);
        }
    }
}

static void
numbers_out_of_range_are_named_too(void)
{
    int64_t i = 3;
    uint64_t u = 4;
    double d = 5;
    cy_args_init(&args);
    cy_args_put_uint(&args, NULL, UINT64_MAX);
    given_read(&given, &args, &reader);
    cy_args_reader again = reader;
    cy_args_get_int(&reader, "n", &i);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader),
                           "argument 1 ('n'): out of the range of int");
    cy_args_get_double(&again, "n", &d);
    CY_FAILS(cy_args_end(&again), -EINVAL);
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, -1);
    given_read(&given, &args, &reader);
    cy_args_get_uint(&reader, "n", &u);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader),
                           "argument 1 ('n'): out of the range of uint");
    CU_ASSERT(i == 3 && u == 4 && d == 5);
}

static void
what_is_optional_may_be_absent_or_nil(void)
{
    int64_t a = 1, b = 2, c = 3, d = 4;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, 10);
    cy_args_put_nil(&args, NULL);
    cy_args_put_int(&args, "d", 40);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    cy_args_optional(&reader);
    cy_args_get_int(&reader, "b", &b);
    cy_args_get_int(&reader, "c", &c);
    cy_args_get_int(&reader, "d", &d);
    CY_OK(cy_args_end(&reader));
    CU_ASSERT(a == 10 && b == 2 && c == 3 && d == 40);
}

static void
a_missing_argument_is_named_and_the_first_error_stays(void)
{
    int64_t a = 1, b = 2, c = 3;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, 10);
    cy_args_put_int(&args, "c", 30);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    cy_args_get_int(&reader, "b", &b);
    cy_args_get_int(&reader, "c", &c);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader), "argument 2 ('b'): missing");
    CU_ASSERT(a == 10 && b == 2 && c == 3);
}

static void
an_argument_is_not_given_twice(void)
{
    int64_t a = 1;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, 10);
    cy_args_put_int(&args, "a", 11);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader),
                           "argument 1 ('a'): given with its name and without");
    CU_ASSERT_EQUAL(a, 1);
}

static void
what_nobody_asked_for_is_an_error(void)
{
    int64_t a = 0;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, 1);
    cy_args_put_int(&args, NULL, 2);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader),
                           "2 arguments without a name, 1 expected");
    cy_args_init(&args);
    cy_args_put_int(&args, "a", 1);
    cy_args_put_int(&args, "be\x1bl", 2);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    CY_FAILS(cy_args_end(&reader), -EINVAL);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader), "no argument is named 'be?l'");
}

static void
the_rest_is_whatever_there_is(void)
{
    int64_t a = 0, n = 0;
    cy_value_reader list, map, value;
    cy_args_init(&args);
    for (int i = 1; i <= 3; i++)
        cy_args_put_int(&args, NULL, i);
    cy_args_put_int(&args, "more", 4);
    given_read(&given, &args, &reader);
    cy_args_get_int(&reader, "a", &a);
    cy_args_reader other = reader;
    cy_args_rest(&reader, &list, &map);
    CY_OK(cy_args_end(&reader));
    CY_OK(cy_value_get_int(&list, &n));
    CU_ASSERT_EQUAL(n, 2);
    CY_OK(cy_value_get_int(&list, &n));
    CU_ASSERT_EQUAL(n, 3);
    CY_FAILS(cy_value_get_int(&list, &n), -ENODATA);
    CY_OK(cy_value_find(&map, "more", &value));
    cy_args_rest(&other, NULL, NULL);
    CY_OK(cy_args_end(&other));
    /* All that a request may hold. */
    cy_args_init(&args);
    for (int i = 0; i < CY_ARGS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        cy_args_put_int(&args, name, i);
    }
    given_read(&given, &args, &reader);
    for (int i = CY_ARGS_MAX - 1; i >= 0; i--) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        cy_args_get_int(&reader, name, &n);
        CU_ASSERT_EQUAL(n, i);
    }
    CY_OK(cy_args_end(&reader));
}

CY_TEST_MAIN("rti.args_reader", CY_TEST(each_type_is_read_in_order_or_by_name),
             CY_TEST(a_wrong_type_is_named_with_the_argument),
             CY_TEST(numbers_out_of_range_are_named_too),
             CY_TEST(what_is_optional_may_be_absent_or_nil),
             CY_TEST(a_missing_argument_is_named_and_the_first_error_stays),
             CY_TEST(an_argument_is_not_given_twice),
             CY_TEST(what_nobody_asked_for_is_an_error), CY_TEST(the_rest_is_whatever_there_is))
