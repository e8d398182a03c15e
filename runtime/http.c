/*
 * http.c - the head of a request in HTTP/1.1, as far as one page needs it.
 *
 * Strict where leniency has let requests in through the back door of some proxy: lines end in
 * CR LF, a field has no blank before its colon and no line that continues it, and a request of
 * version 1.1 names its host exactly once. A page of another site that a browser shows cannot
 * leave the host out, but it can choose it: whoever serves more than numbers must check it.
 */
#include "http.h"
#include <errno.h>
#include <string.h>

bool
cyi_http_is(const char *text, size_t bytes, const char *word)
{
    return strlen(word) == bytes && memcmp(text, word, bytes) == 0;
}

const char *
cyi_http_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 414:
        return "URI Too Long";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

/* Letters, digits and what else RFC 9110 lets a token have. */
static bool
is_token(const char *text, size_t bytes)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
            memchr(others, c, sizeof others - 1) == NULL)
            return false;
    }
    return bytes > 0;
}

static bool
is_printable(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char) text[i] <= ' ' || (unsigned char) text[i] >= 0x7f)
            return false;
    return bytes > 0;
}

/* The bytes before the next CR LF; SIZE_MAX when there is none. */
static size_t
line_bytes(const char *text, size_t bytes)
{
    const char *end = memmem(text, bytes, "\r\n", 2);
    return end == NULL ? (size_t) -1 : (size_t) (end - text);
}

static int
read_version(bool *needs_host, const char *text, size_t bytes)
{
    if (bytes != 8 || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.' || text[5] < '0' ||
        text[5] > '9' || text[7] < '0' || text[7] > '9')
        return 400;
    *needs_host = text[7] != '0';
    return text[5] == '1' ? 0 : 505;
}

/* METHOD SP TARGET SP VERSION */
static int
read_first(struct cyi_http_request *out, bool *needs_host, const char *line, size_t bytes)
{
    const char *end = line + bytes;
    const char *target = memchr(line, ' ', bytes);
    if (target == NULL || !is_token(line, (size_t) (target - line)))
        return 400;
    target++;
    const char *version = memchr(target, ' ', (size_t) (end - target));
    if (version == NULL || !is_printable(target, (size_t) (version - target)))
        return 400;
    const char *query = memchr(target, '?', (size_t) (version - target));
    *out = (struct cyi_http_request){
        .method = line,
        .method_bytes = (size_t) (target - 1 - line),
        .path = target,
        .path_bytes = (size_t) ((query != NULL ? query : version) - target),
    };
    return read_version(needs_host, version + 1, (size_t) (end - version - 1));
}

static bool
is_host(const char *name, size_t bytes)
{
    return bytes == 4 && strncasecmp(name, "host", 4) == 0;
}

/* NAME ":" VALUE; false: no field. */
static bool
read_field(int *hosts, const char *line, size_t bytes)
{
    const char *colon = memchr(line, ':', bytes);
    if (colon == NULL || !is_token(line, (size_t) (colon - line)))
        return false;
    for (const char *p = colon + 1; p < line + bytes; p++)
        if (((unsigned char) *p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    *hosts += is_host(line, (size_t) (colon - line));
    return true;
}

/* The lines up to the empty one, all of which are there. */
static int
read_fields(bool needs_host, const char *text, size_t bytes)
{
    int hosts = 0;
    size_t n;
    while ((n = line_bytes(text, bytes)) != 0) {
        if (!read_field(&hosts, text, n))
            return 400;
        text += n + 2;
        bytes -= n + 2;
    }
    return hosts > 1 || (needs_host && hosts == 0) ? 400 : 0;
}

int
cyi_http_read(struct cyi_http_request *out, const char *text, size_t bytes)
{
    struct cyi_http_request request;
    bool needs_host = false;
    size_t seen = bytes < CYI_HTTP_HEAD_MAX ? bytes : CYI_HTTP_HEAD_MAX;
    size_t first = line_bytes(text, seen);
    if (first == (size_t) -1)
        return seen > CYI_HTTP_LINE_MAX ? 414 : -EAGAIN;
    if (first > CYI_HTTP_LINE_MAX)
        return 414;
    int rc = read_first(&request, &needs_host, text, first);
    if (rc != 0)
        return rc;
    if (memmem(text + first, seen - first, "\r\n\r\n", 4) == NULL)
        return seen == CYI_HTTP_HEAD_MAX ? 431 : -EAGAIN;
    rc = read_fields(needs_host, text + first + 2, seen - first - 2);
    if (rc == 0)
        *out = request;
    return rc;
}
