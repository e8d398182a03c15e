/* context_x86_64.S - the switch for x86-64, System V calling convention. */
#if defined(__x86_64__) && !defined(CY_UCONTEXT)

/*
 * void cyi_context_switch(void **from = rdi, void *to = rsi)
 *
 * Leaves by ret. A micro-benchmark with two call sites prefers pop and jmp, because the
 * return-address predictor is wrong there every time. Here nearly all switches come from one
 * place in sched.c, so the prediction is right, and a jmp would leave the predictor one entry
 * off for all the returns that follow: 36 against 26 ns per message in a ping-pong.
 *
 * The CFI describes the frame of the task that is being
 * switched off, so a debugger walks through here into the caller on either stack.
 */
        .text
        .globl  cyi_context_switch
        .hidden cyi_context_switch
        .type   cyi_context_switch, @function
        .p2align 5
cyi_context_switch:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        ret
        .cfi_endproc
        .size   cyi_context_switch, .-cyi_context_switch

/*
 * Where a new stack begins: calls the function in rbx. No caller: the unwinder stops here.
 */
        .globl  cyi_context_start
        .hidden cyi_context_start
        .type   cyi_context_start, @function
        .p2align 4
cyi_context_start:
        .cfi_startproc
        .cfi_undefined %rip
        xorl    %ebp, %ebp
        callq   *%rbx
        ud2
        .cfi_endproc
        .size   cyi_context_start, .-cyi_context_start

/*
 * void *cyi_context_make(void *top = rdi, void (*entry)(void) = rsi)
 *
 * From the top: two zeros where a caller would be, the start, then rbp rbx r12-r15 as the
 * switch pops them. At cyi_context_start the stack is aligned as before a call.
 */
        .globl  cyi_context_make
        .hidden cyi_context_make
        .type   cyi_context_make, @function
        .p2align 4
cyi_context_make:
        .cfi_startproc
        leaq    -72(%rdi), %rax
        leaq    cyi_context_start(%rip), %rcx
        movq    $0, 64(%rax)
        movq    $0, 56(%rax)
        movq    %rcx, 48(%rax)
        movq    $0, 40(%rax)
        movq    %rsi, 32(%rax)
        movq    $0, 24(%rax)
        movq    $0, 16(%rax)
        movq    $0, 8(%rax)
        movq    $0, (%rax)
        ret
        .cfi_endproc
        .size   cyi_context_make, .-cyi_context_make
#endif
        .section .note.GNU-stack,"",@progbits
