/* cycos/pool.h - a few threads for work that blocks. */
#ifndef CYCOS_POOL_H
#define CYCOS_POOL_H

#include <cycos/base.h>
#include <cycos/err.h>

CY_BEGIN_DECLS

/**
 * cy_blocking - run a function that blocks on a thread of the pool, and wait for it
 * @result: receives what @fn returned; may be NULL
 * @fn:     may block; must call nothing of cycos
 * @arg:    passed to @fn; may lie on the caller's stack
 *
 * The wait cannot be cancelled, because @fn uses @arg until it returns. Threads of the pool are
 * ten steps nicer than the cores', whose tasks come first where CPUs are scarce.
 *
 * Context:   a task; suspends: until @fn has returned; blocks: no
 * Ownership: @arg is lent to @fn
 * Errors:    -EAGAIN the pool's queue is full, or there is no thread, -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_blocking(int *result, int (*fn)(void *arg), void *arg);

CY_END_DECLS

#endif
