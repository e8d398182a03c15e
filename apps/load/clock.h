/* clock.h - the time now, read each time it is asked for. */
#ifndef LOAD_CLOCK_H
#define LOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * cy_now() is read once per turn of a core; a latency wants the time at which this very read
 * or write was done.
 */
static inline int64_t
load_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What the calling thread has used of its CPU. */
static inline int64_t
load_clock_thread(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
