/* hash.h - keyed hash of a key: an attacker who lacks the seed cannot make keys collide. */
#ifndef KV_HASH_H
#define KV_HASH_H

#include <stddef.h>
#include <stdint.h>

struct kv_seed {
    uint64_t low, high;
};

/*
 * SipHash with 1 round per block and 3 at the end. The low 32 bits choose the bucket, the high
 * 32 bits the shard, so that the keys of one shard spread over all of its buckets.
 */
uint64_t kv_hash(const struct kv_seed *seed, const void *key, size_t bytes);

/* SipHash with a free choice of rounds, for the published test vectors of SipHash-2-4. */
uint64_t kv_hash_rounds(const struct kv_seed *seed, const void *key, size_t bytes,
                        const int rounds[2]);

/* Which of so many shards a hash belongs to. */
static inline uint16_t
kv_shard_of(uint64_t hash, uint16_t shards)
{
    return (uint16_t) (((hash >> 32) * shards) >> 32);
}

#endif
