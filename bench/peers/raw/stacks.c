/*
 * stacks.c - stacks on one core that hand a message on: what a switch and 64 bytes cost.
 *
 * No queue, no scheduler: whoever runs copies its message to the next and switches there.
 */
#include "raw.h"

#include <stdlib.h>
#include <string.h>

enum { STACK_BYTES = 16 << 10 };

struct place {
    void *stack; /* where its stack pointer was when it last switched away */
    struct place *next;
    char message[MESSAGE_BYTES];
};

static struct place *places, *stopped;
static void *main_stack;
static long left;

/* Keeps what the ABI asks of a callee, and jumps: `ret` would be predicted wrong each time. */
void raw_switch(void **from, void *to);
void raw_begin(void);
void raw_pass_on(struct place *me);

__asm__(".text\n"
        "raw_switch:\n"
        "  push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "  mov %rsp, (%rdi)\n"
        "  mov %rsi, %rsp\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "  pop %rcx\n"
        "  jmp *%rcx\n"
        "raw_begin:\n"
        "  mov %rbx, %rdi\n"
        "  call raw_pass_on\n"
        "  ud2\n");

__attribute__((used)) void
raw_pass_on(struct place *me)
{
    for (;;) {
        memcpy(me->next->message, me->message, MESSAGE_BYTES);
        if (--left > 0) {
            raw_switch(&me->stack, me->next->stack);
        } else {
            stopped = me;
            raw_switch(&me->stack, main_stack);
        }
    }
}

static void
make_places(int count)
{
    places = calloc((size_t) count, sizeof *places);
    want("memory", places != NULL);
    for (int i = 0; i < count; i++) {
        char *memory = aligned_alloc(64, STACK_BYTES);
        want("memory", memory != NULL);
        /* Popped in order: r15 r14 r13 r12 rbx rbp, then where to jump. */
        void **top = (void **) (memory + STACK_BYTES) - 9;
        memset(top, 0, 9 * sizeof *top);
        top[4] = &places[i];
        top[6] = (void *) raw_begin;
        places[i].stack = top;
        places[i].next = &places[(i + 1) % count];
    }
    stopped = &places[0];
}

static double
hand_on(long count)
{
    double begin = now_ns();
    left = count;
    raw_switch(&main_stack, stopped->stack);
    return now_ns() - begin;
}

void
raw_pingpong_one(void)
{
    make_places(2);
    measure("switch", NS, hand_on);
}

void
raw_ring_one(void)
{
    make_places(RING_SIZE);
    measure("switch", NS, hand_on);
}
