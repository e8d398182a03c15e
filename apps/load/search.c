/* search.c - looking for the highest rate that still meets an objective. */
#include "search.h"

#define RATE_MIN  10.0
#define RATE_MAX  1e9
#define PRECISION 1.05

void
load_search_init(struct load_search *search, double first_rate)
{
    *search = (struct load_search){.next = first_rate};
}

bool
load_search_continue(const struct load_search *search)
{
    if (search->trials >= LOAD_TRIALS_MAX || search->next < RATE_MIN || search->next > RATE_MAX)
        return false;
    return search->passed == 0 || search->failed == 0 ||
           search->failed > search->passed * PRECISION;
}

void
load_search_report(struct load_search *search, bool passed)
{
    search->trials++;
    if (passed)
        search->passed = search->next;
    else
        search->failed = search->next;
    if (search->failed == 0)
        search->next = search->passed * 2;
    else if (search->passed == 0)
        search->next = search->failed / 2;
    else
        search->next = (search->passed + search->failed) / 2;
}
