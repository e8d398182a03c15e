/*
 * stack.c - stacks for tasks.
 *
 * Guards: MADV_GUARD_INSTALL (Linux 6.13) marks pages without splitting the mapping, so a
 * million guards are one mapping. Older kernels get mprotect, which costs two mappings each,
 * up to the share of vm.max_map_count that the node gave this core; stacks beyond keep the
 * page free as a gap, and are counted in `unguarded`.
 */
#include "sanitizer.h"
#include <cycos/base.h>
#include <cycos/impl/stack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL; Debian 12's headers do not have it */

struct cyi_slab {
    struct cyi_slab *next;
    uint8_t *base;
    size_t bytes;
};

void
cyi_stacks_init(struct cyi_stacks *stacks, uint32_t mprotect_max)
{
    *stacks = (struct cyi_stacks){.mprotect_left = mprotect_max};
}

void
cyi_stacks_fini(struct cyi_stacks *stacks)
{
    for (int i = 0; i < CYI_STACK_CLASSES; i++) {
        for (struct cyi_stack *s = stacks->free[i]; s != NULL; s = s->next)
            cyi_fiber_free(s);
    }
    struct cyi_slab *next;
    for (struct cyi_slab *slab = stacks->slabs; slab != NULL; slab = next) {
        next = slab->next;
        cyi_fiber_unpoison(slab->base, slab->bytes);
        munmap(slab->base, slab->bytes);
        free(slab);
    }
    cyi_stacks_init(stacks, 0);
}

uint8_t
cyi_stack_class(size_t bytes)
{
    if (bytes > (size_t) 1 << CYI_STACK_CLASS_MAX)
        return 0;
    uint8_t class = CYI_STACK_CLASS_MIN;
    while ((size_t) 1 << class < bytes)
        class ++;
    return class;
}

static bool
add_slab(struct cyi_stacks *stacks, uint8_t class)
{
    size_t size = (size_t) 1 << class;
    size_t bytes = size > CYI_STACK_SLAB ? size : CYI_STACK_SLAB;
    struct cyi_slab *slab = malloc(sizeof *slab);
    if (slab == NULL)
        return false;
    slab->bytes = bytes;
    slab->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (slab->base == MAP_FAILED) {
        free(slab);
        return false;
    }
    /* A huge page would make a whole row of stacks resident at the first touch. */
    madvise(slab->base, bytes, MADV_NOHUGEPAGE);
    slab->next = stacks->slabs;
    stacks->slabs = slab;
    stacks->carve[class - CYI_STACK_CLASS_MIN] = slab->base;
    stacks->carve_end[class - CYI_STACK_CLASS_MIN] = slab->base + bytes;
    return true;
}

static bool
install_guard(struct cyi_stacks *stacks, uint8_t *page)
{
    if (!stacks->no_guard_install) {
        if (madvise(page, CYI_STACK_PAGE, GUARD_INSTALL) == 0)
            return true;
        stacks->no_guard_install = true;
    }
    if (stacks->mprotect_left == 0 || mprotect(page, CYI_STACK_PAGE, PROT_NONE) != 0)
        return false;
    stacks->mprotect_left--;
    return true;
}

static struct cyi_stack *
carve(struct cyi_stacks *stacks, uint8_t class)
{
    int i = class - CYI_STACK_CLASS_MIN;
    size_t size = (size_t) 1 << class;
    if (stacks->carve[i] == stacks->carve_end[i] && !add_slab(stacks, class))
        return NULL;
    uint8_t *low = stacks->carve[i];
    stacks->carve[i] += size;
    struct cyi_stack *stack = (struct cyi_stack *) (void *) (low + size - sizeof *stack);
    *stack = (struct cyi_stack){.base = low + CYI_STACK_PAGE, .class = class, .trimmed = true};
    stack->guarded = install_guard(stacks, low);
    stacks->unguarded += !stack->guarded;
    stacks->count++;
    if (!cyi_fiber_create(stack, stack->base, cyi_stack_room(stack)))
        return NULL;
    return stack;
}

struct cyi_stack *
cyi_stack_take(struct cyi_stacks *stacks, uint8_t class)
{
    int i = class - CYI_STACK_CLASS_MIN;
    struct cyi_stack *stack = stacks->free[i];
    if (__builtin_expect(stack == NULL, 0))
        return carve(stacks, class);
    stacks->free[i] = stack->next;
    stacks->pooled--;
    stack->trimmed = false;
    cyi_fiber_unpoison(stack->base, cyi_stack_room(stack));
    return stack;
}

void
cyi_stack_give(struct cyi_stacks *stacks, struct cyi_stack *stack)
{
    int i = stack->class - CYI_STACK_CLASS_MIN;
    stack->next = stacks->free[i];
    stacks->free[i] = stack;
    stacks->pooled++;
}

void
cyi_stacks_trim(struct cyi_stacks *stacks)
{
    if (stacks->pooled <= CYI_STACK_KEEP)
        return;
    int left = 64;
    for (int i = 0; i < CYI_STACK_CLASSES; i++) {
        for (struct cyi_stack *s = stacks->free[i]; s != NULL && left > 0; s = s->next) {
            if (s->trimmed)
                continue;
            uint8_t *last_page =
                (uint8_t *) ((uintptr_t) s & ~(uintptr_t) (CYI_STACK_PAGE - 1));
            madvise(s->base, (size_t) (last_page - s->base), MADV_DONTNEED);
            s->trimmed = true;
            left--;
        }
    }
}

void *
cyi_stack_top(struct cyi_stack *stack)
{
    /*
     * Stacks lie at multiples of a power of two, so their hottest lines would all compete for
     * the same few sets of the cache; eight starting points spread them.
     */
    uintptr_t color = ((uintptr_t) stack >> stack->class & 7) * 64;
    return (void *) (((uintptr_t) stack - color) & ~(uintptr_t) 15);
}

size_t
cyi_stack_room(const struct cyi_stack *stack)
{
    return (size_t) ((const uint8_t *) stack - stack->base);
}

size_t
cyi_stack_high_water(const struct cyi_stack *stack)
{
    const uint8_t *page = stack->base;
    const uint8_t *end = (const uint8_t *) stack;
    unsigned char there;
    while (page < end && mincore((void *) (uintptr_t) page, CYI_STACK_PAGE, &there) == 0 &&
           (there & 1) == 0)
        page += CYI_STACK_PAGE;
    /* Fresh pages are zero, so the lowest word that is not zero was the deepest one used. */
    const uint64_t *word = (const uint64_t *) (const void *) page;
    const uint64_t *top = (const uint64_t *) (const void *) end;
    while (word < top && *word == 0)
        word++;
    return (size_t) ((const uint8_t *) top - (const uint8_t *) word);
}

bool
cyi_stack_in_guard(const struct cyi_stack *stack, const void *address)
{
    const uint8_t *at = address;
    return at < stack->base && at >= stack->base - CYI_STACK_PAGE;
}
