/* Tasks that hog their core are reported by name, with the stack. */
#include "cy_node.h"
#include "sanitizer.h"
#include <cycos/impl/core.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The log of a node in this process. */
static char logged[16384];
static size_t logged_bytes;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int stalls_logged;
static int wake_up[2]; /* a pipe: the log writes when a stall was reported */

static int
keep_log(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    pthread_mutex_lock(&log_lock);
    if (logged_bytes + bytes < sizeof logged) {
        memcpy(logged + logged_bytes, line, bytes);
        logged_bytes += bytes;
        logged[logged_bytes] = '\0';
    }
    pthread_mutex_unlock(&log_lock);
    /* A thread that gets no processor in time says nothing; it is reported again. */
    if (strstr(line, "event=task.stall") != NULL && strstr(line, "task=unknown") == NULL) {
        atomic_fetch_add(&stalls_logged, 1);
        if (wake_up[1] != 0 && write(wake_up[1], "x", 1) != 1)
            abort();
    }
    return 0;
}

static void
begin(struct cy_options *options, uint32_t cores)
{
    cy_node_options(options, cores);
    options->stall_ns = 5 * CY_MILLISECOND;
    options->log_level = CY_LOG_DEBUG;
    options->log_sink = keep_log;
    logged_bytes = 0;
    logged[0] = '\0';
    atomic_store(&stalls_logged, 0);
}

/* The line that holds all three words. */
static bool
logged_line(const char *a, const char *b, const char *c)
{
    for (const char *line = logged; *line != '\0'; line = strchr(line, '\n') + 1) {
        char one[CY_LOG_LINE_MAX + 1];
        size_t bytes = strcspn(line, "\n");
        memcpy(one, line, bytes);
        one[bytes] = '\0';
        if (strstr(one, a) != NULL && strstr(one, b) != NULL && strstr(one, c) != NULL)
            return true;
    }
    fprintf(stderr, "\n    no line with %s, %s, %s in:\n%s", a, b, c, logged);
    return false;
}

/* Until it was reported. */
static __attribute__((noinline)) void
spin_until_reported(int count)
{
    while (atomic_load(&stalls_logged) < count)
        sched_yield();
}

static int
hog(void *arg)
{
    (void) arg;
    spin_until_reported(1);
    return 0;
}

static int
start_a_hog(void *arg)
{
    cy_ref ref;
    struct cy_core_counters counters;
    CY_CHECK_EQ(cy_task_spawn(&ref, hog, arg, NULL), 0);
    CY_CHECK_EQ(cy_join(NULL, ref, CY_FOREVER), 0);
    cy_core_read_counters(&counters);
    CY_CHECK(counters.stalls >= 1);
    return 0;
}

static void
a_task_that_hogs_its_core_is_reported_with_its_stack(void)
{
    struct cy_options options;
    begin(&options, 1);
    CY_OK(cy_node_run_with(&options, start_a_hog, NULL));
    CU_ASSERT_TRUE(
        logged_line("level=warn event=task.stall", "core=0 task=hog ms=", "frames="));
    CU_ASSERT_TRUE(logged_line("event=task.stall", "task=hog", "spin_until_reported+0x"));
    CU_ASSERT_TRUE(logged_line("event=task.stall", "task=hog", " hog+0x"));
    cy_options_fini(&options);
}

static int
hog_twice(void *arg)
{
    (void) arg;
    spin_until_reported(2);
    return 0;
}

static void
a_stall_that_goes_on_is_reported_again(void)
{
    struct cy_options options;
    begin(&options, 1);
    CY_OK(cy_node_run_with(&options, hog_twice, NULL));
    CU_ASSERT_TRUE(atomic_load(&stalls_logged) >= 2);
    CU_ASSERT_TRUE(logged_line("event=task.stall", "task=main", " hog_twice+0x"));
    cy_options_fini(&options);
}

static __attribute__((noinline)) int
block_until_reported(void)
{
    char byte = 0;
    ssize_t n = read(wake_up[0], &byte, 1);
    return n == 1 && byte == 'x' ? 0 : 1;
}

static int
block(void *arg)
{
    (void) arg;
    return block_until_reported();
}

static void
a_task_that_blocks_in_a_system_call_is_reported_too(void)
{
    struct cy_options options;
    if (CYI_TSAN) { /* it hands signals on at atomic operations only */
        CU_PASS("the thread cannot be asked");
        return;
    }
    begin(&options, 2);
    CY_OK(pipe(wake_up));
    CY_OK(cy_node_run_with(&options, block, NULL));
    CU_ASSERT_TRUE(logged_line("event=task.stall", "task=main", "block_until_reported+0x"));
    close(wake_up[0]);
    close(wake_up[1]);
    wake_up[0] = wake_up[1] = 0;
    cy_options_fini(&options);
}

static void
hogging_handler(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    spin_until_reported(1);
    cy_handler_exit(0);
}

static int
start_a_hogging_handler(void *arg)
{
    cy_ref ref;
    (void) arg;
    CY_CHECK_EQ(cy_handler_spawn(&ref, hogging_handler, NULL, NULL), 0);
    CY_CHECK_EQ(cy_send_bytes(ref, 1, NULL, 0), 0);
    return 0;
}

static void
a_handler_that_hogs_its_core_is_reported(void)
{
    struct cy_options options;
    begin(&options, 1);
    CY_OK(cy_node_run_with(&options, start_a_hogging_handler, NULL));
    CU_ASSERT_TRUE(logged_line("event=task.stall", "task=hogging_handler", "frames="));
    cy_options_fini(&options);
}

CY_TEST_MAIN("runtime.watchdog", CY_TEST(a_task_that_hogs_its_core_is_reported_with_its_stack),
             CY_TEST(a_stall_that_goes_on_is_reported_again),
             CY_TEST(a_task_that_blocks_in_a_system_call_is_reported_too),
             CY_TEST(a_handler_that_hogs_its_core_is_reported))
