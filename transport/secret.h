/* secret.h - the shared secrets of a node, and what is signed with them. */
#ifndef CYI_SECRET_H
#define CYI_SECRET_H

#include "crypto.h"
#include <cycos/options.h>

/*
 * The first secret signs, all of them are accepted: so a cluster changes its secret without a
 * moment in which two nodes do not understand each other. A set without secrets is open:
 * whoever reaches the port may join.
 *
 * Nothing changes after loading; every core of a node reads the same set.
 */
struct cyi_secrets;

enum {
    CYI_SECRETS_MAX = 8,
    CYI_SECRET_BYTES_MAX = 4096, /* of one, with its newline */
    CYI_SECRET_BYTES_GOOD = 16,  /* shorter ones can be guessed */
    CYI_SECRET_COST_LOG2 = 14,   /* of scrypt: 16 MiB and some 40 ms for each secret */
    CYI_KEY_ID = 8,              /* bytes */
    CYI_MAC = 16,                /* bytes */
};

/* What comes of one secret. */
struct cyi_secret {
    uint8_t key_id[CYI_KEY_ID]; /* not secret: tells others which one is meant; never zero */
    uint8_t udp_key[CYI_CRYPTO_KEY];
    uint8_t tcp_key[CYI_CRYPTO_KEY];
};

/*
 * Reads the files of options->secret_file in their order, then the environment variable
 * CYCOS_SECRET; never an argument of the program, which everybody on the host can read. A
 * newline at the end does not count; a secret that is given twice counts once. Neither: an
 * open set.
 *
 * On failure `why` says in one line which source is wrong and how to mend it. -EACCES the file
 * is open to others or closed to us, -EINVAL it is no file, or empty, -EFBIG, -E2BIG too many,
 * -ENOENT... from opening and reading, -ENOMEM.
 *
 * Blocks: for some 40 ms for each secret.
 */
CY_MUST_CHECK int cyi_secrets_load(struct cyi_secrets **out, const struct cy_options *options,
                                   char *why, size_t why_size);

/* The same of passwords in memory, as cheap as a test wants it. -EINVAL, -E2BIG, -ENOMEM. */
CY_MUST_CHECK int cyi_secrets_make(struct cyi_secrets **out, const char *const *passwords,
                                   uint32_t count, int cost_log2);

/* Wipes the keys. Takes NULL. */
void cyi_secrets_free(struct cyi_secrets **secrets);

uint32_t cyi_secrets_count(const struct cyi_secrets *secrets);

/* Is one of them shorter than CYI_SECRET_BYTES_GOOD? */
bool cyi_secrets_weak(const struct cyi_secrets *secrets);

/* The secret at `index`, which is less than the count. */
const struct cyi_secret *cyi_secrets_at(const struct cyi_secrets *secrets, uint32_t index);

/* The secret of that id; NULL: none. */
const struct cyi_secret *cyi_secrets_find(const struct cyi_secrets *secrets,
                                          const uint8_t key_id[CYI_KEY_ID]);

/* Of a datagram: with the first secret. An open set gives zeros. */
void cyi_secrets_sign(const struct cyi_secrets *secrets, uint8_t mac[CYI_MAC],
                      uint8_t key_id[CYI_KEY_ID], const void *data, size_t size);

/*
 * Was it signed with one of ours? What has another key id costs next to nothing. An open set
 * takes zeros only, and no other set takes them.
 */
CY_MUST_CHECK bool cyi_secrets_check(const struct cyi_secrets *secrets,
                                     const uint8_t mac[CYI_MAC],
                                     const uint8_t key_id[CYI_KEY_ID], const void *data,
                                     size_t size);

#endif
