/* names.h - the names of one node: who has them, and who waits for them. */
#ifndef CYI_NAMES_H
#define CYI_NAMES_H

#include "rcu_table.h"
#include <cycos/time.h>

struct cyi_core;
struct cyi_names;

enum { CYI_NAMES_MAX = 1 << 20 };

CY_MUST_CHECK int cyi_names_create(struct cyi_names **out, const struct cyi_hash_key *hash_key,
                                   uint32_t max);

/* After the last turn of every core. */
void cyi_names_free(struct cyi_names **names);

/* On a core: takes no lock. */
bool cyi_names_lookup(struct cyi_names *names, const struct cyi_key *key, cy_ref *out);

/*
 * Give a name to `owner` and let those who wait for it go on. 0 also when the owner has it
 * already; -EEXIST another has it, -ENOBUFS there are `max` names, or as many given up that
 * cannot be freed because a core does not let go, -ENOMEM.
 */
CY_MUST_CHECK int cyi_names_add(struct cyi_names *names, struct cyi_core *core,
                                const struct cyi_key *key, cy_ref owner);

/* -ENOENT it is not a name of this owner. */
CY_MUST_CHECK int cyi_names_remove(struct cyi_names *names, const struct cyi_key *key,
                                   cy_ref owner);

/* Take all names of an owner away. */
void cyi_names_forget(struct cyi_names *names, cy_ref owner);

/* What a task looks for. */
struct cyi_search {
    const struct cyi_key *key;
    uint32_t core;               /* of this node; CYI_CORE_NONE: not here */
    const cy_location *location; /* of others to ask; NULL: all */
    bool ask;
};

/* In a task: wait until somebody has the name. -ETIMEDOUT, -ECANCELED, -ENOBUFS, -ENOMEM. */
CY_MUST_CHECK int cyi_names_wait(struct cyi_names *names, struct cyi_core *core,
                                 const struct cyi_search *search, cy_ref *out,
                                 cy_time deadline);

/* Whom to ask for names that are not here; or NULL. */
void cyi_names_ask(struct cyi_names *names, const struct cyi_resolver *resolver);
const struct cyi_resolver *cyi_names_asks(const struct cyi_names *names);

/* How many names there are, and how many seekers wait for one. */
uint32_t cyi_names_count(struct cyi_names *names);
uint32_t cyi_names_seekers(struct cyi_names *names);

#endif
