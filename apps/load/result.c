/* result.c - what a run has found out. */
#include "result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
load_counters_add(struct load_counters *into, const struct load_counters *from)
{
    into->sent += from->sent;
    into->completed += from->completed;
    into->late += from->late;
    into->dropped += from->dropped;
    into->unproved += from->unproved;
    into->error_replies += from->error_replies;
    into->disconnects += from->disconnects;
    into->connect_errors += from->connect_errors;
    into->timeouts += from->timeouts;
    into->bytes_sent += from->bytes_sent;
    into->bytes_received += from->bytes_received;
    into->reads += from->reads;
    into->writes += from->writes;
    load_faults_add(&into->faults, &from->faults);
}

uint64_t
load_counters_errors(const struct load_counters *counters)
{
    return counters->error_replies + counters->disconnects + counters->connect_errors +
           counters->timeouts;
}

int
load_result_init(struct load_result *result, const struct load_settings *settings,
                 size_t seconds, size_t cores)
{
    memset(result, 0, sizeof *result);
    result->settings = settings;
    result->corrected = load_histogram_create();
    result->raw = load_histogram_create();
    result->seconds = calloc(seconds, sizeof *result->seconds);
    result->cores = calloc(cores, sizeof *result->cores);
    result->second_count = seconds;
    result->core_count = cores;
    if (result->corrected != NULL && result->raw != NULL && result->seconds != NULL &&
        result->cores != NULL)
        return 0;
    load_result_fini(result);
    return -ENOMEM;
}

void
load_result_fini(struct load_result *result)
{
    load_histogram_free(&result->corrected);
    load_histogram_free(&result->raw);
    free(result->seconds);
    free(result->cores);
    result->seconds = NULL;
    result->cores = NULL;
}

double
load_result_throughput(const struct load_result *result)
{
    return result->elapsed_s > 0 ? (double) result->total.completed / result->elapsed_s : 0;
}

const char *
load_result_fate(const struct load_result *result, const struct load_core *core)
{
    /* An interrupted run is short everywhere, and a core of this node cannot be lost alone. */
    if (core->node[0] == '\0' || result->interrupted || core->fate == LOAD_FATE_DONE)
        return NULL;
    return core->fate == LOAD_FATE_LOST ? "LOST: what it did is not known" : "LEFT EARLY";
}

size_t
load_result_missing(const struct load_result *result)
{
    size_t missing = 0;
    for (size_t i = 0; i < result->core_count; i++)
        missing += load_result_fate(result, &result->cores[i]) != NULL;
    return missing;
}

const char *
load_result_proof(const struct load_result *result)
{
    const struct load_settings *settings = result->settings;
    bool books = result->readers > 0;
    if (!load_target_named(&settings->target))
        return "replies";
    if (settings->verb == LOAD_VERB_CALL)
        return books ? "replies and books" : "replies";
    if (books)
        return "books";
    return settings->verb == LOAD_VERB_DELIVER ? "acknowledgements" : "none";
}
