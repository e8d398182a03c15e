/* crypto.h - the primitives of the network layer; crypto.c alone names wolfCrypt. */
#ifndef CYI_CRYPTO_H
#define CYI_CRYPTO_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Pure functions: no state, no random source, no I/O; any thread. Only cyi_crypto_scrypt()
 * allocates. Out and in may be the same memory where the comment says so, and must not
 * overlap otherwise.
 */
enum {
    CYI_CRYPTO_HASH = 32,  /* bytes of SHA-256 and of HMAC-SHA256 */
    CYI_CRYPTO_KEY = 32,   /* bytes of every key */
    CYI_CRYPTO_POINT = 32, /* bytes of an X25519 public key and of a shared secret */
    CYI_CRYPTO_NONCE = 12, /* bytes, of ChaCha20-Poly1305 */
    CYI_CRYPTO_TAG = 16,   /* bytes that ChaCha20-Poly1305 adds */
};

/* A run of bytes that is only read. */
struct cyi_bytes {
    const void *data; /* may be NULL when size is 0 */
    size_t size;
};

void cyi_crypto_sha256(uint8_t out[CYI_CRYPTO_HASH], struct cyi_bytes in);

/* SHA-256 of what comes piece by piece, at the speed of the processor. To be copied freely. */
struct cyi_crypto_hash {
    uint64_t size;     /* hashed so far */
    uint32_t state[8]; /* with the processor's instructions */
    uint8_t block[64];
    _Alignas(16) uint8_t library[160]; /* without them */
    bool fast;
};
/* `fast`: by the processor's instructions; what cyi_sha256_has_instructions() says. */
void cyi_crypto_hash_init(struct cyi_crypto_hash *hash, bool fast);
void cyi_crypto_hash_update(struct cyi_crypto_hash *hash, struct cyi_bytes in);
void cyi_crypto_hash_final(uint8_t out[CYI_CRYPTO_HASH], struct cyi_crypto_hash *hash);
void cyi_crypto_hmac(uint8_t out[CYI_CRYPTO_HASH], struct cyi_bytes key, struct cyi_bytes in);

/* RFC 5869, extract and expand; at most 255 * CYI_CRYPTO_HASH bytes. */
struct cyi_hkdf {
    struct cyi_bytes key, salt, info;
};
void cyi_crypto_hkdf(void *out, size_t size, const struct cyi_hkdf *in);

/* RFC 7914. -ENOMEM: it takes 128 * r << cost_log2 bytes, which is what makes it slow. */
struct cyi_scrypt {
    struct cyi_bytes password, salt;
    int cost_log2, r, p;
};
CY_MUST_CHECK int cyi_crypto_scrypt(void *out, size_t size, const struct cyi_scrypt *in);

/* RFC 7748. Any 32 bytes are a private key. */
void cyi_crypto_x25519_public(uint8_t out[CYI_CRYPTO_POINT],
                              const uint8_t private_key[CYI_CRYPTO_KEY]);
/* False, and zeros: a point of low order, with which everybody knows the result. */
CY_MUST_CHECK bool cyi_crypto_x25519(uint8_t out[CYI_CRYPTO_POINT],
                                     const uint8_t private_key[CYI_CRYPTO_KEY],
                                     const uint8_t point[CYI_CRYPTO_POINT]);

/* RFC 8439, ChaCha20-Poly1305. A nonce must never serve twice with a key. */
struct cyi_aead {
    const uint8_t *key, *nonce;
    struct cyi_bytes header; /* authenticated, not encrypted */
};
/* in.size + CYI_CRYPTO_TAG bytes; `out` may be in.data. */
void cyi_crypto_encrypt(uint8_t *out, const struct cyi_aead *with, struct cyi_bytes in);
/*
 * in.size - CYI_CRYPTO_TAG bytes; `out` may be in.data. False: forged or damaged, and `out` is
 * zeros, so that nobody acts on what was not authenticated.
 */
CY_MUST_CHECK bool cyi_crypto_decrypt(uint8_t *out, const struct cyi_aead *with,
                                      struct cyi_bytes in);

/* In a time that depends on the size alone. */
CY_MUST_CHECK bool cyi_crypto_equal(const void *a, const void *b, size_t size);

#endif
