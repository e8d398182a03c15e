/* remote_channel.h - words of the runtime about channels, as items of a link and back. */
#ifndef CYI_REMOTE_CHANNEL_H
#define CYI_REMOTE_CHANNEL_H

#include "carry.h"

/* As router.channel(). */
int cyi_remote_channel_say(struct cyi_core *core, cy_ref to,
                           const struct cyi_channel_word *word, cy_msg *msg);

/* Items from CYI_OP_CHANNEL on, and CYI_OP_FORWARD. -EBADMSG they make no sense. */
CY_MUST_CHECK int cyi_remote_channel_carry_out(struct cyi_link *link,
                                               struct cyi_arrival *arrival);
CY_MUST_CHECK int cyi_remote_channel_forward(struct cyi_link *link,
                                             struct cyi_arrival *arrival);

#endif
