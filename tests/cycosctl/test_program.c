#include "cy_test.h"

#include "command.h"
#include "program.h"

#include <string.h>
#include <unistd.h>

/* What the program says without a network. */

static char said[16384];

/* Runs it with its output and errors in a pipe; what it said is in `said`. */
static int
run_it(const char *const *words)
{
    char copies[8][64], *argv[9];
    int argc = 0, pipes[2], saved[2];
    for (; words[argc] != NULL; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    CY_OK(pipe(pipes));
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        dup2(pipes[1], i + 1);
    }
    int status = ctl_program(argc, argv);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    close(pipes[1]);
    ssize_t n = read(pipes[0], said, sizeof said - 1);
    said[n > 0 ? n : 0] = '\0';
    close(pipes[0]);
    return status;
}

#define RUN(...)   run_it((const char *const[]){"cycosctl", __VA_ARGS__ __VA_OPT__(, ) NULL})
#define SAYS(text) (strstr(said, text) != NULL)

static void
wrong_usage_is_told(void)
{
    CU_ASSERT_EQUAL(RUN(), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("no command"));
    CU_ASSERT_EQUAL(RUN("fly"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("no command 'fly'"));
    CU_ASSERT_EQUAL(RUN("peers", "--fly"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("unknown option --fly"));
    CU_ASSERT_EQUAL(RUN("peers", "-f"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("unknown option -f"));
    CU_ASSERT_EQUAL(RUN("peers", "--timeout", "soon"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("--timeout"));
    CU_ASSERT_EQUAL(RUN("peers", "--format", "xml"), CTL_USAGE);
    CU_ASSERT_EQUAL(RUN("peers", "--tag", "4026531840"),
                    CTL_USAGE); /* the first of the system */
    CU_ASSERT_EQUAL(RUN("peers", "too much"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("usage: cycosctl peers"));
    CU_ASSERT_EQUAL(RUN("locate"), CTL_USAGE);
    CU_ASSERT_EQUAL(RUN("send", "name"), CTL_USAGE);
    CU_ASSERT_EQUAL(RUN("send", "name", "--", "--text", "more"), CTL_USAGE);
    CU_ASSERT_TRUE(SAYS("usage: cycosctl send NAME TEXT"));
}

static void
help_names_every_command_and_option(void)
{
    CU_ASSERT_EQUAL(RUN("--help"), CTL_OK);
    for (size_t i = 0; i < ctl_command_count; i++) {
        CU_ASSERT_TRUE(SAYS(ctl_commands[i].name));
        CU_ASSERT_PTR_EQUAL(ctl_command_find(ctl_commands[i].name), &ctl_commands[i]);
    }
    CU_ASSERT_TRUE(SAYS("--timeout") && SAYS("--udp-port") && SAYS("Exit status"));
    CU_ASSERT_EQUAL(RUN("peers", "--help"), CTL_OK);
    CU_ASSERT_EQUAL(RUN("--version"), CTL_OK);
    CU_ASSERT_TRUE(SAYS("cycosctl 0."));
    CU_ASSERT_PTR_NULL(ctl_command_find("peer"));
    CU_ASSERT_PTR_NULL(ctl_command_find(""));
}

static void
errors_have_their_status(void)
{
    CU_ASSERT_EQUAL(ctl_status_of(0), CTL_OK);
    CU_ASSERT_EQUAL(ctl_status_of(3), CTL_OK);
    CU_ASSERT_EQUAL(ctl_status_of(-ENOMEM), CTL_FAILED);
    CU_ASSERT_EQUAL(ctl_status_of(-ETIMEDOUT), CTL_SILENCE);
    CU_ASSERT_EQUAL(ctl_status_of(CY_ENOPEER), CTL_SILENCE);
    CU_ASSERT_EQUAL(ctl_status_of(-ECONNREFUSED), CTL_SILENCE);
    CU_ASSERT_EQUAL(ctl_status_of(CY_EAUTH), CTL_REFUSED);
    CU_ASSERT_EQUAL(ctl_status_of(CY_EOPEN), CTL_REFUSED);
    CU_ASSERT_EQUAL(ctl_status_of(CY_ESECRET), CTL_REFUSED);
}

static void
tables_are_for_terminals_unless_told_otherwise(void)
{
    struct ctl_flags flags;
    struct cy_option_set set;
    ctl_flags_init(&flags, &set);
    CU_ASSERT_STRING_EQUAL(set.section, "cycosctl");
    CU_ASSERT_TRUE(ctl_flags_table(&flags, true));
    CU_ASSERT_FALSE(ctl_flags_table(&flags, false));
    flags.format = CTL_FORMAT_TABLE;
    CU_ASSERT_TRUE(ctl_flags_table(&flags, false));
    flags.format = CTL_FORMAT_JSON;
    CU_ASSERT_FALSE(ctl_flags_table(&flags, true));
    flags.format = CTL_FORMAT_TABLE;
    flags.json = true;
    CU_ASSERT_FALSE(ctl_flags_table(&flags, true));
}

CY_TEST_MAIN("cycosctl.program", CY_TEST(wrong_usage_is_told),
             CY_TEST(help_names_every_command_and_option), CY_TEST(errors_have_their_status),
             CY_TEST(tables_are_for_terminals_unless_told_otherwise))
