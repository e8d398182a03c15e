/*
 * locate.h - names that this node seeks elsewhere, and that others seek here.
 *
 * Ours: tasks that seek the same name at the same place share a question. Any core may ask;
 * the hub says it once to each node, over the link between the hubs: to those that are
 * there, and to each that comes later. The first that answers ends it; nobody answers no.
 *
 * Theirs: a question stands here until it is answered, forgotten, or its link ends. It waits in
 * the registry as a seeker, without a task.
 *
 * Lock order: the registry's, then ours, then the members'.
 */
#ifndef CYI_LOCATE_H
#define CYI_LOCATE_H

#include "link.h"
#include <cycos/impl/name.h>
#include <cycos/sync.h>
#include <pthread.h>

struct cyi_locate_counters {
    uint64_t asked;    /* our questions, once for each node */
    uint64_t answered; /* that answered them; the first each time */
    uint64_t told;     /* their questions that we answered */
    uint64_t refused;  /* theirs, at the limit or without memory */
};

struct cyi_locates {
    struct cyi_net *net;
    struct cyi_names *names;
    pthread_mutex_t lock;          /* of all up to the next comment */
    struct cyi_map by_name, by_id; /* our questions; by name only those without an answer */
    struct cyi_list all;           /* by number, the oldest first */
    struct cyi_list over;          /* nobody waits any more: to be forgotten */
    uint32_t count;                /* in `all` */
    uint64_t last;                 /* number of the newest */
    struct cyi_list found;         /* theirs that we can answer, as it seems */
    bool called;                   /* the hub knows that there is something to do */
    /* The hub's. */
    struct cyi_list links; /* between hubs, that have had a connection */
    struct cyi_waitlist keeper;
    struct cyi_locate_counters counters;
};

/* So long after a want of memory or room it is tried again; after a refusal. */
#define CYI_LOCATE_RETRY   (10 * CY_MILLISECOND)
#define CYI_LOCATE_REFUSED CY_SECOND

CY_MUST_CHECK int cyi_locates_create(struct cyi_locates **out, struct cyi_net *net);
/* When all links have ended. */
void cyi_locates_free(struct cyi_locates **freed);

/* The hub's daemon task; its argument is the struct cyi_net. */
int cyi_locates_keep(void *arg);

/* On the hub: a link between hubs has a connection, perhaps again. On any core: it ends. */
void cyi_locates_link_up(struct cyi_link *link);
void cyi_locates_link_end(struct cyi_link *link);

/* What came: locate, located, forget. */
CY_MUST_CHECK int cyi_locate_carry_out(struct cyi_link *link,
                                       const struct cyi_arrival *arrival);

/* Let the hub look; the lock held. */
void cyi_locates_call(struct cyi_locates *locates, struct cyi_core *core);

/* stand.c: their questions, on the hub. */
CY_MUST_CHECK int cyi_locate_stand(struct cyi_link *link, const struct cyi_arrival *arrival);
void cyi_locate_unstand(struct cyi_link *link, uint32_t id);
/* Answer those that were found; when to try again what could not be done. */
cy_time cyi_locate_answer(struct cyi_locates *locates, cy_time now);
void cyi_locate_drop_all(struct cyi_link *link);

static inline struct cyi_locates *
cyi_locates_of(const struct cyi_core *core)
{
    return cyi_net_core(core)->net->locates;
}

#endif
