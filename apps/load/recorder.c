/* recorder.c - what one generator counts: latencies in the measured window, and all else. */
#include "recorder.h"

#include <errno.h>
#include <string.h>

int
load_recorder_init(struct load_recorder *recorder, const struct load_settings *settings)
{
    memset(recorder, 0, sizeof *recorder);
    recorder->from_ns = recorder->to_ns = INT64_MAX;
    recorder->late_ns = settings->open_loop ? settings->flags.late_ns : INT64_MAX;
    recorder->interval_ns = settings->open_loop ? 0 : settings->flags.interval_ns;
    recorder->corrected = load_histogram_create();
    recorder->raw = load_histogram_create();
    recorder->second = load_histogram_create();
    if (recorder->corrected != NULL && recorder->raw != NULL && recorder->second != NULL)
        return 0;
    load_recorder_fini(recorder);
    return -ENOMEM;
}

void
load_recorder_fini(struct load_recorder *recorder)
{
    load_histogram_free(&recorder->corrected);
    load_histogram_free(&recorder->raw);
    load_histogram_free(&recorder->second);
}

bool
load_recorder_measures(const struct load_recorder *recorder, int64_t at_ns)
{
    return at_ns >= recorder->from_ns && at_ns < recorder->to_ns;
}

void
load_recorder_sent(struct load_recorder *recorder, int64_t intended_ns, int64_t sent_ns)
{
    if (!load_recorder_measures(recorder, intended_ns))
        return;
    recorder->counters.sent++;
    if (sent_ns - intended_ns > recorder->late_ns)
        recorder->counters.late++;
}

void
load_recorder_answered(struct load_recorder *recorder, const struct load_request *request,
                       const struct load_reply *reply)
{
    int64_t corrected = reply->at_ns - request->intended_ns;
    if (reply->kind == LOAD_ERROR)
        recorder->counters.error_replies++;
    /* Throughput is what came back within the window; latency is that of all requests that
     * were due in it, or else the slowest, which come back after its end, would be missed. */
    recorder->counters.completed += load_recorder_measures(recorder, reply->at_ns);
    load_histogram_record(recorder->second, corrected);
    if (load_recorder_measures(recorder, request->intended_ns)) {
        load_histogram_record_corrected(recorder->corrected, corrected, recorder->interval_ns);
        load_histogram_record(recorder->raw, reply->at_ns - request->sent_ns);
    }
}
