/* Last words: what a process says when a task overflows its stack, or faults otherwise. */
#include "cy_node.h"
#include "sanitizer.h"
#include <cycos/impl/core.h>
#include <cycos/pool.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct cy_test_child child;

/* Run in a child as the only task, or as that which the main task spawns. */
static void
run_in_child(void *fn)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    _exit(cy_run(&options, (cy_task_fn *) fn, NULL));
}

static void
run(cy_task_fn *fn)
{
    CY_OK(cy_test_run_child(&child, run_in_child, (void *) fn));
}

/* Each frame touches a good part of a page. */
static __attribute__((noinline)) int
recurse(int depth)
{
    volatile char frame[500];
    frame[0] = (char) depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static int
overflow_by_recursion(void *arg)
{
    (void) arg;
    return recurse(0);
}

static int
spawn_and_join(cy_task_fn *fn, const char *name, size_t stack_bytes)
{
    cy_ref ref;
    struct cy_task_options options = {.name = name, .stack_bytes = stack_bytes};
    if (cy_task_spawn_named(&ref, CY_CORE_HERE, fn, NULL, name, &options) != 0)
        return 98;
    return cy_join(NULL, ref, CY_FOREVER);
}

static int
spawn_recursion(void *arg)
{
    (void) arg;
    return spawn_and_join(overflow_by_recursion, "deep thought", 0);
}

static void
a_recursion_without_end_names_its_task(void)
{
    run(spawn_recursion);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(
        &child, "stack overflow in task deep thought (core 0, stack 64 KiB)\n"));
}

static int
spawn_on_another_size(void *arg)
{
    (void) arg;
    return spawn_and_join(overflow_by_recursion, "large", 256 << 10);
}

static void
says_how_large_the_stack_was(void)
{
    run(spawn_on_another_size);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "in task large (core 0, stack 256 KiB)\n"));
}

static int
overflow_as_main(void *arg)
{
    return overflow_by_recursion(arg);
}

static void
the_main_task_has_a_guard_too(void)
{
    run(overflow_as_main);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow in task main (core 0"));
}

static void
overflowing_handler(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    (void) recurse(0);
}

static int
spawn_handler(void *arg)
{
    cy_ref ref;
    (void) arg;
    if (cy_handler_spawn(&ref, overflowing_handler, NULL, NULL) != 0 ||
        cy_send_bytes(ref, 1, NULL, 0) != 0)
        return 98;
    return cy_join(NULL, ref, CY_FOREVER);
}

static void
a_handler_on_a_lent_stack_is_named(void)
{
    run(spawn_handler);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow in task overflowing_handler"));
}

/*
 * Only the lowest byte of a frame that is larger than stack and guard together: the compiler's
 * probes must meet the guard on the way.
 */
static __attribute__((noinline)) int
large_frame(int value)
{
    char frame[1 << 20];
    frame[0] = (char) value;
    __asm__ volatile("" ::"r"(frame) : "memory"); /* it cannot be made smaller */
    return frame[0];
}

static int
overflow_by_a_large_frame(void *arg)
{
    (void) arg;
    return large_frame(1);
}

static void
a_frame_larger_than_the_guard_does_not_step_over_it(void)
{
    run(overflow_by_a_large_frame);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow in task main"));
}

static int
without_guard_install(void *arg)
{
    (void) arg;
    cyi_self->stacks.no_guard_install = true;
    return spawn_and_join(overflow_by_recursion, "old kernel", 32 << 10);
}

static void
guards_of_old_kernels_work_alike(void)
{
    run(without_guard_install);
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(
        &child, "stack overflow in task old kernel (core 0, stack 32 KiB)"));
}

static int
recurse_into_the_gap(void *arg)
{
    volatile char *gap = (volatile char *) cyi_self->sched.current->stack->base - 100;
    (void) arg;
    *gap = 1;
    return 0;
}

static int
without_any_guard(void *arg)
{
    (void) arg;
    cyi_self->stacks.no_guard_install = true;
    cyi_self->stacks.mprotect_left = 0;
    return spawn_and_join(recurse_into_the_gap, "unguarded", 32 << 10);
}

static void
without_guards_an_overflow_is_found_when_the_task_ends(void)
{
    run(without_any_guard);
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow\" (task unguarded, core 0)"));
}

/* The stack below ours, which an overflow would run into. */
enum { NEIGHBOURS = 3, WORDS = 1024 };
static volatile uint32_t *words[NEIGHBOURS];

static int
neighbour(void *arg)
{
    volatile uint32_t mine[WORDS];
    int index = (int) (intptr_t) arg;
    for (uint32_t i = 0; i < WORDS; i++)
        mine[i] = i ^ (uint32_t) index;
    words[index] = mine;
    return cy_suspend(CY_FOREVER) + (int) mine[0];
}

static void
look_at_neighbours(int number)
{
    const char *text = "neighbours intact\n";
    (void) number;
    for (uint32_t n = 0; n < NEIGHBOURS; n++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            if (words[n][i] != (i ^ n))
                text = "neighbours hurt\n";
        }
    }
    _exit(write(STDERR_FILENO, text, strlen(text)) > 0 ? 7 : 8);
}

static int
overflow_beside_neighbours(void *arg)
{
    cy_ref ref;
    struct sigaction look = {.sa_handler = look_at_neighbours, .sa_flags = SA_ONSTACK};
    (void) arg;
    for (intptr_t i = 0; i < NEIGHBOURS; i++) {
        if (cy_task_spawn(&ref, neighbour, (void *) i, NULL) != 0)
            return 98;
    }
    if (cy_yield() != 0)
        return 97;
    sigaction(SIGSEGV, &look, NULL); /* ours is out of the way: we want to see, not to die */
    return spawn_and_join(overflow_by_recursion, "between", 0);
}

static void
neighbours_of_an_overflow_are_not_touched(void)
{
    run(overflow_beside_neighbours);
    CU_ASSERT_EQUAL(child.status, 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "neighbours intact"));
}

static int
write_to_nowhere(void *arg)
{
    volatile char *nowhere = (volatile char *) ((uintptr_t) arg + 0x10);
    *nowhere = 1;
    return 0;
}

/* The sanitizers have a handler of their own, which reports and aborts or exits. */
static bool
died_by(int number)
{
    bool sanitized = CYI_ASAN + CYI_TSAN > 0;
    return child.signal == number ||
           (sanitized && (child.signal == SIGABRT || child.status > 0));
}

static void
other_faults_name_the_task_too(void)
{
    run(write_to_nowhere);
    CU_ASSERT_TRUE(died_by(SIGSEGV));
    CU_ASSERT_TRUE(
        cy_test_died_saying(&child, "cycos: SIGSEGV at address 0x10 in task main (core 0)\n"));
}

static int
raise_a_signal(void *arg)
{
    (void) arg;
    raise(SIGILL);
    return 0;
}

static void
a_fault_that_was_sent_ends_the_process_as_well(void)
{
    run(raise_a_signal);
    CU_ASSERT_TRUE(died_by(SIGILL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "cycos: SIGILL in task main (core 0)\n"));
}

static void
my_handler(int number, siginfo_t *info, void *context)
{
    static const char text[] = "a handler of the program\n";
    (void) context;
    bool right = number == SIGSEGV && info->si_addr == (void *) 0x10;
    _exit(write(STDERR_FILENO, text, sizeof text - 1) > 0 && right ? 9 : 1);
}

static void
run_with_a_handler(void *fn)
{
    struct sigaction action = {.sa_sigaction = my_handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    run_in_child(fn);
}

static void
my_plain_handler(int number)
{
    _exit(number == SIGSEGV ? 10 : 1);
}

static void
run_with_a_plain_handler(void *fn)
{
    struct sigaction action = {.sa_handler = my_plain_handler};
    sigaction(SIGSEGV, &action, NULL);
    run_in_child(fn);
}

static void
a_handler_from_before_gets_other_faults(void)
{
    CY_OK(cy_test_run_child(&child, run_with_a_handler, (void *) write_to_nowhere));
    CU_ASSERT_EQUAL(child.status, 9);
    CU_ASSERT_TRUE(
        cy_test_died_saying(&child, "in task main (core 0)\na handler of the program"));
    CY_OK(cy_test_run_child(&child, run_with_a_plain_handler, (void *) write_to_nowhere));
    CU_ASSERT_EQUAL(child.status, 10);
}

static void
a_handler_from_before_gets_no_overflow(void)
{
    CY_OK(cy_test_run_child(&child, run_with_a_handler, (void *) spawn_recursion));
    CU_ASSERT_EQUAL(child.signal, SIGSEGV);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow in task deep thought"));
}

static int
fault_in_the_pool(void *arg)
{
    return write_to_nowhere(arg);
}

static int
call_the_pool(void *arg)
{
    int result;
    return cy_blocking(&result, fault_in_the_pool, arg);
}

static void
a_fault_outside_of_tasks_is_left_to_others(void)
{
    run(call_the_pool);
    CU_ASSERT_TRUE(died_by(SIGSEGV));
    CU_ASSERT_PTR_NULL(strstr(child.output, "cycos: "));
}

CY_TEST_MAIN("runtime.overflow", CY_TEST(a_recursion_without_end_names_its_task),
             CY_TEST(says_how_large_the_stack_was), CY_TEST(the_main_task_has_a_guard_too),
             CY_TEST(a_handler_on_a_lent_stack_is_named),
             CY_TEST(a_frame_larger_than_the_guard_does_not_step_over_it),
             CY_TEST(guards_of_old_kernels_work_alike),
             CY_TEST(without_guards_an_overflow_is_found_when_the_task_ends),
             CY_TEST(neighbours_of_an_overflow_are_not_touched),
             CY_TEST(other_faults_name_the_task_too),
             CY_TEST(a_fault_that_was_sent_ends_the_process_as_well),
             CY_TEST(a_handler_from_before_gets_other_faults),
             CY_TEST(a_handler_from_before_gets_no_overflow),
             CY_TEST(a_fault_outside_of_tasks_is_left_to_others))
