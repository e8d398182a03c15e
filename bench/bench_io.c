/*
 * bench_io.c - sockets over loopback: round trips, bulk, connections per second.
 *
 * `io.raw` is the floor: the four system calls of a round trip in one thread, without any
 * waiting. `io.echo` is the same by tasks, on one core or client and server on two, with so
 * many connections at once; `ns` is the time per round trip of all of them together.
 */
#include <cycos/io.h>
#include <cycos/run.h>
#include <cycos/task.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, BYTES = 64, CONNECTIONS_MAX = 50, BULK = 256 << 10 };

struct plan {
    const char *name;
    uint16_t cores, connections;
    int (*measure)(double *ns, const struct plan *plan);
    long count;
};

static cy_address server_address;
static char bulk[BULK];

static int
stop(const char *what, ssize_t rc)
{
    fprintf(stderr, "bench_io: %s: %s\n", what, cy_strerror((int) rc));
    exit(1);
}

/* All that a call must return, or the end. */
static void
want(const char *what, ssize_t rc, ssize_t wanted)
{
    if (rc != wanted)
        stop(what, rc < 0 ? rc : -EIO);
}

static int
serve_one(void *arg)
{
    cy_socket *socket = arg;
    char *text = malloc(BULK);
    ssize_t n;
    while ((n = cy_read(socket, text, BULK, CY_FOREVER)) > 0) {
        if (text[0] != 'b') /* bulk is only taken */
            want("write", cy_write(socket, text, (size_t) n, CY_FOREVER), n);
    }
    free(text);
    cy_close(&socket);
    return 0;
}

static int
serve(void *arg)
{
    cy_socket *listener = arg, *socket;
    while (cy_tcp_accept(&socket, listener, CY_FOREVER) == 0)
        want("spawn", cy_task_spawn(NULL, serve_one, socket, NULL), 0);
    cy_close(&listener);
    return 0;
}

/* Listens on its own core, the last, and tells where. */
static int
start_server(void *arg)
{
    static const struct cy_task_options daemon = {.daemon = true};
    cy_socket *listener;
    (void) arg;
    want("parse", cy_address_parse(&server_address, "127.0.0.1", 0), 0);
    want("listen", cy_tcp_listen(&listener, &server_address, NULL), 0);
    want("local", cy_socket_local(&server_address, listener), 0);
    return cy_task_spawn(NULL, serve, listener, &daemon);
}

static cy_socket *
dial(void)
{
    cy_socket *socket = NULL;
    want("connect", cy_tcp_connect(&socket, &server_address, CY_FOREVER), 0);
    return socket;
}

static int
ask(void *arg)
{
    char text[BYTES] = "ask", answer[2 * BYTES]; /* a read that asks for more ends at once */
    long count = *(const long *) arg;
    cy_socket *socket = dial();
    while (count-- > 0) {
        want("write", cy_write(socket, text, sizeof text, CY_FOREVER), sizeof text);
        want("read", cy_read(socket, answer, sizeof answer, CY_FOREVER), sizeof text);
    }
    cy_close(&socket);
    return 0;
}

static cy_time
real_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (cy_time) t.tv_sec * CY_SECOND + t.tv_nsec;
}

static int
measure_echo(double *ns, const struct plan *plan)
{
    static const struct cy_task_options joinable = {.joinable = true};
    cy_ref clients[CONNECTIONS_MAX];
    long each = plan->count / plan->connections;
    cy_time begin = real_now();
    for (uint16_t i = 0; i < plan->connections; i++)
        want("spawn", cy_task_spawn(&clients[i], ask, &each, &joinable), 0);
    for (uint16_t i = 0; i < plan->connections; i++)
        want("join", cy_join(NULL, clients[i], CY_FOREVER), 0);
    *ns = (double) (real_now() - begin) / (double) (each * plan->connections);
    return 0;
}

static int
measure_accept(double *ns, const struct plan *plan)
{
    char c;
    cy_time begin = real_now();
    for (long i = 0; i < plan->count; i++) {
        cy_socket *socket = dial();
        want("shutdown", cy_shutdown_write(socket), 0);
        want("read", cy_read(socket, &c, 1, CY_FOREVER), 0);
        cy_close(&socket);
    }
    *ns = (double) (real_now() - begin) / (double) plan->count;
    return 0;
}

static int
measure_bulk(double *ns, const struct plan *plan)
{
    cy_socket *socket = dial();
    char c;
    cy_time begin = real_now();
    for (long i = 0; i < plan->count; i++)
        want("write", cy_write(socket, bulk, sizeof bulk, CY_FOREVER), sizeof bulk);
    want("shutdown", cy_shutdown_write(socket), 0);
    want("read", cy_read(socket, &c, 1, CY_FOREVER), 0);
    *ns = (double) (real_now() - begin) / ((double) plan->count * sizeof bulk / 1024);
    cy_close(&socket);
    return 0;
}

static int
measure_raw(double *ns, const struct plan *plan)
{
    int fd[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char text[BYTES] = "ask";
    want("bind", bind(listener, (struct sockaddr *) &at, size) | listen(listener, 1), 0);
    want("local", getsockname(listener, (struct sockaddr *) &at, &size), 0);
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    want("connect", connect(fd[0], (struct sockaddr *) &at, size), 0);
    fd[1] = accept(listener, NULL, NULL);
    cy_time begin = real_now();
    for (long i = 0; i < 2 * plan->count; i++) {
        want("send", send(fd[i & 1], text, sizeof text, 0), sizeof text);
        want("recv", recv(fd[~i & 1], text, sizeof text, 0), sizeof text);
    }
    *ns = (double) (real_now() - begin) / (double) plan->count;
    close(fd[0]);
    close(fd[1]);
    close(listener);
    return 0;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static int
measure(void *arg)
{
    static const struct cy_task_options joinable = {.joinable = true};
    const struct plan *plan = arg;
    double ns[RUNS];
    cy_ref server;
    uint16_t core = (uint16_t) (plan->cores - 1);
    want("spawn", cy_task_spawn_on(&server, core, start_server, NULL, &joinable), 0);
    want("join", cy_join(NULL, server, CY_FOREVER), 0);
    for (int i = 0; i < RUNS; i++)
        plan->measure(&ns[i], plan);
    qsort(ns, RUNS, sizeof ns[0], compare);
    printf("{\"bench\":\"io.%s\",\"cores\":%u,\"connections\":%u,\"ns\":%.1f,\"ns_min\":%.1f,"
           "\"ns_max\":%.1f}\n",
           plan->name, plan->cores, plan->connections, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
    fflush(stdout);
    return 0;
}

static void
run(struct plan *plan)
{
    struct cy_options options;
    if (plan->cores > sysconf(_SC_NPROCESSORS_ONLN))
        return;
    cy_options_init(&options);
    options.cores = plan->cores;
    options.stall_ns = 0; /* the raw calls hog their core on purpose */
    want("run", cy_run(&options, measure, plan), 0);
    cy_options_fini(&options);
}

int
main(void)
{
    struct plan plans[] = {
        {"raw", 1, 1, measure_raw, 30000},       {"echo", 1, 1, measure_echo, 30000},
        {"echo", 1, 50, measure_echo, 30000},    {"echo", 2, 1, measure_echo, 30000},
        {"echo", 2, 50, measure_echo, 30000},    {"connect", 1, 1, measure_accept, 3000},
        {"connect", 2, 1, measure_accept, 3000}, {"bulk_kib", 1, 1, measure_bulk, 1000},
        {"bulk_kib", 2, 1, measure_bulk, 1000},
    };
    memset(bulk, 'b', sizeof bulk);
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        run(&plans[i]);
    return 0;
}
