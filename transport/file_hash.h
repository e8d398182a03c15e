/*
 * file_hash.h - the hash that says that a file has arrived as it was.
 *
 * The file is cut into leaves of CYI_FILE_LEAF bytes, the last one shorter. Its hash is SHA-256
 * of their SHA-256s, one behind the other, and of its size, 8 bytes. So a processor hashes
 * several leaves at a time, which takes half the time of one after the other.
 */
#ifndef CYI_FILE_HASH_H
#define CYI_FILE_HASH_H

#include "crypto.h"

enum {
    CYI_FILE_LEAF = 16 << 10,
    CYI_FILE_BITE = 128 << 10, /* read or written, and hashed while it is in the cache */
};

struct cyi_file_hash {
    uint64_t size; /* hashed so far */
    bool fast;
    struct cyi_crypto_hash leaf; /* the one that is not complete yet */
    struct cyi_crypto_hash tree; /* of those that are */
};

/* `fast`: by the processor's instructions; what cyi_sha256_has_instructions() says. */
void cyi_file_hash_init(struct cyi_file_hash *hash, bool fast);
void cyi_file_hash_update(struct cyi_file_hash *hash, const void *bytes, size_t size);
void cyi_file_hash_final(uint8_t out[CYI_CRYPTO_HASH], struct cyi_file_hash *hash);

#endif
