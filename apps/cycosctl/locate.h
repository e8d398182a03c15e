/* locate.h - who has a name, as the options --kind, --at and --timeout have it. */
#ifndef CTL_LOCATE_H
#define CTL_LOCATE_H

#include "core.h"

/* In a task. Returns an exit status, and has said what is wrong. */
int ctl_locate_name(struct ctl *ctl, cy_ref *out, const char *name);

#endif
