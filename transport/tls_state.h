/* tls_state.h - contexts and sessions from within. */
#ifndef CYI_TLS_STATE_H
#define CYI_TLS_STATE_H

#include "crypto.h"
#include "gcm.h"
#include "tls.h"
#include <cycos/err.h>
#include <stdatomic.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

enum { CYI_TLS_NAME_HASH = 20 };

struct cyi_tls_certificate {
    uint8_t hash[CYI_CRYPTO_HASH];
    uint8_t subject[CYI_TLS_NAME_HASH], issuer[CYI_TLS_NAME_HASH];
    int64_t not_before, not_after; /* seconds since 1970 */
};

struct cyi_tls_context {
    _Atomic uint32_t users;       /* T1 */
    WOLFSSL_CTX *client, *server; /* they count their sessions by themselves */
    bool pinned;                  /* there is no other authority than what is accepted */
    int own;                      /* 0: who has the same files accepts us; or why not */
    int64_t ends, made;
    uint32_t count;
    struct cyi_tls_certificate accepted[CYI_TLS_ACCEPTED_MAX];
};

/* The key of one direction, as libcrypto holds it. */
struct cyi_tls_cipher {
    struct cyi_gcm *gcm; /* NULL: none yet */
    uint8_t key[CYI_GCM_KEY_MAX];
    uint32_t key_size;
};

enum {
    CYI_TLS_SPILL = 64,
    CYI_TLS_RECORD_BYTES = 16 << 10, /* of text in one record */
    CYI_TLS_RECORD_MAX = CYI_TLS_RECORD_BYTES + 256 + 5,
};
#define CYI_TLS_ALPN "cycos/1"

struct cyi_tls {
    struct cyi_core *core;
    struct cyi_tls_context *context;
    WOLFSSL *ssl;
    bool dialer;
    int verdict; /* of the peer's certificate: 1 not yet, 0 it is good, or why not */
    struct cyi_tls_cipher ciphers[2]; /* in, out */

    /* What has come and wolfSSL has not taken: in `block`, or lent by the caller. */
    const uint8_t *in;
    size_t in_size;
    uint8_t *block; /* of the core's heap, or NULL */
    uint32_t block_size;

    /* Where what wolfSSL says goes: into what the caller gave, or aside. */
    uint8_t *out; /* NULL: aside */
    size_t out_used, out_size;
    uint8_t spill[CYI_TLS_SPILL]; /* key updates and alerts, which come while it reads */
    size_t spill_used;
};

/* tls_context.c */
CY_MUST_CHECK int cyi_tls_certificate_read(struct cyi_tls_certificate *out, const uint8_t *der,
                                           size_t size);
/* wolfSSL asks for each certificate of the peer. */
int cyi_tls_judge(int good, WOLFSSL_X509_STORE_CTX *store);
/* The same of our own, in a rehearsal; the verdict is context->own. */
int cyi_tls_judge_own(int good, WOLFSSL_X509_STORE_CTX *store);

/* tls_rehearse.c: 0, -ENOMEM, -EKEYREJECTED. Judges our own certificate. */
CY_MUST_CHECK int cyi_tls_rehearse(struct cyi_tls_context *context);

/* tls.c: what a call of wolfSSL's has come to. */
CY_MUST_CHECK int cyi_tls_code(struct cyi_tls *tls, int result);
/* Memory for what comes, as large as what is wanted of it; it is empty. -ENOMEM. */
CY_MUST_CHECK int cyi_tls_provide(struct cyi_tls *tls, size_t wanted);
/* The bytes that wolfSSL is to read next; it has taken all before. */
static inline void
cyi_tls_lend(struct cyi_tls *tls, const uint8_t *bytes, size_t size)
{
    tls->in = bytes;
    tls->in_size = size;
}

/*
 * tls_device.c: what wolfSSL asks back for: random bytes and AES-GCM. Its callback is of the
 * process and is not told for which session it is called, so each thread notes it.
 */
enum { CYI_TLS_DEVICE = 0x6379636f };
void cyi_tls_device_install(void);
void cyi_tls_enter(struct cyi_tls *tls);
void cyi_tls_leave(void);

#endif
