/* auth_pair.c - two ends of a connection that shake hands in memory, for tests. */
#include "auth_pair.h"
#include "cy_test.h"
#include "wire_bytes.h"

#include <string.h>

enum { CHEAP = 2, CORE = 3 };

struct cyi_auth_identity
auth_pair_identity(uint8_t byte)
{
    struct cyi_auth_identity identity = {.core = CORE};
    memset(identity.incarnation, byte, sizeof identity.incarnation);
    return identity;
}

struct cyi_secrets *
auth_pair_secrets(const char *const *passwords)
{
    struct cyi_secrets *secrets = NULL;
    uint32_t count = 0;
    while (passwords[count] != NULL)
        count++;
    CY_OK(cyi_secrets_make(&secrets, passwords, count, CHEAP));
    CU_ASSERT_PTR_NOT_NULL_FATAL(secrets);
    return secrets;
}

void
auth_pair_init(struct auth_pair *pair, const struct cyi_secrets *dialer,
               const struct cyi_secrets *acceptor, uint64_t seed)
{
    uint8_t random[2][CYI_AUTH_RANDOM_BYTES];
    struct wire_random source = {.state = seed};
    struct cyi_auth_identity alice = auth_pair_identity(AUTH_PAIR_ALICE);
    struct cyi_auth_identity bob = auth_pair_identity(AUTH_PAIR_BOB);
    wire_random_fill(&source, random, sizeof random);
    memset(pair, 0, sizeof *pair);
    cyi_auth_init(&pair->dialer, CYI_AUTH_DIALER, dialer, &alice, random[0]);
    cyi_auth_init(&pair->acceptor, CYI_AUTH_ACCEPTOR, acceptor, &bob, random[1]);
}

int
auth_pair_challenge(struct auth_pair *pair)
{
    return cyi_auth_challenge(&pair->acceptor, pair->hello, pair->challenge);
}

int
auth_pair_proof(struct auth_pair *pair)
{
    return cyi_auth_proof(&pair->dialer, pair->challenge, pair->proof);
}

int
auth_pair_finish(struct auth_pair *pair)
{
    return cyi_auth_finish(&pair->acceptor, pair->proof);
}

int
auth_pair_run(struct auth_pair *pair)
{
    cyi_auth_hello(&pair->dialer, pair->hello);
    int rc = auth_pair_challenge(pair);
    if (rc == 0)
        rc = auth_pair_proof(pair);
    if (rc == 0)
        rc = auth_pair_finish(pair);
    return rc;
}
