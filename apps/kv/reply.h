/* reply.h - writes replies in RESP2 or RESP3. */
#ifndef KV_REPLY_H
#define KV_REPLY_H

#include "buffer.h"
#include <stdint.h>

/* "+text"; no line break in it. */
void kv_reply_status(struct kv_buffer *out, const char *text);

/* "-text": the first word is the kind, as in "ERR syntax error". */
void kv_reply_error(struct kv_buffer *out, const char *text);

/* As above from a format; line breaks become blanks, those at the end go. */
__attribute__((format(printf, 2, 3))) void kv_reply_errorf(struct kv_buffer *out,
                                                           const char *format, ...);

void kv_reply_integer(struct kv_buffer *out, int64_t value);
void kv_reply_bulk(struct kv_buffer *out, const void *bytes, size_t count);
void kv_reply_text(struct kv_buffer *out, const char *text); /* bulk of a C string */
void kv_reply_array(struct kv_buffer *out, size_t count);    /* followed by its elements */

/* These differ by protocol version: resp is 2 or 3. */
void kv_reply_null(struct kv_buffer *out, int resp);
void kv_reply_map(struct kv_buffer *out, int resp, size_t pairs);
void kv_reply_set(struct kv_buffer *out, int resp, size_t count);
void kv_reply_push(struct kv_buffer *out, int resp, size_t count);
void kv_reply_double(struct kv_buffer *out, int resp, double value);
void kv_reply_verbatim(struct kv_buffer *out, int resp, const char *text, size_t count);

#define KV_REPLY_LITERAL(out, text) kv_buffer_append(out, text, sizeof(text) - 1)
#define kv_reply_ok(out)            KV_REPLY_LITERAL(out, "+OK\r\n")

#endif
