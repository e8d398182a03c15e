#include "http.h"
#include "loopback.h"
#include "metrics_node.h"

#include <stdlib.h>
#include <unistd.h>

/* A listener of the test's, whose connections the service gets. */
static cy_socket *listener;
static cy_address place;

static int
pass_on(void *arg)
{
    cy_socket *socket;
    (void) arg;
    while (cy_tcp_accept(&socket, listener, CY_FOREVER) == 0)
        cyi_metrics_take(cyi_self->node->metrics, socket);
    return 0;
}

static int
open_page(void)
{
    static const struct cy_task_options daemon = {.daemon = true};
    CHECK(listen_on(&listener, &place, "127.0.0.1", NULL) == 0);
    CHECK(cy_task_spawn(NULL, pass_on, NULL, &daemon) == 0);
    return 0;
}

static int
wait_until_served(void)
{
    struct cyi_metrics *metrics = cyi_self->node->metrics;
    while (metrics->clients != 0)
        CHECK(cy_sleep(CY_MILLISECOND) == 0);
    return 0;
}

/* All that comes until the other side ends. */
static ssize_t
read_all(char *text, size_t size, cy_socket *socket)
{
    size_t n = 0;
    ssize_t rc;
    while ((rc = cy_read(socket, text + n, size - 1 - n, SOON)) > 0)
        n += (size_t) rc;
    text[n] = '\0';
    return rc < 0 ? rc : (ssize_t) n;
}

static char answer[64 << 10];

/* The status of the answer to these bytes; 0: none came. */
static int
ask(const char *request, size_t bytes)
{
    cy_socket *socket;
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    CHECK(cy_write(socket, request, bytes, SOON) == (ssize_t) bytes);
    ssize_t n = read_all(answer, sizeof answer, socket);
    cy_close(&socket);
    CHECK(n >= 0);
    if (n == 0)
        return 0;
    CHECK(memcmp(answer, "HTTP/1.1 ", 9) == 0);
    return (int) strtol(answer + 9, NULL, 10);
}

static int
ask_text(const char *request)
{
    return ask(request, strlen(request));
}

static size_t
announced(void)
{
    const char *at = strstr(answer, "\r\nContent-Length: ");
    return at == NULL ? 0 : strtoul(at + 18, NULL, 10);
}

static const char *
body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end == NULL ? "" : end + 4;
}

#define GET "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"

static int
get_the_page(void *arg)
{
    (void) arg;
    CHECK(open_page() == 0);
    CHECK(ask_text(GET) == 200);
    CHECK(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK(strstr(answer, "\r\nConnection: close\r\n") != NULL);
    CHECK(strstr(body(), "\ncycos_tasks{core=\"1\"} ") != NULL);
    CHECK(announced() == strlen(body()));
    CHECK(ask_text("GET /metrics?x=/y HTTP/1.0\r\n\r\n") == 200);
    CHECK(ask_text("HEAD /metrics HTTP/1.1\r\nHost: here\r\n\r\n") == 200);
    CHECK(announced() > 1000 && body()[0] == '\0');
    CHECK(wait_until_served() == 0);
    CHECK(cyi_self->node->metrics->served == 3 && cyi_self->node->metrics->refused == 0);
    return 0;
}

static void
shows_the_page_to_who_asks_for_it(void)
{
    run_metrics_node(2, get_the_page);
}

static int
ask_for_other_things(void *arg)
{
    (void) arg;
    CHECK(open_page() == 0);
    CHECK(ask_text("GET / HTTP/1.1\r\nHost: here\r\n\r\n") == 404);
    CHECK(strcmp(body(), "404 Not Found\n") == 0 && announced() == strlen(body()));
    CHECK(ask_text("GET /metrics/ HTTP/1.1\r\nHost: here\r\n\r\n") == 404);
    CHECK(ask_text("GET /METRICS HTTP/1.1\r\nHost: here\r\n\r\n") == 404);
    CHECK(ask_text("get /metrics HTTP/1.1\r\nHost: here\r\n\r\n") == 405);
    CHECK(ask_text("POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc") ==
          405);
    CHECK(strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL);
    CHECK(ask_text("GET /metrics HTTP/1.1\r\n\r\n") == 400);
    CHECK(ask_text("GET /metrics HTTP/2.0\r\nHost: here\r\n\r\n") == 505);
    CHECK(ask_text("\x16\x03\x01\x02\r\n\r\n") == 400);
    CHECK(ask_text(GET) == 200);
    return 0;
}

static void
refuses_everything_else_by_its_status(void)
{
    run_metrics_node(1, ask_for_other_things);
}

/* One byte past the limits; the answer comes whole although more was sent than was read. */
static int
ask_at_length(void *arg)
{
    static char text[4 * CYI_HTTP_HEAD_MAX];
    (void) arg;
    CHECK(open_page() == 0);
    memset(text, 'a', sizeof text);
    CHECK(ask(text, sizeof text) == 414);
    int n = snprintf(text, sizeof text, "GET /metrics HTTP/1.1\r\nHost: here\r\nX: ");
    text[n] = 'a';
    CHECK(ask(text, sizeof text) == 431);
    memcpy(text + CYI_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    CHECK(ask(text, CYI_HTTP_HEAD_MAX) == 200);
    memset(text + CYI_HTTP_HEAD_MAX - 4, 'a', 4);
    memcpy(text + CYI_HTTP_HEAD_MAX - 3, "\r\n\r\n", 4);
    CHECK(ask(text, CYI_HTTP_HEAD_MAX + 1) == 431);
    CHECK(wait_until_served() == 0);
    return 0;
}

static void
bounds_what_it_reads(void)
{
    run_metrics_node(1, ask_at_length);
}

static int
ask_by_and_by(void *arg)
{
    static const char request[] = GET;
    cy_socket *socket;
    (void) arg;
    CHECK(open_page() == 0);
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        CHECK(cy_write(socket, request + i, 1, SOON) == 1);
        CHECK(cy_yield() == 0);
    }
    CHECK(read_all(answer, sizeof answer, socket) > 0 &&
          strstr(answer, "HTTP/1.1 200 ") == answer);
    cy_close(&socket);
    return 0;
}

static void
takes_a_request_byte_by_byte(void)
{
    run_metrics_node(1, ask_by_and_by);
}

/* Nothing, half a request, and half of one that is then ended. */
static int
ask_by_halves(void *arg)
{
    cy_socket *socket;
    (void) arg;
    CHECK(open_page() == 0);
    cyi_self->node->metrics->limits.read_ns = CY_MILLISECOND;
    CHECK(ask("", 0) == 0);
    CHECK(ask_text("GET /metrics") == 408);
    cyi_self->node->metrics->limits.read_ns = CY_HOUR;
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    CHECK(cy_write(socket, "GET", 3, SOON) == 3 && cy_shutdown_write(socket) == 0);
    CHECK(read_all(answer, sizeof answer, socket) > 0 &&
          strstr(answer, "HTTP/1.1 400 ") == answer);
    cy_close(&socket);
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0 && cy_shutdown_write(socket) == 0);
    CHECK(read_all(answer, sizeof answer, socket) == 0);
    cy_close(&socket);
    CHECK(wait_until_served() == 0);
    return 0;
}

static void
waits_only_so_long_for_a_request(void)
{
    run_metrics_node(1, ask_by_halves);
}

static int
ask_in_a_crowd(void *arg)
{
    struct cyi_metrics *metrics = cyi_self->node->metrics;
    cy_socket *crowd[CYI_METRICS_CLIENTS_MAX];
    (void) arg;
    metrics->limits.read_ns = CY_HOUR;
    CHECK(open_page() == 0);
    for (int i = 0; i < CYI_METRICS_CLIENTS_MAX; i++)
        CHECK(cy_tcp_connect(&crowd[i], &place, SOON) == 0);
    while (metrics->clients < CYI_METRICS_CLIENTS_MAX)
        CHECK(cy_sleep(CY_MILLISECOND) == 0);
    CHECK(ask("", 0) == 503);
    CHECK(metrics->refused == 1 && metrics->clients == CYI_METRICS_CLIENTS_MAX);
    CHECK(cy_write(crowd[0], GET, sizeof GET - 1, SOON) > 0);
    CHECK(read_all(answer, sizeof answer, crowd[0]) > 0 &&
          strstr(answer, "HTTP/1.1 200 ") == answer);
    for (int i = 0; i < CYI_METRICS_CLIENTS_MAX; i++)
        cy_close(&crowd[i]);
    CHECK(wait_until_served() == 0);
    CHECK(ask_text(GET) == 200);
    return 0;
}

static void
refuses_more_clients_than_it_serves_at_a_time(void)
{
    run_metrics_node(1, ask_in_a_crowd);
}

static ssize_t
take_nothing(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    (void) os, (void) fd, (void) parts, (void) count;
    return -EAGAIN;
}

/* Who does not take the answer is let go, and so is who does not close. */
static int
ask_and_dawdle(void *arg)
{
    struct cyi_metrics *metrics = cyi_self->node->metrics;
    cy_socket *socket;
    (void) arg;
    CHECK(open_page() == 0);
    metrics->limits.write_ns = metrics->limits.drain_ns = CY_MILLISECOND;
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    CHECK(cy_write(socket, GET, sizeof GET - 1, SOON) > 0);
    use_fake_calls()->writev = take_nothing;
    CHECK(cy_read(socket, answer, sizeof answer, SOON) == 0);
    use_real_calls();
    cy_close(&socket);
    CHECK(wait_until_served() == 0 && metrics->served == 0);
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    CHECK(cy_write(socket, GET, sizeof GET - 1, SOON) > 0);
    while (metrics->served == 0)
        CHECK(cy_sleep(CY_MILLISECOND) == 0);
    CHECK(wait_until_served() == 0); /* and we have not closed */
    cy_close(&socket);
    return 0;
}

static void
waits_only_so_long_for_who_does_not_read(void)
{
    run_metrics_node(1, ask_and_dawdle);
}

/* It goes on sending: so much is read, then it gets the reset that it asks for. */
static int
ask_and_talk_on(void *arg)
{
    struct cyi_metrics *metrics = cyi_self->node->metrics;
    cy_socket *socket;
    (void) arg;
    metrics->limits.drain_ns = CY_HOUR;
    CHECK(open_page() == 0);
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    CHECK(cy_write(socket, GET, sizeof GET - 1, SOON) > 0);
    memset(answer, 'x', sizeof answer);
    while (metrics->served == 0 || metrics->clients != 0)
        if (cy_write(socket, answer, sizeof answer, cy_after(10 * CY_MILLISECOND)) < 0)
            break;
    CHECK(wait_until_served() == 0);
    cy_close(&socket);
    return 0;
}

static void
reads_only_so_much_beyond_the_request(void)
{
    run_metrics_node(1, ask_and_talk_on);
}

/* Shutdown ends those who wait, and the tasks that answer. */
static int
end_amidst(void *arg)
{
    cy_socket *socket;
    (void) arg;
    cyi_self->node->metrics->limits.read_ns = CY_HOUR;
    CHECK(open_page() == 0);
    CHECK(cy_tcp_connect(&socket, &place, SOON) == 0);
    while (cyi_self->node->metrics->clients == 0)
        CHECK(cy_sleep(CY_MILLISECOND) == 0);
    cy_close(&socket);
    cy_shutdown(0);
    return 0;
}

static void
ends_with_the_node(void)
{
    run_metrics_node(2, end_amidst);
}

static int
get_from_port(void *arg)
{
    struct cy_options *options = arg;
    CHECK(cy_address_parse(&place, options->metrics_node, (uint16_t) options->metrics_port) ==
          0);
    CHECK(ask_text(GET) == 200);
    return 0;
}

/* A port that was free a moment ago; somebody may take it before we do. */
static void
listens_where_the_options_say(void)
{
    struct cy_options options;
    int rc = -1;
    for (int i = 0; i < 20 && rc != 0; i++) {
        cy_node_options(&options, 2);
        options.metrics_node = "127.0.0.2";
        options.stack_bytes = 16 << 10; /* the smallest that there is */
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
        socklen_t size = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &at, size), 0);
        CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &at, &size), 0);
        close(fd);
        options.metrics_port = ntohs(at.sin_port);
        rc = cy_node_run_with(&options, get_from_port, &options);
    }
    CU_ASSERT_EQUAL(rc, 0);
}

static int
run_beside(void *arg)
{
    (void) arg;
    return 0;
}

static void
says_why_it_cannot_listen(void)
{
    struct cy_options options;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &at, size), 0);
    CU_ASSERT_EQUAL(listen(fd, 1), 0);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &at, &size), 0);
    cy_node_options(&options, 1);
    options.metrics_port = ntohs(at.sin_port);
    CU_ASSERT_EQUAL(cy_run(&options, run_beside, NULL), -EADDRINUSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "metrics at 127.0.0.1, port "));
    options.metrics_node = "192.0.2.1"; /* of nobody */
    CU_ASSERT_EQUAL(cy_run(&options, run_beside, NULL), -EADDRNOTAVAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "metrics at 192.0.2.1, port "));
    close(fd);
}

CY_TEST_MAIN("runtime.metrics_serve", CY_TEST(shows_the_page_to_who_asks_for_it),
             CY_TEST(refuses_everything_else_by_its_status), CY_TEST(bounds_what_it_reads),
             CY_TEST(takes_a_request_byte_by_byte), CY_TEST(waits_only_so_long_for_a_request),
             CY_TEST(refuses_more_clients_than_it_serves_at_a_time),
             CY_TEST(waits_only_so_long_for_who_does_not_read),
             CY_TEST(reads_only_so_much_beyond_the_request), CY_TEST(ends_with_the_node),
             CY_TEST(listens_where_the_options_say), CY_TEST(says_why_it_cannot_listen))
