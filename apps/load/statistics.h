/* statistics.h - is the difference of two samples more than noise? */
#ifndef LOAD_STATISTICS_H
#define LOAD_STATISTICS_H

#include <stddef.h>

struct load_sample {
    double mean, variance; /* of the population, estimated */
    size_t count;
};

struct load_sample load_sample_of(const double *values, size_t count);

/* The quantile of Student's t distribution that 97.5 % lie below. */
double load_student(double freedom);

/* The ratio of two means, with the ends of its 95 % confidence interval. */
struct load_ratio {
    double ratio, low, high;
};

/*
 * Welch's interval of the difference of the logarithms (by the delta method): no equal
 * variances, any counts from 2 on. With fewer, or a mean that is not positive, the interval
 * is everything: 0 to infinity.
 */
struct load_ratio load_compare(const struct load_sample *a, const struct load_sample *b);

#endif
