/*
 * tls.c - the TLS of one connection, over buffers: wolfSSL never touches a socket.
 *
 * What comes from the socket is lent to wolfSSL, which takes records out of it one by one and
 * keeps the beginning of the next; what it writes lands in memory that the caller gives. So
 * all waiting is done by the connection's task as without TLS, and one system call moves many
 * records. The library's functions never wait, and no session is used by two threads.
 *
 * It ends without a close_notify: the goodbyes of links and files say what matters, and a cut
 * that somebody forges is a cut like any other.
 *
 * Tests: tests/transport/test_tls.c
 */
#include "tls_state.h"
#include <cycos/err.h>
#include <cycos/impl/io.h>
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

enum {
    RECORD_OVERHEAD = 22, /* header, type, tag */
    KEY_UPDATE = 32,      /* bytes, which wolfSSL may send of its own accord */
    BLOCK_SMALL = 4 << 10,
    BLOCK_LARGE = 64 << 10,                 /* of what has come */
    WRITE_BYTES = 3 * CYI_TLS_RECORD_BYTES, /* at once, so that records fit a large block */
};

static const char ALPN[] = CYI_TLS_ALPN;
static const char EXPORTER[] = "EXPORTER-cycos-v1";

static struct cyi_heap *
heap_of(const struct cyi_tls *tls)
{
    return &tls->core->heap;
}

static int
on_read(WOLFSSL *ssl, char *buffer, int size, void *arg)
{
    struct cyi_tls *tls = arg;
    size_t n = (size_t) size < tls->in_size ? (size_t) size : tls->in_size;
    (void) ssl;
    if (n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(buffer, tls->in, n);
    tls->in += n;
    tls->in_size -= n;
    return (int) n;
}

/* All or nothing: the caller has made room for what it knows of, the rest is small. */
static int
on_write(WOLFSSL *ssl, char *buffer, int size, void *arg)
{
    struct cyi_tls *tls = arg;
    size_t n = (size_t) size;
    (void) ssl;
    if (tls->out == NULL) {
        if (n > sizeof tls->spill - tls->spill_used)
            return WOLFSSL_CBIO_ERR_GENERAL;
        memcpy(tls->spill + tls->spill_used, buffer, n);
        tls->spill_used += n;
        return size;
    }
    if (n > tls->out_size - tls->out_used)
        return WOLFSSL_CBIO_ERR_GENERAL;
    memcpy(tls->out + tls->out_used, buffer, n);
    tls->out_used += n;
    return size;
}

static bool
set_up(struct cyi_tls *tls)
{
    char alpn[sizeof ALPN];
    WOLFSSL *ssl = tls->ssl;
    memcpy(alpn, ALPN, sizeof alpn);
    wolfSSL_SSLSetIORecv(ssl, on_read);
    wolfSSL_SSLSetIOSend(ssl, on_write);
    wolfSSL_SetIOReadCtx(ssl, tls);
    wolfSSL_SetIOWriteCtx(ssl, tls);
    wolfSSL_SetCertCbCtx(ssl, tls);
    return wolfSSL_UseALPN(ssl, alpn, sizeof alpn - 1, WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
           WOLFSSL_SUCCESS;
}

int
cyi_tls_open(struct cyi_tls **out, struct cyi_tls_context *context, struct cyi_core *core,
             bool dialer)
{
    uint8_t class = cyi_heap_class(sizeof(struct cyi_tls));
    struct cyi_tls *tls = cyi_heap_take(&core->heap, class, sizeof *tls);
    if (tls == NULL)
        return -ENOMEM;
    *tls = (struct cyi_tls){
        .core = core, .context = cyi_tls_context_use(context), .dialer = dialer, .verdict = 1};
    cyi_tls_enter(tls);
    tls->ssl = wolfSSL_new(dialer ? context->client : context->server);
    bool good = tls->ssl != NULL && set_up(tls);
    cyi_tls_leave();
    if (!good) {
        cyi_tls_close(&tls);
        return -ENOMEM;
    }
    *out = tls;
    return 0;
}

static void
drop_block(struct cyi_tls *tls)
{
    if (tls->block != NULL)
        cyi_heap_give(heap_of(tls), cyi_heap_class(tls->block_size), tls->block);
    tls->block = NULL;
    tls->block_size = 0;
}

void
cyi_tls_close(struct cyi_tls **variable)
{
    struct cyi_tls *tls = *variable;
    *variable = NULL;
    if (tls == NULL)
        return;
    cyi_tls_enter(tls);
    wolfSSL_free(tls->ssl);
    cyi_tls_leave();
    drop_block(tls);
    cyi_gcm_free(&tls->ciphers[0].gcm);
    cyi_gcm_free(&tls->ciphers[1].gcm);
    cyi_tls_context_release(&tls->context);
    struct cyi_heap *heap = heap_of(tls);
    explicit_bzero(tls, sizeof *tls);
    cyi_heap_give(heap, cyi_heap_class(sizeof *tls), tls);
}

/* The peer has said by an alert why it goes. */
static int
code_of_alert(int alert)
{
    switch (alert) {
    case bad_certificate:
    case unsupported_certificate:
    case certificate_revoked:
    case certificate_expired:
    case certificate_unknown:
    case unknown_ca:
    case access_denied:
    case certificate_required:
        return CY_EREJECTED;
    case close_notify:
        return -ECONNRESET;
    default:
        return -EPROTO;
    }
}

int
cyi_tls_code(struct cyi_tls *tls, int result)
{
    WOLFSSL_ALERT_HISTORY alerts;
    int error = wolfSSL_get_error(tls->ssl, result);
    wolfSSL_ERR_clear_error();
    if (tls->verdict < 0)
        return tls->verdict;
    switch (error) {
    case WOLFSSL_ERROR_WANT_READ:
    case WANT_READ:
        return -EAGAIN;
    case WOLFSSL_ERROR_ZERO_RETURN:
    case ZERO_RETURN:
    case SOCKET_PEER_CLOSED_E:
        return -ECONNRESET;
    case NO_PEER_CERT:
        return CY_ENOCERT;
    case MEMORY_E:
        return -ENOMEM;
    case VERIFY_MAC_ERROR:
    case DECRYPT_ERROR:
    case AES_GCM_AUTH_E:
    case MAC_CMP_FAILED_E:
        return -EBADMSG;
    default:
        break;
    }
    if (wolfSSL_get_alert_history(tls->ssl, &alerts) == WOLFSSL_SUCCESS &&
        alerts.last_rx.level == alert_fatal)
        return code_of_alert(alerts.last_rx.code);
    return -EPROTO;
}

/* Text of one record at most: bytes, -EAGAIN there is no whole record, or an error. */
static ssize_t
open_record(struct cyi_tls *tls, void *out, size_t size)
{
    cyi_tls_enter(tls);
    int n = wolfSSL_read(tls->ssl, out,
                         (int) (size < CYI_TLS_RECORD_BYTES ? size : CYI_TLS_RECORD_BYTES));
    cyi_tls_leave();
    return n > 0 ? n : cyi_tls_code(tls, n);
}

size_t
cyi_tls_sealed_bytes(const struct cyi_tls *tls, size_t size)
{
    size_t records = size / CYI_TLS_RECORD_BYTES + 1;
    return size + records * RECORD_OVERHEAD + tls->spill_used + KEY_UPDATE;
}

ssize_t
cyi_tls_seal(struct cyi_tls *tls, uint8_t *out, size_t room, const void *bytes, size_t size)
{
    CY_ASSERT(room >= cyi_tls_sealed_bytes(tls, size) && size <= INT32_MAX && size > 0);
    uint8_t spill[CYI_TLS_SPILL];
    size_t before = tls->spill_used;
    memcpy(spill, tls->spill, before);
    tls->out = out;
    tls->out_used = 0;
    tls->out_size = room;
    tls->spill_used = 0;
    if (before != 0 && out != bytes) { /* it goes first: records are numbered */
        memcpy(out, spill, before);
        tls->out_used = before;
    }
    cyi_tls_enter(tls);
    int n = wolfSSL_write(tls->ssl, bytes, (int) size);
    cyi_tls_leave();
    tls->out = NULL;
    if (n != (int) size)
        return n > 0 ? -EPROTO : cyi_tls_code(tls, n);
    if (before != 0 && out == bytes) {
        memmove(out + before, out, tls->out_used);
        memcpy(out, spill, before);
        tls->out_used += before;
    }
    return (ssize_t) tls->out_used;
}

int
cyi_tls_export(struct cyi_tls *tls, uint8_t out[CYI_TLS_EXPORT])
{
    int rc = wolfSSL_export_keying_material(tls->ssl, out, CYI_TLS_EXPORT, EXPORTER,
                                            sizeof EXPORTER - 1, NULL, 0, 0);
    return rc == WOLFSSL_SUCCESS ? 0 : -EIO;
}

int
cyi_tls_provide(struct cyi_tls *tls, size_t wanted)
{
    uint32_t size = wanted >= CYI_TLS_RECORD_BYTES ? BLOCK_LARGE : BLOCK_SMALL;
    CY_ASSERT(tls->in_size == 0);
    if (tls->block_size >= size)
        return 0;
    uint8_t *block = cyi_heap_take(heap_of(tls), cyi_heap_class(size), size);
    if (block == NULL)
        return -ENOMEM;
    drop_block(tls);
    tls->block = block;
    tls->block_size = size;
    return 0;
}

int
cyi_tls_read_full(struct cyi_tls *tls, cy_socket *socket, void *bytes, size_t size,
                  cy_time deadline)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t n = open_record(tls, at, size);
        if (n > 0) {
            at += n;
            size -= (size_t) n;
            continue;
        }
        int rc = n == -EAGAIN ? cyi_tls_provide(tls, size) : (int) n;
        if (rc != 0)
            return rc;
        n = cy_read(socket, tls->block, tls->block_size, deadline);
        if (n <= 0)
            return n == 0 ? -ECONNRESET : (int) n;
        cyi_tls_lend(tls, tls->block, (size_t) n);
    }
    return 0;
}

int
cyi_tls_write_full(struct cyi_tls *tls, cy_socket *socket, const void *bytes, size_t size,
                   cy_time deadline)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        size_t part = size < WRITE_BYTES ? size : WRITE_BYTES;
        size_t room = cyi_tls_sealed_bytes(tls, part);
        uint8_t class = cyi_heap_class(room);
        uint8_t *block = cyi_heap_take(heap_of(tls), class, room);
        if (block == NULL)
            return -ENOMEM;
        ssize_t n = cyi_tls_seal(tls, block, room, at, part);
        if (n > 0)
            n = cy_write(socket, block, (size_t) n, deadline);
        cyi_heap_give(heap_of(tls), class, block);
        if (n < 0)
            return (int) n;
        at += part;
        size -= part;
    }
    return 0;
}

/* Is there something that wolfSSL has not looked at, or not given? */
static bool
has_more(struct cyi_tls *tls)
{
    return tls->in_size != 0 || wolfSSL_pending(tls->ssl) > 0;
}

/* Opens all whole records that are lent, one behind the other. */
static ssize_t
open_records(struct cyi_tls *tls, uint8_t *buffer, size_t size)
{
    size_t total = 0;
    ssize_t n = -EAGAIN;
    while (total < size && has_more(tls) &&
           (n = open_record(tls, buffer + total, size - total)) > 0)
        total += (size_t) n;
    if (total != 0 && (n >= 0 || n == -EAGAIN || n == -ECONNRESET))
        return (ssize_t) total;
    return n == -ECONNRESET ? 0 : n;
}

/*
 * In place: text is shorter than its records, so it never catches up with what is still to be
 * opened, if it has a start of one record, whose beginning may have come before.
 */
ssize_t
cyi_tls_try_read(struct cyi_tls *tls, cy_socket *socket, uint8_t *buffer, size_t size,
                 size_t *heard)
{
    CY_ASSERT(size >= CYI_TLS_READ_MIN);
    *heard = 0;
    ssize_t n = open_records(tls, buffer, size);
    if (n != -EAGAIN)
        return n;
    drop_block(tls); /* of the time before the link was served */
    n = cyi_stream_try_read(socket, buffer + CYI_TLS_RECORD_MAX, size - CYI_TLS_RECORD_MAX);
    if (n <= 0)
        return n;
    *heard = (size_t) n;
    cyi_tls_lend(tls, buffer + CYI_TLS_RECORD_MAX, (size_t) n);
    n = open_records(tls, buffer, size);
    CY_ASSERT(n < 0 || tls->in_size == 0);
    return n;
}
