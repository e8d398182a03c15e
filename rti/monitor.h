/* monitor.h - who is told of the ends of what a task starts by a method. */
#ifndef CYI_RTI_MONITOR_H
#define CYI_RTI_MONITOR_H

#include "method.h"

/* Whoever wants to be told of the running task's calls of a method; nobody: no one. */
cy_ref cyi_rti_monitor_of(struct cyi_core *core, cy_ref method);

/* In a task: let `watcher`, a task of this node, monitor a task. */
CY_MUST_CHECK int cyi_rti_monitor_begin(struct cyi_core *core, cy_ref watcher, cy_ref task);

void cyi_rti_monitors_fini(struct cyi_rti_core *rti);

#endif
