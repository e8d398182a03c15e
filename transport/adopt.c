/*
 * adopt.c - from a connection whose ends know each other to a link that is served.
 *
 * A session goes on until one side has declared the other dead. Then both begin anew, and what
 * the old one still had to bring is lost and said to be lost. An intro may be older than what
 * has happened on another connection in between: such a connection is given up, no more.
 *
 * When both sides dial at the same time, the connection stays that the node with the lower
 * incarnation has dialled; both know that, so neither waits for the other.
 *
 * Tests: tests/sim/test_cluster_cuts.c
 */
#include "connection.h"
#include "locate.h"
#include "member.h"
#include <string.h>

static bool
we_are_lower(const struct cyi_net_core *owner, const struct cyi_intro *intro)
{
    return memcmp(owner->core->node->incarnation, intro->incarnation,
                  sizeof intro->incarnation) < 0;
}

void
cyi_intro_make(struct cyi_intro *out, struct cyi_net_core *owner, const uint8_t *incarnation,
               const struct cyi_link *link)
{
    const struct cyi_net *net = owner->net;
    const struct cyi_node *node = net->node;
    const char *name = node->options->name;
    memset(out, 0, sizeof *out);
    memcpy(out->incarnation, node->incarnation, sizeof out->incarnation);
    out->core = owner->core->index;
    out->core_count = node->core_count;
    out->life = incarnation == NULL ? 0 : cyi_members_life(net->members, incarnation);
    out->next = link == NULL ? 1 : link->expected;
    out->session = link == NULL ? 0 : link->session;
    out->features = net->aes ? CYI_FEATURE_AES : 0;
    out->stream = link != NULL && link->stream;
    out->home = owner->core->home;
    if (name != NULL) {
        out->name_size = (uint8_t) strlen(name);
        memcpy(out->name, name, out->name_size);
    }
    out->address_count = net->address_count;
    memcpy(out->addresses, net->addresses, sizeof net->addresses);
    for (uint16_t i = 0; i < node->core_count; i++)
        out->ports[i] = net->cores[i].port;
}

/*
 * Both sides know it without asking: it changes with each time that one has declared the other
 * dead, and then only.
 */
static uint64_t
session_of(const struct cyi_net_core *owner, const struct cyi_intro *intro)
{
    uint64_t ours = cyi_members_life(owner->net->members, intro->incarnation);
    uint64_t theirs = intro->life;
    return (we_are_lower(owner, intro) ? ours << 32 | theirs : theirs << 32 | ours) + 1;
}

/* Has one side declared the other dead less often? The lives are the halves of the number. */
static bool
is_older(uint64_t session, uint64_t than)
{
    return (session - 1) >> 32 < (than - 1) >> 32 ||
           (uint32_t) (session - 1) < (uint32_t) (than - 1);
}

/*
 * The link that the connection is for; one of an earlier session ends. What a connection has
 * brought too late, because it was held up, must not end a newer one.
 */
static int
link_for(struct cyi_link **out, struct cyi_core *core, const struct cyi_intro *intro,
         uint64_t session)
{
    struct cyi_link *link = cyi_link_find(core, intro->home.node, intro->core);
    if (link != NULL && link->session != 0 && link->session != session) {
        if (is_older(session, link->session))
            return -ESTALE;
        cyi_link_end(link);
        link = NULL;
    }
    if (link == NULL) {
        int rc = cyi_link_get(&link, core, intro->home);
        if (rc != 0)
            return rc;
    }
    link->session = session;
    *out = link;
    return 0;
}

static int
attach(struct cyi_connection *connection, struct cyi_link *link, const struct cyi_intro *intro,
       uint32_t credit, uint32_t next)
{
    struct cyi_net_core *owner = connection->owner;
    if (link->connection != NULL)
        cyi_connection_cut(link->connection, -ECONNABORTED);
    link->connection = connection;
    connection->link = link;
    connection->number = link->number;
    connection->heard_at = owner->core->sched.now;
    link->home = intro->home;
    link->peer_stream = intro->stream;
    link->credit = credit;
    link->attached_at = owner->core->sched.now;
    link->tries = 0;
    link->dialling = false; /* a dial that hangs must not hold up the next one */
    link->trying = 0;
    link->acknowledge = false;
    link->unacked_bytes = 0;
    link->ack_at = CY_FOREVER;
    link->used_at = owner->core->sched.now;
    int rc = cyi_link_resume(link, next);
    if (rc != 0) {
        cyi_connection_cut(connection, rc);
        return rc;
    }
    cyi_link_activate(link);
    link->hub = owner->core->index == 0 && intro->core == 0;
    if (link->hub) {
        cyi_locates_link_up(link);
        cyi_members_link_up(owner->net->members, link);
    }
    return 0;
}

int
cyi_adopt_dialled(struct cyi_connection *connection, const struct cyi_intro *intro,
                  uint32_t credit, uint32_t said)
{
    struct cyi_net_core *owner = connection->owner;
    struct cyi_link *link;
    uint64_t session = session_of(owner, intro);
    if (intro->session != session)
        return -ESTALE;
    int rc = link_for(&link, owner->core, intro, session);
    if (rc != 0)
        return rc;
    if (link->connection != NULL || link->accepting)
        return -EALREADY; /* the other side's dial was faster */
    if (link->expected != said)
        return -ESTALE; /* another connection has come and gone since */
    return attach(connection, link, intro, credit, intro->next);
}

/* A try that takes long may never succeed: the way may be open in one direction only. */
static bool
dials_now(const struct cyi_link *link)
{
    cy_time now = link->owner->core->os->now(link->owner->core->os);
    return link->dialling && link->trying != 0 &&
           now - link->trying < link->owner->net->limits.cross_ns;
}

/* While our intro is under way nobody may dial: it would be for another session. */
static int
answer_intro(struct cyi_connection *connection, struct cyi_link *link,
             const struct cyi_intro *intro, struct cyi_link **out, cy_time deadline)
{
    struct cyi_core *core = connection->owner->core;
    uint16_t number = link->number;
    struct cyi_intro own;
    if (link->connection != NULL) /* the other side knows better that it is of no more use */
        cyi_connection_cut(link->connection, -ECONNABORTED);
    cyi_intro_make(&own, connection->owner, intro->incarnation, link);
    link->accepting = true;
    int rc = cyi_handshake_introduce(connection, &own, deadline);
    link = cyi_link_numbered(core, number);
    if (link == NULL)
        return -ECONNABORTED;
    link->accepting = false;
    if (rc == 0 && (link->session != own.session || link->connection != NULL ||
                    link->expected != own.next))
        rc = -ECONNABORTED;
    if (rc != 0)
        cyi_link_activate(link); /* who wants a connection dials now */
    *out = link;
    return rc;
}

int
cyi_adopt_accepted(struct cyi_connection *connection, const struct cyi_intro *intro,
                   uint32_t credit, cy_time deadline)
{
    struct cyi_core *core = connection->owner->core;
    struct cyi_link *link = cyi_link_find(core, intro->home.node, intro->core);
    if (link != NULL &&
        (link->accepting || (dials_now(link) && we_are_lower(connection->owner, intro))))
        return -EALREADY; /* the other one will be there in a moment */
    uint64_t session = session_of(connection->owner, intro);
    int rc = link_for(&link, core, intro, session);
    if (rc == 0)
        rc = answer_intro(connection, link, intro, &link, deadline);
    if (rc != 0)
        return rc;
    return attach(connection, link, intro, credit, intro->session == session ? intro->next : 1);
}
