/*
 * ring.c - memory for rings; the operations are inline in cycos/impl/ring.h.
 *
 * Synchronisation (every atomic access in ring.h and here names its row):
 *   R1  slot.sequence  release in publish -> acquire in peek   the slot's contents, and those
 *                      of the slots that continue it; their own numbers are relaxed, because
 *                      nobody looks at them before the first one's
 *   R2  ring.credit    release in pop -> acquire in next       the slot may be written again
 *   R3  ring.told      relaxed in tell -> relaxed in next      a hint; what was told comes by
 *                      the ring of the other direction
 *
 * Progress: both sides are wait-free. Positions are 64 bits wide and never wrap; sequence
 * numbers are their low 16 bits, unambiguous because a ring has at most 2^14 slots. A fresh
 * slot's 0 is not a sequence number of the first lap.
 */
#include <cycos/base.h>
#include <cycos/impl/ring.h>
#include <stddef.h>
#include <sys/mman.h>

_Static_assert(sizeof(struct cyi_slot) == 64, "a slot is one cache line");

static size_t
bytes_of(uint32_t size)
{
    return sizeof(struct cyi_ring) + (size_t) size * sizeof(struct cyi_slot);
}

struct cyi_ring *
cyi_ring_create(uint32_t size)
{
    CY_ASSERT(size >= CYI_RING_MIN && size <= CYI_RING_MAX && (size & (size - 1)) == 0);
    struct cyi_ring *ring =
        mmap(NULL, bytes_of(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED)
        return NULL;
    ring->size = size;
    ring->mask = size - 1;
    ring->limit = size;
    return ring;
}

void
cyi_ring_free(struct cyi_ring **ring)
{
    if (*ring != NULL)
        munmap(*ring, bytes_of((*ring)->size));
    *ring = NULL;
}
