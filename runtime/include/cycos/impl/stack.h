/*
 * cycos/impl/stack.h - stacks for tasks: slabs, a pool, guards, high-water marks.
 *
 * A stack of 2^class bytes lies in a slab of many. Its lowest quarter, but at most 64 KiB, is
 * the guard; at its high end is this record, so that an idle task's stack costs one page and
 * no other memory. A stack is in use, or hot: in the pool with its memory, or cold: its memory
 * has gone back to the system, and only the slab knows of it.
 */
#ifndef CYCOS_IMPL_STACK_H
#define CYCOS_IMPL_STACK_H

#include <cycos/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_STACK_CLASS_MIN = 14, /* 16 KiB */
    CYI_STACK_CLASS_MAX = 26, /* 64 MiB */
    CYI_STACK_CLASSES = CYI_STACK_CLASS_MAX - CYI_STACK_CLASS_MIN + 1,
    CYI_STACK_SLAB = 16 << 20, /* bytes reserved at a time, or one stack if that is larger */
    CYI_STACK_HOT = 1024,      /* pooled stacks that stay hot whatever happens */
    CYI_STACK_TRIM = 128,      /* that become cold in one go */
    CYI_STACK_GUARD_MAX = 64 << 10,
};

struct cyi_slab;

struct cyi_stack {
    struct cyi_stack *next, *prev; /* among the hot ones of its class */
    uint8_t *base;                 /* lowest usable byte; the guard lies below */
    struct cyi_slab *slab;
    void *runner; /* in the pool: where the loop of tasks on it goes on; NULL: it must begin */
    void *fiber;  /* thread sanitizer */
    void *fake;   /* address sanitizer */
    uint32_t valgrind;
    uint8_t class;
    bool guarded;
};

/* The hot stacks of a class: the first was given back last. */
struct cyi_stack_list {
    struct cyi_stack *first, *last;
};

/* A core's stacks. All zero is empty. */
struct cyi_stacks {
    struct cyi_stack_list hot[CYI_STACK_CLASSES];
    struct cyi_slab *cold[CYI_STACK_CLASSES];  /* slabs that have cold stacks */
    struct cyi_slab *carve[CYI_STACK_CLASSES]; /* the newest, with room for more */
    struct cyi_slab *slabs;
    uint32_t count;         /* in use and hot */
    uint32_t pooled;        /* hot */
    uint32_t spare;         /* the least that were hot since trim_at was set */
    uint32_t surplus;       /* to become cold, some at a time */
    cy_time trim_at;        /* when `spare` will have been watched for long enough */
    uint32_t mprotect_left; /* guards that may still cost a mapping; init sets it */
    uint32_t unguarded;     /* stacks whose guard is only a gap */
    bool no_guard_install;  /* the kernel has no MADV_GUARD_INSTALL, or a test says so */
};

void cyi_stacks_init(struct cyi_stacks *stacks, uint32_t mprotect_max);
void cyi_stacks_fini(struct cyi_stacks *stacks);

/* The class whose stacks have `bytes`, guard included; 0 when there is none. */
uint8_t cyi_stack_class(size_t bytes);

/* A stack from the pool or a slab; NULL without memory. */
struct cyi_stack *cyi_stack_take(struct cyi_stacks *stacks, uint8_t class);

/* Back into the pool. The caller may still be running on it until its next switch. */
void cyi_stack_give(struct cyi_stacks *stacks, struct cyi_stack *stack);

/*
 * For idle moments: make some of the stacks cold that nobody has needed for a second. Returns
 * when to call again, CY_FOREVER when there is nothing to do.
 */
cy_time cyi_stacks_trim(struct cyi_stacks *stacks, cy_time now);

/* The address that the first frame may start below, aligned to 16. */
void *cyi_stack_top(struct cyi_stack *stack);

/* Bytes of the stack ever used, by this task or by those that had it before. */
size_t cyi_stack_high_water(const struct cyi_stack *stack);

/* Bytes between the guard and the record. */
static inline size_t
cyi_stack_room(const struct cyi_stack *stack)
{
    return (size_t) ((const uint8_t *) stack - stack->base);
}

/* Has anything been written where the guard would be? */
bool cyi_stack_overran(const struct cyi_stack *stack);

/* At the end of a task: an overflow of a stack without a guard is found late, but is found. */
static inline void
cyi_stack_check(const struct cyi_stack *stack)
{
    if (__builtin_expect(!stack->guarded, 0))
        CY_ASSERT(!cyi_stack_overran(stack) && "stack overflow");
}

/* Does the address lie in the guard of this stack? Safe in a signal handler. */
bool cyi_stack_in_guard(const struct cyi_stack *stack, const void *address);

#endif
