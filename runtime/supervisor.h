/*
 * supervisor.h - the thread that called cy_run(): signals, stalls, waiting for the end.
 *
 * It works while a task hogs its core, because it is none. When nothing happens it wakes eight
 * times a second to see whether some core hangs, or once a second when it need not.
 */
#ifndef CYI_SUPERVISOR_H
#define CYI_SUPERVISOR_H

#include <cycos/impl/core.h>

/* Block the signals it will handle, so that the cores' threads inherit that. */
CY_MUST_CHECK int cyi_supervisor_open(struct cyi_node *node);
void cyi_supervisor_close(struct cyi_node *node);

/* Until every core has ended. */
void cyi_supervisor_run(struct cyi_node *node);

/* Called on a core's thread, first and last. */
void cyi_supervisor_core_begins(struct cyi_core *core);
void cyi_supervisor_core_ends(struct cyi_core *core);

#endif
