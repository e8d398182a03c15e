/*
 * view.c - what is to be said of a task, for the dump and for those who ask.
 *
 * Tests: tests/runtime/test_dump.c
 */
#include <cycos/impl/node.h>
#include <cycos/impl/view.h>
#include <stdio.h>

static const char *const WAITS[CYI_WAITS] = {
    [CYI_WAIT_NOTHING] = "nothing",     [CYI_WAIT_MESSAGE] = "message",
    [CYI_WAIT_SLEEP] = "sleep",         [CYI_WAIT_RESUME] = "resume",
    [CYI_WAIT_ANSWER] = "answer",       [CYI_WAIT_JOIN] = "join",
    [CYI_WAIT_EVENT] = "event",         [CYI_WAIT_LOCK] = "lock",
    [CYI_WAIT_CONDITION] = "condition", [CYI_WAIT_SEMAPHORE] = "semaphore",
    [CYI_WAIT_CHANNEL] = "channel",     [CYI_WAIT_NAME] = "name",
    [CYI_WAIT_READ] = "read",           [CYI_WAIT_WRITE] = "write",
    [CYI_WAIT_STOPPING] = "stopping",   [CYI_WAIT_POOL] = "pool",
    [CYI_WAIT_SPAWN] = "spawn",         [CYI_WAIT_RELOCK] = "relock",
};

static const char *const STATES[] = {
    [CYI_TASK_FREE] = "free",       [CYI_TASK_ENDED] = "ended",     [CYI_TASK_READY] = "ready",
    [CYI_TASK_RUNNING] = "running", [CYI_TASK_WAITING] = "waiting",
};

static const struct {
    uint16_t flag;
    const char *name;
} FLAGS[] = {
    {CYI_TASK_MAIN, "main"},           {CYI_TASK_HANDLER, "handler"},
    {CYI_TASK_DAEMON, "daemon"},       {CYI_TASK_JOINABLE, "joinable"},
    {CYI_TASK_NAMED, "registered"},    {CYI_TASK_SUBSCRIBED, "subscribed"},
    {CYI_TASK_CONGESTED, "congested"}, {CYI_TASK_RESUMED, "resumed"},
    {CYI_TASK_CANCELLED, "cancelled"}, {CYI_TASK_CLEANING, "cleaning"},
};
enum { FLAG_COUNT = sizeof FLAGS / sizeof FLAGS[0] };
_Static_assert((int) FLAG_COUNT <= (int) CYI_VIEW_FLAGS_MAX, "all of them fit into a view");

const char *
cyi_wait_name(const struct cyi_task *task)
{
    if (task->state != CYI_TASK_WAITING)
        return task->state == CYI_TASK_READY ? "its turn" : "nothing";
    return WAITS[task->wait];
}

const char *
cyi_task_does(const struct cyi_task *task)
{
    return task->state == CYI_TASK_WAITING ? WAITS[task->wait] : STATES[task->state];
}

/* How long it has waited: the record has only 32 bits of the core's clock. */
static cy_time
waited(const struct cyi_task *task, cy_time now)
{
    uint32_t units = (uint32_t) (now >> CYI_SINCE_SHIFT) - task->wait_since;
    /* Set from a clock that was read a moment later than ours. */
    return (int32_t) units < 0 ? 0 : (cy_time) units << CYI_SINCE_SHIFT;
}

static void
format_object(char *text, size_t size, const struct cyi_task *task)
{
    const void *object = task->wait_object;
    if (object == NULL || task->wait == CYI_WAIT_STOPPING)
        text[0] = '\0';
    else if (task->wait == CYI_WAIT_READ || task->wait == CYI_WAIT_WRITE)
        cyi_socket_format(text, size, object);
    else if (task->wait == CYI_WAIT_JOIN || task->wait == CYI_WAIT_ANSWER)
        cy_ref_format(text, size, *(const cy_ref *) object);
    else if (task->wait == CYI_WAIT_NAME)
        snprintf(text, size, "%s", (const char *) object);
    else
        snprintf(text, size, "%p", object);
}

static void
view_wait(struct cyi_task_view *out, const struct cyi_task *task, cy_time now)
{
    out->wait = WAITS[task->wait];
    out->waited = waited(task, now);
    if (cyi_timer_armed(&task->timer))
        out->timeout = task->timer.when - now;
    format_object(out->object, sizeof out->object, task);
}

void
cyi_task_view(struct cyi_task_view *out, const struct cyi_core *core,
              const struct cyi_task *task, cy_time now)
{
    *out = (struct cyi_task_view){
        .ref = cyi_task_ref(core, task),
        .name = task->name,
        .state = STATES[task->state],
        .timeout = CY_FOREVER,
        .queued = task->queued,
        .mailbox_max = task->mailbox_max,
        .promised = task->promised,
    };
    if (task->state == CYI_TASK_WAITING)
        view_wait(out, task, now);
    if (task->stack != NULL && task->state != CYI_TASK_ENDED) {
        out->stack_used = cyi_stack_high_water(task->stack);
        out->stack_bytes = (size_t) 1 << task->stack->class;
    }
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (task->flags & FLAGS[i].flag)
            out->flags[out->flag_count++] = FLAGS[i].name;
    }
}
