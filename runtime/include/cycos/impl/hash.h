/*
 * cycos/impl/hash.h - hashes of keys that an enemy may choose.
 *
 * Names, ids and incarnations come from other nodes. Who knew where a key falls in a map could
 * choose many that fall on the same place, and make each look at the map take as long as there
 * are keys. So what is hashed is mixed with a key that the node has drawn at its start, and
 * that it tells nobody. For keys of our own there is the cheaper cyi_hash_number() of map.h.
 */
#ifndef CYCOS_IMPL_HASH_H
#define CYCOS_IMPL_HASH_H

#include <stddef.h>
#include <stdint.h>

struct cyi_hash_key {
    uint64_t words[2];
};

/* SipHash-1-3: for what other nodes choose. */
uint64_t cyi_hash_bytes(const struct cyi_hash_key *key, const void *bytes, size_t size);

/*
 * By multiplications with the key, as the maps of Go do it: for names that are looked up often,
 * and for numbers. Weaker for whoever can see hashes; but nobody can, they do not leave the
 * node.
 */
uint64_t cyi_hash_name(const struct cyi_hash_key *key, const void *bytes, size_t size);

/* Multiplies two words to 128 bits and folds them: what each bit says spreads over all. */
static inline uint64_t
cyi_hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide) a * b;
    return (uint64_t) product ^ (uint64_t) (product >> 64);
}

static inline uint64_t
cyi_hash_secretly(const struct cyi_hash_key *key, uint64_t number)
{
    uint64_t hash = cyi_hash_fold(number ^ key->words[0], key->words[1] | 1);
    return cyi_hash_fold(hash ^ key->words[1], UINT64_C(0x589965cc75374cc3));
}

#endif
