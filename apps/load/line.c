/*
 * line.c - the lines of a core to its target: the seam between pace and protocol.
 * Tests: tests/load/test_generator.c
 */
#include "line.h"
#include "senders.h"
#include "sockets.h"

#include <cycos/task.h>

const struct load_kind *
load_kind_of(const struct load_settings *settings)
{
    return load_target_named(&settings->target) ? &load_senders : &load_sockets;
}

void
load_group_tell(struct load_group *group)
{
    /* It may have ended in an interrupted run: then nobody waits. */
    int rc = cy_resume(group->generator);
    (void) rc;
}

void
load_group_ready(struct load_group *group)
{
    if (--group->unready == 0)
        load_group_tell(group);
}

void
load_group_fail(struct load_group *group, int error)
{
    if (group->unready == 0)
        return;
    if (group->error == 0)
        group->error = error;
    load_group_tell(group);
}

void
load_group_room(struct load_group *group)
{
    if (!group->generator_waits)
        return;
    group->generator_waits = false;
    load_group_tell(group);
}

void
load_group_leave(struct load_group *group)
{
    group->tasks--;
    load_group_tell(group);
}

bool
load_group_over(const struct load_group *group)
{
    return group->phase == LOAD_PHASE_DRAINING || group->error != 0;
}
