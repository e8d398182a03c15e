/* overflow.h - last words: which task overflowed its stack or crashed the process. */
#ifndef CYI_OVERFLOW_H
#define CYI_OVERFLOW_H

#include <cycos/base.h>
#include <signal.h>
#include <stddef.h>

/*
 * Handlers of SIGSEGV, SIGBUS, SIGILL and SIGFPE that name the running task on standard error.
 * A stack overflow then ends the process by the signal; all else goes on to the handler that
 * was there before, or ends the process likewise. Dispositions belong to the process: the
 * first of several nodes installs the handlers, the last one restores what was before.
 */
void cyi_overflow_install(void);
void cyi_overflow_restore(void);

/* What handlers run on: the stack of a task may be full, or nearly so. */
struct cyi_signal_stack {
    void *memory;
    stack_t before;
};

/* Any thread. */
CY_MUST_CHECK int cyi_signal_stack_create(struct cyi_signal_stack *stack);
void cyi_signal_stack_free(struct cyi_signal_stack *stack);

/* On the thread whose handlers use it: from enter to leave. */
void cyi_signal_stack_enter(struct cyi_signal_stack *stack);
void cyi_signal_stack_leave(struct cyi_signal_stack *stack);

#endif
