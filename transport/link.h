/*
 * link.h - what two cores of different nodes say to each other.
 *
 * A link is a session: numbered frames, requests and watches that wait for their end. It lives
 * as long as both nodes do. A connection serves it while there is something to say; after a
 * cut, or an idle while, the next one goes on where the last one ended.
 *
 * All calls belong to the core whose link it is. A link that has ended is gone: whoever
 * suspends keeps its number, not a pointer.
 */
#ifndef CYI_LINK_H
#define CYI_LINK_H

#include "net.h"
#include <cycos/impl/msg.h>
#include <cycos/impl/router.h>

struct cyi_connection;

/* One frame of the data lane, open or waiting to be acknowledged. */
struct cyi_chunk {
    struct cyi_chunk *next;
    uint32_t number;   /* 0: still open */
    uint32_t used;     /* bytes of items */
    uint32_t capacity; /* for items */
    uint32_t messages; /* in it: what is lost when it is */
    uint8_t class;     /* of the block, as in heap.h */
    bool sent;         /* on the present connection or before */
    uint8_t bytes[];   /* CYI_FRAME_HEADER, then the items */
};

/* A long item, while its parts come. */
struct cyi_assembly {
    cy_msg *msg; /* NULL: none is under way */
    uint32_t filled;
    uint32_t skip; /* bytes of one for which there was no memory */
    uint8_t op, flags;
};

/* What the other side was asked for: names that this node seeks. */
struct cyi_asks {
    struct cyi_list links;      /* in locates->links: this one may be asked */
    uint64_t asked, asked_most; /* up to which question; before some were asked again */
    cy_time ask_at;             /* the next, not before */
    uint64_t again_from;        /* one that was refused, and all behind it; 0: none */
    cy_time again_at;
    bool twice; /* some were asked again */
};

struct cyi_link_traffic {
    uint64_t bytes_sent, bytes_received, frames_sent, frames_received;
};

struct cyi_link {
    struct cyi_map_node node; /* in owner->links */
    struct cyi_list all;      /* in owner->all */
    struct cyi_list active;   /* in owner->active while there may be something to write */
    struct cyi_net_core *owner;
    cy_ref home;                       /* of the peer's tasks: node, core, address, port */
    uint64_t session;                  /* 0: there never was a connection */
    uint16_t number;                   /* in owner->numbered: the `link` of a cyi_return */
    bool stream, peer_stream;          /* keep the connection when it is idle */
    bool hub;                          /* between two hubs: always kept */
    bool dialling;                     /* a task of ours is at it */
    bool accepting;                    /* a connection is about to be attached */
    cy_time trying;                    /* when its present try began; 0: it pauses */
    cy_time attached_at;               /* when the present or last connection came */
    bool acknowledge;                  /* say now what was received */
    uint32_t dials;                    /* failed in a row */
    uint32_t tries;                    /* failed since the last connection */
    uint32_t stalls;                   /* connections in a row that brought nothing over */
    cy_time dials_since;               /* when the first of them began */
    struct cyi_connection *connection; /* NULL: none stands */

    /* Out. */
    struct cyi_chunk *first, **last; /* frames not acknowledged, and the open one */
    struct cyi_chunk *next_out;      /* first not sent on this connection; NULL: none */
    struct cyi_chunk *open;          /* being filled: the last, or NULL */
    uint32_t next_number;            /* of the next frame that is closed */
    uint64_t queued_bytes;           /* of memory in all chunks */
    uint64_t flying_bytes;           /* sent on this connection, not acknowledged */
    uint32_t credit;                 /* how many may be */
    uint8_t chunk_class;             /* of the next chunk */
    struct cyi_chunk *spare;         /* for what was promised, when there is no memory */

    struct cyi_link_traffic traffic; /* of all its connections */

    /* In. */
    uint32_t expected;      /* number of the next frame */
    uint32_t unacked_bytes; /* received since our last word of it */
    cy_time ack_at;         /* CY_FOREVER: nothing to acknowledge */
    cy_time used_at;        /* last bytes in or out, for closing when idle */
    struct cyi_assembly assembly;

    /* Who waits for what. */
    struct cyi_map requests;        /* of ours, by task and token (requests.c) */
    struct cyi_map watches;         /* ours of tasks there, by id (watches.c) */
    struct cyi_map foreign_watches; /* theirs of tasks here, by id */
    struct cyi_map told;            /* tasks of ours whose full mailbox was told */
    uint32_t watch_id;
    struct cyi_map standing; /* names that they seek here, by id (stand.c) */
    struct cyi_asks asks;    /* what we seek there (locate.c) */
};

/* What an item brought. A long one lies in `donor`, which who takes it sets to NULL. */
struct cyi_arrival {
    uint8_t op, flags;
    const uint8_t *body;
    size_t size;
    cy_msg *donor;
    bool cut_short; /* there was no memory for more than its beginning: it has no message */
};

/* link.c */

/*
 * The link to a core of another node, made if there is none. -ESRCH the node has ended,
 * CY_ENOPEER it is lost, -EAGAIN too many links, -ENOMEM.
 */
CY_MUST_CHECK int cyi_link_get(struct cyi_link **out, struct cyi_core *core, cy_ref to);
/* That there is, or NULL. */
struct cyi_link *cyi_link_find(const struct cyi_core *core, uint32_t tag, uint16_t peer_core);
struct cyi_link *cyi_link_numbered(const struct cyi_core *core, uint16_t number);
/* Keep the connection when idle, or not. */
void cyi_link_stream(struct cyi_link *link, bool stream);
/* The session is over: fail whatever waits, count what is lost, free the link. */
void cyi_link_end(struct cyi_link *link);
/* End all links of this core with a node. */
void cyi_links_end(struct cyi_core *core, uint32_t tag);
/*
 * The connection has ended by `error`: tell whom it concerns. It is freed, unless the node
 * ends: then it stays for the goodbye.
 */
void cyi_link_served(struct cyi_connection *connection, int error);
/* Does somebody want a connection while there is none? */
bool cyi_link_wanted(const struct cyi_link *link);
/* On a connection that stays on this host. */
void cyi_link_choose_congestion(cy_socket *socket, const cy_address *peer);
/* Calls visit(link, arg) for each link of this core; it may end the one that it is given. */
void cyi_links_each(struct cyi_core *core, void (*visit)(struct cyi_link *link, void *arg),
                    void *arg);

/* link_out.c */

/*
 * Begin an item of `size` bytes, at most CYI_ITEM_MAX, on the data lane; where they go. It is
 * sent at the end of the turn; a connection is made if there is none. NULL with *error:
 * -EAGAIN at the link's limit, -ENOMEM.
 */
uint8_t *cyi_link_put(struct cyi_link *link, enum cyi_op op, uint8_t flags, size_t size,
                      int *error);
/* What an item consists of: a fixed part, then a body of any size, which may be missing. */
struct cyi_parts {
    const uint8_t *fixed;
    size_t fixed_size;
    const void *body;
    size_t size;
};
/* An item, cut up if need be. All or nothing. */
CY_MUST_CHECK int cyi_link_put_item(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                                    const struct cyi_parts *parts);
/* The same beyond the link's limit, for what must not get lost. -ENOMEM. */
CY_MUST_CHECK int cyi_link_put_promised(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                                        const struct cyi_parts *parts);
/* A small item on the control lane, if a connection stands: else it is dropped. */
void cyi_link_control(struct cyi_link *link, enum cyi_op op, const void *body, size_t size);
/* Have some memory for what is promised; give it back. */
void cyi_link_provide(struct cyi_link *link);
void cyi_link_drop_spare(struct cyi_link *link);
/* There may be something to write: look at the end of the turn. */
void cyi_link_activate(struct cyi_link *link);
/* Write what there is, as far as the connection takes it. */
void cyi_link_flush(struct cyi_link *link);
/* The peer has frames up to and without `ack`. -EBADMSG it cannot. */
CY_MUST_CHECK int cyi_link_acknowledged(struct cyi_link *link, uint32_t ack);
/* A new connection: what the last one did not bring over is to be sent again. */
CY_MUST_CHECK int cyi_link_resume(struct cyi_link *link, uint32_t next);
/* Give all chunks back; how many messages were in them. */
uint32_t cyi_link_drop_chunks(struct cyi_link *link);
/* Does it have something that the other side has not got? */
bool cyi_link_pending(const struct cyi_link *link);

/* dial.c */

/* Dial now if no connection stands and nobody dials. */
void cyi_link_dial(struct cyi_link *link);
/*
 * In a task: connect to an address, exchange intros, and part. So both sides get to know each
 * other. -ECONNREFUSED and what else cy_tcp_connect() says, CY_EAUTH and what else a handshake
 * says, CY_ESELF it is this node, -ETIMEDOUT, -ECANCELED.
 */
CY_MUST_CHECK int cyi_dial_meet(struct cyi_core *core, const cy_address *address,
                                struct cyi_intro *out, cy_time deadline);

/* accept.c: the daemon that takes connections of one listener. */
int cyi_accept_all(void *arg);

/*
 * requests.c: an item for whose answer a task waits (its slot, generation, token). Takes `kept`
 * if 0: the message to which the answer means that it was delivered, or NULL.
 */
CY_MUST_CHECK int cyi_request_put(struct cyi_link *link, const struct cyi_return *who,
                                  enum cyi_op op, uint8_t flags, const struct cyi_parts *parts,
                                  cy_msg *kept);
/* A message whose sender waits for an answer; takes it if 0. */
CY_MUST_CHECK int cyi_request_send(struct cyi_link *link, cy_ref to, cy_msg *msg);
/* The answer has come. Takes msg. */
void cyi_request_answered(struct cyi_link *link, const struct cyi_answer_item *answer,
                          cy_msg *msg);
void cyi_requests_fail(struct cyi_link *link);

/* watches.c: who watches whom over a link; as the calls of router.h. */
CY_MUST_CHECK int cyi_watch_begin(struct cyi_link *link, cy_ref target, bool join,
                                  cy_msg *note);
void cyi_watch_cancel(struct cyi_link *link, cy_ref target, const cy_msg *note);
CY_MUST_CHECK int cyi_watch_carry_out(struct cyi_link *link, const struct cyi_arrival *arrival);
void cyi_watches_fail(struct cyi_link *link);

/* told.c: tasks of ours whose mailbox is full, as the other side knows. */
void cyi_told_full(struct cyi_link *link, uint32_t slot, uint32_t generation);
void cyi_told_relieved(struct cyi_core *core, uint32_t slot, uint32_t generation);
void cyi_told_forget(struct cyi_link *link);
/*
 * A message of so many bytes has come for a task of ours. -EDQUOT: its mailbox is full, the
 * other side was told so, and this is more than can have been under way then.
 */
CY_MUST_CHECK int cyi_told_check(struct cyi_link *link, uint32_t slot, uint32_t generation,
                                 size_t bytes);

/* router.c: what the runtime calls. */
extern const struct cyi_router cyi_link_router;

/* carry.c: what came on the data lane, on the link's core. -EBADMSG it makes no sense. */
CY_MUST_CHECK int cyi_link_carry_out(struct cyi_link *link, struct cyi_arrival *arrival);

#endif
