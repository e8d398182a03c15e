/* test_hash.c - hashes with a key that nobody knows. */
#include "cy_test.h"
#include <cycos/impl/hash.h>
#include <stdlib.h>

/*
 * Of the bytes 0 to n - 1, for n from 1 on, with a key of zeros. So CPython 3.11 hashes bytes:
 * PYTHONHASHSEED=0 python3 -c 'print([hash(bytes(range(n))) for n in range(1, 20)])'
 */
static const uint64_t expected[] = {
    UINT64_C(0x68a914128e01e473), UINT64_C(0x10bac45c41e3669),  UINT64_C(0x4d4c9a4a8ef6e0ad),
    UINT64_C(0x7cc43f98813e4dbd), UINT64_C(0x5abe2169dff36275), UINT64_C(0xe3c25f87624f1cdb),
    UINT64_C(0x2f098ab0c751325a), UINT64_C(0xead411e67ebe2eea), UINT64_C(0x75927f9d95124362),
    UINT64_C(0xaf9f77a65ab51a1d), UINT64_C(0xfe64ce8b6617fcff), UINT64_C(0xa6baf4fb0f9fe1c2),
    UINT64_C(0xa0cf3211850f8e0d), UINT64_C(0x7f86049379fbfe67), UINT64_C(0xf30eb725bb91c9ea),
    UINT64_C(0x8972188433a5c5b7), UINT64_C(0x4883c49a2c009c1d), UINT64_C(0xadc2c0b63044067d),
    UINT64_C(0x91f4a3329f87d19),
};
enum { COUNT = sizeof expected / sizeof *expected, LONG = 1000 };
static const uint64_t expected_long = UINT64_C(0xa5c99acabaf7b2fa);

static void
is_siphash_with_one_round_and_three(void)
{
    static const struct cyi_hash_key zero;
    for (size_t size = 1; size <= COUNT; size++) {
        uint8_t *bytes = malloc(size); /* a read beyond its end is seen by the sanitizer */
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t) i;
        CU_ASSERT_EQUAL(cyi_hash_bytes(&zero, bytes, size), expected[size - 1]);
        free(bytes);
    }
    uint8_t bytes[LONG];
    for (size_t i = 0; i < LONG; i++)
        bytes[i] = (uint8_t) (i % 251);
    CU_ASSERT_EQUAL(cyi_hash_bytes(&zero, bytes, LONG), expected_long);
}

typedef uint64_t hash_fn(const struct cyi_hash_key *key, const void *bytes, size_t size);

/* Each bit of the key but one, which a multiplier has set always. */
static void
expect_other_hashes(hash_fn *hash, int bits_ignored)
{
    static const struct cyi_hash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
    uint8_t bytes[64] = {0};
    for (size_t size = 0; size <= sizeof bytes; size++) {
        uint64_t plain = hash(&key, bytes, size);
        int same = 0;
        for (int bit = 0; bit < 128; bit++) {
            struct cyi_hash_key other = key;
            other.words[bit / 64] ^= UINT64_C(1) << bit % 64;
            same += hash(&other, bytes, size) == plain;
        }
        CU_ASSERT_EQUAL(same, bits_ignored);
        if (size < sizeof bytes)
            CU_ASSERT_NOT_EQUAL(plain, hash(&key, bytes, size + 1));
        for (size_t i = 0; i < size; i++) {
            bytes[i] = 1;
            CU_ASSERT_NOT_EQUAL(plain, hash(&key, bytes, size));
            bytes[i] = 0;
        }
    }
}

static void
each_byte_and_the_length_and_the_key_change_the_hash(void)
{
    expect_other_hashes(cyi_hash_bytes, 0);
    expect_other_hashes(cyi_hash_name, 1);
}

/* How many of so many numbers fall on the fullest of 256 places. */
static uint32_t
fullest(const struct cyi_hash_key *key, const uint64_t *numbers, uint32_t count)
{
    uint32_t places[256] = {0}, most = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t) cyi_hash_secretly(key, numbers[i]) % 256;
        places[at]++;
        most = places[at] > most ? places[at] : most;
    }
    return most;
}

/* Chosen with one key, they all fall on one place; with another they do not. */
static void
numbers_that_collide_do_so_with_one_key_only(void)
{
    enum { CHOSEN = 256 };
    struct cyi_hash_key key = {{77, 0x9e3779b97f4a7c15}}, other = {{78, 0x9e3779b97f4a7c15}};
    uint64_t numbers[CHOSEN];
    uint32_t count = 0;
    for (uint64_t n = 0; count < CHOSEN; n++) {
        if (cyi_hash_secretly(&key, n) % 256 == 0)
            numbers[count++] = n;
    }
    CU_ASSERT_EQUAL(fullest(&key, numbers, CHOSEN), CHOSEN);
    CU_ASSERT_TRUE(fullest(&other, numbers, CHOSEN) < CHOSEN / 8);
    other = (struct cyi_hash_key){{77, 0xd6e8feb86659fd93}};
    CU_ASSERT_TRUE(fullest(&other, numbers, CHOSEN) < CHOSEN / 8);
}

CY_TEST_MAIN("runtime.hash", CY_TEST(is_siphash_with_one_round_and_three),
             CY_TEST(each_byte_and_the_length_and_the_key_change_the_hash),
             CY_TEST(numbers_that_collide_do_so_with_one_key_only))
