/*
 * seekers.c - who waits for names that nobody has yet.
 *
 * The seekers of one name stand in a ring of which one, the leader, is in the map.
 */
#include "seekers.h"

static uint64_t
hash_of(const struct cyi_seekers *seekers, const struct cyi_key *key)
{
    return cyi_hash_bytes(&seekers->hash_key, key->name, key->size) + key->kind;
}

static struct cyi_seeker *
leader_of(struct cyi_seekers *seekers, const struct cyi_key *key)
{
    if (seekers->leaders.count == 0)
        return NULL;
    cyi_map_for_each(node, &seekers->leaders, hash_of(seekers, key)) {
        struct cyi_seeker *leader = cyi_container_of(node, struct cyi_seeker, node);
        if (cyi_key_equal(leader->key, key))
            return leader;
    }
    return NULL;
}

int
cyi_seekers_enter(struct cyi_seekers *seekers, struct cyi_seeker *me)
{
    struct cyi_seeker *leader = leader_of(seekers, me->key);
    cyi_list_init(&me->ring);
    if (leader != NULL) {
        cyi_list_append(&leader->ring, &me->ring);
    } else {
        int rc = cyi_map_insert(&seekers->leaders, &me->node, hash_of(seekers, me->key));
        if (rc != 0)
            return rc;
    }
    me->waits = true;
    seekers->count++;
    return 0;
}

/* The map has its first buckets by now, so this cannot fail. */
static void
lead(struct cyi_seekers *seekers, struct cyi_seeker *heir)
{
    int rc = cyi_map_insert(&seekers->leaders, &heir->node, hash_of(seekers, heir->key));
    CY_ASSERT(rc == 0);
}

void
cyi_seekers_leave(struct cyi_seekers *seekers, struct cyi_seeker *me)
{
    if (!me->waits)
        return;
    struct cyi_list *next = cyi_list_first(&me->ring);
    me->waits = false;
    seekers->count--;
    cyi_list_remove(&me->ring);
    if (me->node.at == NULL)
        return;
    cyi_map_remove(&seekers->leaders, &me->node);
    if (next != NULL)
        lead(seekers, cyi_container_of(next, struct cyi_seeker, ring));
}

/* One who wants the name of another core stays, behind the first of them. */
static void
stay(struct cyi_seekers *seekers, struct cyi_seeker **leader, struct cyi_seeker *seeker)
{
    if (*leader != NULL) {
        cyi_list_append(&(*leader)->ring, &seeker->ring);
        return;
    }
    *leader = seeker;
    lead(seekers, seeker);
}

void
cyi_seekers_tell(struct cyi_seekers *seekers, struct cyi_core *core, const struct cyi_key *key,
                 cy_ref ref)
{
    struct cyi_seeker *leader = leader_of(seekers, key);
    struct cyi_list all, *link;
    if (leader == NULL)
        return;
    cyi_map_remove(&seekers->leaders, &leader->node);
    cyi_list_init(&all);
    cyi_list_splice(&all, &leader->ring);
    cyi_list_prepend(&all, &leader->ring);
    leader = NULL;
    while ((link = cyi_list_pop(&all)) != NULL) {
        struct cyi_seeker *seeker = cyi_container_of(link, struct cyi_seeker, ring);
        if (!cyi_seeker_wants(seeker, ref)) {
            stay(seekers, &leader, seeker);
            continue;
        }
        seeker->waits = false;
        seekers->count--;
        seeker->found(core, seeker, ref);
    }
}
