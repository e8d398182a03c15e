/*
 * link.h - what two cores of different nodes say to each other.
 *
 * A link is a session: numbered frames, requests and watches that wait for their end. It lives
 * as long as both nodes do. A connection serves it while there is something to say; after a
 * cut, or an idle while, the next one goes on where the last one ended.
 *
 * All calls belong to the core whose link it is.
 */
#ifndef CYI_LINK_H
#define CYI_LINK_H

#include "net.h"
#include <cycos/impl/router.h>

struct cyi_connection;
struct cyi_chunk;

struct cyi_link {
    struct cyi_map_node node; /* in core->links */
    struct cyi_list active;   /* in core->active, or alone */
    struct cyi_net_core *owner;
    cy_ref home;       /* of the peer: tag, core, address, port */
    uint16_t number;   /* in core->numbered: the `link` of a cyi_return */
    uint32_t our_life; /* how often we had declared it dead when the session began */
    uint32_t their_life;
    bool met;    /* an intro was read: their_life is known */
    bool stream; /* keep the connection when idle; either side may ask for it */
    bool peer_stream;
    bool hub;                          /* between two hubs: never closed for being idle */
    bool dialling;                     /* a task of ours is at it */
    uint32_t dials;                    /* failed in a row */
    struct cyi_connection *connection; /* NULL: none stands */

    /* The data lane, out. */
    struct cyi_chunk *first, **last; /* frames not acknowledged; the last may be open */
    struct cyi_chunk *next_out;      /* first not sent on this connection */
    struct cyi_chunk *open;          /* being filled; it is the last */
    uint32_t next_number;            /* of the next frame that is closed */
    uint64_t queued_bytes;           /* in all chunks */
    uint64_t flying_bytes;           /* sent on this connection, not acknowledged */
    uint32_t credit;                 /* what may fly */
    uint32_t chunk_class;            /* of the next chunk */

    /* The data lane, in. */
    uint32_t expected;      /* number of the next frame */
    uint32_t unacked_bytes; /* received since our last word of it */
    cy_time ack_at;         /* CY_FOREVER: nothing to acknowledge */
    cy_msg *assembly;       /* of a long item */
    uint32_t assembled;
    uint8_t assembly_op, assembly_flags;
    uint64_t said_at; /* last use, for closing when idle */

    /* Who waits for what (router.c, watches.c, remote_channel.c, locate.c). */
    struct cyi_map requests;
    struct cyi_map watches;         /* ours of tasks there, by id */
    struct cyi_map foreign_watches; /* theirs of tasks here, by id */
    struct cyi_map told;            /* tasks of ours whose mailbox is full, as it was told */
    uint32_t watch_id;
};

/*
 * The link to a core of another node, made if there is none. -ESRCH the node has ended,
 * CY_ENOPEER it is lost, -ENOBUFS too many links, -ENOMEM.
 */
CY_MUST_CHECK int cyi_link_get(struct cyi_link **out, struct cyi_core *core, cy_ref to);
/* That there is, or NULL. */
struct cyi_link *cyi_link_find(const struct cyi_core *core, uint32_t tag, uint16_t peer_core);
struct cyi_link *cyi_link_numbered(const struct cyi_core *core, uint16_t number);

/*
 * Begin an item of `size` bytes on the data lane; where they go. It is sent at the end of the
 * turn; a connection is made if there is none. NULL with *error: -EAGAIN at the link's limit,
 * -ENOMEM. At most CYI_ITEM_MAX bytes.
 */
uint8_t *cyi_link_put(struct cyi_link *link, enum cyi_op op, uint8_t flags, size_t size,
                      int *error);
/*
 * An item of any size: a fixed part, then a body, cut up if need be. All or nothing.
 */
CY_MUST_CHECK int cyi_link_put_long(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                                    const uint8_t *fixed, size_t fixed_size, const void *body,
                                    size_t size);
/* The same beyond the link's limit, for what must not get lost. -ENOMEM only. */
CY_MUST_CHECK int cyi_link_put_promised(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                                        const uint8_t *fixed, size_t fixed_size,
                                        const void *body, size_t size);
/* A small item on the control lane, if a connection stands: else it is dropped. */
void cyi_link_control(struct cyi_link *link, enum cyi_op op, const void *body, size_t size);

/* Dial now if no connection stands and nobody dials. */
void cyi_link_dial(struct cyi_link *link);
/* Keep the connection when idle, or not. */
void cyi_link_stream(struct cyi_link *link, bool stream);
/* Close the connection; the link goes on. */
void cyi_link_cut(struct cyi_link *link, int error);
/* The node is gone: fail whatever waits, count what is lost, free the link. */
void cyi_link_end(struct cyi_link *link);
/* End all links of this core with a node. */
void cyi_links_end(struct cyi_core *core, uint32_t tag);

/* What came: carried out on the link's core. The donor, if any, holds the item's bytes. */
int cyi_link_carry_out(struct cyi_link *link, const struct cyi_item *item, size_t size,
                       cy_msg **donor);

#endif
