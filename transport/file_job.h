/*
 * file_job.h - work of a task on a thread of the pool, while the task does something else.
 *
 * cy_blocking() waits at once; here the next piece of a file is read and hashed while the last
 * one is sent. A task that has started a job waits for it before it ends, whatever happens.
 */
#ifndef CYI_FILE_JOB_H
#define CYI_FILE_JOB_H

#include <cycos/impl/pool.h>

typedef int cyi_file_job_fn(void *arg);

/* Zeroed: none runs. */
struct cyi_file_job {
    struct cyi_work work;
    cyi_file_job_fn *fn;
    void *arg;
    int result;
    struct cyi_task *task;
    bool running, awaited;
};

/* Begin fn(arg). Waits for a place in the pool's queue, as long as it takes. */
void cyi_file_job_start(struct cyi_file_job *job, cyi_file_job_fn *fn, void *arg);
/* Until it has returned, or the deadline; true then, and what is in job->result. */
bool cyi_file_job_wait(struct cyi_file_job *job, cy_time deadline);
/* Both, and what fn returned. */
int cyi_file_job_run(struct cyi_file_job *job, cyi_file_job_fn *fn, void *arg);

#endif
