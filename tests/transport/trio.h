/*
 * trio.h - three simulated nodes with two cores each, on three hosts, without faults of their
 * own: a test runs on the first one, and lets functions run anywhere.
 */
#ifndef TRIO_H
#define TRIO_H

#include "cy_node.h"
#include <cycos/channel.h>
#include <cycos/impl/sim.h>
#include <cycos/sync.h>

enum { TRIO_NODES = 3, TRIO_CORES = 2 };

struct trio {
    struct cyi_sim *sim;
    struct cy_options options[TRIO_NODES];
    struct cyi_node *node[TRIO_NODES];
    uint32_t metrics_port; /* of all in the next run; 0: none */
};
extern struct trio trio;

/* Runs the test as a task of node 0; asserts that all checks held, and that nothing leaked. */
void trio_run(cy_task_fn *test);

/* In a task: run fn(arg) in a task of that node and core, and wait for its end: its result. */
int trio_on(uint32_t node, uint16_t core, cy_task_fn *fn, void *arg);
/* The same, but it goes on by itself. */
cy_ref trio_spawn(uint32_t node, uint16_t core, cy_task_fn *fn, void *arg);
/* The node is crashed by the test: what it had is no leak. */
void trio_crash(uint32_t node);

#endif
