/* cycos/registry.h - names of tasks and channels. */
#ifndef CYCOS_REGISTRY_H
#define CYCOS_REGISTRY_H

#include <cycos/channel.h>
#include <cycos/location.h>
#include <cycos/task.h>

CY_BEGIN_DECLS

#define CY_NAME_MAX 63 /* bytes, without the terminator */

/**
 * cy_task_register - give the running task a name that others can find
 * @name: NULL: the task's own name
 *
 * Names of tasks are unique in a node. All of a task's names vanish when it ends.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies @name
 * Errors:    -EEXIST another task has it (0 if it is the caller's already), -ENAMETOOLONG,
 *            -EINVAL empty, -ENOBUFS the node has a million names, or a million were given up
 *            while one task kept its core without a pause, -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_task_register(const char *name);

/**
 * cy_task_unregister - take a name of the running task away
 * @name: NULL: the task's own name
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOENT it is not a name of this task
 * Since:     0.1
 */
CY_MUST_CHECK int cy_task_unregister(const char *name);

/**
 * cy_task_lookup - find a task of this node by name
 * @out:  receives the reference; untouched on failure
 * @name: its name
 *
 * Takes no lock; may be asked from any core.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -ENOENT
 * Since:     0.1
 */
CY_MUST_CHECK int cy_task_lookup(cy_ref *out, const char *name);

/**
 * cy_task_locate - find a task by name, waiting until somebody has it
 * @out:      receives the reference; untouched on failure
 * @name:     its name
 * @location: NULL, or of the core that is asked alone; with port 0, of the host
 * @deadline: absolute
 *
 * A name of this node is found at once. Otherwise all others are asked, those too that come
 * later; whoever has the name first answers, and nobody says no. What was found may end at any
 * time: then whatever is done to it says so. A name that is not UTF-8 text without control
 * characters is sought on this node only.
 *
 * Context:   a task; suspends: while nobody has the name; blocks: no
 * Ownership: copies
 * Errors:    -ETIMEDOUT, -ECANCELED, -EINVAL empty, -ENAMETOOLONG, -ENOBUFS this node waits for
 *            too many names of others, CY_ENOPEER another location in a node without a network,
 *            -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_task_locate(cy_ref *out, const char *name, const cy_location *location,
                                 cy_time deadline);

/**
 * cy_channel_register - give a channel a name that others can find
 * @channel: of this core
 * @name:    NULL: the name it was created with
 *
 * Context:   a task or handler of the channel's core; suspends: no; blocks: no
 * Ownership: copies @name
 * Errors:    -ESRCH no such channel here, and those of cy_task_register()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_register(cy_ref channel, const char *name);

/**
 * cy_channel_unregister - take a name of a channel away
 * @channel: of this core
 * @name:    NULL: the name it was created with
 *
 * Context:   a task or handler of the channel's core; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ENOENT it is not a name of this channel, -ESRCH
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_unregister(cy_ref channel, const char *name);

/**
 * cy_channel_lookup - find a channel of this node by name
 * @out:  receives the reference; untouched on failure
 * @name: its name
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -ENOENT
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_lookup(cy_ref *out, const char *name);

/**
 * cy_channel_locate - find a channel by name, waiting until somebody has it
 * @out:      receives the reference; untouched on failure
 * @name:     its name
 * @location: NULL, or of the core that is asked alone; with port 0, of the host
 * @deadline: absolute
 *
 * As cy_task_locate() does it.
 *
 * Context:   a task; suspends: while nobody has the name; blocks: no
 * Ownership: copies
 * Errors:    -ETIMEDOUT, -ECANCELED, -EINVAL empty, -ENAMETOOLONG, -ENOBUFS this node waits for
 *            too many names of others, CY_ENOPEER another location in a node without a network,
 *            -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_locate(cy_ref *out, const char *name, const cy_location *location,
                                    cy_time deadline);

CY_END_DECLS

#endif
