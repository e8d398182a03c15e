/* connection.h - one client's socket, the task that reads it, and what is to be sent. */
#ifndef KV_CONNECTION_H
#define KV_CONNECTION_H

#include "server.h"

#include <cycos/sync.h>

/*
 * Up to three tasks of one core: the reader, which runs the session; a writer, while output
 * waits for the client; a listener, while the client subscribes. The last to end frees it.
 */
struct kv_connection {
    struct kv_connection *next, *previous; /* among the core's clients */
    struct kv_core *core;
    cy_socket *socket;
    struct kv_session session; /* session.out: to be sent, behind `sending` */
    struct kv_buffer sending;  /* what the writer is at; from `sent` on */
    size_t sent;
    struct cy_event moved;     /* the writer got something off, or ended */
    struct cy_event confirmed; /* not set while a subscription is being made */
    cy_ref reader;
    cy_ref listener; /* nobody: none */
    uint32_t users;  /* tasks */
    bool reading;    /* may be terminated: it waits for the client, or for nobody */
    bool writing;    /* there is a writer */
    bool broken;     /* nothing can be sent any more */
};

/* Serves a client that has been accepted on this core; closes the socket when it cannot. */
void kv_connection_start(struct kv_core *core, cy_socket **socket);

/* Ends all clients of a core: those that wait now, the others before they would wait. */
void kv_connections_stop(struct kv_core *core);

/* One task less uses it. */
void kv_connection_release(struct kv_connection *connection);

/* output.c: */

/* Bytes that the client has not taken yet. */
static inline size_t
kv_connection_pending(const struct kv_connection *connection)
{
    return connection->sending.used - connection->sent + connection->session.out.used;
}

/* Sends what the kernel takes now and leaves the rest to a writer. Does not wait. */
void kv_connection_flush(struct kv_connection *connection);

/*
 * Flushes; while more waits than `limit`, waits for the client. A negative code when it took
 * nothing for too long, or is gone.
 */
int kv_connection_drain(struct kv_connection *connection, size_t limit);

/* The client is to be closed at once, whatever it is doing. */
void kv_connection_break(struct kv_connection *connection);

/* listener.c: */

/* Gives the client a task that gets what is published. */
int kv_connection_need_listener(struct kv_connection *connection);

#endif
