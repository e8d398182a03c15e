/*
 * jobs.h - what a method has started: who called, what still runs, which results wait.
 *
 * A job counts against the limits of the method and of its caller's node while it runs, and, if
 * the caller wants its result, while that is kept. When there are too many, a result gives way
 * that somebody knows already; others do not, and calls are refused.
 *
 * A pure table: knows no core and does nothing to tasks. The caller's word for time.
 */
#ifndef CYI_RTI_JOBS_H
#define CYI_RTI_JOBS_H

#include <cycos/impl/hash.h>
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>
#include <cycos/ref.h>
#include <cycos/time.h>

struct cyi_job_limits {
    uint32_t tasks, peer_tasks; /* that run */
    uint32_t results;           /* for one node; and bytes of their values */
    size_t results_bytes;
    cy_time result_ns; /* how long one waits */
};

/* The callers of one node. */
struct cyi_job_peer {
    struct cyi_map_node node;
    uint32_t tag, tasks, results;
    uint32_t jobs; /* all that point here */
    size_t bytes;
    struct cyi_list told; /* results that somebody knows */
};

enum cyi_job_state { CYI_JOB_RUNS, CYI_JOB_WAITS, CYI_JOB_FORGOTTEN };

struct cyi_job {
    struct cyi_list link; /* in running or results */
    struct cyi_list told; /* in the peer's, or nowhere */
    struct cyi_map_node node;
    struct cyi_jobs *jobs;
    struct cyi_job_peer *peer;
    cy_ref caller, task; /* nobody until it is known */
    uint64_t number;     /* of the call */
    cy_time expires;
    size_t bytes;
    enum cyi_job_state state;
    bool keep;     /* somebody may ask for the result */
    bool starting; /* somebody holds the job: it is not freed */
    bool gone;     /* while it was held */
    bool orphan;   /* its caller was lost while it was held */
};

struct cyi_jobs {
    struct cyi_job_limits limits;
    struct cyi_hash_key hash_key; /* callers choose tags and numbers */
    struct cyi_map peers, calls;
    struct cyi_list running, results; /* the latter by expiry */
    uint32_t tasks;                   /* that run */
    uint32_t alive;                   /* jobs that are not freed */
};

void cyi_jobs_init(struct cyi_jobs *jobs, const struct cyi_job_limits *limits,
                   const struct cyi_hash_key *hash_key);
/* Frees all that is left. */
void cyi_jobs_fini(struct cyi_jobs *jobs);

/* Begin one; it is `starting`. -ENOBUFS at a limit, -ENOMEM. */
CY_MUST_CHECK int cyi_job_begin(struct cyi_jobs *jobs, struct cyi_job **out, cy_ref caller,
                                uint64_t number, bool keep);
/* A result of that node's callers to be forgotten before another job of theirs; or NULL. */
struct cyi_job *cyi_jobs_excess(struct cyi_jobs *jobs, uint32_t node);
/* The job of a call that has not been forgotten, or NULL. */
struct cyi_job *cyi_job_find(struct cyi_jobs *jobs, cy_ref caller, uint64_t number);

/* The task runs, or has done so already; the job may be no more after it. */
void cyi_job_started(struct cyi_job *job, cy_ref task);
/*
 * Its result is kept until it expires. False: nobody will ask for it, it is to be forgotten.
 */
bool cyi_job_ended(struct cyi_job *job, cy_time now, size_t bytes, bool told);
void cyi_job_told(struct cyi_job *job);
/* It does not count any more; gone() will come. */
void cyi_job_forget(struct cyi_job *job);
/* The last word. */
void cyi_job_gone(struct cyi_job *job);

/* The first result whose time has come, or NULL. When the next comes; or CY_FOREVER. */
struct cyi_job *cyi_jobs_due(struct cyi_jobs *jobs, cy_time now);
cy_time cyi_jobs_next(const struct cyi_jobs *jobs);

#endif
