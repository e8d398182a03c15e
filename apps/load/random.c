/*
 * random.c - seeded random numbers and the distributions that a load needs.
 *
 * Generator: xoshiro256** (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
 * generators", 2018), seeded through splitmix64 as its authors advise.
 * Bounded numbers: D. Lemire, "Fast random integer generation in an interval", 2019.
 * Zipf: W. Hormann, G. Derflinger, "Rejection-inversion to generate variates from monotone
 * discrete distributions", 1996. Preferred over the method of Gray et al. that YCSB uses: it
 * needs no sum over all keys at the start, and it takes any exponent, 1 and above too.
 */
#include "random.h"

#include <math.h>

static uint64_t
splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
load_random_seed(struct load_random *random, uint64_t seed, uint64_t stream)
{
    /* Two rounds, so that neighbouring streams of one seed have nothing in common. */
    uint64_t state = stream;
    state = splitmix64(&state) ^ seed;
    for (int i = 0; i < 4; i++)
        random->s[i] = splitmix64(&state);
}

static inline uint64_t
rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t
load_random_next(struct load_random *random)
{
    uint64_t *s = random->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

__extension__ typedef unsigned __int128 wide;

uint64_t
load_random_below(struct load_random *random, uint64_t limit)
{
    wide product = (wide) load_random_next(random) * limit;
    if ((uint64_t) product < limit) {
        uint64_t threshold = (0 - limit) % limit;
        while ((uint64_t) product < threshold)
            product = (wide) load_random_next(random) * limit;
    }
    return (uint64_t) (product >> 64);
}

double
load_random_unit(struct load_random *random)
{
    return (double) (load_random_next(random) >> 11) * 0x1p-53;
}

double
load_random_exponential(struct load_random *random, double mean)
{
    /* 1 - u lies in (0, 1], so that the logarithm is finite. */
    return -mean * log(1.0 - load_random_unit(random));
}

/* log1p(x) / x and expm1(x) / x, continued smoothly through x = 0 (where theta is 1). */
static double
log_ratio(double x)
{
    return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x / 3);
}

static double
exp_ratio(double x)
{
    return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x * 0.5 * (1 + x / 3);
}

/* The density's hull h, its integral H, and the inverse of H. */
static double
hull(double exponent, double x)
{
    return exp(-exponent * log(x));
}

static double
integral(double exponent, double x)
{
    double log_x = log(x);
    return exp_ratio((1 - exponent) * log_x) * log_x;
}

static double
inverse(double exponent, double y)
{
    double t = y * (1 - exponent);
    return exp(log_ratio(t < -1 ? -1 : t) * y); /* t < -1 only by rounding */
}

void
load_zipf_init(struct load_zipf *zipf, uint64_t count, double theta)
{
    zipf->count = count;
    zipf->exponent = theta;
    zipf->integral_first = integral(theta, 1.5) - 1;
    zipf->integral_last = integral(theta, (double) count + 0.5);
    zipf->shortcut = 2 - inverse(theta, integral(theta, 2.5) - hull(theta, 2));
}

uint64_t
load_zipf_next(const struct load_zipf *zipf, struct load_random *random)
{
    double span = zipf->integral_first - zipf->integral_last;
    for (;;) {
        double u = zipf->integral_last + load_random_unit(random) * span;
        double x = inverse(zipf->exponent, u);
        double rounded = floor(x + 0.5);
        uint64_t k = rounded < 1 ? 1 : (uint64_t) rounded;
        if (k > zipf->count)
            k = zipf->count;
        double exact = (double) k;
        if (exact - x <= zipf->shortcut ||
            u >= integral(zipf->exponent, exact + 0.5) - hull(zipf->exponent, exact))
            return k - 1;
    }
}
