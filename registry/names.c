/*
 * names.c - the names of one node: who has them, and who waits for them.
 *
 * Readers go through the RCU table alone. Everything else is rare and stands under one mutex,
 * in which nothing suspends: the index of names by owner, which lets all names of a task
 * vanish with it, and the seekers, who wait for a name that nobody has yet.
 *
 * The record of a task that seeks stands on its stack. Whoever registers the name takes the
 * record out, writes the reference into it and answers the task, all under the mutex; the task
 * looks at the record under the mutex when it runs again. So a name that comes in the moment of
 * the deadline is not lost, and no record outlives its task. The network does the same with
 * the part of the record that is its own, under its own lock: both answer with the same token,
 * and what comes second finds nobody who waits.
 */
#include "names.h"
#include "seekers.h"
#include <cycos/impl/core.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct cyi_names {
    struct cyi_table *table; /* whoever looks a name up reads this line, and nobody writes it */
    const struct cyi_resolver *resolver;
    uint32_t max;
    alignas(CYI_SPLIT_LINE) pthread_mutex_t lock;
    struct cyi_map owners; /* entries */
    struct cyi_seekers seekers;
};

int
cyi_names_create(struct cyi_names **out, const struct cyi_hash_key *hash_key, uint32_t max)
{
    struct cyi_names *names = aligned_alloc(CYI_SPLIT_LINE, sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    memset(names, 0, sizeof *names);
    int rc = cyi_table_create(&names->table, max);
    if (rc != 0) {
        free(names);
        return rc;
    }
    names->max = max;
    names->seekers.hash_key = *hash_key;
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
    cyi_map_fini(&old->seekers.leaders);
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
    cyi_seekers_tell(&names->seekers, core, key, owner);
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

/* The lock held. */
static int
seek(struct cyi_names *names, struct cyi_seeker *seeker, cy_ref *out)
{
    const struct cyi_entry *entry = cyi_table_find(names->table, seeker->key);
    if (entry != NULL && cyi_seeker_wants(seeker, entry->ref)) {
        *out = entry->ref;
        return 0;
    }
    int rc = cyi_seekers_enter(&names->seekers, seeker);
    return rc == 0 ? 1 : rc;
}

int
cyi_names_seek(struct cyi_names *names, struct cyi_seeker *seeker, cy_ref *out)
{
    pthread_mutex_lock(&names->lock);
    int rc = seek(names, seeker, out);
    pthread_mutex_unlock(&names->lock);
    return rc;
}

void
cyi_names_leave(struct cyi_names *names, struct cyi_seeker *seeker)
{
    pthread_mutex_lock(&names->lock);
    cyi_seekers_leave(&names->seekers, seeker);
    pthread_mutex_unlock(&names->lock);
}

/* A task that waits for a name. */
struct waiting {
    struct cyi_seeker here;
    struct cyi_asker elsewhere;
    bool found; /* here */
    cy_ref ref;
};

static void
tell(struct cyi_core *core, struct cyi_seeker *self, cy_ref ref)
{
    struct waiting *me = cyi_container_of(self, struct waiting, here);
    me->found = true;
    me->ref = ref;
    cyi_answer(core, me->elsewhere.task, 0, 0, NULL);
}

/* 0: the name is there already, and *out is set. 1: *me waits for it. */
static int
begin(struct cyi_names *names, struct cyi_core *core, const struct cyi_search *search,
      struct waiting *me, cy_ref *out)
{
    int rc = 1;
    if (search->core != CYI_CORE_NONE)
        rc = cyi_names_seek(names, &me->here, out);
    if (rc <= 0 || !search->ask)
        return rc;
    int error = names->resolver->ask(core, search->key, search->location, &me->elsewhere);
    if (error == 0)
        return 1;
    cyi_names_leave(names, &me->here);
    return error;
}

int
cyi_names_wait(struct cyi_names *names, struct cyi_core *core, const struct cyi_search *search,
               cy_ref *out, cy_time deadline)
{
    struct waiting me = {.here = {.key = search->key, .core = search->core, .found = tell},
                         .elsewhere = {.task = cyi_await_begin(core)}};
    int rc = begin(names, core, search, &me, out);
    if (rc <= 0)
        return rc;
    rc = cyi_await(core, CYI_WAIT_NAME, search->key->name, deadline, NULL);
    cyi_names_leave(names, &me.here);
    if (search->ask)
        names->resolver->forget(core, &me.elsewhere);
    if (me.found || me.elsewhere.found) {
        *out = me.found ? me.ref : me.elsewhere.ref;
        return 0;
    }
    CY_ASSERT(rc < 0);
    return rc;
}

void
cyi_names_ask(struct cyi_names *names, const struct cyi_resolver *resolver)
{
    names->resolver = resolver;
}

const struct cyi_resolver *
cyi_names_asks(const struct cyi_names *names)
{
    return names->resolver;
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
    uint32_t count = names->seekers.count;
    pthread_mutex_unlock(&names->lock);
    return count;
}

enum { SCAN_BUCKETS = 4096 }; /* in one go: most may be empty */

struct scan {
    uint64_t done; /* members of this bucket, by earlier calls and this one */
    uint64_t skip; /* of those: by earlier calls */
    uint32_t left;
    void (*visit)(const struct cyi_key *key, cy_ref owner, void *arg);
    void *arg;
};

static bool
visit_entry(struct cyi_map_node *node, void *arg)
{
    struct scan *scan = arg;
    const struct cyi_entry *entry = owned(node);
    if (scan->skip > 0) {
        scan->skip--;
        return true;
    }
    if (scan->left == 0)
        return false;
    struct cyi_key key = {.name = entry->name, .size = entry->size, .kind = entry->kind};
    scan->visit(&key, entry->ref, scan->arg);
    scan->left--;
    scan->done++;
    return true;
}

/* All names of one owner stand in one bucket: so the cursor counts within it, too. */
bool
cyi_names_scan(struct cyi_names *names, uint64_t *cursor, uint32_t max,
               void (*visit)(const struct cyi_key *key, cy_ref owner, void *arg), void *arg)
{
    uint32_t at = (uint32_t) (*cursor >> 32);
    uint32_t done = (uint32_t) *cursor;
    struct scan scan = {.done = done, .skip = done, .left = max, .visit = visit, .arg = arg};
    bool more = true;
    pthread_mutex_lock(&names->lock);
    for (uint32_t i = 0; more && i < SCAN_BUCKETS; i++) {
        uint32_t before = at;
        more = cyi_map_scan(&names->owners, &at, visit_entry, &scan);
        if (more && at == before)
            break; /* full */
        scan.done = scan.skip = 0;
    }
    pthread_mutex_unlock(&names->lock);
    *cursor = more ? (uint64_t) at << 32 | (uint32_t) scan.done : 0;
    return more;
}
