/* metrics.h - what the network of a core counts, for those who watch the node. */
#ifndef CYI_TRANSPORT_METRICS_H
#define CYI_TRANSPORT_METRICS_H

#include <cycos/impl/metrics.h>

extern const struct cyi_metric_set cyi_net_metrics;

#endif
