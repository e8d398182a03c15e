/* strangers.h - nodes that were met, but are in another network. */
#ifndef CTL_STRANGERS_H
#define CTL_STRANGERS_H

#include "ctl.h"

/* Whether connections with others have failed for a certificate or a secret. */
bool ctl_strangers_met(struct ctl *ctl);
/* Nobody has answered. Says so; the status, which tells why if all that are here are such. */
CY_PRINTF(2, 3)
int ctl_silence(struct ctl *ctl, const char *format, ...);

#endif
