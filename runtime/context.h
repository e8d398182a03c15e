/*
 * context.h - switching the processor from one stack to another.
 *
 * Three implementations: context_x86_64.S, context_aarch64.S, and context_ucontext.c for
 * every other machine (or with CY_UCONTEXT). Only registers that the calling convention
 * preserves are saved; the rounding mode and signal mask belong to the thread, not to the task.
 */
#ifndef CYI_CONTEXT_H
#define CYI_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(CY_UCONTEXT)
#define CYI_CONTEXT_ASM 1
#else
#define CYI_CONTEXT_ASM 0
#endif

/* Save the present point in *from and go on at `to`, which an earlier switch or make gave. */
void cyi_context_switch(void **from, void *to);

/*
 * Prepare a stack so that a switch to the result calls entry(), which must never return.
 * `top` is aligned to 16; at least 512 bytes below it are used.
 */
void *cyi_context_make(void *top, void (*entry)(void));

/* The instruction that a signal interrupted; NULL on processors that we do not know. */
#if defined(__x86_64__)
static inline const void *
cyi_context_interrupted(const void *context)
{
    return (const void *) (uintptr_t) ((const ucontext_t *) context)
        ->uc_mcontext.gregs[REG_RIP];
}
#elif defined(__aarch64__)
static inline const void *
cyi_context_interrupted(const void *context)
{
    return (const void *) (uintptr_t) ((const ucontext_t *) context)->uc_mcontext.pc;
}
#else
static inline const void *
cyi_context_interrupted(const void *context)
{
    (void) context;
    return NULL;
}
#endif

#endif
