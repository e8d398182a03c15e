/*
 * gcm_none.c - where libcrypto was not found: TLS and seals take another cipher.
 *
 * Tests: tests/transport/test_gcm.c
 */
#include "gcm.h"

#if !CY_LIBCRYPTO

bool
cyi_gcm_available(void)
{
    return false;
}

struct cyi_gcm *
cyi_gcm_create(const uint8_t *key, size_t key_size, bool encrypt)
{
    (void) key, (void) key_size, (void) encrypt;
    return NULL;
}

void
cyi_gcm_free(struct cyi_gcm **gcm)
{
    *gcm = NULL;
}

bool
cyi_gcm_encrypt(struct cyi_gcm *gcm, const struct cyi_gcm_record *record,
                uint8_t tag[CYI_GCM_TAG])
{
    (void) gcm, (void) record, (void) tag;
    return false;
}

bool
cyi_gcm_decrypt(struct cyi_gcm *gcm, const struct cyi_gcm_record *record,
                const uint8_t tag[CYI_GCM_TAG])
{
    (void) gcm, (void) record, (void) tag;
    return false;
}

#endif
