#include "cy_test.h"
#include "flags.h"

#include <stdio.h>
#include <string.h>

static struct kv_flags flags;
static struct cy_options options;
static struct cy_option_set set;

/* Parses up to three words; the caller frees the options. */
static int
parse(const char *one, const char *two, const char *three)
{
    static char words[4][64];
    char *argv[5] = {words[0], words[1], words[2], words[3], NULL};
    int argc = 1;
    const char *given[] = {one, two, three};

    snprintf(words[0], sizeof words[0], "kv");
    for (int i = 0; i < 3 && given[i] != NULL; i++)
        snprintf(words[argc++], sizeof words[0], "%s", given[i]);
    argv[argc] = NULL;
    kv_flags_init(&flags, &set);
    cy_options_init(&options);
    return cy_options_parse_with(&options, &set, &argc, argv);
}

static bool
takes(const char *one, const char *two)
{
    int result = parse(one, two, NULL);
    cy_options_fini(&options);
    return result == 0;
}

static bool
refuses(const char *one, const char *two, const char *because)
{
    bool refused = parse(one, two, NULL) < 0 && strstr(options.error, because) != NULL;
    if (!refused)
        printf("\n  %s\n", options.error);
    cy_options_fini(&options);
    return refused;
}

static void
defaults_are_those_of_redis(void)
{
    CY_OK(parse(NULL, NULL, NULL));
    CU_ASSERT_EQUAL(flags.port, 6379);
    CU_ASSERT_EQUAL(flags.bind.count, 1);
    CU_ASSERT_STRING_EQUAL(flags.bind.items[0], "127.0.0.1");
    CU_ASSERT_EQUAL(flags.maxmemory, 0);
    CU_ASSERT_EQUAL(flags.maxclients, 10000);
    CU_ASSERT_EQUAL(flags.timeout, 0);
    cy_options_fini(&options);
}

static void
sizes_take_the_suffixes_that_redis_knows(void)
{
    CY_OK(parse("--maxmemory", "1gb", NULL));
    CU_ASSERT_EQUAL(flags.maxmemory, UINT64_C(1) << 30);
    cy_options_fini(&options);
    CY_OK(parse("--maxmemory=512mb", NULL, NULL));
    CU_ASSERT_EQUAL(flags.maxmemory, UINT64_C(512) << 20);
    cy_options_fini(&options);
}

static void
limits_are_held(void)
{
    CU_ASSERT(takes("--port", "65535"));
    CU_ASSERT(refuses("--port", "65536", "port"));
    CU_ASSERT(takes("--maxclients", "1"));
    CU_ASSERT(refuses("--maxclients", "0", "maxclients"));
    CU_ASSERT(takes("--output-limit", "1m"));
    CU_ASSERT(refuses("--output-limit", "1048575", "output-limit"));
    CU_ASSERT(takes("--output-timeout", "1ms"));
    CU_ASSERT(refuses("--output-timeout", "0", "output-timeout"));
    CU_ASSERT(takes("--cluster-size", "256"));
    CU_ASSERT(refuses("--cluster-size", "257", "cluster-size"));
    CU_ASSERT(refuses("--cluster-size", "0", "cluster-size"));
    CU_ASSERT(takes("--cluster-index", "255"));
    CU_ASSERT(refuses("--cluster-index", "256", "cluster-index"));
    CU_ASSERT(takes("--cluster-name", "12345678901234567890123456789012"));
    CU_ASSERT(refuses("--cluster-name", "123456789012345678901234567890123", "cluster-name"));
    CU_ASSERT(takes("--cluster-timeout", "1h"));
    CU_ASSERT(refuses("--cluster-timeout", "3601s", "cluster-timeout"));
    CU_ASSERT(refuses("--cluster-timeout", "0", "cluster-timeout"));
}

static cy_time
timeout_of(const char *text)
{
    cy_time timeout = -1;
    if (parse("--timeout", text, NULL) == 0) {
        CU_ASSERT_PTR_NULL(kv_flags_finish(&flags));
        timeout = flags.timeout;
    }
    cy_options_fini(&options);
    return timeout;
}

static void
a_timeout_is_in_seconds_or_names_its_unit(void)
{
    CU_ASSERT_EQUAL(timeout_of("0"), 0);
    CU_ASSERT_EQUAL(timeout_of("300"), 300 * CY_SECOND);
    CU_ASSERT_EQUAL(timeout_of("50ms"), 50 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(timeout_of("9223372035"), INT64_C(9223372035) * CY_SECOND);
    CU_ASSERT(refuses("--timeout", "9223372036", "timeout"));
    CU_ASSERT(refuses("--timeout", "-1", "timeout"));
    CU_ASSERT(refuses("--timeout", "soon", "timeout"));
}

static void
an_index_is_less_than_the_size(void)
{
    CY_OK(parse("--cluster-index", "1", NULL));
    flags.cluster_size = 2;
    CU_ASSERT_PTR_NULL(kv_flags_finish(&flags));
    flags.cluster_size = 1;
    const char *wrong = kv_flags_finish(&flags);
    CU_ASSERT(wrong != NULL && strstr(wrong, "cluster-index") != NULL);
    cy_options_fini(&options);
}

static void
addresses_are_numeric(void)
{
    CU_ASSERT(takes("--bind", "127.0.0.1,::1"));
    CU_ASSERT(refuses("--bind", "localhost", "bind"));
}

static void
config_get_has_the_names_of_redis(void)
{
    struct kv_setting_text lines[KV_CONFIG_COUNT] = {{NULL, ""}};
    CY_OK(parse("--maxmemory", "1k", NULL));
    kv_flags_describe(&flags, 1234, lines);
    cy_options_fini(&options);
    for (int i = 0; i < KV_CONFIG_COUNT; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(lines[i].name);
        if (lines[i].name == NULL)
            return;
        if (strcmp(lines[i].name, "maxmemory") == 0)
            CU_ASSERT_STRING_EQUAL(lines[i].text, "1024");
        if (strcmp(lines[i].name, "port") == 0)
            CU_ASSERT_STRING_EQUAL(lines[i].text, "1234");
    }
}

CY_TEST_MAIN("kv.flags", CY_TEST(defaults_are_those_of_redis),
             CY_TEST(sizes_take_the_suffixes_that_redis_knows), CY_TEST(limits_are_held),
             CY_TEST(a_timeout_is_in_seconds_or_names_its_unit),
             CY_TEST(an_index_is_less_than_the_size), CY_TEST(addresses_are_numeric),
             CY_TEST(config_get_has_the_names_of_redis))
