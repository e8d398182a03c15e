/* dump.c - every task of a core and what it waits for. */
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>

static const char *const NAMES[CYI_WAITS] = {
    [CYI_WAIT_NOTHING] = "nothing",     [CYI_WAIT_MESSAGE] = "message",
    [CYI_WAIT_SLEEP] = "sleep",         [CYI_WAIT_RESUME] = "resume",
    [CYI_WAIT_ANSWER] = "answer",       [CYI_WAIT_JOIN] = "join",
    [CYI_WAIT_EVENT] = "event",         [CYI_WAIT_LOCK] = "lock",
    [CYI_WAIT_CONDITION] = "condition", [CYI_WAIT_SEMAPHORE] = "semaphore",
    [CYI_WAIT_CHANNEL] = "channel",     [CYI_WAIT_NAME] = "name",
    [CYI_WAIT_READ] = "read",           [CYI_WAIT_WRITE] = "write",
    [CYI_WAIT_STOPPING] = "stopping",   [CYI_WAIT_POOL] = "pool",
    [CYI_WAIT_SPAWN] = "spawn",
};

const char *
cyi_wait_name(const struct cyi_task *task)
{
    if (task->state != CYI_TASK_WAITING)
        return task->state == CYI_TASK_READY ? "its turn" : "nothing";
    return NAMES[task->wait];
}

void
cyi_core_dump(struct cyi_core *core)
{
    (void) core;
}
