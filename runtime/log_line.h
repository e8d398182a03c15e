/* log_line.h - one line of the log in the making. */
#ifndef CYI_LOG_LINE_H
#define CYI_LOG_LINE_H

#include <cycos/log.h>
#include <stdarg.h>
#include <stdint.h>

/* The text is always terminated; room is kept for the end of a line that was cut. */
struct cyi_log_line {
    size_t bytes;
    bool truncated;
    char text[CY_LOG_LINE_MAX + 1];
};

void cyi_log_line_init(struct cyi_log_line *line);

/* ts=..., nanoseconds since 1970 shown in UTC with microseconds. */
void cyi_log_line_time(struct cyi_log_line *line, int64_t ns);

/* key=value, quoted and escaped as needed. A key is a constant of this program. */
void cyi_log_line_text(struct cyi_log_line *line, const char *key, const char *value,
                       size_t bytes);
void cyi_log_line_pair(struct cyi_log_line *line, const char *key, size_t key_bytes,
                       const char *value, size_t bytes);
void cyi_log_line_number(struct cyi_log_line *line, const char *key, uint64_t value);

/* All pairs of a format. */
CY_PRINTF(2, 0)
void cyi_log_line_pairs(struct cyi_log_line *line, const char *format, va_list args);

/* truncated=yes if so, and the newline. */
void cyi_log_line_end(struct cyi_log_line *line);

#endif
