/* fleet.c - a node on real threads, for torture. */
#include "fleet.h"

#include <cycos/impl/rcu.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_uint failures;

void
fleet_check(bool holds, const char *condition, const char *file, int line)
{
    if (!holds && atomic_fetch_add(&failures, 1) < 10)
        fprintf(stderr, "\n    %s:%d: %s", file, line, condition);
}

bool
fleet_failed(void)
{
    return atomic_load(&failures) != 0;
}

void
fleet_init(struct fleet *fleet, uint32_t cores)
{
    *fleet = (struct fleet){.cores = cores};
    cy_options_init(&fleet->options);
    fleet->options.cores = cores;
    fleet->options.pin = false;
    fleet->options.handle_signals = false;
    fleet->options.stall_ns = 0;
    fleet->options.spin_ns = 0;
    fleet->options.log_level = CY_LOG_ERROR;
}

static void *
core_thread(void *arg)
{
    struct cyi_core *core = arg;
    cyi_core_enter(core);
    cyi_sched_thread(&core->sched);
    cyi_rcu_register();
    while (!cyi_core_done(core))
        cyi_core_turn(core);
    cyi_rcu_unregister();
    return NULL;
}

void
fleet_run(struct fleet *fleet, cy_task_fn *main, void *arg)
{
    struct cyi_node *node;
    pthread_t *threads = calloc(fleet->cores, sizeof *threads);
    atomic_store(&failures, 0);
    CY_OK(cyi_node_create(&node, &fleet->options, cyi_os_linux()));
    if (fleet->exchange)
        node->asymmetric = false;
    CY_OK(cyi_node_main(node, main, arg));
    for (uint32_t i = 0; i < fleet->cores; i++)
        CY_OK(pthread_create(&threads[i], NULL, core_thread, node->cores[i]));
    for (uint32_t i = 0; i < fleet->cores; i++)
        CY_OK(pthread_join(threads[i], NULL));
    CU_ASSERT_EQUAL(cyi_node_left_behind(node), 0);
    CU_ASSERT_EQUAL(cyi_node_free(&node), 0);
    CU_ASSERT_EQUAL(atomic_load(&failures), 0);
    cy_options_fini(&fleet->options);
    free(threads);
}
