/*
 * network.c - the network of a node: opened, flushed at each turn, and closed with it.
 *
 * Tests: tests/transport/test_member_real.c, tests/cluster/test_network.py
 */
#include "connection.h"
#include "control.h"
#include "file_line.h"
#include "gcm.h"
#include "link.h"
#include "locate.h"
#include "member.h"
#include "metrics.h"
#include <arpa/inet.h>
#include <cycos/impl/io.h>
#include <cycos/impl/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTERFACES_MAX = 64 };

static const struct cyi_net_limits DEFAULTS = {
    .handshake_ns = 5 * CY_SECOND,
    .handshakes_max = 256,
    .handshakes_source = 16,
    .window_bytes = 16 << 20,
    .queue_bytes = 32 << 20,
    .excess_bytes = 48 << 20, /* all that may be under way: the two above */
    .ack_ns = 20 * CY_MILLISECOND,
    .idle_ns = 2 * CY_SECOND,
    .redial_ns = 5 * CY_MILLISECOND,
    .redial_max_ns = 2 * CY_SECOND,
    .cross_ns = 1500 * CY_MILLISECOND,
    .stall_ns = 9 * CY_SECOND,
    .probe_ns = 500 * CY_MILLISECOND,
    .dead_ns = 4250 * CY_MILLISECOND,
    .peers_max = 4096,
    .questions_max = 65536,
    .file_idle_ns = 30 * CY_SECOND,
    .file_linger_ns = 2 * CY_SECOND,
    .file_piece_bytes = CYI_FILE_PIECE,
    .file_window_bytes = CYI_FILE_WINDOW,
    .file_serves_max = 128,
    .file_sends_max = 64,
    .files = {.keep_ns = 600 * CY_SECOND,
              .files_max = 64,
              .files_peer = 16,
              .records_max = 65536},
};

/* What to listen on, and what to tell others. */
struct places {
    cy_address listen[CYI_LISTENERS_MAX];
    uint32_t count;
    bool any; /* all addresses of this host */
};

static int
open_core(struct cyi_net *net, uint16_t index)
{
    struct cyi_net_core *owner = &net->cores[index];
    owner->net = net;
    owner->core = net->node->cores[index];
    cyi_list_init(&owner->all);
    cyi_list_init(&owner->active);
    cyi_list_init(&owner->pending);
    cyi_list_init(&owner->parting);
    cyi_list_init(&owner->file_buffers);
    cyi_file_lines_open(owner);
    owner->numbered = calloc(CYI_LINKS_MAX + 1, sizeof *owner->numbered);
    owner->receive = malloc(CYI_RECEIVE_BYTES);
    if (owner->numbered == NULL || owner->receive == NULL)
        return -ENOMEM;
    owner->core->net = owner;
    return 0;
}

static void
set_port(cy_address *address, uint16_t port)
{
    if (address->u.any.sa_family == AF_INET6)
        address->u.v6.sin6_port = htons(port);
    else
        address->u.v4.sin_port = htons(port);
}

static uint16_t
port_of(const cy_address *address)
{
    return ntohs(address->u.any.sa_family == AF_INET6 ? address->u.v6.sin6_port
                                                      : address->u.v4.sin_port);
}

/* One port on all addresses; the first chooses it, if it may be any. */
static int
listen_at(struct cyi_net_core *owner, const struct places *places, uint16_t port)
{
    const struct cy_listen_options options = {.v6_only = true};
    owner->port = port;
    for (uint32_t i = 0; i < places->count; i++) {
        cy_address address = places->listen[i];
        cy_socket *listener;
        set_port(&address, owner->port);
        int rc = cyi_tcp_listen(&listener, owner->core, &address, &options);
        if (rc == -EADDRNOTAVAIL && i > 0 && places->any)
            continue; /* a kernel with IPv6, but no interface that has it */
        if (rc != 0)
            return rc;
        cyi_listener_last(listener);
        owner->listeners[owner->listener_count++] = listener;
        if (owner->port == 0 && (rc = cy_socket_local(&address, listener)) != 0)
            return rc;
        owner->port = owner->port != 0 ? owner->port : port_of(&address);
    }
    return 0;
}

static void
close_listeners(struct cyi_net_core *owner)
{
    while (owner->listener_count > 0)
        cy_close(&owner->listeners[--owner->listener_count]);
}

/* A port that is free on one address may be taken on the next: then another is tried. */
enum { PORT_TRIES = 16 };

static int
listen_core(struct cyi_net_core *owner, const struct places *places, char *why, size_t size)
{
    uint32_t first = owner->net->node->options->tcp_port;
    uint16_t port = first == 0 ? 0 : (uint16_t) (first + owner->core->index);
    int rc = -EADDRINUSE;
    cyi_core_enter(owner->core);
    for (int i = 0; i < PORT_TRIES && rc == -EADDRINUSE; i++) {
        close_listeners(owner);
        rc = listen_at(owner, places, port);
        if (port != 0)
            break;
    }
    if (rc != 0)
        snprintf(why, size, "core %u cannot listen on TCP port %u: %s", owner->core->index,
                 port, cy_strerror(rc));
    return rc;
}

static void
add_place(struct cyi_net *net, struct places *places, const cy_address *address)
{
    if (places->count < CYI_LISTENERS_MAX)
        places->listen[places->count++] = *address;
    if (net->address_count < CYI_WIRE_ADDRESSES)
        cyi_address_to_wire(net->addresses[net->address_count++], address);
}

/* The addresses that were given, and what they look like from outside. */
static int
places_given(struct cyi_net *net, struct places *places, char *why, size_t size)
{
    const struct cy_options *options = net->node->options;
    for (uint32_t i = 0; i < options->node.count; i++) {
        cy_address address, outside;
        int rc = cyi_address_lookup(&address, options->node.items[i], net->node->os);
        if (rc == 0)
            add_place(net, places, &address);
        if (rc == 0 && i < options->ext_ip_addr.count && i < CYI_WIRE_ADDRESSES &&
            (rc = cyi_address_lookup(&outside, options->ext_ip_addr.items[i], net->node->os)) ==
                0)
            cyi_address_to_wire(net->addresses[i], &outside);
        if (rc != 0) {
            snprintf(why, size, "node address '%s': %s", options->node.items[i],
                     cy_strerror(rc));
            return rc;
        }
    }
    return 0;
}

/* All addresses of this host; loopback only if there is nothing else. */
static void
note_interfaces(struct cyi_net *net, bool loopback)
{
    struct cyi_interface all[INTERFACES_MAX];
    struct cyi_os *os = net->node->os;
    int count = os->socket->interfaces(os, all, INTERFACES_MAX);
    for (int i = 0; i < count && net->address_count < CYI_WIRE_ADDRESSES; i++) {
        const cy_address *address = &all[i].address;
        if (!all[i].up || all[i].loopback != loopback)
            continue;
        if (address->u.any.sa_family == AF_INET6 &&
            IN6_IS_ADDR_LINKLOCAL(&address->u.v6.sin6_addr))
            continue; /* means nothing on another host */
        cyi_address_to_wire(net->addresses[net->address_count++], address);
    }
}

/* IPv6 beside IPv4, where this host has it. */
static void
places_all(struct cyi_net *net, struct places *places)
{
    struct cyi_os *os = net->node->os;
    places->any = true;
    places->listen[places->count++] = (cy_address){.u.v4 = {.sin_family = AF_INET}};
    int fd = os->socket->open(os, AF_INET6, SOCK_STREAM);
    if (fd >= 0) {
        os->socket->close(os, fd);
        places->listen[places->count++] = (cy_address){.u.v6 = {.sin6_family = AF_INET6}};
    }
    note_interfaces(net, false);
    if (net->address_count == 0)
        note_interfaces(net, true);
}

/* The reference to each core, and its name if it was given none. */
static void
place_cores(struct cyi_net *net)
{
    for (uint16_t i = 0; i < net->node->core_count; i++) {
        struct cyi_core *core = net->node->cores[i];
        cy_location location;
        if (net->address_count > 0)
            memcpy(core->home.address, net->addresses[0], sizeof core->home.address);
        core->home.port = net->cores[i].port;
        location = cy_ref_location(core->home);
        if (net->node->options->name == NULL)
            cy_location_format(core->name, sizeof core->name, &location);
    }
}

static int
start_daemons(struct cyi_net *net)
{
    int rc = 0;
    for (uint16_t i = 0; rc == 0 && i < net->node->core_count; i++) {
        struct cyi_net_core *owner = &net->cores[i];
        for (uint32_t j = 0; rc == 0 && j < owner->listener_count; j++)
            rc = cyi_daemon_start(owner->core, cyi_accept_all, owner->listeners[j],
                                  "net.listen");
    }
    if (rc == 0)
        rc = cyi_daemon_start(net->node->cores[0], cyi_members_keep, net, "net.hub");
    if (rc == 0)
        rc = cyi_daemon_start(net->node->cores[0], cyi_files_keep, net, "net.files");
    return rc != 0 ? rc
                   : cyi_daemon_start(net->node->cores[0], cyi_locates_keep, net, "net.names");
}

static bool
is_open(const struct cyi_net *net)
{
    static const struct in6_addr any;
    if (cyi_secrets_count(net->secrets) != 0 || net->tls != NULL)
        return false;
    for (uint8_t i = 0; i < net->address_count; i++) {
        struct in6_addr address;
        memcpy(&address, net->addresses[i], sizeof address);
        bool v4 = IN6_IS_ADDR_V4MAPPED(&address);
        if (memcmp(&address, &any, sizeof any) != 0 &&
            (v4 ? address.s6_addr[12] != 127 : !IN6_IS_ADDR_LOOPBACK(&address)))
            return true;
    }
    return false;
}

static void
tell(const struct cyi_net *net)
{
    struct cyi_log *log = net->node->log;
    for (uint16_t i = 0; i < net->node->core_count; i++) {
        char text[CY_LOCATION_TEXT_MAX];
        cy_location location = cy_ref_location(net->node->cores[i]->home);
        cy_location_format(text, sizeof text, &location);
        cyi_log_write(log, NULL, CY_LOG_INFO, "net.core", "core=%u name=%s location=%s", i,
                      net->node->cores[i]->name, text);
    }
    if (is_open(net))
        cyi_log_write(log, NULL, CY_LOG_WARN, "net.open", "reason=%s",
                      "no secret: whoever reaches this network can send messages");
}

static int
get_secrets(struct cyi_net *net, const struct cyi_net_setup *setup, char *why, size_t size)
{
    if (setup == NULL || setup->passwords == NULL)
        return cyi_secrets_load(&net->secrets, net->node->options, why, size);
    return cyi_secrets_make(&net->secrets, setup->passwords, setup->password_count,
                            setup->cost_log2);
}

static int
open_all(struct cyi_net *net, const struct cyi_net_setup *setup, char *why, size_t size)
{
    struct places places = {.count = 0};
    const struct cy_options *options = net->node->options;
    int rc = 0;
    /* Before scrypt gives 16 MiB back: from then on malloc() has large blocks of its heap. */
    for (uint16_t i = 0; rc == 0 && i < net->node->core_count; i++)
        rc = open_core(net, i);
    if (rc == 0)
        rc = get_secrets(net, setup, why, size);
    if (rc == 0)
        rc = cyi_net_load_tls(net, setup, why, size);
    if (rc == 0 && options->node.count != 0)
        rc = places_given(net, &places, why, size);
    else if (rc == 0)
        places_all(net, &places);
    for (uint16_t i = 0; rc == 0 && i < net->node->core_count; i++)
        rc = listen_core(&net->cores[i], &places, why, size);
    if (rc != 0)
        return rc;
    place_cores(net);
    rc = cyi_members_create(&net->members, net);
    if (rc == 0)
        rc = cyi_locates_create(&net->locates, net);
    if (rc == 0)
        rc = cyi_metrics_add(net->node, &cyi_net_metrics);
    if (rc == 0 && options->control)
        rc = cyi_control_start(net);
    return rc != 0 ? rc : start_daemons(net);
}

static int
open_by(struct cyi_node *node, const struct cyi_net_setup *setup, char *why, size_t size)
{
    struct cyi_net *net = calloc(1, sizeof *net);
    if (net == NULL)
        return -ENOMEM;
    node->net = net;
    net->node = node;
    net->limits = setup == NULL ? DEFAULTS : setup->limits;
    net->aes = cyi_gcm_available() && (setup == NULL || !setup->no_aes);
    net->cores = calloc(node->core_count, sizeof *net->cores);
    int rc = net->cores == NULL ? -ENOMEM : cyi_files_open(net, why, size);
    if (rc == 0)
        rc = open_all(net, setup, why, size);
    if (rc != 0)
        return rc;
    node->router = &cyi_link_router;
    tell(net);
    return 0;
}

static int
open_network(struct cyi_node *node, char *why, size_t size)
{
    return open_by(node, NULL, why, size);
}

static const struct cyi_net_setup *
setup_of(const struct cyi_node *node)
{
    const struct cyi_network *network = node->options->network;
    const char *setup = (const char *) network - offsetof(struct cyi_net_setup, network);
    return (const struct cyi_net_setup *) (const void *) setup;
}

static void
reload_network(struct cyi_node *node)
{
    cyi_net_reload_tls(node->net, NULL);
}

static void
reload_setup(struct cyi_node *node)
{
    cyi_net_reload_tls(node->net, setup_of(node));
}

static int
open_setup(struct cyi_node *node, char *why, size_t size)
{
    return open_by(node, setup_of(node), why, size);
}

static void
flush(struct cyi_core *core)
{
    struct cyi_net_core *owner = core->net;
    cyi_list_for_each_safe(at, &owner->active)
        cyi_link_flush(cyi_container_of(at, struct cyi_link, active));
}

#define GOODBYE (250 * CY_MILLISECOND)

static bool
bring_out(struct cyi_net_core *owner)
{
    struct cyi_ready events[64];
    struct cyi_core *core = owner->core;
    flush(core);
    if (cyi_list_empty(&owner->active) || core->os->simulated)
        return true;
    int n = core->os->reactor->wait(core->reactor, events, 64, CY_MILLISECOND);
    if (n > 0)
        cyi_io_ready(core, events, n);
    return false;
}

static void
say_goodbye(struct cyi_link *link, void *arg)
{
    static const uint8_t reason = CYI_BYE_NODE;
    (void) arg;
    if (link->hub)
        cyi_link_control(link, CYI_OP_BYE, &reason, sizeof reason);
}

static void
hang_up(struct cyi_link *link, void *arg)
{
    (void) arg;
    if (link->connection != NULL)
        cyi_connection_free(&link->connection);
}

/* Those that broke while we said goodbye. */
static void
hang_up_cut(struct cyi_net_core *owner)
{
    cyi_list_for_each_safe(at, &owner->parting) {
        struct cyi_connection *connection =
            cyi_container_of(at, struct cyi_connection, parting);
        cyi_connection_free(&connection);
    }
}

static void
leave_network(struct cyi_node *node)
{
    struct cyi_net *net = node->net;
    cy_time until = node->os->now(node->os) + GOODBYE;
    for (uint16_t i = 0; net->cores != NULL && i < node->core_count; i++) {
        struct cyi_net_core *owner = &net->cores[i];
        if (owner->core == NULL || owner->core->net == NULL)
            continue;
        cyi_core_enter(owner->core);
        cyi_links_each(owner->core, say_goodbye, NULL);
        while (!bring_out(owner) && node->os->now(node->os) < until)
            continue;
        cyi_links_each(owner->core, hang_up, NULL);
        hang_up_cut(owner);
        cyi_file_lines_close(owner);
    }
}

static void
end_link(struct cyi_link *link, void *arg)
{
    (void) arg;
    cyi_link_end(link);
}

static void
close_network(struct cyi_node *node)
{
    struct cyi_net *net = node->net;
    for (uint16_t i = 0; net->cores != NULL && i < node->core_count; i++) {
        struct cyi_net_core *owner = &net->cores[i];
        if (owner->core != NULL && owner->core->net != NULL) {
            cyi_core_enter(owner->core);
            cyi_links_each(owner->core, end_link, NULL);
            cyi_map_fini(&owner->links);
            cyi_file_buffers_drop(owner);
            owner->core->net = NULL;
        }
        free(owner->numbered);
        free(owner->receive);
    }
    cyi_locates_free(&net->locates);
    if (net->members != NULL)
        cyi_members_free(&net->members);
    cyi_secrets_free(&net->secrets);
    cyi_tls_context_release(&net->tls);
    cyi_file_store_fini(&net->files);
    free(net->cores);
    free(net);
    node->net = NULL;
    node->router = NULL;
}

static const struct cyi_network NETWORK = {.open = open_network,
                                           .flush = flush,
                                           .reload = reload_network,
                                           .leave = leave_network,
                                           .close = close_network};

void
cyi_net_setup_init(struct cyi_net_setup *out)
{
    *out = (struct cyi_net_setup){.network = NETWORK, .limits = DEFAULTS, .cost_log2 = 1};
    out->network.open = open_setup;
    out->network.reload = reload_setup;
}

const struct cyi_network *
cy_network(void)
{
    return &NETWORK;
}
