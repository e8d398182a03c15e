/* wire_bytes.c - what the tests of the codec share: chance, and bytes that are spoilt. */
#include "wire_bytes.h"
#include "wire.h"
#include <cy_test.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t
wire_random_next(struct wire_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint32_t
wire_random_below(struct wire_random *random, uint32_t limit)
{
    return (uint32_t) (wire_random_next(random) % limit);
}

void
wire_random_fill(struct wire_random *random, void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *) out)[i] = (uint8_t) wire_random_next(random);
}

void
wire_random_address(struct wire_random *random, uint8_t out[16])
{
    wire_random_fill(random, out, 16);
    out[0] = 0x20;
    if (wire_random_below(random, 2) == 0) {
        memset(out, 0, 10);
        memset(out + 10, 0xff, 2);
        out[12] = (uint8_t) (1 + wire_random_below(random, 223));
    }
}

cy_ref
wire_random_ref(struct wire_random *random)
{
    cy_ref ref;
    wire_random_fill(random, &ref, sizeof ref);
    ref.node |= 1;
    ref.slot = (1 + wire_random_below(random, 3)) << 28 | (ref.slot & 0xfffffff);
    return ref;
}

void
wire_random_name(struct wire_random *random, char *out, size_t size)
{
    size_t i = 0;
    while (i + 2 <= size) { /* a letter from A with a breve on, or two of ASCII */
        bool wide = wire_random_below(random, 4) == 0;
        out[i++] = wide ? (char) 0xc4 : (char) (' ' + wire_random_below(random, 95));
        out[i++] = wide ? (char) (0x80 + wire_random_below(random, 64)) : '~';
    }
    if (i < size)
        out[i] = 'x';
}

static uint8_t *
exactly(size_t size)
{
    uint8_t *memory = calloc(1, size != 0 ? size : 1);
    if (memory == NULL)
        abort();
    return size != 0 ? memory : memory + 1;
}

static void
give_back(uint8_t *memory, size_t size)
{
    free(size != 0 ? memory : memory - 1);
}

/* From and to memory of just this size, so that the address sanitizer sees a step beyond. */
static int
read_exactly(wire_again *again, uint8_t *out, const uint8_t *in, size_t size)
{
    uint8_t *from = exactly(size), *to = exactly(size);
    memcpy(from, in, size);
    int r = again(to, from, size);
    if (r >= 0)
        memcpy(out, to, size);
    give_back(from, size);
    give_back(to, size);
    return r;
}

static uint8_t written[WIRE_BYTES_MAX];

void
wire_expect_same(wire_again *again, const uint8_t *in, size_t size)
{
    CU_ASSERT_EQUAL(read_exactly(again, written, in, size), (int) size);
    CU_ASSERT(memcmp(written, in, size) == 0);
}

void
wire_expect_refused(wire_again *again, const uint8_t *in, size_t size)
{
    CY_FAILS(read_exactly(again, written, in, size), -EBADMSG);
}

void
wire_expect_whole(wire_again *again, const uint8_t *in, size_t least)
{
    for (size_t size = 0; size < least; size++)
        wire_expect_refused(again, in, size);
}

size_t
wire_flip_bits(wire_again *again, const uint8_t *in, size_t size)
{
    uint8_t *flipped = malloc(size);
    size_t refused = 0;
    if (flipped == NULL)
        abort();
    memcpy(flipped, in, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        flipped[bit / 8] ^= (uint8_t) (1 << bit % 8);
        int r = read_exactly(again, written, flipped, size);
        if (r < 0)
            refused++;
        else if (r != (int) size || memcmp(written, flipped, size) != 0)
            CU_ASSERT_EQUAL(bit, SIZE_MAX); /* says which */
        flipped[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    CU_ASSERT(memcmp(flipped, in, size) == 0);
    free(flipped);
    return refused;
}
