/* wire_bytes.h - what the tests of the codec share: chance, and bytes that are spoilt. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <cycos/ref.h>
#include <stddef.h>
#include <stdint.h>

/* A stream of numbers from a seed. */
struct wire_random {
    uint64_t state;
};
uint64_t wire_random_next(struct wire_random *random);
uint32_t wire_random_below(struct wire_random *random, uint32_t limit);
void wire_random_fill(struct wire_random *random, void *out, size_t size);
/* An address that a peer may have, and a reference that it may send. */
void wire_random_address(struct wire_random *random, uint8_t out[16]);
cy_ref wire_random_ref(struct wire_random *random);
/* A name of so many bytes. */
void wire_random_name(struct wire_random *random, char *out, size_t size);

/*
 * Reads `size` bytes and writes what was read to `out`; returns how many bytes that were, or
 * the reader's error. The reader gets memory that ends where the bytes do.
 */
typedef int wire_again(uint8_t *out, const uint8_t *in, size_t size);

enum { WIRE_BYTES_MAX = 128 << 10 };

/* Asserts that the bytes are read, and written as they were. */
void wire_expect_same(wire_again *again, const uint8_t *in, size_t size);
/* Asserts that they are refused with -EBADMSG. */
void wire_expect_refused(wire_again *again, const uint8_t *in, size_t size);
/* Asserts that each beginning of them shorter than `least` is refused. */
void wire_expect_whole(wire_again *again, const uint8_t *in, size_t least);
/* Flips each bit: the result is refused, or written as it was read. Returns how many were. */
size_t wire_flip_bits(wire_again *again, const uint8_t *in, size_t size);

#endif
