/* hgrm.c - the percentile file that HdrHistogram's plotter reads. */
#include "hgrm.h"

#include <errno.h>
#include <inttypes.h>

int
load_hgrm_write(FILE *file, const struct load_histogram *histogram, unsigned ticks,
                double scale)
{
    struct load_percentiles walk;
    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    load_percentiles_init(&walk, histogram, ticks);
    while (load_percentiles_next(&walk)) {
        fprintf(file, "%12.3f %2.12f %10" PRIu64, (double) walk.value / scale,
                walk.percentile / 100, walk.count);
        if (walk.percentile < 100)
            fprintf(file, " %14.2f", 1 / (1 - walk.percentile / 100));
        fputc('\n', file);
    }
    fprintf(file, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
            load_histogram_mean(histogram) / scale,
            load_histogram_deviation(histogram) / scale);
    int64_t max = histogram->total == 0 ? 0 : load_histogram_highest_equivalent(histogram->max);
    fprintf(file, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double) max / scale,
            histogram->total);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n", LOAD_HISTOGRAM_BUCKETS,
            2 * LOAD_HISTOGRAM_HALF);
    return ferror(file) ? -EIO : 0;
}
