#include "auth_pair.h"
#include "cy_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct auth_pair p, q;
static struct cyi_secrets *none, *one, *two;

static void
set_up(void)
{
    none = auth_pair_secrets((const char *const[]){NULL});
    one = AUTH_PAIR_SECRETS("one");
    two = AUTH_PAIR_SECRETS("two");
}

static void
tear_down(void)
{
    cyi_secrets_free(&none);
    cyi_secrets_free(&one);
    cyi_secrets_free(&two);
}

static bool
is_identity(const struct cyi_auth_identity *identity, uint8_t byte)
{
    struct cyi_auth_identity want = auth_pair_identity(byte);
    return identity->core == want.core &&
           memcmp(identity->incarnation, want.incarnation, sizeof want.incarnation) == 0;
}

/* Alice knows Bob, and Bob knows Alice. */
static void
check_met(const struct auth_pair *pair, bool secured)
{
    CU_ASSERT_TRUE(is_identity(cyi_auth_peer(&pair->dialer), AUTH_PAIR_BOB));
    CU_ASSERT_TRUE(is_identity(cyi_auth_peer(&pair->acceptor), AUTH_PAIR_ALICE));
    CU_ASSERT_EQUAL(pair->dialer.secured, secured);
    CU_ASSERT_EQUAL(pair->acceptor.secured, secured);
}

static bool
carries(struct cyi_seal *from, struct cyi_seal *to)
{
    uint8_t sealed[5 + CYI_SEAL_OVERHEAD], back[5];
    CY_OK(cyi_seal(from, "head", 4, "hello", 5, sealed));
    return cyi_unseal(to, "head", 4, sealed, sizeof sealed, back) == 0 &&
           memcmp(back, "hello", 5) == 0;
}

static void
two_with_one_secret_meet(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    CY_OK(auth_pair_run(&p));
    check_met(&p, true);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(carries(&p.dialer.send, &p.acceptor.receive));
        CU_ASSERT_TRUE(carries(&p.acceptor.send, &p.dialer.receive));
    }
    tear_down();
}

static void
two_without_a_secret_meet(void)
{
    set_up();
    auth_pair_init(&p, none, none, 1);
    CY_OK(auth_pair_run(&p));
    check_met(&p, false);
    tear_down();
}

/* Nothing is spent on chance or on curves where nothing is proved. */
static void
an_open_handshake_says_names_only(void)
{
    set_up();
    auth_pair_init(&p, none, none, 1);
    auth_pair_init(&q, none, none, 2);
    CY_OK(auth_pair_run(&p));
    CY_OK(auth_pair_run(&q));
    CU_ASSERT_TRUE(memcmp(p.hello, q.hello, sizeof p.hello) == 0);
    CU_ASSERT_TRUE(memcmp(p.challenge, q.challenge, sizeof p.challenge) == 0);
    CU_ASSERT_TRUE(memcmp(p.proof, q.proof, sizeof p.proof) == 0);
    tear_down();
}

static void
each_connection_and_direction_has_its_keys(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    auth_pair_init(&q, one, one, 2);
    CY_OK(auth_pair_run(&p));
    CY_OK(auth_pair_run(&q));
    struct cyi_seal *seals[] = {&p.dialer.send, &p.acceptor.send, &q.dialer.send,
                                &q.acceptor.send};
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            CU_ASSERT_FALSE(cyi_crypto_equal(seals[i]->key, seals[j]->key, CYI_CRYPTO_KEY));
            CU_ASSERT_FALSE(
                cyi_crypto_equal(seals[i]->nonce, seals[j]->nonce, CYI_CRYPTO_NONCE));
        }
    }
    CU_ASSERT_FALSE(carries(&p.dialer.send, &p.dialer.receive)); /* sent back */
    CU_ASSERT_FALSE(carries(&p.dialer.send, &q.acceptor.receive));
    tear_down();
}

/* What the two know of each other's secret, from both sides. */
static void
strangers_are_told_apart(void)
{
    set_up();
    auth_pair_init(&p, one, two, 1);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH);
    auth_pair_init(&p, one, none, 1);
    CY_FAILS(auth_pair_run(&p), CY_ESECRET);
    auth_pair_init(&p, none, one, 1);
    CY_FAILS(auth_pair_run(&p), CY_EOPEN);
    tear_down();
}

/* The acceptor of another connection answers: the dialer sees the same. */
static void
a_dialer_tells_strangers_apart(void)
{
    struct {
        struct cyi_secrets **mine, **theirs;
        int code;
    } cases[] = {{&one, &two, CY_EAUTH}, {&one, &none, CY_EOPEN}, {&none, &one, CY_ESECRET}};
    set_up();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auth_pair_init(&p, *cases[i].mine, *cases[i].mine, 1);
        auth_pair_init(&q, *cases[i].theirs, *cases[i].theirs, 2);
        cyi_auth_hello(&p.dialer, p.hello);
        cyi_auth_hello(&q.dialer, q.hello);
        CY_OK(auth_pair_challenge(&q));
        memcpy(p.challenge, q.challenge, sizeof p.challenge);
        CY_FAILS(auth_pair_proof(&p), cases[i].code);
    }
    tear_down();
}

static void
a_secret_can_be_changed_on_either_side_first(void)
{
    struct cyi_secrets *steps[] = {AUTH_PAIR_SECRETS("old"), AUTH_PAIR_SECRETS("old", "new"),
                                   AUTH_PAIR_SECRETS("new", "old"), AUTH_PAIR_SECRETS("new")};
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            bool apart = (i == 0 && j == 3) || (i == 3 && j == 0);
            auth_pair_init(&p, steps[i], steps[j], 1);
            CU_ASSERT_EQUAL(auth_pair_run(&p), apart ? CY_EAUTH : 0);
            if (!apart)
                check_met(&p, true);
        }
    }
    for (int i = 0; i < 4; i++)
        cyi_secrets_free(&steps[i]);
}

static void
eight_secrets_fit_into_a_hello(void)
{
    struct cyi_secrets *all = AUTH_PAIR_SECRETS("1", "2", "3", "4", "5", "6", "7", "8");
    struct cyi_secrets *last = AUTH_PAIR_SECRETS("8"), *other = AUTH_PAIR_SECRETS("9");
    auth_pair_init(&p, all, last, 1);
    CY_OK(auth_pair_run(&p));
    auth_pair_init(&p, last, all, 1);
    CY_OK(auth_pair_run(&p));
    auth_pair_init(&p, all, other, 1);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH);
    cyi_secrets_free(&all);
    cyi_secrets_free(&last);
    cyi_secrets_free(&other);
}

static int
run_expecting(const struct cyi_secrets *secrets, uint32_t tag, uint16_t core)
{
    auth_pair_init(&p, secrets, secrets, 1);
    cyi_auth_expect(&p.dialer, tag, core);
    return auth_pair_run(&p);
}

static void
a_dialer_may_want_somebody(void)
{
    set_up();
    struct cyi_auth_identity bob = auth_pair_identity(AUTH_PAIR_BOB);
    uint32_t tag = cyi_auth_tag(bob.incarnation);
    const struct cyi_secrets *sets[] = {one, none};
    for (int i = 0; i < 2; i++) {
        CY_OK(run_expecting(sets[i], tag, bob.core));
        CY_OK(run_expecting(sets[i], 0, 77));
        CY_FAILS(run_expecting(sets[i], tag, 4), -ESRCH);
        CY_FAILS(run_expecting(sets[i], tag ^ 0x80000000U, bob.core), -ESRCH);
        CU_ASSERT_TRUE(is_identity(cyi_auth_peer(&p.dialer), AUTH_PAIR_BOB));
    }
    tear_down();
}

/* A dialer that goes on though it reached another one than it asked for. */
static void
an_acceptor_is_not_taken_for_another(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    cyi_auth_expect(&p.dialer, 12345, 0);
    cyi_auth_hello(&p.dialer, p.hello);
    CY_OK(auth_pair_challenge(&p));
    p.dialer.expected_tag = 0;
    CY_OK(auth_pair_proof(&p));
    CY_FAILS(auth_pair_finish(&p), -ESRCH);
    tear_down();
}

static void
a_node_recognises_itself(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    p.acceptor.self = p.dialer.self;
    p.acceptor.self.core = 9; /* cores of one node need no connection either */
    CY_FAILS(auth_pair_run(&p), CY_ESELF);
    CU_ASSERT_TRUE(cyi_auth_peer(&p.dialer)->core == 9);
    auth_pair_init(&p, none, none, 1);
    p.acceptor.self = p.dialer.self;
    CY_FAILS(auth_pair_run(&p), CY_ESELF);
    tear_down();
}

/* The proof of a tunnel is none for another: who stands between two tunnels is found out. */
static void
proofs_belong_to_their_tunnel(void)
{
    uint8_t here[CYI_AUTH_BINDING] = {1}, there[CYI_AUTH_BINDING] = {1};
    set_up();
    auth_pair_init(&p, one, one, 1);
    cyi_auth_bind(&p.dialer, here);
    cyi_auth_bind(&p.acceptor, there);
    CY_OK(auth_pair_run(&p));
    CU_ASSERT_TRUE(p.dialer.secured && p.acceptor.secured);
    there[CYI_AUTH_BINDING - 1] = 1;
    auth_pair_init(&p, one, one, 1);
    cyi_auth_bind(&p.dialer, here);
    cyi_auth_bind(&p.acceptor, there);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH); /* by the hello already */
    auth_pair_init(&p, one, one, 1);
    cyi_auth_bind(&p.acceptor, there);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH);
    auth_pair_init(&p, one, one, 1);
    cyi_auth_bind(&p.dialer, here);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH);
    tear_down();
}

/* Whoever let the hello pass would be found out by the proofs. */
static void
each_proof_belongs_to_its_tunnel(void)
{
    uint8_t here[CYI_AUTH_BINDING] = {1}, there[CYI_AUTH_BINDING] = {2};
    set_up();
    auth_pair_init(&p, one, one, 1);
    cyi_auth_bind(&p.dialer, here);
    cyi_auth_bind(&p.acceptor, here);
    cyi_auth_hello(&p.dialer, p.hello);
    CY_OK(auth_pair_challenge(&p));
    memcpy(p.dialer.binding, there, sizeof there);
    CY_FAILS(auth_pair_proof(&p), CY_EAUTH);
    tear_down();
}

static void
another_version_is_called_so(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    p.hello[4] = 2;
    CY_FAILS(auth_pair_challenge(&p), CY_EVERSION);
    auth_pair_init(&p, none, none, 1);
    cyi_auth_hello(&p.dialer, p.hello);
    CY_OK(auth_pair_challenge(&p));
    p.challenge[4] = 0;
    CY_FAILS(auth_pair_proof(&p), CY_EVERSION);
    tear_down();
}

static void
what_is_no_peer_is_known_by_its_head(void)
{
    set_up();
    auth_pair_init(&p, one, one, 1);
    uint8_t http[CYI_AUTH_HEAD_BYTES] = {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
    CY_FAILS(cyi_auth_check_head(&p.acceptor, http), -EPROTO);
    CY_FAILS(cyi_auth_check_head(&p.dialer, http), -EPROTO);
    cyi_auth_hello(&p.dialer, p.hello);
    CY_OK(cyi_auth_check_head(&p.acceptor, p.hello));
    CY_FAILS(cyi_auth_check_head(&p.dialer, p.hello), -EPROTO);
    CY_OK(auth_pair_challenge(&p));
    CY_OK(cyi_auth_check_head(&p.dialer, p.challenge));
    CY_OK(auth_pair_proof(&p));
    CY_OK(cyi_auth_check_head(&p.acceptor, p.proof));
    CY_FAILS(cyi_auth_check_head(&p.acceptor, p.hello), -EPROTO);
    p.proof[4]++;
    CY_FAILS(cyi_auth_check_head(&p.acceptor, p.proof), CY_EVERSION);
    tear_down();
}

static void
a_refusal_says_why(void)
{
    static const struct {
        int said, heard;
    } cases[] = {{CY_EVERSION, CY_EVERSION}, {CY_EOPEN, CY_ESECRET}, {CY_ESECRET, CY_EOPEN},
                 {CY_EAUTH, CY_EAUTH},       {-EBUSY, -EBUSY},       {-EPROTO, -ECONNREFUSED},
                 {0, -ECONNREFUSED}};
    set_up();
    const struct cyi_secrets *sets[] = {one, none};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        auth_pair_init(&p, sets[i % 2], sets[i % 2], 1);
        cyi_auth_hello(&p.dialer, p.hello);
        cyi_auth_refuse(p.challenge, cases[i / 2].said);
        CY_FAILS(auth_pair_proof(&p), cases[i / 2].heard);
    }
    tear_down();
}

static void
a_failure_leaves_no_message(void)
{
    static const uint8_t zero[CYI_AUTH_CHALLENGE_BYTES];
    set_up();
    auth_pair_init(&p, one, two, 1);
    CY_FAILS(auth_pair_run(&p), CY_EAUTH);
    CU_ASSERT_TRUE(memcmp(p.challenge, zero, sizeof p.challenge) == 0);
    CY_FAILS(run_expecting(one, 5, 5), -ESRCH);
    CU_ASSERT_TRUE(memcmp(p.proof, zero, sizeof p.proof) == 0);
    tear_down();
}

static void
nothing_is_left_behind(void)
{
    static const struct cyi_auth zero;
    set_up();
    auth_pair_init(&p, one, one, 1);
    CY_OK(auth_pair_run(&p));
    CU_ASSERT_TRUE(memcmp(p.dialer.private_key, zero.private_key, CYI_CRYPTO_KEY) == 0);
    cyi_auth_fini(&p.dialer);
    CU_ASSERT_TRUE(memcmp(&p.dialer, &zero, sizeof zero) == 0);
    tear_down();
}

static void
finish_at_once(void *arg)
{
    (void) arg;
    int rc = auth_pair_finish(&p);
    (void) rc;
}

static void
ask_who_failed(void *arg)
{
    (void) arg;
    cyi_auth_peer(&p.dialer);
}

static void
calls_out_of_order_are_bugs(void)
{
    struct cy_test_child child;
    set_up();
    auth_pair_init(&p, one, one, 1);
    CY_OK(cy_test_run_child(&child, finish_at_once, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "CYI_AUTH_WAITS"));
    CY_OK(cy_test_run_child(&child, ask_who_failed, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "CYI_AUTH_DONE"));
    tear_down();
}

CY_TEST_MAIN("transport.auth", CY_TEST(two_with_one_secret_meet),
             CY_TEST(two_without_a_secret_meet), CY_TEST(an_open_handshake_says_names_only),
             CY_TEST(each_connection_and_direction_has_its_keys),
             CY_TEST(strangers_are_told_apart), CY_TEST(a_dialer_tells_strangers_apart),
             CY_TEST(a_secret_can_be_changed_on_either_side_first),
             CY_TEST(eight_secrets_fit_into_a_hello), CY_TEST(a_dialer_may_want_somebody),
             CY_TEST(an_acceptor_is_not_taken_for_another), CY_TEST(a_node_recognises_itself),
             CY_TEST(proofs_belong_to_their_tunnel), CY_TEST(each_proof_belongs_to_its_tunnel),
             CY_TEST(another_version_is_called_so),
             CY_TEST(what_is_no_peer_is_known_by_its_head), CY_TEST(a_refusal_says_why),
             CY_TEST(a_failure_leaves_no_message), CY_TEST(nothing_is_left_behind),
             CY_TEST(calls_out_of_order_are_bugs))
