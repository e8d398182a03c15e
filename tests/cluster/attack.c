/*
 * attack.c - a stranger on loopback who wants a node to fail: connections and datagrams.
 *
 *     cluster_attack TCP-PORT UDP-PORT SECONDS STREAM DATAGRAM
 *
 * Tries for 10 000 connections and as many datagrams a second, from many addresses. STREAM is a
 * file with what a friend has sent on a connection, DATAGRAM one with a hello of a friend: both
 * are sent again, as they are and damaged, beside garbage, sizes that are too large, silence,
 * and bytes that come one a second. What a stream says of its node is not damaged: a network
 * without a secret believes it, and is meant to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 900, SLOW = 100, RATE = 10000, RECORD_MAX = 2048, GARBAGE = 65536 };
enum {
    HANDSHAKE_HELLO = 288,
    FRAMING_BYTES = 288 + 40 + 24,
    PATIENCE_MS = 100,
    DATAGRAM_MAX = 1400
};
enum kind { SILENT, NOISE, HUGE_SIZES, REPLAY, DAMAGED, CURT, KINDS };

/* A connection; the first SLOW places are for those that have time. */
struct place {
    int fd;
    enum kind kind;
    bool up;
    size_t sent;
    int64_t since_ms, next_ms;
};

static struct attack {
    struct place places[PLACES];
    struct sockaddr_in tcp, udp;
    uint8_t stream[RECORD_MAX], datagram[RECORD_MAX], noise[GARBAGE], huge[GARBAGE];
    size_t stream_size, datagram_size;
    int epoll, socket;
    uint64_t tried, connected, ended_by_node, datagrams, answers;
    uint64_t random;
} attack;

static int64_t
now_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* A linear congruential generator will do, and repeats itself. */
static uint32_t
draw(uint32_t below)
{
    attack.random = attack.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (attack.random >> 33) % below;
}

static size_t
load(uint8_t *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(out, 1, RECORD_MAX, file) : 0;
    if (file == NULL || size == 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    fclose(file);
    return size;
}

/* By a reset, or soon no port would be free. */
static void
hang_up(struct place *place)
{
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(place->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(place->fd);
    place->fd = -1;
}

static void
dial(struct place *place, int64_t now)
{
    const int yes = 1;
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = place};
    bool slow = place < attack.places + SLOW;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    from.sin_addr.s_addr = htonl(0x7f010000 + draw(slow ? 50 : 1000));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    *place = (struct place){.fd = fd, .kind = draw(KINDS), .since_ms = now, .next_ms = now};
    attack.tried++;
    if (bind(fd, (struct sockaddr *) &from, sizeof from) != 0 ||
        (connect(fd, (struct sockaddr *) &attack.tcp, sizeof attack.tcp) != 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(attack.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        hang_up(place);
}

static void
put(struct place *place, const uint8_t *bytes, size_t size)
{
    ssize_t n = send(place->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        place->sent += (size_t) n;
}

static void
speak(struct place *place)
{
    uint8_t damaged[RECORD_MAX];
    switch (place->kind) {
    case NOISE:
        put(place, attack.noise, 1 + draw(GARBAGE));
        break;
    case HUGE_SIZES: /* a good beginning, then 0xff as far as it goes */
        put(place, attack.stream, 8);
        put(place, attack.huge, sizeof attack.huge);
        break;
    case REPLAY:
        put(place, attack.stream, HANDSHAKE_HELLO);
        break;
    case DAMAGED:
        memcpy(damaged, attack.stream, sizeof damaged);
        damaged[draw(FRAMING_BYTES)] ^= (uint8_t) (1 << draw(8));
        put(place, damaged, attack.stream_size);
        break;
    case CURT:
        put(place, attack.stream, draw(HANDSHAKE_HELLO));
        hang_up(place);
        break;
    default:
        break;
    }
}

static void
listen_to(struct place *place)
{
    uint8_t bytes[4096];
    ssize_t n = recv(place->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        attack.ended_by_node++;
        hang_up(place);
    } else if (n > 0 && place->kind == REPLAY && place->sent == HANDSHAKE_HELLO) {
        put(place, attack.stream + HANDSHAKE_HELLO, attack.stream_size - HANDSHAKE_HELLO);
    }
}

static void
serve(struct place *place, uint32_t events)
{
    bool slow = place < attack.places + SLOW;
    if (place->fd >= 0 && !place->up && (events & EPOLLOUT) && !(events & EPOLLERR)) {
        place->up = true;
        attack.connected++;
        if (!slow)
            speak(place);
    }
    if (place->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        listen_to(place);
}

/* One byte a second of what a friend would say. */
static void
dawdle(struct place *place, int64_t now)
{
    if (!place->up || now < place->next_ms || place->sent >= attack.stream_size)
        return;
    place->next_ms = now + 1000;
    put(place, attack.stream + place->sent, 1);
}

static void
keep_busy(int64_t now, uint64_t allowed)
{
    for (int i = 0; i < PLACES; i++) {
        struct place *place = &attack.places[i];
        if (place->fd >= 0 && i < SLOW)
            dawdle(place, now);
        else if (place->fd >= 0 && now - place->since_ms > PATIENCE_MS)
            hang_up(place);
        if (place->fd < 0 && attack.tried < allowed)
            dial(place, now);
    }
}

static void
flood(uint64_t allowed)
{
    uint8_t bytes[DATAGRAM_MAX];
    while (attack.datagrams < allowed) {
        size_t size = attack.datagram_size;
        uint32_t what = draw(3);
        memcpy(bytes, attack.noise, sizeof bytes);
        memcpy(bytes, attack.datagram, size);
        if (what == 1)
            bytes[draw((uint32_t) size)] ^= (uint8_t) (1 << draw(8));
        else if (what == 2)
            size = draw(DATAGRAM_MAX);
        attack.datagrams++;
        if (sendto(attack.socket, bytes, size, MSG_DONTWAIT, (struct sockaddr *) &attack.udp,
                   sizeof attack.udp) < 0)
            return;
    }
}

static void
run(int64_t duration_ms)
{
    struct epoll_event events[PLACES];
    int64_t begin = now_ms(), now = begin;
    for (; now - begin < duration_ms; now = now_ms()) {
        uint64_t allowed = (uint64_t) (now - begin) * RATE / 1000;
        keep_busy(now, allowed);
        flood(allowed);
        int count = epoll_wait(attack.epoll, events, PLACES, 1);
        for (int i = 0; i < count; i++)
            serve(events[i].data.ptr, events[i].events);
    }
}

static struct sockaddr_in
loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t) strtoul(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int
main(int argc, char **argv)
{
    if (argc != 6)
        return fprintf(stderr, "usage: cluster_attack TCP-PORT UDP-PORT SECONDS STREAM "
                               "DATAGRAM\n"),
               2;
    long seconds = strtol(argv[3], NULL, 10);
    attack.tcp = loopback(argv[1]);
    attack.udp = loopback(argv[2]);
    attack.stream_size = load(attack.stream, argv[4]);
    attack.datagram_size = load(attack.datagram, argv[5]);
    for (size_t i = 0; i < GARBAGE; i++)
        attack.noise[i] = (uint8_t) draw(256);
    memset(attack.huge, 0xff, sizeof attack.huge);
    for (int i = 0; i < PLACES; i++)
        attack.places[i].fd = -1;
    attack.epoll = epoll_create1(EPOLL_CLOEXEC);
    attack.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (attack.epoll < 0 || attack.socket < 0)
        return 1;
    run(seconds * 1000);
    printf("connections %llu datagrams %llu closed-by-node %llu\n",
           (unsigned long long) attack.connected, (unsigned long long) attack.datagrams,
           (unsigned long long) attack.ended_by_node);
    return 0;
}
