/* log_line.c - builds one line of logfmt: quoting, escaping, cutting to length. */
#include "log_line.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char cut_end[] = " truncated=yes\n";

/* Where pairs must stop, so that the end of a cut line still fits. */
enum { BODY_MAX = CY_LOG_LINE_MAX - (int) sizeof cut_end + 1 };

void
cyi_log_line_init(struct cyi_log_line *line)
{
    line->bytes = 0;
    line->truncated = false;
    line->text[0] = '\0';
}

/* All or nothing, so that an escape is never cut in two. */
static bool
put(struct cyi_log_line *line, const char *text, size_t bytes, size_t limit)
{
    if (line->truncated || line->bytes + bytes > limit) {
        line->truncated = true;
        return false;
    }
    memcpy(line->text + line->bytes, text, bytes);
    line->bytes += bytes;
    line->text[line->bytes] = '\0';
    return true;
}

static bool
is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void
put_escaped(struct cyi_log_line *line, unsigned char c, size_t limit)
{
    static const char hex[] = "0123456789abcdef";
    char text[4] = {'\\', (char) c, 0, 0};
    size_t bytes = 2;
    if (c == '\n') {
        text[1] = 'n';
    } else if (c == '\r') {
        text[1] = 'r';
    } else if (c == '\t') {
        text[1] = 't';
    } else if (c < ' ' || c >= 0x7f) {
        text[1] = 'x';
        text[2] = hex[c >> 4];
        text[3] = hex[c & 15];
        bytes = 4;
    } else if (c != '"' && c != '\\') {
        text[0] = (char) c;
        bytes = 1;
    }
    put(line, text, bytes, limit);
}

static void
put_value(struct cyi_log_line *line, const char *value, size_t bytes)
{
    bool plain = bytes > 0;
    for (size_t i = 0; i < bytes && plain; i++)
        plain = is_plain((unsigned char) value[i]);
    if (plain) {
        /* Byte by byte: a long value is cut, not left out. */
        for (size_t i = 0; i < bytes; i++)
            put(line, value + i, 1, BODY_MAX);
        return;
    }
    if (!put(line, "\"", 1, BODY_MAX - 1))
        return;
    for (size_t i = 0; i < bytes; i++)
        put_escaped(line, (unsigned char) value[i], BODY_MAX - 1);
    /* The closing quote has its byte, also when the value was cut. */
    line->text[line->bytes++] = '"';
    line->text[line->bytes] = '\0';
}

/* A blank, the key and the equals sign; only with room for the shortest value behind it. */
static bool
put_key(struct cyi_log_line *line, const char *key, size_t bytes)
{
    if (line->bytes + bytes + 4 > BODY_MAX)
        line->truncated = true;
    return (line->bytes == 0 || put(line, " ", 1, BODY_MAX)) &&
           put(line, key, bytes, BODY_MAX) && put(line, "=", 1, BODY_MAX);
}

void
cyi_log_line_pair(struct cyi_log_line *line, const char *key, size_t key_bytes,
                  const char *value, size_t bytes)
{
    if (put_key(line, key, key_bytes))
        put_value(line, value, bytes);
}

void
cyi_log_line_text(struct cyi_log_line *line, const char *key, const char *value, size_t bytes)
{
    cyi_log_line_pair(line, key, strlen(key), value, bytes);
}

void
cyi_log_line_number(struct cyi_log_line *line, const char *key, uint64_t value)
{
    char text[24];
    int bytes = snprintf(text, sizeof text, "%" PRIu64, value);
    cyi_log_line_text(line, key, text, (size_t) bytes);
}

void
cyi_log_line_time(struct cyi_log_line *line, int64_t ns)
{
    int64_t rest = ns % 1000000000;
    time_t seconds = (time_t) (ns / 1000000000 - (rest < 0));
    int64_t micros = (rest < 0 ? rest + 1000000000 : rest) / 1000;
    struct tm tm;
    char text[64];
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    size_t bytes = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    bytes += (size_t) snprintf(text + bytes, sizeof text - bytes, ".%06" PRId64 "Z", micros);
    cyi_log_line_text(line, "ts", text, bytes);
}

void
cyi_log_line_end(struct cyi_log_line *line)
{
    const char *end = line->truncated ? cut_end : cut_end + sizeof cut_end - 2;
    line->truncated = false;
    put(line, end, strlen(end), CY_LOG_LINE_MAX);
}
