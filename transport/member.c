/*
 * member.c - the table of members: who is known, where, how often declared dead.
 *
 * What other cores may call is here; what the hub decides is in member_state.c and probe.c.
 */
#include "discover.h"
#include "member_table.h"
#include <stdlib.h>
#include <string.h>

int
cyi_members_create(struct cyi_members **out, struct cyi_net *net)
{
    struct cyi_members *members = calloc(1, sizeof *members);
    if (members == NULL)
        return -ENOMEM;
    members->cores = calloc(net->node->core_count, sizeof *members->cores);
    if (members->cores == NULL || cyi_discover_create(&net->discover, net) != 0) {
        free(members->cores);
        free(members);
        return -ENOMEM;
    }
    members->net = net;
    members->way = &cyi_member_links;
    pthread_mutex_init(&members->lock, NULL);
    cyi_list_init(&members->all);
    cyi_list_init(&members->gone);
    cyi_list_init(&members->watchers);
    cyi_list_init(&members->hosts);
    *out = members;
    return 0;
}

static void
free_member(struct cyi_member *member)
{
    free(member->ports);
    free(member->seen);
    free(member);
}

static void
free_list(struct cyi_list *list)
{
    cyi_list_for_each_safe(link, list)
        free_member(cyi_container_of(link, struct cyi_member, link));
}

void
cyi_members_free(struct cyi_members **freed)
{
    struct cyi_members *members = *freed;
    if (members == NULL)
        return;
    free_list(&members->all);
    free_list(&members->gone);
    cyi_list_for_each_safe(link, &members->watchers)
        free(cyi_container_of(link, struct cyi_watcher, link));
    cyi_list_for_each_safe(link, &members->hosts)
        free(cyi_container_of(link, struct cyi_member_host, link));
    cyi_map_fini(&members->by_incarnation);
    cyi_map_fini(&members->by_tag);
    pthread_mutex_destroy(&members->lock);
    cyi_discover_free(&members->net->discover);
    free(members->scan);
    free(members->cores);
    free(members);
    *freed = NULL;
}

void
cyi_members_count_one(struct cyi_members *members, size_t which)
{
    pthread_mutex_lock(&members->lock);
    uint64_t *counter = (void *) ((uint8_t *) &members->counters + which);
    (*counter)++;
    pthread_mutex_unlock(&members->lock);
}

/* An incarnation should be random, but its owner may have chosen it. */
static uint64_t
hash_of(const struct cyi_members *members, const uint8_t *incarnation)
{
    return cyi_hash_bytes(&members->net->node->hash_key, incarnation, 16);
}

static uint64_t
hash_of_tag(const struct cyi_members *members, uint32_t tag)
{
    return cyi_hash_secretly(&members->net->node->hash_key, tag);
}

static uint32_t
tag_of(const uint8_t *incarnation)
{
    uint32_t tag;
    memcpy(&tag, incarnation, sizeof tag);
    return tag;
}

struct cyi_member *
cyi_member_known(const struct cyi_members *members, const uint8_t *incarnation)
{
    cyi_map_for_each(node, &members->by_incarnation, hash_of(members, incarnation)) {
        struct cyi_member *member = cyi_container_of(node, struct cyi_member, by_incarnation);
        if (memcmp(member->incarnation, incarnation, sizeof member->incarnation) == 0)
            return member;
    }
    return NULL;
}

struct cyi_member *
cyi_member_tagged(const struct cyi_members *members, uint32_t tag)
{
    struct cyi_member *gone = NULL;
    cyi_map_for_each(node, &members->by_tag, hash_of_tag(members, tag)) {
        struct cyi_member *member = cyi_container_of(node, struct cyi_member, by_tag);
        if (member->tag == tag && member->state != CYI_MEMBER_GONE)
            return member;
        if (member->tag == tag)
            gone = member;
    }
    return gone;
}

static int
insert(struct cyi_members *members, struct cyi_member *member)
{
    int rc = cyi_map_insert(&members->by_incarnation, &member->by_incarnation,
                            hash_of(members, member->incarnation));
    if (rc != 0)
        return rc;
    rc = cyi_map_insert(&members->by_tag, &member->by_tag, hash_of_tag(members, member->tag));
    if (rc != 0)
        cyi_map_remove(&members->by_incarnation, &member->by_incarnation);
    return rc;
}

int
cyi_member_add(struct cyi_member **out, struct cyi_members *members, const uint8_t *incarnation)
{
    if (members->count >= members->net->limits.peers_max) {
        members->counters.peers_refused++;
        return -ENOBUFS;
    }
    struct cyi_member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return -ENOMEM;
    memcpy(member->incarnation, incarnation, sizeof member->incarnation);
    member->tag = tag_of(incarnation);
    member->leave_at = CY_FOREVER;
    member->seen = calloc(members->net->node->core_count, sizeof *member->seen);
    int rc = member->seen != NULL ? insert(members, member) : -ENOMEM;
    if (rc != 0) {
        free_member(member);
        return rc;
    }
    cyi_list_append(&members->all, &member->link);
    members->count++;
    members->heard_count++;
    *out = member;
    return 0;
}

void
cyi_member_remove(struct cyi_members *members, struct cyi_member *member)
{
    cyi_map_remove(&members->by_incarnation, &member->by_incarnation);
    cyi_map_remove(&members->by_tag, &member->by_tag);
    cyi_list_remove(&member->link);
    members->heard_count -= member->state == CYI_MEMBER_HEARD;
    if (member->state == CYI_MEMBER_GONE)
        members->gone_count--;
    else
        members->count--;
    free_member(member);
}

bool
cyi_member_has_address(const struct cyi_member *member, const uint8_t *address)
{
    for (uint8_t i = 0; i < member->address_count; i++) {
        if (memcmp(member->addresses[i], address, 16) == 0)
            return true;
    }
    return false;
}

void
cyi_member_note_address(struct cyi_member *member, const uint8_t *address, bool preferred)
{
    uint8_t at = 0;
    while (at < member->address_count && memcmp(member->addresses[at], address, 16) != 0)
        at++;
    if (at == CYI_MEMBER_ADDRESSES)
        at--;
    if (at == member->address_count)
        member->address_count++;
    memcpy(member->addresses[at], address, 16);
    if (preferred)
        member->preferred = at;
}

void
cyi_member_location(cy_location *out, const struct cyi_member *member, uint16_t core)
{
    memcpy(out->address, member->home, sizeof out->address);
    out->port = member->ports[core];
}

/*
 * The first attempts go where the last connection was, so that a node which has ended is known
 * to soon; after that every other one does, and those between go to the others in turn.
 */
static uint8_t
choose_address(const struct cyi_member *member, uint32_t attempt)
{
    uint32_t others = member->address_count - 1u;
    if (attempt <= CYI_MEMBER_REFUSED || others == 0)
        return member->preferred;
    attempt -= CYI_MEMBER_REFUSED + 1;
    if (attempt % 2 == 1)
        return member->preferred;
    return (uint8_t) ((member->preferred + 1 + attempt / 2 % others) % member->address_count);
}

static bool
is_unmet(const struct cyi_members *members, uint32_t tag)
{
    for (uint32_t i = 0; i < CYI_MEMBERS_UNMET_MAX; i++) {
        if (members->unmet[i] == tag)
            return true;
    }
    return false;
}

void
cyi_members_unmet(struct cyi_members *members, uint32_t tag, const uint8_t *incarnation)
{
    if (tag_of(incarnation) == tag)
        return; /* it lives, with fewer cores or other ports than the reference says */
    pthread_mutex_lock(&members->lock);
    if (cyi_member_tagged(members, tag) == NULL && !is_unmet(members, tag)) {
        members->unmet[members->unmet_next] = tag;
        members->unmet_next = (members->unmet_next + 1) % CYI_MEMBERS_UNMET_MAX;
    }
    pthread_mutex_unlock(&members->lock);
}

static int
route(struct cyi_member *member, uint16_t core, uint32_t attempt, cy_address *out)
{
    if (member->state == CYI_MEMBER_HEARD)
        return -ENOENT;
    if (member->state == CYI_MEMBER_GONE || core >= member->core_count)
        return -ESRCH;
    if (member->state == CYI_MEMBER_LOST)
        return CY_ENOPEER;
    uint8_t at = choose_address(member, attempt);
    if (core == 0 && cyi_self != NULL && cyi_self->index == 0)
        member->dialled = at; /* what is refused next was refused there */
    cyi_address_from_wire(out, member->addresses[at], member->ports[core]);
    return 0;
}

int
cyi_members_route(struct cyi_members *members, uint32_t tag, uint16_t core, uint32_t attempt,
                  cy_address *out)
{
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = cyi_member_tagged(members, tag);
    int rc = member != NULL ? route(member, core, attempt, out)
                            : (is_unmet(members, tag) ? -ESRCH : -ENOENT);
    pthread_mutex_unlock(&members->lock);
    return rc;
}

uint32_t
cyi_members_life(struct cyi_members *members, const uint8_t *incarnation)
{
    pthread_mutex_lock(&members->lock);
    const struct cyi_member *member = cyi_member_known(members, incarnation);
    uint32_t life = member != NULL ? member->life_ours : 0;
    pthread_mutex_unlock(&members->lock);
    return life;
}

bool
cyi_members_stream(struct cyi_members *members, uint32_t tag)
{
    pthread_mutex_lock(&members->lock);
    const struct cyi_member *member = cyi_member_tagged(members, tag);
    bool stream = member != NULL && member->stream;
    pthread_mutex_unlock(&members->lock);
    return stream;
}

void
cyi_members_on_change(struct cyi_members *members, cyi_members_changed_fn *fn, void *arg)
{
    members->changed = fn;
    members->changed_arg = arg;
}

void
cyi_members_count(struct cyi_members *members, struct cyi_member_counters *out)
{
    pthread_mutex_lock(&members->lock);
    *out = members->counters;
    pthread_mutex_unlock(&members->lock);
}

enum { VIEWS = 16 };

/* Copies the members behind the first `skip`; returns how many. */
static uint32_t
copy_views(struct cyi_members *members, struct cyi_member_view *out, uint32_t skip)
{
    uint32_t n = 0;
    pthread_mutex_lock(&members->lock);
    cyi_list_for_each(link, &members->all) {
        const struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        if (skip > 0) {
            skip--;
            continue;
        }
        if (n == VIEWS)
            break;
        out[n] = (struct cyi_member_view){
            .tag = member->tag, .state = member->state, .core_count = member->core_count};
        memcpy(out[n].incarnation, member->incarnation, sizeof out[n].incarnation);
        memcpy(out[n].name, member->name, sizeof out[n].name);
        n++;
    }
    pthread_mutex_unlock(&members->lock);
    return n;
}

/* Some at a time: visit() may call us again, and no memory is needed. */
void
cyi_members_each(struct cyi_members *members,
                 void (*visit)(const struct cyi_member_view *view, void *arg), void *arg)
{
    struct cyi_member_view views[VIEWS];
    uint32_t seen = 0, n;
    while ((n = copy_views(members, views, seen)) > 0) {
        for (uint32_t i = 0; i < n; i++) {
            if (views[i].state == CYI_MEMBER_ONLINE)
                visit(&views[i], arg);
        }
        seen += n;
    }
}
