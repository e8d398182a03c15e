/* test_runner.c - the runner under test: each way to fail is a child that must fail so. */
#include "cy_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The victims: suites that run in a child. */

static long tokens;

static long
count_tokens(void)
{
    return tokens;
}

static void
leaks_a_descriptor(void)
{
    CU_ASSERT_NOT_EQUAL(open("/dev/null", O_RDONLY), -1);
}

static void
closes_what_is_not_its(void)
{
    CY_OK(close(STDIN_FILENO));
}

static void
leaks_a_token(void)
{
    tokens++;
    CU_PASS("");
}

static void
asserts_nothing(void)
{
}

static void
fails_at_seed_three(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 10);) {
        printf("[%d]", (int) seed);
        CU_ASSERT_NOT_EQUAL(seed, 3);
    }
}

static void
aborts_at_seed_two(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 10);) {
        CU_ASSERT_NOT_EQUAL(seed, 0);
        if (seed == 2)
            abort();
    }
}

static void
passes_by_asserting(void)
{
    CU_PASS("");
}

static CU_TestInfo victims[] = {CY_TEST(leaks_a_descriptor),  CY_TEST(closes_what_is_not_its),
                                CY_TEST(leaks_a_token),       CY_TEST(asserts_nothing),
                                CY_TEST(fails_at_seed_three), CY_TEST(aborts_at_seed_two),
                                CY_TEST(passes_by_asserting), CU_TEST_INFO_NULL};

/* Becomes a fresh run of this program: CUnit cannot start over within a test. */
static void
run_victim(void *arg)
{
    static char name[] = "victim", flag[] = "--victims";
    char *words = arg, *argv[8] = {name, flag};
    int argc = 2;
    for (char *word; (word = strsep(&words, " ")) != NULL && argc < 7;)
        if (*word != '\0')
            argv[argc++] = word;
    execv("/proc/self/exe", argv);
    _exit(127);
}

/* Runs the victims with these arguments and returns the exit status. */
static int
victim(struct cy_test_child *child, const char *arguments)
{
    char words[128];
    snprintf(words, sizeof words, "%s", arguments);
    if (cy_test_run_child(child, run_victim, words) < 0)
        return -1;
    return child->status;
}

static bool
says(const struct cy_test_child *child, const char *text)
{
    bool found = strstr(child->output, text) != NULL;
    if (!found)
        fprintf(stderr, "\n    wanted '%s' in: %s", text, child->output);
    return found;
}

/* The tests. */

static struct cy_test_child child;

static void
passes_what_is_right(void)
{
    CU_ASSERT_EQUAL(victim(&child, "passes_by_asserting"), 0);
}

static void
fails_a_leaked_descriptor_and_names_it(void)
{
    CU_ASSERT_EQUAL(victim(&child, "leaks_a_descriptor"), 1);
    CU_ASSERT_TRUE(says(&child, "leaked: /dev/null"));
}

static void
fails_a_descriptor_closed_by_mistake(void)
{
    CU_ASSERT_EQUAL(victim(&child, "closes_what_is_not_its"), 1);
    CU_ASSERT_TRUE(says(&child, "descriptor 0 closed by the test"));
}

static void
fails_a_watched_counter_that_grew(void)
{
    CU_ASSERT_EQUAL(victim(&child, "leaks_a_token"), 1);
    CU_ASSERT_TRUE(says(&child, "tokens: 0 before the test, 1 after"));
}

static void
fails_a_test_without_assertion(void)
{
    CU_ASSERT_EQUAL(victim(&child, "asserts_nothing"), 1);
    CU_ASSERT_TRUE(says(&child, "the test asserts something"));
}

static void
stops_at_the_first_bad_seed_and_says_how_to_replay(void)
{
    CU_ASSERT_EQUAL(victim(&child, "fails_at_seed_three"), 1);
    CU_ASSERT_TRUE(says(&child, "[1][2][3]"));
    CU_ASSERT_PTR_NULL(strstr(child.output, "[4]"));
    CU_ASSERT_TRUE(says(&child, "--seed 3 fails_at_seed_three"));
}

static void
replays_one_seed(void)
{
    CU_ASSERT_EQUAL(victim(&child, "--seed 4 fails_at_seed_three"), 0);
    CU_ASSERT_TRUE(says(&child, "[4]"));
    CU_ASSERT_PTR_NULL(strstr(child.output, "[5]"));
    CU_ASSERT_EQUAL(victim(&child, "--seed 3 fails_at_seed_three"), 1);
}

static void
says_the_seed_of_a_crash(void)
{
    CU_ASSERT_EQUAL(victim(&child, "aborts_at_seed_two"), -1);
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(says(&child, "--seed 2 aborts_at_seed_two"));
}

static void
refuses_unknown_names_options_and_seeds(void)
{
    CU_ASSERT_EQUAL(victim(&child, "no_such_test"), 2);
    CU_ASSERT_EQUAL(victim(&child, "--no-such-option"), 2);
    CU_ASSERT_EQUAL(victim(&child, "--seed"), 2);
    CU_ASSERT_EQUAL(victim(&child, "--seed x1"), 2);
    CU_ASSERT_EQUAL(victim(&child, "--seed 0"), 2);
}

static void
lists_the_tests(void)
{
    CU_ASSERT_EQUAL(victim(&child, "--list"), 0);
    CU_ASSERT_TRUE(says(&child, "leaks_a_token\nasserts_nothing\n"));
}

static void
scales_counts_by_percent(void)
{
    CU_ASSERT_EQUAL(cy_test_scale(1234), 1234);
    setenv("CY_TEST_SCALE", "10", 1);
    CU_ASSERT_EQUAL(cy_test_scale(1234), 123);
    CU_ASSERT_EQUAL(cy_test_scale(3), 1);
    setenv("CY_TEST_SCALE", "300", 1);
    CU_ASSERT_EQUAL(cy_test_scale(1000), 3000);
    setenv("CY_TEST_SCALE", "nonsense", 1);
    CU_ASSERT_EQUAL(cy_test_scale(1000), 10);
    unsetenv("CY_TEST_SCALE");
}

static void
die_by_signal(void *arg)
{
    fputs(arg, stderr);
    raise(SIGKILL);
}

static void
exit_with_seven(void *arg)
{
    puts(arg);
    exit(7);
}

static void
reports_how_a_child_ended(void)
{
    CY_OK(cy_test_run_child(&child, die_by_signal, (void *) "last words"));
    CU_ASSERT_EQUAL(child.signal, SIGKILL);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "last words"));
    CY_OK(cy_test_run_child(&child, exit_with_seven, (void *) "seven"));
    CU_ASSERT_EQUAL(child.status, 7);
    CU_ASSERT_STRING_EQUAL(child.output, "seven\n");
}

static void
print_much(void *arg)
{
    for (int i = 0; i < 100000; i++)
        puts(arg);
}

static void
keeps_the_first_bytes_of_a_talkative_child(void)
{
    CY_OK(cy_test_run_child(&child, print_much, (void *) "0123456789"));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_EQUAL(strlen(child.output), sizeof child.output - 1);
}

static void
take_memory(void *arg)
{
    static const size_t sizes[] = {17, 100, 1000, 10000, 100000, 1 << 20};
    static void *volatile taken[6];
    (void) arg;
    taken[1] = malloc(100);
    free(taken[1]); /* to be had again, without the system */
    bool starves = cy_test_starve();
    for (int i = 0; starves && i < 6; i++) {
        taken[i] = malloc(sizes[i]);
        if (taken[i] != NULL)
            _exit(7);
    }
    dprintf(STDOUT_FILENO, starves ? "starves" : "is fed");
}

static void
lets_a_child_starve(void)
{
    CY_OK(cy_test_run_child(&child, take_memory, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_TRUE(strcmp(child.output, "starves") == 0 || strcmp(child.output, "is fed") == 0);
}

/* clang-format off */
static CU_TestInfo tests[] = {
    CY_TEST(passes_what_is_right),
    CY_TEST(fails_a_leaked_descriptor_and_names_it),
    CY_TEST(fails_a_descriptor_closed_by_mistake),
    CY_TEST(fails_a_watched_counter_that_grew),
    CY_TEST(fails_a_test_without_assertion),
    CY_TEST(stops_at_the_first_bad_seed_and_says_how_to_replay),
    CY_TEST(replays_one_seed),
    CY_TEST(says_the_seed_of_a_crash),
    CY_TEST(refuses_unknown_names_options_and_seeds),
    CY_TEST(lists_the_tests),
    CY_TEST(scales_counts_by_percent),
    CY_TEST(reports_how_a_child_ended),
    CY_TEST(keeps_the_first_bytes_of_a_talkative_child),
    CY_TEST(lets_a_child_starve),
    CU_TEST_INFO_NULL,
};
/* clang-format on */

int
main(int argc, char **argv)
{
    unsetenv("CY_TEST_SEED");
    unsetenv("CY_TEST_SCALE");
    if (argc > 1 && strcmp(argv[1], "--victims") == 0) {
        cy_test_watch("tokens", count_tokens);
        argv[1] = argv[0];
        return cy_test_main(argc - 1, argv + 1, "victims", victims);
    }
    return cy_test_main(argc, argv, "support.runner", tests);
}
