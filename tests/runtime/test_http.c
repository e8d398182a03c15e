#include "cy_test.h"
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
status_of(const char *text)
{
    struct cyi_http_request request;
    return cyi_http_read(&request, text, strlen(text));
}

static void
reads_method_and_path(void)
{
    static const char text[] =
        "GET /metrics?name=x HTTP/1.1\r\nHost: here\r\nA:\t b \r\n\r\nmore";
    struct cyi_http_request request;
    CY_OK(cyi_http_read(&request, text, sizeof text - 1));
    CU_ASSERT_TRUE(cyi_http_is(request.method, request.method_bytes, "GET"));
    CU_ASSERT_TRUE(cyi_http_is(request.path, request.path_bytes, "/metrics"));
    CU_ASSERT_FALSE(cyi_http_is(request.path, request.path_bytes, "/metric"));
    CU_ASSERT_FALSE(cyi_http_is(request.path, request.path_bytes, "/metrics?"));
    CY_OK(status_of("HEAD / HTTP/1.0\r\n\r\n"));
}

/* Whatever comes first, it is only asked for more, until the last byte is there. */
static void
waits_for_the_empty_line(void)
{
    static const char text[] = "GET /metrics HTTP/1.1\r\nHost: here\r\nAccept: a\r\n\r\n";
    struct cyi_http_request request;
    for (size_t n = 0; n < sizeof text - 1; n++)
        CU_ASSERT_EQUAL(cyi_http_read(&request, text, n), -EAGAIN);
    CY_OK(cyi_http_read(&request, text, sizeof text - 1));
}

static void
refuses_what_is_no_request(void)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / a HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/a.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.x\r\nHost: a\r\n\r\n",
        "GET / HTTP-1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nName : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n continued: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nName: a\nb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nName: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nName: \x7f\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_EQUAL(status_of(bad[i]), 400);
}

static void
wants_one_host(void)
{
    CY_FAILS(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
    CY_FAILS(status_of("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"), 400);
    CY_FAILS(status_of("GET / HTTP/1.1\r\nHosts: a\r\n\r\n"), 400);
    CY_FAILS(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    CY_OK(status_of("GET / HTTP/1.1\r\nhost:\r\n\r\n"));
}

static void
knows_one_version(void)
{
    CY_FAILS(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    CY_FAILS(status_of("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505);
    CY_OK(status_of("GET / HTTP/1.9\r\nHost: a\r\n\r\n"));
}

/* "GET /aaa HTTP/1.1\r\nHost: a\r\nB: bbb\r\n\r\n", its first line and the whole so long. */
static char *
request_of(size_t line, size_t whole)
{
    static const char tail[] = " HTTP/1.1\r\nHost: a\r\nB: ";
    char *text = malloc(whole + 1);
    memset(text, 'a', whole);
    text[whole] = '\0';
    memcpy(text, "GET /", 5);
    memcpy(text + line - 9, tail, sizeof tail - 1);
    memcpy(text + whole - 4, "\r\n\r\n", 4);
    return text;
}

static void
bounds_the_first_line_and_the_whole(void)
{
    char *text = request_of(CYI_HTTP_LINE_MAX, CYI_HTTP_HEAD_MAX);
    CY_OK(status_of(text));
    free(text);
    text = request_of(CYI_HTTP_LINE_MAX + 1, CYI_HTTP_HEAD_MAX);
    CY_FAILS(status_of(text), 414);
    free(text);
    text = request_of(100, CYI_HTTP_HEAD_MAX + 1);
    CY_FAILS(status_of(text), 431);
    free(text);
}

static void
does_not_wait_for_a_line_that_is_too_long_already(void)
{
    char *text = malloc(CYI_HTTP_LINE_MAX + 2);
    memset(text, 'a', CYI_HTTP_LINE_MAX + 1);
    text[CYI_HTTP_LINE_MAX + 1] = '\0';
    CY_FAILS(status_of(text), 414);
    text[CYI_HTTP_LINE_MAX] = '\0';
    CY_FAILS(status_of(text), -EAGAIN);
    free(text);
}

static void
leaves_the_result_alone_on_failure(void)
{
    struct cyi_http_request request = {.method = "x"};
    CY_FAILS(cyi_http_read(&request, "GET /\r\n\r\n", 9), 400);
    CY_FAILS(cyi_http_read(&request, "GET / HTTP/1.1\r\n", 16), -EAGAIN);
    CY_FAILS(cyi_http_read(&request, "GET / HTTP/1.1\r\n\r\n", 18), 400);
    CU_ASSERT_STRING_EQUAL(request.method, "x");
}

static void
has_a_word_for_each_status(void)
{
    static const int statuses[] = {200, 400, 404, 405, 408, 414, 431, 503, 505};
    const char *other = cyi_http_reason(500);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        CU_ASSERT_STRING_NOT_EQUAL(cyi_http_reason(statuses[i]), other);
}

CY_TEST_MAIN("runtime.http", CY_TEST(reads_method_and_path), CY_TEST(waits_for_the_empty_line),
             CY_TEST(refuses_what_is_no_request), CY_TEST(wants_one_host),
             CY_TEST(knows_one_version), CY_TEST(bounds_the_first_line_and_the_whole),
             CY_TEST(does_not_wait_for_a_line_that_is_too_long_already),
             CY_TEST(leaves_the_result_alone_on_failure), CY_TEST(has_a_word_for_each_status))
