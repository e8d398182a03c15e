#include "cy_test.h"
#include "hash.h"

static const struct kv_seed published_seed = {UINT64_C(0x0706050403020100),
                                              UINT64_C(0x0f0e0d0c0b0a0908)};

static void
agrees_with_the_published_vectors_of_siphash_2_4(void)
{
    static const int rounds[2] = {2, 4};
    unsigned char text[16];
    for (int i = 0; i < 16; i++)
        text[i] = (unsigned char) i;
    CU_ASSERT_EQUAL(kv_hash_rounds(&published_seed, text, 0, rounds),
                    UINT64_C(0x726fdb47dd0e0e31));
    CU_ASSERT_EQUAL(kv_hash_rounds(&published_seed, text, 1, rounds),
                    UINT64_C(0x74f839c593dc67fd));
    CU_ASSERT_EQUAL(kv_hash_rounds(&published_seed, text, 8, rounds),
                    UINT64_C(0x93f5f5799a932462));
    CU_ASSERT_EQUAL(kv_hash_rounds(&published_seed, text, 15, rounds),
                    UINT64_C(0xa129ca6149be45e5));
}

static void
depends_on_every_byte_on_the_length_and_on_the_seed(void)
{
    char text[24] = "abcdefghijklmnopqrstuvw";
    struct kv_seed other = {published_seed.low, published_seed.high ^ 1};
    uint64_t before = kv_hash(&published_seed, text, 23);

    CU_ASSERT_NOT_EQUAL(kv_hash(&other, text, 23), before);
    CU_ASSERT_NOT_EQUAL(kv_hash(&published_seed, text, 22), before);
    for (int i = 0; i < 23; i++) {
        text[i] ^= 1;
        CU_ASSERT_NOT_EQUAL(kv_hash(&published_seed, text, 23), before);
        text[i] ^= 1;
    }
    CU_ASSERT_EQUAL(kv_hash(&published_seed, text, 23), before);
}

static void
spreads_keys_evenly_over_shards_and_over_buckets_of_one_shard(void)
{
    int shards[3] = {0};
    int buckets[8] = {0};
    for (uint32_t i = 0; i < 30000; i++) {
        uint64_t hash = kv_hash(&published_seed, &i, sizeof i);
        uint16_t shard = kv_shard_of(hash, 3);
        shards[shard]++;
        if (shard == 1)
            buckets[hash & 7]++;
    }
    for (int i = 0; i < 3; i++)
        CU_ASSERT(shards[i] > 9500 && shards[i] < 10500);
    for (int i = 0; i < 8; i++)
        CU_ASSERT(buckets[i] > 1050 && buckets[i] < 1450);
    CU_ASSERT_EQUAL(kv_shard_of(UINT64_MAX, 3), 2);
    CU_ASSERT_EQUAL(kv_shard_of(0, 3), 0);
    CU_ASSERT_EQUAL(kv_shard_of(UINT64_MAX, 1), 0);
}

CY_TEST_MAIN("kv.hash", CY_TEST(agrees_with_the_published_vectors_of_siphash_2_4),
             CY_TEST(depends_on_every_byte_on_the_length_and_on_the_seed),
             CY_TEST(spreads_keys_evenly_over_shards_and_over_buckets_of_one_shard))
