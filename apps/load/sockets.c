/*
 * sockets.c - targets that are reached by connections: kv:// and tcp://.
 * Tests: tests/load/test_coordinator.c
 */
#include "sockets.h"
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RESOLVE_NS (10 * CY_SECOND)

/* The connections of one core and what they have in common. */
struct sockets {
    const struct load_order *order;
    struct load_client_shared shared;
    struct load_commands commands;
    struct load_zipf zipf;
    struct load_keyspace space; /* with --shared-keys */
    uint32_t count;
    struct load_connection connections[];
};

static int
find(struct load_place *out, const struct load_settings *settings, char *error, size_t size)
{
    int rc = cy_address_resolve(&out->address, settings->target.host, settings->target.port,
                                cy_after(RESOLVE_NS));
    if (rc != 0)
        snprintf(error, size, "cannot find the host of %s: %s", settings->target_text,
                 cy_strerror(rc));
    return rc;
}

static uint32_t
keys_before(const struct load_order *order, uint32_t connection)
{
    return (uint32_t) ((uint64_t) order->settings->keys * connection /
                       order->settings->connections);
}

static int
set_up_keys(struct sockets *s, struct load_connection *connection, uint32_t id)
{
    const struct load_order *order = s->order;
    if (order->settings->target.protocol == LOAD_TCP)
        return 0;
    uint32_t first = keys_before(order, id), end = keys_before(order, id + 1);
    if (order->fill) {
        connection->client.fill_next = first;
        connection->client.fill_end = end;
    }
    if (order->settings->flags.shared_keys) {
        connection->client.space = &s->space;
        return 0;
    }
    connection->client.space = &connection->own;
    return load_keyspace_init(&connection->own, first, end - first, false);
}

static int
set_up_connection(struct sockets *s, struct load_group *group, uint32_t i)
{
    struct load_connection *connection = &s->connections[i];
    uint32_t id = s->order->first_connection + i;
    connection->group = group;
    int rc = load_client_init(&connection->client, &s->shared, NULL, id);
    rc = rc != 0 ? rc : set_up_keys(s, connection, id);
    return rc != 0 ? rc : load_connection_start(connection);
}

static int
open_all(struct load_group *group, const struct load_order *order)
{
    const struct load_settings *settings = order->settings;
    const char *prefix = settings->flags.key_prefix;
    struct sockets *s = calloc(1, sizeof *s + order->count * sizeof s->connections[0]);
    if (s == NULL)
        return -ENOMEM;
    group->lines = s;
    s->order = order;
    s->count = order->count;
    load_commands_init(&s->commands, prefix != NULL ? prefix : "load:");
    uint32_t keys = settings->flags.shared_keys ? settings->keys : keys_before(order, 1) + 1;
    if (settings->theta > 0)
        load_zipf_init(&s->zipf, keys, settings->theta);
    s->shared = (struct load_client_shared){
        .settings = settings,
        .commands = &s->commands,
        .zipf = settings->theta > 0 ? &s->zipf : NULL,
        .recorder = &group->recorder,
        .run = order->run,
    };
    int rc = 0;
    if (settings->flags.shared_keys)
        rc = load_keyspace_init(&s->space, 0, settings->keys, true);
    for (uint32_t i = 0; i < order->count && rc == 0; i++)
        rc = set_up_connection(s, group, i);
    return rc;
}

static void
close_all(struct load_group *group)
{
    struct sockets *s = group->lines;
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        load_connection_fini(&s->connections[i]);
    if (s->space.acknowledged != NULL)
        load_keyspace_fini(&s->space);
    free(s);
    group->lines = NULL;
}

static struct load_connection *
connection_at(const struct load_group *group, uint32_t line)
{
    struct sockets *s = group->lines;
    return &s->connections[line];
}

static bool
room(const struct load_group *group, uint32_t line)
{
    return load_connection_open(connection_at(group, line));
}

static int
request(struct load_group *group, uint32_t line, int64_t due_ns)
{
    struct load_connection *connection = connection_at(group, line);
    int rc = load_client_request(&connection->client, due_ns);
    if (rc == 0)
        load_connection_flush(connection);
    return rc;
}

static void
top_up(struct load_group *group, uint32_t line, int64_t now_ns)
{
    load_connection_top_up(connection_at(group, line), now_ns);
}

static void
drain(struct load_group *group, uint32_t line)
{
    load_connection_drain(connection_at(group, line));
}

static void
give_up(struct load_group *group, uint32_t line)
{
    cy_close(&connection_at(group, line)->socket);
}

const struct load_kind load_sockets = {
    .find = find,
    .open = open_all,
    .close = close_all,
    .room = room,
    .request = request,
    .top_up = top_up,
    .drain = drain,
    .give_up = give_up,
};
