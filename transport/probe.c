/*
 * probe.c - the keeper: a daemon task of the hub that dials, probes and declares nodes dead.
 *
 * SWIM's ideas: who is silent is first suspected, and others are asked whether they hear it; a
 * node that finds itself late gives all others the time that it has slept (Lifeguard).
 *
 * Tests: tests/transport/test_member_state.c, tests/transport/test_member.c
 */
#include "discover.h"
#include "member_table.h"
#include <cycos/impl/log.h>
#include <cycos/impl/time.h>
#include <cycos/task.h>
#include <stdlib.h>
#include <string.h>

#define KEEPER_PERIOD_MIN (5 * CY_MILLISECOND)
#define KEEPER_PERIOD_MAX (10 * CY_SECOND)

static cy_time
earlier(cy_time a, cy_time b)
{
    return a < b ? a : b;
}

/* Three quarters to five quarters of it, so that nodes do not fall into step. */
static cy_time
jittered(struct cyi_members *members, cy_time duration)
{
    struct cyi_os *os = members->net->node->os;
    uint32_t random;
    os->random(os, &random, sizeof random);
    return duration * 3 / 4 + duration / 2 * (cy_time) (random & 0xffff) / 0x10000;
}

static struct cyi_core *
hub_of(struct cyi_members *members)
{
    return cyi_members_hub(members);
}

/* Later by a while after each failure. */
static cy_time
back_off(struct cyi_members *members, struct cyi_member *member, cy_time now)
{
    cy_time wait = member->retry_ns != 0 ? member->retry_ns : CYI_MEMBER_RETRY / 4;
    member->retry_ns = earlier(2 * wait, CYI_MEMBER_RETRIES);
    return now + jittered(members, wait);
}

/* It has been dialled and could not be met: nobody has to remember a rumour. */
static void
probe_failed(struct cyi_members *members, struct cyi_member *member, cy_time now)
{
    struct cyi_member_look look = cyi_member_look(members, member);
    if (look.state == CYI_MEMBER_HEARD && ++member->failures >= CYI_MEMBER_TRIES) {
        if (look.ours > 0) {
            cyi_member_gone(members, member, "did not come back");
            return;
        }
        pthread_mutex_lock(&members->lock);
        cyi_member_remove(members, member);
        pthread_mutex_unlock(&members->lock);
        return;
    }
    member->retry_at = back_off(members, member, now);
}

static bool
is_wanted(enum cyi_member_state state)
{
    return state == CYI_MEMBER_HEARD || state == CYI_MEMBER_LOST;
}

static void
judge(struct cyi_members *members, struct cyi_member *member, int rc, bool preferred)
{
    if (rc == CY_EAUTH || rc == CY_EOPEN || rc == CY_ESECRET)
        cyi_members_count_one(members, offsetof(struct cyi_member_counters, bad_secret));
    if (cyi_member_look(members, member).state != CYI_MEMBER_LOST || !preferred)
        return;
    if (rc == -ESRCH)
        cyi_member_gone(members, member, "replaced");
    else if (rc == -ECONNREFUSED && ++member->refused >= CYI_MEMBER_REFUSED)
        cyi_member_gone(members, member, "refused");
}

/* Dials the n-th of its addresses; false when that was the last, or is of no more use. */
static bool
try_address(struct cyi_members *members, struct cyi_member *member, uint8_t n)
{
    struct cyi_core *core = hub_of(members);
    cy_address address;
    struct cyi_intro intro;
    pthread_mutex_lock(&members->lock);
    if (n >= member->address_count || !is_wanted(member->state)) {
        pthread_mutex_unlock(&members->lock);
        return false;
    }
    uint8_t at = (uint8_t) ((member->preferred + n) % member->address_count);
    cyi_address_from_wire(&address, member->addresses[at], member->ports[0]);
    pthread_mutex_unlock(&members->lock);
    int rc = members->way->meet(core, &address, &intro, cy_after(CYI_MEMBER_PROBE));
    if (rc == -ECANCELED)
        return false;
    if (rc == 0 && memcmp(intro.incarnation, member->incarnation, 16) != 0)
        rc = -ESRCH;
    judge(members, member, rc, n == 0);
    return true;
}

/* A task of its own. The record stays as long as it is marked as being probed. */
static int
probe(void *arg)
{
    struct cyi_member *member = arg;
    struct cyi_core *core = cyi_current();
    struct cyi_members *members = cyi_net_core(core)->net->members;
    uint8_t n = 0;
    while (try_address(members, member, n))
        n++;
    member->probing = false;
    members->probes--;
    if (is_wanted(cyi_member_look(members, member).state))
        probe_failed(members, member, core->os->now(core->os));
    cyi_members_wake_keeper(members);
    return 0;
}

static cy_time
keep_probing(struct cyi_members *members, struct cyi_member *member, cy_time now)
{
    if (member->probing)
        return CY_FOREVER;
    if (cyi_member_look(members, member).state == CYI_MEMBER_LOST &&
        now - member->gone_at > CYI_MEMBER_FORGET) {
        cyi_member_gone(members, member, "lost for long");
        return CY_FOREVER;
    }
    if (now < member->retry_at)
        return member->retry_at;
    if (members->probes >= CYI_MEMBER_PROBES_MAX)
        return now + 10 * KEEPER_PERIOD_MIN;
    member->probing = true;
    members->probes++;
    if (cyi_daemon_start(cyi_current(), probe, member, "net.probe") == 0)
        return CY_FOREVER;
    member->probing = false;
    members->probes--;
    return member->retry_at = now + CYI_MEMBER_RETRY;
}

/* Ask some who are connected, from a random one on, whether they hear it. */
static void
ask_others(struct cyi_members *members, const struct cyi_member *silent)
{
    struct cyi_core *hub = hub_of(members);
    uint32_t start, asked = 0;
    uint8_t body[4];
    cyi_put32(body, silent->tag);
    hub->os->random(hub->os, &start, sizeof start);
    for (uint32_t i = 0; i < members->scanned && asked < CYI_MEMBER_WITNESSES; i++) {
        const struct cyi_member *other = members->scan[(start + i) % members->scanned];
        if (other == NULL || other == silent || !other->connected)
            continue;
        members->way->control(hub, other->tag, CYI_OP_SUSPECT, body, sizeof body);
        asked++;
    }
}

static void
suspect(struct cyi_members *members, struct cyi_member *member)
{
    member->suspected = true;
    cyi_members_count_one(members, offsetof(struct cyi_member_counters, suspected));
    cyi_log_write(members->net->node->log, NULL, CY_LOG_DEBUG, "peer.suspected", "tag=%08x",
                  member->tag);
    ask_others(members, member);
}

static void
ping(struct cyi_members *members, struct cyi_member *member, cy_time now)
{
    uint8_t body[8];
    cyi_put64(body, (uint64_t) now);
    members->way->control(hub_of(members), member->tag, CYI_OP_PING, body, sizeof body);
    member->ping_at = now + members->net->limits.probe_ns;
}

static cy_time
keep_online(struct cyi_members *members, struct cyi_member *member, cy_time now)
{
    cy_time dead_ns = members->net->limits.dead_ns;
    if (now >= member->leave_at) {
        cyi_member_gone(members, member, "goodbye");
        return CY_FOREVER;
    }
    if (now - member->heard_at >= dead_ns) {
        cyi_member_lost(members, member, "silent");
        return member->retry_at;
    }
    if (now - member->heard_at >= dead_ns / 2 && !member->suspected && member->reported)
        suspect(members, member);
    if (member->connected && now >= member->ping_at)
        ping(members, member, now);
    if (!member->connected && now >= member->retry_at) {
        member->retry_at = now + CYI_MEMBER_RETRY;
        (void) !members->way->dial(hub_of(members), member);
    }
    cy_time due = member->heard_at + (member->suspected ? dead_ns : dead_ns / 2);
    if (!member->reported)
        due = member->heard_at + dead_ns;
    due = earlier(due, member->leave_at);
    return earlier(due, member->connected ? member->ping_at : member->retry_at);
}

/*
 * A copy of the list, because other cores may append to it. What it points to stays, because
 * only the hub removes a record, and no pass does.
 */
static void
scan(struct cyi_members *members)
{
    pthread_mutex_lock(&members->lock);
    if (members->count > members->scan_max) {
        uint32_t wanted = 2 * members->count;
        struct cyi_member **larger =
            realloc(members->scan, wanted * sizeof(struct cyi_member *));
        if (larger != NULL) {
            members->scan = larger;
            members->scan_max = wanted;
        }
    }
    members->scanned = 0;
    cyi_list_for_each(link, &members->all) {
        if (members->scanned < members->scan_max)
            members->scan[members->scanned++] = cyi_container_of(link, struct cyi_member, link);
    }
    pthread_mutex_unlock(&members->lock);
}

cy_time
cyi_members_turn(struct cyi_members *members, cy_time now)
{
    cy_time due = now + KEEPER_PERIOD_MAX;
    scan(members);
    for (uint32_t i = 0; i < members->scanned; i++) {
        struct cyi_member *member = members->scan[i];
        enum cyi_member_state state = cyi_member_look(members, member).state;
        if (state == CYI_MEMBER_MET || state == CYI_MEMBER_ONLINE)
            due = earlier(due, keep_online(members, member, now));
        else if (is_wanted(state))
            due = earlier(due, keep_probing(members, member, now));
    }
    return due < now + KEEPER_PERIOD_MIN ? now + KEEPER_PERIOD_MIN : due;
}

/* We were stopped, not they. */
void
cyi_members_forgive(struct cyi_members *members, cy_time late)
{
    scan(members);
    for (uint32_t i = 0; i < members->scanned; i++)
        members->scan[i]->heard_at += late;
    cyi_log_write(members->net->node->log, NULL, CY_LOG_WARN, "node.late", "ns=%lld",
                  (long long) late);
}

static void
start_companions(struct cyi_members *members)
{
    if (cyi_daemon_start(cyi_current(), cyi_discover_keep, members->net, "net.hello") != 0)
        cyi_log_write(members->net->node->log, NULL, CY_LOG_ERROR, "discover.failed", NULL);
    cyi_members_add_peers(members);
}

int
cyi_members_keep(void *arg)
{
    struct cyi_net *net = arg;
    struct cyi_members *members = net->members;
    struct cyi_core *core = cyi_current();
    cy_time due;
    int rc;
    start_companions(members);
    do {
        due = cyi_members_turn(members, core->os->now(core->os));
        rc = cyi_waitlist_wait(core, &members->keeper, CYI_WAIT_EVENT, due);
        cy_time late = core->os->now(core->os) - due;
        if (late > CYI_MEMBER_STALL)
            cyi_members_forgive(members, late);
    } while (rc != -ECANCELED);
    return 0;
}
