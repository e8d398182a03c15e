/*
 * connection.c - one client's socket and the task that reads it.
 * Tests: tests/kv/test_server.py
 */
#include "connection.h"

#include <cycos/log.h>
#include <stdlib.h>

#define LINGER_BYTES ((size_t) 1 << 20) /* of input thrown away before a close */

static void
enlist(struct kv_connection *connection)
{
    struct kv_core *core = connection->core;
    connection->next = core->clients;
    if (core->clients != NULL)
        core->clients->previous = connection;
    core->clients = connection;
    core->shard.traffic.clients++;
    kv_budget_report(&core->server->clients, 1);
}

static void
delist(struct kv_connection *connection)
{
    struct kv_core *core = connection->core;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        core->clients = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    core->shard.traffic.clients--;
    kv_budget_report(&core->server->clients, -1);
}

void
kv_connection_release(struct kv_connection *connection)
{
    if (--connection->users > 0)
        return;
    kv_buffer_free(&connection->sending);
    kv_session_fini(&connection->session);
    free(connection);
}

/* When a silent client is closed. One that listens has no reason to say anything. */
static cy_time
deadline_of(const struct kv_connection *connection)
{
    cy_time timeout = connection->core->server->flags.timeout;
    if (timeout == 0 || kv_session_subscriptions(&connection->session) > 0)
        return CY_FOREVER;
    return cy_after(timeout);
}

/* Waits for the next bytes and puts them where the parser wants them. */
static bool
receive(struct kv_connection *connection)
{
    struct kv_core *core = connection->core;
    char *at;
    size_t room;

    if (cy_stopping() || !kv_parser_space(&connection->session.parser, &at, &room))
        return false;
    connection->reading = true;
    ssize_t n = cy_read(connection->socket, at, room, deadline_of(connection));
    connection->reading = false;
    if (n <= 0)
        return false;
    core->shard.traffic.bytes_in += (uint64_t) n;
    kv_parser_received(&connection->session.parser, (size_t) n);
    return true;
}

/* A listener that lags is closed by its listener; who asks too much waits here. */
static bool
relieve(struct kv_connection *connection)
{
    size_t limit = connection->core->server->flags.output_limit;

    kv_connection_flush(connection);
    if (kv_connection_pending(connection) <= limit)
        return !connection->broken;
    if (kv_connection_drain(connection, limit) == 0)
        return true;
    cy_log_write(CY_LOG_WARN, "kv.client.slow", "peer=%s pending=%zu limit=%zu",
                 connection->session.peer, kv_connection_pending(connection), limit);
    return false;
}

/*
 * Closing a socket with unread input makes the kernel send a reset, which may overtake the last
 * reply. So: say that nothing more comes, and throw away what the client still sends.
 */
static void
linger(struct kv_connection *connection)
{
    char waste[4096];
    size_t left = LINGER_BYTES;
    cy_time deadline = cy_after(CY_SECOND);

    if (kv_connection_drain(connection, 0) < 0)
        return;
    cy_shutdown_write(connection->socket);
    while (left > 0) {
        ssize_t n = cy_read(connection->socket, waste, sizeof waste, deadline);
        if (n <= 0)
            return;
        left -= (size_t) n < left ? (size_t) n : left;
    }
}

static int
serve(void *arg)
{
    struct kv_connection *connection = arg;
    struct kv_session *session = &connection->session;

    connection->reader = cy_self();
    while (!session->closing && receive(connection)) {
        kv_session_run(session);
        if (!relieve(connection))
            break;
    }
    if (!connection->broken)
        linger(connection);
    (void) kv_session_unlisten_all(session);
    connection->broken = true;
    cy_close(&connection->socket);
    if (!cy_ref_is_nobody(connection->listener))
        (void) !cy_terminate(connection->listener);
    delist(connection);
    kv_connection_release(connection);
    return 0;
}

static struct kv_connection *
create(struct kv_core *core, cy_socket **socket)
{
    struct kv_connection *connection = calloc(1, sizeof *connection);
    cy_address peer;

    if (connection == NULL)
        return NULL;
    connection->core = core;
    connection->socket = *socket;
    connection->users = 1;
    connection->listener = CY_NOBODY;
    cy_event_set(&connection->confirmed);
    kv_session_init(&connection->session, &core->site, connection);
    if (cy_socket_remote(&peer, *socket) == 0)
        cy_address_format(connection->session.peer, sizeof connection->session.peer, &peer);
    return connection;
}

static void
refuse(struct kv_core *core, cy_socket **socket)
{
    static const char text[] = "-ERR max number of clients reached\r\n";
    core->shard.traffic.refused++;
    (void) !cy_write(*socket, text, sizeof text - 1, CY_NOW);
    cy_close(socket);
}

void
kv_connection_start(struct kv_core *core, cy_socket **socket)
{
    static const struct cy_task_options options = {.name = "kv-client"};

    if (kv_budget_exceeded(&core->server->clients, 1)) {
        refuse(core, socket);
        return;
    }
    struct kv_connection *connection = create(core, socket);
    if (connection == NULL) {
        cy_close(socket);
        return;
    }
    *socket = NULL;
    core->shard.traffic.accepted++;
    enlist(connection);
    if (cy_task_spawn(&connection->reader, serve, connection, &options) < 0) {
        cy_close(&connection->socket);
        delist(connection);
        kv_connection_release(connection);
    }
}

void
kv_connections_stop(struct kv_core *core)
{
    for (struct kv_connection *c = core->clients; c != NULL; c = c->next)
        if (c->reading)
            (void) !cy_terminate(c->reader);
}
