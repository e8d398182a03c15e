/* Stacks: classes, slabs, the pool, trimming, guards of each kind, high-water marks. */
#include "cy_test.h"
#include "sanitizer.h"
#include <cycos/impl/stack.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SMALL = CYI_STACK_CLASS_MIN, MANY = CYI_STACK_HOT + 300 };

static struct cyi_stacks stacks;

/* One that is there: without memory no test makes sense. */
static struct cyi_stack *
take(uint8_t class)
{
    struct cyi_stack *stack = cyi_stack_take(&stacks, class);
    CY_ASSERT(stack != NULL);
    return stack;
}

static size_t
size_of(uint8_t class)
{
    return (size_t) 1 << class;
}

/* The lowest byte of the guard, which is the lowest of the stack. */
static uint8_t *
low_of(const struct cyi_stack *stack)
{
    return (uint8_t *) (uintptr_t) (stack + 1) - size_of(stack->class);
}

static bool
resident(const void *address)
{
    unsigned char there = 0;
    uintptr_t page = (uintptr_t) address & ~(uintptr_t) 4095;
    CY_OK(mincore((void *) page, 1, &there));
    return there & 1;
}

static void
classes_are_powers_of_two_with_limits(void)
{
    CU_ASSERT_EQUAL(cyi_stack_class(1), 14);
    CU_ASSERT_EQUAL(cyi_stack_class(16384), 14);
    CU_ASSERT_EQUAL(cyi_stack_class(16385), 15);
    CU_ASSERT_EQUAL(cyi_stack_class(64 << 10), 16);
    CU_ASSERT_EQUAL(cyi_stack_class((64 << 20) - 1), 26);
    CU_ASSERT_EQUAL(cyi_stack_class(64 << 20), 26);
    CU_ASSERT_EQUAL(cyi_stack_class((64 << 20) + 1), 0);
}

static void
every_class_gives_all_its_room(void)
{
    cyi_stacks_init(&stacks, 0);
    for (int i = CYI_STACK_CLASS_MIN; i <= CYI_STACK_CLASS_MAX; i++) {
        uint8_t class = (uint8_t) i;
        struct cyi_stack *stack = take(class);
        size_t room = cyi_stack_room(stack), guard = size_of(class) / 4;
        if (guard > CYI_STACK_GUARD_MAX)
            guard = CYI_STACK_GUARD_MAX;
        CU_ASSERT_EQUAL(room, size_of(class) - guard - sizeof *stack);
        stack->base[0] = 1;
        stack->base[room - 1] = 1;
        CU_ASSERT_EQUAL((uintptr_t) cyi_stack_top(stack) % 16, 0);
        CU_ASSERT_TRUE((uint8_t *) cyi_stack_top(stack) <= stack->base + room);
        CU_ASSERT_TRUE((uint8_t *) cyi_stack_top(stack) >= stack->base + room - 512);
        cyi_stack_give(&stacks, stack);
    }
    CU_ASSERT_EQUAL(stacks.count, CYI_STACK_CLASSES);
    cyi_stacks_fini(&stacks);
    CU_ASSERT_EQUAL(stacks.count, 0);
}

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *) a, y = *(const uintptr_t *) b;
    return (x > y) - (x < y);
}

static void
stacks_of_several_slabs_do_not_overlap(void)
{
    enum { COUNT = 2 * CYI_STACK_SLAB / (1 << SMALL) + 1 };
    static uintptr_t low[COUNT];
    cyi_stacks_init(&stacks, 0);
    for (int i = 0; i < COUNT; i++) {
        struct cyi_stack *stack = take(SMALL);
        low[i] = (uintptr_t) low_of(stack);
    }
    qsort(low, COUNT, sizeof low[0], by_address);
    int bad = 0;
    for (int i = 1; i < COUNT; i++)
        bad += low[i] - low[i - 1] < size_of(SMALL);
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(stacks.count, COUNT);
    cyi_stacks_fini(&stacks);
}

static void
the_stack_given_back_last_is_taken_first(void)
{
    cyi_stacks_init(&stacks, 0);
    struct cyi_stack *a = take(SMALL), *b = take(SMALL);
    struct cyi_stack *other = take(SMALL + 1);
    cyi_stack_give(&stacks, a);
    cyi_stack_give(&stacks, b);
    cyi_stack_give(&stacks, other);
    CU_ASSERT_EQUAL(stacks.pooled, 3);
    CU_ASSERT_PTR_EQUAL(take(SMALL), b);
    CU_ASSERT_PTR_EQUAL(take(SMALL), a);
    CU_ASSERT_PTR_EQUAL(take(SMALL + 1), other);
    CU_ASSERT_EQUAL(stacks.pooled, 0);
    CU_ASSERT_EQUAL(stacks.count, 3);
    cyi_stacks_fini(&stacks);
}

static struct cyi_stack *taken[MANY];

static void
take_many(int count)
{
    for (int i = 0; i < count; i++) {
        taken[i] = take(SMALL);
        taken[i]->base[0] = 1;
    }
}

static void
give_many(int count)
{
    for (int i = count - 1; i >= 0; i--)
        cyi_stack_give(&stacks, taken[i]);
}

static void
keeps_so_many_stacks_hot_for_ever(void)
{
    cyi_stacks_init(&stacks, 0);
    take_many(CYI_STACK_HOT);
    give_many(CYI_STACK_HOT);
    CU_ASSERT_EQUAL(cyi_stacks_trim(&stacks, CY_SECOND), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_stacks_trim(&stacks, 9 * CY_SECOND), CY_FOREVER);
    CU_ASSERT_EQUAL(stacks.pooled, CYI_STACK_HOT);
    cyi_stacks_fini(&stacks);
}

/* All MANY given back at second 1; trimmed from second 2 on. */
static void
trim_all(void)
{
    cyi_stacks_init(&stacks, 0);
    take_many(MANY);
    give_many(MANY);
    CU_ASSERT_EQUAL(cyi_stacks_trim(&stacks, CY_SECOND), 2 * CY_SECOND);
    CU_ASSERT_EQUAL(stacks.pooled, MANY);
    cy_time now = 2 * CY_SECOND;
    for (int rounds = 0; rounds < 10 && now < 3 * CY_SECOND; rounds++) {
        uint32_t before = stacks.pooled;
        now = cyi_stacks_trim(&stacks, now);
        CU_ASSERT_TRUE(before - stacks.pooled <= CYI_STACK_TRIM);
    }
    CU_ASSERT_EQUAL(stacks.pooled, CYI_STACK_HOT);
    CU_ASSERT_EQUAL(cyi_stacks_trim(&stacks, now), CY_FOREVER);
}

static void
gives_memory_of_superfluous_stacks_back(void)
{
    trim_all();
    /* taken[0] was given back last: it is hot; the last one is cold, all of it. */
    CU_ASSERT_TRUE(resident(taken[0]->base));
    CU_ASSERT_FALSE(resident(taken[MANY - 1]));
    CU_ASSERT_EQUAL(stacks.count, CYI_STACK_HOT);
    cyi_stacks_fini(&stacks);
}

static void
cold_stacks_are_used_before_new_ones(void)
{
    static struct cyi_stack *before[MANY];
    trim_all();
    memcpy(before, taken, sizeof before);
    take_many(MANY);
    CU_ASSERT_PTR_EQUAL(taken[0], before[0]);
    CU_ASSERT_EQUAL(stacks.count, MANY);
    CU_ASSERT_EQUAL(stacks.pooled, 0);
    for (int i = 0; i < MANY; i++)
        CU_ASSERT_PTR_EQUAL(taken[i]->base, low_of(taken[i]) + size_of(SMALL) / 4);
    qsort(taken, MANY, sizeof taken[0], by_address);
    qsort(before, MANY, sizeof before[0], by_address);
    CU_ASSERT_EQUAL(memcmp(taken, before, sizeof before), 0);
    cyi_stacks_fini(&stacks);
}

static void
stacks_that_were_needed_meanwhile_stay_hot(void)
{
    cyi_stacks_init(&stacks, 0);
    take_many(MANY);
    give_many(MANY);
    (void) cyi_stacks_trim(&stacks, CY_SECOND);
    take_many(MANY);
    give_many(MANY);
    CU_ASSERT_EQUAL(cyi_stacks_trim(&stacks, 2 * CY_SECOND), 3 * CY_SECOND);
    CU_ASSERT_EQUAL(stacks.pooled, MANY);
    (void) cyi_stacks_trim(&stacks, 3 * CY_SECOND);
    CU_ASSERT_EQUAL(stacks.pooled, MANY - CYI_STACK_TRIM);
    cyi_stacks_fini(&stacks);
}

static void
the_high_water_mark_is_the_deepest_word_ever_written(void)
{
    cyi_stacks_init(&stacks, 0);
    struct cyi_stack *stack = take(16);
    size_t room = cyi_stack_room(stack);
    CU_ASSERT_EQUAL(cyi_stack_high_water(stack), 0);
    stack->base[room - 8] = 1;
    CU_ASSERT_EQUAL(cyi_stack_high_water(stack), 8);
    stack->base[room - 20000] = 1;
    CU_ASSERT_EQUAL(cyi_stack_high_water(stack), 20000);
    cyi_stack_give(&stacks, stack);
    stack = take(16);
    CU_ASSERT_EQUAL(cyi_stack_high_water(stack), 20000);
    stack->base[0] = 1;
    CU_ASSERT_EQUAL(cyi_stack_high_water(stack), room);
    cyi_stacks_fini(&stacks);
}

static void
knows_the_addresses_of_a_guard(void)
{
    cyi_stacks_init(&stacks, 0);
    struct cyi_stack *stack = take(SMALL);
    CU_ASSERT_FALSE(cyi_stack_in_guard(stack, stack->base));
    CU_ASSERT_TRUE(cyi_stack_in_guard(stack, stack->base - 1));
    CU_ASSERT_TRUE(cyi_stack_in_guard(stack, low_of(stack)));
    CU_ASSERT_FALSE(cyi_stack_in_guard(stack, low_of(stack) - 1));
    cyi_stacks_fini(&stacks);
}

/* In a child, so that a fault can be seen. */
static void
write_there(void *address)
{
    signal(SIGSEGV, SIG_DFL);
    *(volatile uint8_t *) address = 1;
}

static bool
faults(void *address)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, write_there, address));
    return child.signal == SIGSEGV;
}

static void
check_guard(struct cyi_stack *stack)
{
    CU_ASSERT_TRUE(stack->guarded);
    CU_ASSERT_TRUE(faults(low_of(stack)));
    CU_ASSERT_TRUE(faults(stack->base - 1));
    CU_ASSERT_FALSE(faults(stack->base));
}

static void
every_stack_has_a_guard(void)
{
    cyi_stacks_init(&stacks, 10);
    check_guard(take(SMALL));
    check_guard(take(16));
    check_guard(take(CYI_STACK_CLASS_MAX));
    CU_ASSERT_EQUAL(stacks.unguarded, 0);
    cyi_stacks_fini(&stacks);
}

static void
a_stack_that_was_cold_still_has_its_guard(void)
{
    trim_all();
    take_many(MANY);
    check_guard(taken[MANY - 1]);
    cyi_stacks_fini(&stacks);
}

static void
old_kernels_get_guards_as_far_as_mappings_go(void)
{
    cyi_stacks_init(&stacks, 2);
    stacks.no_guard_install = true;
    check_guard(take(SMALL));
    check_guard(take(SMALL));
    CU_ASSERT_EQUAL(stacks.mprotect_left, 0);
    CU_ASSERT_EQUAL(stacks.unguarded, 0);
    struct cyi_stack *third = take(SMALL);
    CU_ASSERT_FALSE(third->guarded);
    CU_ASSERT_EQUAL(stacks.unguarded, 1);
    cyi_stack_give(&stacks, third);
    CU_ASSERT_PTR_EQUAL(take(SMALL), third);
    cyi_stacks_fini(&stacks);
}

static void
use_the_gap(void *unused)
{
    (void) unused;
    cyi_stacks_init(&stacks, 0);
    stacks.no_guard_install = true;
    struct cyi_stack *stack = take(SMALL);
    cyi_stack_check(stack);
    if (write(STDERR_FILENO, "fine\n", 5) != 5)
        return;
    stack->base[-1] = 1;
    cyi_stack_check(stack);
}

static void
an_overflow_into_a_gap_is_found_at_the_end(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, use_the_gap, NULL));
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "fine\n"));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "stack overflow"));
}

static void
take_without_memory(void *unused)
{
    struct rlimit limit = {(rlim_t) 256 << 20, (rlim_t) 256 << 20};
    (void) unused;
    cyi_stacks_init(&stacks, 0);
    setrlimit(RLIMIT_AS, &limit);
    int count = 0;
    while (count < 100 && cyi_stack_take(&stacks, CYI_STACK_CLASS_MAX) != NULL)
        count++;
    /* Smaller ones may still fit; the pool is in order after a failure. */
    bool small = cyi_stack_take(&stacks, SMALL) != NULL;
    _exit(count > 0 && count < 4 && small ? 7 : 1);
}

static void
says_so_when_there_is_no_memory(void)
{
    static struct cy_test_child child;
    if (CYI_ASAN || CYI_TSAN) { /* their shadow alone is beyond any limit */
        CU_PASS("no limit possible");
        return;
    }
    CY_OK(cy_test_run_child(&child, take_without_memory, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
}

CY_TEST_MAIN("runtime.stack", CY_TEST(classes_are_powers_of_two_with_limits),
             CY_TEST(every_class_gives_all_its_room),
             CY_TEST(stacks_of_several_slabs_do_not_overlap),
             CY_TEST(the_stack_given_back_last_is_taken_first),
             CY_TEST(keeps_so_many_stacks_hot_for_ever),
             CY_TEST(gives_memory_of_superfluous_stacks_back),
             CY_TEST(cold_stacks_are_used_before_new_ones),
             CY_TEST(stacks_that_were_needed_meanwhile_stay_hot),
             CY_TEST(the_high_water_mark_is_the_deepest_word_ever_written),
             CY_TEST(knows_the_addresses_of_a_guard), CY_TEST(every_stack_has_a_guard),
             CY_TEST(a_stack_that_was_cold_still_has_its_guard),
             CY_TEST(old_kernels_get_guards_as_far_as_mappings_go),
             CY_TEST(an_overflow_into_a_gap_is_found_at_the_end),
             CY_TEST(says_so_when_there_is_no_memory))
