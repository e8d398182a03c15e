/*
 * cycos/impl/stack.h - stacks for tasks: slabs, a pool, guards, high-water marks.
 *
 * A stack of 2^class bytes lies in a slab of many: at its low end a guard page, at its high
 * end this record, so that an idle task's stack costs one page and no other memory.
 */
#ifndef CYCOS_IMPL_STACK_H
#define CYCOS_IMPL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_STACK_CLASS_MIN = 14, /* 16 KiB */
    CYI_STACK_CLASS_MAX = 26, /* 64 MiB */
    CYI_STACK_CLASSES = CYI_STACK_CLASS_MAX - CYI_STACK_CLASS_MIN + 1,
    CYI_STACK_SLAB = 16 << 20, /* bytes reserved at a time, or one stack if that is larger */
    CYI_STACK_KEEP = 1024,     /* pooled stacks whose memory stays resident while idle */
    CYI_STACK_PAGE = 4096,
};

struct cyi_stack {
    struct cyi_stack *next;
    uint8_t *base; /* lowest usable byte; the guard lies below */
    void *fiber;   /* thread sanitizer */
    void *fake;    /* address sanitizer */
    uint32_t valgrind;
    uint8_t class;
    bool guarded;
    bool trimmed; /* only the highest page is resident */
};

struct cyi_slab;

/* A core's stacks. All zero is empty. */
struct cyi_stacks {
    struct cyi_stack *free[CYI_STACK_CLASSES];
    uint8_t *carve[CYI_STACK_CLASSES], *carve_end[CYI_STACK_CLASSES];
    struct cyi_slab *slabs;
    uint32_t count, pooled;
    uint32_t mprotect_left; /* guards that may still cost a mapping; init sets it */
    uint32_t unguarded;
    bool no_guard_install; /* the kernel has no MADV_GUARD_INSTALL, or a test says so */
};

void cyi_stacks_init(struct cyi_stacks *stacks, uint32_t mprotect_max);
void cyi_stacks_fini(struct cyi_stacks *stacks);

/* The class whose stacks have `bytes`, guard included; 0 when there is none. */
uint8_t cyi_stack_class(size_t bytes);

/* A stack from the pool or a slab; NULL without memory. */
struct cyi_stack *cyi_stack_take(struct cyi_stacks *stacks, uint8_t class);

/* Back into the pool. The caller may still be running on it until its next switch. */
void cyi_stack_give(struct cyi_stacks *stacks, struct cyi_stack *stack);

/* Give memory of pooled stacks back to the system, a few at a time; for idle moments. */
void cyi_stacks_trim(struct cyi_stacks *stacks);

/* The address that the first frame may start below, aligned to 16. */
void *cyi_stack_top(struct cyi_stack *stack);

/* Bytes of the stack ever used, by this task or by those that had it before. */
size_t cyi_stack_high_water(const struct cyi_stack *stack);

/* Bytes between the guard and the record. */
size_t cyi_stack_room(const struct cyi_stack *stack);

/* Does the address lie in the guard of this stack? */
bool cyi_stack_in_guard(const struct cyi_stack *stack, const void *address);

#endif
