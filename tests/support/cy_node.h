/* cy_node.h - a node for one test: its main task is the test, any task may check. */
#ifndef CY_NODE_H
#define CY_NODE_H

#include "cy_test.h"
#include <cycos/mailbox.h>
#include <cycos/run.h>

/*
 * What a task finds out. CUnit's own assertions must not be made off the main thread: these
 * are noted, and cy_node_run() makes one assertion of them all.
 */
#define CY_CHECK(condition) cy_node_check((condition), #condition, __FILE__, __LINE__)
#define CY_CHECK_EQ(a, b) \
    cy_node_check_equal((long long) (a), (long long) (b), #a " == " #b, __FILE__, __LINE__)
void cy_node_check(bool holds, const char *condition, const char *file, int line);
void cy_node_check_equal(long long a, long long b, const char *condition, const char *file,
                         int line);

/* Defaults for tests: this many cores, not pinned, no signals handled, no line below error. */
void cy_node_options(struct cy_options *options, uint32_t cores);

/*
 * Run a node whose main task is fn(arg); assert that all checks held and that no message
 * leaked. Returns cy_run()'s result.
 */
int cy_node_run(uint32_t cores, cy_task_fn *fn, void *arg);
int cy_node_run_with(struct cy_options *options, cy_task_fn *fn, void *arg);

/* The same in two halves, for tests that run their node in another way. */
void cy_node_begin_checks(void);
void cy_node_assert_checks(void);

/* Let everything that was sent or spawned happen: waits for some turns of all cores. */
void cy_node_settle(void);

#endif
