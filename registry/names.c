/*
 * names.c - the names of one node: who has them, and who waits for them.
 *
 * Readers go through the RCU table alone. Everything else is rare and stands under one mutex,
 * in which nothing suspends: the index of names by owner, which lets all names of a task
 * vanish with it, and the seekers, who wait for a name that nobody has yet.
 *
 * A seeker's record stands on the stack of the waiting task. Whoever registers the name takes
 * the record out, writes the reference into it and answers the task, all under the mutex; the
 * task looks at the record under the mutex when it runs again. So a name that comes in the
 * moment of the deadline is not lost, and no record outlives its task. The seekers of one name
 * stand in a ring of which one, the leader, is in the map.
 */
#include "names.h"
#include <cycos/impl/core.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct cyi_names {
    struct cyi_table *table;
    uint32_t max;
    uint32_t seeking;
    pthread_mutex_t lock;
    struct cyi_map owners;  /* entries */
    struct cyi_map seekers; /* leaders */
};

struct seeker {
    struct cyi_map_node node; /* of the leader */
    struct cyi_list ring;
    const struct cyi_key *key;
    struct cyi_return task;
    bool found;
    cy_ref ref;
};

int
cyi_names_create(struct cyi_names **out, uint32_t max)
{
    struct cyi_names *names = calloc(1, sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    int rc = cyi_table_create(&names->table, max);
    if (rc != 0) {
        free(names);
        return rc;
    }
    names->max = max;
    pthread_mutex_init(&names->lock, NULL);
    *out = names;
    return 0;
}

static struct cyi_entry *
owned(struct cyi_map_node *node)
{
    return cyi_container_of(node, struct cyi_entry, by_owner);
}

static void
drop(struct cyi_map_node *node, void *arg)
{
    struct cyi_names *names = arg;
    cyi_table_remove(names->table, owned(node));
}

/* Tasks that were left behind may still be in the ring; their stacks are gone, so no look. */
void
cyi_names_free(struct cyi_names **names)
{
    struct cyi_names *old = *names;
    if (old == NULL)
        return;
    *names = NULL;
    cyi_rcu_register();
    cyi_map_drain(&old->owners, drop, old);
    cyi_rcu_unregister();
    cyi_map_fini(&old->owners);
    cyi_map_fini(&old->seekers);
    cyi_table_free(&old->table);
    pthread_mutex_destroy(&old->lock);
    free(old);
}

bool
cyi_names_lookup(struct cyi_names *names, const struct cyi_key *key, cy_ref *out)
{
    return cyi_table_lookup(names->table, key, out);
}

static uint64_t
owner_hash(cy_ref owner)
{
    uint64_t place = (uint64_t) owner.core << 32 | owner.slot;
    return cyi_hash_number(place ^ (uint64_t) owner.generation << 40);
}

static bool
same_key(const struct cyi_key *a, const struct cyi_key *b)
{
    return a->hash == b->hash && a->kind == b->kind && a->size == b->size &&
           memcmp(a->name, b->name, a->size) == 0;
}

static struct seeker *
leader_of(struct cyi_names *names, const struct cyi_key *key)
{
    cyi_map_for_each(node, &names->seekers, key->hash) {
        struct seeker *leader = cyi_container_of(node, struct seeker, node);
        if (same_key(leader->key, key))
            return leader;
    }
    return NULL;
}

static void
tell(struct cyi_core *core, struct seeker *seeker, cy_ref ref)
{
    seeker->found = true;
    seeker->ref = ref;
    cyi_answer(core, seeker->task, 0, 0, NULL);
}

/* In the order in which they came. */
static void
tell_all(struct cyi_names *names, struct cyi_core *core, const struct cyi_key *key, cy_ref ref)
{
    struct seeker *leader = leader_of(names, key);
    if (leader == NULL)
        return;
    cyi_map_remove(&names->seekers, &leader->node);
    names->seeking--;
    tell(core, leader, ref);
    struct cyi_list *link;
    while ((link = cyi_list_pop(&leader->ring)) != NULL) {
        names->seeking--;
        tell(core, cyi_container_of(link, struct seeker, ring), ref);
    }
}

static int
add(struct cyi_names *names, struct cyi_core *core, const struct cyi_key *key, cy_ref owner)
{
    struct cyi_entry *entry = cyi_table_find(names->table, key);
    if (entry != NULL)
        return cy_ref_equal(entry->ref, owner) ? 0 : -EEXIST;
    if (names->owners.count >= names->max)
        return -ENOBUFS;
    int rc = cyi_table_add(names->table, &entry, key, owner);
    if (rc != 0)
        return rc;
    rc = cyi_map_insert(&names->owners, &entry->by_owner, owner_hash(owner));
    if (rc != 0) {
        cyi_table_remove(names->table, entry);
        return rc;
    }
    tell_all(names, core, key, owner);
    return 0;
}

int
cyi_names_add(struct cyi_names *names, struct cyi_core *core, const struct cyi_key *key,
              cy_ref owner)
{
    pthread_mutex_lock(&names->lock);
    int rc = add(names, core, key, owner);
    pthread_mutex_unlock(&names->lock);
    return rc;
}

static void
remove_entry(struct cyi_names *names, struct cyi_entry *entry)
{
    cyi_map_remove(&names->owners, &entry->by_owner);
    cyi_table_remove(names->table, entry);
}

int
cyi_names_remove(struct cyi_names *names, const struct cyi_key *key, cy_ref owner)
{
    int rc = -ENOENT;
    pthread_mutex_lock(&names->lock);
    struct cyi_entry *entry = cyi_table_find(names->table, key);
    if (entry != NULL && cy_ref_equal(entry->ref, owner)) {
        remove_entry(names, entry);
        rc = 0;
    }
    pthread_mutex_unlock(&names->lock);
    return rc;
}

static struct cyi_entry *
any_of(struct cyi_names *names, cy_ref owner)
{
    cyi_map_for_each(node, &names->owners, owner_hash(owner)) {
        if (cy_ref_equal(owned(node)->ref, owner))
            return owned(node);
    }
    return NULL;
}

void
cyi_names_forget(struct cyi_names *names, cy_ref owner)
{
    struct cyi_entry *entry;
    pthread_mutex_lock(&names->lock);
    while ((entry = any_of(names, owner)) != NULL)
        remove_entry(names, entry);
    pthread_mutex_unlock(&names->lock);
}

static int
enter(struct cyi_names *names, struct seeker *me)
{
    struct seeker *leader = leader_of(names, me->key);
    cyi_list_init(&me->ring);
    if (leader != NULL) {
        cyi_list_append(&leader->ring, &me->ring);
    } else {
        int rc = cyi_map_insert(&names->seekers, &me->node, me->key->hash);
        if (rc != 0)
            return rc;
    }
    names->seeking++;
    return 0;
}

static void
leave(struct cyi_names *names, struct seeker *me)
{
    names->seeking--;
    struct cyi_list *next = cyi_list_first(&me->ring);
    cyi_list_remove(&me->ring);
    if (me->node.at == NULL)
        return;
    cyi_map_remove(&names->seekers, &me->node);
    if (next == NULL)
        return;
    struct seeker *heir = cyi_container_of(next, struct seeker, ring);
    /* The map has its first buckets, so this cannot fail. */
    int rc = cyi_map_insert(&names->seekers, &heir->node, heir->key->hash);
    CY_ASSERT(rc == 0);
}

/* 0: the name is there already, and *out is set. 1: *me waits for it. */
static int
begin(struct cyi_names *names, struct cyi_core *core, struct seeker *me, cy_ref *out)
{
    int rc = 0;
    pthread_mutex_lock(&names->lock);
    const struct cyi_entry *entry = cyi_table_find(names->table, me->key);
    if (entry != NULL) {
        *out = entry->ref;
    } else {
        me->task = cyi_await_begin(core);
        rc = enter(names, me);
        rc = rc == 0 ? 1 : rc;
    }
    pthread_mutex_unlock(&names->lock);
    return rc;
}

int
cyi_names_wait(struct cyi_names *names, struct cyi_core *core, const struct cyi_key *key,
               cy_ref *out, cy_time deadline)
{
    struct seeker me = {.key = key};
    int rc = begin(names, core, &me, out);
    if (rc <= 0)
        return rc;
    rc = cyi_await(core, CYI_WAIT_NAME, key->name, deadline, NULL);
    pthread_mutex_lock(&names->lock);
    if (!me.found)
        leave(names, &me);
    pthread_mutex_unlock(&names->lock);
    if (me.found) {
        *out = me.ref;
        return 0;
    }
    CY_ASSERT(rc < 0);
    return rc;
}

uint32_t
cyi_names_count(struct cyi_names *names)
{
    pthread_mutex_lock(&names->lock);
    uint32_t count = names->owners.count;
    pthread_mutex_unlock(&names->lock);
    return count;
}

uint32_t
cyi_names_seekers(struct cyi_names *names)
{
    pthread_mutex_lock(&names->lock);
    uint32_t count = names->seeking;
    pthread_mutex_unlock(&names->lock);
    return count;
}
