/*
 * nng.c - the rows that nng can do: between threads by inproc, between processes by TCP.
 *
 * pair for round trips, push to pull for streams, pub to sub for one to many; messages are
 * allocated and handed over (nng_sendmsg), which spares a copy; buffers of 8192 messages, the
 * most that it allows. Its own threads are pinned as their process is.
 */
#include "measure.h"

#include <arpa/inet.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFERED = 8192, DATA = 0, ANSWER = 1, STOP = 2 };

static nng_socket pair, sink;
static long each;

static void
check(const char *what, int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "nng: %s: %s\n", what, nng_strerror(rc));
    exit(1);
}

static nng_socket
open_socket(int (*open)(nng_socket *s), const char *what)
{
    nng_socket s;
    check(what, open(&s));
    /* Not every kind of socket has both. */
    (void) nng_socket_set_int(s, NNG_OPT_SENDBUF, BUFFERED);
    (void) nng_socket_set_int(s, NNG_OPT_RECVBUF, BUFFERED);
    return s;
}

static nng_socket
open_listening(int (*open)(nng_socket *s), const char *url)
{
    nng_socket s = open_socket(open, url);
    check(url, nng_listen(s, url, NULL, 0));
    return s;
}

static nng_socket
open_dialed(int (*open)(nng_socket *s), const char *url)
{
    nng_socket s = open_socket(open, url);
    check(url, nng_dial(s, url, NULL, 0));
    return s;
}

static void
put(nng_socket s, char what)
{
    nng_msg *msg;
    check("message", nng_msg_alloc(&msg, MESSAGE_BYTES));
    memset(nng_msg_body(msg), what, MESSAGE_BYTES);
    check("send", nng_sendmsg(s, msg, 0));
}

static char
get(nng_socket s)
{
    nng_msg *msg;
    check("receive", nng_recvmsg(s, &msg, 0));
    char what = *(char *) nng_msg_body(msg);
    nng_msg_free(msg);
    return what;
}

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
    nng_socket s = open_dialed(nng_pair0_open, "inproc://pair");
    pin(other_cpu());
    while (get(s) != STOP)
        put(s, DATA);
    nng_close(s);
    return arg;
}

static void
pingpong(work_fn *work)
{
    pthread_t thread;
    pair = open_listening(nng_pair0_open, "inproc://pair");
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

/* The sockets stay open until the program ends: nng drops what a closed one has not sent. */
static void *
produce(void *arg)
{
    nng_socket *s = arg;
    pin(other_cpu());
    for (long i = 0; i < each; i++)
        put(*s, DATA);
    return NULL;
}

static double
stream_from(int producers, long count)
{
    static nng_socket sockets[PRODUCERS];
    static int opened;
    pthread_t threads[PRODUCERS];
    each = count / producers;
    for (; opened < producers; opened++)
        sockets[opened] = open_dialed(nng_push0_open, "inproc://sink");
    pin(0);
    double begin = now_ns();
    for (int i = 0; i < producers; i++)
        want("thread", pthread_create(&threads[i], NULL, produce, &sockets[i]) == 0);
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
    sink = open_listening(nng_pull0_open, "inproc://sink");
    measure("push_pull", MILLION_PER_SECOND, one_stream);
}

static void
fan_in(void)
{
    sink = open_listening(nng_pull0_open, "inproc://sink");
    measure("push_pull", MILLION_PER_SECOND, all_streams);
}

static nng_socket publisher, subscribers[SUBSCRIBERS];

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
    pin(0);
    publisher = open_listening(nng_pub0_open, "inproc://news");
    for (int i = 0; i < SUBSCRIBERS; i++) {
        check("subscriber", nng_sub0_open(&subscribers[i]));
        check("subscribe", nng_socket_set(subscribers[i], NNG_OPT_SUB_SUBSCRIBE, "", 0));
        check("dial", nng_dial(subscribers[i], "inproc://news", NULL, 0));
    }
    measure("publish", NS, publish);
}

/* Between two processes. */
struct ends {
    unsigned sink, echo;
};

static nng_socket
listen_any(int (*open)(nng_socket *s), unsigned *port)
{
    nng_socket s = open_socket(open, "tcp");
    nng_listener listener;
    nng_sockaddr at;
    check("listen", nng_listen(s, "tcp://127.0.0.1:0", &listener, 0));
    check("port", nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &at));
    *port = ntohs(at.s_in.sa_port);
    return s;
}

static void *
serve_echo(void *arg)
{
    for (;;) {
        get(pair);
        put(pair, DATA);
    }
    return arg;
}

static void
serve(int tell)
{
    struct ends ends;
    pthread_t thread;
    sink = listen_any(nng_pull0_open, &ends.sink);
    pair = listen_any(nng_pair0_open, &ends.echo);
    want("thread", pthread_create(&thread, NULL, serve_echo, NULL) == 0);
    want("tell", write(tell, &ends, sizeof ends) == sizeof ends);
    for (;;)
        if (get(sink) == ANSWER)
            put(pair, DATA);
}

static nng_socket push;

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

static nng_socket
dial_port(int (*open)(nng_socket *s), unsigned port)
{
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    return open_dialed(open, url);
}

static void
link_by(const char *figure, enum unit unit, work_fn *work)
{
    struct ends ends;
    pid_t server = start_server(serve, &ends, sizeof ends);
    push = dial_port(nng_push0_open, ends.sink);
    pair = dial_port(nng_pair0_open, ends.echo);
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
    return contest(argc, argv, "nng", workloads);
}
