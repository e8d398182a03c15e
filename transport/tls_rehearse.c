/*
 * tls_rehearse.c - handshakes with ourselves: do key and certificate belong together? Would
 * one who has the same files accept us?
 *
 * Tests: tests/transport/test_tls_context.c
 */
#include "tls_state.h"
#include <stdlib.h>
#include <string.h>

#include <wolfssl/wolfcrypt/ecc.h>

struct way {
    uint8_t bytes[16 << 10];
    size_t used, taken;
};

struct rehearsal {
    WOLFSSL *client, *server;
    struct way there, back;
};

static int
take_way(WOLFSSL *ssl, char *buffer, int size, void *arg)
{
    struct way *way = arg;
    size_t n = way->used - way->taken;
    (void) ssl;
    if (n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    n = (size_t) size < n ? (size_t) size : n;
    memcpy(buffer, way->bytes + way->taken, n);
    way->taken += n;
    return (int) n;
}

static int
put_way(WOLFSSL *ssl, char *buffer, int size, void *arg)
{
    struct way *way = arg;
    (void) ssl;
    if ((size_t) size > sizeof way->bytes - way->used)
        return WOLFSSL_CBIO_ERR_GENERAL;
    memcpy(way->bytes + way->used, buffer, (size_t) size);
    way->used += (size_t) size;
    return size;
}

static WOLFSSL *
enter(WOLFSSL_CTX *ctx, struct way *in, struct way *out)
{
    WOLFSSL *ssl = wolfSSL_new(ctx);
    if (ssl == NULL)
        return NULL;
    wolfSSL_set_verify(ssl, WOLFSSL_VERIFY_NONE, NULL);
    wolfSSL_SSLSetIORecv(ssl, take_way);
    wolfSSL_SSLSetIOSend(ssl, put_way);
    wolfSSL_SetIOReadCtx(ssl, in);
    wolfSSL_SetIOWriteCtx(ssl, out);
    return ssl;
}

/* The client is content with the signature of the server, who is as we are. */
static bool
play(const struct rehearsal *rehearsal)
{
    bool client = false, server = false;
    if (rehearsal->client == NULL || rehearsal->server == NULL)
        return false;
    for (int i = 0; i < 4 && !(client && server); i++) {
        client = client || wolfSSL_connect(rehearsal->client) == WOLFSSL_SUCCESS;
        server = server || wolfSSL_accept(rehearsal->server) == WOLFSSL_SUCCESS;
    }
    return client && server;
}

/* With a judge the client looks at the certificate, too. */
static int
rehearse(struct cyi_tls_context *context, VerifyCallback judge)
{
    struct rehearsal *rehearsal = calloc(1, sizeof *rehearsal);
    if (rehearsal == NULL)
        return -ENOMEM;
    rehearsal->client = enter(context->client, &rehearsal->back, &rehearsal->there);
    rehearsal->server = enter(context->server, &rehearsal->there, &rehearsal->back);
    if (judge != NULL && rehearsal->client != NULL) {
        wolfSSL_set_verify(rehearsal->client, WOLFSSL_VERIFY_PEER, judge);
        wolfSSL_SetCertCbCtx(rehearsal->client, context);
    }
    bool good = play(rehearsal);
    wolfSSL_free(rehearsal->client);
    wolfSSL_free(rehearsal->server);
    free(rehearsal);
    return good ? 0 : -EKEYREJECTED;
}

int
cyi_tls_rehearse(struct cyi_tls_context *context)
{
    int rc = rehearse(context, NULL);
    if (rc == 0 && !context->pinned) {
        context->own = 1; /* nobody has judged it */
        (void) !rehearse(context, cyi_tls_judge_own);
        context->own = context->own == 1 ? CY_ECERT : context->own;
    }
    wc_ecc_fp_free(); /* this thread will not need its points again */
    return rc;
}
