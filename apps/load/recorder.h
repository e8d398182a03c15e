/* recorder.h - what one generator counts: latencies in the measured window, and all else. */
#ifndef LOAD_RECORDER_H
#define LOAD_RECORDER_H

#include "result.h"

struct load_recorder {
    int64_t from_ns, to_ns; /* the measured window; empty until it is set */
    int64_t late_ns;        /* sent so much behind its time, a request is late */
    int64_t interval_ns;    /* in a closed loop: expected between requests; 0: not corrected */
    struct load_counters counters;
    struct load_histogram *corrected, *raw;
    struct load_histogram *second; /* corrected, of all that came since it was last reset */
};

/* -ENOMEM */
int load_recorder_init(struct load_recorder *recorder, const struct load_settings *settings);
void load_recorder_fini(struct load_recorder *recorder);

/* Does this moment lie within the measured window? */
bool load_recorder_measures(const struct load_recorder *recorder, int64_t at_ns);

/* A request was sent: is it late, and is it one of those that are measured? */
void load_recorder_sent(struct load_recorder *recorder, int64_t intended_ns, int64_t sent_ns);

/* A reply has come. */
void load_recorder_answered(struct load_recorder *recorder, const struct load_request *request,
                            const struct load_reply *reply);

#endif
