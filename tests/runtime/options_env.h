/* options_env.h - what the tests of the options share: arguments, environment, files. */
#ifndef OPTIONS_ENV_H
#define OPTIONS_ENV_H

#include <cycos/options.h>

enum { TEST_ARGS_MAX = 32 };

/* A struct under test, and the arguments that parsing has left. */
struct test_options {
    struct cy_options options;
    int argc;
    char *argv[TEST_ARGS_MAX];
    char file[64]; /* a temporary file; "" when there is none */
};

/* Defaults, and no CYCOS_ variable set. */
void test_options_init(struct test_options *t);
void test_options_fini(struct test_options *t);

/* Parses "prog" and these arguments, ended by NULL. */
int test_options_parse(struct test_options *t, const struct cy_option_set *set, ...);

/* Makes a file of this text that CYCOS_CONFIG names. */
void test_options_file(struct test_options *t, const char *text, size_t bytes);

/* The arguments that are left, separated by blanks, without the program's name. */
const char *test_options_rest(const struct test_options *t);

#endif
