/* metrics.h - what the methods of a core count, for those who watch the node. */
#ifndef CYI_RTI_METRICS_H
#define CYI_RTI_METRICS_H

#include <cycos/impl/metrics.h>
#include <stdint.h>

/* Of one core; each has a row in metrics.c. */
struct cyi_rti_counters {
    uint64_t calls;  /* made here; numbers them */
    uint64_t failed; /* of them, whatever the reason */
    /* Of the methods of this core. */
    uint64_t started;                                             /* tasks */
    uint64_t wrong_arguments, not_allowed, too_many, not_started; /* calls refused */
    uint64_t cancelled; /* calls that their callers gave up */
};

extern const struct cyi_metric_set cyi_rti_metrics;

#endif
