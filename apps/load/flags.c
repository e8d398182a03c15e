/* flags.c - the options of the program as the node's option parser reads them. */
#include "flags.h"

#include <stddef.h>

#define AT(field) offsetof(struct load_flags, field)

enum { TEXT_MAX = 4000 };

static const struct cy_option table[] = {
    {"connections", CY_OPTION_NUMBER, AT(connections), 1, 100000, NULL,
     "connections, split over the cores", NULL},
    {"pipeline", CY_OPTION_NUMBER, AT(pipeline), 1, 4096, NULL,
     "requests outstanding on each connection", NULL},
    {"workers", CY_OPTION_NUMBER, AT(workers), 0, 1024, NULL,
     "make the load on so many other nodes, each a `load worker`; 0: on this one", NULL},
    {"rate", CY_OPTION_STRING, AT(rate), 1, TEXT_MAX, "RATE",
     "open loop: requests per second in all, such as 50k; without: closed loop", NULL},
    {"arrival", CY_OPTION_CHOICE, AT(arrival), 0, 0, "uniform|poisson",
     "gaps between requests of an open loop", NULL},
    {"stages", CY_OPTION_STRING, AT(stages), 1, TEXT_MAX, "TIME:RATE,...",
     "open loop: rise from 0 to the first rate in that time, then to the next", NULL},
    {"duration", CY_OPTION_DURATION, AT(duration_ns), 0, 720 * CY_HOUR, NULL,
     "how long to measure", NULL},
    {"warmup", CY_OPTION_STRING, AT(warmup), 1, TEXT_MAX, "TIME",
     "before measuring: 1s; of stages it is the first part: 0s; of trials: 500ms", NULL},
    {"find-max", CY_OPTION_SWITCH, AT(find_max), 0, 0, NULL,
     "search the highest rate that meets --slo", NULL},
    {"slo", CY_OPTION_STRING, AT(slo), 1, TEXT_MAX, "CONDITIONS", "such as 'p99<1ms'", NULL},
    {"trial", CY_OPTION_DURATION, AT(trial_ns), CY_MILLISECOND, CY_HOUR, NULL,
     "how long each rate is tried by --find-max", NULL},
    {"keys", CY_OPTION_STRING, AT(keys), 1, TEXT_MAX, "COUNT",
     "how many keys: 100k; each connection has its own share", NULL},
    {"shared-keys", CY_OPTION_SWITCH, AT(shared_keys), 0, 0, NULL,
     "all connections use all keys; reads are then checked less strictly", NULL},
    {"fill", CY_OPTION_SWITCH, AT(fill), 0, 0, NULL, "write every key before the run", NULL},
    {"key-prefix", CY_OPTION_STRING, AT(key_prefix), 0, TEXT_MAX, "TEXT",
     "what keys begin with: load:", NULL},
    {"distribution", CY_OPTION_STRING, AT(distribution), 1, TEXT_MAX, "uniform|zipf[:THETA]",
     "which keys are used: uniform; theta of zipf: 0.99", NULL},
    {"mix", CY_OPTION_STRING, AT(mix), 1, TEXT_MAX, "READS:WRITES", "90:10", NULL},
    {"value-size", CY_OPTION_STRING, AT(value_size), 1, TEXT_MAX, "BYTES",
     "64, 16-1024, or zipf:16-1024[:THETA]; of a tcp target: of the frames; of a name: "
     "of the payloads",
     NULL},
    {"tag-every", CY_OPTION_NUMBER, AT(tag_every), 0, 1000000000, NULL,
     "one request in so many is an ECHO that shows the order of replies; 0: none", NULL},
    {"verb", CY_OPTION_CHOICE, AT(verb), 0, 0, "call|deliver|send",
     "to a task: and have it answered; until it is in the mailbox, as channels do; one way",
     NULL},
    {"subscribers", CY_OPTION_NUMBER, AT(subscribers), 1, 1000000, NULL,
     "deliver to a channel that has so many", NULL},
    {"books", CY_OPTION_SWITCH, AT(books), 0, 0, NULL,
     "of a task or channel: look for a server's books, by which more is proved", NULL},
    {"seed", CY_OPTION_STRING, AT(seed), 1, TEXT_MAX, "NUMBER",
     "of keys, sizes and arrivals: 1", NULL},
    {"timeout", CY_OPTION_DURATION, AT(timeout_ns), CY_MILLISECOND, CY_HOUR, NULL,
     "to connect, or to find a name; and for a reply, then the connection is made anew", NULL},
    {"late", CY_OPTION_DURATION, AT(late_ns), 0, CY_HOUR, NULL,
     "open loop: sent so much behind its time, a request counts as late", NULL},
    {"drop-after", CY_OPTION_DURATION, AT(drop_after_ns), 0, CY_HOUR, NULL,
     "open loop: a request so much behind is dropped and counted", NULL},
    {"expected-interval", CY_OPTION_DURATION, AT(interval_ns), 0, CY_HOUR, NULL,
     "closed loop: fill in what a stall kept from being measured; 0: do not", NULL},
    {"assert", CY_OPTION_STRING, AT(assertion), 1, TEXT_MAX, "CONDITIONS",
     "such as 'p99<5ms,errors==0'; the exit status is 1 if one does not hold", NULL},
    {"json", CY_OPTION_STRING, AT(json), 1, TEXT_MAX, "FILE", "write the result", NULL},
    {"hgrm", CY_OPTION_STRING, AT(hgrm), 1, TEXT_MAX, "FILE",
     "write the percentiles, in microseconds, as HdrHistogram does", NULL},
    {"html", CY_OPTION_STRING, AT(html), 1, TEXT_MAX, "FILE", "write a report with pictures",
     NULL},
    {"label", CY_OPTION_STRING, AT(label), 0, 200, "TEXT", "a name for this run in its reports",
     NULL},
    {"progress", CY_OPTION_SWITCH, AT(progress), 0, 0, NULL, "print a line each second", NULL},
};

struct cy_option_set
load_flags_set(struct load_flags *flags)
{
    return (struct cy_option_set){.section = "load",
                                  .options = table,
                                  .count = sizeof table / sizeof table[0],
                                  .target = flags};
}
