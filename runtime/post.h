/* post.h - what inbox.c and post.c share; see cycos/impl/post.h for the calls. */
#ifndef CYI_POST_H
#define CYI_POST_H

#include "sanitizer.h"
#include <cycos/impl/inbox.h>

enum cyi_slot_kind { CYI_SLOT_MSG, CYI_SLOT_BYTES, CYI_SLOT_CALL };

/* Put a message into the ring to another core; false when it is full. Wakes nobody. */
bool cyi_post_slot(struct cyi_core *core, uint16_t to, cy_msg *msg);

/* How many slots a message with so long a body takes when it is copied. */
static inline uint32_t
cyi_post_slots(size_t size)
{
    if (__builtin_expect(size <= CYI_SLOT_BODY, 1))
        return 1;
    return 1 + (uint32_t) ((size - CYI_SLOT_BODY + CYI_SLOT_MORE - 1) / CYI_SLOT_MORE);
}

/* Move what waits for one core into its ring as far as there is room. */
void cyi_inbox_flush_to(struct cyi_core *core, uint16_t to);

/* Wake a core if it sleeps. */
void cyi_post_nudge(struct cyi_core *core, struct cyi_core *to);

/* Send the blocks home that other cores own and this one freed. */
void cyi_post_returns(struct cyi_core *core);

/* Free what is left of the reserve for answers. */
void cyi_reserve_free(struct cyi_inbox *inbox);

#endif
