/* secret.c - the keys that come of a shared secret, and what is signed with them. */
#include "secret.h"
#include "secret_set.h"
#include <stdlib.h>
#include <string.h>

/* Not a secret: it keeps tables of other programs' passwords from being of use here. */
#define SALT "cycos-v1"

int
cyi_secrets_create(struct cyi_secrets **out)
{
    struct cyi_secrets *secrets = calloc(1, sizeof *secrets);
    if (secrets == NULL)
        return -ENOMEM;
    *out = secrets;
    return 0;
}

void
cyi_secrets_free(struct cyi_secrets **secrets)
{
    if (*secrets == NULL)
        return;
    explicit_bzero(*secrets, sizeof **secrets);
    free(*secrets);
    *secrets = NULL;
}

static void
derive(void *out, size_t size, const uint8_t master[CYI_CRYPTO_KEY], const char *purpose)
{
    struct cyi_hkdf in = {.key = {master, CYI_CRYPTO_KEY}, .info = {purpose, strlen(purpose)}};
    cyi_crypto_hkdf(out, size, &in);
}

/* One key for each purpose: what is learnt of one says nothing about the others. */
static int
derive_all(struct cyi_secret *out, struct cyi_bytes password, int cost_log2)
{
    uint8_t master[CYI_CRYPTO_KEY];
    struct cyi_scrypt in = {.password = password,
                            .salt = {SALT, strlen(SALT)},
                            .cost_log2 = cost_log2,
                            .r = 8,
                            .p = 1};
    int rc = cyi_crypto_scrypt(master, sizeof master, &in);
    if (rc != 0)
        return rc;
    derive(out->key_id, sizeof out->key_id, master, SALT " id");
    derive(out->udp_key, sizeof out->udp_key, master, SALT " udp");
    derive(out->tcp_key, sizeof out->tcp_key, master, SALT " tcp");
    explicit_bzero(master, sizeof master);
    return 0;
}

int
cyi_secrets_add(struct cyi_secrets *secrets, struct cyi_bytes password, int cost_log2)
{
    struct cyi_secret derived;
    if (password.size == 0)
        return -EINVAL;
    int rc = derive_all(&derived, password, cost_log2);
    if (rc == 0 && cyi_secrets_find(secrets, derived.key_id) == NULL) {
        if (secrets->count == CYI_SECRETS_MAX) {
            rc = -E2BIG;
        } else {
            secrets->items[secrets->count++] = derived;
            secrets->weak |= password.size < CYI_SECRET_BYTES_GOOD;
        }
    }
    explicit_bzero(&derived, sizeof derived);
    return rc;
}

int
cyi_secrets_make(struct cyi_secrets **out, const char *const *passwords, uint32_t count,
                 int cost_log2)
{
    struct cyi_secrets *secrets;
    int rc = cyi_secrets_create(&secrets);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct cyi_bytes password = {passwords[i], strlen(passwords[i])};
        rc = cyi_secrets_add(secrets, password, cost_log2);
        if (rc != 0)
            cyi_secrets_free(&secrets);
    }
    if (rc == 0)
        *out = secrets;
    return rc;
}

uint32_t
cyi_secrets_count(const struct cyi_secrets *secrets)
{
    return secrets->count;
}

bool
cyi_secrets_weak(const struct cyi_secrets *secrets)
{
    return secrets->weak;
}

const struct cyi_secret *
cyi_secrets_at(const struct cyi_secrets *secrets, uint32_t index)
{
    CY_ASSERT(index < secrets->count);
    return &secrets->items[index];
}

const struct cyi_secret *
cyi_secrets_find(const struct cyi_secrets *secrets, const uint8_t key_id[CYI_KEY_ID])
{
    for (uint32_t i = 0; i < secrets->count; i++) {
        if (memcmp(secrets->items[i].key_id, key_id, CYI_KEY_ID) == 0)
            return &secrets->items[i];
    }
    return NULL;
}

static void
mac_of(uint8_t out[CYI_CRYPTO_HASH], const struct cyi_secret *secret, struct cyi_bytes data)
{
    cyi_crypto_hmac(out, (struct cyi_bytes){secret->udp_key, CYI_CRYPTO_KEY}, data);
}

void
cyi_secrets_sign(const struct cyi_secrets *secrets, uint8_t mac[CYI_MAC],
                 uint8_t key_id[CYI_KEY_ID], const void *data, size_t size)
{
    memset(mac, 0, CYI_MAC);
    memset(key_id, 0, CYI_KEY_ID);
    if (secrets->count == 0)
        return;
    uint8_t whole[CYI_CRYPTO_HASH];
    mac_of(whole, &secrets->items[0], (struct cyi_bytes){data, size});
    memcpy(mac, whole, CYI_MAC);
    memcpy(key_id, secrets->items[0].key_id, CYI_KEY_ID);
}

bool
cyi_secrets_check(const struct cyi_secrets *secrets, const uint8_t mac[CYI_MAC],
                  const uint8_t key_id[CYI_KEY_ID], const void *data, size_t size)
{
    static const uint8_t zero[CYI_MAC];
    if (secrets->count == 0)
        return cyi_crypto_equal(mac, zero, CYI_MAC) &&
               cyi_crypto_equal(key_id, zero, CYI_KEY_ID);
    const struct cyi_secret *secret = cyi_secrets_find(secrets, key_id);
    if (secret == NULL)
        return false;
    uint8_t whole[CYI_CRYPTO_HASH];
    mac_of(whole, secret, (struct cyi_bytes){data, size});
    return cyi_crypto_equal(mac, whole, CYI_MAC);
}
