/* test_log_task.c - logging from tasks: whose line it is, and where there is no log. */
#include "hand.h"

#include <pthread.h>
#include <string.h>

static char text[8192];
static int lines;

static int
keep(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    size_t used = strlen(text);
    (void) arg;
    (void) level;
    lines++;
    if (used + bytes < sizeof text)
        memcpy(text + used, line, bytes + 1);
    return 0;
}

static void
run(uint32_t cores, cy_task_fn *fn, enum cy_log_level level)
{
    struct hand hand;
    text[0] = '\0';
    lines = 0;
    cy_node_options(&hand.options, cores);
    hand.options.log_sink = keep;
    hand.options.log_level = level;
    hand_open_with(&hand, fn, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
speak(void *arg)
{
    cy_log_write(CY_LOG_INFO, "test.spoken", "number=%d", *(int *) arg);
    return 0;
}

static int
speak_on_two_cores(void *arg)
{
    static int numbers[] = {10, 11};
    struct cy_task_options named = {.name = "a speaker", .joinable = true};
    cy_ref there;
    (void) arg;
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, speak, &numbers[core], &named), 0);
        CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    }
    cy_log_write(CY_LOG_WARN, "test.plain", NULL);
    return 0;
}

static void
a_line_says_which_core_and_task_wrote_it(void)
{
    run(2, speak_on_two_cores, CY_LOG_INFO);
    CU_ASSERT_EQUAL(lines, 3);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "event=test.spoken core=0 task=\"a speaker\" number=10\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "event=test.spoken core=1 task=\"a speaker\" number=11\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "level=warn event=test.plain core=0 task=main\n"));
}

static int
speak_at_all_levels(void *arg)
{
    (void) arg;
    CY_CHECK(!cy_log_enabled(CY_LOG_DEBUG) && !cy_log_enabled(CY_LOG_INFO));
    CY_CHECK(cy_log_enabled(CY_LOG_WARN) && cy_log_enabled(CY_LOG_ERROR));
    CY_CHECK(!cy_log_enabled(CY_LOG_OFF));
    cy_log_write(CY_LOG_DEBUG, "test.level", "n=1");
    cy_log_write(CY_LOG_INFO, "test.level", "n=2");
    cy_log_write(CY_LOG_WARN, "test.level", "n=3");
    cy_log_write(CY_LOG_ERROR, "test.level", "n=4");
    return 0;
}

static void
only_lines_of_the_level_are_written(void)
{
    run(1, speak_at_all_levels, CY_LOG_WARN);
    CU_ASSERT_EQUAL(lines, 2);
    CU_ASSERT_PTR_NULL(strstr(text, "n=2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "n=3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "n=4"));
}

static int
speak_to_no_one(void *arg)
{
    (void) arg;
    CY_CHECK(!cy_log_enabled(CY_LOG_ERROR));
    cy_log_write(CY_LOG_ERROR, "test.level", NULL);
    return 0;
}

static void
a_log_that_is_off_takes_nothing(void)
{
    run(1, speak_to_no_one, CY_LOG_OFF);
    CU_ASSERT_EQUAL(lines, 0);
}

static void *
speak_elsewhere(void *arg)
{
    *(bool *) arg = cy_log_enabled(CY_LOG_ERROR);
    cy_log_write(CY_LOG_ERROR, "test.elsewhere", "n=%d", 1);
    return NULL;
}

static int
speak_on_no_core(void *arg)
{
    pthread_t thread;
    bool enabled = true;
    (void) arg;
    CY_CHECK_EQ(pthread_create(&thread, NULL, speak_elsewhere, &enabled), 0);
    pthread_join(thread, NULL);
    CY_CHECK(!enabled);
    return 0;
}

static void
a_thread_without_a_node_has_no_log(void)
{
    run(1, speak_on_no_core, CY_LOG_DEBUG);
    CU_ASSERT_EQUAL(lines, 0);
}

/* Calls posted to a core run outside of any task. */
static void
speak_for_nobody(struct cyi_core *core, const void *args)
{
    (void) core;
    (void) args;
    cy_log_write(CY_LOG_INFO, "test.nobody", "n=1");
}

static int
post_speech(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cyi_post_call(cyi_self, 0, speak_for_nobody, "", 1), 0);
    CY_CHECK_EQ(cy_sleep(1), 0);
    return 0;
}

static void
outside_of_tasks_a_line_names_the_core_only(void)
{
    run(1, post_speech, CY_LOG_INFO);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "event=test.nobody core=0 n=1\n"));
}

CY_TEST_MAIN("runtime.log_task", CY_TEST(a_line_says_which_core_and_task_wrote_it),
             CY_TEST(only_lines_of_the_level_are_written),
             CY_TEST(a_log_that_is_off_takes_nothing),
             CY_TEST(a_thread_without_a_node_has_no_log),
             CY_TEST(outside_of_tasks_a_line_names_the_core_only))
