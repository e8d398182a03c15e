/*
 * post.c - handing work to another core. Rows I1 to I4 are those of inbox.c's table:
 *   I1  inbox.in[]         release when a pair first talks -> acquire in poll
 *   I2  inbox.sleeping     after a slot is published: does the receiver sleep?
 *   I3  inbox.foreign_any  release under the lock -> acquire in poll
 */
#include "post.h"
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/node.h>
#include <stdlib.h>
#include <string.h>

enum { RETURN_BATCH = 64 };

void
cyi_post_nudge(struct cyi_core *core, struct cyi_core *to)
{
    int sleeping;
    if (core->node->asymmetric) {
        atomic_signal_fence(memory_order_seq_cst); /* I2: the sleeper's membarrier orders us */
        /* I2: a plain load of a line that seldom changes. */
        sleeping = atomic_load_explicit(&to->inbox->sleeping, memory_order_relaxed);
    } else {
        /* I2: ordered with the sleeper's exchange. */
        sleeping = atomic_fetch_or_explicit(&to->inbox->sleeping, 0, memory_order_seq_cst);
    }
    if (__builtin_expect(sleeping == 0, 1))
        return;
    /* I2: only the first sender pays for the wake-up. */
    if (atomic_exchange_explicit(&to->inbox->sleeping, 0, memory_order_acq_rel) != 0) {
        core->counters.wakeups_sent++;
        to->os->reactor->wake(to->reactor);
    }
}

/* The ring to another core, made now if this is the first word to it. NULL without memory. */
static struct cyi_ring *
ring_to(struct cyi_core *core, uint16_t to)
{
    struct cyi_inbox *inbox = core->inbox;
    if (__builtin_expect(inbox->out[to] != NULL, 1))
        return inbox->out[to];
    struct cyi_ring *ring = cyi_ring_create(inbox->ring_size);
    if (ring == NULL)
        return NULL;
    inbox->out[to] = ring;
    /* I1: the receiver sees an initialised ring. */
    atomic_store_explicit(&core->node->cores[to]->inbox->in[core->index], ring,
                          memory_order_release);
    return ring;
}

/* The first of some free slots, or NULL: then the outbox must take it, to keep the order. */
static struct cyi_slot *
free_slots(struct cyi_core *core, uint16_t to, uint32_t count)
{
    struct cyi_ring *ring = ring_to(core, to);
    if (ring == NULL)
        return NULL;
    return cyi_ring_next(ring, count);
}

_Static_assert(CYI_POST_BODY_MAX == CYI_SLOT_BODY + (CYI_SLOTS_MAX - 1) * CYI_SLOT_MORE &&
                   CYI_POST_BODY_MAX <= UINT8_MAX && CYI_SLOTS_MAX <= CYI_RING_MIN / 2,
               "the longest body fills CYI_SLOTS_MAX slots");

/* What does not fit into the first slot goes on behind it. */
static void
write_more(struct cyi_ring *ring, const uint8_t *body, size_t size)
{
    uint32_t i = 1;
    for (size_t at = CYI_SLOT_BODY; at < size; at += CYI_SLOT_MORE) {
        size_t part = size - at < CYI_SLOT_MORE ? size - at : CYI_SLOT_MORE;
        memcpy(cyi_ring_behind(ring, i++)->more, body + at, part);
    }
}

/* Who sends what to whom. */
struct letter {
    uint32_t to_slot, to_generation;
    uint32_t from_slot, from_generation;
    uint32_t tag;
    const void *body;
    size_t size;
};

/* Copy a message with a short body into free slots and publish them. */
static void
write_bytes(struct cyi_ring *ring, struct cyi_slot *slot, const struct letter *letter)
{
    size_t size = letter->size;
    slot->kind = CYI_SLOT_BYTES;
    slot->to.slot = letter->to_slot;
    slot->to.generation = letter->to_generation;
    slot->from_slot = letter->from_slot;
    slot->from_generation = letter->from_generation;
    slot->tag = letter->tag;
    slot->size = (uint8_t) size;
    if (size > 0) /* memcpy() may not be given the NULL that we may */
        memcpy(slot->body, letter->body, size < CYI_SLOT_BODY ? size : CYI_SLOT_BODY);
    write_more(ring, letter->body, size);
    cyi_ring_publish(ring, slot, cyi_post_slots(size));
}

/*
 * May the receiver get a copy that it allocates itself? What only moves may not, nor a message
 * of the system's, forwarded: it holds more than its size says.
 */
static bool
may_be_copied(const struct cyi_core *core, const cy_msg *msg)
{
    return (msg->flags & ~CYI_MSG_QUEUED) == 0 && msg->size <= CYI_POST_BODY_MAX &&
           msg->tag < CY_TAG_SYSTEM && msg->sender.node == core->home.node &&
           msg->sender.core == core->index;
}

static bool
copy_into_slots(struct cyi_core *core, uint16_t to, cy_msg *msg)
{
    struct cyi_slot *slot = free_slots(core, to, cyi_post_slots(msg->size));
    if (slot == NULL)
        return false;
    const struct letter letter = {
        msg->to.slot, msg->to.generation, msg->sender.slot, msg->sender.generation,
        msg->tag,     msg->body,          msg->size};
    write_bytes(core->inbox->out[to], slot, &letter);
    msg->flags |=
        CYI_MSG_FREED; /* and still CYI_MSG_QUEUED, if it was: whoever frees it erred */
    cyi_block_give(core, msg->home, msg->class, msg);
    return true;
}

bool
cyi_post_slot(struct cyi_core *core, uint16_t to, cy_msg *msg)
{
    if (may_be_copied(core, msg))
        return copy_into_slots(core, to, msg);
    struct cyi_slot *slot = free_slots(core, to, 1);
    if (slot == NULL)
        return false;
    slot->kind = CYI_SLOT_MSG;
    slot->pointer = msg;
    cyi_ring_publish(core->inbox->out[to], slot, 1);
    return true;
}

/* May the next go straight into the ring? First what waits, if there is room by now. */
static bool
in_order(struct cyi_core *core, uint16_t to)
{
    if (to == core->index)
        return false;
    if (__builtin_expect(core->inbox->outbox[to].count == 0, 1))
        return true;
    cyi_inbox_flush_to(core, to);
    return core->inbox->outbox[to].count == 0;
}

/* The ring may be full of blocks going home, for which nobody was woken: so wake it now. */
static void
put_in_outbox(struct cyi_core *core, uint16_t to, cy_msg *msg)
{
    struct cyi_outbox *box = &core->inbox->outbox[to];
    cyi_msg_append(&box->last, msg);
    box->count++;
    core->inbox->waiting++;
    if (to != core->index)
        cyi_post_nudge(core, core->node->cores[to]);
}

void
cyi_post_promised(struct cyi_core *core, uint16_t to, cy_msg *msg)
{
    if (in_order(core, to) && cyi_post_slot(core, to, msg))
        cyi_post_nudge(core, core->node->cores[to]);
    else
        put_in_outbox(core, to, msg);
}

/* May the outbox take one more that was not promised a place? */
static bool
outbox_full(struct cyi_core *core, uint16_t to)
{
    const struct cyi_outbox *box = &core->inbox->outbox[to];
    if (__builtin_expect(box->count < core->inbox->outbox_max, 1))
        return false;
    /* Who asks again and again in one turn shall see that there is room by now. */
    if (in_order(core, to) || box->count < core->inbox->outbox_max)
        return false;
    core->counters.refused++;
    return true;
}

/*
 * The same for messages of applications. They also wait while word of a full mailbox is under
 * way to us: a task that sends without a pause would hear of it only when its turn is over.
 */
static bool
way_full(struct cyi_core *core, uint16_t to)
{
    const struct cyi_ring *ring = core->inbox->out[to];
    if (__builtin_expect(ring == NULL || !ring->held, 1))
        return outbox_full(core, to);
    core->counters.refused++;
    return true;
}

int
cyi_post_msg(struct cyi_core *core, uint16_t to, cy_msg *msg)
{
    if (way_full(core, to))
        return -EAGAIN;
    cyi_post_promised(core, to, msg);
    return 0;
}

/* What finds no slot has to become a message, to wait in the outbox. */
static int
post_as_msg(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body, size_t size)
{
    if (way_full(core, to.core))
        return -EAGAIN;
    cy_msg *msg = cyi_msg_take(core, tag, size);
    if (msg == NULL)
        return -ENOMEM;
    if (size > 0) /* as above */
        memcpy(msg->body, body, size);
    msg->sender = cyi_task_ref(core, core->sched.current);
    msg->to.slot = to.slot;
    msg->to.generation = to.generation;
    cyi_post_promised(core, to.core, msg);
    return 0;
}

int
cyi_post_bytes(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body, size_t size)
{
    const struct cyi_task *me = core->sched.current;
    struct cyi_slot *slot = NULL;
    if (in_order(core, to.core))
        slot = free_slots(core, to.core, cyi_post_slots(size));
    if (slot == NULL || core->inbox->out[to.core]->held)
        return post_as_msg(core, to, tag, body, size);
    const struct letter letter = {to.slot, to.generation, me->slot, me->generation,
                                  tag,     body,          size};
    write_bytes(core->inbox->out[to.core], slot, &letter);
    cyi_post_nudge(core, core->node->cores[to.core]);
    return 0;
}

/* A call that found no slot: a message that carries it. */
struct boxed {
    cyi_call_fn *fn;
    _Alignas(8) uint8_t args[CYI_POST_INLINE];
};

static void
unbox(struct cyi_core *core, cy_msg *msg)
{
    const struct boxed *boxed = (const struct boxed *) (const void *) msg->body;
    boxed->fn(core, boxed->args);
    cyi_msg_drop(core, msg);
}

static void
box_up(cy_msg *msg, cyi_call_fn *fn, const void *args, size_t size)
{
    struct boxed *boxed = (struct boxed *) (void *) msg->body;
    boxed->fn = fn;
    memcpy(boxed->args, args, size);
    msg->run = unbox;
    msg->flags = CYI_MSG_RUN;
}

static bool
post_call_slot(struct cyi_core *core, uint16_t to, cyi_call_fn *fn, const void *args,
               size_t size)
{
    CY_ASSERT(size <= CYI_POST_INLINE);
    struct cyi_slot *slot = in_order(core, to) ? free_slots(core, to, 1) : NULL;
    if (slot == NULL)
        return false;
    slot->kind = CYI_SLOT_CALL;
    slot->fn = (void (*)(void *, const void *)) fn;
    memcpy(slot->body, args, size);
    cyi_ring_publish(core->inbox->out[to], slot, 1);
    return true;
}

int
cyi_post_call(struct cyi_core *core, uint16_t to, cyi_call_fn *fn, const void *args,
              size_t size)
{
    if (post_call_slot(core, to, fn, args, size)) {
        cyi_post_nudge(core, core->node->cores[to]);
        return 0;
    }
    if (outbox_full(core, to))
        return -EAGAIN;
    cy_msg *msg = cyi_msg_take(core, 0, sizeof(struct boxed));
    if (msg == NULL)
        return -ENOMEM;
    box_up(msg, fn, args, size);
    put_in_outbox(core, to, msg);
    return 0;
}

static cy_msg *
take_from_reserve(struct cyi_core *core)
{
    struct cyi_block *block = core->inbox->reserve;
    CY_ASSERT(block != NULL && "out of memory for an answer");
    core->inbox->reserve = block->next;
    core->inbox->reserve_count--;
    core->heap.taken++;
    cy_msg *msg = (cy_msg *) (void *) block;
    *msg = (cy_msg){.size = sizeof(struct boxed), .home = core->index, .class = 0};
    return msg;
}

void
cyi_post_answer(struct cyi_core *core, uint16_t to, cyi_call_fn *fn, const void *args,
                size_t size)
{
    if (post_call_slot(core, to, fn, args, size)) {
        cyi_post_nudge(core, core->node->cores[to]);
        return;
    }
    cy_msg *msg = cyi_msg_take(core, 0, sizeof(struct boxed));
    if (msg == NULL)
        msg = take_from_reserve(core);
    box_up(msg, fn, args, size);
    put_in_outbox(core, to, msg);
}

void
cyi_reserve_free(struct cyi_inbox *inbox)
{
    /* Elsewhere they are part of a chunk of the heap, which goes as a whole. */
    struct cyi_block *next = CYI_ASAN ? inbox->reserve : NULL;
    for (struct cyi_block *block; (block = next) != NULL;) {
        next = block->next;
        free(block);
    }
    inbox->reserve = NULL;
}

/* A freed block on its way home, as it is linked. */
struct returned {
    struct returned *next;
    uint8_t class;
};

static void
blocks_home(struct cyi_core *core, const void *args)
{
    struct returned *block = *(struct returned *const *) args;
    for (struct returned *next; block != NULL; block = next) {
        next = block->next;
        uint8_t class = block->class;
        core->heap.given--; /* it was counted where it was freed */
        cyi_heap_give(&core->heap, class, block);
    }
}

/* Without waking the home core, and only if its ring has room: it is no hurry. */
static void
send_home(struct cyi_core *core, uint16_t home)
{
    struct cyi_returns *returns = &core->inbox->returns[home];
    if (post_call_slot(core, home, blocks_home, &returns->first, sizeof returns->first))
        *returns = (struct cyi_returns){0};
}

void
cyi_post_return(struct cyi_core *core, uint16_t home, uint8_t class, void *block)
{
    struct cyi_returns *returns = &core->inbox->returns[home];
    struct returned *record = block;
    record->next = (struct returned *) (void *) returns->first;
    record->class = class;
    returns->first = block;
    core->heap.given++;
    if (++returns->count % RETURN_BATCH == 0)
        send_home(core, home);
}

void
cyi_post_returns(struct cyi_core *core)
{
    for (uint32_t i = 0; i < core->inbox->cores; i++) {
        if (core->inbox->returns[i].count != 0)
            send_home(core, (uint16_t) i);
    }
}

void
cyi_post_foreign(struct cyi_core *to, struct cyi_foreign *record)
{
    struct cyi_inbox *inbox = to->inbox;
    record->next = NULL;
    pthread_mutex_lock(&inbox->foreign_lock);
    *inbox->foreign_last = record;
    inbox->foreign_last = &record->next;
    /* I3: seen before or after the list is taken, under the lock. */
    atomic_store_explicit(&inbox->foreign_any, true, memory_order_release);
    pthread_mutex_unlock(&inbox->foreign_lock);
    /* The pool's threads are few and slow: they always wake, so nothing can be missed. */
    to->os->reactor->wake(to->reactor);
}
