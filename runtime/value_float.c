/*
 * value_float.c - IEEE 754 floats of 16, 32 and 64 bits: which is the shortest for a value.
 *
 * Works on bits: the processor's conversions set flags, quieten NaNs and know no 16 bits.
 */
#include "value.h"

/* A narrower format: bits of the fraction, exponents of its normal numbers. */
struct format {
    int fraction, least, most;
};

static const struct format HALF = {10, -14, 15};
static const struct format SINGLE = {23, -126, 127};

enum { FRACTION = 52, BIAS = 1023, EXPONENT_MASK = 0x7ff };

static uint64_t
bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Are the low `count` bits zero? */
static bool
zero_below(uint64_t bits, int count)
{
    return (bits & ((UINT64_C(1) << count) - 1)) == 0;
}

/* A finite double in the narrower format: its bits without the sign. False: it does not fit. */
static bool
narrow(uint64_t *out, uint64_t bits, const struct format *to)
{
    int exponent = (int) (bits >> FRACTION & EXPONENT_MASK) - BIAS;
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION) - 1);
    int lost = FRACTION - to->fraction;
    if (exponent == -BIAS && fraction == 0) {
        *out = 0;
        return true;
    }
    if (exponent > to->most)
        return false;
    if (exponent >= to->least) {
        *out = (uint64_t) (exponent - to->least + 1) << to->fraction | fraction >> lost;
        return zero_below(fraction, lost);
    }
    /* Below the normal numbers the leading one is written out, and fewer bits are left. */
    lost += to->least - exponent;
    if (lost > FRACTION)
        return false;
    fraction |= UINT64_C(1) << FRACTION;
    *out = fraction >> lost;
    return zero_below(fraction, lost);
}

size_t
cyi_float_shortest(uint64_t *bits, double value)
{
    uint64_t wide = bits_of(value), sign = wide >> 63, narrower;
    if ((wide >> FRACTION & EXPONENT_MASK) == EXPONENT_MASK) {
        *bits = zero_below(wide, FRACTION) ? sign << 15 | 0x7c00 : 0x7e00;
        return 2;
    }
    if (narrow(&narrower, wide, &HALF)) {
        *bits = sign << 15 | narrower;
        return 2;
    }
    if (narrow(&narrower, wide, &SINGLE)) {
        *bits = sign << 31 | narrower;
        return 4;
    }
    *bits = wide;
    return 8;
}

static double
widen_half(unsigned bits)
{
    int exponent = (int) (bits >> 10 & 31);
    uint64_t fraction = bits & 0x3ff, sign = (uint64_t) (bits >> 15) << 63, wide;
    double value;
    if (exponent == 0)
        return (sign != 0 ? -0x1p-24 : 0x1p-24) * (double) fraction;
    exponent = exponent == 31 ? EXPONENT_MASK : exponent - 15 + BIAS;
    wide = sign | (uint64_t) exponent << FRACTION | fraction << (FRACTION - 10);
    memcpy(&value, &wide, sizeof value);
    return value;
}

double
cyi_float_value(uint64_t bits, size_t size)
{
    uint32_t low = (uint32_t) bits;
    float single;
    double value;
    if (size == 2)
        return widen_half(low);
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    return size == 4 ? (double) single : value;
}
