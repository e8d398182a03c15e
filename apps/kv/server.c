/*
 * server.c - the server of one node: its start on every core, its housekeeping, its end.
 * Tests: tests/kv/test_server.py
 */
#include "cluster.h"
#include "connection.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TICK_BUSY (10 * CY_MILLISECOND)
#define TICK_IDLE (100 * CY_MILLISECOND)

int64_t
kv_core_now(const struct kv_core *core)
{
    return (cy_now() + core->wall_offset_ns) / CY_MILLISECOND;
}

static int64_t
world_now(void *core)
{
    return kv_core_now(core);
}

static int
world_drain(void *core, struct kv_session *session)
{
    (void) core;
    struct kv_connection *connection = session->connection;
    return kv_connection_drain(connection, connection->core->server->flags.output_limit);
}

const struct kv_world kv_server_world = {
    .now = world_now,
    .exchange = kv_core_exchange,
    .drain = world_drain,
    .listen = kv_bus_listen,
    .unlisten = kv_bus_unlisten,
    .publish = kv_bus_publish,
    .describe = kv_bus_describe,
};

/* Somebody may set the system's clock: times of expiry follow it. */
static void
look_at_the_clock(struct kv_core *core)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        core->wall_offset_ns = now.tv_sec * CY_SECOND + now.tv_nsec - cy_now();
}

/* Expires, moves and frees, a little at a time, until the node stops. */
static int
keep_house(void *arg)
{
    struct kv_core *core = arg;
    struct kv_store *store = &core->shard.store;
    cy_time pause = TICK_IDLE;

    while (cy_wait_stopping(cy_after(pause)) == -ETIMEDOUT) {
        look_at_the_clock(core);
        kv_store_tick(store, kv_core_now(core));
        kv_shard_look_at_holder(core);
        pause = kv_store_is_busy(store) ? TICK_BUSY : TICK_IDLE;
    }
    kv_connections_stop(core);
    return 0;
}

/* Takes in clients until the node stops. */
static void
accept_all(struct kv_core *core, cy_socket *listener)
{
    for (;;) {
        cy_socket *socket;
        int result = cy_tcp_accept(&socket, listener, CY_FOREVER);
        if (result == 0) {
            kv_connection_start(core, &socket);
        } else if (result == -ECANCELED || result == -EBADF) {
            return;
        } else {
            cy_log_write(CY_LOG_WARN, "kv.accept", "error=%s", cy_strerror(result));
            if (cy_sleep(CY_SECOND / 10) < 0)
                return;
        }
    }
}

/* What a task on another core is given to listen on. */
struct kv_listening {
    struct kv_core *core;
    cy_address address;
    cy_ref reply_to;
};

static int
open_listener(cy_socket **out, const cy_address *address)
{
    static const struct cy_listen_options options = {.reuse_port = true, .v6_only = true};
    return cy_tcp_listen(out, address, &options);
}

/* Says how listening went, then accepts. */
static int
listen_here(void *arg)
{
    struct kv_listening listening = *(struct kv_listening *) arg;
    cy_socket *listener = NULL;

    free(arg);
    int result = open_listener(&listener, &listening.address);
    while (cy_send_bytes(listening.reply_to, KV_TAG_LISTENING, &result, sizeof result) ==
           -EAGAIN)
        if (cy_sleep(CY_MILLISECOND) < 0)
            break;
    if (result < 0)
        return 0;
    accept_all(listening.core, listener);
    cy_close(&listener);
    return 0;
}

static int
spawn_listener(struct kv_core *core, uint16_t index, const cy_address *address)
{
    static const struct cy_task_options options = {.name = "kv-accept", .daemon = true};
    struct kv_listening *listening = malloc(sizeof *listening);
    if (listening == NULL)
        return -ENOMEM;
    *listening = (struct kv_listening){core, *address, cy_self()};
    int result = cy_task_spawn_on(NULL, index, listen_here, listening, &options);
    if (result < 0)
        free(listening);
    return result;
}

/* Waits for the answers of so many; returns the first that is bad. */
static int
await_listeners(uint32_t count)
{
    int result = 0;
    while (count-- > 0) {
        cy_msg *msg;
        int one;
        int received = cy_receive_tag(&msg, KV_TAG_LISTENING, CY_FOREVER);
        if (received < 0)
            return received;
        memcpy(&one, cy_msg_body(msg), sizeof one);
        cy_msg_free(&msg);
        result = result < 0 ? result : one;
    }
    return result;
}

static uint16_t
port_of(const cy_address *address)
{
    return ntohs(address->u.any.sa_family == AF_INET6 ? address->u.v6.sin6_port
                                                      : address->u.v4.sin_port);
}

/* Finds out which port port 0 is, so that all cores take the same one. */
static int
choose_port(struct kv_server *server, const cy_address *first)
{
    cy_socket *probe;
    cy_address local;

    int result = open_listener(&probe, first);
    if (result < 0)
        return result;
    result = cy_socket_local(&local, probe);
    if (result == 0)
        server->port = port_of(&local);
    cy_close(&probe);
    return result;
}

/* Listens on one address, with every core. */
static int
listen_on(struct kv_server *server, const char *text)
{
    cy_address address;
    int result = cy_address_parse(&address, text, server->port);

    for (uint16_t i = 0; i < server->cores && result == 0; i++)
        result = spawn_listener(&server->core[i], i, &address);
    return result < 0 ? result : await_listeners(server->cores);
}

static int
listen_on_all(struct kv_server *server)
{
    const struct cy_option_list *bind = &server->flags.bind;
    cy_address first;
    int result = cy_address_parse(&first, bind->items[0], 0);

    if (result == 0 && server->port == 0)
        result = choose_port(server, &first);
    kv_flags_describe(&server->flags, server->port, server->settings);
    server->config.port = server->port;
    uint32_t i = 0;
    while (i < bind->count && result == 0)
        result = listen_on(server, bind->items[i++]);
    if (result < 0) {
        fprintf(stderr, "kv: cannot serve on %s port %u: %s\n", bind->items[i > 0 ? i - 1 : 0],
                server->port, cy_strerror(result));
        return result;
    }
    return 0;
}

static void
say_ready(const struct kv_server *server)
{
    const struct cy_option_list *bind = &server->flags.bind;

    for (uint32_t i = 0; i < bind->count; i++)
        printf("kv: ready on %s:%u\n", bind->items[i], server->port);
    fflush(stdout);
}

static int
init_core(struct kv_server *server, uint16_t index)
{
    struct kv_core *core = &server->core[index];
    uint16_t shard = (uint16_t) (server->flags.cluster_index * server->cores + index);

    core->server = server;
    core->index = index;
    kv_shard_init(&core->shard, &server->config.seed, &server->memory);
    look_at_the_clock(core);
    core->site = (struct kv_site){
        .config = &server->config,
        .ops = &kv_server_world,
        .world = core,
        .shard = &core->shard,
        .self = shard,
        .next_id = shard + 1U,
    };
    return server->flags.cluster_size > 1 ? kv_cluster_init_core(core) : 0;
}

/* What runs on every core. Daemons: the node ends although they still wait for work. */
static int
start_core(struct kv_server *server, uint16_t index)
{
    static const struct cy_task_options shard = {.name = "kv-shard", .daemon = true};
    static const struct cy_task_options agent = {.name = "kv-agent", .daemon = true};
    static const struct cy_task_options publisher = {.name = "kv-publisher", .daemon = true};
    static const struct cy_task_options keeper = {.name = "kv-keeper", .daemon = true};
    struct kv_core *core = &server->core[index];

    int result =
        cy_handler_spawn_on(&server->shards[index], index, kv_shard_handler, core, &shard);
    if (result == 0)
        result = cy_task_spawn_on(&server->agents[index], index, kv_bus_agent, core, &agent);
    if (result == 0 && server->flags.cluster_size > 1)
        result =
            cy_task_spawn_on(&server->publishers[index], index, kv_publisher, core, &publisher);
    if (result == 0)
        result = cy_task_spawn_on(NULL, index, keep_house, core, &keeper);
    return result;
}

static int
prepare(struct kv_server *server)
{
    server->cores = cy_core_count();
    server->main = cy_self();
    server->node = server->main.node;
    if (server->flags.cluster_size * server->cores > KV_CLUSTER_SHARDS)
        return -E2BIG;
    server->port = (uint16_t) server->flags.port;
    server->memory.max = (int64_t) server->flags.maxmemory;
    server->clients.max = server->flags.maxclients;
    server->shards = calloc(server->cores, sizeof *server->shards);
    server->agents = calloc(server->cores, sizeof *server->agents);
    server->publishers = calloc(server->cores, sizeof *server->publishers);
    server->core = aligned_alloc(64, server->cores * sizeof *server->core);
    if (server->shards == NULL || server->agents == NULL || server->publishers == NULL ||
        server->core == NULL)
        return -ENOMEM;
    memset(server->core, 0, server->cores * sizeof *server->core);

    struct kv_config *config = &server->config;
    kv_command_index_init(&config->commands);
    config->shards = (uint16_t) (server->flags.cluster_size * server->cores);
    config->settings = server->settings;
    config->setting_count = KV_CONFIG_COUNT;
    config->maxmemory = server->memory.max;
    config->budget = &server->memory;
    if (server->flags.cluster_size > 1)
        return kv_cluster_join(server);
    cy_random(&config->seed, sizeof config->seed);
    return 0;
}

/* Needs the seed. */
static int
start_cores(struct kv_server *server)
{
    int result = 0;

    for (uint16_t i = 0; i < server->cores && result == 0; i++)
        result = init_core(server, i);
    for (uint16_t i = 0; i < server->cores && result == 0; i++)
        result = start_core(server, i);
    server->config.started_ms = kv_core_now(&server->core[0]);
    return result;
}

int
kv_server_main(void *arg)
{
    struct kv_server *server = arg;

    int result = prepare(server);
    if (result == 0)
        result = start_cores(server);
    if (result == -ECANCELED && cy_stopping())
        return 0;
    if (result < 0)
        fprintf(stderr, "kv: cannot start: %s\n", cy_strerror(result));
    if (result == 0)
        result = listen_on_all(server);
    if (result < 0)
        return 1;
    if (server->flags.cluster_size > 1)
        result = kv_cluster_gather(server);
    if (result == 0)
        say_ready(server);
    (void) !cy_wait_stopping(CY_FOREVER);
    return 0;
}

static void
fini_core(struct kv_core *core)
{
    while (core->orphans != NULL) {
        struct kv_pipeline *orphan = core->orphans;
        core->orphans = orphan->next;
        kv_pipeline_free(&orphan);
    }
    kv_site_fini(&core->site);
    kv_bus_fini(&core->bus);
    kv_buffer_free(&core->deferred);
    kv_buffer_free(&core->scratch.bytes);
    kv_buffer_free(&core->scratch.ends);
    kv_cluster_fini_core(core);
    kv_shard_fini(&core->shard);
}

void
kv_server_fini(struct kv_server *server)
{
    for (uint16_t i = 0; server->core != NULL && i < server->cores; i++)
        if (server->core[i].server != NULL)
            fini_core(&server->core[i]);
    free(server->core);
    free(server->shards);
    free(server->agents);
    free(server->publishers);
    server->core = NULL;
    server->shards = server->agents = server->publishers = NULL;
}
