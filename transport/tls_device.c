/*
 * tls_device.c - what wolfSSL asks back for: random bytes and AES-GCM.
 *
 * Random bytes come from the node's source, so that a simulated node repeats itself byte for
 * byte, and a real one does not open /dev/urandom for each connection. AES-GCM goes to
 * libcrypto where that is faster; each session keeps the two keys that it uses.
 *
 * Tests: tests/transport/test_tls.c
 */
#include "tls_state.h"
#include <pthread.h>
#include <string.h>

#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/*
 * Each thread keeps multiples of the points that it has computed with, some 0.8 MB for each of
 * up to 15 keys: without them a handshake takes six times as long. They are given back when
 * the thread ends, if it asks for that.
 */
static pthread_key_t points;

static void
forget_points(void *unused)
{
    (void) unused;
    wc_ecc_fp_free();
}

/* The argument that the callback does not get. */
static _Thread_local struct cyi_tls *inside;

void
cyi_tls_enter(struct cyi_tls *tls)
{
    CY_ASSERT(inside == NULL);
    inside = tls;
    if (pthread_getspecific(points) == NULL)
        (void) pthread_setspecific(points, &points);
}

void
cyi_tls_leave(void)
{
    inside = NULL;
}

static int
fill(void *out, word32 size)
{
    struct cyi_os *os = inside->core->os;
    os->random(os, out, size);
    return 0;
}

/* Kept until there is another key: one for the handshake, then one for all that follows. */
static struct cyi_gcm *
cipher_for(const Aes *aes, bool encrypt)
{
    struct cyi_tls_cipher *cipher = &inside->ciphers[encrypt];
    uint32_t size = (uint32_t) aes->keylen;
    if (cipher->gcm != NULL && cipher->key_size == size &&
        memcmp(cipher->key, aes->devKey, size) == 0)
        return cipher->gcm;
    cyi_gcm_free(&cipher->gcm);
    if (size != 16 && size != 32)
        return NULL;
    memcpy(cipher->key, aes->devKey, size);
    cipher->key_size = size;
    cipher->gcm = cyi_gcm_create(cipher->key, size, encrypt);
    return cipher->gcm;
}

static int
encrypt_record(wc_CryptoInfo *info)
{
    struct cyi_gcm *gcm = cipher_for(info->cipher.aesgcm_enc.aes, true);
    struct cyi_gcm_record record = {.nonce = info->cipher.aesgcm_enc.iv,
                                    .header = info->cipher.aesgcm_enc.authIn,
                                    .header_size = info->cipher.aesgcm_enc.authInSz,
                                    .in = info->cipher.aesgcm_enc.in,
                                    .out = info->cipher.aesgcm_enc.out,
                                    .size = info->cipher.aesgcm_enc.sz};
    if (gcm == NULL || info->cipher.aesgcm_enc.ivSz != CYI_GCM_NONCE ||
        info->cipher.aesgcm_enc.authTagSz != CYI_GCM_TAG)
        return CRYPTOCB_UNAVAILABLE;
    return cyi_gcm_encrypt(gcm, &record, info->cipher.aesgcm_enc.authTag) ? 0 : BAD_STATE_E;
}

static int
decrypt_record(wc_CryptoInfo *info)
{
    struct cyi_gcm *gcm = cipher_for(info->cipher.aesgcm_dec.aes, false);
    struct cyi_gcm_record record = {.nonce = info->cipher.aesgcm_dec.iv,
                                    .header = info->cipher.aesgcm_dec.authIn,
                                    .header_size = info->cipher.aesgcm_dec.authInSz,
                                    .in = info->cipher.aesgcm_dec.in,
                                    .out = info->cipher.aesgcm_dec.out,
                                    .size = info->cipher.aesgcm_dec.sz};
    if (gcm == NULL || info->cipher.aesgcm_dec.ivSz != CYI_GCM_NONCE ||
        info->cipher.aesgcm_dec.authTagSz != CYI_GCM_TAG)
        return CRYPTOCB_UNAVAILABLE;
    return cyi_gcm_decrypt(gcm, &record, info->cipher.aesgcm_dec.authTag) ? 0 : AES_GCM_AUTH_E;
}

/* Whatever we do not take, it does by itself. */
static int
asked(int device, wc_CryptoInfo *info, void *arg)
{
    (void) device, (void) arg;
    if (inside == NULL)
        return CRYPTOCB_UNAVAILABLE;
    if (info->algo_type == WC_ALGO_TYPE_RNG)
        return fill(info->rng.out, info->rng.sz);
    if (info->algo_type == WC_ALGO_TYPE_SEED)
        return fill(info->seed.seed, info->seed.sz);
    if (info->algo_type != WC_ALGO_TYPE_CIPHER || info->cipher.type != WC_CIPHER_AES_GCM ||
        !cyi_gcm_available())
        return CRYPTOCB_UNAVAILABLE;
    return info->cipher.enc ? encrypt_record(info) : decrypt_record(info);
}

static void
install(void)
{
    int rc = wolfSSL_Init();
    CY_ASSERT(rc == WOLFSSL_SUCCESS);
    rc = wc_CryptoCb_RegisterDevice(CYI_TLS_DEVICE, asked, NULL);
    CY_ASSERT(rc == 0);
    rc = pthread_key_create(&points, forget_points);
    CY_ASSERT(rc == 0);
}

void
cyi_tls_device_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}
