/*
 * context_ucontext.c - the switch for machines without one in assembly.
 *
 * Some hundred times slower, because swapcontext() saves the signal mask by a system call.
 * The record lies at the top of the stack, so nothing is allocated.
 * Tests: tests/runtime/test_context.c
 */
#include "context.h"

#if !CYI_CONTEXT_ASM
#include <stdint.h>
#include <ucontext.h>

struct point {
    ucontext_t context;
};

void
cyi_context_switch(void **from, void *to)
{
    struct point here, *there = to;
    *from = &here;
    swapcontext(&here.context, &there->context);
}

void *
cyi_context_make(void *top, void (*entry)(void))
{
    struct point *point = (struct point *) (void *) ((uint8_t *) top - sizeof *point);
    point = (struct point *) ((uintptr_t) point & ~(uintptr_t) 63);
    getcontext(&point->context);
    /* The true bottom is the guard's affair; makecontext() only needs where the top is. */
    size_t room = 8192 - sizeof *point - 64;
    point->context.uc_stack.ss_sp = (uint8_t *) point - room;
    point->context.uc_stack.ss_size = room;
    point->context.uc_link = NULL;
    makecontext(&point->context, entry, 0);
    return point;
}
#else
typedef int cyi_context_is_assembly; /* ISO C wants a declaration in every file */
#endif
