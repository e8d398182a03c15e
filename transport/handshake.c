/*
 * handshake.c - the first words on a connection: proofs, then each side's intro.
 *
 * Until the proof stands, nothing is looked at but messages of fixed size; what a stranger can
 * cost is one task with its stack, for as long as the deadline allows.
 *
 * Tests: tests/transport/test_accept.c
 */
#include "connection.h"
#include <cycos/impl/io.h>
#include <string.h>

_Static_assert(CYI_AUTH_HELLO_BYTES + CYI_AUTH_PROOF_BYTES <= 1 << 10,
               "so much is read of who has not proved anything");

/* TLS, if we have a certificate. */
static int
secure(struct cyi_connection *connection, bool dialer, cy_time deadline)
{
    struct cyi_tls_context *context = cyi_net_tls(connection->owner->net);
    if (context == NULL)
        return 0;
    int rc = cyi_tls_open(&connection->tls, context, connection->owner->core, dialer);
    cyi_tls_context_release(&context);
    if (rc == 0)
        rc = cyi_tls_shake(connection->tls, connection->socket, deadline);
    connection->owner->counters.tls += rc == 0;
    return rc;
}

static int
begin(struct cyi_connection *connection, struct cyi_auth *auth, enum cyi_auth_role role)
{
    uint8_t binding[CYI_AUTH_BINDING];
    struct cyi_core *core = connection->owner->core;
    uint8_t random[CYI_AUTH_RANDOM_BYTES];
    struct cyi_auth_identity self = {.core = core->index};
    memcpy(self.incarnation, core->node->incarnation, sizeof self.incarnation);
    core->os->random(core->os, random, sizeof random);
    cyi_auth_init(auth, role, connection->owner->net->secrets, &self, random);
    explicit_bzero(random, sizeof random);
    if (connection->tls == NULL)
        return 0;
    int rc = cyi_tls_export(connection->tls, binding);
    if (rc == 0)
        cyi_auth_bind(auth, binding);
    explicit_bzero(binding, sizeof binding);
    return rc;
}

static int
read_checked(struct cyi_connection *connection, const struct cyi_auth *auth, uint8_t *bytes,
             size_t size, cy_time deadline)
{
    int rc = cyi_connection_read_full(connection, bytes, CYI_AUTH_HEAD_BYTES, deadline);
    if (rc == 0)
        rc = cyi_auth_check_head(auth, bytes);
    if (rc == 0)
        rc = cyi_connection_read_full(connection, bytes + CYI_AUTH_HEAD_BYTES,
                                      size - CYI_AUTH_HEAD_BYTES, deadline);
    return rc;
}

/* From here on frames are sealed, if both have a secret. */
static void
finish(struct cyi_connection *connection, struct cyi_auth *auth, struct cyi_auth_identity *peer)
{
    *peer = *cyi_auth_peer(auth);
    connection->secured = auth->secured && connection->tls == NULL;
    connection->send = auth->send;
    connection->receive = auth->receive;
}

static int
dial(struct cyi_connection *connection, struct cyi_auth *auth, cy_time deadline)
{
    uint8_t hello[CYI_AUTH_HELLO_BYTES], challenge[CYI_AUTH_CHALLENGE_BYTES];
    uint8_t proof[CYI_AUTH_PROOF_BYTES];
    cyi_auth_hello(auth, hello);
    int rc = cyi_connection_write_full(connection, hello, sizeof hello, deadline);
    if (rc == 0)
        rc = read_checked(connection, auth, challenge, sizeof challenge, deadline);
    if (rc == 0)
        rc = cyi_auth_proof(auth, challenge, proof);
    return rc != 0 ? rc : cyi_connection_write_full(connection, proof, sizeof proof, deadline);
}

int
cyi_handshake_dial(struct cyi_connection *connection, cy_ref expected,
                   struct cyi_auth_identity *peer, cy_time deadline)
{
    struct cyi_auth auth;
    int rc = secure(connection, true, deadline);
    if (rc != 0)
        return rc;
    rc = begin(connection, &auth, CYI_AUTH_DIALER);
    cyi_auth_expect(&auth, expected.node, expected.core);
    if (rc == 0)
        rc = dial(connection, &auth, deadline);
    if (rc == 0)
        finish(connection, &auth, peer);
    else if (rc == -ESRCH || rc == CY_ESELF)
        *peer = *cyi_auth_peer(&auth);
    cyi_auth_fini(&auth);
    return rc;
}

/* The beginning of a handshake of TLS. */
static bool
is_tls(const uint8_t *bytes)
{
    return bytes[0] == 22 && bytes[1] == 3;
}

/*
 * To somebody who has TLS where we have none, or the other way: each understands these bytes.
 * What has come from there is taken first, or they would be lost by a reset.
 */
static void
refuse_plainly(struct cyi_connection *connection, int code, cy_time deadline)
{
    uint8_t bytes[512], challenge[CYI_AUTH_CHALLENGE_BYTES];
    ssize_t n = 1;
    for (int i = 0; i < 8 && n > 0; i++)
        n = cyi_stream_try_read(connection->socket, bytes, sizeof bytes);
    cyi_auth_refuse(challenge, code);
    if (cyi_connection_write_full(connection, challenge, sizeof challenge, deadline) != 0)
        return; /* it will not learn why */
}

static int
accept_dialer(struct cyi_connection *connection, struct cyi_auth *auth, cy_time deadline)
{
    uint8_t hello[CYI_AUTH_HELLO_BYTES], challenge[CYI_AUTH_CHALLENGE_BYTES];
    uint8_t proof[CYI_AUTH_PROOF_BYTES];
    int rc = read_checked(connection, auth, hello, sizeof hello, deadline);
    if (rc == -EPROTO && connection->tls == NULL && is_tls(hello)) {
        refuse_plainly(connection, CY_ETLS, deadline);
        return CY_ETLS;
    }
    if (rc == -EPROTO || (rc != 0 && rc != CY_EVERSION))
        return rc; /* whoever it is, it would not understand why */
    if (rc == 0)
        rc = cyi_auth_challenge(auth, hello, challenge);
    if (rc != 0)
        cyi_auth_refuse(challenge, rc);
    int written = cyi_connection_write_full(connection, challenge, sizeof challenge, deadline);
    if (rc == 0)
        rc = written;
    if (rc == 0)
        rc = read_checked(connection, auth, proof, sizeof proof, deadline);
    return rc != 0 ? rc : cyi_auth_finish(auth, proof);
}

int
cyi_handshake_accept(struct cyi_connection *connection, struct cyi_auth_identity *peer,
                     cy_time deadline)
{
    struct cyi_auth auth;
    int rc = secure(connection, false, deadline);
    if (rc == CY_EPLAIN) {
        cyi_tls_close(&connection->tls);
        refuse_plainly(connection, rc, deadline);
    }
    if (rc != 0)
        return rc;
    rc = begin(connection, &auth, CYI_AUTH_ACCEPTOR);
    if (rc == 0)
        rc = accept_dialer(connection, &auth, deadline);
    if (rc == 0)
        finish(connection, &auth, peer);
    cyi_auth_fini(&auth);
    return rc;
}

/*
 * Once both intros have gone, sealed by what every node has, the seals go on with AES-GCM if
 * both say that they are good at it. So nobody in between has a say in it.
 */
static int
choose_cipher(struct cyi_connection *connection)
{
    if (!connection->secured || !connection->said_aes || !connection->heard_aes)
        return 0;
    int rc = cyi_seal_use_aes(&connection->send, true);
    return rc != 0 ? rc : cyi_seal_use_aes(&connection->receive, false);
}

enum { INTRO_FRAME = CYI_FRAME_HEADER + CYI_ITEM_HEADER + CYI_INTRO_MAX + CYI_SEAL_OVERHEAD };

int
cyi_handshake_introduce(struct cyi_connection *connection, const struct cyi_intro *intro,
                        cy_time deadline)
{
    uint8_t bytes[INTRO_FRAME];
    uint8_t *body = bytes + CYI_FRAME_HEADER;
    size_t size = cyi_intro_write(body + CYI_ITEM_HEADER, intro);
    cyi_item_write(body, CYI_OP_INTRO, 0, size);
    size += CYI_ITEM_HEADER;
    struct cyi_frame frame = {.size = (uint32_t) size,
                              .ack = intro->next,
                              .credit = connection->owner->net->limits.window_bytes,
                              .lane = CYI_LANE_CONTROL};
    cyi_frame_write(bytes, &frame);
    if (connection->secured) {
        int rc = cyi_seal(&connection->send, bytes, CYI_FRAME_HEADER, body, size, body);
        if (rc != 0)
            return rc;
        size += CYI_SEAL_OVERHEAD;
    }
    int rc = cyi_connection_write_full(connection, bytes, CYI_FRAME_HEADER + size, deadline);
    if (rc != 0)
        return rc;
    connection->said_aes = (intro->features & CYI_FEATURE_AES) != 0;
    return choose_cipher(connection);
}

static int
read_frame(struct cyi_connection *connection, struct cyi_frame *frame, uint8_t *bytes,
           cy_time deadline)
{
    size_t seal = connection->secured ? CYI_SEAL_OVERHEAD : 0;
    uint8_t *body = bytes + CYI_FRAME_HEADER;
    int rc = cyi_connection_read_full(connection, bytes, CYI_FRAME_HEADER, deadline);
    if (rc == 0)
        rc = cyi_frame_read(frame, bytes);
    if (rc == 0 && frame->size > CYI_ITEM_HEADER + CYI_INTRO_MAX)
        rc = -EBADMSG;
    if (rc == 0)
        rc = cyi_connection_read_full(connection, body, frame->size + seal, deadline);
    if (rc == 0 && connection->secured)
        rc = cyi_unseal(&connection->receive, bytes, CYI_FRAME_HEADER, body, frame->size + seal,
                        body);
    return rc;
}

int
cyi_handshake_meet(struct cyi_connection *connection, struct cyi_intro *out, uint32_t *credit,
                   cy_time deadline)
{
    uint8_t bytes[INTRO_FRAME];
    struct cyi_frame frame;
    struct cyi_item item;
    int rc = read_frame(connection, &frame, bytes, deadline);
    if (rc != 0)
        return rc;
    int n = cyi_item_read(&item, bytes + CYI_FRAME_HEADER, frame.size);
    if (n != (int) frame.size || item.op != CYI_OP_INTRO)
        return -EBADMSG;
    *credit = frame.credit;
    rc = cyi_intro_read(out, item.body, item.size);
    if (rc != 0)
        return rc;
    connection->heard_aes = (out->features & CYI_FEATURE_AES) != 0;
    return choose_cipher(connection);
}
