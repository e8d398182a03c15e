/*
 * heap.c - per-core memory in size classes.
 *
 * Free lists are last in first out, so that the block freed just now, still in the cache, is
 * the next one taken. Chunks go back to the system only with the whole heap: the high-water
 * mark of a server is its working set. Under the address sanitizer every block comes from
 * malloc, so that each use after free and each leak is reported with its stack.
 */
#include "sanitizer.h"
#include <cycos/base.h>
#include <cycos/impl/heap.h>
#include <stdlib.h>
#include <sys/mman.h>

struct cyi_chunk {
    struct cyi_chunk *next;
    size_t bytes;
};

void
cyi_heap_init(struct cyi_heap *heap)
{
    *heap = (struct cyi_heap){.fail_at = UINT64_MAX};
}

void
cyi_heap_fini(struct cyi_heap *heap)
{
    struct cyi_chunk *next;
    for (struct cyi_chunk *chunk = heap->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        munmap(chunk, chunk->bytes);
    }
    cyi_heap_init(heap);
}

static bool
add_chunk(struct cyi_heap *heap)
{
    struct cyi_chunk *chunk = mmap(NULL, CYI_HEAP_CHUNK, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED)
        return false;
    chunk->next = heap->chunks;
    chunk->bytes = CYI_HEAP_CHUNK;
    heap->chunks = chunk;
    heap->chunk_bytes += CYI_HEAP_CHUNK;
    heap->carve = (uint8_t *) chunk + CYI_HEAP_BLOCK_MIN;
    heap->carve_end = (uint8_t *) chunk + CYI_HEAP_CHUNK;
    return true;
}

/* What is left of the old chunk becomes free blocks of the classes that fit. */
static void
save_rest(struct cyi_heap *heap)
{
    for (int class = CYI_HEAP_CLASSES - 1; class >= 0; class --) {
        size_t size = (size_t) CYI_HEAP_BLOCK_MIN << class;
        while ((size_t) (heap->carve_end - heap->carve) >= size) {
            struct cyi_block *block = (struct cyi_block *) (void *) heap->carve;
            block->next = heap->free[class];
            heap->free[class] = block;
            heap->carve += size;
        }
    }
}

static void *
carve(struct cyi_heap *heap, uint8_t class)
{
    size_t size = (size_t) CYI_HEAP_BLOCK_MIN << class;
    if ((size_t) (heap->carve_end - heap->carve) < size) {
        save_rest(heap);
        if (!add_chunk(heap))
            return NULL;
    }
    void *block = heap->carve;
    heap->carve += size;
    return block;
}

/* As if there were no memory, this once. */
static void *
fail(struct cyi_heap *heap)
{
    heap->fail_at = UINT64_MAX;
    return NULL;
}

void *
cyi_heap_take_other(struct cyi_heap *heap, uint8_t class, size_t size)
{
    void *block;
    if (__builtin_expect(heap->taken == heap->fail_at, 0))
        return fail(heap);
    if (CYI_ASAN || class == CYI_HEAP_BIG) {
        size_t bytes = class == CYI_HEAP_BIG ? size : (size_t) CYI_HEAP_BLOCK_MIN << class;
        block = aligned_alloc(64, (bytes + 63) & ~(size_t) 63);
    } else {
        block = carve(heap, class);
    }
    heap->taken += block != NULL;
    return block;
}

void
cyi_heap_give_other(struct cyi_heap *heap, void *block)
{
    heap->given++;
    free(block);
}
