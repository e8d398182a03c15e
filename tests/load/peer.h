/* peer.h - a blocking echo server on a thread, for tests that run a node. */
#ifndef LOAD_PEER_H
#define LOAD_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum peer_kind {
    PEER_ECHO,
    PEER_SILENT, /* reads, never answers */
    PEER_CLOSING /* closes what it accepts */
};

struct peer {
    enum peer_kind kind;
    uint16_t port;
    int listener;
    pthread_t acceptor;
    atomic_uint accepted, answered; /* connections; what came on them */
    pthread_t talkers[64];
    struct peer_talk {
        struct peer *peer;
        int socket;
    } talks[64];
};

/* At most 64 connections in all. */
void peer_start(struct peer *peer, enum peer_kind kind);
/* Every connection must have been closed from the other side. */
void peer_stop(struct peer *peer);

/* A port of the loopback on which nobody listens. */
uint16_t peer_free_port(void);

#endif
