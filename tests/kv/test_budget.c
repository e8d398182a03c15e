#include "budget.h"
#include "cy_test.h"

#include <pthread.h>

static void
is_exceeded_one_byte_past_the_limit(void)
{
    struct kv_budget budget = {.max = 1000};
    kv_budget_report(&budget, 600);
    CU_ASSERT(!kv_budget_exceeded(&budget, 400));
    CU_ASSERT(kv_budget_exceeded(&budget, 401));
    kv_budget_report(&budget, -100);
    CU_ASSERT(!kv_budget_exceeded(&budget, 500));
    CU_ASSERT_EQUAL(kv_budget_used(&budget), 500);
}

static void
without_a_limit_nothing_exceeds_it(void)
{
    struct kv_budget budget = {0};
    kv_budget_report(&budget, INT64_MAX / 2);
    CU_ASSERT(!kv_budget_exceeded(&budget, INT64_MAX / 4));
}

static void *
report_many(void *budget)
{
    for (int i = 0; i < 100000; i++) {
        kv_budget_report(budget, 3);
        kv_budget_report(budget, -2);
    }
    return NULL;
}

static void
no_report_of_two_threads_is_lost(void)
{
    struct kv_budget budget = {.max = 1};
    pthread_t thread;
    CY_OK(pthread_create(&thread, NULL, report_many, &budget));
    report_many(&budget);
    CY_OK(pthread_join(thread, NULL));
    CU_ASSERT_EQUAL(kv_budget_used(&budget), 200000);
}

CY_TEST_MAIN("kv.budget", CY_TEST(is_exceeded_one_byte_past_the_limit),
             CY_TEST(without_a_limit_nothing_exceeds_it),
             CY_TEST(no_report_of_two_threads_is_lost))
