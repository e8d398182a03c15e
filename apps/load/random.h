/* random.h - seeded random numbers and the distributions that a load needs. */
#ifndef LOAD_RANDOM_H
#define LOAD_RANDOM_H

#include <stdint.h>

/* xoshiro256**; the same seed and stream give the same numbers on every machine. */
struct load_random {
    uint64_t s[4];
};

/* Streams of one seed are independent: one per connection, one per core's arrivals. */
void load_random_seed(struct load_random *random, uint64_t seed, uint64_t stream);
uint64_t load_random_next(struct load_random *random);

/* Uniform in 0 to limit-1, without the bias of a modulo; limit > 0. */
uint64_t load_random_below(struct load_random *random, uint64_t limit);

/* Uniform in [0, 1), 53 bits. */
double load_random_unit(struct load_random *random);

/* Exponentially distributed with that mean: the gaps of a Poisson process. */
double load_random_exponential(struct load_random *random, double mean);

/* Ranks 0 to count-1, rank k with a probability proportional to 1/(k+1)^theta. */
struct load_zipf {
    uint64_t count;
    double exponent;
    double integral_first; /* H(1.5) - h(1) */
    double integral_last;  /* H(count + 0.5) */
    double shortcut;       /* below this distance the sample needs no second test */
};

/* count > 0; theta > 0, and 1 is no special case. */
void load_zipf_init(struct load_zipf *zipf, uint64_t count, double theta);
uint64_t load_zipf_next(const struct load_zipf *zipf, struct load_random *random);

#endif
