/*
 * link.c - 64 bytes between two processes over TCP on loopback, and nothing around them.
 *
 * The first byte says what is wanted: 'e' an echo, 'd' nothing, 'l' is the last of a stream and
 * wants an echo. A stream is written 512 messages at a time and taken apart by the receiver,
 * who looks at each message's first byte.
 */
#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 512, READ_BYTES = 64 << 10 };

enum way { SLEEP, POLL, SPIN };

static enum way way;
static int sock, epoll;

static void
open_connection(int fd)
{
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN};
    sock = fd;
    want("connection", fd >= 0);
    want("nodelay", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    want("nonblock", fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    epoll = epoll_create1(0);
    want("epoll", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

/* As a program with an event loop does: first the event, then the bytes. */
static size_t
receive(char *buffer, size_t size)
{
    struct epoll_event event;
    ssize_t n;
    if (way != SPIN)
        while (epoll_wait(epoll, &event, 1, way == POLL ? 0 : -1) == 0)
            continue;
    while ((n = recv(sock, buffer, size, 0)) < 0)
        want("receive", errno == EAGAIN || errno == EINTR);
    if (n == 0)
        exit(0);
    return (size_t) n;
}

static void
send_all(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(sock, bytes, size, 0);
        want("send", n >= 0 || errno == EAGAIN || errno == EINTR);
        bytes += n > 0 ? n : 0;
        size -= (size_t) (n > 0 ? n : 0);
    }
}

static void
serve(int tell)
{
    static char buffer[READ_BYTES];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    want("bind", bind(listener, (struct sockaddr *) &at, size) == 0);
    want("listen", listen(listener, 1) == 0);
    want("port", getsockname(listener, (struct sockaddr *) &at, &size) == 0);
    want("tell", write(tell, &at, sizeof at) == sizeof at);
    open_connection(accept(listener, NULL, NULL));
    for (size_t have = 0, used;;) {
        have += receive(buffer + have, sizeof buffer - have);
        for (used = 0; have - used >= MESSAGE_BYTES; used += MESSAGE_BYTES)
            if (buffer[used] != 'd')
                send_all(buffer + used, MESSAGE_BYTES);
        memmove(buffer, buffer + used, have - used);
        have -= used;
    }
}

static void
await_echo(void)
{
    char echo[MESSAGE_BYTES];
    for (size_t have = 0; have < sizeof echo;)
        have += receive(echo + have, sizeof echo - have);
}

static double
call(long count)
{
    char body[MESSAGE_BYTES] = "e";
    double begin = now_ns();
    for (long i = 0; i < count; i++) {
        send_all(body, sizeof body);
        await_echo();
    }
    return now_ns() - begin;
}

static double
one_way(long count)
{
    static char batch[BATCH][MESSAGE_BYTES];
    char last[MESSAGE_BYTES] = "l";
    double begin = now_ns();
    for (long sent = 0; sent < count; sent += BATCH) {
        for (long i = 0; i < BATCH; i++) {
            memset(batch[i], (int) i, MESSAGE_BYTES);
            batch[i][0] = 'd';
        }
        send_all(batch[0], sizeof batch);
    }
    send_all(last, sizeof last);
    await_echo();
    return now_ns() - begin;
}

static void
measure_way(const char *figure, enum way how, enum unit unit, work_fn *work)
{
    struct sockaddr_in at;
    way = how;
    pid_t server = start_server(serve, &at, sizeof at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    want("connect", connect(fd, (struct sockaddr *) &at, sizeof at) == 0);
    open_connection(fd);
    measure(figure, unit, work);
    close(sock);
    close(epoll);
    stop_server(server);
}

void
raw_link_call(void)
{
    measure_way("epoll", SLEEP, NS, call);
    if (cpus() == 1)
        return; /* who spins keeps the other from the only CPU */
    measure_way("polling", POLL, NS, call);
    measure_way("spinning", SPIN, NS, call);
}

void
raw_link_oneway(void)
{
    measure_way("epoll", SLEEP, MILLION_PER_SECOND, one_way);
    if (cpus() == 2)
        measure_way("spinning", SPIN, MILLION_PER_SECOND, one_way);
}
