/*
 * connection.c - the two tasks of a connection: one reads, one writes.
 *
 * Two, because a server may stop reading until its replies are taken: a single task that
 * waits to write would then wait for ever. The writer also collects what the reader and the
 * generator have put into the buffer since its last turn, so that one write carries a batch.
 */
#include "connection.h"
#include "clock.h"

#include <errno.h>
#include <string.h>

#define BACK_OFF (100 * CY_MILLISECOND) /* before a lost connection is made anew */
#define FAREWELL CY_SECOND              /* for the server to close its side */

static void
wake_writer(struct load_connection *connection)
{
    int rc = cy_resume(connection->writer);
    (void) rc; /* gone only when the run is over */
}

bool
load_connection_open(const struct load_connection *connection)
{
    return connection->socket != NULL && connection->ready && !connection->half_closed &&
           load_client_room(&connection->client) > 0;
}

void
load_connection_flush(struct load_connection *connection)
{
    if (connection->client.out.used == 0 || connection->woken)
        return;
    connection->woken = true;
    wake_writer(connection);
}

void
load_connection_top_up(struct load_connection *connection, int64_t now_ns)
{
    uint32_t room =
        load_connection_open(connection) ? load_client_room(&connection->client) : 0;
    while (room > 0 && load_client_request(&connection->client, now_ns) == 0)
        room--;
    load_connection_flush(connection);
}

void
load_connection_drain(struct load_connection *connection)
{
    if (connection->socket == NULL || connection->half_closed ||
        load_ledger_outstanding(&connection->client.ledger) > 0)
        return;
    connection->half_closed = true;
    cy_shutdown_write(connection->socket);
}

static void
set_ready(struct load_connection *connection)
{
    struct load_group *group = connection->group;
    if (connection->ready)
        return;
    connection->ready = true;
    if (connection->client.fill_end > 0)
        connection->client.space->filled = group->recorder.counters.error_replies == 0;
    load_group_ready(group);
}

/* What the phase asks for after each read. */
static void
go_on(struct load_connection *connection, int64_t now_ns)
{
    struct load_group *group = connection->group;
    if (!connection->ready) {
        if (load_client_fill(&connection->client) == 0 &&
            load_client_filled(&connection->client))
            set_ready(connection);
        load_connection_flush(connection);
    }
    if (group->phase == LOAD_PHASE_RUNNING && group->closed_loop)
        load_connection_top_up(connection, now_ns);
    if (group->phase == LOAD_PHASE_DRAINING)
        load_connection_drain(connection);
    load_group_room(group);
}

/* When the wait for the next byte has been too long. */
static cy_time
patience(const struct load_connection *connection, int64_t now_ns)
{
    int64_t timeout = connection->group->settings->flags.timeout_ns;
    int64_t oldest = load_ledger_oldest(&connection->client.ledger);
    if (connection->half_closed)
        return cy_after(FAREWELL);
    if (oldest == INT64_MAX || oldest + timeout <= now_ns)
        return cy_after(timeout);
    return cy_after(oldest + timeout - now_ns);
}

static bool
timed_out(const struct load_connection *connection, int64_t now_ns)
{
    int64_t oldest = load_ledger_oldest(&connection->client.ledger);
    int64_t timeout = connection->group->settings->flags.timeout_ns;
    return oldest != INT64_MAX && now_ns - oldest >= timeout;
}

/* Returns whether the talk goes on. */
static bool
judge_silence(struct load_connection *connection, ssize_t rc, int64_t now_ns)
{
    struct load_counters *counters = &connection->group->recorder.counters;
    if (connection->half_closed || rc == -ECANCELED)
        return false;
    if (rc == -ETIMEDOUT && !timed_out(connection, now_ns))
        return true;
    if (rc == -ETIMEDOUT)
        counters->timeouts++;
    else
        counters->disconnects++;
    load_group_fail(connection->group, rc == 0 ? -ECONNRESET : (int) rc);
    return false;
}

static ssize_t
read_some(struct load_connection *connection, int64_t now_ns)
{
    struct load_buffer *in = &connection->client.in;
    ssize_t got = cy_read(connection->socket, in->data + in->used, in->size - in->used,
                          patience(connection, now_ns));
    if (got <= 0)
        return got;
    struct load_recorder *recorder = &connection->group->recorder;
    in->used += (size_t) got;
    if (load_recorder_measures(recorder, now_ns)) {
        recorder->counters.bytes_received += (uint64_t) got;
        recorder->counters.reads++;
    }
    return got;
}

static void
talk(struct load_connection *connection)
{
    int64_t now = load_clock();
    for (;;) {
        go_on(connection, now);
        ssize_t got = read_some(connection, now);
        now = load_clock();
        if (got <= 0) {
            if (!judge_silence(connection, got, now))
                return;
        } else if (load_client_feed(&connection->client, now) != 0) {
            connection->group->recorder.counters.disconnects++;
            load_group_fail(connection->group, -EPROTO);
            return;
        }
    }
}

static int
connect_once(struct load_connection *connection)
{
    struct load_group *group = connection->group;
    cy_socket *socket;
    int rc = cy_tcp_connect(&socket, &group->place.address,
                            cy_after(group->settings->flags.timeout_ns));
    if (rc == 0) {
        connection->socket = socket;
        connection->broken = false;
    } else if (rc != -ECANCELED) {
        group->recorder.counters.connect_errors++;
        load_group_fail(group, rc);
    }
    return rc;
}

static int
load_reader(void *arg)
{
    struct load_connection *connection = arg;
    int rc = 0;
    while (!load_group_over(connection->group) && rc != -ECANCELED) {
        rc = connect_once(connection);
        if (rc == 0) {
            talk(connection);
            cy_close(&connection->socket);
            load_client_disconnected(&connection->client);
            connection->woken = false;
        }
        if (!load_group_over(connection->group) && rc != -ECANCELED)
            rc = cy_sleep(BACK_OFF);
    }
    connection->finished = true;
    wake_writer(connection);
    load_group_leave(connection->group);
    return 0;
}

static void
write_out(struct load_connection *connection)
{
    struct load_group *group = connection->group;
    struct load_buffer full = connection->client.out;
    connection->client.out = connection->writing;
    connection->writing = full;
    connection->woken = false;
    int64_t now = load_clock();
    load_client_stamp(&connection->client, now);
    ssize_t rc = cy_write(connection->socket, full.data, full.used,
                          cy_after(group->settings->flags.timeout_ns));
    if (load_recorder_measures(&group->recorder, now)) {
        group->recorder.counters.bytes_sent += rc > 0 ? (uint64_t) rc : 0;
        group->recorder.counters.writes++;
    }
    /* The rest is the reader's affair: it sees the end of the connection, or its silence. */
    connection->broken = rc < 0;
    connection->writing.used = 0;
}

static int
load_writer(void *arg)
{
    struct load_connection *connection = arg;
    while (!connection->finished) {
        if (connection->socket != NULL && !connection->broken &&
            connection->client.out.used > 0)
            write_out(connection);
        else if (cy_suspend(CY_FOREVER) == -ECANCELED)
            break;
    }
    load_group_leave(connection->group);
    return 0;
}

int
load_connection_start(struct load_connection *connection)
{
    struct load_group *group = connection->group;
    int rc = cy_task_spawn(&connection->writer, load_writer, connection, NULL);
    if (rc != 0)
        return rc;
    group->tasks++;
    rc = cy_task_spawn(NULL, load_reader, connection, NULL);
    if (rc == 0) {
        group->tasks++;
        return 0;
    }
    connection->finished = true;
    wake_writer(connection);
    return rc;
}

void
load_connection_fini(struct load_connection *connection)
{
    load_client_fini(&connection->client);
    load_buffer_fini(&connection->writing);
    if (connection->own.acknowledged != NULL)
        load_keyspace_fini(&connection->own);
}
