#include "cy_test.h"
#include <cycos/impl/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 3 };

/* What the sink has got, and what the clock shows. */
static struct {
    char text[65536];
    size_t bytes;
    int lines, refuse;
    enum cy_log_level level;
    int64_t now;
} world;

static struct cyi_log lg;

static int
sink(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    CU_ASSERT_PTR_EQUAL(arg, &world);
    CU_ASSERT_EQUAL(line[bytes], '\0');
    if (world.refuse != 0)
        return world.refuse;
    memcpy(world.text + world.bytes, line, bytes + 1);
    world.bytes += bytes;
    world.lines++;
    world.level = level;
    return 0;
}

static int64_t
clock_read(void *arg)
{
    CU_ASSERT_PTR_EQUAL(arg, &world);
    return world.now;
}

static void
forget(void)
{
    world.text[0] = '\0';
    world.bytes = 0;
    world.lines = 0;
}

static void
start(uint32_t rate, const char *node)
{
    forget();
    world.refuse = 0;
    world.now = 1000 * CY_SECOND;
    cyi_log_init(&lg, &(struct cyi_log_options){.level = CY_LOG_INFO,
                                                .rate = rate,
                                                .clock = clock_read,
                                                .clock_arg = &world,
                                                .sink = sink,
                                                .sink_arg = &world,
                                                .node = node});
}

static void
a_line_has_time_level_event_origin_and_pairs(void)
{
    start(0, "web");
    cyi_log_write(&lg, &(struct cyi_log_origin){.core = 1, .task = "parser"}, CY_LOG_WARN,
                  "task.stall", "ns=%d", 31);
    CU_ASSERT_STRING_EQUAL(world.text,
                           "ts=1970-01-01T00:16:40.000000Z level=warn event=task.stall "
                           "node=web core=1 task=parser ns=31\n");
    CU_ASSERT_EQUAL(world.level, CY_LOG_WARN);
    cyi_log_fini(&lg);
}

static void
what_is_not_known_stays_out(void)
{
    start(0, NULL);
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    cyi_log_write(&lg, &(struct cyi_log_origin){.core = -1}, CY_LOG_ERROR, "b", "k=%s", "v");
    CU_ASSERT_STRING_EQUAL(world.text,
                           "ts=1970-01-01T00:16:40.000000Z level=info event=a\n"
                           "ts=1970-01-01T00:16:40.000000Z level=error event=b k=v\n");
    cyi_log_fini(&lg);
}

static void
without_a_clock_there_is_neither_time_nor_limit(void)
{
    forget();
    cyi_log_init(&lg, &(struct cyi_log_options){.rate = 1, .sink = sink, .sink_arg = &world});
    for (int i = 0; i < 5; i++)
        cyi_log_write(&lg, NULL, CY_LOG_DEBUG, "a", NULL);
    cyi_log_fini(&lg);
    CU_ASSERT_EQUAL(world.lines, 5);
    CU_ASSERT_EQUAL(strncmp(world.text, "level=debug event=a\n", 20), 0);
}

static void
lines_below_the_level_are_dropped(void)
{
    start(0, NULL);
    for (int least = CY_LOG_DEBUG; least <= CY_LOG_OFF; least++) {
        cyi_log_set_level(&lg, (enum cy_log_level) least);
        for (int level = CY_LOG_DEBUG; level <= CY_LOG_OFF; level++) {
            bool expected = level >= least && level < CY_LOG_OFF;
            forget();
            CU_ASSERT_EQUAL(cyi_log_enabled(&lg, (enum cy_log_level) level), expected);
            cyi_log_write(&lg, NULL, (enum cy_log_level) level, "a", NULL);
            CU_ASSERT_EQUAL(world.lines, expected);
        }
    }
    cyi_log_fini(&lg);
}

static void
long_names_of_events_and_tasks_are_cut(void)
{
    char name[100];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    start(0, name);
    cyi_log_write(&lg, &(struct cyi_log_origin){.core = -1, .task = name}, CY_LOG_INFO, name,
                  NULL);
    char expected[400];
    snprintf(expected, sizeof expected,
             "ts=1970-01-01T00:16:40.000000Z level=info event=%.*s node=%.63s task=%.63s\n",
             CY_LOG_EVENT_MAX, name, name, name);
    CU_ASSERT_STRING_EQUAL(world.text, expected);
    cyi_log_fini(&lg);
}

static void
an_event_past_its_rate_is_suppressed_and_then_counted(void)
{
    start(RATE, NULL);
    for (int i = 0; i < RATE; i++)
        cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(world.lines, RATE);
    for (int i = 0; i < 4; i++)
        cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(world.lines, RATE);
    /* Another event has its own rate. */
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "b", NULL);
    CU_ASSERT_EQUAL(world.lines, RATE + 1);
    world.now += CY_SECOND - 1;
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(world.lines, RATE + 1);
    world.now += 1;
    forget();
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", "k=1");
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_STRING_EQUAL(world.text, "ts=1970-01-01T00:16:41.000000Z level=info event=a "
                                       "suppressed=5 k=1\n"
                                       "ts=1970-01-01T00:16:41.000000Z level=info event=a\n");
    cyi_log_fini(&lg);
}

static void
lines_below_the_level_do_not_use_up_the_rate(void)
{
    start(1, NULL);
    cyi_log_write(&lg, NULL, CY_LOG_DEBUG, "a", NULL);
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(world.lines, 1);
    cyi_log_fini(&lg);
}

static void
a_clock_that_was_set_back_suppresses_nothing(void)
{
    start(1, NULL);
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    world.now = 10;
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(world.lines, 2);
    cyi_log_fini(&lg);
}

static void
flush_tells_what_was_suppressed_once_the_second_is_over(void)
{
    start(1, "web");
    for (int i = 0; i < 3; i++)
        cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    forget();
    cyi_log_flush(&lg);
    CU_ASSERT_EQUAL(world.lines, 0);
    world.now += CY_SECOND;
    cyi_log_flush(&lg);
    CU_ASSERT_STRING_EQUAL(world.text, "ts=1970-01-01T00:16:41.000000Z level=warn "
                                       "event=log.suppressed node=web of=a suppressed=2\n");
    cyi_log_flush(&lg);
    CU_ASSERT_EQUAL(world.lines, 1);
    cyi_log_fini(&lg);
    CU_ASSERT_EQUAL(world.lines, 1);
}

static void
fini_tells_what_was_suppressed(void)
{
    start(1, NULL);
    for (int i = 0; i < 2; i++) {
        cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
        cyi_log_write(&lg, NULL, CY_LOG_INFO, "b", NULL);
    }
    forget();
    cyi_log_fini(&lg);
    CU_ASSERT_EQUAL(world.lines, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(world.text, "of=a suppressed=1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(world.text, "of=b suppressed=1\n"));
}

static void
events_past_the_table_share_one_rate(void)
{
    start(1, NULL);
    char name[16];
    for (int i = 0; i < CYI_LOG_EVENTS + 1; i++) {
        snprintf(name, sizeof name, "e%d", i);
        cyi_log_write(&lg, NULL, CY_LOG_INFO, name, NULL);
    }
    /* Each had its own entry, the one past the table got the common one... */
    CU_ASSERT_EQUAL(world.lines, CYI_LOG_EVENTS + 1);
    /* ...which is used up for the next. */
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "another", NULL);
    CU_ASSERT_EQUAL(world.lines, CYI_LOG_EVENTS + 1);
    forget();
    cyi_log_fini(&lg);
    CU_ASSERT_PTR_NOT_NULL(strstr(world.text, "of=* suppressed=1\n"));
}

static void
lines_that_the_sink_refuses_are_counted(void)
{
    start(0, NULL);
    world.refuse = -ENOSPC;
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    world.refuse = 0;
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    CU_ASSERT_EQUAL(cyi_log_lost(&lg), 2);
    CU_ASSERT_EQUAL(world.lines, 1);
    cyi_log_fini(&lg);
}

static void
level_names_are_those_of_the_option(void)
{
    CU_ASSERT_STRING_EQUAL(cyi_log_level_name(CY_LOG_DEBUG), "debug");
    CU_ASSERT_STRING_EQUAL(cyi_log_level_name(CY_LOG_INFO), "info");
    CU_ASSERT_STRING_EQUAL(cyi_log_level_name(CY_LOG_WARN), "warn");
    CU_ASSERT_STRING_EQUAL(cyi_log_level_name(CY_LOG_ERROR), "error");
    CU_ASSERT_STRING_EQUAL(cyi_log_level_name(CY_LOG_OFF), "off");
}

static void
write_to_stderr(void *arg)
{
    (void) arg;
    cyi_log_init(&lg, &(struct cyi_log_options){.level = CY_LOG_INFO});
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", "k=%s", "v w");
    cyi_log_fini(&lg);
}

static void
the_default_sink_is_standard_error(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, write_to_stderr, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "level=info event=a k=\"v w\"\n"));
}

static void
write_to_closed_stderr(void *arg)
{
    (void) arg;
    close(STDERR_FILENO);
    cyi_log_init(&lg, &(struct cyi_log_options){.level = CY_LOG_INFO});
    cyi_log_write(&lg, NULL, CY_LOG_INFO, "a", NULL);
    bool right =
        cyi_log_lost(&lg) == 1 && cyi_log_to_stderr(NULL, CY_LOG_INFO, "x\n", 2) == -EBADF;
    cyi_log_fini(&lg);
    _exit(right ? 0 : 1);
}

static void
a_closed_standard_error_loses_lines_but_nothing_else(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, write_to_closed_stderr, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
}

/* Threads at once: each line arrives whole, and of each event as many as its rate allows. */
enum { THREADS = 4, PER_THREAD = 2000 };

static struct {
    pthread_mutex_t lock;
    int lines, bad;
    int64_t suppressed;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int
shared_sink(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    pthread_mutex_lock(&shared.lock);
    shared.lines++;
    shared.bad += line[bytes - 1] != '\n' || strstr(line, "event=") == NULL;
    const char *suppressed = strstr(line, "suppressed=");
    shared.suppressed += suppressed != NULL ? atoll(suppressed + strlen("suppressed=")) : 0;
    pthread_mutex_unlock(&shared.lock);
    return 0;
}

static int64_t
constant_clock(void *arg)
{
    (void) arg;
    return CY_HOUR;
}

static void *
write_many(void *arg)
{
    (void) arg;
    for (int i = 0; i < PER_THREAD; i++) {
        cyi_log_write(&lg, NULL, CY_LOG_INFO, i % 2 == 0 ? "even" : "odd", "i=%d", i);
        cyi_log_set_level(&lg, CY_LOG_DEBUG);
    }
    return NULL;
}

static void
threads_share_a_log(void)
{
    pthread_t threads[THREADS];
    shared.lines = shared.bad = 0;
    shared.suppressed = 0;
    cyi_log_init(&lg, &(struct cyi_log_options){
                          .rate = 100, .clock = constant_clock, .sink = shared_sink});
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, write_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(shared.lines, 200);
    cyi_log_fini(&lg);
    CU_ASSERT_EQUAL(shared.suppressed, THREADS * PER_THREAD - 200);
    CU_ASSERT_EQUAL(shared.bad, 0);
}

CY_TEST_MAIN(
    "runtime.log", CY_TEST(a_line_has_time_level_event_origin_and_pairs),
    CY_TEST(what_is_not_known_stays_out),
    CY_TEST(without_a_clock_there_is_neither_time_nor_limit),
    CY_TEST(lines_below_the_level_are_dropped), CY_TEST(long_names_of_events_and_tasks_are_cut),
    CY_TEST(an_event_past_its_rate_is_suppressed_and_then_counted),
    CY_TEST(lines_below_the_level_do_not_use_up_the_rate),
    CY_TEST(a_clock_that_was_set_back_suppresses_nothing),
    CY_TEST(flush_tells_what_was_suppressed_once_the_second_is_over),
    CY_TEST(fini_tells_what_was_suppressed), CY_TEST(events_past_the_table_share_one_rate),
    CY_TEST(lines_that_the_sink_refuses_are_counted),
    CY_TEST(level_names_are_those_of_the_option), CY_TEST(the_default_sink_is_standard_error),
    CY_TEST(a_closed_standard_error_loses_lines_but_nothing_else), CY_TEST(threads_share_a_log))
