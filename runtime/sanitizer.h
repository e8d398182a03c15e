/*
 * sanitizer.h - what sanitizers and valgrind must be told about task stacks.
 *
 * The one place with their names. Facts behind it: a stack that a task left by a switch (not
 * by returning) keeps poisoned shadow, so it is unpoisoned before it is used again; the thread
 * sanitizer wants a fiber per stack; both must hear of a switch before it happens.
 */
#ifndef CYI_SANITIZER_H
#define CYI_SANITIZER_H

#include <cycos/impl/sanitized.h>
#include <cycos/impl/stack.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define CYI_VALGRIND 1
#endif
#endif
#ifndef CYI_VALGRIND
#define CYI_VALGRIND 0
#endif

#if CYI_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#define CYI_LEAKS_ALLOW()  __lsan_disable()
#define CYI_LEAKS_FORBID() __lsan_enable()
#else
#define CYI_LEAKS_ALLOW()  (void) 0
#define CYI_LEAKS_FORBID() (void) 0
#endif
#if CYI_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* A function that reads stacks as raw memory, redzones and dead variables included. */
#define CYI_UNCHECKED __attribute__((no_sanitize("address"), noinline))
#if CYI_VALGRIND
#include <valgrind/memcheck.h>
#define CYI_UNCHECKED_BEGIN VALGRIND_DISABLE_ERROR_REPORTING
#define CYI_UNCHECKED_END   VALGRIND_ENABLE_ERROR_REPORTING
#else
#define CYI_UNCHECKED_BEGIN (void) 0
#define CYI_UNCHECKED_END   (void) 0
#endif

/* A new stack whose usable bytes lie at base. */
static inline void
cyi_fiber_create(struct cyi_stack *stack, void *base, size_t bytes)
{
    (void) base;
    (void) bytes;
    (void) stack;
#if CYI_TSAN
    stack->fiber = __tsan_create_fiber(0);
#endif
#if CYI_VALGRIND
    stack->valgrind = (uint32_t) VALGRIND_STACK_REGISTER(base, (char *) base + bytes);
#endif
}

static inline void
cyi_fiber_free(struct cyi_stack *stack)
{
    (void) stack;
#if CYI_TSAN
    __tsan_destroy_fiber(stack->fiber);
#endif
#if CYI_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack->valgrind);
#endif
}

/* The thread's own stack, on which the loop runs; only `fiber`, `fake`, `base`, size matter. */
static inline void
cyi_fiber_of_thread(struct cyi_stack *stack, size_t *bytes)
{
    (void) stack;
    *bytes = 0;
#if CYI_TSAN
    stack->fiber = __tsan_get_current_fiber();
#endif
#if CYI_ASAN
    pthread_attr_t attributes;
    void *base = NULL;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &base, bytes);
        pthread_attr_destroy(&attributes);
    }
    stack->base = base;
#endif
}

static inline void
cyi_fiber_unpoison(void *base, size_t bytes)
{
    (void) base;
    (void) bytes;
#if CYI_ASAN
    ASAN_UNPOISON_MEMORY_REGION(base, bytes);
#endif
}

/* Before leaving `from` (for good if `last`) for `to`, whose usable size is given. */
static inline void
cyi_fiber_leave(struct cyi_stack *from, struct cyi_stack *to, size_t to_bytes, bool last)
{
    (void) from;
    (void) to;
    (void) to_bytes;
    (void) last;
#if CYI_ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake, to->base, to_bytes);
#endif
#if CYI_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* After arriving on a stack that was left before, or (NULL) on a fresh one. */
static inline void
cyi_fiber_arrive(struct cyi_stack *on)
{
    (void) on;
#if CYI_ASAN
    __sanitizer_finish_switch_fiber(on == NULL ? NULL : on->fake, NULL, NULL);
#endif
}

#endif
