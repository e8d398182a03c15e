/* seal.c - protects the frames of a connection, one seal for each direction. */
#include "seal.h"
#include <errno.h>
#include <string.h>

/* As in TLS 1.3: the last 8 bytes, with the low byte of the number last. */
static void
nonce_of(uint8_t out[CYI_CRYPTO_NONCE], const struct cyi_seal *seal)
{
    memcpy(out, seal->nonce, CYI_CRYPTO_NONCE);
    for (int i = 0; i < 8; i++)
        out[CYI_CRYPTO_NONCE - 1 - i] ^= (uint8_t) (seal->counter >> (8 * i));
}

int
cyi_seal(struct cyi_seal *seal, const void *header, size_t header_size, const void *plain,
         size_t size, uint8_t *out)
{
    CY_ASSERT(header_size <= CYI_SEAL_BYTES_MAX && size <= CYI_SEAL_BYTES_MAX);
    if (seal->counter >= CYI_SEAL_FRAMES_MAX)
        return -EKEYEXPIRED;
    uint8_t nonce[CYI_CRYPTO_NONCE];
    nonce_of(nonce, seal);
    struct cyi_aead with = {.key = seal->key, .nonce = nonce, .header = {header, header_size}};
    cyi_crypto_encrypt(out, &with, (struct cyi_bytes){plain, size});
    seal->counter++;
    return 0;
}

int
cyi_unseal(struct cyi_seal *seal, const void *header, size_t header_size, const uint8_t *sealed,
           size_t sealed_size, uint8_t *out)
{
    if (sealed_size < CYI_SEAL_OVERHEAD || header_size > CYI_SEAL_BYTES_MAX ||
        sealed_size > CYI_SEAL_BYTES_MAX + CYI_SEAL_OVERHEAD)
        return -EBADMSG;
    if (seal->counter >= CYI_SEAL_FRAMES_MAX)
        return -EKEYEXPIRED;
    uint8_t nonce[CYI_CRYPTO_NONCE];
    nonce_of(nonce, seal);
    struct cyi_aead with = {.key = seal->key, .nonce = nonce, .header = {header, header_size}};
    if (!cyi_crypto_decrypt(out, &with, (struct cyi_bytes){sealed, sealed_size}))
        return -EBADMSG;
    seal->counter++;
    return 0;
}

void
cyi_seal_fini(struct cyi_seal *seal)
{
    explicit_bzero(seal, sizeof *seal);
}
