/*
 * stack.c - stacks for tasks.
 *
 * Guards: MADV_GUARD_INSTALL (Linux 6.13) marks pages without splitting the mapping, so a
 * million guards are one mapping. Older kernels get mprotect, which costs two mappings each,
 * up to the share of vm.max_map_count that the node gave this core; stacks beyond keep the
 * pages free as a gap, are counted in `unguarded`, and their gap is looked at when a task ends.
 * A guard is several pages, because library functions with large frames could step over one
 * page; our own code is compiled to touch each page (-fstack-clash-protection).
 */
#include "stack_hot.h"
#include <cycos/base.h>
#include <cycos/impl/stack.h>
#include <cycos/impl/time.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL; Debian 12's headers do not have it */

#define WATCH     CY_SECOND      /* how long a stack must have been superfluous */
#define TRIM_STEP CY_MILLISECOND /* between two rounds of trimming */

enum { PAGES_AT_ONCE = 64, GUARDED = 1 << 15, INDEX = GUARDED - 1 };

struct cyi_slab {
    struct cyi_slab *next;
    struct cyi_slab *next_cold;
    uint8_t *base;
    uint32_t stacks, carved; /* how many fit, how many were made so far */
    uint32_t cold_count;
    uint8_t class;
    uint16_t cold[]; /* index in the slab, and GUARDED */
};

static size_t
page_bytes(void)
{
    return (size_t) sysconf(_SC_PAGESIZE);
}

static size_t
guard_bytes(uint8_t class)
{
    size_t quarter = ((size_t) 1 << class) / 4;
    size_t bytes = quarter < CYI_STACK_GUARD_MAX ? quarter : CYI_STACK_GUARD_MAX;
    return bytes < page_bytes() ? page_bytes() : bytes;
}

void
cyi_stacks_init(struct cyi_stacks *stacks, uint32_t mprotect_max)
{
    *stacks = (struct cyi_stacks){.mprotect_left = mprotect_max};
}

void
cyi_stacks_fini(struct cyi_stacks *stacks)
{
    for (int i = 0; i < CYI_STACK_CLASSES; i++) {
        for (struct cyi_stack *s = stacks->hot[i].first; s != NULL; s = s->next)
            cyi_fiber_free(s);
    }
    struct cyi_slab *next;
    for (struct cyi_slab *slab = stacks->slabs; slab != NULL; slab = next) {
        size_t bytes = (size_t) slab->stacks << slab->class;
        next = slab->next;
        cyi_fiber_unpoison(slab->base, bytes);
        munmap(slab->base, bytes);
        free(slab);
    }
    cyi_stacks_init(stacks, 0);
}

uint8_t
cyi_stack_class(size_t bytes)
{
    if (bytes > (size_t) 1 << CYI_STACK_CLASS_MAX)
        return 0;
    if (bytes < 4 * page_bytes())
        bytes = 4 * page_bytes();
    uint8_t class = CYI_STACK_CLASS_MIN;
    while ((size_t) 1 << class < bytes)
        class ++;
    return class;
}

static struct cyi_slab *
add_slab(struct cyi_stacks *stacks, uint8_t class)
{
    uint32_t fit = (uint32_t) CYI_STACK_SLAB >> class, count = fit > 1 ? fit : 1;
    size_t bytes = (size_t) count << class;
    struct cyi_slab *slab = malloc(sizeof *slab + count * sizeof slab->cold[0]);
    if (slab == NULL)
        return NULL;
    *slab = (struct cyi_slab){.stacks = count, .class = class};
    slab->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (slab->base == MAP_FAILED) {
        free(slab);
        return NULL;
    }
    /* A huge page would make a whole row of stacks resident at the first touch. */
    madvise(slab->base, bytes, MADV_NOHUGEPAGE);
    slab->next = stacks->slabs;
    stacks->slabs = slab;
    stacks->carve[class - CYI_STACK_CLASS_MIN] = slab;
    return slab;
}

static bool
install_guard(struct cyi_stacks *stacks, uint8_t *low, size_t bytes)
{
    if (!stacks->no_guard_install) {
        if (madvise(low, bytes, GUARD_INSTALL) == 0)
            return true;
        stacks->no_guard_install = true;
    }
    if (stacks->mprotect_left == 0 || mprotect(low, bytes, PROT_NONE) != 0)
        return false;
    stacks->mprotect_left--;
    return true;
}

static uint8_t *
lowest_byte(const struct cyi_slab *slab, uint32_t index)
{
    return slab->base + ((size_t) index << slab->class);
}

static struct cyi_stack *
make_record(struct cyi_stacks *stacks, struct cyi_slab *slab, uint32_t index, bool guarded)
{
    uint8_t *low = lowest_byte(slab, index);
    struct cyi_stack *stack = (struct cyi_stack *) (void *) (low + ((size_t) 1 << slab->class));
    stack--;
    *stack = (struct cyi_stack){.base = low + guard_bytes(slab->class),
                                .slab = slab,
                                .class = slab->class,
                                .guarded = guarded};
    stacks->count++;
    cyi_fiber_create(stack, stack->base, cyi_stack_room(stack));
    return stack;
}

static struct cyi_stack *
take_cold(struct cyi_stacks *stacks, struct cyi_slab **slabs)
{
    struct cyi_slab *slab = *slabs;
    uint16_t entry = slab->cold[--slab->cold_count];
    if (slab->cold_count == 0)
        *slabs = slab->next_cold;
    return make_record(stacks, slab, entry & INDEX, entry & GUARDED);
}

static struct cyi_stack *
carve(struct cyi_stacks *stacks, uint8_t class)
{
    struct cyi_slab *slab = stacks->carve[class - CYI_STACK_CLASS_MIN];
    if ((slab == NULL || slab->carved == slab->stacks) &&
        (slab = add_slab(stacks, class)) == NULL)
        return NULL;
    uint32_t index = slab->carved++;
    bool guarded = install_guard(stacks, lowest_byte(slab, index), guard_bytes(class));
    stacks->unguarded += !guarded;
    return make_record(stacks, slab, index, guarded);
}

struct cyi_stack *
cyi_stack_take(struct cyi_stacks *stacks, uint8_t class)
{
    int i = class - CYI_STACK_CLASS_MIN;
    if (__builtin_expect(stacks->hot[i].first != NULL, 1))
        return cyi_stack_take_hot(stacks, &stacks->hot[i]);
    if (stacks->cold[i] != NULL)
        return take_cold(stacks, &stacks->cold[i]);
    return carve(stacks, class);
}

/* How far from `low` the first page lies that was ever written to; `bytes` if none was. */
static size_t
first_resident(const uint8_t *low, size_t bytes)
{
    unsigned char there[PAGES_AT_ONCE];
    size_t page = page_bytes(), step = PAGES_AT_ONCE * page;
    for (size_t at = 0; at < bytes; at += step) {
        size_t part = bytes - at < step ? bytes - at : step;
        if (mincore((void *) (uintptr_t) (low + at), part, there) != 0)
            return at;
        for (size_t i = 0; i < part / page; i++) {
            if (there[i] & 1)
                return at + i * page;
        }
    }
    return bytes;
}

bool
cyi_stack_overran(const struct cyi_stack *stack)
{
    size_t guard = guard_bytes(stack->class);
    return first_resident(stack->base - guard, guard) < guard;
}

void
cyi_stack_give(struct cyi_stacks *stacks, struct cyi_stack *stack)
{
    cyi_stack_give_hot(stacks, stack);
}

/* The one that has been hot for longest; NULL when the class has none. */
static struct cyi_stack *
take_last(struct cyi_stack_list *list)
{
    struct cyi_stack *stack = list->last;
    if (stack == NULL)
        return NULL;
    list->last = stack->prev;
    if (list->last == NULL)
        list->first = NULL;
    else
        list->last->next = NULL;
    return stack;
}

static void
make_cold(struct cyi_stacks *stacks, struct cyi_stack *stack)
{
    struct cyi_slab *slab = stack->slab,
                    **slabs = &stacks->cold[slab->class - CYI_STACK_CLASS_MIN];
    uint8_t *base = stack->base;
    size_t size = (size_t) 1 << slab->class;
    uint32_t index = (uint32_t) ((size_t) (base - slab->base) >> slab->class);
    cyi_fiber_free(stack);
    cyi_fiber_unpoison(base, cyi_stack_room(stack));
    slab->cold[slab->cold_count++] = (uint16_t) (index | (stack->guarded ? GUARDED : 0));
    if (slab->cold_count == 1) {
        slab->next_cold = *slabs;
        *slabs = slab;
    }
    stacks->count--;
    stacks->pooled--;
    madvise(base, size - guard_bytes(slab->class), MADV_DONTNEED); /* the record goes too */
}

/* What was hot during the whole of the last second, and more than we keep, is superfluous. */
static void
find_surplus(struct cyi_stacks *stacks, cy_time now)
{
    if (now < stacks->trim_at)
        return;
    if (stacks->trim_at != 0 && stacks->spare > CYI_STACK_HOT)
        stacks->surplus = stacks->spare - CYI_STACK_HOT;
    stacks->spare = stacks->pooled;
    stacks->trim_at = cyi_time_add(now, WATCH);
}

cy_time
cyi_stacks_trim(struct cyi_stacks *stacks, cy_time now)
{
    if (stacks->pooled <= CYI_STACK_HOT) {
        stacks->surplus = 0;
        stacks->trim_at = 0;
        return CY_FOREVER;
    }
    find_surplus(stacks, now);
    uint32_t left = stacks->surplus < CYI_STACK_TRIM ? stacks->surplus : CYI_STACK_TRIM;
    stacks->surplus -= left;
    for (int i = 0; i < CYI_STACK_CLASSES && left > 0;) {
        struct cyi_stack *stack = take_last(&stacks->hot[i]);
        if (stack == NULL) {
            i++;
            continue;
        }
        make_cold(stacks, stack);
        left--;
    }
    if (stacks->pooled < stacks->spare)
        stacks->spare = stacks->pooled;
    return stacks->surplus != 0 ? cyi_time_add(now, TRIM_STEP) : stacks->trim_at;
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

/* Stacks are read as they lie there, also where no variable is any more. */
CYI_UNCHECKED size_t
cyi_stack_high_water(const struct cyi_stack *stack)
{
    size_t bytes = ((size_t) 1 << stack->class) - guard_bytes(stack->class);
    const uint8_t *page = stack->base + first_resident(stack->base, bytes);
    /* Fresh pages are zero, so the lowest word that is not zero was the deepest one used. */
    const uint64_t *word = (const uint64_t *) (const void *) page;
    const uint64_t *top = (const uint64_t *) (const void *) stack;
    CYI_UNCHECKED_BEGIN;
    while (word < top && *word == 0)
        word++;
    CYI_UNCHECKED_END;
    return (size_t) ((const uint8_t *) top - (const uint8_t *) word);
}

bool
cyi_stack_in_guard(const struct cyi_stack *stack, const void *address)
{
    const uint8_t *at = address;
    return at < stack->base && at >= stack->base - guard_bytes(stack->class);
}
