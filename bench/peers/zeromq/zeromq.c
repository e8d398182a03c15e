/*
 * zeromq.c - the rows that ZeroMQ can do: between threads by inproc, between processes by TCP.
 *
 * PAIR for round trips, PUSH to PULL for streams, PUB to SUB for one to many. High-water marks
 * of 100 000 messages instead of 1000, so that a stream does not stop and go; one I/O thread,
 * which is the default. A ZeroMQ thread that waits sleeps, it never spins: its round trips
 * between two cores are those of `pingpong_asleep`.
 */
#include "measure.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { HIGH_WATER = 100000, DATA = 0, ANSWER = 1, STOP = 2 };

static void *context;
static long each;

static void *
open_socket(int type)
{
    int mark = HIGH_WATER;
    void *s = zmq_socket(context, type);
    want("socket", s != NULL);
    want("mark", zmq_setsockopt(s, ZMQ_SNDHWM, &mark, sizeof mark) == 0);
    want("mark", zmq_setsockopt(s, ZMQ_RCVHWM, &mark, sizeof mark) == 0);
    return s;
}

static void *
open_bound(int type, const char *endpoint)
{
    void *s = open_socket(type);
    want("bind", zmq_bind(s, endpoint) == 0);
    return s;
}

static void *
open_connected(int type, const char *endpoint)
{
    void *s = open_socket(type);
    want("connect", zmq_connect(s, endpoint) == 0);
    return s;
}

static void
put(void *s, char what)
{
    char body[MESSAGE_BYTES] = {what};
    want("send", zmq_send(s, body, sizeof body, 0) == MESSAGE_BYTES);
}

static char
get(void *s)
{
    char body[MESSAGE_BYTES];
    want("receive", zmq_recv(s, body, sizeof body, 0) == MESSAGE_BYTES);
    return body[0];
}

static void
start(void)
{
    context = zmq_ctx_new();
    want("context", context != NULL);
    want("sockets", zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2 * SUBSCRIBERS) == 0);
}

/* Round trips; `pair` is the socket of who asks, set before. */
static void *pair;

static double
ask(long count)
{
    double begin = now_ns();
    for (long i = 0; i < count; i++) {
        put(pair, ANSWER);
        get(pair);
    }
    return now_ns() - begin;
}

static double
ask_each(long count)
{
    return ask(count / 2); /* two messages there and back */
}

static void *
echo_thread(void *arg)
{
    void *s = open_connected(ZMQ_PAIR, "inproc://pair");
    pin(other_cpu());
    while (get(s) != STOP)
        put(s, DATA);
    zmq_close(s);
    return arg;
}

static void
pingpong(work_fn *work)
{
    pthread_t thread;
    start();
    pair = open_bound(ZMQ_PAIR, "inproc://pair");
    pin(0);
    want("thread", pthread_create(&thread, NULL, echo_thread, NULL) == 0);
    measure("pair", NS, work);
    put(pair, STOP);
    want("join", pthread_join(thread, NULL) == 0);
}

static void
pingpong_one(void)
{
    pingpong(ask_each);
}

static void
pingpong_two(void)
{
    pingpong(ask);
}

/* Streams into one PULL socket. All stay open: a closed socket drops what it has not sent. */
static void *sink;

static void *
produce(void *socket)
{
    pin(other_cpu());
    for (long i = 0; i < each; i++)
        put(socket, DATA);
    return NULL;
}

static double
stream_from(int producers, long count)
{
    static void *sockets[PRODUCERS];
    static int opened;
    pthread_t threads[PRODUCERS];
    each = count / producers;
    for (; opened < producers; opened++)
        sockets[opened] = open_connected(ZMQ_PUSH, "inproc://sink");
    pin(0);
    double begin = now_ns();
    for (int i = 0; i < producers; i++)
        want("thread", pthread_create(&threads[i], NULL, produce, sockets[i]) == 0);
    for (long i = 0; i < each * producers; i++)
        get(sink);
    double ns = now_ns() - begin;
    for (int i = 0; i < producers; i++)
        want("join", pthread_join(threads[i], NULL) == 0);
    return ns;
}

static double
one_stream(long count)
{
    return stream_from(1, count);
}

static double
all_streams(long count)
{
    return stream_from(PRODUCERS, count);
}

static void
stream(void)
{
    start();
    sink = open_bound(ZMQ_PULL, "inproc://sink");
    measure("push_pull", MILLION_PER_SECOND, one_stream);
}

static void
fan_in(void)
{
    start();
    sink = open_bound(ZMQ_PULL, "inproc://sink");
    measure("push_pull", MILLION_PER_SECOND, all_streams);
}

/* One publisher, a thousand sockets of the same thread. */
static void *publisher, *subscribers[SUBSCRIBERS];

static double
publish(long count)
{
    double begin = now_ns();
    for (long i = 0; i < count; i += SUBSCRIBERS) {
        put(publisher, DATA);
        for (int j = 0; j < SUBSCRIBERS; j++)
            get(subscribers[j]);
    }
    return now_ns() - begin;
}

static void
channel(void)
{
    start();
    pin(0);
    publisher = open_bound(ZMQ_PUB, "inproc://news");
    for (int i = 0; i < SUBSCRIBERS; i++) {
        subscribers[i] = open_connected(ZMQ_SUB, "inproc://news");
        want("subscribe", zmq_setsockopt(subscribers[i], ZMQ_SUBSCRIBE, "", 0) == 0);
    }
    measure("publish", NS, publish);
}

/* Between two processes. */
struct ends {
    char sink[64], echo[64];
};

static void
bind_any(void **s, int type, char *endpoint)
{
    size_t size = sizeof((struct ends *) 0)->sink;
    *s = open_bound(type, "tcp://127.0.0.1:*");
    want("endpoint", zmq_getsockopt(*s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

static void
serve(int tell)
{
    struct ends ends;
    void *echo;
    start();
    bind_any(&sink, ZMQ_PULL, ends.sink);
    bind_any(&echo, ZMQ_PAIR, ends.echo);
    want("tell", write(tell, &ends, sizeof ends) == sizeof ends);
    zmq_pollitem_t items[] = {{sink, 0, ZMQ_POLLIN, 0}, {echo, 0, ZMQ_POLLIN, 0}};
    want("poll", zmq_poll(items, 2, -1) > 0);
    /* The first message tells which of the two is measured; then nothing but receiving. */
    for (void *s = items[0].revents ? sink : echo;;)
        if (get(s) == ANSWER)
            put(echo, DATA);
}

static void *push;

static double
one_way(long count)
{
    double begin = now_ns();
    for (long i = 1; i < count; i++)
        put(push, DATA);
    put(push, ANSWER);
    get(pair);
    return now_ns() - begin;
}

static void
link_by(const char *figure, enum unit unit, work_fn *work)
{
    struct ends ends;
    pid_t server = start_server(serve, &ends, sizeof ends);
    start();
    push = open_connected(ZMQ_PUSH, ends.sink);
    pair = open_connected(ZMQ_PAIR, ends.echo);
    measure(figure, unit, work);
    stop_server(server);
}

static void
link_call(void)
{
    link_by("pair", NS, ask);
}

static void
link_oneway(void)
{
    link_by("push_pull", MILLION_PER_SECOND, one_way);
}

static const struct workload workloads[] = {
    {"pingpong_one", 1, pingpong_one},
    {"pingpong_two", 2, pingpong_two},
    {"pingpong_asleep", 2, pingpong_two},
    {"stream", 2, stream},
    {"fan_in_one", 1, fan_in},
    {"fan_in_two", 2, fan_in},
    {"channel", 1, channel},
    {"link_call", 3, link_call},
    {"link_oneway", 3, link_oneway},
    {0},
};

int
main(int argc, char **argv)
{
    return contest(argc, argv, "zeromq", workloads);
}
