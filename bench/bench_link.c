/*
 * bench_link.c - messages between two processes on this host, beside the bare system calls.
 *
 * A child is the server, this process the client; on one CPU both share it, on two each has its
 * own and spins for a while before it sleeps. `raw` is a plain epoll program: the floor of a
 * round trip, and for `oneway` the same bytes as a stream that is only read; `raw_spin` does
 * not ask epoll but reads until something is there. `rti` starts a task over there by a method
 * and hears that it runs; `deliver` hears that a message is in the mailbox. `far` leads
 * through a proxy that holds each byte for half of `rtt_us`: it needs a CPU too, so compare
 * these only with each other.
 */
#include "delay.h"
#include <cycos/peer.h>
#include <cycos/run.h>
#include <cycos/task.h>

#include <cycos/mailbox.h>
#include <cycos/rti.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 7, BYTES = 64, BATCH = 32 << 10 };

struct plan {
    const char *name;
    int cpus;
    bool secret;
    int (*measure)(double *ns, long count);
    long count;
    long rtt_us; /* through a proxy; 0: without one, 1: with one that does not wait */
};

static cy_ref echo, sink, method;
static int raw_socket = -1;

static int
stop(const char *what, long rc)
{
    fprintf(stderr, "bench_link: %s: %s\n", what, cy_strerror((int) rc));
    exit(1);
}

static void
want(const char *what, long rc, long wanted)
{
    if (rc != wanted)
        stop(what, rc < 0 ? rc : -EIO);
}

static cy_time
real_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (cy_time) t.tv_sec * CY_SECOND + t.tv_nsec;
}

static void
reply_all(void *state, cy_msg **msg)
{
    cy_msg *reply;
    (void) state;
    want("copy", cy_msg_copy(&reply, 1, cy_msg_body(*msg), cy_msg_size(*msg)), 0);
    want("reply", cy_reply(*msg, &reply), 0);
    cy_msg_free(msg);
}

static void
drop_all(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg_free(msg);
}

static int
add(cy_args_reader *args)
{
    int64_t a = 0, b = 0;
    cy_args_get_int(args, "a", &a);
    cy_args_get_int(args, "b", &b);
    return cy_args_end(args) != 0 || a + b == 0 ? 1 : 0;
}

struct told {
    cy_ref echo, sink, method;
};

/* Tells the client by a pipe whom to send to, and serves until it is killed. */
static int
serve(void *arg)
{
    int out = *(int *) arg;
    struct told told;
    static const struct cy_task_options deep = {.mailbox_max = 1 << 20};
    want("spawn", cy_handler_spawn(&told.echo, reply_all, NULL, NULL), 0);
    want("spawn", cy_handler_spawn(&told.sink, drop_all, NULL, &deep), 0);
    want("method", cy_rti_create(&told.method, add, NULL), 0);
    want("tell", write(out, &told, sizeof told), sizeof told);
    return cy_suspend(CY_FOREVER);
}

static cy_msg *
message(void)
{
    static char body[BYTES];
    cy_msg *msg = NULL;
    want("copy", cy_msg_copy(&msg, 1, body, sizeof body), 0);
    return msg;
}

static int
measure_call(double *ns, long count)
{
    cy_time begin = real_now();
    for (long i = 0; i < count; i++) {
        cy_msg *reply, *msg = message();
        want("call", cy_call(&reply, echo, &msg, CY_FOREVER), 0);
        cy_msg_free(&reply);
    }
    *ns = (double) (real_now() - begin) / (double) count;
    return 0;
}

static int
measure_deliver(double *ns, long count)
{
    cy_time begin = real_now();
    for (long i = 0; i < count; i++) {
        cy_msg *msg = message();
        want("deliver", cy_deliver(sink, &msg, CY_FOREVER), 1);
    }
    *ns = (double) (real_now() - begin) / (double) count;
    return 0;
}

static int
measure_rti(double *ns, long count)
{
    cy_time begin = real_now();
    for (long i = 0; i < count; i++) {
        cy_args args;
        cy_args_init(&args);
        cy_args_put_int(&args, NULL, i);
        cy_args_put_int(&args, "b", 1);
        want("start", cy_rti_call(NULL, method, &args, CY_FOREVER), 0);
        cy_args_fini(&args);
    }
    *ns = (double) (real_now() - begin) / (double) count;
    return 0;
}

static int
measure_oneway(double *ns, long count)
{
    static const char body[BYTES];
    cy_time begin = real_now();
    for (long i = 0; i < count; i++) {
        int rc;
        while ((rc = cy_send_bytes(sink, 1, body, sizeof body)) == -EAGAIN)
            want("yield", cy_yield(), 0);
        want("send", rc, 0);
        if (i % 256 == 255)
            want("yield", cy_yield(), 0);
    }
    cy_msg *msg = message();
    int rc;
    while ((rc = cy_deliver(sink, &msg, CY_FOREVER)) == -EAGAIN)
        want("yield", cy_yield(), 0);
    want("deliver", rc, 1);
    *ns = (double) (real_now() - begin) / (double) count;
    return 0;
}

static void
add_to(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    want("epoll", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

/* On two CPUs it polls, as the others do before they sleep. */
static void
await(int epoll, bool poll)
{
    struct epoll_event event;
    while (epoll_wait(epoll, &event, 1, poll ? 0 : -1) == 0)
        continue;
}

static bool polls, reads; /* instead of a wait */

static ssize_t
receive_raw(int fd, int epoll, void *buffer, size_t size)
{
    ssize_t n;
    if (!reads) {
        await(epoll, polls);
        return recv(fd, buffer, size, 0);
    }
    while ((n = recv(fd, buffer, size, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        continue;
    return n;
}

static void
echo_raw(int fd)
{
    static char buffer[1 << 18];
    int epoll = epoll_create1(0);
    ssize_t n;
    add_to(epoll, fd);
    for (;;) {
        n = receive_raw(fd, epoll, buffer, sizeof buffer);
        if (n <= 0)
            exit(0);
        if (buffer[0] == 'e' && send(fd, buffer, (size_t) n, 0) != n)
            exit(1);
    }
}

static int
measure_raw(double *ns, long count)
{
    char text[BYTES] = "e";
    int epoll = epoll_create1(0);
    add_to(epoll, raw_socket);
    cy_time begin = real_now();
    for (long i = 0; i < count; i++) {
        want("send", send(raw_socket, text, sizeof text, 0), sizeof text);
        want("recv", receive_raw(raw_socket, epoll, text, sizeof text), sizeof text);
    }
    *ns = (double) (real_now() - begin) / (double) count;
    close(epoll);
    return 0;
}

static int
measure_raw_oneway(double *ns, long count)
{
    static char batch[BATCH];
    long batches = count * BYTES / BATCH;
    cy_time begin = real_now();
    for (long i = 0; i < batches; i++) {
        size_t left = sizeof batch;
        while (left > 0) {
            ssize_t n = send(raw_socket, batch, left, 0);
            if (n < 0)
                stop("send", -errno);
            left -= (size_t) n;
        }
    }
    long sent = batches * (BATCH / BYTES);
    *ns = (double) (real_now() - begin) / (double) sent;
    return 0;
}

static void
pin_to(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    want("affinity", sched_setaffinity(0, sizeof set, &set), 0);
}

static void
fill_options(struct cy_options *options, const struct plan *plan, const char *file)
{
    static const char *const here[] = {"127.0.0.1"};
    static const char *secret[1];
    secret[0] = file;
    cy_options_init(options);
    options->network = cy_network();
    options->cores = 1;
    options->node = (struct cy_option_list){here, 1};
    options->discover_peers = false;
    options->stall_ns = 0;
    options->log_level = CY_LOG_ERROR;
    if (plan->cpus == 1)
        options->spin_ns = 0;
    if (plan->secret)
        options->secret_file = (struct cy_option_list){secret, 1};
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
    const struct plan *plan = arg;
    double ns[RUNS];
    want("warm up", plan->measure(ns, plan->count / 10 + 1), 0);
    for (int i = 0; i < RUNS; i++)
        want("measure", plan->measure(&ns[i], plan->count), 0);
    qsort(ns, RUNS, sizeof ns[0], compare);
    printf("{\"bench\":\"link.%s\",\"cpus\":%d,\"secret\":%s,\"rtt_us\":%ld,\"ns\":%.1f,"
           "\"ns_min\":%.1f,\"ns_max\":%.1f}\n",
           plan->name, plan->cpus, plan->secret ? "true" : "false", plan->rtt_us, ns[RUNS / 2],
           ns[0], ns[RUNS - 1]);
    fflush(stdout);
    return 0;
}

static int
open_raw(int fd[2])
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    want("bind", bind(listener, (struct sockaddr *) &at, size) | listen(listener, 1), 0);
    want("local", getsockname(listener, (struct sockaddr *) &at, &size), 0);
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    want("connect", connect(fd[0], (struct sockaddr *) &at, size), 0);
    fd[1] = accept(listener, NULL, NULL);
    return close(listener);
}

static void
run_child(const struct plan *plan, int out, int fd, const char *file)
{
    struct cy_options options;
    pin_to((size_t) plan->cpus - 1);
    if (strncmp(plan->name, "raw", 3) == 0)
        echo_raw(fd);
    fill_options(&options, plan, file);
    exit(cy_run(&options, serve, &out));
}

static void
run_parent(struct plan *plan, int in, int fd, const char *file)
{
    struct cy_options options;
    struct told told;
    pin_to(0);
    raw_socket = fd;
    if (strncmp(plan->name, "raw", 3) == 0) {
        measure(plan);
        return;
    }
    want("told", read(in, &told, sizeof told), sizeof told);
    echo = told.echo;
    sink = told.sink;
    method = told.method;
    pid_t proxy = 0;
    if (plan->rtt_us != 0) /* a reference says where to dial a node that nobody knows */
        proxy = delay_start(&echo.port, told.echo.port, plan->rtt_us / 2);
    sink.port = echo.port;
    fill_options(&options, plan, file);
    want("run", cy_run(&options, measure, plan), 0);
    cy_options_fini(&options);
    if (proxy != 0) {
        kill(proxy, SIGKILL);
        waitpid(proxy, NULL, 0);
    }
}

static void
run(struct plan *plan, const char *file)
{
    int ends[2], fd[2];
    if (plan->cpus > sysconf(_SC_NPROCESSORS_ONLN))
        return;
    polls = plan->cpus == 2;
    reads = strcmp(plan->name, "raw_spin") == 0;
    want("pipe", pipe(ends), 0);
    want("raw", open_raw(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        close(fd[0]);
        run_child(plan, ends[1], fd[1], file);
    }
    close(fd[1]);
    run_parent(plan, ends[0], fd[0], file);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(fd[0]);
    close(ends[0]);
    close(ends[1]);
}

/* With arguments: those of this name, and of this many CPUs. */
static bool
wanted(const struct plan *plan, int argc, char **argv)
{
    return (argc < 2 || strcmp(argv[1], plan->name) == 0) &&
           (argc < 3 || strtol(argv[2], NULL, 10) == plan->cpus);
}

int
main(int argc, char **argv)
{
    struct plan plans[] = {
        {"raw", 1, false, measure_raw, 50000, 0},
        {"call", 1, false, measure_call, 50000, 0},
        {"deliver", 1, false, measure_deliver, 50000, 0},
        {"rti", 1, false, measure_rti, 50000, 0},
        {"raw", 2, false, measure_raw, 100000, 0},
        {"raw_spin", 2, false, measure_raw, 100000, 0},
        {"call", 2, false, measure_call, 100000, 0},
        {"deliver", 2, false, measure_deliver, 100000, 0},
        {"rti", 2, false, measure_rti, 100000, 0},
        {"raw_oneway", 2, false, measure_raw_oneway, 20000000, 0},
        {"oneway", 2, false, measure_oneway, 5000000, 0},
        {"oneway", 2, true, measure_oneway, 2000000, 0},
        {"call", 2, true, measure_call, 50000, 0},
        {"far_oneway", 2, false, measure_oneway, 1000000, 1},
        {"far_oneway", 2, false, measure_oneway, 1000000, 1000},
        {"far_oneway", 2, false, measure_oneway, 1000000, 10000},
    };
    char file[] = "/tmp/bench_link_XXXXXX";
    int fd = mkstemp(file);
    want("secret", write(fd, "a secret of this bench\n", 23), 23);
    close(fd);
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (wanted(&plans[i], argc, argv))
            run(&plans[i], file);
    }
    unlink(file);
    return 0;
}
