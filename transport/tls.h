/*
 * tls.h - TLS 1.3 between nodes that have certificates; tls*.c alone name wolfSSL's TLS.
 *
 * A *context* is what a node has loaded: its certificate with the key, and whom it accepts. It
 * never changes; a change of files makes another, for the connections that begin from then on.
 * A *session* is the TLS of one connection. It knows nothing of frames.
 *
 * Whom a node accepts: without a cafile the certificates in its certfile, byte by byte: the
 * first is its own, more of them are there while a cluster changes its certificate. With a
 * cafile the certificates in it, and those that they have signed. In either case dates count.
 */
#ifndef CYI_TLS_H
#define CYI_TLS_H

#include <cycos/impl/core.h>
#include <cycos/io.h>
#include <cycos/options.h>

struct cyi_tls_context;
struct cyi_tls;

enum {
    CYI_TLS_ACCEPTED_MAX = 64,    /* certificates in a file */
    CYI_TLS_FILE_MAX = 256 << 10, /* bytes of a file */
    CYI_TLS_EXPORT = 32,          /* bytes */
    CYI_TLS_SLACK = 128,          /* what a record adds, and whatever else is to be said */
};

/* One of the files, as text; `name` is for messages. */
struct cyi_tls_file {
    const char *name, *text; /* text NULL: there is no such file */
    size_t size;
};
struct cyi_tls_files {
    struct cyi_tls_file certificate;
    struct cyi_tls_file key; /* none: it is in the first */
    struct cyi_tls_file ca;  /* none: what is in the first is accepted, and nothing else */
};

/*
 * tls_context.c: `why` gets a line for people. `now` is in nanoseconds since 1970. CY_ENOCERT
 * no certificate in a file, -ENOKEY no key, -EKEYREJECTED it belongs to another certificate or
 * has a password, CY_EEXPIRED, CY_EEARLY, -EBADMSG what is there cannot be read, -E2BIG too
 * many certificates, -ENOMEM. The first user is the caller.
 */
CY_MUST_CHECK int cyi_tls_context_create(struct cyi_tls_context **out,
                                         const struct cyi_tls_files *files, cy_time now,
                                         char *why, size_t why_size);
/* tls_load.c: of the files in the options. Also what opening and reading say. Blocks. */
CY_MUST_CHECK int cyi_tls_context_load(struct cyi_tls_context **out,
                                       const struct cy_options *options, cy_time now, char *why,
                                       size_t why_size);
struct cyi_tls_context *cyi_tls_context_use(struct cyi_tls_context *context);
/* The last user frees it; NULL is fine. */
void cyi_tls_context_release(struct cyi_tls_context **variable);
/* Seconds since 1970 when our certificate ends; whom it names is not asked by anybody. */
int64_t cyi_tls_context_ends(const struct cyi_tls_context *context);
/*
 * 0, or the error for which a peer with the same files refuses our certificate. That may be as
 * it is meant to be: where others have another cafile.
 */
int cyi_tls_context_own(const struct cyi_tls_context *context);

/*
 * tls.c: a session. All belongs to the core, which gives memory and random bytes. Takes a user
 * of the context. -ENOMEM.
 */
CY_MUST_CHECK int cyi_tls_open(struct cyi_tls **out, struct cyi_tls_context *context,
                               struct cyi_core *core, bool dialer);
void cyi_tls_close(struct cyi_tls **variable);

/*
 * Shake hands; suspends. A dialer does not know yet whether it was accepted: the first read
 * tells. CY_EPLAIN the peer begins as one without TLS, CY_ECERT its certificate is none that we
 * accept, CY_EEXPIRED, CY_EEARLY, CY_ENOCERT it has none, CY_EREJECTED it does not accept ours,
 * -EPROTO it does not speak what we do, and what cy_read() and cy_write() say.
 */
CY_MUST_CHECK int cyi_tls_shake(struct cyi_tls *tls, cy_socket *socket, cy_time deadline);

/* What both ends of this session know and nobody else does, relays included. */
CY_MUST_CHECK int cyi_tls_export(struct cyi_tls *tls, uint8_t out[CYI_TLS_EXPORT]);

/* How many bytes become of `size`, at most. */
size_t cyi_tls_sealed_bytes(const struct cyi_tls *tls, size_t size);
/*
 * Make records of bytes, to be written in the order in which they were made. `out` has room for
 * cyi_tls_sealed_bytes(), and may be `bytes` if all fits one record. How many bytes they have.
 */
CY_MUST_CHECK ssize_t cyi_tls_seal(struct cyi_tls *tls, uint8_t *out, size_t room,
                                   const void *bytes, size_t size);

/*
 * Read what there is without a wait: bytes; 0 the end; -EAGAIN; -EBADMSG it was tampered with;
 * or another error. `buffer` has room for CYI_TLS_READ_MIN at least. *heard: something came,
 * though it may be less than can be opened.
 */
enum { CYI_TLS_READ_MIN = 128 << 10 };
CY_MUST_CHECK ssize_t cyi_tls_try_read(struct cyi_tls *tls, cy_socket *socket, uint8_t *buffer,
                                       size_t size, size_t *heard);

/* All bytes, or an error; suspend. */
CY_MUST_CHECK int cyi_tls_write_full(struct cyi_tls *tls, cy_socket *socket, const void *bytes,
                                     size_t size, cy_time deadline);
CY_MUST_CHECK int cyi_tls_read_full(struct cyi_tls *tls, cy_socket *socket, void *bytes,
                                    size_t size, cy_time deadline);

#endif
