/* ask.h - questions to cores. <cycos/control.h> says what they answer. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "core.h"

/*
 * Ask all of them at once, in tasks of their own, and wait for the end of all. With `list` the
 * entries of that name are gathered from page to page into core->items.
 */
void ctl_ask_all(struct ctl *ctl, struct ctl_cores *cores, const char *what, const char *list);

/* One of them, in the caller's task; core->error has the result as well. */
int ctl_ask(struct ctl *ctl, struct ctl_core *core, const char *what, const char *list);

/*
 * Says of each core that gave no answer why. The exit status: 0 when all answered, else that
 * of the first that did not.
 */
int ctl_ask_report(const struct ctl *ctl, const struct ctl_cores *cores);

/* One row for each item of each list, with the name of its core in front; the lists are empty
 * then. */
void ctl_ask_gather(struct ctl_rows *out, struct ctl_cores *cores);

#endif
