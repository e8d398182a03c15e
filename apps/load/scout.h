/* scout.h - finds all tasks of one name on the network, not only the first that answers. */
#ifndef LOAD_SCOUT_H
#define LOAD_SCOUT_H

#include <cycos/ref.h>
#include <cycos/time.h>

/*
 * Starts a daemon that asks each core of the network that is there or comes by @deadline, and
 * sends LOAD_MSG_FOUND to the calling task for each task that has the name; perhaps twice for
 * the same. @name is a constant. As cy_task_spawn().
 */
int load_scout_send(cy_ref *out, const char *name, cy_time deadline);

#endif
