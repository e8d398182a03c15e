/* context_aarch64.S - the switch for 64-bit ARM, AAPCS64. */
#if defined(__aarch64__) && !defined(CY_UCONTEXT)

/*
 * void cyi_context_switch(void **from = x0, void *to = x1)
 *
 * Saves x19-x30 and d8-d15, 160 bytes. Leaves by ret: see context_x86_64.S.
 */
        .text
        .globl  cyi_context_switch
        .hidden cyi_context_switch
        .type   cyi_context_switch, %function
        .p2align 5
cyi_context_switch:
        .cfi_startproc
        sub     sp, sp, #160
        .cfi_adjust_cfa_offset 160
        stp     x19, x20, [sp, #0]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        stp     x21, x22, [sp, #16]
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        stp     x23, x24, [sp, #32]
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        stp     x25, x26, [sp, #48]
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        stp     x27, x28, [sp, #64]
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        .cfi_adjust_cfa_offset -160
        ret
        .cfi_endproc
        .size   cyi_context_switch, .-cyi_context_switch

/* Where a new stack begins: calls the function in x19. No caller: the unwinder stops here. */
        .globl  cyi_context_start
        .hidden cyi_context_start
        .type   cyi_context_start, %function
        .p2align 4
cyi_context_start:
        .cfi_startproc
        .cfi_undefined x30
        mov     x29, xzr
        mov     x30, xzr
        blr     x19
        brk     #1
        .cfi_endproc
        .size   cyi_context_start, .-cyi_context_start

/* void *cyi_context_make(void *top = x0, void (*entry)(void) = x1) */
        .globl  cyi_context_make
        .hidden cyi_context_make
        .type   cyi_context_make, %function
        .p2align 4
cyi_context_make:
        .cfi_startproc
        sub     x0, x0, #160
        stp     x1, xzr, [x0, #0]
        stp     xzr, xzr, [x0, #16]
        stp     xzr, xzr, [x0, #32]
        stp     xzr, xzr, [x0, #48]
        stp     xzr, xzr, [x0, #64]
        adrp    x9, cyi_context_start
        add     x9, x9, :lo12:cyi_context_start
        stp     xzr, x9, [x0, #80]
        stp     xzr, xzr, [x0, #96]
        stp     xzr, xzr, [x0, #112]
        stp     xzr, xzr, [x0, #128]
        stp     xzr, xzr, [x0, #144]
        ret
        .cfi_endproc
        .size   cyi_context_make, .-cyi_context_make
#endif
        .section .note.GNU-stack,"",%progbits
