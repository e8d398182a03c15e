/* auth.h - the handshake of a connection: who is there, and do we share a secret? */
#ifndef CYI_AUTH_H
#define CYI_AUTH_H

#include "seal.h"
#include "secret.h"

/*
 * Three messages of fixed size, described byte by byte in wire.md:
 *
 *     dialer                                 acceptor
 *     cyi_auth_hello      --- HELLO ------>  cyi_auth_challenge
 *     cyi_auth_proof      <-- CHALLENGE ---
 *                         --- PROOF ------>  cyi_auth_finish
 *
 * With a secret each side proves that it has it, for this connection only: random bytes,
 * one-time keys and names of both sides are under the proof. Both end with the same keys, one
 * for each direction, which nobody learns later who learns the secret then. Without a secret
 * the messages are the same with zeros in these places, and cost next to nothing.
 *
 * After an error the connection is closed; an acceptor may say why first, by
 * cyi_auth_refuse(). Calls out of order are the caller's bug.
 */
enum {
    CYI_AUTH_HEAD_BYTES = 8, /* the beginning of each */
    CYI_AUTH_HELLO_BYTES = 288,
    CYI_AUTH_CHALLENGE_BYTES = 136,
    CYI_AUTH_PROOF_BYTES = 40,

    CYI_AUTH_INCARNATION = 16,
    CYI_AUTH_RANDOM_BYTES = 64,
    CYI_AUTH_BINDING = 32,
};

struct cyi_auth_identity {
    uint8_t incarnation[CYI_AUTH_INCARNATION];
    uint16_t core;
};

enum cyi_auth_role { CYI_AUTH_DIALER, CYI_AUTH_ACCEPTOR };

enum cyi_auth_state {
    CYI_AUTH_START,
    CYI_AUTH_WAITS, /* has sent, expects the answer */
    CYI_AUTH_DONE,
    CYI_AUTH_STRANGER, /* succeeded, but with another node than was wanted */
    CYI_AUTH_FAILED,
};

struct cyi_auth {
    enum cyi_auth_role role;
    enum cyi_auth_state state;
    bool secured; /* both prove that they have a secret; unless bound, frames must be sealed */
    bool bound;   /* to a tunnel, by `binding` */
    uint16_t expected_core;
    uint32_t expected_tag;
    const struct cyi_secrets *secrets;
    const struct cyi_secret *secret; /* the one that both sides have */
    struct cyi_auth_identity self, peer;
    uint8_t binding[CYI_AUTH_BINDING];
    uint8_t nonce[CYI_CRYPTO_HASH];
    uint8_t private_key[CYI_CRYPTO_KEY];
    uint8_t peer_point[CYI_CRYPTO_POINT];
    uint8_t said[CYI_AUTH_HELLO_BYTES + CYI_AUTH_CHALLENGE_BYTES];
    uint8_t transcript[CYI_CRYPTO_HASH]; /* of all that was said before the first proof */
    struct cyi_seal send, receive;       /* once it is done, if secured */
};

/*
 * `random` is fresh and never used again; an open set does not look at it. The secrets stay
 * the caller's, and stay as they are until cyi_auth_fini().
 */
void cyi_auth_init(struct cyi_auth *auth, enum cyi_auth_role role,
                   const struct cyi_secrets *secrets, const struct cyi_auth_identity *self,
                   const uint8_t random[CYI_AUTH_RANDOM_BYTES]);

/* Wipes it. */
void cyi_auth_fini(struct cyi_auth *auth);

/* The first 32 bits of an incarnation, as in references. */
uint32_t cyi_auth_tag(const uint8_t incarnation[CYI_AUTH_INCARNATION]);

/*
 * First of all: the messages go through a tunnel, of which only its two ends know these bytes.
 * Proofs are good for the two ends of one tunnel then, and there are no seals, as the tunnel
 * is one.
 */
void cyi_auth_bind(struct cyi_auth *auth, const uint8_t binding[CYI_AUTH_BINDING]);

/* Before the hello: whom the dialer wants to reach. Tag 0, as without this call: anybody. */
void cyi_auth_expect(struct cyi_auth *auth, uint32_t tag, uint16_t core);

/*
 * The beginning of what comes, before the rest is there, so that what is no peer is sent away
 * at once. 0, -EPROTO not a cycos peer, CY_EVERSION one of another version.
 */
CY_MUST_CHECK int cyi_auth_check_head(const struct cyi_auth *auth,
                                      const uint8_t head[CYI_AUTH_HEAD_BYTES]);

void cyi_auth_hello(struct cyi_auth *auth, uint8_t out[CYI_AUTH_HELLO_BYTES]);

/*
 * All three: -EPROTO not a cycos peer, or a broken one; CY_EVERSION; CY_EAUTH it does not have
 * our secret; CY_EOPEN it has none, but we do; CY_ESECRET it has one, but we do not.
 *
 * The challenge: nothing proves yet who the dialer is, only that its hello was once made by
 * somebody with the secret.
 */
CY_MUST_CHECK int cyi_auth_challenge(struct cyi_auth *auth,
                                     const uint8_t in[CYI_AUTH_HELLO_BYTES],
                                     uint8_t out[CYI_AUTH_CHALLENGE_BYTES]);

/*
 * The dialer knows the acceptor now, and the acceptor will know the dialer. Also -ESRCH it is
 * not the one that was expected; CY_ESELF it is this node itself. In both cases
 * cyi_auth_peer() tells who it is. And what an acceptor said by cyi_auth_refuse(): a hint that
 * anybody on the way could have written.
 */
CY_MUST_CHECK int cyi_auth_proof(struct cyi_auth *auth,
                                 const uint8_t in[CYI_AUTH_CHALLENGE_BYTES],
                                 uint8_t out[CYI_AUTH_PROOF_BYTES]);
CY_MUST_CHECK int cyi_auth_finish(struct cyi_auth *auth,
                                  const uint8_t in[CYI_AUTH_PROOF_BYTES]);

/*
 * Instead of a challenge: why not. Understands what cyi_auth_challenge() returns, and -EBUSY
 * for too many connections; every other code is -ECONNREFUSED over there. CY_EOPEN and
 * CY_ESECRET are the same fact seen from the two sides and change places.
 */
void cyi_auth_refuse(uint8_t out[CYI_AUTH_CHALLENGE_BYTES], int code);

/* Who is there: after success, or -ESRCH or CY_ESELF from cyi_auth_proof(). */
const struct cyi_auth_identity *cyi_auth_peer(const struct cyi_auth *auth);

#endif
