/* seekers.h - who waits for names that nobody has yet; under the lock of the names. */
#ifndef CYI_SEEKERS_H
#define CYI_SEEKERS_H

#include <cycos/impl/name.h>

struct cyi_seekers {
    struct cyi_hash_key hash_key; /* for a hash of their own: other nodes choose the names */
    struct cyi_map leaders;
    uint32_t count;
};

CY_MUST_CHECK int cyi_seekers_enter(struct cyi_seekers *seekers, struct cyi_seeker *me);
void cyi_seekers_leave(struct cyi_seekers *seekers, struct cyi_seeker *me);
/* Somebody has the name: tell all whom it concerns, in the order in which they came. */
void cyi_seekers_tell(struct cyi_seekers *seekers, struct cyi_core *core,
                      const struct cyi_key *key, cy_ref ref);

static inline bool
cyi_seeker_wants(const struct cyi_seeker *seeker, cy_ref ref)
{
    return seeker->core == CYI_CORE_ANY || seeker->core == ref.core;
}

#endif
