/*
 * connection.h - the TCP connection that serves a link for a while.
 *
 * A daemon task owns each: it dials or accepts, shakes hands, adopts the connection for its
 * link, reads until the end, and frees it. Everybody else may only cut it.
 */
#ifndef CYI_CONNECTION_H
#define CYI_CONNECTION_H

#include "auth.h"
#include "link.h"
#include "tls.h"

enum { CYI_PIECES_MAX = 32, CYI_BATCH_BYTES = 256 << 10, CYI_CONTROL_BYTES = 1 << 10 };

/* Bytes on their way into the kernel. */
struct cyi_piece {
    const uint8_t *at;
    size_t left;
    void *block;     /* to be given back, or NULL: the chunk is the link's */
    uint8_t class;   /* of the block */
    uint32_t number; /* of the data frame, or 0 */
};

struct cyi_connection {
    struct cyi_list parting; /* in owner->parting: its task has ended before the goodbye */
    struct cyi_net_core *owner;
    struct cyi_link *link; /* NULL: not yet, or no more */
    uint16_t number;       /* of the link that it serves or has served */
    cy_socket *socket;     /* NULL: closed */
    bool secured;          /* frames are sealed */
    struct cyi_tls *tls;   /* NULL: none; with it frames are not sealed a second time */
    int error;             /* why it was cut */
    cy_time heard_at;      /* when something was read, or there was nothing to wait for */
    struct cyi_seal send, receive;
    bool said_aes, heard_aes; /* in the intros: this side, the other is good at it */
    struct cyi_piece pieces[CYI_PIECES_MAX];
    uint32_t piece_first, piece_count;
    uint32_t written; /* number of the last data frame that the kernel has got, or its peer */
    uint8_t *control; /* a block of CYI_CONTROL_BYTES with a frame of the control lane */
    uint32_t control_used;
    uint8_t *rest; /* a block with the beginning of a frame */
    uint32_t rest_size;
    uint8_t rest_class;
};

/* One side has another secret than the other, or none. */
static inline bool
cyi_is_secret_wrong(int error)
{
    return error == CY_EAUTH || error == CY_EOPEN || error == CY_ESECRET;
}

/* One side has no certificate, or none that the other accepts. */
static inline bool
cyi_is_tls_wrong(int error)
{
    return error <= CY_ECERT && error >= CY_ETLS;
}

/* The kernel may be given bytes as they are. */
static inline bool
cyi_connection_is_plain(const struct cyi_connection *connection)
{
    return !connection->secured && connection->tls == NULL;
}

/* Strangers must not fill the log: one line a second. *unsaid: how many there were besides. */
bool cyi_may_complain(struct cyi_net_core *owner, uint32_t *unsaid);

/* connection.c */
CY_MUST_CHECK int cyi_connection_open(struct cyi_connection **out, struct cyi_net_core *owner,
                                      cy_socket *socket);
/* By its task, at last. */
void cyi_connection_free(struct cyi_connection **freed);
/* Close the socket and part from the link: its task ends soon. Any number of times. */
void cyi_connection_cut(struct cyi_connection *connection, int error);
/* Have a frame of the control lane to go out, maybe an empty one; false without memory. */
bool cyi_connection_prepare_control(struct cyi_connection *connection);
/* Add an item to it; false when there is no room. */
bool cyi_connection_control(struct cyi_connection *connection, enum cyi_op op, const void *body,
                            size_t size);
/* Take the control frame as a piece to be written; false without memory. */
bool cyi_connection_take_control(struct cyi_connection *connection,
                                 const struct cyi_frame *frame);
/* Add a frame to the pieces, sealed if need be; its header is written into `bytes`. */
CY_MUST_CHECK int cyi_connection_add(struct cyi_connection *connection,
                                     const struct cyi_frame *frame, uint8_t *bytes);
/* Write pieces: true when none is left. Cuts the connection when it is broken. */
bool cyi_connection_write(struct cyi_connection *connection);
/*
 * For the words before a link is served, and for what is no link: all bytes or an error. Both
 * suspend. -ECONNRESET the other side has ended it, and what cy_read() and cy_write() say.
 */
CY_MUST_CHECK int cyi_connection_write_full(struct cyi_connection *connection,
                                            const void *bytes, size_t size, cy_time deadline);
CY_MUST_CHECK int cyi_connection_read_full(struct cyi_connection *connection, void *bytes,
                                           size_t size, cy_time deadline);

/* receive.c: read and carry out until the connection ends; what ended it. */
int cyi_connection_serve(struct cyi_connection *connection);

/*
 * handshake.c: all suspend. The first two begin with TLS, if we have a certificate; after them
 * the peer has proved who it is, also when the dialer finds another than the expected (-ESRCH)
 * or itself (CY_ESELF).
 */
CY_MUST_CHECK int cyi_handshake_dial(struct cyi_connection *connection, cy_ref expected,
                                     struct cyi_auth_identity *peer, cy_time deadline);
CY_MUST_CHECK int cyi_handshake_accept(struct cyi_connection *connection,
                                       struct cyi_auth_identity *peer, cy_time deadline);
/* Say who we are. */
CY_MUST_CHECK int cyi_handshake_introduce(struct cyi_connection *connection,
                                          const struct cyi_intro *intro, cy_time deadline);
/* Hear who it is, and how many bytes of frames it takes. */
CY_MUST_CHECK int cyi_handshake_meet(struct cyi_connection *connection, struct cyi_intro *out,
                                     uint32_t *credit, cy_time deadline);

/* dial.c: the same for a connection that is for files; both intros have been exchanged. */
CY_MUST_CHECK int cyi_dial_file(struct cyi_connection **out, struct cyi_core *core,
                                const cy_address *address, cy_time deadline);

/* adopt.c */

/* What we say of ourselves to a node; on a link, where we go on with it. */
void cyi_intro_make(struct cyi_intro *out, struct cyi_net_core *owner,
                    const uint8_t *incarnation, const struct cyi_link *link);
/*
 * What a connection that we have dialled leads to: it serves its link from now on. `said` is
 * the number that our intro had as the next.
 */
CY_MUST_CHECK int cyi_adopt_dialled(struct cyi_connection *connection,
                                    const struct cyi_intro *intro, uint32_t credit,
                                    uint32_t said);
/* One that somebody else has dialled: answers its intro first. Suspends. */
CY_MUST_CHECK int cyi_adopt_accepted(struct cyi_connection *connection,
                                     const struct cyi_intro *intro, uint32_t credit,
                                     cy_time deadline);

#endif
