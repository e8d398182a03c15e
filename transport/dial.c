/*
 * dial.c - making connections to other nodes.
 *
 * A link that has something to say and no connection gets a task that dials until it has one,
 * serves it until its end, and dials again if there is still something to say. It knows its
 * link by number, because a link may end while the task is suspended.
 *
 * Tests: tests/transport/test_dial.c
 */
#include "connection.h"
#include "member.h"
#include <string.h>

enum { DOUBLINGS_MAX = 16, REFUSED_MAX = 3 };

static cy_time
now_of(const struct cyi_net_core *owner)
{
    return owner->core->os->now(owner->core->os);
}

/* Its addresses in turn; what the reference says, if nobody knows the node. */
static int
route(const struct cyi_link *link, cy_address *out)
{
    int rc = cyi_members_route(link->owner->net->members, link->home.node, link->home.core,
                               link->tries, out);
    if (rc != -ENOENT)
        return rc;
    if (link->home.port == 0)
        return CY_ENOPEER;
    cyi_address_from_wire(out, link->home.address, link->home.port);
    return 0;
}

/* *intro is ours, made for this peer, and then theirs. */
static int
introduce(struct cyi_connection *connection, const struct cyi_auth_identity *peer,
          struct cyi_intro *intro, uint32_t *credit, cy_time deadline)
{
    int rc = cyi_handshake_introduce(connection, intro, deadline);
    if (rc == 0)
        rc = cyi_handshake_meet(connection, intro, credit, deadline);
    if (rc == 0 &&
        memcmp(intro->incarnation, peer->incarnation, sizeof intro->incarnation) != 0)
        rc = -EBADMSG;
    return rc;
}

/* Hands and intros; the link is looked for again after each suspension. */
static int
shake_hands(struct cyi_connection *connection, uint16_t number, const cy_address *address,
            cy_time deadline)
{
    struct cyi_net_core *owner = connection->owner;
    struct cyi_auth_identity peer;
    struct cyi_intro intro;
    uint32_t credit;
    struct cyi_link *link = cyi_link_numbered(owner->core, number);
    if (link == NULL)
        return -ECANCELED;
    cy_ref home = link->home;
    int rc = cyi_handshake_dial(connection, home, &peer, deadline);
    if (rc == -ESRCH || rc == CY_ESELF)
        cyi_members_unmet(owner->net->members, home.node, peer.incarnation);
    if (rc != 0)
        return rc;
    link = cyi_link_numbered(owner->core, number);
    if (link == NULL || link->connection != NULL)
        return -EALREADY;
    uint32_t said = link->expected;
    cyi_intro_make(&intro, owner, peer.incarnation, link);
    rc = introduce(connection, &peer, &intro, &credit, deadline);
    if (rc == 0)
        rc = cyi_members_meet(owner->net->members, owner->core, &intro, address);
    return rc == 0 ? cyi_adopt_dialled(connection, &intro, credit, said) : rc;
}

static int
open_connection(struct cyi_connection **out, struct cyi_net_core *owner,
                const cy_address *address, cy_time deadline)
{
    cy_socket *socket;
    int rc = cy_tcp_connect(&socket, address, deadline);
    if (rc != 0)
        return rc;
    rc = cyi_connection_open(out, owner, socket);
    if (rc != 0)
        cy_close(&socket);
    return rc;
}

/*
 * The other end may have lost the connection without a word. So the first try does not take so
 * long that there is no time for another before the other node counts as dead; the next ones
 * do, as the way may just be long.
 */
static cy_time
patience(const struct cyi_link *link)
{
    const struct cyi_net_limits *limits = &link->owner->net->limits;
    bool first = link->tries == 0 && limits->cross_ns < limits->handshake_ns;
    return first ? limits->cross_ns : limits->handshake_ns;
}

/* One try. *served: there was a connection, and now it is over. */
static int
dial_once(struct cyi_net_core *owner, uint16_t number, bool *served)
{
    struct cyi_connection *connection;
    cy_address address;
    struct cyi_link *link = cyi_link_numbered(owner->core, number);
    cy_time deadline = now_of(owner) + patience(link);
    *served = false;
    int rc = route(link, &address);
    if (rc != 0)
        return rc;
    owner->counters.dials++;
    link->trying = now_of(owner);
    rc = open_connection(&connection, owner, &address, deadline);
    if (rc != 0)
        return rc;
    cyi_link_choose_congestion(connection->socket, &address);
    rc = shake_hands(connection, number, &address, deadline);
    if (rc == 0) {
        *served = true;
        rc = cyi_connection_serve(connection);
        cyi_link_served(connection, rc);
        return rc;
    }
    cyi_connection_free(&connection);
    return rc;
}

/* A node that we only wanted to meet. */
static void
note_stranger(struct cyi_net_core *owner, const cy_address *address, int error)
{
    char text[CY_ADDRESS_TEXT_MAX];
    uint32_t unsaid;
    if (cyi_is_secret_wrong(error))
        owner->counters.bad_secret++;
    if (cyi_is_tls_wrong(error))
        owner->counters.bad_tls++;
    if ((!cyi_is_tls_wrong(error) && !cyi_is_secret_wrong(error)) ||
        !cyi_may_complain(owner, &unsaid))
        return;
    cy_address_format(text, sizeof text, address);
    cy_log_write(CY_LOG_WARN, "net.dial", "peer=%s error=%s reason=%s unsaid=%u", text,
                 cy_errname(error), cy_strerror(error), unsaid);
}

static cy_time
back_off(struct cyi_net_core *owner, uint32_t doublings)
{
    const struct cyi_net_limits *limits = &owner->net->limits;
    if (doublings > DOUBLINGS_MAX)
        doublings = DOUBLINGS_MAX;
    cy_time pause = limits->redial_ns << doublings;
    uint32_t jitter;
    if (pause > limits->redial_max_ns)
        pause = limits->redial_max_ns;
    owner->core->os->random(owner->core->os, &jitter, sizeof jitter);
    return pause / 2 + jitter % (pause / 2 + 1);
}

static void
log_failure(const struct cyi_link *link, int error)
{
    char text[CY_LOCATION_TEXT_MAX];
    cy_location location = cy_ref_location(link->home);
    uint32_t unsaid = 0;
    bool wrong = cyi_is_secret_wrong(error) || cyi_is_tls_wrong(error);
    if (wrong && !cyi_may_complain(link->owner, &unsaid))
        return;
    cy_location_format(text, sizeof text, &location);
    cy_log_write(wrong ? CY_LOG_WARN : CY_LOG_DEBUG, "net.dial",
                 "peer=%s error=%s reason=%s unsaid=%u", text, cy_errname(error),
                 cy_strerror(error), unsaid);
}

/*
 * Of a node that the membership knows, it says when there is no more hope. Of any other, we do:
 * another node is there, or nobody, or nothing was heard for as long as a member may be silent.
 */
static bool
hopeless(const struct cyi_link *link, int error)
{
    cy_address ignored;
    const struct cyi_net *net = link->owner->net;
    int known = cyi_members_route(net->members, link->home.node, link->home.core, 0, &ignored);
    if (known != -ENOENT)
        return known != 0;
    if (error == -ESRCH || error == CY_ESELF || error == CY_ENOPEER || error == CY_EVERSION ||
        cyi_is_secret_wrong(error) || cyi_is_tls_wrong(error))
        return true;
    if (error == -ECONNREFUSED && link->dials + 1 >= REFUSED_MAX)
        return true;
    return link->dials != 0 && now_of(link->owner) - link->dials_since >= net->limits.dead_ns;
}

/* False: the link has ended. */
static bool
note_failure(struct cyi_net_core *owner, uint16_t number, int error)
{
    struct cyi_link *link = cyi_link_numbered(owner->core, number);
    if (link == NULL)
        return false;
    if (link->connection != NULL || error == -EALREADY)
        return true;
    link->tries++;
    if (cyi_is_secret_wrong(error))
        owner->counters.bad_secret++;
    if (cyi_is_tls_wrong(error))
        owner->counters.bad_tls++;
    log_failure(link, error);
    cyi_members_dial_failed(owner->net->members, link, error);
    link = cyi_link_numbered(owner->core, number);
    if (link != NULL && hopeless(link, error)) {
        cyi_link_end(link);
        link = NULL;
    }
    return link != NULL;
}

/*
 * Also after a connection that stood: if it was short, there may be many more of them. But the
 * first refusals in a row are soon over, whatever has been before: they say that the other node
 * has ended, and that is to be known within a tenth of a second.
 */
static int
pause_dialling(struct cyi_net_core *owner, uint16_t number, uint32_t refused)
{
    struct cyi_link *link = cyi_link_numbered(owner->core, number);
    if (link == NULL || !cyi_link_wanted(link))
        return 0;
    if (link->dials == 0)
        link->dials_since = now_of(owner);
    link->trying = 0;
    uint32_t dials = link->dials++;
    bool hasty = refused != 0 && refused < REFUSED_MAX && refused < dials;
    return cy_sleep(back_off(owner, hasty ? refused : dials));
}

static int
dial_task(void *arg)
{
    struct cyi_core *core = cyi_self;
    struct cyi_net_core *owner = cyi_net_core(core);
    uint16_t number = (uint16_t) (uintptr_t) arg;
    struct cyi_link *link;
    uint32_t refused = 0; /* in a row */
    int rc = 0;
    while (rc != -ECANCELED && (link = cyi_link_numbered(core, number)) != NULL &&
           cyi_link_wanted(link)) {
        bool served;
        rc = dial_once(owner, number, &served);
        if (rc == -ECANCELED)
            break;
        if (!served && !note_failure(owner, number, rc))
            return 0;
        refused = rc == -ECONNREFUSED ? refused + 1 : 0;
        rc = pause_dialling(owner, number, refused);
    }
    if ((link = cyi_link_numbered(core, number)) != NULL) {
        link->dialling = false;
        cyi_link_activate(link); /* another connection may be gone by now */
    }
    return 0;
}

void
cyi_link_dial(struct cyi_link *link)
{
    struct cyi_core *core = link->owner->core;
    if (link->connection != NULL || link->accepting || link->dialling ||
        core->phase >= CYI_PHASE_TERMINATE)
        return;
    void *arg = (void *) (uintptr_t) link->number;
    link->dialling = cyi_daemon_start(core, dial_task, arg, "net.link") == 0;
}

/* A connection that is for no link. */
static int
dial_for(struct cyi_connection **out, struct cyi_core *core, const cy_address *address,
         struct cyi_intro *intro, cy_time deadline)
{
    struct cyi_net_core *owner = cyi_net_core(core);
    struct cyi_auth_identity peer;
    uint32_t credit;
    bool file = intro->file;
    int rc = open_connection(out, owner, address, deadline);
    if (rc != 0)
        return rc;
    rc = cyi_handshake_dial(*out, CY_NOBODY, &peer, deadline);
    if (rc == 0) {
        cyi_intro_make(intro, owner, peer.incarnation, NULL);
        intro->meet = !file;
        intro->file = file;
        rc = introduce(*out, &peer, intro, &credit, deadline);
    }
    if (rc == 0)
        rc = cyi_members_meet(owner->net->members, core, intro, address);
    else
        note_stranger(owner, address, rc);
    if (rc == 0 && intro->file != file)
        rc = -EBADMSG;
    if (rc != 0)
        cyi_connection_free(out);
    return rc;
}

int
cyi_dial_meet(struct cyi_core *core, const cy_address *address, struct cyi_intro *out,
              cy_time deadline)
{
    struct cyi_connection *connection;
    out->file = false;
    int rc = dial_for(&connection, core, address, out, deadline);
    if (rc == 0)
        cyi_connection_free(&connection);
    return rc;
}

int
cyi_dial_file(struct cyi_connection **out, struct cyi_core *core, const cy_address *address,
              cy_time deadline)
{
    struct cyi_intro intro = {.file = true};
    int rc = dial_for(out, core, address, &intro, deadline);
    if (rc == 0)
        cyi_link_choose_congestion((*out)->socket, address);
    return rc;
}
