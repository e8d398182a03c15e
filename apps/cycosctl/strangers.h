/* strangers.h - nodes that were met, but are in another network. */
#ifndef CTL_STRANGERS_H
#define CTL_STRANGERS_H

#include "ctl.h"

/* Whether connections with others have failed for a certificate or a secret. */
bool ctl_strangers_met(struct ctl *ctl);

#endif
