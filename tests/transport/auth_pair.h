/* auth_pair.h - two ends of a connection that shake hands in memory, for tests. */
#ifndef AUTH_PAIR_H
#define AUTH_PAIR_H

#include "auth.h"

enum { AUTH_PAIR_ALICE = 0xa1, AUTH_PAIR_BOB = 0xb0 };

struct auth_pair {
    struct cyi_auth dialer, acceptor;
    uint8_t hello[CYI_AUTH_HELLO_BYTES];
    uint8_t challenge[CYI_AUTH_CHALLENGE_BYTES];
    uint8_t proof[CYI_AUTH_PROOF_BYTES];
};

/* Core 3 of a node whose incarnation is this byte, again and again. */
struct cyi_auth_identity auth_pair_identity(uint8_t byte);

/* A cheap set; the list ends with NULL. */
struct cyi_secrets *auth_pair_secrets(const char *const *passwords);
#define AUTH_PAIR_SECRETS(...) auth_pair_secrets((const char *const[]){__VA_ARGS__, NULL})

/* Alice dials Bob; what is random comes of the seed. */
void auth_pair_init(struct auth_pair *pair, const struct cyi_secrets *dialer,
                    const struct cyi_secrets *acceptor, uint64_t seed);

/* Each step takes the message from the pair and leaves its own there. */
int auth_pair_challenge(struct auth_pair *pair);
int auth_pair_proof(struct auth_pair *pair);
int auth_pair_finish(struct auth_pair *pair);

/* All of them; the first error. */
int auth_pair_run(struct auth_pair *pair);

#endif
