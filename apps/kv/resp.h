/* resp.h - incremental parser of RESP requests: bytes in, commands out, nothing copied. */
#ifndef KV_RESP_H
#define KV_RESP_H

#include "blob.h"
#include "buffer.h"
#include <stdint.h>

#define KV_INLINE_MAX    ((size_t) 64 << 10) /* bytes in a line: inline command or a length */
#define KV_MULTIBULK_MAX INT32_MAX           /* arguments that a request may announce */
#define KV_REQUEST_MAX   ((size_t) 1 << 30)  /* memory that one request may take */
#define KV_READ_MIN      ((size_t) 2 << 10)  /* the receive buffer grows and shrinks */
#define KV_READ_MAX      ((size_t) 64 << 10) /* between these with the traffic */

/* One argument. Its bytes lie in the receive buffer, or in a blob that whoever stores them may
 * take by setting `blob` to NULL. */
struct kv_arg {
    const char *at;
    size_t bytes;
    struct kv_blob *blob;
};

enum kv_parse {
    KV_PARSE_MORE,    /* needs more bytes */
    KV_PARSE_COMMAND, /* argv and argc hold a command */
    KV_PARSE_ERROR,   /* error holds the text of the reply; the connection must be closed */
};

/*
 * All zero is a parser that has seen nothing. The arguments of the commands that it returns
 * gather in `args`, so that several commands can be looked at before the first is run, until
 * kv_parser_release() or kv_parser_space().
 */
struct kv_parser {
    struct kv_arg *args; /* moves with every call; its elements do not */
    uint32_t first;      /* the last command's: args[first] to args[first + argc - 1] */
    uint32_t argc;
    char error[80];

    struct kv_buffer in; /* bytes received: before `at` parsed, behind it not */
    size_t at;
    size_t start; /* where the present request begins */
    uint32_t args_capacity;
    uint32_t missing; /* arguments that the present request still lacks */
    int64_t bulk;     /* announced size of the next one, or NO_BULK */
    bool has_bulk;
    struct kv_blob *blob; /* the next one is received into this; blob->bytes are there */
    size_t blob_memory;   /* held by blobs of the present request */
    uint32_t small_reads; /* in a row */
};

void kv_parser_free(struct kv_parser *parser);

/*
 * Where to put bytes that arrive, and how many at most. False when memory ran out or the
 * request exceeds KV_REQUEST_MAX.
 */
bool kv_parser_space(struct kv_parser *parser, char **at, size_t *bytes);

/* So many bytes were put there. */
void kv_parser_received(struct kv_parser *parser, size_t bytes);

/* Parses on. */
enum kv_parse kv_parser_next(struct kv_parser *parser);

/* Forgets the commands that were returned, and frees the blobs that nobody took. */
void kv_parser_release(struct kv_parser *parser);

static inline struct kv_arg *
kv_parser_argv(const struct kv_parser *parser)
{
    return parser->args + parser->first;
}

#endif
