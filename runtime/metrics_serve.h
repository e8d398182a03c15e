/* metrics_serve.h - the server that shows a node's numbers, for its tests. */
#ifndef CYI_METRICS_SERVE_H
#define CYI_METRICS_SERVE_H

#include <cycos/impl/metrics.h>
#include <cycos/io.h>

/* A service whose cores have their tasks to ask; `out` is NULL on failure. */
int cyi_metrics_create(struct cyi_metrics **out, struct cyi_node *node);

/* Answer one connection in a task of its own, or refuse it. Takes the socket. */
void cyi_metrics_take(struct cyi_metrics *metrics, cy_socket *socket);

#endif
