/* Switching stacks: registers, alignment, many stacks, and what a debugger sees. */
#include "context.h"
#include "cy_test.h"
#include "sanitizer.h"
#include "symbol.h"
#include <cycos/impl/stack.h>

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASS = 16, DEPTH = 500, ROUNDS = 100000 };

/* A stack with its point, or the thread's own. */
struct fiber {
    struct cyi_stack own, *stack;
    size_t bytes;
    void *sp;
};

static struct cyi_stacks stacks;
static struct fiber thread, *running;
static void (*job)(void);

static void
switch_to(struct fiber *to)
{
    struct fiber *from = running;
    running = to;
    cyi_fiber_leave(from->stack, to->stack, to->bytes, false);
    cyi_context_switch(&from->sp, to->sp);
    cyi_fiber_arrive(from->stack);
}

static void
entry(void)
{
    cyi_fiber_arrive(NULL);
    job();
    switch_to(&thread);
    abort(); /* nobody comes back to what has ended */
}

static void
begin(void)
{
    cyi_stacks_init(&stacks, 0);
    thread = (struct fiber){.stack = &thread.own};
    cyi_fiber_of_thread(thread.stack, &thread.bytes);
    running = &thread;
}

static void
make_fiber(struct fiber *fiber)
{
    fiber->stack = cyi_stack_take(&stacks, CLASS);
    CY_ASSERT(fiber->stack != NULL);
    fiber->bytes = cyi_stack_room(fiber->stack);
    fiber->sp = cyi_context_make(cyi_stack_top(fiber->stack), entry);
}

static void
end_fiber(struct fiber *fiber)
{
    cyi_stack_give(&stacks, fiber->stack);
}

static struct fiber first;
static int steps;

static void
make_a_step(void)
{
    steps++;
}

static void
runs_the_entry_on_the_new_stack_once(void)
{
    begin();
    steps = 0;
    job = make_a_step;
    make_fiber(&first);
    CU_ASSERT_EQUAL(steps, 0);
    switch_to(&first);
    CU_ASSERT_EQUAL(steps, 1);
    end_fiber(&first);
    cyi_stacks_fini(&stacks);
}

static uintptr_t misaligned;
static char text[64];

static void
use_aligned_things(void)
{
    volatile double third = 1.0 / 3;
    _Alignas(16) volatile char aligned[16] = {1};
    misaligned = (uintptr_t) aligned % 16;
    /* A call with a variable number of arguments saves vector registers to aligned places. */
    snprintf(text, sizeof text, "%.3f %d", third, aligned[0]);
}

static void
the_stack_is_aligned_as_a_call_expects(void)
{
    begin();
    job = use_aligned_things;
    for (int i = 0; i < 8; i++) {
        memset(text, 0, sizeof text);
        make_fiber(&first);
        switch_to(&first);
        CU_ASSERT_EQUAL(misaligned, 0);
        CU_ASSERT_STRING_EQUAL(text, "0.333 1");
    }
    cyi_stacks_fini(&stacks);
}

static volatile long seed = 7;

/*
 * So many values in use across a switch that the compiler fills all registers it may keep.
 * Returns their sum times how often it was switched.
 */
static __attribute__((noinline)) double
keep_values(struct fiber *other, long start, int switches)
{
    long a = start + seed, b = a + seed, c = b + seed, d = c + seed, e = d + seed, f = e + seed;
    double p = (double) start, q = p + 0.5, r = q + 0.5, s = r + 0.5, t = s + 0.5, u = t + 0.5,
           v = u + 0.5, w = v + 0.5;
    double sum = 0;
    for (int i = 0; i < switches; i++) {
        switch_to(other);
        sum += (double) (a + b + c + d + e + f) + p + q + r + s + t + u + v + w;
    }
    return sum;
}

static double
expected(long start, int switches)
{
    double whole = 6.0 * (double) start + 7 * (1 + 2 + 3 + 4 + 5 + 6);
    double parts = 8.0 * (double) start + 0.5 * (1 + 2 + 3 + 4 + 5 + 6 + 7);
    return (whole + parts) * switches;
}

static double of_fiber;

static void
keep_values_too(void)
{
    of_fiber = keep_values(&thread, 1000000, ROUNDS - 1);
}

static void
values_in_registers_survive(void)
{
    begin();
    job = keep_values_too;
    make_fiber(&first);
    double of_thread = keep_values(&first, 3, ROUNDS);
    CU_ASSERT_EQUAL(of_thread, expected(3, ROUNDS));
    CU_ASSERT_EQUAL(of_fiber, expected(1000000, ROUNDS - 1));
    end_fiber(&first);
    cyi_stacks_fini(&stacks);
}

static struct fiber chain[DEPTH];
static int depth, returned;

/* Each goes on to the next, and is come back to by it. */
static void
go_deeper(void)
{
    int here = depth++;
    volatile char mine[1000];
    memset((void *) (uintptr_t) mine, here & 127, sizeof mine);
    if (here + 1 < DEPTH)
        switch_to(&chain[here + 1]);
    int bad = 0;
    for (size_t i = 0; i < sizeof mine; i++)
        bad += mine[i] != (here & 127);
    returned += bad == 0;
    if (here > 0)
        switch_to(&chain[here - 1]);
}

static void
many_stacks_are_left_and_come_back_to(void)
{
    begin();
    depth = returned = 0;
    job = go_deeper;
    for (int i = 0; i < DEPTH; i++)
        make_fiber(&chain[i]);
    switch_to(&chain[0]);
    CU_ASSERT_EQUAL(depth, DEPTH);
    CU_ASSERT_EQUAL(returned, DEPTH);
    for (int i = 0; i < DEPTH; i++)
        end_fiber(&chain[i]);
    cyi_stacks_fini(&stacks);
}

static void *frames[32];
static int frame_count;

static __attribute__((noinline)) int
inner_function(void)
{
    frame_count = backtrace(frames, 32);
    return frame_count;
}

static __attribute__((noinline)) void
outer_function(void)
{
    steps += inner_function();
}

static void
a_backtrace_ends_where_the_stack_begins(void)
{
    char names[2048];
    begin();
    job = outer_function;
    make_fiber(&first);
    switch_to(&first);
    end_fiber(&first);
    cyi_stacks_fini(&stacks);
    CU_ASSERT_TRUE(frame_count >= 3 && frame_count < 8);
    cyi_symbol_format(names, sizeof names, frames, frame_count);
    const char *inner = strstr(names, "inner_function+0x");
    const char *outer = strstr(names, " outer_function+0x");
    const char *begins = strstr(names, " entry+0x");
    CU_ASSERT_TRUE(inner != NULL && outer > inner && begins > outer);
    if (CYI_CONTEXT_ASM && begins != NULL) {
        const char *last = strrchr(names, ' ');
        CU_ASSERT_EQUAL(strncmp(last, " cyi_context_start+0x", 21), 0);
    }
}

CY_TEST_MAIN("runtime.context", CY_TEST(runs_the_entry_on_the_new_stack_once),
             CY_TEST(the_stack_is_aligned_as_a_call_expects),
             CY_TEST(values_in_registers_survive),
             CY_TEST(many_stacks_are_left_and_come_back_to),
             CY_TEST(a_backtrace_ends_where_the_stack_begins))
