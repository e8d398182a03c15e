#include "cy_test.h"
#include "options_env.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct test_options t;

struct app {
    uint32_t port;
    const char *title;
};
static struct app app;

static const struct cy_option app_options[] = {
    {"port", CY_OPTION_NUMBER, offsetof(struct app, port), 0, 65535, NULL, "where to listen",
     NULL},
    {"title", CY_OPTION_STRING, offsetof(struct app, title), 0, 100, NULL, "what to show",
     NULL},
};
static const struct cy_option_set app_set = {
    .section = "app", .options = app_options, .count = 2, .target = &app};

/* What is written; to be freed. */
static char *
written(const struct cy_options *options, const struct cy_option_set *set)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    int rc = 0;
    if (options != NULL)
        rc = cy_options_write_ini(options, set, out);
    else
        cy_options_help(out, set);
    CY_OK(rc);
    fclose(out);
    return text;
}

static void
defaults_are_written_in_order_with_the_unset_as_comments(void)
{
    test_options_init(&t);
    char *text = written(&t.options, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "[cycos]\ncores = 0\n# node =\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nudp-port = 51350\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n# name =\ndiscover-peers = yes\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nspin = 50us\nstall = 25ms\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nstack = 64k\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nlog-level = info\n"));
    free(text);
    test_options_fini(&t);
}

/* Write, read, write: both texts are the same, so nothing was lost. */
static void
what_is_written_reads_back_the_same(void)
{
    static const char *const files[] = {"plain", "a,b", " blanks ", "\"quoted\"",
                                        "\x01\x7f\n\\x"};
    test_options_init(&t);
    CY_OK(test_options_parse(
        &t, NULL, "--cores=3", "--node=a,b", "--ext-ip-addr=192.0.2.1", "--udp-port=1",
        "--tcp-port=2", "--name=n", "--no-discover-peers", "--peers=p:1", "--certfile=a\\b\"c",
        "--keyfile=k ", "--cafile=\"", "--dest-path=/d#;", "--max-file-size=1.5m", "--no-pin",
        "--spin=0", "--stall=1s", "--mailbox-max=1", "--outbox-max=2", "--tasks-max=100",
        "--stack=16k", "--log-level=off", "--log-rate=0", (char *) NULL));
    t.options.secret_file = (struct cy_option_list){files, 5};
    app = (struct app){.port = 80, .title = "a\nb"};
    char *first = written(&t.options, &app_set);
    test_options_fini(&t);
    test_options_init(&t);
    app = (struct app){0};
    test_options_file(&t, first, strlen(first));
    CY_OK(test_options_parse(&t, &app_set, (char *) NULL));
    CU_ASSERT_EQUAL(t.options.secret_file.count, 5);
    for (uint32_t i = 0; i < t.options.secret_file.count; i++)
        CU_ASSERT_STRING_EQUAL(t.options.secret_file.items[i], files[i]);
    CU_ASSERT_EQUAL(app.port, 80);
    CU_ASSERT_STRING_EQUAL(app.title, "a\nb");
    char *second = written(&t.options, &app_set);
    CU_ASSERT_STRING_EQUAL(first, second);
    free(first);
    free(second);
    test_options_fini(&t);
}

static void
an_empty_text_is_not_the_same_as_none(void)
{
    test_options_init(&t);
    app = (struct app){.title = ""};
    char *text = written(&t.options, &app_set);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n[app]\nport = 0\ntitle = \"\"\n"));
    free(text);
    app.title = NULL;
    text = written(&t.options, &app_set);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n[app]\nport = 0\n# title =\n"));
    free(text);
    test_options_fini(&t);
}

static void
a_full_device_is_an_error(void)
{
    test_options_init(&t);
    FILE *out = fopen("/dev/full", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CY_FAILS(cy_options_write_ini(&t.options, NULL, out), -EIO);
    fclose(out);
    test_options_fini(&t);
}

static void
help_names_each_option_with_its_default(void)
{
    app = (struct app){.port = 6379};
    char *text = written(NULL, &app_set);
    CU_ASSERT_EQUAL(strncmp(text, "Options of app:\n  --port N  ", 28), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "where to listen (default 6379)\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  --title TEXT  "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  --[no-]pin  "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "(default 64k)\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  --log-level debug|info|warn|error|off\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  --config FILE  "));
    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n") + 1)
        CU_ASSERT_TRUE(strcspn(p, "\n") <= 80);
    free(text);
    text = written(NULL, NULL);
    CU_ASSERT_EQUAL(strncmp(text, "Options of the node:\n  --cores N  ", 34), 0);
    free(text);
}

CY_TEST_MAIN("runtime.options_write",
             CY_TEST(defaults_are_written_in_order_with_the_unset_as_comments),
             CY_TEST(what_is_written_reads_back_the_same),
             CY_TEST(an_empty_text_is_not_the_same_as_none), CY_TEST(a_full_device_is_an_error),
             CY_TEST(help_names_each_option_with_its_default))
