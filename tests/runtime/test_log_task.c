/* test_log_task.c - what tasks log: where from, which levels, through which sink. */
#include "cy_node.h"
#include <cycos/log.h>
#include <cycos/task.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Lines that begin elsewhere, such as those of the node itself, are not kept. */
static struct {
    pthread_mutex_t lock;
    int count;
    enum cy_log_level level;
    char line[CY_LOG_LINE_MAX];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int
keep(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    if (strstr(line, arg) == NULL)
        return 0;
    pthread_mutex_lock(&kept.lock);
    kept.count++;
    kept.level = level;
    memcpy(kept.line, line, bytes + 1);
    pthread_mutex_unlock(&kept.lock);
    return 0;
}

/* Runs a node of two cores that logs from this level on into `kept`. */
static void
run(enum cy_log_level level, cy_task_fn *fn)
{
    static char event[] = "event=shop.";
    struct cy_options options;
    cy_node_options(&options, 2);
    options.log_level = level;
    options.log_sink = keep;
    options.log_arg = event;
    kept.count = 0;
    kept.line[0] = '\0';
    CY_OK(cy_node_run_with(&options, fn, NULL));
    cy_options_fini(&options);
}

static int
seller(void *arg)
{
    (void) arg;
    cy_log_write(CY_LOG_WARN, "shop.sold", "item=%s count=%d", "red ball", 3);
    return 0;
}

static int
sell_on_core_1(void *arg)
{
    (void) arg;
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&task, 1, seller, NULL, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    return 0;
}

static void
a_line_says_where_it_comes_from_and_what_it_is(void)
{
    run(CY_LOG_INFO, sell_on_core_1);
    CU_ASSERT_EQUAL(kept.count, 1);
    CU_ASSERT_EQUAL(kept.level, CY_LOG_WARN);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(kept.line,
               " level=warn event=shop.sold core=1 task=seller item=\"red ball\" count=3\n"));
}

static int
write_each_level(void *arg)
{
    (void) arg;
    CY_CHECK(!cy_log_enabled(CY_LOG_DEBUG));
    CY_CHECK(!cy_log_enabled(CY_LOG_INFO));
    CY_CHECK(cy_log_enabled(CY_LOG_WARN));
    CY_CHECK(cy_log_enabled(CY_LOG_ERROR));
    cy_log_write(CY_LOG_DEBUG, "shop.debug", NULL);
    cy_log_write(CY_LOG_INFO, "shop.info", NULL);
    cy_log_write(CY_LOG_WARN, "shop.warn", NULL);
    cy_log_write(CY_LOG_ERROR, "shop.error", NULL);
    return 0;
}

static void
what_is_below_the_level_of_the_node_is_dropped(void)
{
    run(CY_LOG_WARN, write_each_level);
    CU_ASSERT_EQUAL(kept.count, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(kept.line, "event=shop.error core=0 task=main\n"));
}

static int
write_an_error(void *arg)
{
    (void) arg;
    CY_CHECK(!cy_log_enabled(CY_LOG_ERROR));
    cy_log_write(CY_LOG_ERROR, "shop.error", NULL);
    return 0;
}

static void
a_log_that_is_off_takes_nothing(void)
{
    run(CY_LOG_OFF, write_an_error);
    CU_ASSERT_EQUAL(kept.count, 0);
}

static void
a_thread_that_is_no_core_has_no_log(void)
{
    CU_ASSERT_FALSE(cy_log_enabled(CY_LOG_ERROR));
    cy_log_write(CY_LOG_ERROR, "shop.error", NULL);
}

CY_TEST_MAIN("runtime.log_task", CY_TEST(a_line_says_where_it_comes_from_and_what_it_is),
             CY_TEST(what_is_below_the_level_of_the_node_is_dropped),
             CY_TEST(a_log_that_is_off_takes_nothing),
             CY_TEST(a_thread_that_is_no_core_has_no_log))
