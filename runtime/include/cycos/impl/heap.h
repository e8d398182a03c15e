/*
 * cycos/impl/heap.h - per-core memory in size classes, for messages and small records.
 *
 * A block belongs to the core that took it from its heap (its home). Freed elsewhere it
 * travels home in batches. Only the home core touches a heap's free lists.
 */
#ifndef CYCOS_IMPL_HEAP_H
#define CYCOS_IMPL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_HEAP_CLASSES = 10,      /* 128 bytes << class, up to 64 KiB */
    CYI_HEAP_BLOCK_MIN = 128,   /* smallest block */
    CYI_HEAP_BIG = 15,          /* class of blocks that come from malloc */
    CYI_HEAP_CHUNK = 256 << 10, /* bytes taken from the system at a time */
};

struct cyi_block {
    struct cyi_block *next;
};

struct cyi_heap {
    struct cyi_block *free[CYI_HEAP_CLASSES];
    uint8_t *carve, *carve_end; /* the rest of the newest chunk */
    struct cyi_chunk *chunks;   /* all, for fini */
    uint64_t chunk_bytes;       /* taken from the system */
    uint64_t taken, given;      /* blocks, of whatever home; balance over all cores */
    uint64_t fail_at;           /* a simulation's: the take that fails when `taken` is this */
};

void cyi_heap_init(struct cyi_heap *heap);
void cyi_heap_fini(struct cyi_heap *heap);

/* The class whose blocks hold `size` bytes; CYI_HEAP_BIG when none does. */
uint8_t cyi_heap_class(size_t size);

/* A block of the class, or of `size` bytes for CYI_HEAP_BIG; aligned to 64; or NULL. */
void *cyi_heap_take(struct cyi_heap *heap, uint8_t class, size_t size);

/* Give back a block of this heap, or any CYI_HEAP_BIG one. */
void cyi_heap_give(struct cyi_heap *heap, uint8_t class, void *block);

#endif
