/*
 * job_farm.c - count primes with all peers that appear; what a lost one had goes to others.
 * job_farm [JOBS] is for those below JOBS * 10 000; job_worker.c is what the peers run.
 */
#include "example.h"

enum { SIZE = 10000, JOBS_MAX = 1000, OPEN = 0, GIVEN, DONE };

static char state[JOBS_MAX];
static long jobs, done, primes;
static cy_location peer_of[JOBS_MAX];

/* Start a job at that method and wait for its end: how many primes, or why not. */
static int
run_job(cy_ref method, long job)
{
    struct cy_exit exit;
    cy_ref task;
    cy_args args;
    cy_msg *end;
    cy_args_init(&args);
    cy_args_put_uint(&args, NULL, (uint64_t) job * SIZE);
    cy_args_put_uint(&args, "below", (uint64_t) (job + 1) * SIZE);
    int rc = cy_rti_call(&task, method, &args, cy_after(10 * CY_SECOND));
    cy_args_fini(&args);
    if (rc != 0 || (rc = cy_join(&end, task, CY_FOREVER)) != 0)
        return rc;
    rc = cy_exit_read(&exit, end) == 0 ? exit.code : -EPROTO;
    cy_msg_free(&end);
    return rc;
}

/* A task for each peer: jobs, one after the other, as long as it answers. */
static int
employ(void *arg)
{
    cy_ref method;
    if (cy_rti_locate(&method, "count_primes", arg, CY_FOREVER) != 0)
        return 0;
    while (done < jobs) {
        char *job = memchr(state, OPEN, (size_t) jobs);
        if (job == NULL && cy_sleep(10 * CY_MILLISECOND) == 0)
            continue; /* perhaps another one loses his */
        if (job == NULL)
            return 0;
        *job = GIVEN;
        int count = run_job(method, job - state);
        *job = count < 0 ? OPEN : DONE;
        if (count < 0)
            return example_failed("a worker", count);
        primes += count;
        done++;
    }
    cy_shutdown(0);
    return 0;
}

static int
farm(void *arg)
{
    struct cy_peer peer;
    cy_msg *msg;
    if ((jobs = example_number(arg, 1, 20)) > JOBS_MAX || cy_peer_watch(cy_self()) != 0)
        return 1;
    for (int n = 0; n < JOBS_MAX && cy_receive(&msg, CY_FOREVER) == 0; cy_msg_free(&msg)) {
        if (cy_peer_read(&peer, msg) != 0 || !peer.online)
            continue;
        peer_of[n] = peer.location;
        if (cy_task_spawn(NULL, employ, &peer_of[n], NULL) == 0)
            n++;
    }
    printf("%ld primes below %ld\n", primes, jobs * SIZE);
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, farm);
}
