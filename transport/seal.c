/* seal.c - protects the frames of a connection, one seal for each direction. */
#include "seal.h"
#include <errno.h>
#include <string.h>

_Static_assert((int) CYI_GCM_TAG == (int) CYI_SEAL_OVERHEAD, "one tag for both");
_Static_assert((int) CYI_GCM_NONCE == (int) CYI_CRYPTO_NONCE, "one nonce for both");

/* As in TLS 1.3: the last 8 bytes, with the low byte of the number last. */
static void
nonce_of(uint8_t out[CYI_CRYPTO_NONCE], const struct cyi_seal *seal)
{
    memcpy(out, seal->nonce, CYI_CRYPTO_NONCE);
    for (int i = 0; i < 8; i++)
        out[CYI_CRYPTO_NONCE - 1 - i] ^= (uint8_t) (seal->counter >> (8 * i));
}

/* A key of AES, of the key before it: it says nothing of that one. */
static int
next_key(struct cyi_seal *seal)
{
    struct {
        uint8_t key[CYI_CRYPTO_KEY], nonce[CYI_CRYPTO_NONCE];
    } next;
    uint8_t old[CYI_CRYPTO_KEY + CYI_CRYPTO_NONCE];
    static const char purpose[] = "cycos-v1 aes";
    memcpy(old, seal->key, CYI_CRYPTO_KEY);
    memcpy(old + CYI_CRYPTO_KEY, seal->nonce, CYI_CRYPTO_NONCE);
    struct cyi_hkdf in = {.key = {old, sizeof old}, .info = {purpose, sizeof purpose - 1}};
    cyi_crypto_hkdf(&next, sizeof next, &in);
    memcpy(seal->key, next.key, sizeof seal->key);
    memcpy(seal->nonce, next.nonce, sizeof seal->nonce);
    explicit_bzero(&next, sizeof next);
    explicit_bzero(old, sizeof old);
    cyi_gcm_free(&seal->gcm);
    seal->gcm = cyi_gcm_create(seal->key, sizeof seal->key, seal->seals);
    return seal->gcm != NULL ? 0 : -ENOMEM;
}

int
cyi_seal_use_aes(struct cyi_seal *seal, bool seals)
{
    seal->seals = seals;
    return next_key(seal);
}

/* Without memory for the next key of AES this one counts as worn out, and the seal with it. */
static void
count(struct cyi_seal *seal)
{
    seal->counter++;
    if (seal->gcm != NULL && seal->counter % CYI_SEAL_KEY_FRAMES == 0 && next_key(seal) != 0)
        seal->counter = CYI_SEAL_FRAMES_MAX;
}

/* With something to point to where there is nothing to read or to write. */
static struct cyi_gcm_record
record_of(const struct cyi_aead *with, struct cyi_bytes in, uint8_t *out, uint8_t *nothing)
{
    return (struct cyi_gcm_record){.nonce = with->nonce,
                                   .header = with->header.data,
                                   .header_size = with->header.size,
                                   .in = in.size > 0 ? in.data : nothing,
                                   .out = in.size > 0 ? out : nothing,
                                   .size = in.size};
}

static int
encrypt(struct cyi_seal *seal, const struct cyi_aead *with, struct cyi_bytes in, uint8_t *out)
{
    uint8_t nothing[1];
    if (seal->gcm == NULL) {
        cyi_crypto_encrypt(out, with, in);
        return 0;
    }
    struct cyi_gcm_record record = record_of(with, in, out, nothing);
    return cyi_gcm_encrypt(seal->gcm, &record, out + in.size) ? 0 : -EKEYEXPIRED;
}

static bool
decrypt(struct cyi_seal *seal, const struct cyi_aead *with, struct cyi_bytes in, uint8_t *out)
{
    uint8_t nothing[1];
    if (seal->gcm == NULL)
        return cyi_crypto_decrypt(out, with, in);
    struct cyi_bytes text = {in.data, in.size - CYI_SEAL_OVERHEAD};
    struct cyi_gcm_record record = record_of(with, text, out, nothing);
    return cyi_gcm_decrypt(seal->gcm, &record, (const uint8_t *) in.data + text.size);
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
    int rc = encrypt(seal, &with, (struct cyi_bytes){plain, size}, out);
    if (rc == 0)
        count(seal);
    return rc;
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
    if (!decrypt(seal, &with, (struct cyi_bytes){sealed, sealed_size}, out))
        return -EBADMSG;
    count(seal);
    return 0;
}

void
cyi_seal_fini(struct cyi_seal *seal)
{
    cyi_gcm_free(&seal->gcm);
    explicit_bzero(seal, sizeof *seal);
}
