/* pair_watch.h - tasks to be watched by another node, and what comes of it. */
#ifndef PAIR_WATCH_H
#define PAIR_WATCH_H

#include "pair.h"

/* In pair_there, on core 1 of the second node: tasks that run pair_end_as_told(). */
enum { PLAIN, JOINABLE, SPAWNED };

/* Ends when it gets a message: with its tag as the code, its body as the value. */
int pair_end_as_told(void *arg);
void pair_end_it(cy_ref task, uint32_t code, const char *value);

/* A whole test with these tasks. */
void pair_test_watch(cy_task_fn *first);

/* What an exit message says; takes it. The next message is such a one, and the last. */
void pair_check_exit(cy_msg *msg, cy_ref task, enum cy_exit_reason reason, int code,
                     const char *value);
void pair_expect_exit(cy_ref task, enum cy_exit_reason reason, int code, const char *value);

/* Nothing hangs at that task, or it is gone. */
void pair_expect_unwatched(cy_ref task);

#endif
