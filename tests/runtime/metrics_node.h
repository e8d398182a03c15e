/* metrics_node.h - a node that has its numbers to show, but no port yet. */
#ifndef METRICS_NODE_H
#define METRICS_NODE_H

#include "cy_node.h"
#include "metrics_serve.h"
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>

/* In the place of a network, since that is opened before any core runs. */
static inline int
open_metrics(struct cyi_node *node, char *why, size_t size)
{
    (void) why, (void) size;
    return cyi_metrics_create(&node->metrics, node);
}

static inline void
run_metrics_node(uint32_t cores, cy_task_fn *test)
{
    static const struct cyi_network network = {.open = open_metrics};
    struct cy_options options;
    cy_node_options(&options, cores);
    options.network = &network;
    options.name = "it";
    CU_ASSERT_EQUAL(cy_node_run_with(&options, test, NULL), 0);
}

#endif
