/*
 * file_job.c - work of a task on a thread of the pool, while the task does something else.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_job.h"
#include <cycos/impl/core.h>
#include <cycos/time.h>
#include <errno.h>

#define RETRY CY_MILLISECOND

static void
run(struct cyi_work *work)
{
    struct cyi_file_job *job = cyi_container_of(work, struct cyi_file_job, work);
    job->result = job->fn(job->arg);
}

static void
done(struct cyi_core *core, struct cyi_work *work)
{
    struct cyi_file_job *job = cyi_container_of(work, struct cyi_file_job, work);
    job->running = false;
    if (job->awaited)
        cyi_wake(core, job->task, 0);
}

/* Whoever is cancelled still waits: the job that comes next may be the one that cleans up. */
static void
wait_for_place(struct cyi_core *core)
{
    int rc = cyi_park(core, CYI_WAIT_POOL, NULL, cy_after(RETRY));
    CY_ASSERT(rc == -ETIMEDOUT);
}

void
cyi_file_job_start(struct cyi_file_job *job, cyi_file_job_fn *fn, void *arg)
{
    struct cyi_core *core = cyi_self;
    CY_ASSERT(!job->running);
    *job = (struct cyi_file_job){.work = {.run = run, .done = done},
                                 .fn = fn,
                                 .arg = arg,
                                 .task = core->sched.current,
                                 .running = true};
    while (cyi_pool_submit(core, &job->work) != 0)
        wait_for_place(core);
}

bool
cyi_file_job_wait(struct cyi_file_job *job, cy_time deadline)
{
    int rc = 0;
    job->awaited = true;
    while (job->running && rc == 0)
        rc = cyi_park(cyi_self, CYI_WAIT_POOL, NULL, deadline);
    job->awaited = false;
    return !job->running;
}

int
cyi_file_job_run(struct cyi_file_job *job, cyi_file_job_fn *fn, void *arg)
{
    cyi_file_job_start(job, fn, arg);
    (void) cyi_file_job_wait(job, CY_FOREVER);
    return job->result;
}
