/*
 * file_hash.c - the hash of a file: of leaves, several at a time, and of their hashes.
 *
 * One hash of the whole, byte after byte, was the first design: 1.9 GB/s, at both ends of a
 * transfer that the network and the disk do at more than that.
 *
 * Tests: tests/transport/test_file_hash.c
 */
#include "file_hash.h"
#include "sha256.h"
#include "wire.h"

enum { LANES = CYI_SHA256_LANES, LANES_BYTES = LANES * CYI_FILE_LEAF };

void
cyi_file_hash_init(struct cyi_file_hash *hash, bool fast)
{
    hash->size = 0;
    hash->fast = fast;
    cyi_crypto_hash_init(&hash->leaf, fast);
    cyi_crypto_hash_init(&hash->tree, fast);
}

static void
end_leaf(struct cyi_file_hash *hash)
{
    uint8_t out[CYI_CRYPTO_HASH];
    cyi_crypto_hash_final(out, &hash->leaf);
    cyi_crypto_hash_update(&hash->tree, (struct cyi_bytes){out, sizeof out});
    cyi_crypto_hash_init(&hash->leaf, hash->fast);
}

/* What stands behind a whole leaf: its length in bits, in 64 bits, big-endian. */
static void
fill_padding(uint8_t out[CYI_SHA256_BLOCK])
{
    uint32_t bits = CYI_FILE_LEAF * 8;
    memset(out, 0, CYI_SHA256_BLOCK);
    out[0] = 0x80;
    for (size_t i = 0; i < sizeof bits; i++)
        out[CYI_SHA256_BLOCK - 1 - i] = (uint8_t) (bits >> 8 * i);
}

static void
whole_leaves(struct cyi_file_hash *hash, const uint8_t *bytes)
{
    uint8_t padding[CYI_SHA256_BLOCK], out[LANES][CYI_CRYPTO_HASH];
    uint32_t states[LANES][8];
    const uint8_t *leaves[LANES], *paddings[LANES];
    fill_padding(padding);
    for (size_t i = 0; i < LANES; i++) {
        memcpy(states[i], hash->leaf.state, sizeof states[i]); /* as it begins */
        leaves[i] = bytes + i * CYI_FILE_LEAF;
        paddings[i] = padding;
    }
    cyi_sha256_lanes(states, leaves, CYI_FILE_LEAF / CYI_SHA256_BLOCK);
    cyi_sha256_lanes(states, paddings, 1);
    for (size_t i = 0; i < sizeof out; i++)
        out[i / CYI_CRYPTO_HASH][i % CYI_CRYPTO_HASH] =
            (uint8_t) (states[i / CYI_CRYPTO_HASH][i % CYI_CRYPTO_HASH / 4] >>
                       (24 - 8 * (i % 4)));
    cyi_crypto_hash_update(&hash->tree, (struct cyi_bytes){out, sizeof out});
}

/* As much as goes in one way; how many bytes that were. */
static size_t
update_some(struct cyi_file_hash *hash, const uint8_t *bytes, size_t size)
{
    size_t held = hash->size % CYI_FILE_LEAF, missing = CYI_FILE_LEAF - held;
    if (held == 0 && hash->fast && size >= LANES_BYTES) {
        whole_leaves(hash, bytes);
        return LANES_BYTES;
    }
    size_t n = size < missing ? size : missing;
    cyi_crypto_hash_update(&hash->leaf, (struct cyi_bytes){bytes, n});
    if (n == missing)
        end_leaf(hash);
    return n;
}

void
cyi_file_hash_update(struct cyi_file_hash *hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t n; size > 0; at += n, size -= n) {
        n = update_some(hash, at, size);
        hash->size += n;
    }
}

void
cyi_file_hash_final(uint8_t out[CYI_CRYPTO_HASH], struct cyi_file_hash *hash)
{
    uint8_t size[8];
    if (hash->size % CYI_FILE_LEAF > 0)
        end_leaf(hash);
    cyi_put64(size, hash->size);
    cyi_crypto_hash_update(&hash->tree, (struct cyi_bytes){size, sizeof size});
    cyi_crypto_hash_final(out, &hash->tree);
}
