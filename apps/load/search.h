/* search.h - looking for the highest rate that still meets an objective. */
#ifndef LOAD_SEARCH_H
#define LOAD_SEARCH_H

#include <stdbool.h>

/*
 * Doubles the rate while trials pass, then halves the gap between the highest rate that
 * passed and the lowest that failed, until they are within 5 %. A first rate that fails is
 * halved instead, down to 10 per second.
 */
struct load_search {
    double passed, failed; /* 0: none yet */
    double next;
    unsigned trials;
};

enum { LOAD_TRIALS_MAX = 40 };

void load_search_init(struct load_search *search, double first_rate);
/* False: found, search->passed is the answer (0: not even the lowest rate passed). */
bool load_search_continue(const struct load_search *search);
void load_search_report(struct load_search *search, bool passed);

#endif
