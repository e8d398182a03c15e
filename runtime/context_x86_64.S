/* context_x86_64.S - new stacks for x86-64, System V calling convention. */
#if defined(__x86_64__) && !defined(CY_UCONTEXT)

/*
 * Where a new stack begins: calls the function that lies on it. No caller: the unwinder stops
 * here.
 */
        .text
        .globl  cyi_context_start
        .hidden cyi_context_start
        .type   cyi_context_start, @function
        .p2align 4
cyi_context_start:
        .cfi_startproc
        .cfi_undefined %rip
        popq    %rbx
        callq   *%rbx
        ud2
        .cfi_endproc
        .size   cyi_context_start, .-cyi_context_start

/*
 * void *cyi_context_make(void *top = rdi, void (*entry)(void) = rsi)
 *
 * From the top: two zeros where a caller would be, the entry, then rbp and the start as the
 * switch (context.h) pops them. At cyi_context_start's call the stack is aligned as it must.
 */
        .globl  cyi_context_make
        .hidden cyi_context_make
        .type   cyi_context_make, @function
        .p2align 4
cyi_context_make:
        .cfi_startproc
        leaq    -40(%rdi), %rax
        leaq    cyi_context_start(%rip), %rcx
        movq    $0, 32(%rax)
        movq    $0, 24(%rax)
        movq    %rsi, 16(%rax)
        movq    $0, 8(%rax)
        movq    %rcx, (%rax)
        ret
        .cfi_endproc
        .size   cyi_context_make, .-cyi_context_make
#endif
        .section .note.GNU-stack,"",@progbits
