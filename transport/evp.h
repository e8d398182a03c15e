/*
 * evp.h - the functions of libcrypto that we call, loaded when the first of them is needed.
 *
 * A node without TLS never needs them, and linked in they would cost it a quarter of its
 * memory and a third of its start: 1.4 MB of symbols, relocations and code.
 */
#ifndef CYI_EVP_H
#define CYI_EVP_H

#include <openssl/evp.h>

#define CYI_EVP_FUNCTIONS(F) \
    F(EVP_CIPHER_CTX_new)    \
    F(EVP_CIPHER_CTX_free)   \
    F(EVP_CIPHER_CTX_ctrl)   \
    F(EVP_CipherInit_ex)     \
    F(EVP_CipherUpdate)      \
    F(EVP_CipherFinal_ex)    \
    F(EVP_aes_128_gcm)       \
    F(EVP_aes_256_gcm)

/* clang-format off */
#define CYI_EVP_MEMBER(name) __typeof__(name) *name;
/* clang-format on */

/* Each under its own name. */
struct cyi_evp {
    CYI_EVP_FUNCTIONS(CYI_EVP_MEMBER)
};

/*
 * The library, or NULL when this host has none of the version that we were built for. The
 * first call of a process reads files: not on a core that turns. On any thread.
 */
const struct cyi_evp *cyi_evp(void);

#endif
