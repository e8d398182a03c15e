/* options_env.c - what the tests of the options share. */
#include "options_env.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whoever runs the tests may have set some for programs of his own. */
static void
clear_environment(void)
{
    for (char **p = environ; *p != NULL;) {
        char name[128];
        size_t bytes = strcspn(*p, "=");
        if (strncmp(*p, "CYCOS_", 6) == 0 && bytes < sizeof name) {
            memcpy(name, *p, bytes);
            name[bytes] = '\0';
            unsetenv(name);
            p = environ; /* it has moved the rest */
        } else {
            p++;
        }
    }
}

void
test_options_init(struct test_options *t)
{
    memset(t, 0, sizeof *t);
    clear_environment();
    cy_options_init(&t->options);
}

void
test_options_fini(struct test_options *t)
{
    cy_options_fini(&t->options);
    clear_environment();
    if (t->file[0] != '\0')
        unlink(t->file);
}

int
test_options_parse(struct test_options *t, const struct cy_option_set *set, ...)
{
    va_list args;
    va_start(args, set);
    static char name[] = "prog";
    t->argv[0] = name;
    for (t->argc = 1; (t->argv[t->argc] = va_arg(args, char *)) != NULL;)
        t->argc++;
    va_end(args);
    return set != NULL ? cy_options_parse_with(&t->options, set, &t->argc, t->argv)
                       : cy_options_parse(&t->options, &t->argc, t->argv);
}

void
test_options_file(struct test_options *t, const char *text, size_t bytes)
{
    if (t->file[0] != '\0')
        unlink(t->file);
    snprintf(t->file, sizeof t->file, "/tmp/cycos-test-XXXXXX");
    int fd = mkstemp(t->file);
    if (fd < 0 || write(fd, text, bytes) != (ssize_t) bytes)
        abort();
    close(fd);
    setenv("CYCOS_CONFIG", t->file, 1);
}

const char *
test_options_rest(const struct test_options *t)
{
    static char text[512];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 1; i < t->argc && n < sizeof text; i++)
        n += (size_t) snprintf(text + n, sizeof text - n, "%s%s", i > 1 ? " " : "", t->argv[i]);
    return text;
}
