/*
 * fuzz_handshake.c - both ends of a handshake take whatever bytes come.
 *
 * The first byte says how to read the rest: with or without a secret, and whether the bytes
 * are the messages or are xored into those of a good handshake, which gets behind the proofs.
 * With a secret, no change of a single bit may lead to success.
 */
#include "auth.h"
#include "fuzz.h"
#include <string.h>

enum { WITH_SECRET = 1, XORED = 2, CHEAP = 2 };

struct input {
    const uint8_t *at;
    size_t left;
    bool xored, changed;
};

static struct cyi_auth dialer, acceptor;

/* The next bytes of the input are the message, or change it; missing ones are zeros. */
static void
spoil(uint8_t *message, size_t size, struct input *in)
{
    size_t count = in->left < size ? in->left : size;
    if (!in->xored)
        memset(message, 0, size);
    for (size_t i = 0; i < count; i++) {
        message[i] ^= in->at[i];
        in->changed = in->changed || in->at[i] != 0;
    }
    in->at += count;
    in->left -= count;
}

static void
set_up(bool with_secret)
{
    static const char *const password[] = {"secret"};
    static struct cyi_secrets *open, *closed;
    static const struct cyi_auth_identity one = {.incarnation = {1}, .core = 1};
    static const struct cyi_auth_identity two = {.incarnation = {2}, .core = 2};
    static const uint8_t random[2][CYI_AUTH_RANDOM_BYTES] = {{1}, {2}};
    if (open == NULL) {
        CY_ASSERT(cyi_secrets_make(&open, password, 0, CHEAP) == 0);
        CY_ASSERT(cyi_secrets_make(&closed, password, 1, CHEAP) == 0);
    }
    const struct cyi_secrets *secrets = with_secret ? closed : open;
    cyi_auth_init(&dialer, CYI_AUTH_DIALER, secrets, &one, random[0]);
    cyi_auth_init(&acceptor, CYI_AUTH_ACCEPTOR, secrets, &two, random[1]);
}

static int
shake_hands(struct input *in)
{
    uint8_t hello[CYI_AUTH_HELLO_BYTES] = {0}, challenge[CYI_AUTH_CHALLENGE_BYTES] = {0};
    uint8_t proof[CYI_AUTH_PROOF_BYTES] = {0};
    cyi_auth_hello(&dialer, hello);
    spoil(hello, sizeof hello, in);
    int rc = cyi_auth_challenge(&acceptor, hello, challenge);
    if (rc != 0)
        cyi_auth_refuse(challenge, rc);
    spoil(challenge, sizeof challenge, in);
    int dialed = cyi_auth_proof(&dialer, challenge, proof);
    if (rc != 0)
        return rc;
    spoil(proof, sizeof proof, in);
    int accepted = cyi_auth_finish(&acceptor, proof);
    return dialed != 0 ? dialed : accepted;
}

static bool
same_keys(const struct cyi_seal *a, const struct cyi_seal *b)
{
    return memcmp(a->key, b->key, sizeof a->key) == 0 &&
           memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct input in = {.at = data + 1, .left = size - 1, .xored = (data[0] & XORED) != 0};
    set_up((data[0] & WITH_SECRET) != 0);
    int rc = shake_hands(&in);
    if (rc == 0 && dialer.secured)
        CY_ASSERT(same_keys(&dialer.send, &acceptor.receive) &&
                  same_keys(&acceptor.send, &dialer.receive));
    if (in.xored && !in.changed)
        CY_ASSERT(rc == 0);
    if (in.xored && in.changed && dialer.secured)
        CY_ASSERT(rc != 0);
    return 0;
}
