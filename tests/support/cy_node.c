/* cy_node.c - a node for one test. */
#include "cy_node.h"

#include <stdatomic.h>
#include <string.h>

static atomic_int failed_checks, leaks;

void
cy_node_check(bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    atomic_fetch_add(&failed_checks, 1);
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
}

void
cy_node_check_equal(long long a, long long b, const char *condition, const char *file, int line)
{
    char text[256];
    snprintf(text, sizeof text, "%s (%lld and %lld)", condition, a, b);
    cy_node_check(a == b, text, file, line);
}

void
cy_node_begin_checks(void)
{
    atomic_store(&failed_checks, 0);
    atomic_store(&leaks, 0);
}

void
cy_node_assert_checks(void)
{
    CU_ASSERT_EQUAL(atomic_load(&failed_checks), 0);
    CU_ASSERT_EQUAL(atomic_load(&leaks), 0);
}

/* Counts leaks that the node reports at its end; shows what else is an error. */
static int
watch_log(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    if (strstr(line, "node.leaked") != NULL)
        atomic_fetch_add(&leaks, 1);
    fwrite(line, 1, bytes, stderr);
    return 0;
}

void
cy_node_options(struct cy_options *options, uint32_t cores)
{
    cy_options_init(options);
    options->cores = cores;
    options->pin = false;
    options->handle_signals = false;
    options->stall_ns = 0;
    options->spin_ns = 0;
    options->log_level = CY_LOG_ERROR;
    options->log_sink = watch_log;
}

int
cy_node_run_with(struct cy_options *options, cy_task_fn *fn, void *arg)
{
    cy_node_begin_checks();
    int rc = cy_run(options, fn, arg);
    if (rc == -EINVAL)
        fprintf(stderr, "%s\n", options->error);
    cy_node_assert_checks();
    return rc;
}

int
cy_node_run(uint32_t cores, cy_task_fn *fn, void *arg)
{
    struct cy_options options;
    cy_node_options(&options, cores);
    return cy_node_run_with(&options, fn, arg);
}

static int
nothing(void *arg)
{
    (void) arg;
    return 0;
}

void
cy_node_settle(void)
{
    /* A task that starts on another core and ends there has seen all that we sent before. */
    for (int round = 0; round < 3; round++) {
        for (uint16_t i = 0; i < cy_core_count(); i++) {
            cy_ref there;
            struct cy_task_options joinable = {.joinable = true, .daemon = true};
            if (cy_task_spawn_on(&there, i, nothing, NULL, &joinable) == 0 &&
                cy_join(NULL, there, CY_FOREVER) != 0)
                return;
            cy_yield();
        }
    }
}
