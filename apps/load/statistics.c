/* statistics.c - is the difference of two samples more than noise? */
#include "statistics.h"

#include <math.h>

struct load_sample
load_sample_of(const double *values, size_t count)
{
    struct load_sample sample = {.count = count};
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        sample.mean += values[i] / (double) count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - sample.mean) * (values[i] - sample.mean);
    sample.variance = count > 1 ? squares / (double) (count - 1) : 0;
    return sample;
}

double
load_student(double freedom)
{
    /* Exact where the expansion in 1/freedom (Cornish and Fisher) is not good enough. */
    static const double few[] = {12.706, 4.303, 3.182, 2.776, 2.571};
    if (freedom < 1)
        return INFINITY;
    if (freedom < 6) {
        size_t below = (size_t) freedom;
        double rest = freedom - (double) below;
        double next = below < 5 ? few[below] : 2.447;
        return few[below - 1] + rest * (next - few[below - 1]);
    }
    const double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double n = freedom;
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

struct load_ratio
load_compare(const struct load_sample *a, const struct load_sample *b)
{
    struct load_ratio result = {.ratio = b->mean / a->mean, .low = 0, .high = INFINITY};
    if (a->count < 2 || b->count < 2 || a->mean <= 0 || b->mean <= 0)
        return result;
    double va = a->variance / (a->mean * a->mean) / (double) a->count;
    double vb = b->variance / (b->mean * b->mean) / (double) b->count;
    double error = sqrt(va + vb), freedom = 1e9;
    if (error > 0)
        freedom = (va + vb) * (va + vb) /
                  (va * va / (double) (a->count - 1) + vb * vb / (double) (b->count - 1));
    double margin = load_student(freedom) * error;
    result.low = exp(log(result.ratio) - margin);
    result.high = exp(log(result.ratio) + margin);
    return result;
}
