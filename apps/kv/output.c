/*
 * output.c - what a client is to be sent.
 * Tests: tests/kv/test_server.py
 *
 * One system call per batch of replies while the client keeps up. Where the kernel does not
 * take all of it a writer task sends the rest, while the reader goes on: a client may send
 * many requests before it reads the first reply, and would wait for ever if we did the same.
 */
#include "connection.h"

#define KEEP_BYTES  ((size_t) 32 << 10) /* of the output buffer, for the next batch */
#define CHUNK_BYTES ((size_t) 1 << 20)  /* the writer says that it got on after so many */

void
kv_connection_break(struct kv_connection *connection)
{
    if (connection->broken)
        return;
    connection->broken = true;
    connection->session.closing = true;
    cy_close(&connection->socket); /* wakes the reader and the writer */
    cy_event_set(&connection->moved);
}

/* Sends the rest of `sending`, a chunk per step; false when the connection broke. */
static bool
send_rest(struct kv_connection *connection)
{
    struct kv_buffer *sending = &connection->sending;

    while (connection->sent < sending->used && !connection->broken) {
        size_t left = sending->used - connection->sent;
        size_t chunk = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        ssize_t n =
            cy_write(connection->socket, sending->at + connection->sent, chunk, CY_FOREVER);
        if (n < 0)
            return false;
        connection->sent += chunk;
        connection->core->shard.traffic.bytes_out += chunk;
        cy_event_set(&connection->moved);
    }
    return !connection->broken;
}

/* What has gathered meanwhile is next; false when there is nothing. */
static bool
take_next(struct kv_connection *connection)
{
    struct kv_buffer *out = &connection->session.out;
    struct kv_buffer free_one = connection->sending;

    kv_buffer_clear(&free_one, KEEP_BYTES);
    connection->sending = *out;
    connection->sent = 0;
    *out = free_one;
    return connection->sending.used > 0;
}

static int
write_out(void *arg)
{
    struct kv_connection *connection = arg;
    bool more = true;

    while (more) {
        if (!send_rest(connection)) {
            kv_connection_break(connection);
            break;
        }
        more = take_next(connection);
    }
    connection->writing = false;
    cy_event_set(&connection->moved);
    kv_connection_release(connection);
    return 0;
}

/* Leaves what the kernel did not take to a writer; sends it here if there can be none. */
static void
hand_over(struct kv_connection *connection, size_t written)
{
    static const struct cy_task_options options = {.name = "kv-writer"};

    connection->sending = connection->session.out;
    connection->session.out = (struct kv_buffer){0};
    connection->sent = written;
    connection->writing = true;
    connection->users++;
    if (cy_task_spawn(NULL, write_out, connection, &options) < 0)
        (void) write_out(connection);
}

void
kv_connection_flush(struct kv_connection *connection)
{
    struct kv_buffer *out = &connection->session.out;

    if (out->used == 0 || connection->writing || connection->broken)
        return;
    struct iovec rest = {out->at, out->used};
    ssize_t result = cy_writev(connection->socket, &rest, 1, CY_NOW);
    size_t written = result >= 0 ? out->used : out->used - rest.iov_len;
    connection->core->shard.traffic.bytes_out += written;
    if (result >= 0)
        kv_buffer_clear(out, KEEP_BYTES);
    else if (result == -ETIMEDOUT)
        hand_over(connection, written);
    else
        kv_connection_break(connection);
}

int
kv_connection_drain(struct kv_connection *connection, size_t limit)
{
    cy_time patience = connection->core->server->flags.output_timeout;

    kv_connection_flush(connection);
    while (kv_connection_pending(connection) > limit && !connection->broken) {
        cy_event_clear(&connection->moved);
        int result = cy_event_wait(&connection->moved, cy_after(patience));
        if (result < 0)
            return result;
        kv_connection_flush(connection);
    }
    return connection->broken ? -EPIPE : 0;
}
