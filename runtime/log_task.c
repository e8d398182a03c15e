/* log_task.c - the log of the node that the caller runs in. */
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>

void
cy_log_write(enum cy_log_level level, const char *event, const char *format, ...)
{
    struct cyi_core *core = cyi_self;
    if (core == NULL || !cyi_log_enabled(core->node->log, level))
        return;
    const struct cyi_task *task = core->sched.current;
    struct cyi_log_origin origin = {core->index, task != NULL ? task->name : NULL};
    va_list args;
    va_start(args, format);
    cyi_log_vwrite(core->node->log, &origin, level, event, format, args);
    va_end(args);
}

bool
cy_log_enabled(enum cy_log_level level)
{
    struct cyi_core *core = cyi_self;
    return core != NULL && cyi_log_enabled(core->node->log, level);
}
