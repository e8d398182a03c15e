/* hgrm.h - the percentile file that HdrHistogram's plotter reads. */
#ifndef LOAD_HGRM_H
#define LOAD_HGRM_H

#include "histogram.h"

#include <stdio.h>

/*
 * Writes the percentile distribution as HdrHistogram's outputPercentileDistribution() does,
 * values divided by @scale (1000: microseconds). Fails with -EIO when the stream does.
 */
int load_hgrm_write(FILE *file, const struct load_histogram *histogram, unsigned ticks,
                    double scale);

#endif
