#include "cy_test.h"
#include "given.h"
#include "signature.h"
#include <string.h>

static struct given given;
static cy_args args;
static cy_args_reader reader;

static int
parse(const char *text)
{
    struct cyi_signature *signature = NULL;
    int rc = cyi_signature_create(&signature, text);
    CU_ASSERT((signature != NULL) == (rc == 0));
    cyi_signature_free(&signature);
    CU_ASSERT_PTR_NULL(signature);
    return rc;
}

static void
a_signature_is_names_with_types(void)
{
    CY_OK(parse(""));
    CY_OK(parse("  "));
    CY_OK(parse("..."));
    CY_OK(parse("a:any b:bool c:bytes d:double e:int f:list g:map h:ref i:text j:uint"));
    CY_OK(parse("a:int  b:int? c:text? ..."));
    CY_OK(parse("\xc3\xa4:int"));
    CY_FAILS(parse("a"), -EINVAL);
    CY_FAILS(parse("a:"), -EINVAL);
    CY_FAILS(parse("a:?"), -EINVAL);
    CY_FAILS(parse("?"), -EINVAL);
    CY_FAILS(parse(":int"), -EINVAL);
    CY_FAILS(parse("a:integer"), -EINVAL);
    CY_FAILS(parse("a:in"), -EINVAL);
    CY_FAILS(parse("a:int??"), -EINVAL);
    CY_FAILS(parse("a:int a:text"), -EINVAL);
    CY_FAILS(parse("a:int? b:int"), -EINVAL);
    CY_FAILS(parse("... a:int"), -EINVAL);
    CY_FAILS(parse("\xff:int"), -EILSEQ);
}

static void
names_and_parameters_are_bounded(void)
{
    char text[CY_ARGS_MAX * 12 + 80] = "";
    memset(text, 'n', CY_ARGS_NAME_MAX + 1);
    strcpy(text + CY_ARGS_NAME_MAX + 1, ":int");
    CY_FAILS(parse(text), -ENAMETOOLONG);
    CY_OK(parse(text + 1));
    text[0] = '\0';
    for (int i = 0; i < CY_ARGS_MAX; i++)
        snprintf(text + strlen(text), 12, "p%d:int ", i);
    CY_OK(parse(text));
    strcat(text, "p:int");
    CY_FAILS(parse(text), -E2BIG);
}

/* Check one argument of each type against a signature. */
static int
check(const char *text, const char *wrong)
{
    struct cyi_signature *signature;
    CY_OK(cyi_signature_create(&signature, text));
    given_read(&given, &args, &reader);
    int rc = cyi_signature_check(signature, &reader);
    CU_ASSERT_STRING_EQUAL(cy_args_reader_error(&reader), wrong);
    cyi_signature_free(&signature);
    return rc;
}

static void
give_two(void)
{
    cy_args_init(&args);
    cy_args_put_text(&args, NULL, "x");
    cy_args_put_int(&args, "n", 1);
}

static void
arguments_are_held_against_it(void)
{
    give_two();
    CY_OK(check("t:text n:int", ""));
    give_two();
    CY_OK(check("t:text n:double? m:int?", ""));
    give_two();
    CY_OK(check("t:any ...", ""));
    give_two();
    CY_FAILS(check("t:text n:text", "argument 2 ('n'): expected text, got int"), -EINVAL);
    give_two();
    CY_FAILS(check("t:text m:int?", "no argument is named 'n'"), -EINVAL);
    give_two();
    CY_FAILS(check("t:text n:int m:bool", "argument 3 ('m'): missing"), -EINVAL);
    give_two();
    CY_FAILS(check("", "1 arguments without a name, 0 expected"), -EINVAL);
}

static void
each_type_is_told_from_the_others(void)
{
    static const char *const types[] = {"bool", "bytes", "list", "map", "ref", "uint"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char text[32], wrong[80];
        snprintf(text, sizeof text, "x:%s", types[i]);
        snprintf(wrong, sizeof wrong, "argument 1 ('x'): expected %s, got text", types[i]);
        cy_args_init(&args);
        cy_args_put_text(&args, NULL, "x");
        CY_FAILS(check(text, wrong), -EINVAL);
    }
    cy_args_init(&args);
    cy_args_put_bool(&args, NULL, false);
    cy_args_put_bytes(&args, NULL, "", 0);
    cy_value_put_list(cy_args_next(&args, NULL), 0);
    cy_value_put_map(cy_args_next(&args, NULL), 0);
    cy_args_put_ref(&args, NULL, (cy_ref){.node = 1, .slot = 1U << 28});
    cy_args_put_uint(&args, NULL, UINT64_MAX);
    CY_OK(check("a:bool b:bytes c:list d:map e:ref f:uint", ""));
}

CY_TEST_MAIN("rti.signature", CY_TEST(a_signature_is_names_with_types),
             CY_TEST(names_and_parameters_are_bounded), CY_TEST(arguments_are_held_against_it),
             CY_TEST(each_type_is_told_from_the_others))
