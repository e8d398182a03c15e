/* http.h - the head of a request in HTTP/1.1 (RFC 9112), as far as one page needs it. Pure. */
#ifndef CYI_HTTP_H
#define CYI_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CYI_HTTP_HEAD_MAX = 8 << 10, /* bytes of a request, to the empty line */
    CYI_HTTP_LINE_MAX = 4 << 10, /* of its first line */
};

struct cyi_http_request {
    const char *method, *path; /* into the request; the path without what follows a ? */
    size_t method_bytes, path_bytes;
};

/* 0: a request has come whole; -EAGAIN: not yet; else the status to refuse it with. */
int cyi_http_read(struct cyi_http_request *out, const char *text, size_t bytes);

/* Compares with a word, byte for byte. */
bool cyi_http_is(const char *text, size_t bytes, const char *word);

/* What a status is called. */
const char *cyi_http_reason(int status);

#endif
