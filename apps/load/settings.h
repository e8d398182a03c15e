/* settings.h - everything that a run is told. */
#ifndef LOAD_SETTINGS_H
#define LOAD_SETTINGS_H

#include "predicate.h"
#include "schedule.h"
#include "sizes.h"

#include <stdint.h>

enum load_protocol { LOAD_KV, LOAD_TCP, LOAD_TASK, LOAD_CHANNEL };
enum load_verb { LOAD_VERB_CALL, LOAD_VERB_DELIVER, LOAD_VERB_SEND };
const char *load_verb_name(enum load_verb verb);
enum load_arrival { LOAD_ARRIVAL_UNIFORM, LOAD_ARRIVAL_POISSON };

struct load_target {
    enum load_protocol protocol;
    char host[256]; /* of a task or a channel: its name */
    uint16_t port;
};

/*
 * "kv://host:port" or "tcp://[::1]:7"; kv without a port means 6379. "task://name" or
 * "channel://name". -EINVAL
 */
int load_target_parse(struct load_target *out, const char *text);

/* Is it reached by messages to who has a name, not by connections? */
bool load_target_named(const struct load_target *target);

/* The flags as given: what needs more than a number or a switch is a text, or NULL. */
struct load_flags {
    uint32_t connections, pipeline, tag_every;
    uint32_t subscribers, workers;
    int arrival; /* enum load_arrival, or -1: not given */
    int verb;    /* enum load_verb, or -1: not given */
    bool find_max, shared_keys, fill, books, progress;
    int64_t duration_ns, timeout_ns, late_ns, drop_after_ns, trial_ns, interval_ns;
    const char *warmup, *rate, *stages, *slo, *keys, *distribution, *mix, *value_size,
        *key_prefix;
    const char *seed, *json, *hgrm, *html, *assertion, *label;
};

void load_flags_init(struct load_flags *flags);

struct load_settings {
    struct load_flags flags;
    struct load_target target;
    char target_text[300];
    uint32_t connections, pipeline, keys;
    enum load_verb verb; /* of a named target */
    bool open_loop;      /* by --rate or --stages, or in a trial of --find-max */
    bool poisson;
    double rate; /* of --rate; with --find-max the first one to try */
    struct load_plan plan;
    int64_t warmup_ns, duration_ns;
    double read_share; /* of reads, 0 to 1 */
    double theta;      /* of the keys' zipf distribution; 0: uniform */
    struct load_sizes sizes;
    uint64_t seed;
    struct load_predicates slo, assertion;
};

/* -EINVAL; @error then says which option is wrong and what is expected, else it is empty. */
int load_settings_make(struct load_settings *out, const struct load_flags *flags,
                       const char *target, char *error, size_t size);

/* The same settings, but one trial at that rate. */
void load_settings_trial(struct load_settings *out, const struct load_settings *settings,
                         double rate);

#endif
