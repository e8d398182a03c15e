/*
 * context.h - switching the processor from one stack to another.
 *
 * Three implementations: inline for x86-64 (with context_x86_64.S), context_aarch64.S, and
 * context_ucontext.c for every other machine (or with CY_UCONTEXT). Only registers that the
 * calling convention preserves are saved; the rounding mode and signal mask belong to the
 * thread, not to the task.
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
#if CYI_CONTEXT_ASM && defined(__x86_64__)
/* What the compiler may hold across the switch besides, where it may use AVX-512. */
#ifdef __AVX512F__
#define CYI_CONTEXT_WIDE                                                                      \
    "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4",   \
        "k5", "k6", "k7",
#else
#define CYI_CONTEXT_WIDE
#endif
/*
 * Inline, so that it leaves by a jump and yet neither adds to nor takes from what the
 * processor remembers of calls: a return that ends on another stack than the call began is
 * mispredicted (some 5 ns) unless both tasks left from the same place. The frame pointer
 * cannot be named as clobbered; the red zone of the function around us is stepped over.
 */
static inline __attribute__((always_inline)) void
cyi_context_switch(void **from, void *to)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "popq %%rax\n\t"
                     "popq %%rbp\n\t"
                     "jmpq *%%rax\n"
                     "1:\tleaq 128(%%rsp), %%rsp"
                     : "+D"(from), "+S"(to)
                     :
                     : CYI_CONTEXT_WIDE "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
                       "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)",
                       "st(5)", "st(6)", "st(7)", "memory", "cc");
}
#else
void cyi_context_switch(void **from, void *to);
#endif

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
