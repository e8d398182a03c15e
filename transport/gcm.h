/*
 * gcm.h - AES-GCM at the speed of the processor, if libcrypto is there.
 *
 * wolfSSL as Debian builds it is plain C: 190 MB/s a core, where a processor with instructions
 * for AES does gigabytes. gcm.c and evp.h alone name libcrypto.
 */
#ifndef CYI_GCM_H
#define CYI_GCM_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CYI_GCM_NONCE = 12, CYI_GCM_TAG = 16, CYI_GCM_KEY_MAX = 32 };

struct cyi_gcm;

/* Is there a library, and a processor that is good at it? The first call loads it. */
bool cyi_gcm_available(void);

/* For a key of 16 or 32 bytes and one direction; NULL without memory, or not available. */
struct cyi_gcm *cyi_gcm_create(const uint8_t *key, size_t key_size, bool encrypt);
/* Wipes it. Takes NULL. */
void cyi_gcm_free(struct cyi_gcm **gcm);

/* One record; `out` may be `in`. */
struct cyi_gcm_record {
    const uint8_t *nonce; /* CYI_GCM_NONCE bytes, never twice with a key */
    const uint8_t *header;
    size_t header_size;
    const uint8_t *in;
    uint8_t *out;
    size_t size;
};
CY_MUST_CHECK bool cyi_gcm_encrypt(struct cyi_gcm *gcm, const struct cyi_gcm_record *record,
                                   uint8_t tag[CYI_GCM_TAG]);
/* False: forged or damaged, and `out` is zeros. */
CY_MUST_CHECK bool cyi_gcm_decrypt(struct cyi_gcm *gcm, const struct cyi_gcm_record *record,
                                   const uint8_t tag[CYI_GCM_TAG]);

#endif
