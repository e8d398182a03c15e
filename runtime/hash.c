/*
 * hash.c - hashes of bytes with a key that only this node knows.
 *
 * SipHash of Aumasson and Bernstein with one round per word and three at the end, as Python
 * and Rust have it: enough for a hash that nobody sees. For a name of seven bytes it takes
 * some 5 ns, the multiplications half of that: so a lookup in the registry uses these.
 */
#include <cycos/impl/hash.h>
#include <string.h>

struct state {
    uint64_t a, b, c, d;
};

static inline uint64_t
rotate(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static inline struct state
mix(struct state s)
{
    s.a += s.b;
    s.c += s.d;
    s.b = rotate(s.b, 13) ^ s.a;
    s.d = rotate(s.d, 16) ^ s.c;
    s.a = rotate(s.a, 32) + s.d;
    s.c += s.b;
    s.d = rotate(s.d, 21) ^ s.a;
    s.b = rotate(s.b, 17) ^ s.c;
    s.c = rotate(s.c, 32);
    return s;
}

static inline struct state
take(struct state s, uint64_t word)
{
    s.d ^= word;
    s = mix(s);
    s.a ^= word;
    return s;
}

static inline uint64_t
load64(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint64_t
load32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The last size % 8 bytes, by loads that overlap: a loop would cost more than the hash. */
static inline uint64_t
load_rest(const uint8_t *end, size_t size)
{
    size_t rest = size % 8;
    const uint8_t *at = end - rest;
    if (rest == 0)
        return 0;
    if (size >= 8)
        return load64(end - 8) >> (64 - 8 * rest);
    if (rest >= 4)
        return load32(at) | load32(end - 4) << (8 * (rest - 4));
    return (uint64_t) at[0] | (uint64_t) at[rest / 2] << (8 * (rest / 2)) |
           (uint64_t) at[rest - 1] << (8 * (rest - 1));
}

uint64_t
cyi_hash_bytes(const struct cyi_hash_key *key, const void *bytes, size_t size)
{
    struct state s = {.a = key->words[0] ^ UINT64_C(0x736f6d6570736575),
                      .b = key->words[1] ^ UINT64_C(0x646f72616e646f6d),
                      .c = key->words[0] ^ UINT64_C(0x6c7967656e657261),
                      .d = key->words[1] ^ UINT64_C(0x7465646279746573)};
    const uint8_t *at = bytes, *end = at + size;
    for (; end - at >= 8; at += 8)
        s = take(s, load64(at));
    s = take(s, load_rest(end, size) | (uint64_t) size << 56);
    s.c ^= 0xff;
    s = mix(mix(mix(s)));
    return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t
cyi_hash_name(const struct cyi_hash_key *key, const void *bytes, size_t size)
{
    const uint64_t k = key->words[1] | 1;
    const uint8_t *at = bytes, *end = at + size;
    uint64_t hash = key->words[0] ^ size;
    for (; end - at >= 8; at += 8)
        hash = cyi_hash_fold(hash ^ load64(at), k);
    hash = cyi_hash_fold(hash ^ load_rest(end, size), k);
    return cyi_hash_fold(hash ^ k, UINT64_C(0x589965cc75374cc3));
}
