/* reply.c - writes replies in RESP2 or RESP3. */
#include "reply.h"

#include "number.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* "<kind><number>\r\n" */
static void
head(struct kv_buffer *out, char kind, int64_t value)
{
    char *at = kv_buffer_space(out, KV_INTEGER_TEXT_MAX + 3);
    if (at == NULL)
        return;
    size_t bytes;
    at[0] = kind;
    if (value >= 0 && value < 10) {
        at[1] = (char) ('0' + value);
        bytes = 2;
    } else {
        bytes = 1 + kv_integer_write(at + 1, value);
    }
    at[bytes] = '\r';
    at[bytes + 1] = '\n';
    out->used += bytes + 2;
}

static bool
is_line_break(char c)
{
    return c == '\r' || c == '\n';
}

void
kv_reply_status(struct kv_buffer *out, const char *text)
{
    KV_REPLY_LITERAL(out, "+");
    kv_buffer_append(out, text, strlen(text));
    KV_REPLY_LITERAL(out, "\r\n");
}

void
kv_reply_error(struct kv_buffer *out, const char *text)
{
    KV_REPLY_LITERAL(out, "-");
    kv_buffer_append(out, text, strlen(text));
    KV_REPLY_LITERAL(out, "\r\n");
}

void
kv_reply_errorf(struct kv_buffer *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    KV_REPLY_LITERAL(out, "-");
    char *text = kv_buffer_space(out, (size_t) length + 1);
    if (text == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, (size_t) length + 1, format, arguments);
    va_end(arguments);

    size_t bytes = (size_t) length;
    while (bytes > 0 && is_line_break(text[bytes - 1]))
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        if (is_line_break(text[i]))
            text[i] = ' ';
    out->used += bytes;
    KV_REPLY_LITERAL(out, "\r\n");
}

void
kv_reply_integer(struct kv_buffer *out, int64_t value)
{
    head(out, ':', value);
}

void
kv_reply_bulk(struct kv_buffer *out, const void *bytes, size_t count)
{
    head(out, '$', (int64_t) count);
    char *at = kv_buffer_space(out, count + 2);
    if (at == NULL)
        return;
    if (count > 0)
        memcpy(at, bytes, count);
    at[count] = '\r';
    at[count + 1] = '\n';
    out->used += count + 2;
}

void
kv_reply_text(struct kv_buffer *out, const char *text)
{
    kv_reply_bulk(out, text, strlen(text));
}

void
kv_reply_array(struct kv_buffer *out, size_t count)
{
    head(out, '*', (int64_t) count);
}

void
kv_reply_null(struct kv_buffer *out, int resp)
{
    if (resp == 2)
        KV_REPLY_LITERAL(out, "$-1\r\n");
    else
        KV_REPLY_LITERAL(out, "_\r\n");
}

void
kv_reply_map(struct kv_buffer *out, int resp, size_t pairs)
{
    if (resp == 2)
        head(out, '*', (int64_t) (2 * pairs));
    else
        head(out, '%', (int64_t) pairs);
}

void
kv_reply_set(struct kv_buffer *out, int resp, size_t count)
{
    head(out, resp == 2 ? '*' : '~', (int64_t) count);
}

void
kv_reply_push(struct kv_buffer *out, int resp, size_t count)
{
    head(out, resp == 2 ? '*' : '>', (int64_t) count);
}

void
kv_reply_double(struct kv_buffer *out, int resp, double value)
{
    char text[40];
    int length;

    if (isinf(value))
        length = snprintf(text, sizeof text, "%s", value > 0 ? "inf" : "-inf");
    else if (isnan(value))
        length = snprintf(text, sizeof text, "nan");
    else
        length = snprintf(text, sizeof text, "%.17g", value);
    if (resp == 2) {
        kv_reply_bulk(out, text, (size_t) length);
        return;
    }
    KV_REPLY_LITERAL(out, ",");
    kv_buffer_append(out, text, (size_t) length);
    KV_REPLY_LITERAL(out, "\r\n");
}

void
kv_reply_verbatim(struct kv_buffer *out, int resp, const char *text, size_t count)
{
    if (resp == 2) {
        kv_reply_bulk(out, text, count);
        return;
    }
    head(out, '=', (int64_t) count + 4);
    KV_REPLY_LITERAL(out, "txt:");
    kv_buffer_append(out, text, count);
    KV_REPLY_LITERAL(out, "\r\n");
}
