/*
 * budget.c - the memory cap that all shards of a node share.
 *
 * Synchronisation (every atomic access below names its row):
 *   B1  used  relaxed everywhere  a sum; it orders nothing, and a late view is as good as one
 *                                 taken a moment earlier
 *
 * Progress: wait-free.
 */
#include "budget.h"

void
kv_budget_report(struct kv_budget *budget, int64_t change)
{
    /* B1: only the sum matters. */
    atomic_fetch_add_explicit(&budget->used, change, memory_order_relaxed);
}

bool
kv_budget_exceeded(const struct kv_budget *budget, int64_t unreported)
{
    return budget->max != 0 && kv_budget_used(budget) + unreported > budget->max;
}

int64_t
kv_budget_used(const struct kv_budget *budget)
{
    /* B1: a late view will do. */
    return atomic_load_explicit(&budget->used, memory_order_relaxed);
}
