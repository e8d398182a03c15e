#include "cy_test.h"
#include "jobs.h"
#include <cycos/err.h>

static struct cyi_jobs jobs;
static const struct cyi_job_limits limits = {
    .tasks = 3, .peer_tasks = 2, .results = 2, .results_bytes = 100, .result_ns = 50};

static const struct cyi_hash_key hash_key = {{17, 42}};

static cy_ref
task_of(uint32_t node, uint32_t number)
{
    return (cy_ref){.node = node, .slot = 1U << 28 | number, .generation = 1};
}

static struct cyi_job *
run(uint32_t node, uint64_t number)
{
    struct cyi_job *job = NULL;
    CY_OK(cyi_job_begin(&jobs, &job, task_of(node, 1), number, true));
    cyi_job_started(job, task_of(9, (uint32_t) number));
    return job;
}

static int
begin(uint32_t node, bool keep)
{
    struct cyi_job *job = NULL;
    int rc = cyi_job_begin(&jobs, &job, task_of(node, 1), 99, keep);
    if (rc == 0) {
        cyi_job_started(job, task_of(9, 99));
        cyi_job_gone(job);
    }
    return rc;
}

static void
expect_nothing_left(void)
{
    CU_ASSERT_EQUAL(jobs.alive, 0);
    CU_ASSERT_EQUAL(jobs.tasks, 0);
    CU_ASSERT_EQUAL(jobs.peers.count, 0);
    CU_ASSERT_EQUAL(jobs.calls.count, 0);
    cyi_jobs_fini(&jobs);
}

static void
running_tasks_are_limited_for_a_node_and_in_all(void)
{
    struct cyi_job *job[3];
    cyi_jobs_init(&jobs, &limits, &hash_key);
    job[0] = run(1, 1);
    CY_OK(begin(1, true)); /* at the limit of the node */
    job[1] = run(1, 2);
    CY_FAILS(begin(1, true), -ENOBUFS);
    CY_FAILS(begin(1, false), -ENOBUFS);
    CY_OK(begin(2, true)); /* at that of the method */
    job[2] = run(2, 3);
    CY_FAILS(begin(2, true), -ENOBUFS);
    CY_FAILS(begin(3, true), -ENOBUFS);
    CU_ASSERT_EQUAL(jobs.peers.count, 2); /* a refused one leaves nothing */
    cyi_job_gone(job[0]);
    CY_OK(begin(3, true));
    cyi_job_gone(job[1]);
    cyi_job_gone(job[2]);
    expect_nothing_left();
}

static void
results_are_limited_in_number(void)
{
    struct cyi_job *job[2];
    cyi_jobs_init(&jobs, &limits, &hash_key);
    for (int i = 0; i < 2; i++) {
        CY_OK(begin(1, true));
        job[i] = run(1, (uint64_t) i);
        CU_ASSERT(cyi_job_ended(job[i], 0, 0, false));
    }
    CU_ASSERT_EQUAL(jobs.tasks, 0);
    CY_FAILS(begin(1, true), -ENOBUFS);
    CY_OK(begin(1, false)); /* leaves none */
    CY_OK(begin(2, true));  /* another node's affair */
    CU_ASSERT_PTR_NULL(cyi_jobs_excess(&jobs, 1));
    CU_ASSERT_PTR_NULL(cyi_jobs_excess(&jobs, 2));
    CU_ASSERT_PTR_NULL(cyi_jobs_excess(&jobs, 3));
    cyi_job_gone(job[0]);
    CY_OK(begin(1, true));
    cyi_job_gone(job[1]);
    expect_nothing_left();
}

static void
results_are_limited_in_bytes(void)
{
    cyi_jobs_init(&jobs, &limits, &hash_key);
    struct cyi_job *job = run(1, 1);
    CU_ASSERT(cyi_job_ended(job, 0, limits.results_bytes - 1, false));
    CY_OK(begin(1, true));
    cyi_job_gone(job);
    job = run(1, 1);
    CU_ASSERT(cyi_job_ended(job, 0, limits.results_bytes, false));
    CY_FAILS(begin(1, true), -ENOBUFS);
    cyi_job_gone(job);
    CY_OK(begin(1, true));
    expect_nothing_left();
}

static void
a_result_that_somebody_knows_gives_way(void)
{
    struct cyi_job *job[2];
    cyi_jobs_init(&jobs, &limits, &hash_key);
    for (int i = 0; i < 2; i++)
        job[i] = run(1, (uint64_t) i);
    CU_ASSERT(cyi_job_ended(job[0], 0, 0, false));
    CU_ASSERT(cyi_job_ended(job[1], 0, 0, true));
    CU_ASSERT_PTR_EQUAL(cyi_jobs_excess(&jobs, 1), job[1]);
    cyi_job_told(job[0]);
    cyi_job_told(job[0]);
    CU_ASSERT_PTR_EQUAL(cyi_jobs_excess(&jobs, 1), job[1]); /* the oldest */
    cyi_job_forget(job[1]);
    CU_ASSERT_PTR_NULL(cyi_jobs_excess(&jobs, 1)); /* there is room */
    CY_OK(begin(1, true));
    cyi_job_told(job[1]); /* too late */
    cyi_job_gone(job[1]);
    cyi_job_gone(job[0]);
    expect_nothing_left();
}

static void
results_expire_in_their_order(void)
{
    struct cyi_job *job[2];
    cyi_jobs_init(&jobs, &limits, &hash_key);
    CU_ASSERT_EQUAL(cyi_jobs_next(&jobs), CY_FOREVER);
    for (int i = 0; i < 2; i++) {
        job[i] = run(1, (uint64_t) i);
        CU_ASSERT(cyi_job_ended(job[i], i, 0, false));
    }
    CU_ASSERT_EQUAL(cyi_jobs_next(&jobs), 50);
    CU_ASSERT_PTR_NULL(cyi_jobs_due(&jobs, 49));
    CU_ASSERT_PTR_EQUAL(cyi_jobs_due(&jobs, 50), job[0]);
    cyi_job_forget(job[0]);
    cyi_job_forget(job[0]);
    CU_ASSERT_PTR_NULL(cyi_jobs_due(&jobs, 50));
    CU_ASSERT_PTR_EQUAL(cyi_jobs_due(&jobs, 51), job[1]);
    cyi_job_gone(job[0]);
    cyi_job_gone(job[1]);
    CU_ASSERT_EQUAL(cyi_jobs_next(&jobs), CY_FOREVER);
    expect_nothing_left();
}

static void
a_call_is_found_until_it_is_forgotten(void)
{
    cyi_jobs_init(&jobs, &limits, &hash_key);
    struct cyi_job *job = run(1, 7);
    cy_ref caller = task_of(1, 1);
    CU_ASSERT_PTR_EQUAL(cyi_job_find(&jobs, caller, 7), job);
    CU_ASSERT_PTR_NULL(cyi_job_find(&jobs, caller, 8));
    CU_ASSERT_PTR_NULL(cyi_job_find(&jobs, task_of(1, 2), 7));
    CU_ASSERT_PTR_NULL(cyi_job_find(&jobs, task_of(2, 1), 7));
    CU_ASSERT(cyi_job_ended(job, 0, 0, false));
    CU_ASSERT_PTR_EQUAL(cyi_job_find(&jobs, caller, 7), job);
    cyi_job_forget(job);
    CU_ASSERT_PTR_NULL(cyi_job_find(&jobs, caller, 7));
    cyi_job_gone(job);
    expect_nothing_left();
}

static void
a_job_that_is_held_outlives_its_task(void)
{
    struct cyi_job *job = NULL;
    cyi_jobs_init(&jobs, &limits, &hash_key);
    CY_OK(cyi_job_begin(&jobs, &job, task_of(1, 1), 1, true));
    CU_ASSERT(job->starting);
    cyi_job_gone(job);
    CU_ASSERT(job->gone);
    CU_ASSERT_EQUAL(jobs.tasks, 0);
    CU_ASSERT_EQUAL(jobs.alive, 1);
    cyi_job_started(job, CY_NOBODY);
    expect_nothing_left();
}

static void
an_unwanted_result_does_not_wait(void)
{
    struct cyi_job *job = NULL;
    cyi_jobs_init(&jobs, &limits, &hash_key);
    CY_OK(cyi_job_begin(&jobs, &job, task_of(1, 1), 1, false));
    cyi_job_started(job, task_of(9, 1));
    CU_ASSERT(!cyi_job_ended(job, 0, 10, false));
    CU_ASSERT(!cyi_job_ended(job, 0, 10, false));
    CU_ASSERT_EQUAL(cyi_jobs_next(&jobs), CY_FOREVER);
    cyi_job_gone(job);
    expect_nothing_left();
}

static void
the_end_frees_what_is_left(void)
{
    cyi_jobs_init(&jobs, &limits, &hash_key);
    run(1, 1);
    CU_ASSERT(cyi_job_ended(run(2, 2), 0, 0, true));
    cyi_jobs_fini(&jobs);
    CU_ASSERT_EQUAL(jobs.calls.count, 0);
    CU_ASSERT_EQUAL(jobs.peers.count, 0);
}

/* Callers choose their numbers, and must not know which fall together. */
static void
where_a_job_stands_follows_from_the_key(void)
{
    static const struct cyi_hash_key other_key = {{17, 43}};
    uint64_t call[2], peer[2];
    for (int i = 0; i < 2; i++) {
        cyi_jobs_init(&jobs, &limits, i == 0 ? &hash_key : &other_key);
        const struct cyi_job *job = run(1, 1);
        call[i] = job->node.hash;
        peer[i] = job->peer->node.hash;
        cyi_jobs_fini(&jobs);
    }
    CU_ASSERT_NOT_EQUAL(call[0], call[1]);
    CU_ASSERT_NOT_EQUAL(peer[0], peer[1]);
}

CY_TEST_MAIN("rti.jobs", CY_TEST(running_tasks_are_limited_for_a_node_and_in_all),
             CY_TEST(results_are_limited_in_number), CY_TEST(results_are_limited_in_bytes),
             CY_TEST(a_result_that_somebody_knows_gives_way),
             CY_TEST(results_expire_in_their_order),
             CY_TEST(a_call_is_found_until_it_is_forgotten),
             CY_TEST(a_job_that_is_held_outlives_its_task),
             CY_TEST(an_unwanted_result_does_not_wait), CY_TEST(the_end_frees_what_is_left),
             CY_TEST(where_a_job_stands_follows_from_the_key))
