/*
 * inbox.c - taking what others posted, flushing what we could not post yet, sleeping.
 *
 * Synchronisation (post.c uses the same rows):
 *   I1  inbox.in[]     release when a pair first talks -> acquire in poll   the ring
 *   I2  inbox.sleeping the sleeper raises it, then looks at the rings; a sender publishes a
 *                      slot, then looks at it. One of the two must see the other. Either the
 *                      sleeper issues a membarrier between its two steps, and the sender pays
 *                      nothing; or the sender's look is a read-modify-write, which is ordered
 *                      with the sleeper's exchange: whoever comes second sees the first.
 *                      A node of one core needs neither: foreign threads always wake.
 *   I3  inbox.foreign_any  release under the lock -> acquire in poll        the list has some
 *   I4  inbox.sleeping relaxed, taken down by its owner: a hint; but by an exchange, because a
 *                      plain store would end the release sequence of a sender's look (I2)
 */
#include "post.h"
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/msg.h>
#include <cycos/impl/node.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { POLL_MAX = 256, RESERVE = 64, RING_SMALLEST = 64 };

static uint32_t
ring_size_for(uint32_t cores)
{
    /* Rings grow with the square of the cores, so each gets smaller. */
    uint32_t size = 1024;
    while (size > RING_SMALLEST && size * cores > 16384)
        size /= 2;
    return size;
}

/* A block of the reserve counts as taken only when it becomes a message. */
static bool
fill_reserve(struct cyi_inbox *inbox, struct cyi_heap *heap)
{
    while (inbox->reserve_count < RESERVE) {
        struct cyi_block *block = cyi_heap_take(heap, 0, CYI_HEAP_BLOCK_MIN);
        if (block == NULL)
            return false;
        heap->taken--;
        block->next = inbox->reserve;
        inbox->reserve = block;
        inbox->reserve_count++;
    }
    return true;
}

int
cyi_inbox_open(struct cyi_inbox **out, struct cyi_heap *heap, uint32_t cores,
               uint32_t outbox_max)
{
    struct cyi_inbox *inbox = aligned_alloc(64, sizeof *inbox);
    if (inbox == NULL)
        return -ENOMEM;
    memset(inbox, 0, sizeof *inbox);
    inbox->cores = cores;
    inbox->outbox_max = outbox_max;
    inbox->ring_size = ring_size_for(cores);
    inbox->in = calloc(cores, sizeof *inbox->in);
    inbox->out = calloc(cores, sizeof *inbox->out);
    inbox->outbox = calloc(cores, sizeof *inbox->outbox);
    inbox->returns = calloc(cores, sizeof *inbox->returns);
    pthread_mutex_init(&inbox->foreign_lock, NULL);
    inbox->foreign_last = &inbox->foreign_first;
    if (inbox->in == NULL || inbox->out == NULL || inbox->outbox == NULL ||
        inbox->returns == NULL || !fill_reserve(inbox, heap)) {
        cyi_inbox_close(&inbox);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < cores; i++)
        inbox->outbox[i].last = &inbox->outbox[i].first;
    *out = inbox;
    return 0;
}

void
cyi_inbox_close(struct cyi_inbox **closed)
{
    struct cyi_inbox *inbox = *closed;
    if (inbox == NULL)
        return;
    for (uint32_t i = 0; inbox->in != NULL && i < inbox->cores; i++) {
        /* I1: all threads have ended. */
        struct cyi_ring *ring = atomic_load_explicit(&inbox->in[i], memory_order_acquire);
        cyi_ring_free(&ring);
    }
    free((void *) inbox->in);
    free(inbox->out);
    free(inbox->outbox);
    free(inbox->returns);
    cyi_reserve_free(inbox);
    pthread_mutex_destroy(&inbox->foreign_lock);
    free(inbox);
    *closed = NULL;
}

/* A message that came through a ring or from the own outbox. */
static void
take_msg(struct cyi_core *core, uint16_t from, cy_msg *msg)
{
    if (msg->flags & CYI_MSG_RUN)
        msg->run(core, msg);
    else
        cyi_mailbox_arrive(core, from, msg);
}

_Static_assert((int) CYI_MSG_INLINE > (int) CYI_SLOT_BODY &&
                   (int) CYI_MSG_INLINE <= CYI_SLOT_BODY + CYI_SLOT_MORE &&
                   CYI_POST_BODY_MAX <= (int) CYI_MSG_INLINE + (int) CYI_HEAP_BLOCK_MIN,
               "read_more() stays within the smallest block, or the next larger one");

/*
 * What did not fit into the first slot; how many slots there were. Copied in lengths that the
 * compiler knows: a block has room for them.
 */
static inline uint32_t
read_more(uint8_t *body, size_t size, const struct cyi_ring *ring)
{
    if (size <= CYI_SLOT_BODY)
        return 1;
    if (size <= CYI_MSG_INLINE) {
        memcpy(body + CYI_SLOT_BODY, cyi_ring_after(ring, 1)->more,
               CYI_MSG_INLINE - CYI_SLOT_BODY);
        return 2;
    }
    uint32_t count = 1;
    for (size_t at = CYI_SLOT_BODY; at < size; at += CYI_SLOT_MORE)
        memcpy(body + at, cyi_ring_after(ring, count++)->more, CYI_SLOT_MORE);
    return count;
}

/*
 * Out of one slot or a few; how many. 0 without memory: it stays for a later turn, with all
 * that is behind it, and soon the sender hears -EAGAIN. At the node's end there is none.
 */
static uint32_t
take_bytes(struct cyi_core *core, uint16_t from, const struct cyi_ring *ring,
           const struct cyi_slot *slot)
{
    size_t size = slot->size;
    cy_msg *msg = cyi_msg_take(core, slot->tag, size);
    if (__builtin_expect(msg == NULL, 0)) {
        bool last = core->phase == CYI_PHASE_END;
        core->counters.lost += last;
        return last ? cyi_post_slots(size) : 0;
    }
    memcpy(msg->body, slot->body, CYI_SLOT_BODY);
    uint32_t count = read_more(msg->body, size, ring);
    msg->to.slot = slot->to.slot;
    msg->to.generation = slot->to.generation;
    msg->sender = core->node->cores[from]->home;
    msg->sender.slot = slot->from_slot;
    msg->sender.generation = slot->from_generation;
    cyi_mailbox_arrive(core, from, msg);
    return count;
}

static uint32_t
poll_ring(struct cyi_core *core, uint16_t from, struct cyi_ring *ring)
{
    struct cyi_slot *slot;
    uint32_t n = 0;
    while (n < POLL_MAX && (slot = cyi_ring_peek(ring)) != NULL) {
        uint32_t slots = 1;
        switch (slot->kind) {
        case CYI_SLOT_BYTES:
            slots = take_bytes(core, from, ring, slot);
            break;
        case CYI_SLOT_CALL:
            ((cyi_call_fn *) slot->fn)(core, slot->body);
            break;
        default:
            take_msg(core, from, slot->pointer);
            break;
        }
        if (__builtin_expect(slots == 0, 0))
            break;
        cyi_ring_pop(ring, slots);
        n++;
    }
    return n;
}

/* The oldest that could not be posted, or NULL. */
static cy_msg *
pop_outbox(struct cyi_core *core, uint32_t to)
{
    struct cyi_outbox *box = &core->inbox->outbox[to];
    cy_msg *msg = box->first;
    if (msg == NULL)
        return NULL;
    box->first = msg->next;
    if (box->first == NULL)
        box->last = &box->first;
    box->count--;
    core->inbox->waiting--;
    return msg;
}

/* Calls that a core posted to itself. */
static uint32_t
poll_self(struct cyi_core *core)
{
    uint32_t n = core->inbox->outbox[core->index].count; /* later ones have to wait */
    cy_msg *msg;
    for (uint32_t i = 0; i < n && (msg = pop_outbox(core, core->index)) != NULL; i++)
        take_msg(core, core->index, msg);
    return n;
}

static uint32_t
poll_foreign(struct cyi_core *core)
{
    struct cyi_inbox *inbox = core->inbox;
    uint32_t n = 0;
    /* I3: mostly false, and then no lock is taken. */
    if (!atomic_load_explicit(&inbox->foreign_any, memory_order_acquire))
        return 0;
    pthread_mutex_lock(&inbox->foreign_lock);
    struct cyi_foreign *record = inbox->foreign_first;
    inbox->foreign_first = NULL;
    inbox->foreign_last = &inbox->foreign_first;
    /* I3: under the lock. */
    atomic_store_explicit(&inbox->foreign_any, false, memory_order_release);
    pthread_mutex_unlock(&inbox->foreign_lock);
    for (struct cyi_foreign *next; record != NULL; record = next, n++) {
        next = record->next;
        record->fn(core, record);
    }
    return n;
}

uint32_t
cyi_inbox_poll(struct cyi_core *core)
{
    struct cyi_inbox *inbox = core->inbox;
    uint32_t n = poll_foreign(core);
    if (inbox->outbox[core->index].count != 0)
        n += poll_self(core);
    for (uint32_t i = 0; i < inbox->cores; i++) {
        /* I1: a ring may have been made since. */
        struct cyi_ring *ring = atomic_load_explicit(&inbox->in[i], memory_order_acquire);
        if (ring != NULL)
            n += poll_ring(core, (uint16_t) i, ring);
    }
    return n;
}

bool
cyi_inbox_pending(struct cyi_core *core)
{
    struct cyi_inbox *inbox = core->inbox;
    /* I3: as in poll. */
    if (atomic_load_explicit(&inbox->foreign_any, memory_order_acquire) ||
        inbox->outbox[core->index].count != 0)
        return true;
    for (uint32_t i = 0; i < inbox->cores; i++) {
        /* I1: as in poll. */
        struct cyi_ring *ring = atomic_load_explicit(&inbox->in[i], memory_order_acquire);
        if (ring != NULL && cyi_ring_peek(ring) != NULL)
            return true;
    }
    return false;
}

void
cyi_inbox_flush_to(struct cyi_core *core, uint16_t to)
{
    struct cyi_outbox *box = &core->inbox->outbox[to];
    while (box->first != NULL) {
        cy_msg *msg = box->first;
        cy_msg *next = msg->next;
        if (!cyi_post_slot(core, to, msg))
            break;
        box->first = next;
        box->count--;
        core->inbox->waiting--;
    }
    if (box->first == NULL)
        box->last = &box->first;
    /* Also when nothing fitted: a sleeper's ring may be full of blocks sent home silently. */
    cyi_post_nudge(core, core->node->cores[to]);
}

void
cyi_inbox_flush(struct cyi_core *core)
{
    struct cyi_inbox *inbox = core->inbox;
    if (__builtin_expect(inbox->reserve_count < RESERVE, 0))
        fill_reserve(inbox, &core->heap); /* or at a later turn */
    if (inbox->waiting == 0)
        return;
    for (uint32_t i = 0; i < inbox->cores; i++) {
        if (i != core->index && inbox->outbox[i].count != 0)
            cyi_inbox_flush_to(core, (uint16_t) i);
    }
}

bool
cyi_inbox_sleep(struct cyi_core *core)
{
    cyi_post_returns(core);
    core->asleep = true;
    /* I2: raise the flag, then look once more. */
    atomic_exchange_explicit(&core->inbox->sleeping, 1, memory_order_seq_cst);
    if (core->node->asymmetric && core->node->core_count > 1) /* else who would post? */
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    if (!cyi_inbox_pending(core))
        return true;
    cyi_inbox_awake(core);
    return false;
}

void
cyi_inbox_awake(struct cyi_core *core)
{
    core->asleep = false;
    /* I4: a sender that still sees it only wakes us in vain. */
    atomic_exchange_explicit(&core->inbox->sleeping, 0, memory_order_relaxed);
}

uint32_t
cyi_inbox_drain(struct cyi_core *core)
{
    uint32_t all = 0;
    cyi_core_enter(core);
    for (uint32_t n; (n = cyi_inbox_poll(core)) != 0;)
        all += n;
    return all;
}

static uint32_t
hand_over(struct cyi_core *core, struct cyi_core *to)
{
    uint32_t n = 0;
    for (cy_msg *msg; (msg = pop_outbox(core, to->index)) != NULL; n++)
        take_msg(to, core->index, msg);
    return n;
}

uint32_t
cyi_inbox_hand_over(struct cyi_core *core)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < core->inbox->cores; i++) {
        struct cyi_core *to = core->node->cores[i];
        cyi_core_enter(to);
        n += hand_over(core, to);
    }
    return n;
}
