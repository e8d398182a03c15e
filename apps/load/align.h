/* align.h - the cheapest explanation of a sequence of replies that is not as it should be. */
#ifndef LOAD_ALIGN_H
#define LOAD_ALIGN_H

#include "ledger.h"

enum load_match {
    LOAD_MATCH_NO,      /* this cannot be the answer */
    LOAD_MATCH,         /* this can */
    LOAD_MATCH_DAMAGED, /* this is something broken in its place */
};

enum load_match load_match(const struct load_request *request, const struct load_reply *reply);

enum {
    LOAD_ALIGN_MAX = LOAD_DOUBT_MAX + LOAD_DOUBT_MAX / 2, /* requests that are looked at */
    LOAD_NO_PARTNER = 255,
};

struct load_alignment {
    /* Given: requests that are resolved already, the unresolved, and the replies. */
    uint32_t history, requests, replies;
    bool final; /* no reply will follow, so that a request without one has lost it */
    struct load_request request[LOAD_HISTORY + LOAD_ALIGN_MAX];
    struct load_reply reply[LOAD_DOUBT_MAX];
    /* Found: how far they are judged, what was wrong, and the reply of each request. */
    uint32_t judged_requests, judged_replies;
    struct load_faults faults;
    uint8_t partner[LOAD_ALIGN_MAX];
    uint8_t step[LOAD_ALIGN_MAX + 1][LOAD_DOUBT_MAX + 1];
};

/* The last @guard replies are left unjudged; with 0 all are judged. At least one is. */
void load_align(struct load_alignment *a, uint32_t guard);

#endif
