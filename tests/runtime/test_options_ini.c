#include "cy_test.h"
#include "options_env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_options t;

static int
read_bytes(const char *text, size_t bytes)
{
    cy_options_fini(&t.options);
    cy_options_init(&t.options);
    test_options_file(&t, text, bytes);
    return test_options_parse(&t, NULL, (char *) NULL);
}

static int
read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

/* The message without the name of the file: from ":LINE" on. */
static const char *
message(void)
{
    size_t bytes = strlen(t.file);
    return strncmp(t.options.error, t.file, bytes) == 0 ? t.options.error + bytes
                                                        : t.options.error;
}

#define REFUSED(text, says)                      \
    do {                                         \
        CY_FAILS(read_text(text), -EINVAL);      \
        CU_ASSERT_STRING_EQUAL(message(), says); \
    } while (0)

static void
comments_blank_lines_and_blanks_do_not_count(void)
{
    test_options_init(&t);
    CY_OK(read_text("# cores = 9\n\n  ; cores = 9\n \t\n\t cores\t=  4 \t\r\n"
                    "name = a#b;c\n"
                    "udp_port=5000"));
    CU_ASSERT_EQUAL(t.options.cores, 4);
    CU_ASSERT_EQUAL(t.options.udp_port, 5000);
    CU_ASSERT_STRING_EQUAL(t.options.name, "a#b;c");
    test_options_fini(&t);
}

static void
an_empty_file_is_accepted(void)
{
    test_options_init(&t);
    CY_OK(read_text(""));
    CY_OK(read_text("\n"));
    test_options_fini(&t);
}

static void
the_nodes_section_may_be_named(void)
{
    test_options_init(&t);
    CY_OK(read_text("cores = 1\n[ cycos ]\nudp-port = 2\n"));
    CU_ASSERT_EQUAL(t.options.cores, 1);
    CU_ASSERT_EQUAL(t.options.udp_port, 2);
    REFUSED("[kv]\nport = 1\n", ":1: 'kv' is an unknown section");
    REFUSED("cores = 1\n[cycos\n", ":2: '[cycos' is no [section]");
    REFUSED("[\n", ":1: '[' is no [section]");
    REFUSED("[]\n", ":1: '' is an unknown section");
    test_options_fini(&t);
}

static void
quoted_values_keep_blanks_and_know_escapes(void)
{
    test_options_init(&t);
    CY_OK(read_text("dest-path = \"  a\\\\b\\\"c\\n\\t\\r\\x41\\xff \"\n"));
    CU_ASSERT_STRING_EQUAL(t.options.dest_path, "  a\\b\"c\n\t\rA\xff ");
    CY_OK(read_text("dest-path = \"a,b\"\nsecret-file = \"a,b\"\nsecret-file = c,d\n"));
    CU_ASSERT_EQUAL_FATAL(t.options.secret_file.count, 3);
    CU_ASSERT_STRING_EQUAL(t.options.secret_file.items[0], "a,b");
    CU_ASSERT_STRING_EQUAL(t.options.secret_file.items[1], "c");
    CU_ASSERT_STRING_EQUAL(t.options.secret_file.items[2], "d");
    /* Quotes inside are ordinary. */
    CY_OK(read_text("dest-path = a\"b\"\n"));
    CU_ASSERT_STRING_EQUAL(t.options.dest_path, "a\"b\"");
    test_options_fini(&t);
}

static void
bad_quotes_and_escapes_are_refused(void)
{
    test_options_init(&t);
    REFUSED("name = \"a\n", ":1: name: the closing quote is missing");
    REFUSED("name = \"\n", ":1: name: the closing quote is missing");
    REFUSED("name = \"a\\\"\n", ":1: name: the closing quote is missing");
    REFUSED("name = \"a\" b\n", ":1: name: ' b' stands behind the closing quote");
    REFUSED("name = \"a\\q\"\n", ":1: name: '\\q\"' begins with an unknown escape");
    REFUSED("name = \"\\x4\"\n", ":1: name: '\\x4\"' begins with an unknown escape");
    REFUSED("name = \"\\x00\"\n", ":1: name: '\\x00\"' begins with an unknown escape");
    REFUSED("name = \"\\\n", ":1: name: '\\' begins with an unknown escape");
    REFUSED("name = \"\"\n", ":1: name: the value is empty");
    test_options_fini(&t);
}

static void
what_cannot_be_understood_is_refused_with_its_line(void)
{
    test_options_init(&t);
    REFUSED("\n\ncoers = 1\n", ":3: 'coers' is an unknown option");
    REFUSED("cores\n", ":1: 'cores' is not of the form key = value");
    REFUSED("= 1\n", ":1: '' is an unknown option");
    REFUSED("cores =\n", ":1: cores: '' is not a number from 0 to 1024");
    REFUSED("cores = 1 # few\n", ":1: cores: '1 # few' is not a number from 0 to 1024");
    REFUSED("config = x\n", ":1: 'config' is an unknown option");
    REFUSED("peers = a,,b\n", ":1: peers: the value is empty");
    test_options_fini(&t);
}

static void
a_key_given_twice_is_refused_but_lists_grow(void)
{
    test_options_init(&t);
    REFUSED("cores = 1\n\ncores = 1\n", ":3: cores: is given again, after line 1");
    CY_OK(read_text("peers = a\npeers = b, c\n"));
    CU_ASSERT_EQUAL(t.options.peers.count, 3);
    test_options_fini(&t);
}

static void
binary_files_are_refused(void)
{
    static const char text[] = "cores = 1\0\n";
    test_options_init(&t);
    CY_FAILS(read_bytes(text, sizeof text - 1), -EINVAL);
    CU_ASSERT_STRING_EQUAL(message(), ":1: holds a NUL byte; this is no text");
    test_options_fini(&t);
}

/* 4351 bytes in a line: the longest value, and some for the key. */
static void
a_line_is_refused_one_byte_past_its_limit(void)
{
    enum { LIMIT = CY_OPTION_VALUE_MAX + 256 };
    static char text[LIMIT + 3];
    test_options_init(&t);
    memset(text, '#', LIMIT);
    text[LIMIT] = '\n';
    CY_OK(read_text(text));
    text[LIMIT] = '#';
    text[LIMIT + 1] = '\n';
    REFUSED(text, ":1: the line is too long");
    test_options_fini(&t);
}

static void
a_file_is_refused_one_line_past_its_limit(void)
{
    enum { LIMIT = 65536 };
    static char text[LIMIT + 2];
    test_options_init(&t);
    memset(text, '\n', LIMIT + 1);
    CY_OK(read_bytes(text, LIMIT));
    CY_FAILS(read_bytes(text, LIMIT + 1), -EINVAL);
    CU_ASSERT_STRING_EQUAL(message(), ":65537: the file has too many lines");
    test_options_fini(&t);
}

static void
a_folder_is_no_file(void)
{
    test_options_init(&t);
    CY_FAILS(test_options_parse(&t, NULL, "--config=/", (char *) NULL), -EISDIR);
    CU_ASSERT_STRING_EQUAL(t.options.error, "/:1: Is a directory");
    test_options_fini(&t);
}

static void
a_long_path_is_shown_by_its_end(void)
{
    char folder[] = "/tmp/cycos-test-XXXXXX", path[512], odd[300];
    test_options_init(&t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    memset(odd, 'o', 250);
    memcpy(odd + 240, "\nend.ini", 9);
    snprintf(path, sizeof path, "%s/%s", folder, odd);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "x\n");
    fclose(file);
    CY_FAILS(test_options_parse(&t, NULL, "--config", path, (char *) NULL), -EINVAL);
    CU_ASSERT_EQUAL(strncmp(t.options.error, "...ooo", 6), 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(t.options.error, "o?end.ini:1: 'x' is not of the form key = value"));
    unlink(path);
    rmdir(folder);
    test_options_fini(&t);
}

/* Whatever a file holds: an answer, and a message of one line when it is no. */
static void
random_files_are_read_or_refused(void)
{
    static const char *const parts[] = {
        "cores", "=",   " ",      "\n", "\"", "\\",   "peers", ",",    "[cycos]",
        "[",     "]",   "#",      "1",  "x",  "\x01", "\n",    "name", "dest-path = \"",
        "\\x41", "5ms", "stall=", "\n"};
    enum { PARTS = sizeof parts / sizeof *parts };
    test_options_init(&t);
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 1000);) {
        char text[1024] = "";
        size_t n = 0;
        uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15);
        for (int i = 0; i < 30; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
            n += (size_t) snprintf(text + n, sizeof text - n, "%s",
                                   parts[(state >> 33) % PARTS]);
        }
        int rc = read_text(text);
        CU_ASSERT_TRUE(rc == 0 || rc == -EINVAL);
        CU_ASSERT_EQUAL(rc == 0, t.options.error[0] == '\0');
        CU_ASSERT_PTR_NULL(strpbrk(t.options.error, "\n\r\x01"));
    }
    test_options_fini(&t);
}

CY_TEST_MAIN("runtime.options_ini", CY_TEST(comments_blank_lines_and_blanks_do_not_count),
             CY_TEST(an_empty_file_is_accepted), CY_TEST(the_nodes_section_may_be_named),
             CY_TEST(quoted_values_keep_blanks_and_know_escapes),
             CY_TEST(bad_quotes_and_escapes_are_refused),
             CY_TEST(what_cannot_be_understood_is_refused_with_its_line),
             CY_TEST(a_key_given_twice_is_refused_but_lists_grow),
             CY_TEST(binary_files_are_refused),
             CY_TEST(a_line_is_refused_one_byte_past_its_limit),
             CY_TEST(a_file_is_refused_one_line_past_its_limit), CY_TEST(a_folder_is_no_file),
             CY_TEST(a_long_path_is_shown_by_its_end),
             CY_TEST(random_files_are_read_or_refused))
