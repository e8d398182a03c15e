/* metrics_text.h - the text format of Prometheus, version 0.0.4. Pure. */
#ifndef CYI_METRICS_TEXT_H
#define CYI_METRICS_TEXT_H

#include <cycos/impl/metrics.h>
#include <stdio.h>

#define CYI_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What all cores have answered. */
struct cyi_metrics_table {
    const struct cyi_metric_sets *sets;
    uint16_t core_count;
    const bool *up;         /* per core: it has answered */
    const uint64_t *values; /* per core: sets->metrics values */
};

/* Every metric with its values, a line for each core that is up. */
void cyi_metrics_write(FILE *out, const struct cyi_metrics_table *table);

/* The lines before the values of a metric. */
void cyi_metric_write_head(FILE *out, const struct cyi_metric *metric);

/* The value of a label in its quotes. */
void cyi_metric_write_quoted(FILE *out, const char *value);

#endif
