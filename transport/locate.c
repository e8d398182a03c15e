/*
 * locate.c - questions of ours: who has this name?
 *
 * A question has a number; each link between hubs knows up to which it was asked, so that a
 * link that comes later, or that had no room, is asked for the rest and for nothing twice.
 * All that is said is said by one task of the hub, the keeper.
 */
#include "locate.h"
#include "member.h"
#include <cycos/impl/post.h>
#include <stdlib.h>
#include <string.h>

struct question {
    struct cyi_map_node by_name, by_id;
    struct cyi_list all, over, askers;
    struct cyi_key key;
    cy_location location; /* of those who are asked */
    bool everywhere;      /* all are */
    uint64_t number;      /* its lower half is the id */
    uint16_t answered_by; /* number of the link; 0: none */
    char name[];
};

static void
free_question(struct cyi_locates *locates, struct question *question)
{
    cyi_map_remove(&locates->by_name, &question->by_name);
    cyi_map_remove(&locates->by_id, &question->by_id);
    cyi_list_remove(&question->all);
    cyi_list_remove(&question->over);
    locates->count--;
    free(question);
}

static void
look(struct cyi_core *core, const void *args)
{
    (void) args;
    cyi_waitlist_wake(core, &cyi_locates_of(core)->keeper, 0);
}

void
cyi_locates_call(struct cyi_locates *locates, struct cyi_core *core)
{
    static const uint64_t nothing;
    if (locates->called)
        return;
    locates->called = true;
    if (core->index == 0)
        look(core, &nothing);
    else
        cyi_post_answer(core, 0, look, &nothing, sizeof nothing);
}

static uint64_t
hash_of(const struct cyi_locates *locates, const struct cyi_key *key,
        const cy_location *location)
{
    const struct cyi_hash_key *hash_key = &locates->net->node->hash_key;
    return location == NULL ? key->hash
                            : key->hash ^ cyi_hash_bytes(hash_key, location, sizeof *location);
}
_Static_assert(sizeof(cy_location) == 18, "no padding in what is hashed and compared");

static struct question *
find(const struct cyi_locates *locates, const struct cyi_key *key, const cy_location *location)
{
    cyi_map_for_each(node, &locates->by_name, hash_of(locates, key, location)) {
        struct question *question = cyi_container_of(node, struct question, by_name);
        if (cyi_key_equal(&question->key, key) && question->everywhere == (location == NULL) &&
            (location == NULL || memcmp(&question->location, location, sizeof *location) == 0))
            return question;
    }
    return NULL;
}

static struct question *
find_by_id(const struct cyi_locates *locates, uint32_t id)
{
    cyi_map_for_each(node, &locates->by_id, cyi_hash_number(id)) {
        struct question *question = cyi_container_of(node, struct question, by_id);
        if ((uint32_t) question->number == id)
            return question;
    }
    return NULL;
}

static int
enter(struct cyi_locates *locates, struct question *question, uint64_t hash)
{
    do {
        question->number = ++locates->last;
    } while (find_by_id(locates, (uint32_t) question->number) != NULL);
    int rc = cyi_map_insert(&locates->by_name, &question->by_name, hash);
    if (rc != 0)
        return rc;
    rc = cyi_map_insert(&locates->by_id, &question->by_id,
                        cyi_hash_number((uint32_t) question->number));
    if (rc != 0)
        cyi_map_remove(&locates->by_name, &question->by_name);
    return rc;
}

static int
create(struct question **out, struct cyi_locates *locates, const struct cyi_key *key,
       const cy_location *location)
{
    if (locates->count >= locates->net->limits.questions_max)
        return -ENOBUFS;
    struct question *question = calloc(1, sizeof *question + key->size);
    if (question == NULL)
        return -ENOMEM;
    memcpy(question->name, key->name, key->size);
    question->key = *key;
    question->key.name = question->name;
    question->everywhere = location == NULL;
    if (location != NULL)
        question->location = *location;
    int rc = enter(locates, question, hash_of(locates, key, location));
    if (rc != 0) {
        free(question);
        return rc;
    }
    cyi_list_init(&question->askers);
    cyi_list_append(&locates->all, &question->all);
    locates->count++;
    *out = question;
    return 0;
}

/* One that was about to be forgotten goes on. */
static int
ask(struct cyi_core *core, const struct cyi_key *key, const cy_location *location,
    struct cyi_asker *asker)
{
    struct cyi_locates *locates = cyi_locates_of(core);
    int rc = 0;
    asker->question = NULL;
    if (!cyi_wire_name_ok(key->name, key->size))
        return 0;
    pthread_mutex_lock(&locates->lock);
    struct question *question = find(locates, key, location);
    if (question == NULL && (rc = create(&question, locates, key, location)) == 0)
        cyi_locates_call(locates, core);
    if (rc == 0) {
        cyi_list_remove(&question->over);
        cyi_list_append(&question->askers, &asker->link);
        asker->question = question;
    }
    pthread_mutex_unlock(&locates->lock);
    return rc;
}

static void
end(struct cyi_locates *locates, struct cyi_core *core, struct question *question)
{
    cyi_list_append(&locates->over, &question->over);
    cyi_locates_call(locates, core);
}

static void
forget(struct cyi_core *core, struct cyi_asker *asker)
{
    struct cyi_locates *locates = cyi_locates_of(core);
    pthread_mutex_lock(&locates->lock);
    struct question *question = asker->question;
    if (question != NULL) {
        cyi_list_remove(&asker->link);
        if (cyi_list_empty(&question->askers))
            end(locates, core, question);
    }
    pthread_mutex_unlock(&locates->lock);
}

/* Whose name it must be, of the node at the other end; CYI_CORE_NONE: it is not asked. */
static uint32_t
core_there(const struct cyi_link *link, const struct question *question)
{
    if (question->everywhere)
        return CYI_CORE_ANY;
    return cyi_members_core_at(link->owner->net->members, link->home.node, &question->location);
}

static int
say_locate(struct cyi_locates *locates, struct cyi_link *link, const struct question *question)
{
    struct cyi_locate_item item = {.id = (uint32_t) question->number,
                                   .kind = question->key.kind,
                                   .core = core_there(link, question)};
    int error = 0;
    if (item.core == CYI_CORE_NONE)
        return 0;
    uint8_t *at = cyi_link_put(link, CYI_OP_LOCATE, 0,
                               (size_t) CYI_LOCATE_BYTES + question->key.size, &error);
    if (at == NULL)
        return error;
    memcpy(cyi_locate_write(at, &item), question->name, question->key.size);
    locates->counters.asked++;
    return 0;
}

/* Each question that this link has not heard; in order, so that one number says which. */
static cy_time
ask_link(struct cyi_locates *locates, struct cyi_link *link, cy_time now)
{
    struct cyi_list *at = &locates->all;
    struct cyi_asks *asks = &link->asks;
    if (now < asks->ask_at)
        return asks->ask_at;
    while (at->prev != &locates->all &&
           cyi_container_of(at->prev, struct question, all)->number > asks->asked)
        at = at->prev;
    for (; at != &locates->all; at = at->next) {
        const struct question *question = cyi_container_of(at, struct question, all);
        if (say_locate(locates, link, question) != 0)
            return asks->ask_at = now + CYI_LOCATE_RETRY;
        asks->asked = question->number;
        if (asks->asked_most < asks->asked)
            asks->asked_most = asks->asked;
    }
    return CY_FOREVER;
}

/* What was refused is asked again, and so is what was asked after it: that does no harm. */
static cy_time
ask_again(struct cyi_asks *asks, cy_time now)
{
    if (asks->again_from == 0)
        return CY_FOREVER;
    if (now < asks->again_at)
        return asks->again_at;
    asks->asked = asks->again_from - 1;
    asks->again_from = 0;
    asks->twice = true;
    return CY_FOREVER;
}

/* Beyond the link's limit, or a question could not be taken back: there is one for each. */
static int
say_forget(struct cyi_link *link, const struct question *question)
{
    uint8_t id[4];
    struct cyi_parts parts = {.fixed = id, .fixed_size = sizeof id};
    bool answered = link->number == question->answered_by && !link->asks.twice;
    if (question->number > link->asks.asked_most || answered ||
        core_there(link, question) == CYI_CORE_NONE)
        return 0;
    cyi_put32(id, (uint32_t) question->number);
    return cyi_link_put_promised(link, CYI_OP_FORGET, 0, &parts);
}

static int
forget_everywhere(struct cyi_locates *locates, const struct question *question)
{
    int rc = 0;
    cyi_list_for_each(at, &locates->links) {
        if (rc == 0)
            rc = say_forget(cyi_container_of(at, struct cyi_link, asks.links), question);
    }
    return rc;
}

/* To be told twice does no harm; but from the first time on it cannot be taken up again. */
static cy_time
forget_over(struct cyi_locates *locates, cy_time now)
{
    struct cyi_list *at;
    while ((at = cyi_list_first(&locates->over)) != NULL) {
        struct question *question = cyi_container_of(at, struct question, over);
        cyi_map_remove(&locates->by_name, &question->by_name);
        if (forget_everywhere(locates, question) != 0)
            return now + CYI_LOCATE_RETRY;
        free_question(locates, question);
    }
    return CY_FOREVER;
}

static cy_time
earlier(cy_time a, cy_time b)
{
    return a < b ? a : b;
}

static cy_time
attend(struct cyi_locates *locates, cy_time now)
{
    pthread_mutex_lock(&locates->lock);
    locates->called = false;
    cy_time due = forget_over(locates, now);
    cyi_list_for_each(at, &locates->links) {
        struct cyi_link *link = cyi_container_of(at, struct cyi_link, asks.links);
        due = earlier(due, ask_again(&link->asks, now));
        due = earlier(due, ask_link(locates, link, now));
    }
    pthread_mutex_unlock(&locates->lock);
    return earlier(due, cyi_locate_answer(locates, now));
}

int
cyi_locates_keep(void *arg)
{
    struct cyi_net *net = arg;
    struct cyi_core *core = cyi_current();
    int rc;
    do {
        cy_time due = attend(net->locates, core->os->now(core->os));
        rc = cyi_waitlist_wait(core, &net->locates->keeper, CYI_WAIT_EVENT, due);
    } while (rc != -ECANCELED);
    return 0;
}

void
cyi_locates_link_up(struct cyi_link *link)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_locates *locates = cyi_locates_of(core);
    if (!cyi_list_linked(&link->asks.links))
        cyi_list_append(&locates->links, &link->asks.links);
    look(core, NULL);
}

void
cyi_locates_link_end(struct cyi_link *link)
{
    cyi_list_remove(&link->asks.links);
    cyi_locate_drop_all(link);
}

/* Does the reference lead to where we asked? */
static bool
is_wanted(const struct cyi_link *link, const struct question *question, cy_ref ref)
{
    uint32_t core = core_there(link, question);
    return core == CYI_CORE_ANY || core == ref.core;
}

static void
tell_askers(struct cyi_locates *locates, struct cyi_core *core, struct question *question,
            cy_ref ref)
{
    struct cyi_list *at;
    while ((at = cyi_list_pop(&question->askers)) != NULL) {
        struct cyi_asker *asker = cyi_container_of(at, struct cyi_asker, link);
        asker->question = NULL;
        asker->found = true;
        asker->ref = ref;
        cyi_answer(core, asker->task, 0, 0, NULL);
    }
    locates->counters.answered++;
    /* Who seeks the name from now on asks anew: this link does not know it any more. */
    cyi_map_remove(&locates->by_name, &question->by_name);
    end(locates, core, question);
}

/* It has no room for our question: ask again later. */
static void
refused(struct cyi_link *link, const struct question *question)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_asks *asks = &link->asks;
    if (asks->again_from == 0)
        asks->again_at = core->sched.now + CYI_LOCATE_REFUSED;
    if (asks->again_from == 0 || question->number < asks->again_from)
        asks->again_from = question->number;
    cyi_locates_call(cyi_locates_of(core), core);
}

/* The lock held. One that nobody waits for any more is about to be forgotten. */
static int
take_answer(struct cyi_link *link, uint32_t id, cy_ref ref)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_locates *locates = cyi_locates_of(core);
    struct question *question = find_by_id(locates, id);
    if (question == NULL || cyi_list_empty(&question->askers))
        return 0;
    if (cy_ref_is_nobody(ref)) {
        refused(link, question);
        return 0;
    }
    if (cy_ref_kind(ref) != question->key.kind)
        return -EBADMSG;
    if (!is_wanted(link, question, ref))
        return 0;
    question->answered_by = link->number;
    tell_askers(locates, core, question, ref);
    return 0;
}

/* A node speaks for itself alone. */
static int
arrive_located(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    struct cyi_locates *locates = cyi_locates_of(link->owner->core);
    cy_ref ref = cyi_wire_get_ref(arrival->body + 4);
    if (!cy_ref_is_nobody(ref) && ref.node != link->home.node)
        return -EBADMSG;
    pthread_mutex_lock(&locates->lock);
    int rc = take_answer(link, cyi_get32(arrival->body), ref);
    pthread_mutex_unlock(&locates->lock);
    return rc;
}

int
cyi_locate_carry_out(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    if (!link->hub)
        return -EBADMSG;
    switch (arrival->op) {
    case CYI_OP_LOCATE:
        return cyi_locate_stand(link, arrival);
    case CYI_OP_LOCATED:
        return arrive_located(link, arrival);
    default:
        cyi_locate_unstand(link, cyi_get32(arrival->body));
        return 0;
    }
}

/* A node that was given no address listens on all of its host. */
static bool
is_own(const struct cyi_net *net, const uint8_t *address)
{
    if (memcmp(net->node->cores[0]->home.address, address, 16) == 0 ||
        (cyi_address_is_loopback(address) && net->node->options->node.count == 0))
        return true;
    for (uint8_t i = 0; i < net->address_count; i++) {
        if (memcmp(net->addresses[i], address, 16) == 0)
            return true;
    }
    return false;
}

static uint32_t
here(struct cyi_core *core, const cy_location *location)
{
    const struct cyi_net *net = cyi_net_core(core)->net;
    if (!is_own(net, location->address))
        return CYI_CORE_NONE;
    if (location->port == 0)
        return CYI_CORE_ANY;
    for (uint16_t i = 0; i < net->node->core_count; i++) {
        if (net->cores[i].port == location->port)
            return i;
    }
    return CYI_CORE_NONE;
}

static const struct cyi_resolver RESOLVER = {.here = here, .ask = ask, .forget = forget};

int
cyi_locates_create(struct cyi_locates **out, struct cyi_net *net)
{
    struct cyi_locates *locates = calloc(1, sizeof *locates);
    if (locates == NULL)
        return -ENOMEM;
    locates->net = net;
    locates->names = cyi_names_of(net->node);
    if (locates->names == NULL) {
        free(locates);
        return -ENOMEM;
    }
    int rc = cyi_names_resolver(net->node, &RESOLVER);
    CY_ASSERT(rc == 0); /* the names are there */
    pthread_mutex_init(&locates->lock, NULL);
    cyi_list_init(&locates->all);
    cyi_list_init(&locates->over);
    cyi_list_init(&locates->found);
    cyi_list_init(&locates->links);
    *out = locates;
    return 0;
}

/* Tasks that were left behind may still be in the lists; their stacks are gone, so no look. */
void
cyi_locates_free(struct cyi_locates **freed)
{
    struct cyi_locates *locates = *freed;
    struct cyi_list *link;
    if (locates == NULL)
        return;
    while ((link = cyi_list_first(&locates->all)) != NULL)
        free_question(locates, cyi_container_of(link, struct question, all));
    cyi_map_fini(&locates->by_name);
    cyi_map_fini(&locates->by_id);
    pthread_mutex_destroy(&locates->lock);
    free(locates);
    *freed = NULL;
}
