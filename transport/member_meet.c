/*
 * member_meet.c - an intro was read: a node is known now, and where it is.
 *
 * Runs on any core. What follows from it for watchers is the hub's affair and is posted there.
 *
 * Tests: tests/transport/test_member_table.c
 */
#include "member_table.h"
#include <arpa/inet.h>
#include <cycos/impl/post.h>
#include <stdlib.h>
#include <string.h>

enum { REPLACED_MAX = 8 }; /* nodes that began and ended so fast that nobody took notice */

/* What an intro has changed. */
struct outcome {
    bool reborn; /* it had declared us dead, and we did not know */
    bool news;   /* the keeper has something to do */
    uint32_t replaced;
    uint8_t old[REPLACED_MAX][16]; /* nodes that were where this one is */
};

static bool
listens_at(const struct cyi_member *member, uint16_t port)
{
    for (uint16_t i = 0; i < member->core_count; i++) {
        if (member->ports[i] == port)
            return true;
    }
    return false;
}

static bool
share_a_port(const struct cyi_member *member, const struct cyi_intro *intro)
{
    for (uint16_t i = 0; i < intro->core_count; i++) {
        if (listens_at(member, intro->ports[i]))
            return true;
    }
    return false;
}

static bool
lists(const struct cyi_intro *intro, const uint8_t *address)
{
    for (uint8_t i = 0; i < intro->address_count; i++) {
        if (memcmp(intro->addresses[i], address, 16) == 0)
            return true;
    }
    return false;
}

/* Did we dial it? Then the port is one that it listens at; else it is any. */
static bool
was_dialled(const struct cyi_intro *intro, const cy_address *address)
{
    return ntohs(address->u.v4.sin_port) == intro->ports[intro->core];
}

/*
 * A node that sits where a new one is has ended. An address that a new node came from, but does
 * not name as its own, is a gateway's: behind it there may be many with the same port.
 */
static void
find_replaced(const struct cyi_members *members, const struct cyi_intro *intro,
              const cy_address *address, struct outcome *out)
{
    uint8_t at[16];
    cyi_address_to_wire(at, address);
    bool dialled = was_dialled(intro, address);
    if (!dialled && !lists(intro, at) && !cyi_address_is_loopback(at))
        return;
    cyi_list_for_each(link, &members->all) {
        const struct cyi_member *old = cyi_container_of(link, struct cyi_member, link);
        if (old->state == CYI_MEMBER_HEARD ||
            memcmp(old->incarnation, intro->incarnation, sizeof old->incarnation) == 0 ||
            (!cyi_member_has_address(old, at) &&
             memcmp(old->home, intro->home.address, sizeof old->home) != 0))
            continue;
        if (dialled ? listens_at(old, ntohs(address->u.v4.sin_port))
                    : share_a_port(old, intro)) {
            memcpy(out->old[out->replaced++], old->incarnation, sizeof out->old[0]);
            if (out->replaced == REPLACED_MAX)
                return;
        }
    }
}

/* The order: what worked last, what it says, where it came from. */
static void
take_addresses(struct cyi_member *member, const struct cyi_intro *intro,
               const cy_address *address)
{
    uint8_t at[16], worked[16];
    bool dialled = was_dialled(intro, address);
    bool keep = !dialled && member->address_count > 0 && member->state != CYI_MEMBER_HEARD;
    cyi_address_to_wire(at, address);
    if (keep)
        memcpy(worked, member->addresses[member->preferred], sizeof worked);
    member->address_count = member->preferred = 0;
    for (uint8_t i = 0; i < intro->address_count; i++)
        cyi_member_note_address(member, intro->addresses[i], false);
    if (keep && lists(intro, worked))
        cyi_member_note_address(member, worked, true);
    if (dialled || lists(intro, at))
        cyi_member_note_address(member, at, true);
    else
        cyi_member_note_address(member, at, false);
}

/*
 * All but the addresses stays as it was first said, so that the hub may read it without the
 * lock. A node that says something else the next time is not to be believed.
 */
static int
take_intro(struct cyi_member *member, const struct cyi_intro *intro, const cy_address *address)
{
    size_t size = intro->core_count * sizeof *member->ports;
    if (member->introduced) {
        if (member->core_count != intro->core_count ||
            memcmp(member->ports, intro->ports, size) != 0)
            return -EBADMSG;
        take_addresses(member, intro, address);
        return 0;
    }
    uint16_t *ports = malloc(size);
    if (ports == NULL)
        return -ENOMEM;
    free(member->ports);
    member->ports = ports;
    member->core_count = intro->core_count;
    memcpy(ports, intro->ports, size);
    memcpy(member->home, intro->home.address, sizeof member->home);
    memcpy(member->name, intro->name, intro->name_size);
    take_addresses(member, intro, address);
    member->introduced = true;
    return 0;
}

/* The record for an intro, perhaps a new one. */
static int
admit(struct cyi_member **out, struct cyi_members *members, const struct cyi_intro *intro)
{
    uint32_t tag;
    memcpy(&tag, intro->incarnation, sizeof tag);
    const struct cyi_member *same = cyi_member_tagged(members, tag);
    if (same != NULL && same->state != CYI_MEMBER_GONE &&
        memcmp(same->incarnation, intro->incarnation, sizeof same->incarnation) != 0)
        return -EEXIST;
    *out = cyi_member_known(members, intro->incarnation);
    return *out != NULL ? 0 : cyi_member_add(out, members, intro->incarnation);
}

static void
raise_state(struct cyi_members *members, struct cyi_member *member)
{
    if (member->state == CYI_MEMBER_HEARD)
        members->heard_count--;
    if (member->state == CYI_MEMBER_GONE) {
        cyi_list_remove(&member->link);
        cyi_list_append(&members->all, &member->link);
        members->gone_count--;
        members->count++;
    }
    member->state = CYI_MEMBER_MET;
    member->met_again = true;
}

static int
meet(struct cyi_members *members, const struct cyi_intro *intro, const cy_address *address,
     struct outcome *out)
{
    struct cyi_member *member = NULL;
    bool known = cyi_member_known(members, intro->incarnation) != NULL;
    int rc = admit(&member, members, intro);
    if (rc == 0)
        rc = take_intro(member, intro, address);
    if (rc != 0) {
        if (!known && member != NULL)
            cyi_member_remove(members, member); /* nobody else has seen it */
        return rc;
    }
    out->news = !known || member->state != CYI_MEMBER_ONLINE;
    if (!known || member->state != CYI_MEMBER_ONLINE)
        find_replaced(members, intro, address, out);
    if (member->state == CYI_MEMBER_HEARD)
        cyi_member_apply_host(members, member);
    if (member->state != CYI_MEMBER_MET && member->state != CYI_MEMBER_ONLINE)
        raise_state(members, member);
    out->reborn = intro->life > member->life_theirs;
    if (out->reborn)
        member->life_theirs = intro->life;
    return 0;
}

struct news {
    uint8_t incarnation[16];
};

/*
 * Once for each change of the lives: a link that has begun since must stay, or the two sides
 * would not agree which session is over.
 */
static void
catch_up(struct cyi_members *members, struct cyi_core *core, const uint8_t *incarnation)
{
    uint32_t tag = 0;
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = cyi_member_known(members, incarnation);
    struct cyi_member_seen *seen = member != NULL ? &member->seen[core->index] : NULL;
    bool behind = seen != NULL &&
                  (seen->ours != member->life_ours || seen->theirs != member->life_theirs);
    if (behind) {
        seen->ours = member->life_ours;
        seen->theirs = member->life_theirs;
        tag = member->tag;
        if (core->index == 0)
            member->connected = false;
    }
    pthread_mutex_unlock(&members->lock);
    if (behind)
        members->way->end(core, tag);
}

static void
end_here(struct cyi_core *core, const void *args)
{
    const struct news *news = args;
    catch_up(cyi_net_core(core)->net->members, core, news->incarnation);
}

void
cyi_member_end_links(struct cyi_members *members, struct cyi_core *core,
                     const uint8_t *incarnation)
{
    struct news news;
    memcpy(news.incarnation, incarnation, sizeof news.incarnation);
    for (uint16_t i = 0; i < core->node->core_count; i++) {
        if (i != core->index)
            cyi_post_answer(core, i, end_here, &news, sizeof news);
    }
    catch_up(members, core, incarnation);
}

static void
replaced_here(struct cyi_core *hub, const void *args)
{
    const struct news *news = args;
    cyi_member_replaced(cyi_net_core(hub)->net->members, news->incarnation);
}

static void
met_here(struct cyi_core *hub, const void *args)
{
    const struct news *news = args;
    cyi_member_news(cyi_net_core(hub)->net->members, news->incarnation);
}

static void
tell_hub(struct cyi_core *core, cyi_call_fn *fn, const uint8_t *incarnation)
{
    struct news news;
    memcpy(news.incarnation, incarnation, sizeof news.incarnation);
    if (core->index == 0)
        fn(core, &news);
    else
        cyi_post_answer(core, 0, fn, &news, sizeof news);
}

int
cyi_members_meet(struct cyi_members *members, struct cyi_core *core,
                 const struct cyi_intro *intro, const cy_address *address)
{
    struct outcome outcome = {0};
    const struct cyi_node *node = members->net->node;
    CY_ASSERT(core == cyi_self);
    if (memcmp(intro->incarnation, node->incarnation, sizeof node->incarnation) == 0)
        return CY_ESELF;
    if (memcmp(intro->incarnation, &node->tag, sizeof node->tag) == 0)
        return -EEXIST;
    pthread_mutex_lock(&members->lock);
    int rc = meet(members, intro, address, &outcome);
    pthread_mutex_unlock(&members->lock);
    if (rc != 0)
        return rc;
    for (uint32_t i = 0; i < outcome.replaced; i++)
        tell_hub(core, replaced_here, outcome.old[i]);
    if (outcome.reborn)
        cyi_member_end_links(members, core, intro->incarnation);
    else
        catch_up(members, core, intro->incarnation);
    if (outcome.news || outcome.reborn)
        tell_hub(core, met_here, intro->incarnation);
    return 0;
}
