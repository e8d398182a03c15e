/* test_value_float.c - the shortest float of a value, against the compiler's conversions. */
#include "cy_test.h"

#include "value.h"
#include <math.h>
#include <string.h>

static uint64_t
bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double
double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What the standard says of 16 bits, in slow arithmetic. */
static double
half(unsigned bits)
{
    int exponent = (int) (bits >> 10 & 31);
    double fraction = bits & 0x3ff, value;
    if (exponent == 31)
        value = fraction == 0 ? INFINITY : NAN;
    else
        value = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 ? -value : value;
}

static void
every_float_of_16_bits_is_its_own_shortest_form(void)
{
    long wrong = 0;
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        uint64_t shortest = 0;
        double value = cyi_float_value(bits, 2), want = half(bits);
        if (isnan(want)) {
            wrong += !isnan(value);
            wrong += cyi_float_shortest(&shortest, value) != 2 || shortest != 0x7e00;
            continue;
        }
        wrong += bits_of(value) != bits_of(want);
        wrong += cyi_float_shortest(&shortest, value) != 2 || shortest != bits;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Steps through all of them, with other low bits each time. */
static void
floats_of_32_bits_keep_their_value_in_the_least_space(void)
{
    long wrong = 0;
    uint32_t step = 1 + (uint32_t) (UINT32_MAX / (uint64_t) cy_test_scale(1000003));
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step) {
        uint32_t low = (uint32_t) bits;
        uint64_t shortest = 0;
        float single;
        memcpy(&single, &low, sizeof single);
        double value = cyi_float_value(low, 4);
        size_t size = cyi_float_shortest(&shortest, value);
        if (isnan(single)) {
            wrong += size != 2 || shortest != 0x7e00;
            continue;
        }
        wrong += bits_of(value) != bits_of((double) single);
        wrong += size > 4 || (size == 4 && shortest != low);
        wrong += bits_of(cyi_float_value(shortest, size)) != bits_of(value);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Around each place where a format ends: the first and the last normal and subnormal. */
static void
the_borders_of_each_format_are_exact(void)
{
    static const struct {
        double value;
        size_t size;
    } BORDERS[] = {
        {65504, 2},
        {65505, 4},
        {65520, 4},
        {65536, 4},
        {0x1p-14, 2},
        {0x1p-14 - 0x1p-24, 2},
        {0x1p-14 - 0x1p-25, 4},
        {0x1p-24, 2},
        {0x1p-25, 4},
        {0x1.8p-24, 4},
        {1 + 0x1p-10, 2},
        {1 + 0x1p-11, 4},
        {1 + 0x1p-23, 4},
        {1 + 0x1p-24, 8},
        {0x1.fffffep127, 4},
        {0x1.ffffffp127, 8},
        {0x1p128, 8},
        {0x1p-126, 4},
        {0x1p-126 - 0x1p-149, 4},
        {0x1p-126 - 0x1p-150, 8},
        {0x1p-149, 4},
        {0x1p-150, 8},
        {0x1.8p-149, 8},
        {0x1p-1022, 8},
        {0x1p-1074, 8},
        {0x1.fffffffffffffp1023, 8},
        {0, 2},
        {INFINITY, 2},
        {NAN, 2},
    };
    for (size_t i = 0; i < sizeof BORDERS / sizeof *BORDERS; i++) {
        uint64_t bits;
        double value = BORDERS[i].value;
        CU_ASSERT_EQUAL(cyi_float_shortest(&bits, value), BORDERS[i].size);
        CU_ASSERT_EQUAL(cyi_float_shortest(&bits, -value), BORDERS[i].size);
        if (!isnan(value))
            CU_ASSERT_EQUAL(bits_of(cyi_float_value(bits, BORDERS[i].size)), bits_of(-value));
    }
}

static void
random_doubles_keep_their_bits_unless_they_are_no_numbers(void)
{
    uint64_t state = 7, bits;
    long wrong = 0;
    for (long i = cy_test_scale(200000); i > 0; i--) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        /* Few set bits at the end, so that short forms are met. */
        double value = double_of(state & (UINT64_MAX << (i % 64)));
        size_t size = cyi_float_shortest(&bits, value);
        if (isnan(value))
            wrong += size != 2 || bits != 0x7e00;
        else
            wrong += bits_of(cyi_float_value(bits, size)) != bits_of(value);
        bool fits = !isnan(value) && fabs(value) <= 0x1.fffffep127 &&
                    bits_of((double) (float) value) == bits_of(value);
        wrong += fits && size > 4;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

CY_TEST_MAIN("runtime.value_float", CY_TEST(every_float_of_16_bits_is_its_own_shortest_form),
             CY_TEST(floats_of_32_bits_keep_their_value_in_the_least_space),
             CY_TEST(the_borders_of_each_format_are_exact),
             CY_TEST(random_doubles_keep_their_bits_unless_they_are_no_numbers))
