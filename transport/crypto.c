/*
 * crypto.c - the primitives of the network layer, made of wolfCrypt.
 *
 * Caveats of Debian's 5.5.4, for whoever replaces it:
 * - it is plain C, without the vector units: ChaCha20-Poly1305 runs at some 500 MB/s a core,
 *   which is still more than twice as fast as its AES-GCM;
 * - X25519 wants a clamped private key and does not look at the result, which is all zero for
 *   a point of low order: both are done here;
 * - the AEAD refuses NULL even when there are no bytes, and leaves what it decrypted behind
 *   when the tag is wrong;
 * - none of these functions but scrypt allocates, so they fail on a caller's bug only.
 */
#include "crypto.h"
#include "sha256.h"
#include <errno.h>
#include <string.h>

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/pwdbased.h>
#include <wolfssl/wolfcrypt/sha256.h>

_Static_assert((int) CYI_CRYPTO_HASH == (int) WC_SHA256_DIGEST_SIZE, "SHA-256");
_Static_assert((int) CYI_CRYPTO_KEY == (int) CURVE25519_KEYSIZE, "X25519");
_Static_assert((int) CYI_CRYPTO_KEY == (int) CHACHA20_POLY1305_AEAD_KEYSIZE, "AEAD key");
_Static_assert((int) CYI_CRYPTO_NONCE == (int) CHACHA20_POLY1305_AEAD_IV_SIZE, "AEAD nonce");
_Static_assert((int) CYI_CRYPTO_TAG == (int) CHACHA20_POLY1305_AEAD_AUTHTAG_SIZE, "AEAD tag");

static word32
count(size_t size)
{
    CY_ASSERT(size <= UINT32_MAX);
    return (word32) size;
}

/* Something to point to when there is nothing to read. */
static const byte *
start(struct cyi_bytes bytes)
{
    static const byte nothing[1];
    CY_ASSERT(bytes.data != NULL || bytes.size == 0);
    return bytes.data != NULL ? bytes.data : nothing;
}

void
cyi_crypto_sha256(uint8_t out[CYI_CRYPTO_HASH], struct cyi_bytes in)
{
    wc_Sha256 hash;
    int rc = wc_InitSha256_ex(&hash, NULL, INVALID_DEVID);
    CY_ASSERT(rc == 0);
    rc = wc_Sha256Update(&hash, start(in), count(in.size));
    CY_ASSERT(rc == 0);
    rc = wc_Sha256Final(&hash, out);
    CY_ASSERT(rc == 0);
    wc_Sha256Free(&hash);
}

_Static_assert(sizeof(wc_Sha256) <= sizeof((struct cyi_crypto_hash *) 0)->library, "it fits");

static wc_Sha256 *
library_of(struct cyi_crypto_hash *hash)
{
    return (wc_Sha256 *) (void *) hash->library;
}

void
cyi_crypto_hash_init(struct cyi_crypto_hash *hash, bool fast)
{
    *hash = (struct cyi_crypto_hash){.fast = fast,
                                     .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
    if (fast)
        return;
    int rc = wc_InitSha256_ex(library_of(hash), NULL, INVALID_DEVID);
    CY_ASSERT(rc == 0);
}

static void
update_fast(struct cyi_crypto_hash *hash, const uint8_t *in, size_t size)
{
    size_t held = hash->size % sizeof hash->block;
    hash->size += size;
    if (held > 0) {
        size_t n = sizeof hash->block - held;
        n = n < size ? n : size;
        memcpy(hash->block + held, in, n);
        if (held + n < sizeof hash->block)
            return;
        cyi_sha256_blocks(hash->state, hash->block, 1);
        in += n;
        size -= n;
    }
    size_t whole = size / sizeof hash->block;
    cyi_sha256_blocks(hash->state, in, whole);
    memcpy(hash->block, in + whole * sizeof hash->block, size % sizeof hash->block);
}

void
cyi_crypto_hash_update(struct cyi_crypto_hash *hash, struct cyi_bytes in)
{
    if (hash->fast) {
        update_fast(hash, start(in), in.size);
        return;
    }
    int rc = wc_Sha256Update(library_of(hash), start(in), count(in.size));
    CY_ASSERT(rc == 0);
    hash->size += in.size;
}

static void
final_fast(uint8_t *out, struct cyi_crypto_hash *hash)
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = hash->size * 8;
    size_t held = hash->size % 64;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t) (bits >> (56 - 8 * i));
    update_fast(hash, padding, held < 56 ? 56 - held : 120 - held);
    update_fast(hash, length, sizeof length);
    for (size_t i = 0; i < CYI_CRYPTO_HASH; i++)
        out[i] = (uint8_t) (hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void
cyi_crypto_hash_final(uint8_t out[CYI_CRYPTO_HASH], struct cyi_crypto_hash *hash)
{
    if (hash->fast) {
        final_fast(out, hash);
        return;
    }
    int rc = wc_Sha256Final(library_of(hash), out);
    CY_ASSERT(rc == 0);
    wc_Sha256Free(library_of(hash));
}

void
cyi_crypto_hmac(uint8_t out[CYI_CRYPTO_HASH], struct cyi_bytes key, struct cyi_bytes in)
{
    Hmac hmac;
    int rc = wc_HmacInit(&hmac, NULL, INVALID_DEVID);
    CY_ASSERT(rc == 0);
    rc = wc_HmacSetKey(&hmac, WC_SHA256, start(key), count(key.size));
    CY_ASSERT(rc == 0);
    rc = wc_HmacUpdate(&hmac, start(in), count(in.size));
    CY_ASSERT(rc == 0);
    rc = wc_HmacFinal(&hmac, out);
    CY_ASSERT(rc == 0);
    wc_HmacFree(&hmac);
    explicit_bzero(&hmac, sizeof hmac);
}

void
cyi_crypto_hkdf(void *out, size_t size, const struct cyi_hkdf *in)
{
    CY_ASSERT(size > 0 && size <= (size_t) 255 * CYI_CRYPTO_HASH);
    int rc = wc_HKDF(WC_SHA256, start(in->key), count(in->key.size),
                     in->salt.size > 0 ? start(in->salt) : NULL, count(in->salt.size),
                     in->info.size > 0 ? start(in->info) : NULL, count(in->info.size), out,
                     count(size));
    CY_ASSERT(rc == 0);
}

int
cyi_crypto_scrypt(void *out, size_t size, const struct cyi_scrypt *in)
{
    CY_ASSERT(in->cost_log2 > 0 && in->cost_log2 < 32 && in->password.size <= INT32_MAX);
    int rc =
        wc_scrypt(out, start(in->password), (int) count(in->password.size), start(in->salt),
                  (int) count(in->salt.size), in->cost_log2, in->r, in->p, (int) count(size));
    CY_ASSERT(rc == 0 || rc == MEMORY_E);
    return rc == 0 ? 0 : -ENOMEM;
}

static void
clamp(byte out[CYI_CRYPTO_KEY], const uint8_t private_key[CYI_CRYPTO_KEY])
{
    memcpy(out, private_key, CYI_CRYPTO_KEY);
    out[0] &= 248;
    out[31] &= 127;
    out[31] |= 64;
}

void
cyi_crypto_x25519_public(uint8_t out[CYI_CRYPTO_POINT],
                         const uint8_t private_key[CYI_CRYPTO_KEY])
{
    byte scalar[CYI_CRYPTO_KEY];
    clamp(scalar, private_key);
    int rc = wc_curve25519_make_pub(CYI_CRYPTO_POINT, out, sizeof scalar, scalar);
    CY_ASSERT(rc == 0);
    explicit_bzero(scalar, sizeof scalar);
}

bool
cyi_crypto_x25519(uint8_t out[CYI_CRYPTO_POINT], const uint8_t private_key[CYI_CRYPTO_KEY],
                  const uint8_t point[CYI_CRYPTO_POINT])
{
    static const uint8_t zero[CYI_CRYPTO_POINT];
    byte scalar[CYI_CRYPTO_KEY];
    clamp(scalar, private_key);
    int rc = wc_curve25519_generic(CYI_CRYPTO_POINT, out, sizeof scalar, scalar,
                                   CYI_CRYPTO_POINT, point);
    CY_ASSERT(rc == 0);
    explicit_bzero(scalar, sizeof scalar);
    return !cyi_crypto_equal(out, zero, sizeof zero);
}

void
cyi_crypto_encrypt(uint8_t *out, const struct cyi_aead *with, struct cyi_bytes in)
{
    int rc = wc_ChaCha20Poly1305_Encrypt(with->key, with->nonce, start(with->header),
                                         count(with->header.size), start(in), count(in.size),
                                         out, out + in.size);
    CY_ASSERT(rc == 0);
}

bool
cyi_crypto_decrypt(uint8_t *out, const struct cyi_aead *with, struct cyi_bytes in)
{
    CY_ASSERT(in.size >= CYI_CRYPTO_TAG);
    size_t size = in.size - CYI_CRYPTO_TAG;
    byte unused[1];
    int rc = wc_ChaCha20Poly1305_Decrypt(with->key, with->nonce, start(with->header),
                                         count(with->header.size), in.data, count(size),
                                         start(in) + size, size > 0 ? out : unused);
    CY_ASSERT(rc == 0 || rc == MAC_CMP_FAILED_E);
    if (rc != 0 && size > 0)
        explicit_bzero(out, size);
    return rc == 0;
}

/* A loop without an early end; the volatile keeps the compiler from giving it one. */
bool
cyi_crypto_equal(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differ = 0;
    for (size_t i = 0; i < size; i++)
        differ = (uint8_t) (differ | (x[i] ^ y[i]));
    return differ == 0;
}
