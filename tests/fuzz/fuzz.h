/*
 * fuzz.h - what every fuzz_NOUN.c defines: the test of one input.
 *
 * It returns 0, or -1 when the input is not worth keeping. What must not be is a failed
 * CY_ASSERT or what a sanitizer reports. Run with what scripts/fuzz finds and, in every test
 * run, with the files of corpus/NOUN.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
