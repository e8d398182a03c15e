/*
 * cycos/impl/msg.h - the message record, and what the system does with it.
 *
 * The 64-byte header and up to 64 bytes of body fill the smallest block. A shared body is a
 * block of its own; the first 8 bytes of the inline body then point to it.
 */
#ifndef CYCOS_IMPL_MSG_H
#define CYCOS_IMPL_MSG_H

#include <cycos/impl/core.h>
#include <stdatomic.h>

enum {
    CYI_MSG_SHARED = 1,    /* the body begins with a struct cyi_shared pointer */
    CYI_MSG_CALL = 2,      /* the sender awaits an answer: token */
    CYI_MSG_DELIVER = 4,   /* the sender awaits the word that it is queued: token */
    CYI_MSG_RUN = 8,       /* for the core itself: run */
    CYI_MSG_PROMISED = 16, /* counted in the receiver's `promised` */
    CYI_MSG_QUEUED = 32,   /* the system's: freeing it is a caller's bug */
    CYI_MSG_FREED = 64,
};

struct cy_msg {
    struct cy_msg *next;
    uint32_t size;
    uint32_t tag;
    uint32_t token;
    uint16_t home; /* the core whose heap it came from */
    uint8_t class;
    uint8_t flags;
    union {
        struct {
            uint32_t slot, generation;
        } to;
        void (*run)(struct cyi_core *core, cy_msg *msg);
    };
    cy_ref sender;
    _Alignas(64) uint8_t body[];
};
_Static_assert(sizeof(struct cy_msg) == 64, "the header is one cache line");

enum { CYI_MSG_INLINE = CYI_HEAP_BLOCK_MIN - (int) sizeof(struct cy_msg) };

/* An immutable body with the number of messages that share it. */
struct cyi_shared {
    _Atomic uint32_t users;
    uint16_t home;
    uint8_t class;
    _Alignas(64) uint8_t bytes[];
};

/* A message whatever the tag; NULL without memory. */
cy_msg *cyi_msg_take(struct cyi_core *core, uint32_t tag, size_t size);

/* Free a message of any home on this core. */
void cyi_msg_drop(struct cyi_core *core, cy_msg *msg);

/* A block of any home. */
void cyi_block_give(struct cyi_core *core, uint16_t home, uint8_t class, void *block);

/* A body for sharing, with one user, made of some bytes; NULL without memory. */
struct cyi_shared *cyi_shared_make(struct cyi_core *core, const void *bytes, size_t size);

/* Make the body a shared one; a second message with the same body; one more user. */
int cyi_msg_freeze(struct cyi_core *core, cy_msg *msg);
int cyi_msg_share(struct cyi_core *core, cy_msg **out, cy_msg *msg);
void cyi_shared_hold(struct cyi_shared *shared);

/* Send a block home to the core that it came from, in a batch. */
void cyi_post_return(struct cyi_core *core, uint16_t home, uint8_t class, void *block);

/* Post at most CYI_POST_BODY_MAX bytes to a task of another core, from the current task. */
int cyi_post_bytes(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body,
                   size_t size);

/* Where the answer to a request goes; false when the sender's node is gone. */
CY_MUST_CHECK bool cyi_return_of(struct cyi_core *core, struct cyi_return *out,
                                 const cy_msg *msg);

/* Send from the current task; the message is taken if 0. */
int cyi_send(struct cyi_core *core, cy_ref to, cy_msg *msg);

static inline struct cyi_shared *
cyi_msg_shared(const cy_msg *msg)
{
    return *(struct cyi_shared *const *) (const void *) msg->body;
}

static inline void *
cyi_msg_body(const cy_msg *msg)
{
    if (__builtin_expect(msg->flags & CYI_MSG_SHARED, 0))
        return cyi_msg_shared(msg)->bytes;
    return (void *) (uintptr_t) msg->body;
}

/* A queue of messages linked by next; `last` points to the link that the next one goes into. */
static inline void
cyi_msg_append(cy_msg ***last, cy_msg *msg)
{
    msg->next = NULL;
    **last = msg;
    *last = &msg->next;
}

#endif
