/*
 * stall.h - finding a core that does not go on, and asking its thread what it does.
 *
 * Synchronisation (also of stall.c):
 *   E1  evidence.asked  release in ask -> acquire in the handler    a new question
 *   E2  evidence.given  release in the handler -> acquire in ask    the answer's fields
 *   E3  evidence.given  relaxed, read by its only writer
 */
#ifndef CYI_STALL_H
#define CYI_STALL_H

#include <cycos/task.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { CYI_FRAMES_MAX = 48 };

/* What the thread of a core says of itself, in a signal handler. */
struct cyi_evidence {
    _Atomic uint32_t asked, given; /* numbers of the last question and answer */
    sem_t answered;
    char task[CY_TASK_NAME_MAX + 1]; /* empty: the loop itself */
    void *frames[CYI_FRAMES_MAX];    /* where it is, then who called */
    int count;
};

int cyi_evidence_init(struct cyi_evidence *evidence);
void cyi_evidence_fini(struct cyi_evidence *evidence);

/*
 * Ask the thread of a core, whose `evidence` this is. False when it does not answer in time:
 * it may be stuck in the kernel. Only one thread asks at a time.
 */
CY_MUST_CHECK bool cyi_evidence_ask(struct cyi_evidence *evidence, pthread_t thread,
                                    cy_time deadline);

/*
 * The signal by which threads are asked: a real-time one that nobody uses. Dispositions belong
 * to the process: the first of several nodes installs it, the last one restores the default.
 */
void cyi_stall_install(void);
void cyi_stall_restore(void);

/* How often a core was seen at the same beat, and what follows from it. All zero is new. */
struct cyi_suspect {
    uint64_t beats;
    cy_time since;       /* when this beat was first seen */
    cy_time report_at;   /* this stall next */
    cy_time quiet;       /* how long other stalls are only counted after a report */
    cy_time quiet_until; /* of the present such time */
    uint32_t suppressed; /* stalls that were not reported since the last report */
    bool counted;        /* this stall was counted */
};

enum {
    CYI_STALL_SAME = 1,   /* nothing new since the last look, but not for long enough */
    CYI_STALL_COUNT = 2,  /* a stall, seen for the first time */
    CYI_STALL_REPORT = 4, /* to be told now: soon at first, then at every doubling */
};

/* One look at a core; 0 or some of the above. `limit`: a stall is longer than that. */
int cyi_suspect_look(struct cyi_suspect *suspect, uint64_t beats, bool resting, cy_time now,
                     cy_time limit);

#endif
