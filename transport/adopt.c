/*
 * adopt.c - from a connection whose ends know each other to a link that is served.
 *
 * Who accepts decides whether a session goes on: it does if both sides name the same one. If
 * not, both begin anew, and what an old one still had to bring is lost and said to be lost.
 *
 * When both sides dial at the same time, the connection stays that the node with the lower
 * incarnation has dialled; both know that, so neither waits for the other.
 */
#include "connection.h"
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
 * The link that the connection is for, without one of another session. A session of which the
 * other side has not heard because the connection broke in between is begun once more.
 */
static int
link_for(struct cyi_link **out, struct cyi_core *core, const struct cyi_intro *intro)
{
    struct cyi_link *link = cyi_link_find(core, intro->home.node, intro->core);
    bool other = link != NULL && link->session != 0 && link->session != intro->session;
    if (other && intro->session == 0 && !link->confirmed) {
        link->session = 0;
    } else if (other) {
        cyi_link_end(link);
        link = NULL;
    }
    if (link != NULL) {
        *out = link;
        return 0;
    }
    return cyi_link_get(out, core, intro->home);
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
    link->home = intro->home;
    link->peer_stream = intro->stream;
    link->credit = credit;
    link->attached_at = owner->core->sched.now;
    link->dialling = false;
    link->acknowledge = false;
    link->unacked_bytes = 0;
    link->ack_at = CY_FOREVER;
    link->used_at = owner->core->sched.now;
    int rc = cyi_link_resume(link, next);
    if (rc != 0) {
        /* It has got what we never sent, or has lost what it had acknowledged. */
        cyi_connection_cut(connection, rc);
        cyi_link_end(link);
        return rc;
    }
    cyi_link_activate(link);
    link->hub = owner->core->index == 0 && intro->core == 0;
    if (link->hub)
        cyi_members_link_up(owner->net->members, link);
    return 0;
}

int
cyi_adopt_dialled(struct cyi_connection *connection, const struct cyi_intro *intro,
                  uint32_t credit)
{
    struct cyi_link *link;
    struct cyi_core *core = connection->owner->core;
    int rc = link_for(&link, core, intro);
    if (rc != 0)
        return rc;
    if (link->connection != NULL)
        return -EALREADY; /* the other side's dial was faster */
    link->session = intro->session;
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

static uint64_t
new_session(struct cyi_core *core)
{
    uint64_t session = 0;
    while (session == 0)
        core->os->random(core->os, &session, sizeof session);
    return session;
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
    int rc = link_for(&link, core, intro);
    if (rc != 0)
        return rc;
    bool anew = link->session == 0;
    if (anew)
        link->session = new_session(core);
    rc = answer_intro(connection, link, intro, &link, deadline);
    return rc == 0 ? attach(connection, link, intro, credit, anew ? 1 : intro->next) : rc;
}
