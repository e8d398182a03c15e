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
 * - it believes that any key on a curve fits any certificate on that curve: so a handshake is
 *   rehearsed;
 * - what goes wrong with a file it says by a number, if at all: so files are looked through
 *   here first.
 *
 * Synchronisation:
 *   T1  context.users  relaxed up, acq_rel down: the last one frees what the others have used
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

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

enum { CERTIFICATE_MAX = 16 << 10 }; /* bytes of DER; more than TLS would carry */

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

static bool
get_time(int64_t *out, const byte *date, int size)
{
    struct tm tm = {0};
    const byte *text;
    byte format;
    int length;
    if (wc_GetDateInfo(date, size, &text, &format, &length) != 0 ||
        wc_GetDateAsCalendarTime(text, length, format, &tm) != 0)
        return false;
    *out = timegm(&tm);
    return true;
}

int
cyi_tls_certificate_read(struct cyi_tls_certificate *out, const uint8_t *der, size_t size)
{
    DecodedCert decoded;
    wc_InitDecodedCert(&decoded, der, (word32) size, NULL);
    int rc = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, NULL);
    if (rc == 0 && !(get_time(&out->not_before, decoded.beforeDate, decoded.beforeDateLen) &&
                     get_time(&out->not_after, decoded.afterDate, decoded.afterDateLen)))
        rc = ASN_DATE_SZ_E;
    if (rc == 0) {
        memcpy(out->subject, decoded.subjectHash, sizeof out->subject);
        memcpy(out->issuer, decoded.issuerHash, sizeof out->issuer);
        cyi_crypto_sha256(out->hash, (struct cyi_bytes){der, size});
    }
    wc_FreeDecodedCert(&decoded);
    return rc == 0 ? 0 : -EBADMSG;
}

/* The same of PEM. */
static int
read_block(struct cyi_tls_certificate *out, const struct block *block)
{
    uint8_t der[CERTIFICATE_MAX];
    int n = wc_CertPemToDer((const uint8_t *) block->at, (int) block->size, der, sizeof der,
                            CERT_TYPE);
    return n > 0 ? cyi_tls_certificate_read(out, der, (size_t) n) : -EBADMSG;
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
    int rc = read_block(&context->accepted[context->count], block);
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
wrong_key(const struct maker *maker, const struct cyi_tls_files *files)
{
    const struct cyi_tls_file *file =
        files->key.text != NULL ? &files->key : &files->certificate;
    return fail(maker, -EKEYREJECTED,
                "%s: the key belongs to another certificate than the first of %s, or is of no "
                "use for TLS",
                file->name, files->certificate.name);
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
    int ok =
        maker->context->pinned
            ? wolfSSL_CTX_use_certificate_buffer(ctx, (const uint8_t *) certificate->at,
                                                 (long) certificate->size, WOLFSSL_FILETYPE_PEM)
            : wolfSSL_CTX_use_certificate_chain_buffer(ctx, all,
                                                       (long) files->certificate.size);
    if (ok != WOLFSSL_SUCCESS)
        return fail(maker, -EBADMSG, "%s: the certificate cannot be used",
                    files->certificate.name);
    ok = wolfSSL_CTX_use_PrivateKey_buffer(ctx, (const uint8_t *) key->at, (long) key->size,
                                           WOLFSSL_FILETYPE_PEM);
    if (ok != WOLFSSL_SUCCESS)
        return fail(maker, -EBADMSG, "%s: the key cannot be read", key_file->name);
    return wolfSSL_CTX_check_private_key(ctx) == WOLFSSL_SUCCESS ? 0 : wrong_key(maker, files);
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

static int
use_authorities(const struct maker *maker, WOLFSSL_CTX *ctx)
{
    const struct cyi_tls_file *file = &maker->files->ca;
    struct block block;
    size_t at = 0;
    for (uint32_t n = 1; next_block(&block, file, &at, "CERTIFICATE"); n++) {
        if (check_dates(&maker->context->accepted[n - 1], maker->now) != 0)
            continue; /* which it would not take */
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
    const char *ciphers = cyi_gcm_available() ? BOTH_CIPHERS : "TLS13-CHACHA20-POLY1305-SHA256";
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           cyi_tls_judge);
    wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
    return wolfSSL_CTX_set_cipher_list(ctx, ciphers) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_groups(ctx, groups, 1) == WOLFSSL_SUCCESS;
}

static int
make_ctx(WOLFSSL_CTX **out, const struct maker *maker, WOLFSSL_METHOD *method)
{
    struct block certificate = {NULL, 0}, key = {NULL, 0};
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
        rc = accept_authorities(maker);
    if (rc == 0 && !maker->context->pinned)
        rc = use_authorities(maker, ctx);
    /* Only now: what it asks for while it loads is nothing for us. */
    wolfSSL_CTX_SetDevId(ctx, CYI_TLS_DEVICE);
    return rc;
}

/* Its own check of key and certificate believes too much. */
static int
rehearse(const struct maker *maker)
{
    int rc = cyi_tls_rehearse(maker->context);
    if (rc == -ENOMEM)
        return fail(maker, rc, "%s", cy_strerror(rc));
    return rc == 0 ? 0 : wrong_key(maker, maker->files);
}

int
cyi_tls_context_create(struct cyi_tls_context **out, const struct cyi_tls_files *files,
                       cy_time now, char *why, size_t why_size)
{
    struct cyi_tls_context *context = calloc(1, sizeof *context);
    struct maker maker = {.context = context, .files = files, .now = now / CY_SECOND};
    maker.why = why;
    maker.why_size = why_size;
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
    context->made = maker.now;
    if (rc == 0)
        rc = rehearse(&maker);
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
verdict_on(const struct cyi_tls_context *context, int64_t now, bool good, bool first,
           const struct cyi_tls_certificate *peer)
{
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
static int
judge(int *verdict, const struct cyi_tls_context *context, int64_t now, int good,
      const WOLFSSL_X509_STORE_CTX *store)
{
    struct cyi_tls_certificate peer;
    int depth = store->error_depth;
    bool first = depth == 0;
    if (store->certs == NULL || depth < 0 || depth >= store->totalCerts ||
        cyi_tls_certificate_read(&peer, store->certs[depth].buffer,
                                 store->certs[depth].length) != 0) {
        *verdict = CY_ECERT;
        return 0;
    }
    int rc = verdict_on(context, now, good == 1 && store->error == 0, first, &peer);
    if (rc != 0)
        *verdict = rc;
    else if (first && *verdict == 1)
        *verdict = 0;
    return rc == 0;
}

int
cyi_tls_judge(int good, WOLFSSL_X509_STORE_CTX *store)
{
    struct cyi_tls *tls = store->userCtx;
    struct cyi_os *os = tls->core->os;
    return judge(&tls->verdict, tls->context, os->realtime(os) / CY_SECOND, good, store);
}

int
cyi_tls_judge_own(int good, WOLFSSL_X509_STORE_CTX *store)
{
    struct cyi_tls_context *context = store->userCtx;
    return judge(&context->own, context, context->made, good, store);
}

int
cyi_tls_context_own(const struct cyi_tls_context *context)
{
    return context->own;
}
