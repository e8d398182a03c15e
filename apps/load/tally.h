/* tally.h - puts together what the parts of a run report. */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include "result.h"
#include "seconds.h"

#include <cycos/msg.h>

/*
 * Parts tell of each second when it is over, in order, but not at the same time: a second is
 * complete when all have told of it that have not ended. So many are kept open; a part that
 * falls behind further is not waited for, and what it tells later is in the sums only.
 */
enum { LOAD_OPEN_SECONDS = 8 };

struct load_tally {
    const struct load_settings *settings;
    struct load_result *result;
    struct load_seconds seconds;
    uint32_t parts, *told; /* how many seconds each part has told of */
    bool *ended;           /* it will tell of no more */
    uint32_t finished;     /* seconds that are complete */
    struct load_histogram *open[LOAD_OPEN_SECONDS];
    struct load_histogram *spare; /* what one part reports, before it is added */
};

/* -ENOMEM. The result has room for the seconds of these settings and for the parts. */
int load_tally_init(struct load_tally *tally, const struct load_settings *settings,
                    struct load_result *result, uint32_t parts);
void load_tally_fini(struct load_tally *tally);

/* A second of one part; its last word. What makes no sense is passed over. */
void load_tally_second(struct load_tally *tally, const cy_msg *msg);
void load_tally_done(struct load_tally *tally, const cy_msg *msg);

/* This part will tell of no more seconds. */
void load_tally_end(struct load_tally *tally, uint32_t part);

#endif
