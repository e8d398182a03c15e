#include "cy_test.h"
#include "file_hash.h"
#include "sha256.h"

#include <string.h>

/* The hash of a file, held against what the header says of it. */

#define LEAF ((size_t) CYI_FILE_LEAF)
#define MAX  (11 * LEAF)

static uint8_t file[MAX];

static void
fill(void)
{
    for (uint32_t i = 0; i < MAX; i++)
        file[i] = (uint8_t) (i * 2654435761U >> 13);
}

static void
by_the_letter(uint8_t out[CYI_CRYPTO_HASH], size_t size)
{
    uint8_t tree[MAX / LEAF * CYI_CRYPTO_HASH + 8] = {0};
    size_t used = 0;
    for (size_t at = 0; at < size; at += LEAF, used += CYI_CRYPTO_HASH)
        cyi_crypto_sha256(tree + used,
                          (struct cyi_bytes){file + at, size - at < LEAF ? size - at : LEAF});
    for (size_t i = 0; i < 8; i++)
        tree[used + i] = (uint8_t) (size >> 8 * i);
    cyi_crypto_sha256(out, (struct cyi_bytes){tree, used + 8});
}

static bool
is_right(size_t size, size_t piece, bool fast)
{
    uint8_t want[CYI_CRYPTO_HASH], got[CYI_CRYPTO_HASH];
    struct cyi_file_hash hash;
    by_the_letter(want, size);
    cyi_file_hash_init(&hash, fast);
    for (size_t at = 0; at < size; at += piece) {
        CU_ASSERT_EQUAL(hash.size, at);
        cyi_file_hash_update(&hash, file + at, size - at < piece ? size - at : piece);
    }
    cyi_file_hash_final(got, &hash);
    return memcmp(got, want, sizeof want) == 0;
}

static void
is_of_leaves_and_size(void)
{
    static const size_t sizes[] = {0,        1,        64,       LEAF - 1,     LEAF,
                                   LEAF + 1, 2 * LEAF, 4 * LEAF, 4 * LEAF + 1, 5 * LEAF - 1,
                                   8 * LEAF, 9 * LEAF, MAX - 1,  MAX};
    static const size_t pieces[] = {1000, LEAF, 4 * LEAF, 4 * LEAF + 64, 5 * LEAF + 1, MAX};
    bool has = cyi_sha256_has_instructions();
    fill();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            CU_ASSERT_TRUE(is_right(sizes[i], pieces[k], false));
            CU_ASSERT_TRUE(is_right(sizes[i], pieces[k], has));
        }
}

/* Bytes that move from one leaf to another, or from a leaf into the tree, change it. */
static void
tells_files_apart(void)
{
    uint8_t whole[CYI_CRYPTO_HASH], other[CYI_CRYPTO_HASH], leaf[CYI_CRYPTO_HASH];
    struct cyi_file_hash hash;
    fill();
    by_the_letter(whole, LEAF);
    cyi_crypto_sha256(leaf, (struct cyi_bytes){file, LEAF});
    cyi_file_hash_init(&hash, false);
    cyi_file_hash_update(&hash, leaf, sizeof leaf);
    cyi_file_hash_final(other, &hash);
    CU_ASSERT_NOT_EQUAL(memcmp(whole, other, sizeof whole), 0);
    by_the_letter(whole, 8 * LEAF);
    for (size_t i = 0; i < LEAF; i++) {
        uint8_t byte = file[i];
        file[i] = file[i + LEAF];
        file[i + LEAF] = byte;
    }
    by_the_letter(other, 8 * LEAF);
    CU_ASSERT_NOT_EQUAL(memcmp(whole, other, sizeof whole), 0);
    CU_ASSERT_TRUE(is_right(8 * LEAF, MAX, cyi_sha256_has_instructions()));
}

CY_TEST_MAIN("transport.file_hash", CY_TEST(is_of_leaves_and_size), CY_TEST(tells_files_apart))
