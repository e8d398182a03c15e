/* cycos/log.h - structured log: one line per event, in logfmt. */
#ifndef CYCOS_LOG_H
#define CYCOS_LOG_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stddef.h>

CY_BEGIN_DECLS

/*
 * A line:
 *
 *     ts=2026-03-01T12:00:00.123456Z level=warn event=task.stall core=1 task=parser ns=31000000
 *
 * The name of an event is stable: programs may search for it. What follows are pairs, given by
 * a printf format whose words have the form key=value:
 *
 *     cy_log_write(CY_LOG_WARN, "link.refused", "peer=%s:%u error=%s", host, port, name);
 *
 * From the first word that has no key on, all is one value, with the key `message`.
 *
 * A value that is empty, or holds a blank, a quote, a backslash, an equals sign or anything but
 * printable ASCII, is quoted and escaped (\" \\ \n \r \t \xNN), so that bytes from a
 * peer can neither end a line nor look like another pair. A line is printable ASCII and ends in
 * one newline.
 */
enum cy_log_level {
    CY_LOG_DEBUG,
    CY_LOG_INFO,
    CY_LOG_WARN,
    CY_LOG_ERROR,
    CY_LOG_OFF, /* as a limit: nothing is logged */
};

#define CY_LOG_LINE_MAX  2048 /* bytes, with the newline; a longer line ends in truncated=yes */
#define CY_LOG_VALUE_MAX 1024 /* bytes before escaping; a longer value is cut, likewise */
#define CY_LOG_EVENT_MAX 47   /* bytes of an event's name; more is cut */

/**
 * cy_log_sink - where lines go
 * @arg:   as given with the function
 * @level: of the line
 * @line:  the text with its newline; a terminator follows
 * @bytes: length without the terminator
 *
 * Called on the thread that logs, by several at once. Must neither suspend nor log.
 * Returns 0, or a negative code when the line is lost, which is counted.
 */
typedef int cy_log_sink(void *arg, enum cy_log_level level, const char *line, size_t bytes);

/**
 * cy_log_write - log an event of the application, on the node of the caller
 * @level:  less than the node's log_level is dropped
 * @event:  a stable name such as "cart.checkout"
 * @format: pairs as above; may be NULL
 *
 * Adds the core and the name of the task. Of one event at most the node's log_rate lines are
 * written in a second; the next line that is written says how many were not (suppressed=N).
 * Conversions: d i u x X o c s p f F e E g G % with flags, width, precision (also *) and
 * length; but the width of a string is ignored, and there are neither long doubles nor wide
 * characters.
 *
 * Context:   a task or handler; suspends: no; blocks: as long as the sink does
 * Ownership: copies
 * Errors:    none
 * Since:     0.1
 */
CY_PRINTF(3, 4)
void cy_log_write(enum cy_log_level level, const char *event, const char *format, ...);

/**
 * cy_log_enabled - would a line of this level be written?
 * @level: the level
 *
 * For what is expensive to find out.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
bool cy_log_enabled(enum cy_log_level level);

CY_END_DECLS

#endif
