/*
 * cycos/impl/heap.h - per-core memory in size classes, for messages and small records.
 *
 * A block belongs to the core that took it from its heap (its home). Freed elsewhere it
 * travels home in batches. Only the home core touches a heap's free lists.
 */
#ifndef CYCOS_IMPL_HEAP_H
#define CYCOS_IMPL_HEAP_H

#include <cycos/impl/sanitized.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_HEAP_CLASSES = 10,           /* 128 bytes << class, up to 64 KiB */
    CYI_HEAP_BLOCK_MIN = 128,        /* smallest block */
    CYI_HEAP_BIG = CYI_HEAP_CLASSES, /* class of blocks that come from malloc */
    CYI_HEAP_CHUNK = 256 << 10,      /* bytes taken from the system at a time */
};

struct cyi_block {
    struct cyi_block *next;
};

struct cyi_heap {
    struct cyi_block *free[CYI_HEAP_CLASSES + 1]; /* of CYI_HEAP_BIG: none, ever */
    uint8_t *carve, *carve_end;                   /* the rest of the newest chunk */
    struct cyi_chunk *chunks;                     /* all, for fini */
    uint64_t chunk_bytes;                         /* taken from the system */
    uint64_t taken, given; /* blocks, of whatever home; balance over all cores */
    uint64_t fail_at;      /* a simulation's: the take that fails when `taken` is this */
};

void cyi_heap_init(struct cyi_heap *heap);
void cyi_heap_fini(struct cyi_heap *heap);

/* The class whose blocks hold `size` bytes; CYI_HEAP_BIG when none does. */
static inline uint8_t
cyi_heap_class(size_t size)
{
    if (size <= CYI_HEAP_BLOCK_MIN)
        return 0;
    if (size > (size_t) CYI_HEAP_BLOCK_MIN << (CYI_HEAP_CLASSES - 1))
        return CYI_HEAP_BIG;
    return (uint8_t) (64 - __builtin_clzll(size - 1) - __builtin_ctz(CYI_HEAP_BLOCK_MIN));
}

/* What the next two do when it is not a matter of a free list. */
void *cyi_heap_take_other(struct cyi_heap *heap, uint8_t class, size_t size);
void cyi_heap_give_other(struct cyi_heap *heap, void *block);

/* A block of the class, or of `size` bytes for CYI_HEAP_BIG; aligned to 64; or NULL. */
static inline void *
cyi_heap_take(struct cyi_heap *heap, uint8_t class, size_t size)
{
    struct cyi_block *block = heap->free[class];
    if (__builtin_expect(block == NULL || heap->taken == heap->fail_at, 0))
        return cyi_heap_take_other(heap, class, size);
    heap->free[class] = block->next;
    heap->taken++;
    return block;
}

/* Give back a block of this heap, or any CYI_HEAP_BIG one. */
static inline void
cyi_heap_give(struct cyi_heap *heap, uint8_t class, void *block)
{
    if (__builtin_expect(CYI_ASAN || class == CYI_HEAP_BIG, 0)) {
        cyi_heap_give_other(heap, block);
        return;
    }
    struct cyi_block *link = block;
    heap->given++;
    link->next = heap->free[class];
    heap->free[class] = link;
}

#endif
