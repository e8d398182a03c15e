/*
 * sha256.c - SHA-256 by the instructions that a processor has for it.
 *
 * Debian's wolfCrypt is plain C: some 310 MB/s, where these do 1.9 GB/s, as libcrypto does (AMD
 * EPYC), and 3.3 GB/s of four inputs at a time. A file is hashed at both ends while it travels,
 * and must not be held up by it. The alternative was libcrypto, a second library of the same
 * kind for this one function. crypto.c does the rest: the padding, and the choice.
 *
 * Tests: tests/transport/test_crypto.c
 */
#include "sha256.h"
#include <cycos/base.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

/* FIPS 180-4, 4.2.2, in groups of four. */
static const uint32_t K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

/* In a virtual machine the question takes 20 us and more: to be asked once. */
bool
cyi_sha256_has_instructions(void)
{
    unsigned a, b = 0, c = 0, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0 &&
           __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 19 & 1) != 0;
}

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* The two halves of the state, as the instructions want them. */
struct halves {
    __m128i abef, cdgh;
};

TARGET static inline struct halves
load_state(const uint32_t state[8])
{
    __m128i low = _mm_loadu_si128((const __m128i *) (const void *) &state[0]);  /* dcba */
    __m128i high = _mm_loadu_si128((const __m128i *) (const void *) &state[4]); /* hgfe */
    low = _mm_shuffle_epi32(low, 0xb1);                                         /* cdab */
    high = _mm_shuffle_epi32(high, 0x1b);                                       /* efgh */
    return (struct halves){_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)};
}

TARGET static inline void
store_state(uint32_t state[8], struct halves of)
{
    __m128i low = _mm_shuffle_epi32(of.abef, 0x1b);  /* feba */
    __m128i high = _mm_shuffle_epi32(of.cdgh, 0xb1); /* dchg */
    _mm_storeu_si128((__m128i *) (void *) &state[0], _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *) (void *) &state[4], _mm_alignr_epi8(high, low, 8));
}

/* Four rounds with the words of one group. */
TARGET static inline struct halves
four_rounds(struct halves now, __m128i words, size_t group)
{
    __m128i k = _mm_load_si128((const __m128i *) (const void *) &K[4 * group]);
    __m128i sum = _mm_add_epi32(words, k);
    now.cdgh = _mm_sha256rnds2_epu32(now.cdgh, now.abef, sum);
    now.abef = _mm_sha256rnds2_epu32(now.abef, now.cdgh, _mm_shuffle_epi32(sum, 0x0e));
    return now;
}

/* The group of words that follows four others. */
TARGET static inline __m128i
next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

/* One of the inputs that are hashed side by side. */
struct lane {
    struct halves now, before;
    __m128i words[4];
};

TARGET static inline void
first_rounds(struct lane *lane, const uint8_t *bytes, size_t i)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i words = _mm_loadu_si128((const __m128i *) (const void *) (bytes + 16 * i));
    lane->words[i] = _mm_shuffle_epi8(words, swap);
    lane->now = four_rounds(lane->now, lane->words[i], i);
}

TARGET static inline void
later_rounds(struct lane *lane, size_t group)
{
    __m128i *w = lane->words;
    size_t i = group & 3;
    w[i] = next_words(w[i], w[(i + 1) & 3], w[(i + 2) & 3], w[(i + 3) & 3]);
    lane->now = four_rounds(lane->now, w[i], group);
}

TARGET static inline void
end_block(struct lane *lane)
{
    lane->now.abef = _mm_add_epi32(lane->now.abef, lane->before.abef);
    lane->now.cdgh = _mm_add_epi32(lane->now.cdgh, lane->before.cdgh);
    lane->before = lane->now;
}

/*
 * The same block of `count` inputs, a constant. Each instruction waits for the one before of
 * its input; those of the others fill the gap: 3.3 GB/s with four of them, 1.9 with one.
 */
TARGET static inline __attribute__((always_inline)) void
one_block(struct lane *lanes, size_t count, const uint8_t *const *inputs, size_t at)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
#pragma GCC unroll 4
        for (size_t lane = 0; lane < count; lane++)
            first_rounds(&lanes[lane], inputs[lane] + at, i);
#pragma GCC unroll 12
    for (size_t group = 4; group < 16; group++)
#pragma GCC unroll 4
        for (size_t lane = 0; lane < count; lane++)
            later_rounds(&lanes[lane], group);
#pragma GCC unroll 4
    for (size_t lane = 0; lane < count; lane++)
        end_block(&lanes[lane]);
}

TARGET void
cyi_sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t count)
{
    struct lane lane = {.now = load_state(state)};
    lane.before = lane.now;
    for (size_t at = 0; at < count * CYI_SHA256_BLOCK; at += CYI_SHA256_BLOCK)
        one_block(&lane, 1, &bytes, at);
    store_state(state, lane.now);
}

TARGET void
cyi_sha256_lanes(uint32_t states[CYI_SHA256_LANES][8],
                 const uint8_t *const inputs[CYI_SHA256_LANES], size_t count)
{
    struct lane lanes[CYI_SHA256_LANES];
    for (size_t i = 0; i < CYI_SHA256_LANES; i++)
        lanes[i].now = lanes[i].before = load_state(states[i]);
    for (size_t at = 0; at < count * CYI_SHA256_BLOCK; at += CYI_SHA256_BLOCK)
        one_block(lanes, CYI_SHA256_LANES, inputs, at);
    for (size_t i = 0; i < CYI_SHA256_LANES; i++)
        store_state(states[i], lanes[i].now);
}

#else

bool
cyi_sha256_has_instructions(void)
{
    return false;
}

void
cyi_sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t count)
{
    (void) state;
    (void) bytes;
    CY_ASSERT(count == 0);
}

void
cyi_sha256_lanes(uint32_t states[CYI_SHA256_LANES][8],
                 const uint8_t *const inputs[CYI_SHA256_LANES], size_t count)
{
    (void) states;
    (void) inputs;
    CY_ASSERT(count == 0);
}

#endif
