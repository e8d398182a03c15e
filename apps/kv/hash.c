/* hash.c - SipHash of Aumasson and Bernstein, written from its description. */
#include "hash.h"

#include <endian.h>
#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline void
mix(struct state *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

/* The last 0 to 7 bytes, with the length on top. */
static inline uint64_t
tail_word(const unsigned char *at, size_t bytes)
{
    uint64_t word = (uint64_t) bytes << 56;
    size_t left = bytes & 7;

    while (left-- > 0)
        word |= (uint64_t) at[left] << (8 * left);
    return word;
}

static inline uint64_t
siphash(const struct kv_seed *seed, const void *key, size_t bytes, int per_block, int at_end)
{
    struct state s = {
        seed->low ^ UINT64_C(0x736f6d6570736575),
        seed->high ^ UINT64_C(0x646f72616e646f6d),
        seed->low ^ UINT64_C(0x6c7967656e657261),
        seed->high ^ UINT64_C(0x7465646279746573),
    };
    const unsigned char *at = key;

    for (size_t left = bytes; left >= 8; left -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        s.v3 ^= word;
        mix(&s, per_block);
        s.v0 ^= word;
    }
    uint64_t last = tail_word(at, bytes);
    s.v3 ^= last;
    mix(&s, per_block);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    mix(&s, at_end);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t
kv_hash(const struct kv_seed *seed, const void *key, size_t bytes)
{
    return siphash(seed, key, bytes, 1, 3);
}

uint64_t
kv_hash_rounds(const struct kv_seed *seed, const void *key, size_t bytes, const int rounds[2])
{
    return siphash(seed, key, bytes, rounds[0], rounds[1]);
}
