/*
 * stand.c - questions of other nodes stand here until somebody has the name.
 *
 * A name that is registered on any core moves the question to a list, and the hub looks again:
 * only what has the name at that moment is told.
 */
#include "locate.h"
#include <string.h>

struct standing {
    struct cyi_seeker seeker;
    struct cyi_key key;
    struct cyi_map_node by_id; /* in link->standing */
    struct cyi_list found;     /* in locates->found */
    struct cyi_link *link;
    struct cyi_locates *locates;
    uint32_t id;
    char name[CYI_WIRE_NAME_MAX + 1];
};

static const struct cyi_hash_key *
hash_key_of(const struct cyi_link *link)
{
    return &link->owner->core->node->hash_key;
}

static struct standing *
find(const struct cyi_link *link, uint32_t id)
{
    cyi_map_for_each(node, &link->standing, cyi_hash_secretly(hash_key_of(link), id)) {
        struct standing *question = cyi_container_of(node, struct standing, by_id);
        if (question->id == id)
            return question;
    }
    return NULL;
}

/* On the core that gives the name, under the registry's lock. */
static void
found(struct cyi_core *core, struct cyi_seeker *self, cy_ref ref)
{
    struct standing *question = cyi_container_of(self, struct standing, seeker);
    struct cyi_locates *locates = question->locates;
    (void) ref;
    pthread_mutex_lock(&locates->lock);
    cyi_list_append(&locates->found, &question->found);
    cyi_locates_call(locates, core);
    pthread_mutex_unlock(&locates->lock);
}

/* Out of the registry first: then nobody finds it any more. */
static void
drop(struct standing *question)
{
    struct cyi_locates *locates = question->locates;
    struct cyi_link *link = question->link;
    cyi_names_leave(locates->names, &question->seeker);
    pthread_mutex_lock(&locates->lock);
    cyi_list_remove(&question->found);
    pthread_mutex_unlock(&locates->lock);
    cyi_map_remove(&link->standing, &question->by_id);
    cyi_heap_give(&link->owner->core->heap, cyi_heap_class(sizeof *question), question);
}

/* Nobody: refused. */
static int
tell(struct cyi_locates *locates, struct cyi_link *link, uint32_t id, cy_ref ref)
{
    int error = 0;
    uint8_t *at = cyi_link_put(link, CYI_OP_LOCATED, 0, 4 + CYI_REF_BYTES, &error);
    if (at == NULL)
        return error;
    cyi_put32(at, id);
    cyi_wire_put_ref(at + 4, ref);
    locates->counters.told += !cy_ref_is_nobody(ref);
    locates->counters.refused += cy_ref_is_nobody(ref);
    return 0;
}

/* Answer it, or let it wait. An error: to be tried again. */
static int
attend(struct standing *question)
{
    cy_ref ref;
    int rc = cyi_names_seek(question->locates->names, &question->seeker, &ref);
    if (rc != 0)
        return rc > 0 ? 0 : rc;
    rc = tell(question->locates, question->link, question->id, ref);
    if (rc == 0)
        drop(question);
    return rc;
}

static void
attend_later(struct standing *question)
{
    struct cyi_locates *locates = question->locates;
    pthread_mutex_lock(&locates->lock);
    cyi_list_append(&locates->found, &question->found);
    cyi_locates_call(locates, question->link->owner->core);
    pthread_mutex_unlock(&locates->lock);
}

static void
not_found(struct cyi_core *core, struct cyi_seeker *self, cy_ref ref)
{
    (void) core;
    (void) self;
    (void) ref;
}

/* There is no room for it to stand; but what is there now can be told. */
static void
answer_at_once(struct cyi_link *link, const struct cyi_key *key,
               const struct cyi_locate_item *item)
{
    struct cyi_locates *locates = cyi_locates_of(link->owner->core);
    struct cyi_seeker seeker = {.key = key, .core = item->core, .found = not_found};
    cy_ref ref = CY_NOBODY;
    if (cyi_names_seek(locates->names, &seeker, &ref) != 0)
        cyi_names_leave(locates->names, &seeker);
    /* If it cannot even be refused, it is lost, as whatever it asks for would be. */
    if (tell(locates, link, item->id, ref) != 0)
        locates->counters.refused++;
}

static struct standing *
create(struct cyi_link *link, const struct cyi_key *key, const struct cyi_locate_item *item)
{
    struct cyi_heap *heap = &link->owner->core->heap;
    struct standing *question;
    uint8_t class = cyi_heap_class(sizeof *question);
    if (link->standing.count >= link->owner->net->limits.questions_max ||
        (question = cyi_heap_take(heap, class, sizeof *question)) == NULL)
        return NULL;
    memset(question, 0, sizeof *question);
    if (cyi_map_insert(&link->standing, &question->by_id,
                       cyi_hash_secretly(hash_key_of(link), item->id)) != 0) {
        cyi_heap_give(heap, class, question);
        return NULL;
    }
    question->link = link;
    question->locates = cyi_locates_of(link->owner->core);
    question->id = item->id;
    memcpy(question->name, key->name, key->size);
    question->key = *key;
    question->key.name = question->name;
    question->seeker =
        (struct cyi_seeker){.key = &question->key, .core = item->core, .found = found};
    return question;
}

/* One that stands already is asked again: the other side was not sure that we had it. */
int
cyi_locate_stand(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    struct cyi_locate_item item;
    if (cyi_locate_read(&item, arrival->body, arrival->size) != 0)
        return -EBADMSG;
    if (find(link, item.id) != NULL)
        return 0;
    struct cyi_key key = cyi_key_make(hash_key_of(link), (enum cy_kind) item.kind,
                                      (const char *) arrival->body + CYI_LOCATE_BYTES,
                                      arrival->size - CYI_LOCATE_BYTES);
    struct standing *question = create(link, &key, &item);
    if (question == NULL)
        answer_at_once(link, &key, &item);
    else if (attend(question) != 0)
        attend_later(question);
    return 0;
}

void
cyi_locate_unstand(struct cyi_link *link, uint32_t id)
{
    struct standing *question = find(link, id);
    if (question != NULL)
        drop(question);
}

cy_time
cyi_locate_answer(struct cyi_locates *locates, cy_time now)
{
    struct cyi_list all, *link;
    cy_time due = CY_FOREVER;
    cyi_list_init(&all);
    pthread_mutex_lock(&locates->lock);
    cyi_list_splice(&all, &locates->found);
    while ((link = cyi_list_pop(&all)) != NULL) {
        struct standing *question = cyi_container_of(link, struct standing, found);
        pthread_mutex_unlock(&locates->lock);
        bool again = attend(question) != 0;
        pthread_mutex_lock(&locates->lock);
        if (!again)
            continue;
        cyi_list_append(&locates->found, &question->found);
        due = now + CYI_LOCATE_RETRY;
    }
    pthread_mutex_unlock(&locates->lock);
    return due;
}

static void
drop_one(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    drop(cyi_container_of(node, struct standing, by_id));
}

void
cyi_locate_drop_all(struct cyi_link *link)
{
    cyi_map_drain(&link->standing, drop_one, NULL);
    cyi_map_fini(&link->standing);
}
