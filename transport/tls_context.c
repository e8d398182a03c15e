/*
 * tls_context.c - our certificate with its key, and whom we accept.
 *
 * Caveats of Debian's wolfSSL 5.5.4, for whoever replaces it:
 * - it takes a certificate that has expired, when it equals one that was loaded: so dates are
 *   looked at here, by the node's clock, and its own view of them is not asked for;
 * - with a verify callback that says yes everything goes: so the verdict is kept, and a session
 *   whose peer nobody has judged is none;
 * - with a certificate and a PSK it takes the PSK and forgets the certificate: so a secret is
 *   proved inside of the session, by auth.c, and never told to it;
 * - what goes wrong with a file it says by a number, if at all: so files are looked through
 *   here first.
 *
 * Tests: tests/transport/test_tls_context.c
 */
#include "tls_state.h"
#include <cycos/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char BOTH_CIPHERS[] = "TLS13-AES128-GCM-SHA256:"
                                            "TLS13-CHACHA20-POLY1305-SHA256";

/* A run of text between two marks, in PEM. */
struct block {
    const char *at;
    size_t size;
};

struct maker {
    struct cyi_tls_context *context;
    const struct cyi_tls_files *files;
    int64_t now;
    char *why;
    size_t why_size;
};

CY_PRINTF(3, 4)
static int
fail(const struct maker *maker, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(maker->why, maker->why_size, format, args);
    va_end(args);
    return code;
}

/* The next block whose name ends so; what is behind *at. */
static bool
next_block(struct block *out, const struct cyi_tls_file *file, size_t *at, const char *name)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ";
    const char *from = file->text + *at, *stop = file->text + file->size;
    while ((from = memmem(from, (size_t) (stop - from), begin, sizeof begin - 1)) != NULL) {
        const char *word = from + sizeof begin - 1;
        const char *line = memchr(word, '\n', (size_t) (stop - word));
        const char *last = memmem(word, (size_t) (stop - word), end, sizeof end - 1);
        const char *after = last == NULL ? NULL : memchr(last, '\n', (size_t) (stop - last));
        if (line == NULL || last == NULL)
            return false;
        after = after == NULL ? stop : after + 1;
        if (memmem(word, (size_t) (line - word), name, strlen(name)) != NULL) {
            *out = (struct block){from, (size_t) (after - from)};
            *at = (size_t) (after - file->text);
            return true;
        }
        from = after;
    }
    return false;
}

static void
hash_name(uint8_t *out, WOLFSSL_X509_NAME *name)
{
    char text[512] = "";
    (void) wolfSSL_X509_NAME_oneline(name, text, sizeof text);
    cyi_crypto_sha256(out, (struct cyi_bytes){text, strnlen(text, sizeof text)});
}

static bool
get_time(int64_t *out, const WOLFSSL_ASN1_TIME *date)
{
    struct tm tm;
    if (date == NULL || wolfSSL_ASN1_TIME_to_tm(date, &tm) != WOLFSSL_SUCCESS)
        return false;
    *out = timegm(&tm);
    return true;
}

int
cyi_tls_certificate_read(struct cyi_tls_certificate *out, const uint8_t *bytes, size_t size,
                         int format)
{
    int der_size = 0;
    WOLFSSL_X509 *x509 = wolfSSL_X509_load_certificate_buffer(bytes, (int) size, format);
    const unsigned char *der = x509 == NULL ? NULL : wolfSSL_X509_get_der(x509, &der_size);
    int rc = -EBADMSG;
    if (der != NULL && get_time(&out->not_before, wolfSSL_X509_get_notBefore(x509)) &&
        get_time(&out->not_after, wolfSSL_X509_get_notAfter(x509))) {
        cyi_crypto_sha256(out->hash, (struct cyi_bytes){der, (size_t) der_size});
        hash_name(out->subject, wolfSSL_X509_get_subject_name(x509));
        hash_name(out->issuer, wolfSSL_X509_get_issuer_name(x509));
        rc = 0;
    }
    wolfSSL_X509_free(x509);
    return rc;
}

/* 0, CY_EEARLY or CY_EEXPIRED. */
static int
check_dates(const struct cyi_tls_certificate *certificate, int64_t now)
{
    return now < certificate->not_before  ? CY_EEARLY
           : now > certificate->not_after ? CY_EEXPIRED
                                          : 0;
}

static int
add_certificate(const struct maker *maker, const struct cyi_tls_file *file,
                const struct block *block)
{
    struct cyi_tls_context *context = maker->context;
    if (context->count == CYI_TLS_ACCEPTED_MAX)
        return fail(maker, -E2BIG, "%s: more than %d certificates", file->name,
                    CYI_TLS_ACCEPTED_MAX);
    int rc = cyi_tls_certificate_read(&context->accepted[context->count],
                                      (const uint8_t *) block->at, block->size,
                                      WOLFSSL_FILETYPE_PEM);
    if (rc != 0)
        return fail(maker, rc, "%s: certificate %u cannot be read", file->name,
                    context->count + 1);
    context->count++;
    return 0;
}

/* All certificates of a file are accepted from now on. */
static int
accept_file(const struct maker *maker, const struct cyi_tls_file *file)
{
    struct block block;
    size_t at = 0;
    int rc = 0;
    maker->context->count = 0;
    while (rc == 0 && next_block(&block, file, &at, "CERTIFICATE"))
        rc = add_certificate(maker, file, &block);
    if (rc == 0 && maker->context->count == 0)
        rc = fail(maker, CY_ENOCERT, "%s: there is no certificate in it", file->name);
    return rc;
}

static int
check_own(const struct maker *maker, const struct cyi_tls_certificate *own)
{
    char text[32];
    const char *name = maker->files->certificate.name;
    int rc = check_dates(own, maker->now);
    time_t date = (time_t) (rc == CY_EEARLY ? own->not_before : own->not_after);
    struct tm tm;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&date, &tm));
    if (rc == CY_EEARLY)
        return fail(maker, rc, "%s: the certificate is not valid before %s", name, text);
    if (rc == CY_EEXPIRED)
        return fail(maker, rc, "%s: the certificate expired on %s", name, text);
    maker->context->ends = own->not_after;
    return 0;
}

/* Its first certificate is ours; in a file without a key, or with a key alone, say so. */
static int
read_own(struct block *certificate, const struct maker *maker)
{
    const struct cyi_tls_file *file = &maker->files->certificate;
    struct block key;
    size_t at = 0, from = 0;
    if (!next_block(certificate, file, &at, "CERTIFICATE")) {
        if (next_block(&key, file, &from, "PRIVATE KEY"))
            return fail(maker, CY_ENOCERT,
                        "%s: there is a key in it but no certificate; openssl leaves that "
                        "behind where it cannot ask: give it -batch or -subj /CN=NAME",
                        file->name);
        return fail(maker, CY_ENOCERT, "%s: there is no certificate in it", file->name);
    }
    int rc = accept_file(maker, file);
    return rc != 0 ? rc : check_own(maker, &maker->context->accepted[0]);
}

static int
read_key(struct block *key, const struct maker *maker)
{
    const struct cyi_tls_file *file =
        maker->files->key.text != NULL ? &maker->files->key : &maker->files->certificate;
    static const char old_form[] = "Proc-Type: 4,ENCRYPTED", new_form[] = "ENCRYPTED PRIVATE";
    size_t at = 0;
    if (!next_block(key, file, &at, "PRIVATE KEY"))
        return fail(maker, -ENOKEY, "%s: there is no private key in it", file->name);
    if (memmem(key->at, key->size, old_form, sizeof old_form - 1) != NULL ||
        memmem(key->at, key->size, new_form, sizeof new_form - 1) != NULL)
        return fail(maker, -EKEYREJECTED, "%s: the key has a password, which nobody types",
                    file->name);
    return 0;
}

static int
use_own(const struct maker *maker, WOLFSSL_CTX *ctx, const struct block *certificate,
        const struct block *key)
{
    const struct cyi_tls_files *files = maker->files;
    const struct cyi_tls_file *key_file =
        files->key.text != NULL ? &files->key : &files->certificate;
    const uint8_t *all = (const uint8_t *) files->certificate.text;
    /* With an authority the file may hold those between it and us, which peers need to see. */
    int ok = maker->context->pinned
                 ? wolfSSL_CTX_use_certificate_buffer(ctx, (const uint8_t *) certificate->at,
                                                      (long) certificate->size,
                                                      WOLFSSL_FILETYPE_PEM)
                 : wolfSSL_CTX_use_certificate_chain_buffer(ctx, all,
                                                            (long) files->certificate.size);
    if (ok != WOLFSSL_SUCCESS)
        return fail(maker, -EBADMSG, "%s: the certificate cannot be used",
                    files->certificate.name);
    ok = wolfSSL_CTX_use_PrivateKey_buffer(ctx, (const uint8_t *) key->at, (long) key->size,
                                           WOLFSSL_FILETYPE_PEM);
    if (ok != WOLFSSL_SUCCESS)
        return fail(maker, -EBADMSG, "%s: the key cannot be read", key_file->name);
    if (wolfSSL_CTX_check_private_key(ctx) != WOLFSSL_SUCCESS)
        return fail(maker, -EKEYREJECTED, "%s: the key belongs to another certificate than "
                                          "the first of %s",
                    key_file->name, files->certificate.name);
    return 0;
}

static int
use_authorities(const struct maker *maker, WOLFSSL_CTX *ctx)
{
    const struct cyi_tls_file *file = &maker->files->ca;
    struct block block;
    size_t at = 0;
    for (uint32_t n = 1; next_block(&block, file, &at, "CERTIFICATE"); n++) {
        if (wolfSSL_CTX_load_verify_buffer(ctx, (const uint8_t *) block.at, (long) block.size,
                                           WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
            return fail(maker, -EBADMSG, "%s: certificate %u cannot be used", file->name, n);
    }
    return 0;
}

/*
 * Without hardware for AES only the other cipher is offered, so that a peer with it does not
 * choose what would be slow here.
 */
static bool
set_rules(WOLFSSL_CTX *ctx)
{
    int groups[] = {WOLFSSL_ECC_X25519};
    const char *ciphers = cyi_gcm_available() ? BOTH_CIPHERS
                                              : "TLS13-CHACHA20-POLY1305-SHA256";
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           cyi_tls_judge);
    wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
    return wolfSSL_CTX_set_cipher_list(ctx, ciphers) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_groups(ctx, groups, 1) == WOLFSSL_SUCCESS;
}

static int
make_ctx(WOLFSSL_CTX **out, const struct maker *maker, WOLFSSL_METHOD *method)
{
    struct block certificate, key;
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(method);
    if (ctx == NULL || !set_rules(ctx)) {
        wolfSSL_CTX_free(ctx);
        return fail(maker, -ENOMEM, "%s", cy_strerror(-ENOMEM));
    }
    *out = ctx;
    int rc = read_own(&certificate, maker);
    if (rc == 0)
        rc = read_key(&key, maker);
    if (rc == 0)
        rc = use_own(maker, ctx, &certificate, &key);
    if (rc == 0 && !maker->context->pinned)
        rc = use_authorities(maker, ctx);
    /* Only now: what it asks for while it loads is nothing for us. */
    wolfSSL_CTX_SetDevId(ctx, CYI_TLS_DEVICE);
    return rc;
}

/* Beyond those in the cafile nobody else is accepted, not even our own certificate. */
static int
accept_authorities(const struct maker *maker)
{
    const struct cyi_tls_context *context = maker->context;
    int rc = accept_file(maker, &maker->files->ca);
    if (rc != 0)
        return rc;
    for (uint32_t i = 0; i < context->count; i++) {
        rc = check_dates(&context->accepted[i], maker->now);
        if (rc == 0)
            return 0;
    }
    return fail(maker, rc, "%s: %s", maker->files->ca.name,
                rc == CY_EEARLY ? "no certificate in it is valid yet"
                                : "every certificate in it has expired");
}

int
cyi_tls_context_create(struct cyi_tls_context **out, const struct cyi_tls_files *files,
                       cy_time now, char *why, size_t why_size)
{
    struct cyi_tls_context *context = calloc(1, sizeof *context);
    struct maker maker = {.context = context,
                          .files = files,
                          .now = now / CY_SECOND,
                          .why = why,
                          .why_size = why_size};
    if (context == NULL)
        return fail(&maker, -ENOMEM, "%s", cy_strerror(-ENOMEM));
    cyi_tls_device_install();
    /* T1: nobody else has it yet. */
    atomic_store_explicit(&context->users, 1, memory_order_relaxed);
    context->pinned = files->ca.text == NULL;
    int rc = make_ctx(&context->client, &maker, wolfTLSv1_3_client_method());
    if (rc == 0)
        rc = make_ctx(&context->server, &maker, wolfTLSv1_3_server_method());
    if (rc == 0 && wolfSSL_CTX_no_ticket_TLSv13(context->server) != 0)
        rc = fail(&maker, -EIO, "TLS without tickets is not to be had");
    if (rc == 0 && !context->pinned)
        rc = accept_authorities(&maker);
    wolfSSL_ERR_clear_error();
    if (rc != 0)
        cyi_tls_context_release(&context);
    else
        *out = context;
    return rc;
}

struct cyi_tls_context *
cyi_tls_context_use(struct cyi_tls_context *context)
{
    /* T1: the caller is a user already, or keeps the last one from leaving. */
    atomic_fetch_add_explicit(&context->users, 1, memory_order_relaxed);
    return context;
}

void
cyi_tls_context_release(struct cyi_tls_context **variable)
{
    struct cyi_tls_context *context = *variable;
    *variable = NULL;
    /* T1: the last one frees it. */
    if (context == NULL ||
        atomic_fetch_sub_explicit(&context->users, 1, memory_order_acq_rel) != 1)
        return;
    wolfSSL_CTX_free(context->client);
    wolfSSL_CTX_free(context->server);
    free(context);
}

int64_t
cyi_tls_context_ends(const struct cyi_tls_context *context)
{
    return context->ends;
}

static bool
is_accepted(const struct cyi_tls_context *context, const struct cyi_tls_certificate *peer)
{
    for (uint32_t i = 0; i < context->count; i++) {
        if (memcmp(context->accepted[i].hash, peer->hash, sizeof peer->hash) == 0)
            return true;
    }
    return false;
}

/* Who signed it, if that is an authority of ours, must not have expired either. */
static int
check_authority(const struct cyi_tls_context *context, const struct cyi_tls_certificate *peer,
                int64_t now)
{
    int rc = 0;
    for (uint32_t i = 0; i < context->count; i++) {
        const struct cyi_tls_certificate *authority = &context->accepted[i];
        if (memcmp(authority->subject, peer->issuer, sizeof peer->issuer) != 0)
            continue;
        rc = check_dates(authority, now);
        if (rc == 0)
            return 0;
    }
    return rc;
}

static int
verdict_on(const struct cyi_tls *tls, bool good, bool first,
           const struct cyi_tls_certificate *peer)
{
    struct cyi_os *os = tls->core->os;
    const struct cyi_tls_context *context = tls->context;
    int64_t now = os->realtime(os) / CY_SECOND;
    if (first && is_accepted(context, peer))
        return check_dates(peer, now);
    if (context->pinned)
        return CY_ECERT;
    int rc = check_dates(peer, now);
    if (rc == 0 && good)
        rc = check_authority(context, peer, now);
    return rc != 0 ? rc : good ? 0 : CY_ECERT;
}

/* It asks for those that have signed the peer's first, for the peer's own at last. */
int
cyi_tls_judge(int good, WOLFSSL_X509_STORE_CTX *store)
{
    struct cyi_tls *tls = store->userCtx;
    struct cyi_tls_certificate peer;
    int depth = store->error_depth;
    bool first = depth == 0;
    if (store->certs == NULL || depth < 0 || depth >= store->totalCerts ||
        cyi_tls_certificate_read(&peer, store->certs[depth].buffer, store->certs[depth].length,
                                 WOLFSSL_FILETYPE_ASN1) != 0) {
        tls->verdict = CY_ECERT;
        return 0;
    }
    int rc = verdict_on(tls, good == 1 && store->error == 0, first, &peer);
    if (rc != 0)
        tls->verdict = rc;
    else if (first && tls->verdict == 1)
        tls->verdict = 0;
    return rc == 0;
}
