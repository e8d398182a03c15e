/*
 * member_state.c - what the hub decides about a member: online, lost, gone, back again.
 *
 *     HEARD -> MET -> ONLINE -> LOST    silent for too long
 *                       |         |
 *                       +-> GONE <+     refused, replaced, said goodbye, lost for an hour
 *
 * Whatever is met anew becomes MET, from any state. Each way into LOST and GONE raises our life
 * of it by one and ends the links of all cores, so that both sides agree which session is over.
 */
#include "discover.h"
#include "link.h"
#include "member_table.h"
#include <cycos/impl/log.h>
#include <cycos/impl/post.h>
#include <string.h>

static cy_time
now(const struct cyi_members *members)
{
    struct cyi_os *os = members->net->node->os;
    return os->now(os);
}

void
cyi_members_wake_keeper(struct cyi_members *members)
{
    cyi_waitlist_wake(cyi_members_hub(members), &members->keeper, 0);
}

static struct cyi_member_look
look_at(const struct cyi_member *member)
{
    return (struct cyi_member_look){.state = member->state,
                                    .ours = member->life_ours,
                                    .theirs = member->life_theirs,
                                    .met_again = member->met_again,
                                    .at_preferred = member->dialled == member->preferred};
}

struct cyi_member_look
cyi_member_look(struct cyi_members *members, const struct cyi_member *member)
{
    pthread_mutex_lock(&members->lock);
    struct cyi_member_look look = look_at(member);
    pthread_mutex_unlock(&members->lock);
    return look;
}

struct cyi_member *
cyi_members_of(struct cyi_members *members, uint32_t tag, struct cyi_member_look *look)
{
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = cyi_member_tagged(members, tag);
    if (member != NULL && look != NULL)
        *look = look_at(member);
    pthread_mutex_unlock(&members->lock);
    return member;
}

static struct cyi_member *
find(struct cyi_members *members, const uint8_t *incarnation, struct cyi_member_look *look)
{
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = cyi_member_known(members, incarnation);
    if (member != NULL)
        *look = look_at(member);
    pthread_mutex_unlock(&members->lock);
    return member;
}

static void
write_log(struct cyi_members *members, const struct cyi_member *member, const char *event,
          const char *why)
{
    char where[CY_LOCATION_TEXT_MAX];
    cy_location location = {.port = 0};
    if (member->core_count > 0)
        cyi_member_location(&location, member, 0);
    cy_location_format(where, sizeof where, &location);
    cyi_log_write(members->net->node->log, NULL, CY_LOG_INFO, event,
                  "tag=%08x name=%s location=%s cores=%u reason=%s", member->tag, member->name,
                  where, member->core_count, why);
}

static void
report_online(struct cyi_members *members, struct cyi_member *member)
{
    pthread_mutex_lock(&members->lock);
    member->reported = true;
    member->told_ours = member->life_ours;
    member->told_theirs = member->life_theirs;
    members->counters.online++;
    pthread_mutex_unlock(&members->lock);
    write_log(members, member, "peer.online", "connected");
    cyi_watchers_tell(members, member, true);
}

static void
report_offline(struct cyi_members *members, struct cyi_member *member, const char *why)
{
    if (!member->reported)
        return;
    pthread_mutex_lock(&members->lock);
    member->reported = false;
    members->counters.offline++;
    pthread_mutex_unlock(&members->lock);
    write_log(members, member, "peer.offline", why);
    cyi_watchers_tell(members, member, false);
}

static void
set_state(struct cyi_members *members, struct cyi_member *member, enum cyi_member_state state)
{
    pthread_mutex_lock(&members->lock);
    member->state = state;
    pthread_mutex_unlock(&members->lock);
}

/* The oldest tombstone makes room for a new one. */
static void
bury(struct cyi_members *members, struct cyi_member *member)
{
    if (members->gone_count == CYI_MEMBERS_GONE_MAX)
        cyi_member_remove(
            members, cyi_container_of(cyi_list_first(&members->gone), struct cyi_member, link));
    cyi_list_remove(&member->link);
    cyi_list_append(&members->gone, &member->link);
    members->count--;
    members->gone_count++;
}

/* The links end after the state has changed, so that none is made anew in between. */
static void
declare(struct cyi_members *members, struct cyi_member *member, enum cyi_member_state state)
{
    pthread_mutex_lock(&members->lock);
    members->heard_count -= member->state == CYI_MEMBER_HEARD;
    member->state = state;
    member->life_ours++;
    member->connected = member->suspected = member->vouched = member->met_again = false;
    member->leave_at = CY_FOREVER;
    member->refused = member->failures = 0;
    if (state == CYI_MEMBER_GONE)
        bury(members, member);
    pthread_mutex_unlock(&members->lock);
    cyi_member_end_links(members, cyi_members_hub(members), member->incarnation);
}

void
cyi_member_lost(struct cyi_members *members, struct cyi_member *member, const char *why)
{
    cy_time at = now(members);
    declare(members, member, CYI_MEMBER_LOST);
    report_offline(members, member, why);
    member->gone_at = at;
    member->retry_ns = CYI_MEMBER_RETRY;
    member->retry_at = at + CYI_MEMBER_RETRY;
    cyi_members_wake_keeper(members);
}

void
cyi_member_gone(struct cyi_members *members, struct cyi_member *member, const char *why)
{
    member->gone_at = now(members);
    declare(members, member, CYI_MEMBER_GONE);
    report_offline(members, member, why);
}

void
cyi_member_replaced(struct cyi_members *members, const uint8_t *incarnation)
{
    struct cyi_member_look look;
    struct cyi_member *member = find(members, incarnation, &look);
    if (member != NULL && look.state != CYI_MEMBER_GONE)
        cyi_member_gone(members, member, "replaced");
}

enum { FLOODS_MAX = 16 };

uint64_t
cyi_members_excess(struct cyi_members *members, uint32_t tag)
{
    pthread_mutex_lock(&members->lock);
    const struct cyi_member *member = cyi_member_tagged(members, tag);
    uint32_t floods = member != NULL ? member->floods : 0;
    pthread_mutex_unlock(&members->lock);
    return floods < FLOODS_MAX ? members->net->limits.excess_bytes >> 4 * floods : 0;
}

static void
flooded_here(struct cyi_core *hub, const void *args)
{
    struct cyi_members *members = cyi_net_core(hub)->net->members;
    struct cyi_member_look look;
    uint32_t tag;
    memcpy(&tag, args, sizeof tag);
    struct cyi_member *member = cyi_members_of(members, tag, &look);
    if (member == NULL || (look.state != CYI_MEMBER_MET && look.state != CYI_MEMBER_ONLINE))
        return; /* another core of ours was faster */
    pthread_mutex_lock(&members->lock);
    if (member->floods < FLOODS_MAX)
        member->floods++;
    members->counters.flooded++;
    pthread_mutex_unlock(&members->lock);
    cyi_log_write(members->net->node->log, NULL, CY_LOG_WARN, "peer.flood",
                  "tag=%08x name=%s times=%u reason=%s", member->tag, member->name,
                  member->floods, "goes on sending to a full mailbox");
    cyi_member_lost(members, member, "flood");
}

void
cyi_members_flooded(struct cyi_core *core, uint32_t tag)
{
    if (core->index == 0)
        flooded_here(core, &tag);
    else
        cyi_post_answer(core, 0, flooded_here, &tag, sizeof tag);
}

/* Of two nodes that met, one dials first: else both would, and one of two is for nothing. */
static cy_time
first_dial(const struct cyi_members *members, const struct cyi_member *member, cy_time at)
{
    const struct cyi_node *node = members->net->node;
    bool ours = memcmp(node->incarnation, member->incarnation, sizeof node->incarnation) < 0;
    return ours ? at : at + members->net->limits.probe_ns / 2;
}

/* Was another session reported than the present one? */
static bool
is_over(const struct cyi_member *member, const struct cyi_member_look *look)
{
    return member->reported &&
           (member->told_ours != look->ours || member->told_theirs != look->theirs);
}

/* It is met, for the first time or anew: it has as long as others have to be heard. */
static void
begin_to_dial(struct cyi_members *members, struct cyi_member *member)
{
    pthread_mutex_lock(&members->lock);
    member->met_again = false;
    pthread_mutex_unlock(&members->lock);
    member->heard_at = now(members);
    member->refused = member->failures = 0;
    member->retry_at = first_dial(members, member, member->heard_at);
}

void
cyi_member_news(struct cyi_members *members, const uint8_t *incarnation)
{
    struct cyi_member_look look;
    struct cyi_member *member = find(members, incarnation, &look);
    if (member == NULL)
        return;
    if (look.met_again)
        begin_to_dial(members, member);
    if (is_over(member, &look)) {
        report_offline(members, member, "session over");
        if (member->connected)
            report_online(members, member);
        else
            set_state(members, member, CYI_MEMBER_MET);
    }
    cyi_members_wake_keeper(members);
}

void
cyi_members_link_up(struct cyi_members *members, struct cyi_link *link)
{
    struct cyi_member_look look;
    struct cyi_member *member = cyi_members_of(members, link->home.node, &look);
    if (member == NULL || !link->hub ||
        (look.state != CYI_MEMBER_MET && look.state != CYI_MEMBER_ONLINE))
        return;
    member->connected = true;
    member->suspected = member->vouched = false;
    member->refused = member->failures = 0;
    member->leave_at = CY_FOREVER;
    member->heard_at = now(members);
    member->ping_at = member->heard_at + members->net->limits.probe_ns;
    pthread_mutex_lock(&members->lock);
    member->state = CYI_MEMBER_ONLINE;
    member->met_again = false;
    pthread_mutex_unlock(&members->lock);
    if (is_over(member, &look))
        report_offline(members, member, "session over");
    if (!member->reported)
        report_online(members, member);
    cyi_members_wake_keeper(members);
}

void
cyi_members_link_down(struct cyi_members *members, struct cyi_link *link, int error)
{
    struct cyi_member *member = cyi_members_of(members, link->home.node, NULL);
    if (member == NULL || !link->hub || !member->connected)
        return;
    member->connected = false;
    if (member->leave_at != CY_FOREVER) {
        cyi_member_gone(members, member, "goodbye");
        return;
    }
    cyi_log_write(members->net->node->log, NULL, CY_LOG_DEBUG, "peer.cut", "tag=%08x error=%s",
                  member->tag, cy_errname(error));
    cyi_members_wake_keeper(members);
}

void
cyi_members_dial_failed(struct cyi_members *members, struct cyi_link *link, int error)
{
    struct cyi_member_look look;
    if (!link->hub)
        return;
    struct cyi_member *member = cyi_members_of(members, link->home.node, &look);
    /* One that was never online may be behind a wall that refuses what it did not begin. */
    if (member == NULL || look.state != CYI_MEMBER_ONLINE || !look.at_preferred)
        return;
    if (error == -ESRCH)
        cyi_member_gone(members, member, "replaced");
    else if (error == -ECONNREFUSED && ++member->refused >= CYI_MEMBER_REFUSED)
        cyi_member_gone(members, member, "refused");
}

static void
heard(struct cyi_members *members, struct cyi_member *member)
{
    member->heard_at = now(members);
    member->suspected = member->vouched = false;
}

void
cyi_members_alive(struct cyi_members *members, struct cyi_link *link)
{
    struct cyi_member *member = cyi_members_of(members, link->home.node, NULL);
    if (member != NULL && link->hub && member->connected)
        heard(members, member);
}

/*
 * Somebody asks about a node that is silent to it: we say what we have heard ourselves, and
 * lately: what was heard before it fell silent to others is no testimony.
 */
static void
testify(struct cyi_members *members, uint32_t asker, uint32_t tag)
{
    const struct cyi_member *member = cyi_members_of(members, tag, NULL);
    const struct cyi_net_limits *limits = &members->net->limits;
    uint8_t body[4];
    if (member == NULL || !member->connected ||
        now(members) - member->heard_at > limits->probe_ns + limits->dead_ns / 16)
        return;
    cyi_put32(body, tag);
    members->way->control(cyi_members_hub(members), asker, CYI_OP_ALIVE, body, sizeof body);
}

/*
 * Others hear it: then what is wrong may be our connection, which may wait for long before it
 * sends again what got lost. Another one is tried in the time that is left. The word gives no
 * more time: what we cannot reach is no peer of ours, whoever else can.
 */
static void
take_testimony(struct cyi_members *members, uint32_t tag)
{
    struct cyi_member *member = cyi_members_of(members, tag, NULL);
    if (member == NULL || !member->suspected || member->vouched)
        return;
    member->vouched = true;
    cyi_members_count_one(members, offsetof(struct cyi_member_counters, vouched));
    if (member->connected)
        members->way->cut(cyi_members_hub(members), tag);
}

static void
goodbye(struct cyi_members *members, struct cyi_member *member)
{
    if (member == NULL || member->state != CYI_MEMBER_ONLINE || member->leave_at != CY_FOREVER)
        return;
    /* What it sent before on other connections may still be on its way. */
    member->leave_at = now(members) + CYI_MEMBER_LEAVE;
    cyi_members_wake_keeper(members);
}

void
cyi_members_control(struct cyi_members *members, struct cyi_link *link,
                    const struct cyi_item *item)
{
    uint32_t from = link->home.node;
    if (!link->hub)
        return;
    switch (item->op) {
    case CYI_OP_PING:
        members->way->control(cyi_members_hub(members), from, CYI_OP_PONG, item->body,
                              item->size < 8 ? item->size : 8);
        break;
    case CYI_OP_BYE:
        if (item->size >= 1 && item->body[0] == CYI_BYE_NODE)
            goodbye(members, cyi_members_of(members, from, NULL));
        break;
    case CYI_OP_SUSPECT:
        if (item->size >= 4)
            testify(members, from, cyi_get32(item->body));
        break;
    case CYI_OP_ALIVE:
        if (item->size >= 4)
            take_testimony(members, cyi_get32(item->body));
        break;
    default: /* a pong: that it came has been noted */
        break;
    }
}
