/*
 * tls_shake.c - the handshake of a session.
 *
 * A stranger may cost us something before it has proved anything: our signature above all. So
 * what it sends is counted, in bytes and in records, and no more than a quarter of a core's
 * time goes into the steps of those who have dialled it, one in a turn. The deadline and the
 * number of pending connections limit the rest.
 *
 * Tests: tests/transport/test_tls.c
 */
#include "net.h"
#include "tls_state.h"
#include <cycos/impl/post.h>
#include <cycos/sync.h>
#include <string.h>

enum {
    SHAKE_BYTES = 32 << 10, /* that a peer may send before hands are shaken */
    SHAKE_STEPS = 64,       /* in so many records, alerts and the like included */
};

static const char ALPN[] = CYI_TLS_ALPN;

struct progress {
    uint8_t header[5];
    uint32_t have; /* of the header */
    uint32_t left; /* of the record */
    uint32_t bytes, records;
};

static int
check_record(const struct progress *progress)
{
    const uint8_t *header = progress->header;
    size_t size = (size_t) header[3] << 8 | header[4];
    return header[1] == 3 && size <= CYI_TLS_RECORD_MAX - sizeof progress->header ? (int) size
                                                                                  : -EPROTO;
}

/* Whether a record ends in these bytes: there is something to do then. */
static int
follow(struct progress *progress, const uint8_t *bytes, size_t size)
{
    uint32_t before = progress->records;
    if (progress->bytes == 0 && bytes[0] == 'C')
        return CY_EPLAIN; /* as a handshake without TLS begins */
    progress->bytes += (uint32_t) size;
    while (size > 0) {
        if (progress->have < sizeof progress->header) {
            progress->header[progress->have++] = *bytes++;
            size--;
            if (progress->have < sizeof progress->header)
                continue;
            int rc = check_record(progress);
            if (rc < 0)
                return rc;
            progress->left = (uint32_t) rc;
        }
        size_t n = size < progress->left ? size : progress->left;
        bytes += n;
        size -= n;
        progress->left -= (uint32_t) n;
        if (progress->left == 0) {
            progress->have = 0;
            progress->records++;
        }
    }
    if (progress->bytes > SHAKE_BYTES || progress->records > SHAKE_STEPS)
        return -EPROTO;
    return progress->records != before;
}

/* The peer was judged, and means the same as we do. */
static int
shaken(struct cyi_tls *tls)
{
    char *name;
    unsigned short size;
    if (tls->verdict != 0)
        return CY_ECERT;
    if (wolfSSL_ALPN_GetProtocol(tls->ssl, &name, &size) != WOLFSSL_SUCCESS ||
        size != sizeof ALPN - 1 || memcmp(name, ALPN, size) != 0)
        return -EPROTO;
    return 0;
}

/* As far as it goes with what has come: 0 done, -EAGAIN, or an error. */
static int
step(struct cyi_tls *tls)
{
    cyi_tls_enter(tls);
    int n = tls->dialer ? wolfSSL_connect(tls->ssl) : wolfSSL_accept(tls->ssl);
    cyi_tls_leave();
    return n == WOLFSSL_SUCCESS ? shaken(tls) : cyi_tls_code(tls, n);
}

/*
 * A step runs between two turns of tasks, on the stack of the core's thread: the arithmetic of
 * RSA takes nearly all that the stack of a task has.
 */
struct call {
    struct cyi_tls *tls;
    struct cyi_task *task;
    int result; /* -EBUSY: strangers have had their share */
    bool ended;
};

static void
run_call(struct cyi_core *core, const void *args)
{
    struct call *call = *(struct call *const *) args;
    struct cyi_net_core *owner = core->net;
    struct cyi_tls *tls = call->tls;
    bool stranger = owner != NULL && !tls->dialer;
    cy_time begin = core->os->now(core->os);
    if (stranger && begin < owner->shake_at) {
        call->result = -EBUSY;
    } else {
        call->result = step(tls);
        cy_time end = core->os->now(core->os);
        if (stranger)
            owner->shake_at = end + 3 * (end - begin);
    }
    call->ended = true;
    cyi_wake(core, call->task, 0);
}

static int
step_between(struct cyi_tls *tls)
{
    struct cyi_core *core = tls->core;
    struct call call = {.tls = tls, .task = core->sched.current}, *args = &call;
    int rc = cyi_post_call(core, core->index, run_call, &args, sizeof args);
    if (rc != 0)
        return -ENOMEM; /* -EAGAIN would mean that more must come */
    while (!call.ended) {
        rc = cyi_park(core, CYI_WAIT_POOL, NULL, CY_FOREVER);
        CY_ASSERT(rc == 0);
    }
    return call.result;
}

static int
step_in_turn(struct cyi_tls *tls, cy_time deadline)
{
    struct cyi_core *core = tls->core;
    int rc;
    while ((rc = step_between(tls)) == -EBUSY) {
        cy_time now = core->os->now(core->os), at = cyi_net_core(core)->shake_at;
        if (now >= deadline)
            return -ETIMEDOUT;
        rc = cy_sleep(at > now ? at - now : 1);
        if (rc != 0)
            return rc;
    }
    return rc;
}

/* A step, and what it says goes out: an error too, as it tells the peer what is wrong. */
static int
step_and_write(struct cyi_tls *tls, cy_socket *socket, cy_time deadline)
{
    uint8_t class = cyi_heap_class(SHAKE_BYTES);
    uint8_t *block = cyi_heap_take(&tls->core->heap, class, SHAKE_BYTES);
    ssize_t written = 0;
    if (block == NULL)
        return -ENOMEM;
    tls->out = block;
    tls->out_used = 0;
    tls->out_size = SHAKE_BYTES;
    int rc = step_in_turn(tls, deadline);
    tls->out = NULL;
    if (tls->out_used != 0)
        written = cy_write(socket, block, tls->out_used, deadline);
    cyi_heap_give(&tls->core->heap, class, block);
    return rc != 0 && rc != -EAGAIN ? rc : written < 0 ? (int) written : rc;
}

/* The beginning of a record: there is nothing to do but to keep it. */
static int
keep(struct cyi_tls *tls)
{
    int rc = step(tls);
    return rc == 0 ? -EPROTO : rc;
}

int
cyi_tls_shake(struct cyi_tls *tls, cy_socket *socket, cy_time deadline)
{
    struct progress progress = {.bytes = 0};
    int rc = step_and_write(tls, socket, deadline);
    while (rc == -EAGAIN) {
        rc = cyi_tls_provide(tls, 0);
        if (rc != 0)
            break;
        ssize_t n = cy_read(socket, tls->block, tls->block_size, deadline);
        if (n <= 0)
            return n == 0 ? -ECONNRESET : (int) n;
        rc = follow(&progress, tls->block, (size_t) n);
        if (rc < 0)
            break;
        cyi_tls_lend(tls, tls->block, (size_t) n);
        rc = rc > 0 ? step_and_write(tls, socket, deadline) : keep(tls);
    }
    return rc;
}
