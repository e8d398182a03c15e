/*
 * accept.c - taking connections of other nodes, as many as we can bear.
 *
 * Whoever has not proved anything yet is limited in number, in all and from one address, and
 * in time. Beyond that a connection is closed at once: the good ones come again.
 */
#include "connection.h"
#include "member.h"
#include <string.h>

/* A connection whose peer has not introduced itself. */
struct pending {
    struct cyi_list link; /* in owner->pending */
    struct cyi_net_core *owner;
    cy_socket *socket;
    cy_address address;
    uint8_t source[16];
};

static bool
room_for(const struct cyi_net_core *owner, const uint8_t *source)
{
    uint32_t all = 0, same = 0;
    cyi_list_for_each(link, &owner->pending) {
        const struct pending *other = cyi_container_of(link, struct pending, link);
        same += memcmp(other->source, source, sizeof other->source) == 0;
        all++;
    }
    return all < owner->net->limits.handshakes_max &&
           same < owner->net->limits.handshakes_source;
}

static void
forget(struct pending *pending)
{
    struct cyi_heap *heap = &pending->owner->core->heap;
    cyi_list_remove(&pending->link);
    cy_close(&pending->socket);
    cyi_heap_give(heap, cyi_heap_class(sizeof *pending), pending);
}

bool
cyi_may_complain(struct cyi_net_core *owner, uint32_t *unsaid)
{
    cy_time now = owner->core->sched.now;
    if (owner->complained_at != 0 && now - owner->complained_at < CY_SECOND) {
        owner->unsaid++;
        return false;
    }
    *unsaid = owner->unsaid;
    owner->unsaid = 0;
    owner->complained_at = now;
    return true;
}

static void
log_refusal(struct cyi_net_core *owner, const cy_address *address, int error)
{
    char text[CY_ADDRESS_TEXT_MAX];
    uint32_t unsaid;
    owner->counters.bad_handshake++;
    if (cyi_is_secret_wrong(error))
        owner->counters.bad_secret++;
    if (cyi_is_tls_wrong(error))
        owner->counters.bad_tls++;
    if (!cyi_may_complain(owner, &unsaid))
        return;
    cy_address_format(text, sizeof text, address);
    cy_log_write(cyi_is_secret_wrong(error) || cyi_is_tls_wrong(error) ? CY_LOG_WARN
                                                                       : CY_LOG_INFO,
                 "net.refused", "peer=%s error=%s reason=%s unsaid=%u", text, cy_errname(error),
                 cy_strerror(error), unsaid);
}

/* They only wanted to know who we are. */
static int
part(struct cyi_connection *connection, const struct cyi_intro *theirs, cy_time deadline)
{
    struct cyi_intro own;
    uint8_t nothing;
    cyi_intro_make(&own, connection->owner, theirs->incarnation, NULL);
    own.meet = true;
    int rc = cyi_handshake_introduce(connection, &own, deadline);
    if (rc == 0 && cy_read(connection->socket, &nothing, 1, deadline) < 0)
        rc = -ECONNRESET;
    return rc;
}

static int
get_acquainted(struct cyi_connection *connection, struct pending *pending, bool *served)
{
    struct cyi_net_core *owner = connection->owner;
    cy_time deadline = owner->core->os->now(owner->core->os) + owner->net->limits.handshake_ns;
    struct cyi_auth_identity peer;
    struct cyi_intro intro;
    uint32_t credit;
    int rc = cyi_handshake_accept(connection, &peer, deadline);
    if (rc == 0)
        rc = cyi_handshake_meet(connection, &intro, &credit, deadline);
    if (rc == 0 &&
        (memcmp(intro.incarnation, peer.incarnation, sizeof intro.incarnation) != 0 ||
         intro.core != peer.core))
        rc = -EBADMSG;
    if (rc != 0) {
        log_refusal(owner, &pending->address, rc);
        return rc;
    }
    rc = cyi_members_meet(owner->net->members, owner->core, &intro, &pending->address);
    if (rc == 0 && intro.meet)
        return part(connection, &intro, deadline);
    if (rc == 0)
        rc = cyi_adopt_accepted(connection, &intro, credit, deadline);
    *served = rc == 0;
    return rc;
}

static int
accepted(void *arg)
{
    struct pending *pending = arg;
    struct cyi_net_core *owner = pending->owner;
    struct cyi_connection *connection;
    bool served = false;
    if (cyi_connection_open(&connection, owner, pending->socket) != 0) {
        forget(pending);
        return 0;
    }
    pending->socket = NULL;
    cyi_link_choose_congestion(connection->socket, &pending->address);
    (void) get_acquainted(connection, pending, &served);
    forget(pending);
    if (!served) {
        cyi_connection_free(&connection);
        return 0;
    }
    cyi_link_served(connection, cyi_connection_serve(connection));
    return 0;
}

static void
take(struct cyi_net_core *owner, cy_socket *socket)
{
    struct cyi_core *core = owner->core;
    struct pending *pending;
    cy_address address;
    uint8_t source[16];
    uint8_t class = cyi_heap_class(sizeof *pending);
    owner->counters.accepts++;
    if (cy_socket_remote(&address, socket) != 0) {
        cy_close(&socket);
        return;
    }
    cyi_address_to_wire(source, &address);
    pending =
        room_for(owner, source) ? cyi_heap_take(&core->heap, class, sizeof *pending) : NULL;
    if (pending == NULL) {
        owner->counters.handshakes_refused++;
        cy_close(&socket);
        return;
    }
    *pending = (struct pending){.owner = owner, .socket = socket, .address = address};
    memcpy(pending->source, source, sizeof source);
    cyi_list_append(&owner->pending, &pending->link);
    if (cyi_daemon_start(core, accepted, pending, "net.accept") != 0)
        forget(pending);
}

int
cyi_accept_all(void *arg)
{
    struct cyi_net_core *owner = cyi_net_core(cyi_self);
    cy_socket *listener = arg;
    cy_socket *socket;
    for (;;) {
        int rc = cy_tcp_accept(&socket, listener, CY_FOREVER);
        if (rc == 0)
            take(owner, socket);
        else if (rc == -ECANCELED || rc == -EBADF)
            return 0;
        else if (cy_sleep(10 * CY_MILLISECOND) != 0) /* out of descriptors or memory */
            return 0;
    }
}
