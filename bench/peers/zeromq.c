/*
 * zeromq.c - what bench_link does, by ZeroMQ: messages of 64 bytes between two processes.
 *
 * PUSH to PULL one way, an answer when all have come; then PAIR to PAIR and back. One line of
 * JSON each, as the other programs print. The first argument is the number of CPUs.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { RUNS = 5, BYTES = 64, ONE_WAY = 1000000, ROUND_TRIPS = 20000 };

static double
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void
want(const char *what, int good)
{
    if (good)
        return;
    fprintf(stderr, "zeromq: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void *
open_socket(void *context, int type)
{
    int unlimited = 0;
    void *s = zmq_socket(context, type);
    want("socket",
         s != NULL && zmq_setsockopt(s, ZMQ_SNDHWM, &unlimited, sizeof unlimited) == 0);
    want("socket", zmq_setsockopt(s, ZMQ_RCVHWM, &unlimited, sizeof unlimited) == 0);
    return s;
}

struct ends {
    char sink[64], echo[64];
};

static void
bind_any(void *s, char *endpoint)
{
    size_t size = 64;
    want("bind", zmq_bind(s, "tcp://127.0.0.1:*") == 0);
    want("endpoint", zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

static void
serve(int out)
{
    void *context = zmq_ctx_new();
    void *sink = open_socket(context, ZMQ_PULL), *echo = open_socket(context, ZMQ_PAIR);
    char body[BYTES];
    struct ends ends;
    bind_any(sink, ends.sink);
    bind_any(echo, ends.echo);
    want("tell", write(out, &ends, sizeof ends) == sizeof ends);
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < ONE_WAY; i++)
            want("receive", zmq_recv(sink, body, sizeof body, 0) == BYTES);
        want("answer", zmq_send(echo, body, sizeof body, 0) == BYTES);
    }
    for (;;) {
        want("receive", zmq_recv(echo, body, sizeof body, 0) == BYTES);
        want("answer", zmq_send(echo, body, sizeof body, 0) == BYTES);
    }
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
print(const char *name, int cpus, double *ns)
{
    qsort(ns, RUNS, sizeof *ns, compare);
    printf(
        "{\"bench\":\"zeromq.%s\",\"cpus\":%d,\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f}\n",
        name, cpus, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static void
measure(int in, int cpus)
{
    void *context = zmq_ctx_new();
    void *push = open_socket(context, ZMQ_PUSH), *pair = open_socket(context, ZMQ_PAIR);
    char body[BYTES] = {0};
    double ns[RUNS];
    struct ends ends;
    want("told", read(in, &ends, sizeof ends) == sizeof ends);
    want("connect", zmq_connect(push, ends.sink) == 0 && zmq_connect(pair, ends.echo) == 0);
    for (int run = 0; run < RUNS; run++) {
        double begin = now_ns();
        for (int i = 0; i < ONE_WAY; i++)
            want("send", zmq_send(push, body, sizeof body, 0) == BYTES);
        want("answer", zmq_recv(pair, body, sizeof body, 0) == BYTES);
        ns[run] = (now_ns() - begin) / ONE_WAY;
    }
    print("oneway", cpus, ns);
    for (int run = 0; run < RUNS; run++) {
        double begin = now_ns();
        for (int i = 0; i < ROUND_TRIPS; i++) {
            want("send", zmq_send(pair, body, sizeof body, 0) == BYTES);
            want("answer", zmq_recv(pair, body, sizeof body, 0) == BYTES);
        }
        ns[run] = (now_ns() - begin) / ROUND_TRIPS;
    }
    print("call", cpus, ns);
}

int
main(int argc, char **argv)
{
    int ends[2], cpus = argc > 1 ? (int) strtol(argv[1], NULL, 10) : 2;
    cpu_set_t set;
    want("pipe", pipe(ends) == 0);
    pid_t child = fork();
    CPU_ZERO(&set);
    CPU_SET(child == 0 ? (size_t) cpus - 1 : 0, &set);
    want("affinity", sched_setaffinity(0, sizeof set, &set) == 0);
    if (child == 0)
        serve(ends[1]);
    measure(ends[0], cpus);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
