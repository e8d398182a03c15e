/*
 * metrics_serve.c - a node's numbers over HTTP: one page, for few clients, one request each.
 *
 * What a client can take is bounded: so many at a time, so many bytes, so long. After the
 * answer the connection is read to its end for a moment, as closing it with something unread
 * would send a reset, and that may overtake the answer.
 */
#include "metrics_serve.h"
#include "http.h"
#include "metrics_text.h"
#include "task.h"
#include <cycos/impl/io.h>
#include <cycos/impl/log.h>
#include <cycos/impl/metrics.h>
#include <cycos/impl/node.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLER_MAILBOX = 64, ANSWER_HEAD_MAX = 256 };

/* One connection; the task owns it. */
struct client {
    struct cyi_metrics *metrics;
    cy_socket *socket;
    size_t bytes;
    char request[CYI_HTTP_HEAD_MAX];
};

/* An answer without a page says its status in words. */
struct page {
    int status;
    const char *type;
    char *text;
    size_t bytes;
    bool only_head;
};

static int
write_page(struct client *client, const struct page *page)
{
    char head[ANSWER_HEAD_MAX], words[64];
    const char *type = page->text != NULL ? page->type : "text/plain; charset=utf-8";
    int said =
        snprintf(words, sizeof words, "%d %s\n", page->status, cyi_http_reason(page->status));
    struct iovec parts[2] = {{.iov_base = head}, {.iov_base = words, .iov_len = (size_t) said}};
    if (page->text != NULL)
        parts[1] = (struct iovec){page->text, page->bytes};
    parts[0].iov_len = (size_t) snprintf(
        head, sizeof head,
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: "
        "close\r\n\r\n",
        page->status, cyi_http_reason(page->status), type, parts[1].iov_len,
        page->status == 405 ? "Allow: GET, HEAD\r\n" : "");
    ssize_t n = cy_writev(client->socket, parts, page->only_head ? 1 : 2,
                          cy_after(client->metrics->limits.write_ns));
    return n < 0 ? (int) n : 0;
}

/* 0 and the request, a status to refuse it with, or an error: then nobody waits for a word. */
static int
read_request(struct cyi_http_request *out, struct client *client)
{
    cy_time deadline = cy_after(client->metrics->limits.read_ns);
    for (;;) {
        ssize_t n = cy_read(client->socket, client->request + client->bytes,
                            sizeof client->request - client->bytes, deadline);
        if (n == -ETIMEDOUT && client->bytes > 0)
            return 408;
        if (n <= 0)
            return n < 0 ? (int) n : client->bytes > 0 ? 400 : -ECONNRESET;
        client->bytes += (size_t) n;
        int rc = cyi_http_read(out, client->request, client->bytes);
        if (rc != -EAGAIN)
            return rc;
    }
}

static int
make_page(struct page *page, struct client *client)
{
    struct cyi_http_request request;
    int rc = read_request(&request, client);
    if (rc != 0) {
        page->status = rc;
        return rc < 0 ? rc : 0;
    }
    page->only_head = cyi_http_is(request.method, request.method_bytes, "HEAD");
    if (!page->only_head && !cyi_http_is(request.method, request.method_bytes, "GET")) {
        page->status = 405;
        return 0;
    }
    if (!cyi_http_is(request.path, request.path_bytes, "/metrics")) {
        page->status = 404;
        return 0;
    }
    rc = cyi_metrics_collect(&page->text, &page->bytes, client->metrics);
    page->status = rc == 0 ? 200 : 500;
    return rc == -ECANCELED ? rc : 0;
}

static void
drain(struct client *client)
{
    cy_time deadline = cy_after(client->metrics->limits.drain_ns);
    size_t bytes = 0;
    ssize_t n;
    if (cy_shutdown_write(client->socket) != 0)
        return;
    do {
        n = cy_read(client->socket, client->request, sizeof client->request, deadline);
        bytes += n > 0 ? (size_t) n : 0;
    } while (n > 0 && bytes < CYI_METRICS_DRAIN_MAX);
}

static int
serve(void *arg)
{
    struct client *client = arg;
    struct page page = {.type = CYI_METRICS_CONTENT_TYPE};
    if (make_page(&page, client) == 0 && write_page(client, &page) == 0) {
        client->metrics->served++;
        drain(client);
    }
    free(page.text);
    cy_close(&client->socket);
    client->metrics->clients--;
    free(client);
    return 0;
}

/* As much as goes out at once: who is refused is not waited for. */
static void
refuse(struct cyi_metrics *metrics, cy_socket *socket)
{
    static const char word[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    struct iovec part = {.iov_base = (void *) word, .iov_len = sizeof word - 1};
    metrics->refused++;
    (void) !cyi_stream_try_writev(socket, &part, 1);
    cy_close(&socket);
}

void
cyi_metrics_take(struct cyi_metrics *metrics, cy_socket *socket)
{
    struct client *client =
        metrics->clients < CYI_METRICS_CLIENTS_MAX ? malloc(sizeof *client) : NULL;
    if (client == NULL) {
        refuse(metrics, socket);
        return;
    }
    client->metrics = metrics;
    client->socket = socket;
    client->bytes = 0;
    metrics->clients++;
    if (cyi_daemon_start(cyi_self, serve, client, "metrics.client") == 0)
        return;
    metrics->clients--;
    free(client);
    refuse(metrics, socket);
}

static int
accept_all(void *arg)
{
    struct cyi_metrics *metrics = cyi_self->node->metrics;
    cy_socket *listener = arg;
    cy_socket *socket;
    for (;;) {
        int rc = cy_tcp_accept(&socket, listener, CY_FOREVER);
        if (rc == 0)
            cyi_metrics_take(metrics, socket);
        else if (rc == -ECANCELED || rc == -EBADF)
            return 0;
        else if (cy_sleep(10 * CY_MILLISECOND) != 0) /* out of descriptors or memory */
            return 0;
    }
}

static int
start_sampler(struct cyi_metrics *metrics, struct cyi_core *core)
{
    struct cyi_task *task;
    struct cyi_spawn spawn = {
        .fn = (void *) cyi_metrics_sample,
        .name = "metrics.core",
        .mailbox_max = SAMPLER_MAILBOX,
        .flags = CYI_TASK_DAEMON,
        .stack_class = cyi_stack_class(core->node->options->stack_bytes),
    };
    int rc = cyi_task_start(core, &task, &spawn);
    if (rc == 0)
        metrics->samplers[core->index] = cyi_task_ref(core, task);
    return rc;
}

int
cyi_metrics_create(struct cyi_metrics **out, struct cyi_node *node)
{
    struct cyi_metrics *metrics =
        calloc(1, sizeof *metrics + node->core_count * sizeof *metrics->samplers);
    if (metrics == NULL)
        return -ENOMEM;
    metrics->node = node;
    metrics->limits = (struct cyi_metrics_limits){
        .read_ns = 5 * CY_SECOND,
        .sample_ns = 2 * CY_SECOND,
        .write_ns = 10 * CY_SECOND,
        .drain_ns = CY_SECOND,
    };
    int rc = cyi_metrics_add(node, &cyi_metrics_own);
    for (uint16_t i = 0; rc == 0 && i < node->core_count; i++)
        rc = start_sampler(metrics, node->cores[i]);
    if (rc == 0)
        *out = metrics;
    else
        free(metrics);
    return rc;
}

static int
listen_at(cy_socket **out, struct cyi_node *node)
{
    const struct cy_options *options = node->options;
    const char *host = options->metrics_node != NULL ? options->metrics_node : "127.0.0.1";
    cy_address address;
    int rc = cyi_address_lookup(&address, host, node->os);
    if (rc != 0)
        return rc;
    in_port_t port = htons((uint16_t) options->metrics_port);
    if (address.u.any.sa_family == AF_INET6)
        address.u.v6.sin6_port = port;
    else
        address.u.v4.sin_port = port;
    return cyi_tcp_listen(out, node->cores[0], &address, NULL);
}

static void
tell(const struct cyi_node *node, const cy_socket *listener)
{
    cy_address address;
    char text[CY_ADDRESS_TEXT_MAX];
    if (cy_socket_local(&address, listener) != 0)
        return;
    cy_address_format(text, sizeof text, &address);
    cyi_log_write(node->log, NULL, CY_LOG_INFO, "metrics.listen", "address=%s", text);
}

int
cyi_metrics_open(struct cyi_node *node, char *why, size_t size)
{
    struct cyi_core *self = cyi_self;
    cy_socket *listener;
    if (node->options->metrics_port == 0)
        return 0;
    cyi_core_enter(node->cores[0]);
    int rc = cyi_metrics_create(&node->metrics, node);
    if (rc == 0)
        rc = listen_at(&listener, node);
    if (rc == 0)
        tell(node, listener);
    if (rc == 0)
        rc = cyi_daemon_start(node->cores[0], accept_all, listener, "metrics.listen");
    if (rc != 0)
        snprintf(why, size, "metrics at %s, port %u: %s",
                 node->options->metrics_node != NULL ? node->options->metrics_node
                                                     : "127.0.0.1",
                 node->options->metrics_port, cy_strerror(rc));
    cyi_core_enter(self);
    return rc;
}

void
cyi_metrics_close(struct cyi_node *node)
{
    free(node->metrics);
    node->metrics = NULL;
}
