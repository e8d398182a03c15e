/*
 * auth.c - the handshake of a connection: who is there, and do we share a secret?
 *
 * Properties, and what each rests on:
 * - nobody passes without the secret: both prove it by a MAC over the transcript, which holds
 *   the fresh nonces of both, so that no message of another connection is of use;
 * - no side is answered with its own words: a MAC begins with a byte for what it proves;
 * - nothing can be changed on the way: the transcript is every byte before the proofs;
 * - who learns the secret later cannot read what was recorded: the keys come of X25519 as well;
 * - a stranger costs little: without a MAC under its hello there is no X25519, and until its
 *   proof there is no shared secret.
 */
#include "auth.h"
#include "wire.h"
#include <errno.h>
#include <string.h>

/* Where things stand. HELLO and CHALLENGE agree in what both have. */
enum {
    AT_VERSION = 4,
    AT_TYPE = 5,
    AT_FLAGS = 6,
    AT_EXTRA = 7, /* HELLO: count of keys; CHALLENGE: why it is refused */
    AT_INCARNATION = 8,
    AT_CORE = 24,
    AT_EXPECTED_CORE = 26, /* HELLO */
    AT_EXPECTED_TAG = 28,  /* HELLO */
    AT_NONCE = 32,
    AT_POINT = 64,
    AT_KEY_IDS = 96, /* HELLO */
    AT_MACS = 160,   /* HELLO */
    AT_KEY_ID = 96,  /* CHALLENGE */
    AT_PROOF = 104,  /* CHALLENGE */
    AT_LAST_PROOF = 8,
};
_Static_assert(AT_MACS == AT_KEY_IDS + CYI_SECRETS_MAX * CYI_KEY_ID, "HELLO");
_Static_assert(CYI_AUTH_HELLO_BYTES == AT_MACS + CYI_SECRETS_MAX * CYI_MAC, "HELLO");
_Static_assert(CYI_AUTH_CHALLENGE_BYTES == AT_PROOF + CYI_CRYPTO_HASH, "CHALLENGE");
_Static_assert(CYI_AUTH_PROOF_BYTES == AT_LAST_PROOF + CYI_CRYPTO_HASH, "PROOF");

enum type { HELLO = 1, CHALLENGE = 2, PROOF = 3 };
enum { SECURED = 1 };
enum purpose { FOR_HELLO = 0, FOR_ACCEPTOR = 1, FOR_DIALER = 2 };

/* What a refusal says, and what it means to the dialer. */
static const struct reason {
    uint8_t byte;
    int said, heard;
} reasons[] = {
    {1, CY_EVERSION, CY_EVERSION}, {2, CY_EOPEN, CY_ESECRET}, {3, CY_ESECRET, CY_EOPEN},
    {4, CY_EAUTH, CY_EAUTH},       {5, -EBUSY, -EBUSY},       {6, CY_ETLS, CY_EPLAIN},
    {7, CY_EPLAIN, CY_ETLS},
};
enum { REASONS = sizeof reasons / sizeof *reasons, OTHER_REASON = 255 };

static const uint8_t magic[4] = {'C', 'Y', 'C', 'O'};

void
cyi_auth_init(struct cyi_auth *auth, enum cyi_auth_role role, const struct cyi_secrets *secrets,
              const struct cyi_auth_identity *self, const uint8_t random[CYI_AUTH_RANDOM_BYTES])
{
    memset(auth, 0, sizeof *auth);
    auth->role = role;
    auth->secrets = secrets;
    auth->secured = cyi_secrets_count(secrets) > 0;
    auth->self = *self;
    if (auth->secured) {
        memcpy(auth->nonce, random, sizeof auth->nonce);
        memcpy(auth->private_key, random + sizeof auth->nonce, sizeof auth->private_key);
    }
}

void
cyi_auth_fini(struct cyi_auth *auth)
{
    explicit_bzero(auth, sizeof *auth);
}

uint32_t
cyi_auth_tag(const uint8_t incarnation[CYI_AUTH_INCARNATION])
{
    return cyi_get32(incarnation);
}

void
cyi_auth_expect(struct cyi_auth *auth, uint32_t tag, uint16_t core)
{
    CY_ASSERT(auth->role == CYI_AUTH_DIALER && auth->state == CYI_AUTH_START);
    auth->expected_tag = tag;
    auth->expected_core = tag != 0 ? core : 0;
}

void
cyi_auth_bind(struct cyi_auth *auth, const uint8_t binding[CYI_AUTH_BINDING])
{
    CY_ASSERT(auth->state == CYI_AUTH_START);
    auth->bound = true;
    memcpy(auth->binding, binding, sizeof auth->binding);
}

/* Of what was said, and of the tunnel through which it was said. */
static void
hash_said(uint8_t out[CYI_CRYPTO_HASH], const struct cyi_auth *auth, const uint8_t *said,
          size_t size)
{
    uint8_t text[CYI_AUTH_HELLO_BYTES + AT_PROOF + CYI_AUTH_BINDING];
    CY_ASSERT(size <= sizeof text - CYI_AUTH_BINDING);
    memcpy(text, said, size);
    if (auth->bound) {
        memcpy(text + size, auth->binding, CYI_AUTH_BINDING);
        size += CYI_AUTH_BINDING;
    }
    cyi_crypto_sha256(out, (struct cyi_bytes){text, size});
    explicit_bzero(text, sizeof text);
}

const struct cyi_auth_identity *
cyi_auth_peer(const struct cyi_auth *auth)
{
    CY_ASSERT(auth->state == CYI_AUTH_DONE || auth->state == CYI_AUTH_STRANGER);
    return &auth->peer;
}

static void
put_head(uint8_t *out, enum type type, bool secured, uint8_t extra)
{
    memcpy(out, magic, sizeof magic);
    out[AT_VERSION] = CYI_WIRE_VERSION;
    out[AT_TYPE] = (uint8_t) type;
    out[AT_FLAGS] = secured ? SECURED : 0;
    out[AT_EXTRA] = extra;
}

static int
check_head(const uint8_t *in, enum type type)
{
    if (memcmp(in, magic, sizeof magic) != 0)
        return -EPROTO;
    if (in[AT_VERSION] != CYI_WIRE_VERSION)
        return CY_EVERSION;
    return in[AT_TYPE] == type && (in[AT_FLAGS] & ~SECURED) == 0 ? 0 : -EPROTO;
}

/* Both have a secret, or neither. */
static int
check_secured(const struct cyi_auth *auth, const uint8_t *in)
{
    bool secured = (in[AT_FLAGS] & SECURED) != 0;
    if (secured == auth->secured)
        return 0;
    return secured ? CY_ESECRET : CY_EOPEN;
}

int
cyi_auth_check_head(const struct cyi_auth *auth, const uint8_t head[CYI_AUTH_HEAD_BYTES])
{
    if (auth->role == CYI_AUTH_DIALER)
        return check_head(head, CHALLENGE);
    return check_head(head, auth->state == CYI_AUTH_START ? HELLO : PROOF);
}

/* What HELLO and CHALLENGE have in common. */
static void
put_self(uint8_t *out, const struct cyi_auth *auth)
{
    memcpy(out + AT_INCARNATION, auth->self.incarnation, CYI_AUTH_INCARNATION);
    cyi_put16(out + AT_CORE, auth->self.core);
    if (!auth->secured)
        return;
    memcpy(out + AT_NONCE, auth->nonce, sizeof auth->nonce);
    cyi_crypto_x25519_public(out + AT_POINT, auth->private_key);
}

static void
get_peer(struct cyi_auth *auth, const uint8_t *in)
{
    memcpy(auth->peer.incarnation, in + AT_INCARNATION, CYI_AUTH_INCARNATION);
    auth->peer.core = cyi_get16(in + AT_CORE);
    memcpy(auth->peer_point, in + AT_POINT, CYI_CRYPTO_POINT);
}

/* HMAC-SHA256 with the TCP key, over a byte for the purpose and a hash. */
static void
put_mac(uint8_t out[CYI_CRYPTO_HASH], const struct cyi_secret *secret, enum purpose purpose,
        const uint8_t hash[CYI_CRYPTO_HASH])
{
    uint8_t text[1 + CYI_CRYPTO_HASH];
    text[0] = (uint8_t) purpose;
    memcpy(text + 1, hash, CYI_CRYPTO_HASH);
    cyi_crypto_hmac(out, (struct cyi_bytes){secret->tcp_key, CYI_CRYPTO_KEY},
                    (struct cyi_bytes){text, sizeof text});
}

static bool
is_mac(const uint8_t *in, size_t size, const struct cyi_secret *secret, enum purpose purpose,
       const uint8_t hash[CYI_CRYPTO_HASH])
{
    uint8_t mac[CYI_CRYPTO_HASH];
    put_mac(mac, secret, purpose, hash);
    return cyi_crypto_equal(in, mac, size);
}

/* One MAC for each secret, as the dialer does not know which of them the acceptor has. */
static void
put_hello_keys(uint8_t *out, const struct cyi_auth *auth)
{
    const struct cyi_secrets *secrets = auth->secrets;
    uint8_t hash[CYI_CRYPTO_HASH], mac[CYI_CRYPTO_HASH];
    uint8_t *key_id = out + AT_KEY_IDS, *at = out + AT_MACS;
    uint32_t count = cyi_secrets_count(secrets);
    for (uint32_t i = 0; i < count; i++, key_id += CYI_KEY_ID)
        memcpy(key_id, cyi_secrets_at(secrets, i)->key_id, CYI_KEY_ID);
    hash_said(hash, auth, out, AT_MACS);
    for (uint32_t i = 0; i < count; i++, at += CYI_MAC) {
        put_mac(mac, cyi_secrets_at(secrets, i), FOR_HELLO, hash);
        memcpy(at, mac, CYI_MAC);
    }
}

void
cyi_auth_hello(struct cyi_auth *auth, uint8_t out[CYI_AUTH_HELLO_BYTES])
{
    CY_ASSERT(auth->role == CYI_AUTH_DIALER && auth->state == CYI_AUTH_START);
    uint8_t *hello = auth->said;
    put_head(hello, HELLO, auth->secured, (uint8_t) cyi_secrets_count(auth->secrets));
    put_self(hello, auth);
    cyi_put16(hello + AT_EXPECTED_CORE, auth->expected_core);
    cyi_put32(hello + AT_EXPECTED_TAG, auth->expected_tag);
    if (auth->secured)
        put_hello_keys(hello, auth);
    memcpy(out, hello, CYI_AUTH_HELLO_BYTES);
    auth->state = CYI_AUTH_WAITS;
}

static bool
is_zero(const uint8_t *in, size_t size)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= in[i];
    return bits == 0;
}

/* The dialer's first secret that is ours too. Its MAC comes before all that costs more. */
static int
choose_secret(struct cyi_auth *auth, const uint8_t *hello)
{
    uint8_t hash[CYI_CRYPTO_HASH];
    const struct cyi_secret *secret = NULL;
    size_t count = hello[AT_EXTRA], i;
    for (i = 0; i < count && secret == NULL; i++)
        secret = cyi_secrets_find(auth->secrets, hello + AT_KEY_IDS + i * CYI_KEY_ID);
    if (secret == NULL)
        return CY_EAUTH;
    hash_said(hash, auth, hello, AT_MACS);
    if (!is_mac(hello + AT_MACS + (i - 1) * CYI_MAC, CYI_MAC, secret, FOR_HELLO, hash))
        return CY_EAUTH;
    auth->secret = secret;
    return 0;
}

/* Places that are not used hold zeros, so that a message has one form only. */
static int
check_hello(struct cyi_auth *auth, const uint8_t *in)
{
    int rc = check_head(in, HELLO);
    if (rc == 0)
        rc = check_secured(auth, in);
    if (rc != 0)
        return rc;
    size_t count = in[AT_EXTRA];
    if (count > CYI_SECRETS_MAX || (count > 0) != auth->secured)
        return -EPROTO;
    if (!is_zero(in + AT_KEY_IDS + count * CYI_KEY_ID,
                 (CYI_SECRETS_MAX - count) * CYI_KEY_ID) ||
        !is_zero(in + AT_MACS + count * CYI_MAC, (CYI_SECRETS_MAX - count) * CYI_MAC))
        return -EPROTO;
    if (!auth->secured)
        return is_zero(in + AT_NONCE, AT_KEY_IDS - AT_NONCE) ? 0 : -EPROTO;
    return choose_secret(auth, in);
}

static int
failed(struct cyi_auth *auth, int code)
{
    auth->state = CYI_AUTH_FAILED;
    return code;
}

/* Ends the transcript: the hello, then the challenge up to its proof. */
static void
end_transcript(struct cyi_auth *auth)
{
    hash_said(auth->transcript, auth, auth->said, CYI_AUTH_HELLO_BYTES + AT_PROOF);
}

int
cyi_auth_challenge(struct cyi_auth *auth, const uint8_t in[CYI_AUTH_HELLO_BYTES],
                   uint8_t out[CYI_AUTH_CHALLENGE_BYTES])
{
    CY_ASSERT(auth->role == CYI_AUTH_ACCEPTOR && auth->state == CYI_AUTH_START);
    int rc = check_hello(auth, in);
    if (rc != 0)
        return failed(auth, rc);
    get_peer(auth, in);
    auth->expected_core = cyi_get16(in + AT_EXPECTED_CORE);
    auth->expected_tag = cyi_get32(in + AT_EXPECTED_TAG);
    memcpy(auth->said, in, CYI_AUTH_HELLO_BYTES);
    uint8_t *challenge = auth->said + CYI_AUTH_HELLO_BYTES;
    put_head(challenge, CHALLENGE, auth->secured, 0);
    put_self(challenge, auth);
    if (auth->secured) {
        memcpy(challenge + AT_KEY_ID, auth->secret->key_id, CYI_KEY_ID);
        end_transcript(auth);
        put_mac(challenge + AT_PROOF, auth->secret, FOR_ACCEPTOR, auth->transcript);
    }
    memcpy(out, challenge, CYI_AUTH_CHALLENGE_BYTES);
    auth->state = CYI_AUTH_WAITS;
    return 0;
}

void
cyi_auth_refuse(uint8_t out[CYI_AUTH_CHALLENGE_BYTES], int code)
{
    uint8_t byte = OTHER_REASON;
    for (int i = 0; i < REASONS; i++)
        byte = reasons[i].said == code ? reasons[i].byte : byte;
    memset(out, 0, CYI_AUTH_CHALLENGE_BYTES);
    put_head(out, CHALLENGE, false, byte);
}

static int
refusal(uint8_t byte)
{
    for (int i = 0; i < REASONS; i++) {
        if (reasons[i].byte == byte)
            return reasons[i].heard;
    }
    return -ECONNREFUSED;
}

static int
check_challenge_open(const uint8_t *in)
{
    return is_zero(in + AT_NONCE, CYI_AUTH_CHALLENGE_BYTES - AT_NONCE) ? 0 : -EPROTO;
}

static int
check_challenge_secured(struct cyi_auth *auth, const uint8_t *in)
{
    auth->secret = cyi_secrets_find(auth->secrets, in + AT_KEY_ID);
    if (auth->secret == NULL)
        return CY_EAUTH;
    memcpy(auth->said + CYI_AUTH_HELLO_BYTES, in, CYI_AUTH_CHALLENGE_BYTES);
    end_transcript(auth);
    bool proved =
        is_mac(in + AT_PROOF, CYI_CRYPTO_HASH, auth->secret, FOR_ACCEPTOR, auth->transcript);
    return proved ? 0 : CY_EAUTH;
}

static int
check_challenge(struct cyi_auth *auth, const uint8_t *in)
{
    int rc = check_head(in, CHALLENGE);
    if (rc != 0)
        return rc;
    if (in[AT_EXTRA] != 0)
        return refusal(in[AT_EXTRA]);
    rc = check_secured(auth, in);
    if (rc != 0)
        return rc;
    if (!is_zero(in + AT_EXPECTED_CORE, AT_NONCE - AT_EXPECTED_CORE))
        return -EPROTO;
    return auth->secured ? check_challenge_secured(auth, in) : check_challenge_open(in);
}

/* One key for each direction, so that no frame can be sent back to whom it came from. */
static int
make_seals(struct cyi_auth *auth)
{
    uint8_t secret[CYI_CRYPTO_POINT + CYI_CRYPTO_KEY];
    struct {
        uint8_t key[CYI_CRYPTO_KEY], nonce[CYI_CRYPTO_NONCE];
    } keys[2]; /* of what the dialer and what the acceptor sends */
    static const char purpose[] = "cycos-v1 session";
    bool good = cyi_crypto_x25519(secret, auth->private_key, auth->peer_point);
    memcpy(secret + CYI_CRYPTO_POINT, auth->secret->tcp_key, CYI_CRYPTO_KEY);
    struct cyi_hkdf in = {.key = {secret, sizeof secret},
                          .salt = {auth->transcript, sizeof auth->transcript},
                          .info = {purpose, sizeof purpose - 1}};
    cyi_crypto_hkdf(keys, sizeof keys, &in);
    struct cyi_seal *seals[2] = {&auth->send, &auth->receive};
    for (int i = 0; good && i < 2; i++) {
        struct cyi_seal *seal = seals[auth->role == CYI_AUTH_DIALER ? i : 1 - i];
        memcpy(seal->key, keys[i].key, sizeof seal->key);
        memcpy(seal->nonce, keys[i].nonce, sizeof seal->nonce);
    }
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(keys, sizeof keys);
    explicit_bzero(auth->private_key, sizeof auth->private_key);
    return good ? 0 : -EPROTO;
}

static bool
is_expected(const struct cyi_auth *auth, const struct cyi_auth_identity *acceptor)
{
    return auth->expected_tag == 0 ||
           (auth->expected_tag == cyi_auth_tag(acceptor->incarnation) &&
            auth->expected_core == acceptor->core);
}

/* The proofs are good; is it whom the dialer wanted? */
static int
arrive(struct cyi_auth *auth)
{
    const struct cyi_auth_identity *acceptor =
        auth->role == CYI_AUTH_DIALER ? &auth->peer : &auth->self;
    int rc = auth->secured && !auth->bound ? make_seals(auth) : 0;
    if (rc != 0)
        return failed(auth, rc);
    auth->state = CYI_AUTH_STRANGER;
    if (memcmp(auth->peer.incarnation, auth->self.incarnation, CYI_AUTH_INCARNATION) == 0)
        return CY_ESELF;
    if (!is_expected(auth, acceptor))
        return -ESRCH;
    auth->state = CYI_AUTH_DONE;
    return 0;
}

int
cyi_auth_proof(struct cyi_auth *auth, const uint8_t in[CYI_AUTH_CHALLENGE_BYTES],
               uint8_t out[CYI_AUTH_PROOF_BYTES])
{
    CY_ASSERT(auth->role == CYI_AUTH_DIALER && auth->state == CYI_AUTH_WAITS);
    int rc = check_challenge(auth, in);
    if (rc != 0)
        return failed(auth, rc);
    get_peer(auth, in);
    rc = arrive(auth);
    if (rc != 0)
        return rc;
    memset(out, 0, CYI_AUTH_PROOF_BYTES);
    put_head(out, PROOF, auth->secured, 0);
    if (auth->secured)
        put_mac(out + AT_LAST_PROOF, auth->secret, FOR_DIALER, auth->transcript);
    return 0;
}

static int
check_proof(const struct cyi_auth *auth, const uint8_t *in)
{
    int rc = check_head(in, PROOF);
    if (rc != 0)
        return rc;
    if (in[AT_FLAGS] != (auth->secured ? SECURED : 0) || in[AT_EXTRA] != 0)
        return -EPROTO;
    const uint8_t *proof = in + AT_LAST_PROOF;
    if (!auth->secured)
        return is_zero(proof, CYI_CRYPTO_HASH) ? 0 : -EPROTO;
    return is_mac(proof, CYI_CRYPTO_HASH, auth->secret, FOR_DIALER, auth->transcript)
               ? 0
               : CY_EAUTH;
}

int
cyi_auth_finish(struct cyi_auth *auth, const uint8_t in[CYI_AUTH_PROOF_BYTES])
{
    CY_ASSERT(auth->role == CYI_AUTH_ACCEPTOR && auth->state == CYI_AUTH_WAITS);
    int rc = check_proof(auth, in);
    return rc != 0 ? failed(auth, rc) : arrive(auth);
}
