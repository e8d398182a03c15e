/*
 * align.c - the cheapest explanation of a sequence of replies that is not as it should be.
 *
 * A global alignment (Needleman and Wunsch) of requests and replies by dynamic programming.
 * Requests behind the last reply cost nothing: their replies may still be on the way. The
 * costs rank the explanations: a damaged reply in its place is likelier than a lost one, a
 * reply that belongs to a neighbour is likelier moved or repeated than wrong in its place.
 */
#include "align.h"

#include <cycos/base.h>
#include <string.h>

enum { COST_DAMAGED = 3, COST_LOST = 4, COST_KNOWN = 4, COST_WRONG = 7, COST_ALIEN = 10 };
enum step { STEP_NONE, STEP_PAIR, STEP_LOST, STEP_SURPLUS };

enum load_match
load_match(const struct load_request *request, const struct load_reply *reply)
{
    switch (reply->kind) {
    case LOAD_ERROR:
        return LOAD_MATCH;
    case LOAD_DAMAGED:
        return LOAD_MATCH_DAMAGED;
    case LOAD_OK:
        return request->operation == LOAD_SET ? LOAD_MATCH : LOAD_MATCH_NO;
    case LOAD_NIL:
        return request->operation == LOAD_GET ? LOAD_MATCH : LOAD_MATCH_NO;
    case LOAD_VALUE:
        break;
    }
    if (request->operation == LOAD_SET || reply->key != request->key)
        return LOAD_MATCH_NO;
    if (request->operation == LOAD_TAG && reply->version != request->version)
        return LOAD_MATCH_NO;
    return LOAD_MATCH;
}

/* May any request, of those that are resolved too, have got such a reply? */
static bool
known(const struct load_alignment *a, const struct load_reply *reply)
{
    for (uint32_t i = 0; i < a->history + a->requests; i++)
        if (load_match(&a->request[i], reply) == LOAD_MATCH)
            return true;
    return false;
}

static unsigned
pair_cost(const struct load_alignment *a, uint32_t i, uint32_t j)
{
    switch (load_match(&a->request[a->history + i], &a->reply[j])) {
    case LOAD_MATCH:
        return 0;
    case LOAD_MATCH_DAMAGED:
        return COST_DAMAGED;
    case LOAD_MATCH_NO:
        break;
    }
    return COST_WRONG;
}

/* Fills the table of cheapest steps; returns the row where the cheapest way ends. */
static uint32_t
fill_table(struct load_alignment *a)
{
    unsigned above[LOAD_DOUBT_MAX + 1], best = UINT32_MAX;
    unsigned surplus[LOAD_DOUBT_MAX + 1] = {0};
    uint32_t end = 0;
    above[0] = 0;
    a->step[0][0] = STEP_NONE;
    for (uint32_t j = 1; j <= a->replies; j++) {
        surplus[j] = known(a, &a->reply[j - 1]) ? COST_KNOWN : COST_ALIEN;
        above[j] = above[j - 1] + surplus[j];
        a->step[0][j] = STEP_SURPLUS;
    }
    for (uint32_t i = 0;; i++) {
        /* Of equally cheap ends the later: rather than repeated, a reply has come. */
        bool may_end = !a->final || i == a->requests;
        if (may_end && above[a->replies] <= best) {
            best = above[a->replies];
            end = i;
        }
        if (i == a->requests)
            return end;
        unsigned diagonal = above[0];
        above[0] += COST_LOST;
        a->step[i + 1][0] = STEP_LOST;
        for (uint32_t j = 1; j <= a->replies; j++) {
            unsigned cost = diagonal + pair_cost(a, i, j - 1);
            enum step step = STEP_PAIR;
            diagonal = above[j];
            if (above[j] + COST_LOST < cost) {
                cost = above[j] + COST_LOST;
                step = STEP_LOST;
            }
            if (above[j - 1] + surplus[j] < cost) {
                cost = above[j - 1] + surplus[j];
                step = STEP_SURPLUS;
            }
            above[j] = cost;
            a->step[i + 1][j] = (uint8_t) step;
        }
    }
}

/* Walks back from the end: partner[] of each request; replies without one are marked. */
static void
trace(struct load_alignment *a, uint32_t end, bool *paired)
{
    uint32_t i = end, j = a->replies;
    memset(a->partner, LOAD_NO_PARTNER, sizeof a->partner);
    while (i > 0 || j > 0) {
        enum step step = (enum step) a->step[i][j];
        i -= step != STEP_SURPLUS;
        j -= step != STEP_LOST;
        if (step == STEP_PAIR) {
            a->partner[i] = (uint8_t) j;
            paired[j] = true;
        }
    }
}

/*
 * Judging stops before the first run of @guard replies in their places: what was out of step
 * before has come to its end there. Without such a run, or without a guard, all is judged.
 */
static void
limit(struct load_alignment *a, uint32_t end, uint32_t guard)
{
    uint32_t i = 0, j = 0, run = 0;
    a->judged_requests = end;
    a->judged_replies = a->replies;
    while (guard > 0 && i < end && j < a->replies) {
        bool paired = a->partner[i] == j, wrong = paired && pair_cost(a, i, j) != 0;
        bool gap = a->partner[i] == LOAD_NO_PARTNER;
        i += paired || gap;
        j += !gap;
        run = paired && !wrong ? run + 1 : 0;
        if (run == guard && j > guard) {
            a->judged_requests = i - guard;
            a->judged_replies = j - guard;
            return;
        }
    }
}

/* An unpaired reply may be the answer of a request that seems lost: it came out of order. */
static bool
claim(struct load_alignment *a, uint32_t j)
{
    for (uint32_t i = 0; i < a->judged_requests; i++)
        if (a->partner[i] == LOAD_NO_PARTNER &&
            load_match(&a->request[a->history + i], &a->reply[j]) == LOAD_MATCH) {
            a->partner[i] = (uint8_t) j;
            return true;
        }
    return false;
}

/* A pair that does not fit may be two replies that changed places with others. */
static void
part_strangers(struct load_alignment *a)
{
    for (uint32_t i = 0; i < a->judged_requests; i++) {
        uint8_t partner = a->partner[i];
        if (partner == LOAD_NO_PARTNER || pair_cost(a, i, partner) != COST_WRONG)
            continue;
        if (claim(a, partner)) {
            a->partner[i] = LOAD_NO_PARTNER;
            a->faults.reordered++;
        }
    }
}

static void
judge(struct load_alignment *a, const bool *paired)
{
    memset(&a->faults, 0, sizeof a->faults);
    part_strangers(a);
    for (uint32_t j = 0; j < a->judged_replies; j++) {
        if (paired[j])
            continue;
        if (claim(a, j))
            a->faults.reordered++;
        else if (known(a, &a->reply[j]))
            a->faults.duplicated++;
        else
            a->faults.corrupted++;
    }
    for (uint32_t i = 0; i < a->judged_requests; i++)
        if (a->partner[i] == LOAD_NO_PARTNER)
            a->faults.lost++;
        else if (pair_cost(a, i, a->partner[i]) != 0)
            a->faults.corrupted++;
}

void
load_align(struct load_alignment *a, uint32_t guard)
{
    bool paired[LOAD_DOUBT_MAX] = {false};
    CY_ASSERT(a->replies > 0);
    uint32_t end = fill_table(a);
    trace(a, end, paired);
    limit(a, end, guard);
    judge(a, paired);
}
