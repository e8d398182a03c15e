/*
 * member_add.c - contacting a peer that discovery does not find: by a call, by an option.
 *
 * A location with a port is dialled. A host is asked by a datagram to its shared port; whoever
 * of it gets that tells the others. The system chooses by the source's port who gets it, and
 * that one may hang: so each attempt comes from another port.
 *
 * Tests: tests/transport/test_member_peer.c
 */
#include "discover.h"
#include "member_table.h"
#include <cycos/impl/log.h>
#include <cycos/impl/post.h>
#include <cycos/impl/time.h>
#include <cycos/task.h>
#include <stdlib.h>
#include <string.h>

#define CALL_PERIOD     (300 * CY_MILLISECOND)
#define OPTION_DEADLINE (10 * CY_SECOND)

static struct cyi_members *
members_of(const struct cyi_core *core)
{
    return cyi_net_core(core)->net->members;
}

static bool
on_this_host(const struct cyi_net *net, const struct cyi_member *member)
{
    for (uint8_t i = 0; i < net->address_count; i++) {
        if (cyi_member_has_address(member, net->addresses[i]))
            return true;
    }
    return false;
}

static uint32_t
core_at(const struct cyi_net *net, const struct cyi_member *member, const cy_location *location)
{
    if (!cyi_member_has_address(member, location->address) &&
        memcmp(member->home, location->address, sizeof member->home) != 0 &&
        !(cyi_address_is_loopback(location->address) && on_this_host(net, member)))
        return CYI_CORE_NONE;
    if (location->port == 0 && member->core_count > 0)
        return CYI_CORE_ANY;
    for (uint16_t i = 0; i < member->core_count; i++) {
        if (member->ports[i] == location->port)
            return i;
    }
    return CYI_CORE_NONE;
}

static bool
is_at(const struct cyi_net *net, const struct cyi_member *member, const cy_location *location)
{
    return core_at(net, member, location) != CYI_CORE_NONE;
}

uint32_t
cyi_members_core_at(struct cyi_members *members, uint32_t tag, const cy_location *location)
{
    uint32_t core = CYI_CORE_NONE;
    pthread_mutex_lock(&members->lock);
    const struct cyi_member *member = cyi_member_tagged(members, tag);
    if (member != NULL)
        core = core_at(members->net, member, location);
    pthread_mutex_unlock(&members->lock);
    return core;
}

/* The lock held, as below. One that is online there, or NULL. */
static struct cyi_member *
find_at(const struct cyi_members *members, const cy_location *location)
{
    cyi_list_for_each(link, &members->all) {
        struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        if (member->reported && is_at(members->net, member, location))
            return member;
    }
    return NULL;
}

static bool
is_own(const struct cyi_node *node, const cy_location *location)
{
    for (uint16_t i = 0; i < node->core_count; i++) {
        cy_location own = cy_ref_location(node->cores[i]->home);
        if (own.port == location->port &&
            memcmp(own.address, location->address, sizeof own.address) == 0)
            return true;
    }
    return false;
}

struct stream {
    uint32_t tag;
    uint16_t core_count;
    bool on;
};

static void
stream_here(struct cyi_core *core, const void *args)
{
    const struct stream *stream = args;
    members_of(core)->way->stream(core, stream->tag, stream->core_count, stream->on);
}

static void
set_stream(struct cyi_core *core, struct cyi_member *member, bool on)
{
    struct stream stream = {member->tag, member->core_count, on};
    if (member->stream == on)
        return;
    member->stream = on;
    for (uint16_t i = 0; i < core->node->core_count; i++)
        cyi_post_answer(core, i, stream_here, &stream, sizeof stream);
}

void
cyi_member_apply_host(const struct cyi_members *members, struct cyi_member *member)
{
    cyi_list_for_each(link, &members->hosts) {
        const struct cyi_member_host *host =
            cyi_container_of(link, struct cyi_member_host, link);
        if (cyi_member_has_address(member, host->address))
            member->stream = host->stream;
    }
}

/* What holds for a host holds for those of its nodes, too, that come later. */
static int
remember_host(struct cyi_members *members, const uint8_t *address, bool stream)
{
    struct cyi_member_host *host;
    cyi_list_for_each(link, &members->hosts) {
        host = cyi_container_of(link, struct cyi_member_host, link);
        if (memcmp(host->address, address, sizeof host->address) == 0) {
            host->stream = stream;
            return 0;
        }
    }
    if (!stream)
        return 0;
    if (members->host_count == CYI_MEMBER_HOSTS_MAX)
        return -ENOBUFS;
    host = calloc(1, sizeof *host);
    if (host == NULL)
        return -ENOMEM;
    memcpy(host->address, address, sizeof host->address);
    host->stream = true;
    members->host_count++;
    cyi_list_append(&members->hosts, &host->link);
    return 0;
}

static int
stream_host(struct cyi_members *members, struct cyi_core *core, const cy_location *location,
            bool on)
{
    int rc = remember_host(members, location->address, on);
    if (rc != 0)
        return rc;
    cyi_list_for_each(link, &members->all) {
        struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        if (member->state != CYI_MEMBER_HEARD && is_at(members->net, member, location))
            set_stream(core, member, on);
    }
    return 0;
}

struct announce {
    uint32_t tag;
};

static void
announce_here(struct cyi_core *hub, const void *args)
{
    const struct announce *announce = args;
    uint8_t hello[CYI_HELLO_MAX];
    struct cyi_net *net = cyi_net_core(hub)->net;
    size_t size = cyi_discover_hello(net, CYI_HELLO_ASK, CYI_HELLO_MAX, hello);
    (void) !net->members->way->put(hub, announce->tag, CYI_OP_ANNOUNCE, hello, size);
}

/* Leaves all as it is: for who only wants that there is a connection. */
static const struct cy_peer_options keep;

/* The peer is online: what the options say of it. The lock held. */
static void
apply(struct cyi_core *core, struct cyi_member *member, const struct cy_peer_options *options)
{
    struct announce announce = {member->tag};
    if (options == &keep)
        return;
    set_stream(core, member, options->stream);
    if (options->broadcast)
        cyi_post_answer(core, 0, announce_here, &announce, sizeof announce);
}

/* Dial who is there, then wait until the hubs have their link. */
static int
add_core(struct cyi_members *members, struct cyi_core *core, const cy_location *location,
         const struct cy_peer_options *options, cy_time deadline)
{
    cy_address address;
    struct cyi_intro intro;
    cyi_address_from_wire(&address, location->address, location->port);
    int rc = members->way->meet(core, &address, &intro, deadline);
    if (rc == CY_ESELF)
        return 0;
    if (rc != 0)
        return rc == CY_EOPEN || rc == CY_ESECRET ? CY_EAUTH : rc;
    pthread_mutex_lock(&members->lock);
    for (;;) {
        struct cyi_member *member = cyi_member_known(members, intro.incarnation);
        if (member == NULL || member->state == CYI_MEMBER_GONE) {
            rc = -ECONNREFUSED;
            break;
        }
        if (member->reported) {
            apply(core, member, options);
            break;
        }
        if ((rc = cyi_members_wait(members, core, deadline)) != 0)
            break;
    }
    pthread_mutex_unlock(&members->lock);
    return rc;
}

/* Wait until somebody of that host is online, or some time has passed. */
static int
await_host(struct cyi_members *members, struct cyi_core *core, const cy_location *location,
           const struct cy_peer_options *options, cy_time deadline)
{
    struct cyi_member *member = NULL;
    int rc = 0;
    pthread_mutex_lock(&members->lock);
    if (options != &keep)
        rc = stream_host(members, core, location, options->stream);
    while (rc == 0 && (member = find_at(members, location)) == NULL)
        rc = cyi_members_wait(members, core, deadline);
    if (member != NULL) {
        rc = 0;
        apply(core, member, options);
    }
    pthread_mutex_unlock(&members->lock);
    return rc;
}

static int
add_host(struct cyi_members *members, struct cyi_core *core, const cy_location *location,
         const struct cy_peer_options *options, cy_time deadline)
{
    cy_address address;
    uint32_t own =
        core->node->options->udp_port != 0 ? core->node->options->udp_port : CYI_UDP_PORT;
    uint16_t port = options->udp_port != 0 ? options->udp_port : (uint16_t) own;
    cyi_address_from_wire(&address, location->address, port);
    for (;;) {
        int rc = cyi_discover_call(core, members->net, &address);
        if (rc != 0 && rc != -EAGAIN)
            return rc;
        cy_time patience = cy_after(CALL_PERIOD);
        if (patience > deadline)
            patience = deadline;
        rc = await_host(members, core, location, options, patience);
        if (rc != -ETIMEDOUT || patience == deadline)
            return rc;
    }
}

static int
add(struct cyi_core *core, const cy_location *location, const struct cy_peer_options *options,
    cy_time deadline)
{
    struct cyi_members *members = members_of(core);
    if (location->port == 0)
        return add_host(members, core, location, options, deadline);
    if (is_own(core->node, location))
        return 0;
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = find_at(members, location);
    if (member != NULL)
        apply(core, member, options);
    pthread_mutex_unlock(&members->lock);
    return member != NULL ? 0 : add_core(members, core, location, options, deadline);
}

int
cy_peer_add(const cy_location *location, const struct cy_peer_options *options,
            cy_time deadline)
{
    static const struct cy_peer_options defaults;
    static const uint8_t nowhere[16];
    struct cyi_core *core = cyi_current();
    if (core->net == NULL)
        return CY_ENOPEER;
    if (memcmp(location->address, nowhere, sizeof nowhere) == 0)
        return -EINVAL;
    return add(core, location, options != NULL ? options : &defaults, deadline);
}

/* HOST, HOST:PORT or [ADDRESS]:PORT; a name may not be known yet. */
static int
resolve(cy_location *out, const char *text, cy_time deadline)
{
    char host[CY_OPTION_VALUE_MAX + 1];
    cy_address address;
    unsigned long port = 0;
    if (cy_address_parse(&address, text, 0) == 0) {
        cyi_address_to_wire(out->address, &address);
        out->port = ntohs(address.u.v4.sin_port);
        return 0;
    }
    snprintf(host, sizeof host, "%s", text);
    char *colon = strrchr(host, ':');
    if (colon != NULL) {
        char *rest;
        *colon = '\0';
        port = strtoul(colon + 1, &rest, 10);
        if (rest == colon + 1 || *rest != '\0' || port > UINT16_MAX)
            return -EINVAL;
    }
    return cy_location_resolve(out, host, (uint16_t) port, deadline);
}

/* A name is looked up anew when nobody was there. */
static int
add_once(struct cyi_core *core, const char *text, cy_location *location, bool *known)
{
    int rc = *known ? 0 : resolve(location, text, cy_after(OPTION_DEADLINE));
    if (rc == 0)
        rc = add(core, location, &keep, cy_after(OPTION_DEADLINE));
    *known = rc == 0;
    if (rc != 0 && rc != -ECANCELED)
        cyi_log_write(core->node->log, NULL, CY_LOG_WARN, "peer.unreachable",
                      "peer=%s error=%s", text, cy_errname(rc));
    return rc;
}

/*
 * Now and then, for ever: it may begin later, or again, and where nobody says hello we are the
 * only ones who know of it.
 */
static int
add_option(void *arg)
{
    struct cyi_core *core = cyi_current();
    cy_time wait = CYI_MEMBER_RETRY / 4;
    cy_location location;
    bool known = false;
    for (;;) {
        int rc = add_once(core, arg, &location, &known);
        if (rc == -ECANCELED || rc == -EINVAL)
            return rc;
        if (cy_sleep(known ? CYI_MEMBER_RETRIES : wait) != 0)
            return -ECANCELED;
        wait = known ? CYI_MEMBER_RETRY / 4 : 2 * wait;
        if (wait > CYI_MEMBER_RETRIES)
            wait = CYI_MEMBER_RETRIES;
    }
}

void
cyi_members_add_peers(struct cyi_members *members)
{
    const struct cy_option_list *peers = &members->net->node->options->peers;
    for (uint32_t i = 0; i < peers->count; i++) {
        if (cyi_daemon_start(cyi_current(), add_option, (void *) (uintptr_t) peers->items[i],
                             "net.peer") != 0)
            cyi_log_write(members->net->node->log, NULL, CY_LOG_ERROR, "peer.unreachable",
                          "peer=%s", peers->items[i]);
    }
}
