/* jobs.c - what a method has started; see jobs.h. */
#include "jobs.h"
#include <cycos/err.h>
#include <cycos/impl/time.h>
#include <stdlib.h>

void
cyi_jobs_init(struct cyi_jobs *jobs, const struct cyi_job_limits *limits,
              const struct cyi_hash_key *hash_key)
{
    *jobs = (struct cyi_jobs){.limits = *limits, .hash_key = *hash_key};
    cyi_list_init(&jobs->running);
    cyi_list_init(&jobs->results);
}

static struct cyi_job *
job_of(struct cyi_list *link)
{
    return cyi_container_of(link, struct cyi_job, link);
}

static struct cyi_job_peer *
find_peer(const struct cyi_jobs *jobs, uint32_t tag)
{
    cyi_map_for_each(node, &jobs->peers, cyi_hash_secretly(&jobs->hash_key, tag)) {
        struct cyi_job_peer *peer = cyi_container_of(node, struct cyi_job_peer, node);
        if (peer->tag == tag)
            return peer;
    }
    return NULL;
}

static struct cyi_job_peer *
make_peer(struct cyi_jobs *jobs, uint32_t tag)
{
    struct cyi_job_peer *peer = find_peer(jobs, tag);
    if (peer != NULL || (peer = calloc(1, sizeof *peer)) == NULL)
        return peer;
    peer->tag = tag;
    cyi_list_init(&peer->told);
    if (cyi_map_insert(&jobs->peers, &peer->node, cyi_hash_secretly(&jobs->hash_key, tag)) == 0)
        return peer;
    free(peer);
    return NULL;
}

static void
drop_peer(struct cyi_jobs *jobs, struct cyi_job_peer *peer)
{
    if (peer->jobs != 0)
        return;
    cyi_map_remove(&jobs->peers, &peer->node);
    free(peer);
}

static uint64_t
call_hash(const struct cyi_jobs *jobs, cy_ref caller, uint64_t number)
{
    uint64_t place = (uint64_t) caller.node << 32 ^ (uint64_t) caller.core << 16;
    return cyi_hash_secretly(&jobs->hash_key, number ^ place);
}

struct cyi_job *
cyi_job_find(struct cyi_jobs *jobs, cy_ref caller, uint64_t number)
{
    cyi_map_for_each(node, &jobs->calls, call_hash(jobs, caller, number)) {
        struct cyi_job *job = cyi_container_of(node, struct cyi_job, node);
        if (job->number == number && cy_ref_equal(job->caller, caller))
            return job;
    }
    return NULL;
}

/* Do the limits leave room for another job of this node? */
static bool
room(const struct cyi_jobs *jobs, const struct cyi_job_peer *peer, bool keep)
{
    const struct cyi_job_limits *limits = &jobs->limits;
    if (jobs->tasks >= limits->tasks || peer->tasks >= limits->peer_tasks)
        return false;
    return !keep || (peer->results < limits->results && peer->bytes < limits->results_bytes);
}

static int
begin(struct cyi_jobs *jobs, struct cyi_job **out, struct cyi_job_peer *peer, cy_ref caller,
      uint64_t number)
{
    struct cyi_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return -ENOMEM;
    if (cyi_map_insert(&jobs->calls, &job->node, call_hash(jobs, caller, number)) != 0) {
        free(job);
        return -ENOMEM;
    }
    job->jobs = jobs;
    job->peer = peer;
    job->caller = caller;
    job->number = number;
    job->starting = true;
    cyi_list_append(&jobs->running, &job->link);
    jobs->tasks++;
    jobs->alive++;
    peer->tasks++;
    peer->jobs++;
    *out = job;
    return 0;
}

int
cyi_job_begin(struct cyi_jobs *jobs, struct cyi_job **out, cy_ref caller, uint64_t number,
              bool keep)
{
    struct cyi_job_peer *peer = make_peer(jobs, caller.node);
    int rc = -ENOMEM;
    if (peer == NULL)
        return rc;
    rc = room(jobs, peer, keep) ? begin(jobs, out, peer, caller, number) : -ENOBUFS;
    if (rc == 0)
        (*out)->keep = keep;
    else
        drop_peer(jobs, peer);
    return rc;
}

struct cyi_job *
cyi_jobs_excess(struct cyi_jobs *jobs, uint32_t node)
{
    const struct cyi_job_limits *limits = &jobs->limits;
    const struct cyi_job_peer *peer = find_peer(jobs, node);
    if (peer == NULL ||
        (peer->results < limits->results && peer->bytes < limits->results_bytes))
        return NULL;
    struct cyi_list *link = cyi_list_first(&peer->told);
    return link == NULL ? NULL : cyi_container_of(link, struct cyi_job, told);
}

static void
release(struct cyi_job *job)
{
    struct cyi_jobs *jobs = job->jobs;
    job->peer->jobs--;
    drop_peer(jobs, job->peer);
    jobs->alive--;
    free(job);
}

void
cyi_job_started(struct cyi_job *job, cy_ref task)
{
    job->task = task;
    job->starting = false;
    if (job->gone)
        release(job);
}

void
cyi_job_forget(struct cyi_job *job)
{
    struct cyi_job_peer *peer = job->peer;
    if (job->state == CYI_JOB_RUNS) {
        job->jobs->tasks--;
        peer->tasks--;
    } else if (job->state == CYI_JOB_WAITS) {
        peer->results--;
        peer->bytes -= job->bytes;
    } else {
        return;
    }
    job->state = CYI_JOB_FORGOTTEN;
    cyi_list_remove(&job->link);
    cyi_list_remove(&job->told);
    cyi_map_remove(&job->jobs->calls, &job->node);
}

bool
cyi_job_ended(struct cyi_job *job, cy_time now, size_t bytes, bool told)
{
    struct cyi_jobs *jobs = job->jobs;
    struct cyi_job_peer *peer = job->peer;
    if (job->state != CYI_JOB_RUNS)
        return false;
    if (!job->keep) {
        cyi_job_forget(job);
        return false;
    }
    jobs->tasks--;
    peer->tasks--;
    peer->results++;
    peer->bytes += bytes;
    job->bytes = bytes;
    job->state = CYI_JOB_WAITS;
    job->expires = cyi_time_add(now, jobs->limits.result_ns);
    cyi_list_remove(&job->link);
    cyi_list_append(&jobs->results, &job->link);
    if (told)
        cyi_job_told(job);
    return true;
}

void
cyi_job_told(struct cyi_job *job)
{
    if (job->state == CYI_JOB_WAITS && !cyi_list_linked(&job->told))
        cyi_list_append(&job->peer->told, &job->told);
}

void
cyi_job_gone(struct cyi_job *job)
{
    cyi_job_forget(job);
    if (job->starting)
        job->gone = true;
    else
        release(job);
}

struct cyi_job *
cyi_jobs_due(struct cyi_jobs *jobs, cy_time now)
{
    struct cyi_list *link = cyi_list_first(&jobs->results);
    if (link == NULL || job_of(link)->expires > now)
        return NULL;
    return job_of(link);
}

cy_time
cyi_jobs_next(const struct cyi_jobs *jobs)
{
    struct cyi_list *link = cyi_list_first(&jobs->results);
    return link == NULL ? CY_FOREVER : job_of(link)->expires;
}

static void
free_peer(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_job_peer, node));
}

static void
free_job(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_job, node));
}

void
cyi_jobs_fini(struct cyi_jobs *jobs)
{
    cyi_map_drain(&jobs->calls, free_job, NULL);
    cyi_map_drain(&jobs->peers, free_peer, NULL);
    cyi_map_fini(&jobs->calls);
    cyi_map_fini(&jobs->peers);
}
