/* delay.c - a TCP proxy that makes a network out of the loopback: each byte takes a while. */
#include "delay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 64 << 10, PIECES = 1024, PAIRS_MAX = 8 };

struct piece {
    int64_t due;
    size_t size, sent;
    char *bytes;
};

/* What is on its way between two sockets: a ring of pieces in the order of their times. */
struct way {
    int from, to;
    uint64_t head, tail;
    struct piece pieces[PIECES];
};

static struct way ways[2 * PAIRS_MAX];
static int way_count;

static int64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
stop(const char *what)
{
    fprintf(stderr, "delay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int
open_listener(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *) &at, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *) &at, &size) != 0)
        stop("listen");
    *port = ntohs(at.sin_port);
    return fd;
}

static void
add_way(int from, int to)
{
    int one = 1;
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    memset(&ways[way_count], 0, sizeof ways[way_count]);
    ways[way_count].from = from;
    ways[way_count++].to = to;
}

static void
pass_on(int listener, uint16_t to)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(to),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || server < 0)
        stop("accept");
    if (way_count >= 2 * PAIRS_MAX ||
        connect(server, (struct sockaddr *) &at, sizeof at) != 0) {
        close(client);
        close(server);
        return;
    }
    add_way(client, server);
    add_way(server, client);
}

/* Either end has closed: nothing more comes this way. */
static void
end_way(struct way *way)
{
    shutdown(way->from, SHUT_RDWR);
    shutdown(way->to, SHUT_RDWR);
    way->from = way->to = -1;
    way->tail = way->head;
}

static void
take(struct way *way, int64_t delay)
{
    struct piece *piece = &way->pieces[way->head % PIECES];
    if (piece->bytes == NULL && (piece->bytes = malloc(PIECE)) == NULL)
        stop("memory");
    ssize_t n = recv(way->from, piece->bytes, PIECE, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        end_way(way);
        return;
    }
    piece->due = now_ns() + delay;
    piece->size = (size_t) n;
    piece->sent = 0;
    way->head++;
}

static void
give(struct way *way)
{
    while (way->tail != way->head) {
        struct piece *piece = &way->pieces[way->tail % PIECES];
        if (piece->due > now_ns())
            return;
        ssize_t n = send(way->to, piece->bytes + piece->sent, piece->size - piece->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            end_way(way);
            return;
        }
        piece->sent += (size_t) n;
        way->tail += piece->sent == piece->size;
    }
}

/* Looks all the time: a bench wants the delay to be what it says. */
static void
serve(int listener, uint16_t to, int64_t delay)
{
    struct pollfd calls = {.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(&calls, 1, 0) > 0)
            pass_on(listener, to);
        for (int i = 0; i < way_count; i++) {
            if (ways[i].from >= 0 && ways[i].head - ways[i].tail < PIECES)
                take(&ways[i], delay);
            if (ways[i].from >= 0)
                give(&ways[i]);
        }
        if (getppid() == 1)
            exit(0);
    }
}

pid_t
delay_start(uint16_t *port, uint16_t to, long one_way_us)
{
    int listener = open_listener(port);
    pid_t child = fork();
    if (child == 0)
        serve(listener, to, one_way_us * 1000);
    close(listener);
    return child;
}
