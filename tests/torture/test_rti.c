/*
 * test_rti.c - every core starts tasks by methods of every core, as fast as it can.
 *
 * The methods spread their tasks over the cores, so that a task may end, and its result may be
 * taken, while its method still waits to hear that it was started.
 */
#include "cy_node.h"

#include <cycos/rti.h>
#include <stdatomic.h>

enum { CORES = 4, CALLERS = 8, CALLS = 400 };

static cy_ref methods[CORES];
static _Atomic uint32_t made, ran, accepted, done;

static int
square(cy_args_reader *args)
{
    uint64_t n = 0;
    cy_args_get_uint(args, "n", &n);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    return (int) (1 + n * n);
}

static void
take(cy_ref task, uint64_t n)
{
    struct cy_exit exit;
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_join(&msg, task, CY_FOREVER), 0);
    if (msg == NULL)
        return;
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK_EQ(exit.code, 1 + n * n);
    CY_CHECK(cy_ref_equal(exit.task, task));
    cy_msg_free(&msg);
}

static int
call_often(void *arg)
{
    uint64_t seed = (uintptr_t) arg, limit = (uint64_t) cy_test_scale(CALLS);
    for (uint64_t i = 0; i < limit; i++) {
        uint64_t n = (seed * 31 + i) % 1000;
        cy_ref task, method = methods[(seed + i * i) % CORES];
        cy_args args;
        cy_args_init(&args);
        cy_args_put_uint(&args, i % 2 == 0 ? NULL : "n", n);
        int rc = cy_rti_call(i % 5 == 0 ? NULL : &task, method, &args, CY_FOREVER);
        cy_args_fini(&args);
        CY_CHECK_EQ(rc, 0);
        atomic_fetch_add_explicit(&accepted, 1, memory_order_relaxed);
        if (rc == 0 && i % 5 != 0)
            take(task, n);
    }
    atomic_fetch_add_explicit(&done, 1, memory_order_release);
    return 0;
}

static int
make(void *arg)
{
    const struct cy_rti_options options = {.spread = true, .daemon = true, .results_max = 16};
    CY_CHECK_EQ(cy_rti_create(arg, square, &options), 0);
    atomic_fetch_add_explicit(&made, 1, memory_order_release);
    return 0;
}

static int
torture(void *arg)
{
    (void) arg;
    made = ran = accepted = done = 0;
    for (uint16_t i = 0; i < CORES; i++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, i, make, &methods[i], NULL), 0);
    while (atomic_load_explicit(&made, memory_order_acquire) < CORES && cy_yield() == 0)
        continue;
    for (uintptr_t i = 0; i < CALLERS; i++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, i % CORES, call_often, (void *) i, NULL), 0);
    while (atomic_load_explicit(&done, memory_order_acquire) < CALLERS &&
           cy_sleep(CY_MILLISECOND) == 0)
        continue;
    while (atomic_load_explicit(&ran, memory_order_acquire) <
               atomic_load_explicit(&accepted, memory_order_relaxed) &&
           cy_sleep(CY_MILLISECOND) == 0)
        continue;
    CY_CHECK_EQ(ran, accepted);
    return 0;
}

static void
each_call_runs_once_and_its_result_is_there(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, torture, NULL), 0);
}

CY_TEST_MAIN("torture.rti", CY_TEST(each_call_runs_once_and_its_result_is_there))
