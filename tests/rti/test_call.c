#include "spots.h"

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static cy_ref
call_sum(cy_ref method, int64_t a, int64_t b)
{
    cy_ref task = CY_NOBODY;
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, a);
    cy_args_put_int(&args, "b", b);
    CY_CHECK_EQ(cy_rti_call(&task, method, &args, soon()), 0);
    CY_CHECK_EQ(strcmp(cy_args_error(&args), ""), 0);
    cy_args_fini(&args);
    return task;
}

static int
calls_everywhere(void *arg)
{
    (void) arg;
    for (int i = 0; i < SPOTS; i++) {
        cy_ref method = spot_method(spots[i], rti_sum, NULL);
        CY_CHECK_EQ(cy_ref_kind(method), CY_KIND_METHOD);
        for (int n = 1; n < 5; n++) {
            cy_ref task = call_sum(method, n, 10);
            CY_CHECK_EQ(cy_ref_kind(task), CY_KIND_TASK);
            CY_CHECK_EQ(task.node, method.node);
            CY_CHECK_EQ(task.core, method.core);
            expect_exit(task, CY_EXIT_ERROR, 10 + n, NULL);
            CY_CHECK_EQ(cy_join(NULL, task, soon()), -ESRCH);
        }
        spot_close(method, spots[i]);
    }
    return 0;
}

static void
a_method_is_called_from_anywhere(void)
{
    trio_run(calls_everywhere);
}

CY_TEST_MAIN("rti.call", CY_TEST(a_method_is_called_from_anywhere))
