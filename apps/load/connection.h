/* connection.h - the two tasks of a connection: one reads, one writes. */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include "client.h"
#include "line.h"

#include <cycos/io.h>
#include <cycos/task.h>

struct load_connection {
    struct load_group *group;
    struct load_client client;
    struct load_keyspace own;
    cy_socket *socket; /* NULL while there is no connection */
    cy_ref writer;
    bool ready, finished, half_closed;
    bool woken;  /* the writer knows that there is something */
    bool broken; /* a write has failed: nothing more on this connection */
    struct load_buffer writing;
};

/* Starts both tasks; they end by themselves in the phase of draining. As cy_task_spawn(). */
int load_connection_start(struct load_connection *connection);
void load_connection_fini(struct load_connection *connection);

/* Is there a way and room for one more request? */
bool load_connection_open(const struct load_connection *connection);

/* What lies in the client's buffer is to be written. */
void load_connection_flush(struct load_connection *connection);

/* In a closed loop: as many requests as there is room for, due now. */
void load_connection_top_up(struct load_connection *connection, int64_t now_ns);

/* In the phase of draining: says goodbye as soon as nothing is outstanding. */
void load_connection_drain(struct load_connection *connection);

#endif
