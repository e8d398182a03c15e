/* sha256.h - SHA-256 by the instructions that a processor has for it. */
#ifndef CYI_SHA256_H
#define CYI_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CYI_SHA256_BLOCK = 64, CYI_SHA256_LANES = 4 };

/* Does this processor have them? Ask once: in a virtual machine it takes 20 us and more. */
bool cyi_sha256_has_instructions(void);

/* So many whole blocks; a caller's bug where there are no instructions. */
void cyi_sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t count);
/* The same of several inputs at a time, each with so many blocks. */
void cyi_sha256_lanes(uint32_t states[CYI_SHA256_LANES][8],
                      const uint8_t *const inputs[CYI_SHA256_LANES], size_t count);

#endif
