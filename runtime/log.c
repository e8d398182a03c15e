/* log.c - the log of a node: levels, rates, the way to the sink. */
#include "log_line.h"
#include <cycos/err.h>
#include <cycos/impl/log.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

const char *
cyi_log_level_name(enum cy_log_level level)
{
    return level_names[level < CY_LOG_OFF ? level : CY_LOG_OFF];
}

int
cyi_log_to_stderr(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    while (bytes > 0) {
        ssize_t n = write(STDERR_FILENO, line, bytes);
        int error = errno;
        if (n >= 0) {
            line += n;
            bytes -= (size_t) n;
        } else if (error != EINTR) {
            return -error;
        }
    }
    return 0;
}

void
cyi_log_init(struct cyi_log *log, const struct cyi_log_options *options)
{
    memset(log, 0, sizeof *log);
    atomic_init(&log->lost, 0);
    atomic_init(&log->level, (int) options->level);
    log->options = *options;
    if (log->options.sink == NULL)
        log->options.sink = cyi_log_to_stderr;
    if (options->node != NULL)
        memcpy(log->node, options->node, strnlen(options->node, sizeof log->node - 1));
    pthread_mutex_init(&log->lock, NULL);
}

void
cyi_log_set_level(struct cyi_log *log, enum cy_log_level level)
{
    /* L1: threads may see the change a little later. */
    atomic_store_explicit(&log->level, (int) level, memory_order_relaxed);
}

uint64_t
cyi_log_lost(const struct cyi_log *log)
{
    /* L2: a count for people. */
    return atomic_load_explicit(&log->lost, memory_order_relaxed);
}

/* The time of a line; false when the log has no clock. */
static bool
read_clock(const struct cyi_log *log, int64_t *now)
{
    if (log->options.clock == NULL)
        return false;
    *now = log->options.clock(log->options.clock_arg);
    return true;
}

/* The entry of an event; the common one when too many names are in use. Lock held. */
static struct cyi_log_rate *
find_rate(struct cyi_log *log, const char *event)
{
    size_t bytes = strnlen(event, CY_LOG_EVENT_MAX);
    uint32_t hash = 2166136261U; /* FNV-1a; the names are ours, so no secret is needed */
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char) event[i]) * 16777619U;
    for (unsigned i = 0; i < CYI_LOG_EVENTS; i++) {
        struct cyi_log_rate *rate = &log->rates[(hash + i) % CYI_LOG_EVENTS];
        if (rate->event[0] == '\0')
            memcpy(rate->event, event, bytes);
        if (strncmp(rate->event, event, CY_LOG_EVENT_MAX) == 0)
            return rate;
    }
    struct cyi_log_rate *common = &log->rates[CYI_LOG_EVENTS];
    memcpy(common->event, "*", 2);
    return common;
}

/* A clock that was set back begins a new second, or a line would wait for the old time. */
static bool
second_is_over(const struct cyi_log_rate *rate, int64_t now)
{
    return now < rate->since || now - rate->since >= CY_SECOND;
}

/* May a line of this event be written now? If so, how many before it were not? */
static bool
admit(struct cyi_log *log, const char *event, int64_t now, uint64_t *suppressed)
{
    if (log->options.rate == 0)
        return true;
    pthread_mutex_lock(&log->lock);
    struct cyi_log_rate *rate = find_rate(log, event);
    if (second_is_over(rate, now)) {
        rate->since = now;
        rate->written = 0;
    }
    bool admitted = rate->written < log->options.rate;
    if (admitted) {
        rate->written++;
        *suppressed = rate->suppressed;
        rate->suppressed = 0;
    } else {
        rate->suppressed++;
    }
    pthread_mutex_unlock(&log->lock);
    return admitted;
}

/* What each line begins with. */
static void
begin_line(const struct cyi_log *log, struct cyi_log_line *line, enum cy_log_level level,
           const char *event)
{
    const char *name = cyi_log_level_name(level);
    cyi_log_line_text(line, "level", name, strlen(name));
    cyi_log_line_text(line, "event", event, strnlen(event, CY_LOG_EVENT_MAX));
    if (log->node[0] != '\0')
        cyi_log_line_text(line, "node", log->node, strlen(log->node));
}

static void
add_origin(struct cyi_log_line *line, const struct cyi_log_origin *origin)
{
    if (origin == NULL)
        return;
    if (origin->core >= 0)
        cyi_log_line_number(line, "core", (uint64_t) origin->core);
    if (origin->task != NULL)
        cyi_log_line_text(line, "task", origin->task, strnlen(origin->task, 63));
}

static void
send_line(struct cyi_log *log, struct cyi_log_line *line, enum cy_log_level level)
{
    cyi_log_line_end(line);
    if (log->options.sink(log->options.sink_arg, level, line->text, line->bytes) < 0)
        /* L2: as above. */
        atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
}

void
cyi_log_vwrite(struct cyi_log *log, const struct cyi_log_origin *origin,
               enum cy_log_level level, const char *event, const char *format, va_list args)
{
    struct cyi_log_line line;
    int64_t now;
    uint64_t suppressed = 0;
    if (!cyi_log_enabled(log, level))
        return;
    cyi_log_line_init(&line);
    if (read_clock(log, &now)) {
        if (!admit(log, event, now, &suppressed))
            return;
        cyi_log_line_time(&line, now);
    }
    begin_line(log, &line, level, event);
    add_origin(&line, origin);
    if (suppressed > 0)
        cyi_log_line_number(&line, "suppressed", suppressed);
    if (format != NULL)
        cyi_log_line_pairs(&line, format, args);
    send_line(log, &line, level);
}

void
cyi_log_write(struct cyi_log *log, const struct cyi_log_origin *origin, enum cy_log_level level,
              const char *event, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cyi_log_vwrite(log, origin, level, event, format, args);
    va_end(args);
}

/* Takes the count of one event whose second is over (or of any); false when there is none. */
static bool
take_suppressed(struct cyi_log *log, int64_t now, bool any, struct cyi_log_rate *out)
{
    bool found = false;
    pthread_mutex_lock(&log->lock);
    for (int i = 0; i <= CYI_LOG_EVENTS && !found; i++) {
        struct cyi_log_rate *rate = &log->rates[i];
        if (rate->suppressed == 0 || !(any || second_is_over(rate, now)))
            continue;
        *out = *rate;
        rate->suppressed = 0;
        found = true;
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

static void
tell_suppressed(struct cyi_log *log, bool any)
{
    struct cyi_log_rate rate;
    int64_t now;
    /* Without a clock nothing is ever suppressed. */
    while (read_clock(log, &now) && take_suppressed(log, now, any, &rate)) {
        struct cyi_log_line line;
        if (!cyi_log_enabled(log, CY_LOG_WARN))
            continue;
        cyi_log_line_init(&line);
        cyi_log_line_time(&line, now);
        begin_line(log, &line, CY_LOG_WARN, "log.suppressed");
        cyi_log_line_text(&line, "of", rate.event, strlen(rate.event));
        cyi_log_line_number(&line, "suppressed", rate.suppressed);
        send_line(log, &line, CY_LOG_WARN);
    }
}

void
cyi_log_flush(struct cyi_log *log)
{
    tell_suppressed(log, false);
}

void
cyi_log_fini(struct cyi_log *log)
{
    tell_suppressed(log, true);
    pthread_mutex_destroy(&log->lock);
}
