#include "cy_test.h"

#include "ctl.h"
#include "show.h"
#include "table.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct ctl_column COLUMNS[] = {
    {"NAME", "name", CTL_CELL_TEXT},
    {"N", "inner.n", CTL_CELL_COUNT},
    {"NOTE", "note", CTL_CELL_TEXT},
};

static void
add(struct ctl_rows *rows, const char *name, uint64_t number, const char *note)
{
    cy_value_writer *w = ctl_rows_begin(rows, 3);
    ctl_put_text(w, "name", name);
    cy_value_put_text(w, "inner");
    cy_value_put_map(w, 1);
    ctl_put_uint(w, "n", number);
    ctl_put_text(w, "note", note);
    CY_OK(ctl_rows_end(rows));
}

static void
expect(const struct ctl_rows *rows, size_t width, const char *text)
{
    char *made = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&made, &size);
    ctl_table_print(out, COLUMNS, 3, rows, width);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(made, text);
    free(made);
}

static void
columns_are_as_wide_as_what_is_in_them(void)
{
    struct ctl_rows rows = {0};
    expect(&rows, 0, "NAME  N  NOTE\n");
    add(&rows, "a", 5, "");
    add(&rows, "longer \xc3\xa9", 12345, "a note");
    expect(&rows, 0,
           "NAME          N  NOTE\n"
           "a             5\n"
           "longer \xc3\xa9  12345  a note\n");
    expect(&rows, 8,
           "NAME\n"
           "a\n"
           "longer \xc3\xa9\n");
    expect(&rows, 1,
           "N\n"
           "a\n"
           "l\n");
    ctl_rows_fini(&rows);
}

static void
what_is_not_there_is_a_dash(void)
{
    struct ctl_rows rows = {0};
    (void) ctl_rows_begin(&rows, 0);
    CY_OK(ctl_rows_end(&rows));
    expect(&rows, 0,
           "NAME  N  NOTE\n"
           "-     -  -\n");
    ctl_rows_fini(&rows);
}

/* What a command shows, read from a pipe. */
static void
show(struct ctl_rows *rows, bool table, bool one, int status, const char *text)
{
    struct ctl ctl = {0};
    char got[512];
    int pipes[2];
    CY_OK(pipe(pipes));
    CY_OK(ctl_output_open(&ctl.output, pipes[1], table));
    CU_ASSERT_EQUAL(one ? CTL_SHOW_ONE(&ctl, rows, COLUMNS) : CTL_SHOW(&ctl, rows, COLUMNS),
                    status);
    CU_ASSERT_EQUAL(rows->count, 0);
    CY_OK(ctl_output_flush(&ctl.output));
    ctl_output_close(&ctl.output);
    close(pipes[1]);
    ssize_t n = read(pipes[0], got, sizeof got - 1);
    got[n > 0 ? n : 0] = '\0';
    close(pipes[0]);
    CU_ASSERT_STRING_EQUAL(got, text);
}

static void
rows_are_shown_as_the_output_wants_it(void)
{
    struct ctl_rows rows = {0};
    add(&rows, "a", 1, "b");
    show(&rows, true, false, CTL_OK, "NAME  N  NOTE\na     1  b\n");
    add(&rows, "a", 1, "b");
    show(&rows, true, true, CTL_OK, "NAME  a\nN     1\nNOTE  b\n");
    add(&rows, "a", 1, "b");
    show(&rows, false, false, CTL_OK,
         "[\n {\"name\": \"a\", \"note\": \"b\", \"inner\": {\"n\": 1}}\n]\n");
    add(&rows, "a", 1, "b");
    show(&rows, false, true, CTL_OK,
         "{\"name\": \"a\", \"note\": \"b\", \"inner\": {\"n\": 1}}\n");
    rows.error = -ENOMEM;
    show(&rows, false, false, CTL_FAILED, "[]\n");
}

static void
output_to_nobody_is_an_error_that_sticks(void)
{
    struct ctl_output out;
    int pipes[2];
    signal(SIGPIPE, SIG_IGN);
    CY_OK(pipe(pipes));
    close(pipes[0]);
    CY_OK(ctl_output_open(&out, pipes[1], false));
    CY_OK(ctl_output_flush(&out)); /* nothing was written */
    fputs("text", out.file);
    CU_ASSERT_EQUAL(ctl_output_flush(&out), -EPIPE);
    CU_ASSERT_EQUAL(ctl_output_flush(&out), -EPIPE);
    ctl_output_close(&out);
    close(pipes[1]);
}

CY_TEST_MAIN("cycosctl.table", CY_TEST(columns_are_as_wide_as_what_is_in_them),
             CY_TEST(what_is_not_there_is_a_dash),
             CY_TEST(rows_are_shown_as_the_output_wants_it),
             CY_TEST(output_to_nobody_is_an_error_that_sticks))
