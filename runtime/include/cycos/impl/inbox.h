/*
 * cycos/impl/inbox.h - the way into a core: its rings, its outboxes, its sleep.
 *
 * The owner's thread does everything here but three things that others do: they read
 * `sleeping` and take it down, they publish a ring, and (threads that are no core) they add to
 * the foreign list.
 */
#ifndef CYCOS_IMPL_INBOX_H
#define CYCOS_IMPL_INBOX_H

#include <cycos/impl/heap.h>
#include <cycos/impl/post.h>
#include <cycos/impl/ring.h>
#include <pthread.h>

/* What waits for room in the ring to one other core. */
struct cyi_outbox {
    cy_msg *first, **last;
    uint32_t count;
    uint32_t congested; /* full mailboxes there that found no place in the core's list */
};

/* Blocks of another core's heap that were freed here, linked through their first word. */
struct cyi_returns {
    struct cyi_block *first;
    uint32_t count;
};

struct cyi_inbox {
    alignas(64) _Atomic int sleeping;
    alignas(64) _Atomic(struct cyi_ring *) *in; /* per core: what it posts to us */
    struct cyi_ring **out;                      /* per core: the ring we post into */
    struct cyi_outbox *outbox;                  /* per core; the own entry: calls to itself */
    struct cyi_returns *returns;                /* per core */
    uint32_t cores;
    uint32_t waiting; /* in all outboxes */
    uint32_t outbox_max;
    uint32_t congested; /* sum of those of the outboxes */
    uint32_t ring_size;
    struct cyi_block *reserve; /* for answers when there is no memory */
    uint32_t reserve_count;
    alignas(64) _Atomic bool foreign_any;
    pthread_mutex_t foreign_lock;
    struct cyi_foreign *foreign_first, **foreign_last;
};

CY_MUST_CHECK int cyi_inbox_open(struct cyi_inbox **out, struct cyi_heap *heap, uint32_t cores,
                                 uint32_t outbox_max);
void cyi_inbox_close(struct cyi_inbox **closed);

/* Take what other cores and threads have posted; how many. */
uint32_t cyi_inbox_poll(struct cyi_core *core);

/* Is there something to take? */
bool cyi_inbox_pending(struct cyi_core *core);

/* Move outboxes into rings as far as there is room; send freed blocks home. */
void cyi_inbox_flush(struct cyi_core *core);

/* Announce sleep. False when something has come meanwhile: do not sleep then. */
bool cyi_inbox_sleep(struct cyi_core *core);
void cyi_inbox_awake(struct cyi_core *core);

/*
 * At the node's end, when no core runs: take all that was posted to this core, then hand over
 * what it could not post. How much there was; what arrives may post again.
 */
uint32_t cyi_inbox_drain(struct cyi_core *core);
uint32_t cyi_inbox_hand_over(struct cyi_core *core);

#endif
