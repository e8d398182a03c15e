/*
 * cycos/impl/log.h - the log of a node: filter, format, limit, hand to the sink.
 *
 * One object per node, used by all its threads. The level is read without a lock; the table of
 * rates is under a mutex, which is not held while the sink runs.
 *
 *              | write | set_level | flush | init, fini
 *       write  |   -   |     -     |   -   |     x         -: may run at the same time
 *
 * Synchronisation:
 *   L1  level  relaxed in set_level -> relaxed in enabled  a filter; orders nothing
 *   L2  lost   relaxed in write -> relaxed in lost         a count; orders nothing
 */
#ifndef CYCOS_IMPL_LOG_H
#define CYCOS_IMPL_LOG_H

#include <cycos/log.h>
#include <cycos/time.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

enum { CYI_LOG_EVENTS = 64 }; /* names whose rates are told apart; more share one */

/* What one event was allowed and denied in its present second. */
struct cyi_log_rate {
    char event[CY_LOG_EVENT_MAX + 1];
    int64_t since; /* nanoseconds since 1970 */
    uint32_t written;
    uint64_t suppressed; /* not yet told */
};

/* Whence times, whither lines, how many. */
struct cyi_log_options {
    enum cy_log_level level;
    uint32_t rate;               /* lines per second and event; 0: no limit */
    int64_t (*clock)(void *arg); /* nanoseconds since 1970; NULL: no ts and no limit */
    void *clock_arg;
    cy_log_sink *sink; /* NULL: standard error */
    void *sink_arg;
    const char *node; /* copied, added to each line; at most 63 bytes count; or NULL */
};

struct cyi_log {
    _Atomic int level;
    _Atomic uint64_t lost; /* lines that the sink refused */
    struct cyi_log_options options;
    char node[64];
    pthread_mutex_t lock; /* all below */
    struct cyi_log_rate rates[CYI_LOG_EVENTS + 1];
};

/* Who speaks; what is not known stays out of the line. */
struct cyi_log_origin {
    int core;         /* -1: not known */
    const char *task; /* NULL: not known */
};

void cyi_log_init(struct cyi_log *log, const struct cyi_log_options *options);

/* Reports what was suppressed and not yet told. */
void cyi_log_fini(struct cyi_log *log);

static inline bool
cyi_log_enabled(const struct cyi_log *log, enum cy_log_level level)
{
    /* L1: a line more or less around a change is of no account. */
    int least = atomic_load_explicit(&log->level, memory_order_relaxed);
    return (int) level >= least && level < CY_LOG_OFF;
}

void cyi_log_set_level(struct cyi_log *log, enum cy_log_level level);

/* As cy_log_write(), to this log. `origin` may be NULL. Any thread. */
CY_PRINTF(5, 6)
void cyi_log_write(struct cyi_log *log, const struct cyi_log_origin *origin,
                   enum cy_log_level level, const char *event, const char *format, ...);
CY_PRINTF(5, 0)
void cyi_log_vwrite(struct cyi_log *log, const struct cyi_log_origin *origin,
                    enum cy_log_level level, const char *event, const char *format,
                    va_list args);

/*
 * Reports events that were suppressed and have been quiet for a second, as log.suppressed; to
 * be called now and then, or the last burst is told only at the end.
 */
void cyi_log_flush(struct cyi_log *log);

/* Lines that the sink refused. */
uint64_t cyi_log_lost(const struct cyi_log *log);

/* "debug", "info", "warn", "error", "off". */
const char *cyi_log_level_name(enum cy_log_level level);

/* The default sink: one write(2) per line, so that lines never mix. */
int cyi_log_to_stderr(void *arg, enum cy_log_level level, const char *line, size_t bytes);

#endif
