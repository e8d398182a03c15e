/* result.h - what a run has found out. */
#ifndef LOAD_RESULT_H
#define LOAD_RESULT_H

#include "histogram.h"
#include "ledger.h"
#include "predicate.h"
#include "settings.h"

/*
 * Requests are counted while measuring only, that is without the warm-up; faults and errors
 * from the first request to the last, because a fault in the warm-up is a fault.
 */
struct load_counters {
    uint64_t sent, completed;
    uint64_t late;     /* sent more than --late behind their time */
    uint64_t dropped;  /* never sent: more than --drop-after behind */
    uint64_t unproved; /* one-way payloads that nobody has said to have come */
    uint64_t error_replies, disconnects, connect_errors, timeouts;
    uint64_t bytes_sent, bytes_received, reads, writes;
    struct load_faults faults;
};

void load_counters_add(struct load_counters *into, const struct load_counters *from);
uint64_t load_counters_errors(const struct load_counters *counters);

struct load_second {
    double from_s, width_s; /* from the start of measuring; the warm-up lies before 0 */
    double offered;         /* requests that were due; 0 in a closed loop */
    uint64_t completed, late, dropped, errors, faults;
    int64_t p50_ns, p99_ns, max_ns; /* corrected */
};

enum load_fate {
    LOAD_FATE_LOST,    /* its node ended, and what it did is not known */
    LOAD_FATE_STOPPED, /* it ended before its time */
    LOAD_FATE_DONE,
};

struct load_core {
    struct load_counters counters;
    uint32_t connections;
    enum load_fate fate;
    char node[64]; /* of a worker: its name; empty: of this node */
    double busy;   /* part of the time that its thread was on a CPU; negative: unknown */
    int64_t p50_ns, p99_ns, max_ns;
};

struct load_trial {
    double rate, throughput;
    int64_t p50_ns, p99_ns, max_ns;
    bool passed;
};

enum { LOAD_TRIALS_KEPT = 80 };

struct load_usage {
    double user_s, system_s;
    uint64_t peak_bytes;             /* of resident memory */
    uint64_t voluntary, involuntary; /* context switches */
};

struct load_result {
    const struct load_settings *settings;
    double elapsed_s; /* of measuring */
    bool interrupted;
    struct load_counters total;
    struct load_histogram *corrected, *raw;
    struct load_second *seconds;
    size_t second_count, seconds_done; /* room, and how many are filled in */
    struct load_core *cores;
    size_t core_count;
    struct load_trial trials[LOAD_TRIALS_KEPT];
    size_t trial_count;
    double found_rate; /* of --find-max */
    uint32_t readers;  /* of the recipient's books; 0: it keeps none */
    struct load_usage usage;
    struct load_predicates_verdict verdict;
};

/* -ENOMEM */
int load_result_init(struct load_result *result, const struct load_settings *settings,
                     size_t seconds, size_t cores);
void load_result_fini(struct load_result *result);

/* Cores of workers that were lost, or that ended early of their own accord. */
size_t load_result_missing(const struct load_result *result);
/* Of one core, for people; NULL: nothing is missing of it. */
const char *load_result_fate(const struct load_result *result, const struct load_core *core);
double load_result_throughput(const struct load_result *result);

/*
 * By what requests are proved: "replies", "books", "replies and books", "acknowledgements" (of
 * which copies, order and damage are not seen), "none".
 */
const char *load_result_proof(const struct load_result *result);

#endif
