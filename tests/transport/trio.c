/* trio.c - three simulated nodes. */
#include "trio.h"

#include <cycos/peer.h>

/* What a node is asked to do: one thing at a time. */
struct job {
    cy_task_fn *fn;
    void *arg;
    uint16_t core;
    bool joined;
    cy_ref task;
    int result;
};

struct trio trio;
static struct job jobs[TRIO_NODES];
static cy_task_fn *test;
static bool ended, crashed;

static int
do_job(void *arg)
{
    struct job *job = arg;
    struct cy_task_options options = {.joinable = job->joined};
    struct cy_exit exit;
    cy_msg *end;
    CY_CHECK_EQ(cy_task_spawn_on(&job->task, job->core, job->fn, job->arg, &options), 0);
    if (job->joined) {
        CY_CHECK_EQ(cy_join(&end, job->task, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_exit_read(&exit, end), 0);
        job->result = exit.code;
        cy_msg_free(&end);
    }
    job->fn = NULL;
    return 0;
}

/* Of each node; daemons, which end with it. */
static int
serve(void *arg)
{
    struct job *job = &jobs[(uintptr_t) arg];
    while (!ended) {
        if (job->fn != NULL)
            do_job(job);
        if (cy_sleep(100 * CY_MICROSECOND) != 0)
            break;
    }
    return 0;
}

static void
ask(struct job *job, uint16_t core, cy_task_fn *fn, void *arg)
{
    job->core = core;
    job->arg = arg;
    job->fn = fn;
    while (job->fn != NULL && cy_sleep(100 * CY_MICROSECOND) == 0)
        continue;
}

int
trio_on(uint32_t node, uint16_t core, cy_task_fn *fn, void *arg)
{
    struct job *job = &jobs[node];
    job->joined = true;
    ask(job, core, fn, arg);
    return job->result;
}

cy_ref
trio_spawn(uint32_t node, uint16_t core, cy_task_fn *fn, void *arg)
{
    struct job *job = &jobs[node];
    job->joined = false;
    ask(job, core, fn, arg);
    return job->task;
}

void
trio_crash(uint32_t node)
{
    crashed = true;
    cyi_sim_crash(trio.sim, trio.node[node]);
}

static int
run_test(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(NULL, serve, NULL, &(struct cy_task_options){.daemon = true}), 0);
    test(NULL);
    ended = true;
    cy_shutdown(0);
    return 0;
}

static int
run_other(void *arg)
{
    serve(arg);
    cy_shutdown(0);
    return 0;
}

static void
open_node(uint32_t i)
{
    struct cy_options *options = &trio.options[i];
    cy_node_options(options, TRIO_CORES);
    options->network = cy_network();
    options->metrics_port = trio.metrics_port;
    CY_OK(cyi_sim_node(&trio.node[i], trio.sim, i, options, i == 0 ? run_test : run_other,
                       (void *) (uintptr_t) i));
}

void
trio_run(cy_task_fn *fn)
{
    struct cyi_sim_options friendly = {.may_crash = true, .turns_max = 50000000};
    cy_node_begin_checks();
    test = fn;
    ended = crashed = false;
    memset(jobs, 0, sizeof jobs);
    CY_OK(cyi_sim_create(&trio.sim, 1, &friendly));
    for (uint32_t i = 0; i < TRIO_NODES; i++)
        open_node(i);
    CY_OK(cyi_sim_run(trio.sim, CY_MINUTE * 10));
    uint64_t leaked = cyi_sim_free(&trio.sim);
    CU_ASSERT(leaked == 0 || crashed);
    for (uint32_t i = 0; i < TRIO_NODES; i++)
        cy_options_fini(&trio.options[i]);
    trio.metrics_port = 0;
    cy_node_assert_checks();
}
