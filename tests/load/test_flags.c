/* test_flags.c - the options as a user types them. */
#include "cy_test.h"
#include "flags.h"

#include <errno.h>
#include <string.h>

static struct load_flags flags;
static struct cy_options options;
static int words;

/* One option and its value, or a switch. */
static int
parse(const char *name, const char *value)
{
    char first[64], second[64];
    char *argv[] = {first, second, NULL, NULL};
    words = value == NULL ? 2 : 3;
    snprintf(first, sizeof first, "load");
    snprintf(second, sizeof second, "%s", name);
    char third[64];
    snprintf(third, sizeof third, "%s", value == NULL ? "" : value);
    argv[2] = value == NULL ? NULL : third;
    load_flags_init(&flags);
    cy_options_init(&options);
    const struct cy_option_set set = load_flags_set(&flags);
    return cy_options_parse_with(&options, &set, &words, argv);
}

static void
each_kind_of_option_reaches_its_field(void)
{
    CY_OK(parse("--connections", "7"));
    CU_ASSERT_EQUAL(flags.connections, 7);
    cy_options_fini(&options);
    CY_OK(parse("--rate", "50k"));
    CU_ASSERT_STRING_EQUAL(flags.rate, "50k");
    cy_options_fini(&options);
    CY_OK(parse("--arrival", "poisson"));
    CU_ASSERT_EQUAL(flags.arrival, LOAD_ARRIVAL_POISSON);
    cy_options_fini(&options);
    CY_OK(parse("--verb", "deliver"));
    CU_ASSERT_EQUAL(flags.verb, LOAD_VERB_DELIVER);
    cy_options_fini(&options);
    CY_OK(parse("--workers", "1024"));
    CU_ASSERT_EQUAL(flags.workers, 1024);
    cy_options_fini(&options);
    CY_FAILS(parse("--workers", "1025"), -EINVAL);
    cy_options_fini(&options);
    CY_OK(parse("--no-books", NULL));
    CU_ASSERT_FALSE(flags.books);
    cy_options_fini(&options);
    CY_OK(parse("--duration", "250ms"));
    CU_ASSERT_EQUAL(flags.duration_ns, 250000000);
    cy_options_fini(&options);
    CY_OK(parse("--no-fill", NULL));
    CU_ASSERT_FALSE(flags.fill);
    cy_options_fini(&options);
    CY_OK(parse("--find-max", NULL));
    CU_ASSERT_TRUE(flags.find_max);
    cy_options_fini(&options);
    CY_OK(parse("--assert", "p99<5ms"));
    CU_ASSERT_STRING_EQUAL(flags.assertion, "p99<5ms");
    cy_options_fini(&options);
}

static void
what_is_not_given_keeps_its_default(void)
{
    CY_OK(parse("--label", "x"));
    CU_ASSERT_EQUAL(flags.connections, 50);
    CU_ASSERT_EQUAL(flags.arrival, -1);
    CU_ASSERT_PTR_NULL(flags.rate);
    CU_ASSERT_PTR_NULL(flags.warmup);
    CU_ASSERT_TRUE(flags.fill && flags.progress);
    cy_options_fini(&options);
}

static void
the_options_of_the_node_are_taken_too_and_a_target_is_left(void)
{
    CY_OK(parse("--cores", "3"));
    CU_ASSERT_EQUAL(options.cores, 3);
    CU_ASSERT_EQUAL(words, 1);
    cy_options_fini(&options);
    CY_OK(parse("kv://a", NULL));
    CU_ASSERT_EQUAL(words, 2);
    cy_options_fini(&options);
}

/* At the limit, and one past it: the message names the option. */
static void
check_limit(const char *name, const char *good, const char *bad)
{
    CY_OK(parse(name, good));
    cy_options_fini(&options);
    CU_ASSERT_TRUE(parse(name, bad) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, name + 2));
    cy_options_fini(&options);
}

static void
limits_are_held_and_named(void)
{
    check_limit("--connections", "1", "0");
    check_limit("--connections", "100000", "100001");
    check_limit("--pipeline", "1", "0");
    check_limit("--pipeline", "4096", "4097");
    check_limit("--timeout", "1ms", "999us");
    check_limit("--duration", "720h", "721h");
    check_limit("--arrival", "uniform", "normal");
    check_limit("--connections", "5", "five");
}

CY_TEST_MAIN("load.flags", CY_TEST(each_kind_of_option_reaches_its_field),
             CY_TEST(what_is_not_given_keeps_its_default),
             CY_TEST(the_options_of_the_node_are_taken_too_and_a_target_is_left),
             CY_TEST(limits_are_held_and_named))
