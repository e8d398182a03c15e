/*
 * watchdog.h - a core as its supervisor sees it: does it go on, and if not, what does it do?
 *
 * Synchronisation (also of watchdog.c):
 *   W1  watched.begun   release in begin -> acquire in the supervisor   the thread
 *   W2  pulse.beats, resting, stalls  as rows P1, P2 and P4 of pulse.h
 */
#ifndef CYI_WATCHDOG_H
#define CYI_WATCHDOG_H

#include "overflow.h"
#include "stall.h"
#include <cycos/impl/core.h>

struct cyi_watched {
    struct cyi_core *core;
    pthread_t thread;
    _Atomic bool begun; /* the thread is there */
    struct cyi_signal_stack stack;
    struct cyi_evidence evidence;
    struct cyi_suspect suspect;
    uint64_t beats; /* at the last look */
    cy_time cpu;    /* what the thread had used of its processor ... */
    cy_time cpu_at; /* ... when the suspicion began */
};

/* All zero before open; close also what could not be opened entirely. */
CY_MUST_CHECK int cyi_watched_open(struct cyi_watched *watched, struct cyi_core *core);
void cyi_watched_close(struct cyi_watched *watched);

/* On the thread of the core: from begin to end it may be asked what it does. */
void cyi_watched_begin(struct cyi_watched *watched);
void cyi_watched_end(struct cyi_watched *watched);

/* One look; logs task.stall when it is due. Has the core done anything since the last one? */
bool cyi_watched_look(struct cyi_watched *watched, cy_time now);

/* Awake, but without progress for a second? */
bool cyi_watched_motionless(const struct cyi_watched *watched, cy_time now);

/* Log that it holds up the end, and what its thread does now; wait for that `until` then. */
void cyi_watched_report_stuck(struct cyi_watched *watched, cy_time now, cy_time until);

/* The same for people, as part of a dump that the core itself does not print. */
void cyi_watched_dump(struct cyi_watched *watched, cy_time now);

#endif
