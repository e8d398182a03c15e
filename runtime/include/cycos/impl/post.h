/*
 * cycos/impl/post.h - handing work to another core of the node.
 *
 * One ring of 64-byte slots per ordered pair of cores, made when they first talk; what does
 * not fit waits in the sender's outbox and keeps its order. Three kinds of slot: a message
 * with up to CYI_POST_BODY_MAX bytes of body, copied, so that either core touches memory of its
 * own only; a message by pointer; and a call of a function on the other core. A sleeping core
 * is woken by the first slot it gets.
 */
#ifndef CYCOS_IMPL_POST_H
#define CYCOS_IMPL_POST_H

#include <cycos/msg.h>

struct cyi_core;

enum { CYI_POST_INLINE = 40, CYI_POST_BODY_MAX = 152 }; /* in one slot; in a few */

/* Runs on the destination; args is a copy of what was posted, aligned to 8. */
typedef void cyi_call_fn(struct cyi_core *core, const void *args);

/*
 * Run fn(core, args) on core `to`, after all that was posted there before. At most
 * CYI_POST_INLINE bytes of args. `to` may be the caller's own core: it then runs at the next
 * turn. -EAGAIN when the outbox is at its limit, -ENOMEM.
 */
CY_MUST_CHECK int cyi_post_call(struct cyi_core *core, uint16_t to, cyi_call_fn *fn,
                                const void *args, size_t size);

/* The same for an answer that must not get lost: beyond the limit, from the core's reserve. */
void cyi_post_answer(struct cyi_core *core, uint16_t to, cyi_call_fn *fn, const void *args,
                     size_t size);

/* Hand a message to the task named in msg->to on core `to`. Takes the message if 0. */
CY_MUST_CHECK int cyi_post_msg(struct cyi_core *core, uint16_t to, cy_msg *msg);

/* The same without the limit: for records that were promised when memory was taken for them. */
void cyi_post_promised(struct cyi_core *core, uint16_t to, cy_msg *msg);

/*
 * From a thread that is no core (pool, supervisor): queue a record and wake the core. The
 * record must stay valid until fn runs.
 */
struct cyi_foreign {
    struct cyi_foreign *next;
    void (*fn)(struct cyi_core *core, struct cyi_foreign *self);
};
void cyi_post_foreign(struct cyi_core *to, struct cyi_foreign *record);

#endif
