/* peer.c - a blocking echo server on a thread, for tests that run a node. */
#include "peer.h"

#include "cy_test.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *
answer(void *arg)
{
    char buffer[65536];
    const struct peer_talk *talk = arg;
    enum peer_kind kind = talk->peer->kind;
    ssize_t got;
    while (kind != PEER_CLOSING && (got = recv(talk->socket, buffer, sizeof buffer, 0)) > 0) {
        if (kind == PEER_ECHO && send(talk->socket, buffer, (size_t) got, MSG_NOSIGNAL) != got)
            break;
        atomic_fetch_add_explicit(&talk->peer->answered, kind == PEER_ECHO,
                                  memory_order_relaxed);
    }
    close(talk->socket);
    return NULL;
}

static void *
accept_all(void *arg)
{
    struct peer *peer = arg;
    int socket;
    while ((socket = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        unsigned n = atomic_fetch_add_explicit(&peer->accepted, 1, memory_order_relaxed);
        if (n < 64)
            peer->talks[n] = (struct peer_talk){peer, socket};
        if (n >= 64 || pthread_create(&peer->talkers[n], NULL, answer, &peer->talks[n]) != 0) {
            close(socket);
            break;
        }
    }
    return NULL;
}

static int
bind_free(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &address, size), 0);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void
peer_start(struct peer *peer, enum peer_kind kind)
{
    memset(peer, 0, sizeof *peer);
    peer->kind = kind;
    peer->listener = bind_free(&peer->port);
    CU_ASSERT_EQUAL(listen(peer->listener, 64), 0);
    CU_ASSERT_EQUAL(pthread_create(&peer->acceptor, NULL, accept_all, peer), 0);
}

void
peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->acceptor, NULL);
    close(peer->listener);
    unsigned n = atomic_load_explicit(&peer->accepted, memory_order_relaxed);
    for (unsigned i = 0; i < n && i < 64; i++)
        pthread_join(peer->talkers[i], NULL);
}

uint16_t
peer_free_port(void)
{
    uint16_t port;
    close(bind_free(&port));
    return port;
}
