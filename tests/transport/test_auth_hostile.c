#include "auth_pair.h"
#include "cy_test.h"
#include "wire.h"

#include <string.h>

enum { KEY_IDS = 96, HELLO_MACS = 160, POINT = 64, CHALLENGE_PROOF = 104, PROOF = 8 };

static struct auth_pair p, q;
static struct cyi_secrets *none, *one, *both;

static void
set_up(void)
{
    none = auth_pair_secrets((const char *const[]){NULL});
    one = AUTH_PAIR_SECRETS("one");
    both = AUTH_PAIR_SECRETS("one", "two");
}

static void
tear_down(void)
{
    cyi_secrets_free(&none);
    cyi_secrets_free(&one);
    cyi_secrets_free(&both);
}

/* A handshake in which somebody on the way changes bytes. */
struct tampering {
    int message; /* 0 hello, 1 challenge, 2 proof */
    size_t at, size;
    uint8_t mask; /* xored into a byte; 0: the bytes are zeroed */
};

static void
tamper(uint8_t *bytes, const struct tampering *t, int message)
{
    if (t->message != message)
        return;
    if (t->mask == 0)
        memset(bytes + t->at, 0, t->size);
    else
        bytes[t->at] ^= t->mask;
}

static int
run_tampered(const struct cyi_secrets *secrets, const struct tampering *t)
{
    auth_pair_init(&p, secrets, secrets, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    tamper(p.hello, t, 0);
    int rc = auth_pair_challenge(&p);
    if (rc != 0)
        return rc;
    tamper(p.challenge, t, 1);
    rc = auth_pair_proof(&p);
    if (rc != 0)
        return rc;
    tamper(p.proof, t, 2);
    return auth_pair_finish(&p);
}

static const size_t sizes[] = {CYI_AUTH_HELLO_BYTES, CYI_AUTH_CHALLENGE_BYTES,
                               CYI_AUTH_PROOF_BYTES};

static bool
is_refusal(int rc)
{
    return rc == CY_EAUTH || rc == -EPROTO || rc == CY_EVERSION || rc == CY_EOPEN ||
           rc == -ECONNREFUSED || rc == -EBUSY || rc == CY_ESECRET;
}

/* With both secrets on both sides: the dialer finds what the acceptor has not looked at. */
static void
every_changed_byte_is_noticed(void)
{
    set_up();
    const struct cyi_secrets *sets[] = {one, both};
    for (int set = 0; set < 2; set++) {
        for (int message = 0; message < 3; message++) {
            for (size_t at = 0; at < sizes[message]; at++) {
                struct tampering t = {.message = message, .at = at, .mask = 1};
                CU_ASSERT_TRUE(is_refusal(run_tampered(sets[set], &t)));
                t.mask = 0x80;
                CU_ASSERT_TRUE(is_refusal(run_tampered(sets[set], &t)));
            }
        }
    }
    tear_down();
}

static void
every_message_cut_short_is_noticed(void)
{
    set_up();
    struct tampering nothing = {.message = -1};
    CY_OK(run_tampered(both, &nothing));
    struct auth_pair whole = p;
    const uint8_t *messages[] = {whole.hello, whole.challenge, whole.proof};
    for (int message = 0; message < 3; message++) {
        size_t end = sizes[message];
        while (messages[message][end - 1] == 0)
            end--;
        for (size_t at = 0; at < end; at++) {
            struct tampering t = {.message = message, .at = at, .size = sizes[message] - at};
            CU_ASSERT_TRUE(is_refusal(run_tampered(both, &t)));
        }
    }
    tear_down();
}

/* Without a secret nothing is proved, but a message still has one form only. */
static void
places_that_are_not_used_hold_zeros(void)
{
    set_up();
    static const struct {
        int message;
        size_t from, to;
    } places[] = {{0, 32, CYI_AUTH_HELLO_BYTES},
                  {1, 26, CYI_AUTH_CHALLENGE_BYTES},
                  {2, 7, CYI_AUTH_PROOF_BYTES}};
    for (int i = 0; i < 3; i++) {
        for (size_t at = places[i].from; at < places[i].to; at++) {
            struct tampering t = {.message = places[i].message, .at = at, .mask = 4};
            CY_FAILS(run_tampered(none, &t), -EPROTO);
        }
    }
    for (uint8_t count = 1; count != 0; count++) {
        struct tampering t = {.message = 0, .at = 7, .mask = count};
        CY_FAILS(run_tampered(none, &t), -EPROTO);
    }
    tear_down();
}

static void
a_message_sent_back_is_no_answer(void)
{
    set_up();
    const struct cyi_secrets *sets[] = {none, one};
    for (int i = 0; i < 2; i++) {
        auth_pair_init(&p, sets[i], sets[i], 1);
        cyi_auth_hello(&p.dialer, p.hello);
        CY_OK(auth_pair_challenge(&p));
        memcpy(p.challenge, p.hello, sizeof p.challenge);
        CY_FAILS(auth_pair_proof(&p), -EPROTO);
        auth_pair_init(&p, sets[i], sets[i], 1);
        cyi_auth_hello(&p.dialer, p.hello);
        CY_OK(auth_pair_challenge(&p));
        memcpy(p.proof, p.challenge, sizeof p.proof);
        CY_FAILS(auth_pair_finish(&p), -EPROTO);
    }
    tear_down();
}

/* The acceptor's own proof, with the head that the dialer's must have. */
static void
the_other_sides_proof_does_not_serve(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    CY_OK(auth_pair_run(&p));
    auth_pair_init(&q, one, one, 1);
    cyi_auth_hello(&q.dialer, q.hello);
    CY_OK(auth_pair_challenge(&q));
    memcpy(q.proof, p.proof, PROOF);
    memcpy(q.proof + PROOF, q.challenge + CHALLENGE_PROOF, CYI_CRYPTO_HASH);
    CY_FAILS(auth_pair_finish(&q), CY_EAUTH);
    tear_down();
}

static void
an_earlier_connection_is_of_no_use(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    CY_OK(auth_pair_run(&p));

    auth_pair_init(&q, one, one, 2); /* to an acceptor */
    memcpy(q.hello, p.hello, sizeof q.hello);
    CY_OK(auth_pair_challenge(&q)); /* gives nothing away: the proof is for this connection */
    memcpy(q.proof, p.proof, sizeof q.proof);
    CY_FAILS(auth_pair_finish(&q), CY_EAUTH);

    auth_pair_init(&q, one, one, 2); /* to a dialer */
    cyi_auth_hello(&q.dialer, q.hello);
    memcpy(q.challenge, p.challenge, sizeof q.challenge);
    CY_FAILS(auth_pair_proof(&q), CY_EAUTH);
    tear_down();
}

/* Two connections at once, each answered with what the other side said on the other one. */
static void
two_connections_do_not_serve_each_other(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    auth_pair_init(&q, one, one, 2);
    cyi_auth_hello(&p.dialer, p.hello);
    cyi_auth_hello(&q.dialer, q.hello);
    CY_OK(auth_pair_challenge(&p));
    CY_OK(auth_pair_challenge(&q));
    struct auth_pair swapped = p;
    memcpy(swapped.challenge, q.challenge, sizeof q.challenge);
    CY_FAILS(auth_pair_proof(&swapped), CY_EAUTH);
    CY_OK(auth_pair_proof(&p));
    CY_OK(auth_pair_proof(&q));
    memcpy(p.proof, q.proof, sizeof q.proof);
    CY_FAILS(auth_pair_finish(&p), CY_EAUTH);
    CY_OK(auth_pair_finish(&q));
    tear_down();
}

static void
put_mac(uint8_t *out, size_t out_size, uint8_t purpose, struct cyi_bytes text)
{
    uint8_t message[1 + CYI_CRYPTO_HASH] = {purpose}, mac[CYI_CRYPTO_HASH];
    cyi_crypto_sha256(message + 1, text);
    cyi_crypto_hmac(mac, (struct cyi_bytes){cyi_secrets_at(one, 0)->tcp_key, CYI_CRYPTO_KEY},
                    (struct cyi_bytes){message, sizeof message});
    memcpy(out, mac, out_size);
}

/* Somebody who has the secret, but wants keys that everybody knows. */
static void
an_insider_cannot_choose_the_keys(void)
{
    uint8_t said[CYI_AUTH_HELLO_BYTES + CHALLENGE_PROOF];
    set_up();
    auth_pair_init(&p, one, one, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    memset(p.hello + POINT, 0, CYI_CRYPTO_POINT);
    put_mac(p.hello + HELLO_MACS, CYI_MAC, 0, (struct cyi_bytes){p.hello, HELLO_MACS});
    CY_OK(auth_pair_challenge(&p));
    memcpy(said, p.hello, CYI_AUTH_HELLO_BYTES);
    memcpy(said + CYI_AUTH_HELLO_BYTES, p.challenge, CHALLENGE_PROOF);
    memcpy(p.proof, p.challenge, PROOF);
    p.proof[5] = 3;
    put_mac(p.proof + PROOF, CYI_CRYPTO_HASH, 2, (struct cyi_bytes){said, sizeof said});
    CY_FAILS(auth_pair_finish(&p), -EPROTO);

    auth_pair_init(&p, one, one, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    CY_OK(auth_pair_challenge(&p));
    memset(p.challenge + POINT, 0, CYI_CRYPTO_POINT);
    memcpy(said, p.hello, CYI_AUTH_HELLO_BYTES);
    memcpy(said + CYI_AUTH_HELLO_BYTES, p.challenge, CHALLENGE_PROOF);
    put_mac(p.challenge + CHALLENGE_PROOF, CYI_CRYPTO_HASH, 1,
            (struct cyi_bytes){said, sizeof said});
    CY_FAILS(auth_pair_proof(&p), -EPROTO);
    tear_down();
}

/* The count of keys says more than there are, or fewer. */
static void
a_hello_counts_its_keys_well(void)
{
    set_up();
    for (unsigned count = 0; count < 256; count++) {
        auth_pair_init(&p, both, both, 1);
        cyi_auth_hello(&p.dialer, p.hello);
        p.hello[7] = (uint8_t) count;
        int want = count == 2 ? 0 : count < 2 || count > 8 ? -EPROTO : CY_EAUTH;
        CY_FAILS(auth_pair_challenge(&p), want);
    }
    tear_down();
}

/* A key id is no secret, as every hello shows it; alone it must not buy any work. */
static void
a_hello_needs_more_than_a_key_id(void)
{
    set_up();
    struct cyi_secrets *other = AUTH_PAIR_SECRETS("other");
    auth_pair_init(&p, other, one, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    memcpy(p.hello + KEY_IDS, cyi_secrets_at(one, 0)->key_id, CYI_KEY_ID);
    CY_FAILS(auth_pair_challenge(&p), CY_EAUTH);
    cyi_secrets_free(&other);
    tear_down();
}

CY_TEST_MAIN("transport.auth_hostile", CY_TEST(every_changed_byte_is_noticed),
             CY_TEST(every_message_cut_short_is_noticed),
             CY_TEST(places_that_are_not_used_hold_zeros),
             CY_TEST(a_message_sent_back_is_no_answer),
             CY_TEST(the_other_sides_proof_does_not_serve),
             CY_TEST(an_earlier_connection_is_of_no_use),
             CY_TEST(two_connections_do_not_serve_each_other),
             CY_TEST(an_insider_cannot_choose_the_keys), CY_TEST(a_hello_counts_its_keys_well),
             CY_TEST(a_hello_needs_more_than_a_key_id))
