/*
 * cycos/impl/ring.h - single-producer single-consumer ring of 64-byte slots.
 *
 *              | push | peek/pop |      x: needs outside ordering
 *        push  |  x   |    -     |      -: may run at the same time
 *        pop   |      |    x     |      push belongs to one thread, peek and pop to another
 *
 * Payload, destination and sequence number share the slot's cache line, so a message costs
 * one transfer of one line between the cores. A longer payload goes on in the slots behind,
 * which are written first and published with the first: each costs one line more.
 */
#ifndef CYCOS_IMPL_RING_H
#define CYCOS_IMPL_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CYI_RING_MAX = 16384, CYI_RING_MIN = 8, CYI_SLOT_BODY = 40, CYI_SLOT_MORE = 56 };
enum { CYI_SLOTS_MAX = 3 }; /* of one payload; no more than half a ring */

struct cyi_slot {
    _Atomic uint16_t sequence; /* position + 1 once the rest is written */
    uint8_t kind, size;
    uint32_t tag;
    union {
        uint8_t more[CYI_SLOT_MORE]; /* of a slot that continues a payload, but for the above */
        struct {
            union {
                struct {
                    uint32_t slot, generation;
                } to;
                void *pointer;                           /* a message */
                void (*fn)(void *context, const void *); /* never called with this type */
            };
            uint32_t from_slot, from_generation;
            uint8_t body[CYI_SLOT_BODY];
        };
    };
};

struct cyi_ring {
    uint32_t size, mask;                 /* slots: a power of two */
    alignas(64) uint64_t head;           /* producer: next position to write */
    uint64_t limit;                      /* producer: may write below this */
    uint32_t heard;                      /* producer: of the `told`, those that have arrived */
    bool held;                           /* producer: is something to be heard? */
    alignas(64) uint64_t tail;           /* consumer: next position to read */
    alignas(64) _Atomic uint64_t credit; /* consumer's tail, told once in a while */
    _Atomic uint32_t told; /* consumer: times it asked to hold back (congestion.c) */
    alignas(64) struct cyi_slot slots[];
};

/* `size` slots, a power of two from CYI_RING_MIN to CYI_RING_MAX. NULL without memory. */
struct cyi_ring *cyi_ring_create(uint32_t size);
void cyi_ring_free(struct cyi_ring **ring);

/* The first of `count` slots to fill in, or NULL when there is no room; then publish it. */
static inline struct cyi_slot *
cyi_ring_next(struct cyi_ring *ring, uint32_t count)
{
    if (__builtin_expect(ring->limit - ring->head < count, 0)) {
        /* R2: what the consumer read before it gave this credit may be overwritten. */
        ring->limit = atomic_load_explicit(&ring->credit, memory_order_acquire) + ring->size;
        /* R3: the line is here now. */
        ring->held = atomic_load_explicit(&ring->told, memory_order_relaxed) != ring->heard;
        if (ring->limit - ring->head < count)
            return NULL;
    }
    return &ring->slots[ring->head & ring->mask];
}

/* The slot `i` places behind the next one to fill in: it continues its payload. */
static inline struct cyi_slot *
cyi_ring_behind(struct cyi_ring *ring, uint32_t i)
{
    struct cyi_slot *slot = &ring->slots[(ring->head + i) & ring->mask];
    /* R1: goes with the first slot; lest it be taken for a later one, it is its own. */
    atomic_store_explicit(&slot->sequence, (uint16_t) (ring->head + i + 1),
                          memory_order_relaxed);
    return slot;
}

static inline void
cyi_ring_publish(struct cyi_ring *ring, struct cyi_slot *slot, uint32_t count)
{
    /* R1: the contents of this slot, and of those that continue it, go with its sequence. */
    atomic_store_explicit(&slot->sequence, (uint16_t) (ring->head + 1), memory_order_release);
    ring->head += count;
}

/* The oldest slot, or NULL when there is none. */
static inline struct cyi_slot *
cyi_ring_peek(struct cyi_ring *ring)
{
    struct cyi_slot *slot = &ring->slots[ring->tail & ring->mask];
    /* R1: see the slot's contents. */
    uint16_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    return sequence == (uint16_t) (ring->tail + 1) ? slot : NULL;
}

/* The consumer is about to tell the producer something after which it may send less. */
static inline void
cyi_ring_tell(struct cyi_ring *ring)
{
    /* R3: only we write it. */
    uint32_t told = atomic_load_explicit(&ring->told, memory_order_relaxed);
    /* R3: seen when the producer next asks for credit. */
    atomic_store_explicit(&ring->told, told + 1, memory_order_relaxed);
}

/* The producer has heard one of these. */
static inline void
cyi_ring_heard(struct cyi_ring *ring)
{
    ring->heard++;
    /* R3: there may be more. */
    ring->held = atomic_load_explicit(&ring->told, memory_order_relaxed) != ring->heard;
}

/* The slot `i` places behind the oldest: it continues its payload. */
static inline const struct cyi_slot *
cyi_ring_after(const struct cyi_ring *ring, uint32_t i)
{
    return &ring->slots[(ring->tail + i) & ring->mask];
}

/* Done with the oldest `count` slots. */
static inline void
cyi_ring_pop(struct cyi_ring *ring, uint32_t count)
{
    uint64_t before = ring->tail;
    ring->tail += count;
    /* R2: give credit an eighth of the ring at a time, so that its line seldom moves. */
    if (((before ^ ring->tail) & ~(uint64_t) (ring->mask >> 3)) != 0)
        atomic_store_explicit(&ring->credit, ring->tail, memory_order_release);
}

#endif
