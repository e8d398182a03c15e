/*
 * wire.h - what travels between nodes, as bytes; wire.md says it byte by byte.
 *
 * A pure codec: no allocation, no I/O, nothing but the bytes given. Fixed-width little-endian
 * fields, never a struct as it lies in memory. Readers trust nothing: each returns 0, or
 * -EBADMSG when the bytes cannot be what they claim to be, and never reads past `size`.
 * What a reader takes, the writer gives back byte by byte; writers assert what readers demand.
 *
 * On a connection, after the handshake (auth.h), frames follow one another:
 *
 *     header (20 bytes) | items | 16 bytes of authentication, with a secret
 *
 * A frame on the data lane is numbered, kept until it is acknowledged, and sent again on the
 * next connection of its link. A frame on the control lane is neither.
 */
#ifndef CYI_WIRE_H
#define CYI_WIRE_H

#include <cycos/ref.h>
#include <cycos/run.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    CYI_FRAME_HEADER = 20,    /* bytes */
    CYI_FRAME_MAX = 64 << 10, /* bytes of items in one frame */
    CYI_ITEM_HEADER = 4,      /* bytes */
    CYI_ITEM_MAX = 32 << 10,  /* bytes of one item behind its header; longer ones are cut up */
    CYI_WIRE_NAME_MAX = 63,   /* bytes of a node's, a core's, a task's name */
    CYI_WIRE_ADDRESSES = 8,   /* of one node */
    CYI_WIRE_CORES = 1024,    /* of one node */
    CYI_HELLO_MIN = 48,       /* bytes of a hello datagram without addresses */
    CYI_HELLO_MAX = 512,      /* no datagram is longer */
    CYI_INTRO_MIN = 78,       /* bytes of the intro of a node with one core */
    CYI_INTRO_MAX = 4096,     /* no intro is longer */
    CYI_WIRE_VERSION = 1,     /* in hellos and handshakes; wire.md says when it rises */
};

enum cyi_lane { CYI_LANE_CONTROL, CYI_LANE_DATA, CYI_LANES };

struct cyi_frame {
    uint32_t size;   /* bytes of items; those of authentication come on top */
    uint32_t number; /* on the data lane: from 1, without gaps; else 0 */
    uint32_t ack;    /* number of the data frame that its sender expects next: not 0 */
    uint32_t credit; /* bytes of data frames from `ack` on that it has room for */
    uint8_t lane;
};

/* What an item is. Control lane first. */
enum cyi_op {
    CYI_OP_NONE,
    CYI_OP_INTRO, /* who I am; the first frame of either side of a connection */
    CYI_OP_PING,  /* u64: comes back in a pong */
    CYI_OP_PONG,
    CYI_OP_BYE,     /* u8 CYI_BYE_...: this connection, or this node, ends on purpose */
    CYI_OP_SUSPECT, /* tag u32: I hear nothing of that node; do you? */
    CYI_OP_ALIVE,   /* tag u32: I do */

    CYI_OP_SEND = 16, /* struct cyi_send */
    CYI_OP_REQUEST,   /* struct cyi_request_item: with an answer to come */
    CYI_OP_ANSWER,    /* struct cyi_answer_item */
    CYI_OP_FORWARD,   /* struct cyi_forward: a message with a sender of any node */
    CYI_OP_COMMAND,   /* struct cyi_command_item */
    CYI_OP_WATCH,     /* struct cyi_watch_item */
    CYI_OP_UNWATCH,   /* u32 id */
    CYI_OP_EXIT,      /* struct cyi_exit_item */
    CYI_OP_CONGESTED, /* slot u32, generation u32: hold back */
    CYI_OP_RELIEVED,  /* the same: go on */
    CYI_OP_LONG,      /* struct cyi_long_item, then the first bytes of an item in parts */
    CYI_OP_MORE,      /* bytes: the next part of it */

    CYI_OP_LOCATE = 32, /* struct cyi_locate_item */
    CYI_OP_LOCATED,     /* u32 id, ref */
    CYI_OP_FORGET,      /* u32 id: nobody wants to know any more */
    CYI_OP_ANNOUNCE,    /* a hello datagram to be broadcast on the network of the receiver */

    CYI_OP_CHANNEL = 48, /* from here on: of channels (remote_channel.c) */
    CYI_OP_END = 64,
};

/* Why a goodbye: the connection is not needed any more, or the node ends. */
enum { CYI_BYE_CONNECTION, CYI_BYE_NODE, CYI_BYE_REASONS };

enum { CYI_ITEM_DELIVER = 1, CYI_ITEM_CALL = 2, CYI_ITEM_MESSAGE = 4, CYI_ITEM_NOTIFY = 8 };

struct cyi_item {
    uint16_t size; /* bytes behind the header */
    uint8_t op, flags;
    const uint8_t *body;
};

/* The fixed part of each, in its order; a message's bytes follow it. */
struct cyi_send {
    uint32_t to_slot, to_generation, from_slot, from_generation, tag;
};
struct cyi_request_item { /* flags: DELIVER or CALL */
    struct cyi_send send;
    uint32_t token;
};
struct cyi_answer_item { /* flags: MESSAGE: from, tag and bytes are those of a message */
    uint32_t to_slot, to_generation, token;
    int32_t result;
    uint64_t value;
    uint32_t from_slot, from_generation, tag;
};
struct cyi_forward {
    uint32_t to_slot, to_generation, tag;
    uint64_t delivery; /* 0: nobody counts whom it reaches */
    uint32_t hops;     /* channels of other nodes it has passed */
    cy_ref sender;
};
struct cyi_command_item {
    uint32_t what, slot, generation;
};
struct cyi_watch_item {
    uint32_t id, kind, target_slot, target_generation, watcher_slot, watcher_generation;
};
struct cyi_exit_item { /* the exit value follows; flags: NOTIFY: id is unused, `watcher` used */
    uint32_t id, watcher_slot, watcher_generation, task_slot, task_generation;
    uint32_t reason;
    int32_t code;
};
struct cyi_locate_item { /* the name follows: see cyi_wire_name_ok() */
    uint32_t id, kind;   /* enum cy_kind */
    uint32_t core;       /* whose name it must be; UINT32_MAX: of any core of the node */
};
struct cyi_long_item { /* the flags of its header are those of the whole item */
    uint32_t total;    /* bytes of the whole item behind its header */
    uint8_t op;        /* of the data lane, and none that is part of another */
};
enum { CYI_WATCH_MONITOR, CYI_WATCH_JOIN, CYI_WATCH_KINDS };
enum { CYI_COMMAND_KINDS = 3, CYI_EXIT_REASONS = CY_EXIT_NO_TASK + 1 }; /* of the runtime */
enum {
    CYI_SEND_BYTES = 20,
    CYI_REQUEST_BYTES = 24,
    CYI_ANSWER_BYTES = 36,
    CYI_FORWARD_BYTES = 56,
    CYI_COMMAND_BYTES = 12,
    CYI_WATCH_BYTES = 24,
    CYI_EXIT_BYTES = 28,
    CYI_LOCATE_BYTES = 12,
    CYI_LONG_BYTES = 5,
    CYI_REF_BYTES = 32,
};

/* A datagram: here I am. */
enum cyi_hello_kind {
    CYI_HELLO_ASK,    /* to many: who hears it and does not know me, dials me */
    CYI_HELLO_RELAY,  /* an ASK that came to one of us alone, said again to all of its host */
    CYI_HELLO_ANSWER, /* to one: I am here too; no answer to it */
};
struct cyi_hello {
    uint8_t kind;
    uint8_t key_id[8]; /* of the secret; zero: none */
    uint8_t incarnation[16];
    uint64_t time_ms;  /* since 1970, at most CYI_HELLO_TIME_MAX: for the replay window */
    uint32_t sequence; /* rises with each hello of this node */
    uint16_t port;     /* TCP, of the hub; its UDP socket has the same number */
    uint8_t address_count;
    uint8_t addresses[CYI_WIRE_ADDRESSES][16]; /* IPv6 or IPv4-mapped; none: the source's */
};

enum { CYI_FEATURE_AES = 1 }; /* good at AES-256-GCM: frames may be sealed by it */

/* Who speaks on a connection. */
struct cyi_intro {
    uint8_t incarnation[16];
    uint16_t core; /* of the two ends of the link, the speaker's */
    uint16_t core_count;
    uint32_t life;     /* how often the speaker has declared the listener dead */
    uint32_t next;     /* number of the data frame that the speaker expects next: not 0 */
    uint32_t features; /* bits: what the speaker understands beyond this version */
    bool stream;       /* keep the connection when it is idle */
    bool meet;         /* only to get to know each other: nothing but a goodbye follows */
    bool file;         /* for files: no frames follow, but what wire_file.h says */
    uint64_t session;  /* it follows from both lives; 0: there has been none */
    cy_ref home;       /* as references to tasks of this core; slot and generation 0 */
    uint8_t name_size; /* at most CY_NODE_NAME_MAX */
    char name[CYI_WIRE_NAME_MAX + 1]; /* of the node; empty: its cores are named by location */
    uint8_t address_count;
    uint8_t addresses[CYI_WIRE_ADDRESSES][16];
    uint16_t ports[CYI_WIRE_CORES]; /* TCP, of each core */
};

static inline void
cyi_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t) value;
    at[1] = (uint8_t) (value >> 8);
}

static inline void
cyi_put32(uint8_t *at, uint32_t value)
{
    cyi_put16(at, (uint16_t) value);
    cyi_put16(at + 2, (uint16_t) (value >> 16));
}

static inline void
cyi_put64(uint8_t *at, uint64_t value)
{
    cyi_put32(at, (uint32_t) value);
    cyi_put32(at + 4, (uint32_t) (value >> 32));
}

static inline uint16_t
cyi_get16(const uint8_t *at)
{
    return (uint16_t) (at[0] | at[1] << 8);
}

static inline uint32_t
cyi_get32(const uint8_t *at)
{
    return cyi_get16(at) | (uint32_t) cyi_get16(at + 2) << 16;
}

static inline uint64_t
cyi_get64(const uint8_t *at)
{
    return cyi_get32(at) | (uint64_t) cyi_get32(at + 4) << 32;
}

/* Frames are numbered from 1 to UINT32_MAX, and then from 1 again. */
static inline uint32_t
cyi_frame_after(uint32_t number)
{
    return number != UINT32_MAX ? number + 1 : 1;
}

/* Is `a` the older one, of two that are less than 2^31 frames apart? */
static inline bool
cyi_frame_before(uint32_t a, uint32_t b)
{
    return (int32_t) (a - b) < 0;
}

/*
 * What readers demand of what a peer names; for who is about to send such a thing, too.
 * A name: 1 to CYI_WIRE_NAME_MAX bytes of UTF-8 without control characters. An address: of one
 * host, so neither unspecified nor multicast nor broadcast. A reference: of a known kind, with
 * a node; or all zero.
 */
bool cyi_wire_name_ok(const char *name, size_t size);
bool cyi_wire_address_ok(const uint8_t address[16]);
bool cyi_wire_ref_ok(cy_ref ref);

/* CYI_REF_BYTES of a reference. */
void cyi_wire_put_ref(uint8_t *out, cy_ref ref);
cy_ref cyi_wire_get_ref(const uint8_t *in);

/*
 * CYI_FRAME_HEADER bytes. read: -EBADMSG an unknown lane, too large, numbered wrongly, no items
 * on the data lane. A control frame without items is an acknowledgement.
 */
void cyi_frame_write(uint8_t *out, const struct cyi_frame *frame);
CY_MUST_CHECK int cyi_frame_read(struct cyi_frame *out, const uint8_t *in);

/*
 * The next item of a frame; returns how many bytes it takes, or -EBADMSG: it does not fit into
 * what is left of the frame, is unknown, or has a size or flags that its kind cannot have.
 */
CY_MUST_CHECK int cyi_item_read(struct cyi_item *out, const uint8_t *in, size_t size);
/* On which lane it travels; CYI_LANES: there is no such item. An intro: first, and alone. */
enum cyi_lane cyi_item_lane(unsigned op);
static inline uint8_t *
cyi_item_write(uint8_t *out, enum cyi_op op, uint8_t flags, size_t size)
{
    cyi_put16(out, (uint16_t) size);
    out[2] = (uint8_t) op;
    out[3] = flags;
    return out + CYI_ITEM_HEADER;
}

/*
 * The fixed parts. write: returns where the bytes behind it go. read: the item is as long as
 * its fixed part at least and its fields are possible, or -EBADMSG; what follows is
 * item->body + CYI_..._BYTES. The name behind a locate is checked, too.
 */
static inline uint8_t *
cyi_send_write(uint8_t *out, const struct cyi_send *send)
{
    cyi_put32(out, send->to_slot);
    cyi_put32(out + 4, send->to_generation);
    cyi_put32(out + 8, send->from_slot);
    cyi_put32(out + 12, send->from_generation);
    cyi_put32(out + 16, send->tag);
    return out + CYI_SEND_BYTES;
}
uint8_t *cyi_request_write(uint8_t *out, const struct cyi_request_item *request);
uint8_t *cyi_answer_write(uint8_t *out, const struct cyi_answer_item *answer);
uint8_t *cyi_forward_write(uint8_t *out, const struct cyi_forward *forward);
uint8_t *cyi_command_write(uint8_t *out, const struct cyi_command_item *command);
uint8_t *cyi_watch_write(uint8_t *out, const struct cyi_watch_item *watch);
uint8_t *cyi_exit_write(uint8_t *out, const struct cyi_exit_item *ended);
uint8_t *cyi_locate_write(uint8_t *out, const struct cyi_locate_item *locate);
uint8_t *cyi_long_write(uint8_t *out, const struct cyi_long_item *longer);
CY_MUST_CHECK int cyi_send_read(struct cyi_send *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_request_read(struct cyi_request_item *out, const uint8_t *in,
                                   size_t size);
CY_MUST_CHECK int cyi_answer_read(struct cyi_answer_item *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_forward_read(struct cyi_forward *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_command_read(struct cyi_command_item *out, const uint8_t *in,
                                   size_t size);
CY_MUST_CHECK int cyi_watch_read(struct cyi_watch_item *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_exit_read(struct cyi_exit_item *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_locate_read(struct cyi_locate_item *out, const uint8_t *in, size_t size);
CY_MUST_CHECK int cyi_long_read(struct cyi_long_item *out, const uint8_t *in, size_t size);

/* Returns the size, at most CYI_INTRO_MAX. */
size_t cyi_intro_write(uint8_t *out, const struct cyi_intro *intro);
CY_MUST_CHECK int cyi_intro_read(struct cyi_intro *out, const uint8_t *in, size_t size);

/*
 * A hello without its last CYI_HELLO_MAC bytes, which authenticate all before them, or are zero
 * without a secret. write: returns the size. read: only after they were checked; -EBADMSG also
 * another magic, -EPROTO another version.
 */
enum { CYI_HELLO_MAC = 16 };
#define CYI_HELLO_TIME_MAX ((uint64_t) INT64_MAX / 1000000) /* as nanoseconds it fits */
size_t cyi_hello_write(uint8_t *out, const struct cyi_hello *hello);
CY_MUST_CHECK int cyi_hello_read(struct cyi_hello *out, const uint8_t *in, size_t size);
/* The key id, before anything else is looked at; NULL when it is no hello. */
const uint8_t *cyi_hello_key_id(const uint8_t *in, size_t size);

#endif
