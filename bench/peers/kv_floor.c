/*
 * kv_floor.c - a server that reads requests and answers without a look at them.
 *
 *     kv_floor PORT [spin]
 *
 * What the sockets alone cost: no server that reads and writes them can be faster. It knows
 * RESP only so far that each request has one `*` before its words, or is one line, and answers
 * each with a short string. With `spin` it polls and never sleeps, as a server does that
 * spares the kernel to wake it up.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES = 64 << 10, EVENTS = 128, BACKLOG = 128 };

static const char answer[] = "$3\r\nxxx\r\n";
static char in[BYTES], out[BYTES * sizeof answer];

static void
need(const char *what, int rc)
{
    if (rc >= 0)
        return;
    perror(what);
    exit(1);
}

static int
listen_at(int port)
{
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t) port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    need("socket", s);
    need("setsockopt", setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    need("bind", bind(s, (struct sockaddr *) &at, sizeof at));
    need("listen", listen(s, BACKLOG));
    return s;
}

static void
watch(int epoll, int s)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = s};
    need("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event));
}

static void
meet(int epoll, int listener)
{
    int one = 1, s = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    need("accept", s);
    need("setsockopt", setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    watch(epoll, s);
}

static void
serve(int s)
{
    size_t size = 0;
    ssize_t got = read(s, in, sizeof in);
    if (got <= 0) {
        close(s);
        return;
    }
    char *end = in + got;
    int mark = in[0] == '*' ? '*' : '\n';
    for (char *at = in; (at = memchr(at, mark, (size_t) (end - at))) != NULL; at++) {
        memcpy(out + size, answer, sizeof answer - 1);
        size += sizeof answer - 1;
    }
    if (size > 0 && write(s, out, size) != (ssize_t) size)
        close(s);
}

int
main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int listener = listen_at((int) strtol(argv[1], NULL, 10)), epoll = epoll_create1(0);
    int patience = argc > 2 ? 0 : -1;
    need("epoll_create1", epoll);
    watch(epoll, listener);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, patience);
        need("epoll_wait", n);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                meet(epoll, listener);
            else
                serve(events[i].data.fd);
        }
    }
}
