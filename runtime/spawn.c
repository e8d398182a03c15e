/* spawn.c - starting tasks, on this core or on another. */
#include "task.h"
#include <cycos/impl/node.h>
#include <string.h>

static const struct cy_task_options DEFAULTS;

static int
read_options(struct cyi_spawn *spawn, struct cyi_core *core,
             const struct cy_task_options *options)
{
    const struct cy_options *node = core->node->options;
    if (core->stack_class == 0)
        core->stack_class = cyi_stack_class(node->stack_bytes);
    spawn->stack_class =
        options->stack_bytes == 0 ? core->stack_class : cyi_stack_class(options->stack_bytes);
    if (spawn->stack_class == 0)
        return -EINVAL;
    spawn->mailbox_max = options->mailbox_max != 0 ? options->mailbox_max : node->mailbox_max;
    if (options->name != NULL) {
        if (options->name[0] == '\0')
            return -EINVAL;
        if (strlen(options->name) > CY_TASK_NAME_MAX)
            return -ENAMETOOLONG;
        spawn->own_name = options->name;
    }
    if (options->daemon)
        spawn->flags |= CYI_TASK_DAEMON;
    if (options->joinable)
        spawn->flags |= CYI_TASK_JOINABLE;
    return 0;
}

/* The task has a copy of its name. */
static int
start_named(struct cyi_core *core, struct cyi_task **out, const struct cyi_spawn *given)
{
    struct cyi_spawn spawn = *given;
    char *name = cyi_heap_take(&core->heap, 0, CY_TASK_NAME_MAX + 1);
    if (name == NULL)
        return -ENOMEM;
    memcpy(name, given->own_name, strlen(given->own_name) + 1);
    spawn.name = name;
    spawn.flags |= CYI_TASK_OWN_NAME;
    int rc = cyi_task_start(core, out, &spawn);
    if (rc != 0)
        cyi_heap_give(&core->heap, 0, name);
    return rc;
}

/* On the task's core, which is the caller's: the spawner may be another core's, suspended. */
static int
start_here(struct cyi_core *core, struct cyi_task **out, const struct cyi_spawn *given)
{
    int rc = given->own_name == NULL ? cyi_task_start(core, out, given)
                                     : start_named(core, out, given);
    if (rc == 0 && given->note != NULL)
        cyi_watch_attach(core, *out, given->note);
    return rc;
}

/* The spawner's stack holds the request; it cannot be cancelled until we have answered. */
struct request {
    struct cyi_return spawner;
    const struct cyi_spawn *spawn;
};

static void
spawn_for_other(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    struct cyi_task *task;
    int rc = start_here(core, &task, request->spawn);
    uint64_t value = rc == 0 ? (uint64_t) task->slot << 32 | task->generation : 0;
    cyi_answer(core, request->spawner, rc, value, NULL);
}

static int
start_there(struct cyi_core *core, uint16_t there, cy_ref *out, const struct cyi_spawn *spawn)
{
    struct cyi_answered answered;
    struct request request = {cyi_await_begin(core), spawn};
    if (core->sched.current->flags & CYI_TASK_CANCELLED)
        return -ECANCELED;
    int rc = cyi_post_call(core, there, spawn_for_other, &request, sizeof request);
    if (rc != 0)
        return rc;
    rc = cyi_await(core, CYI_WAIT_SPAWN, NULL, CY_FOREVER, &answered);
    *out = core->node->cores[there]->home;
    out->slot = (uint32_t) (answered.value >> 32);
    out->generation = (uint32_t) answered.value;
    return rc;
}

static int
spawn_task(cy_ref *out, uint16_t there, struct cyi_spawn *spawn,
           const struct cy_task_options *options)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task;
    cy_ref ref;
    if (options == NULL)
        options = &DEFAULTS;
    int rc = read_options(spawn, core, options);
    if (rc != 0)
        return rc;
    if (there == CY_CORE_HERE)
        there = core->index;
    if (there >= core->node->core_count)
        return -EINVAL;
    if (options->monitor && core->sched.current->promised >= CYI_PROMISED_MAX)
        return -EAGAIN;
    if (options->monitor && (spawn->note = cyi_watch_prepare(core)) == NULL)
        return -ENOMEM;
    cy_msg *note = spawn->note;
    if (there != core->index) {
        rc = start_there(core, there, &ref, spawn);
    } else if ((rc = start_here(core, &task, spawn)) == 0) {
        ref = cyi_task_ref(core, task);
    }
    if (rc != 0) {
        if (note != NULL)
            cyi_watch_abandon(core, note);
        return rc;
    }
    if (note != NULL)
        cyi_watch_target(core, note, ref);
    if (out != NULL)
        *out = ref;
    return 0;
}

int
cy_task_spawn_named(cy_ref *out, uint16_t core, cy_task_fn *fn, void *arg, const char *name,
                    const struct cy_task_options *options)
{
    struct cyi_spawn spawn = {.fn = (void *) fn, .arg = arg, .name = name};
    return spawn_task(out, core, &spawn, options);
}

int
cy_handler_spawn_named(cy_ref *out, uint16_t core, cy_handler_fn *fn, void *state,
                       const char *name, const struct cy_task_options *options)
{
    struct cyi_spawn spawn = {
        .fn = (void *) fn, .arg = state, .name = name, .flags = CYI_TASK_HANDLER};
    return spawn_task(out, core, &spawn, options);
}

int
cyi_spawn_owned(cy_ref *out, uint16_t core, const struct cyi_owned *owned)
{
    struct cyi_spawn spawn = {.fn = (void *) owned->fn,
                              .arg = owned->arg,
                              .name = owned->options->name,
                              .owner = owned->owner};
    return spawn_task(out, core, &spawn, owned->options);
}

/* What an application's tasks need says nothing of what ours do: a handshake takes 13 KiB. */
enum { DAEMON_STACK = 64 << 10 };

static int
start_daemon(struct cyi_core *core, struct cyi_task **out, struct cyi_spawn *spawn)
{
    uint64_t stack = core->node->options->stack_bytes;
    spawn->mailbox_max = core->node->options->mailbox_max;
    spawn->flags |= CYI_TASK_DAEMON;
    spawn->stack_class = cyi_stack_class(stack > DAEMON_STACK ? stack : DAEMON_STACK);
    return cyi_task_start(core, out, spawn);
}

int
cyi_daemon_start(struct cyi_core *core, cy_task_fn *fn, void *arg, const char *name)
{
    struct cyi_task *task;
    struct cyi_spawn spawn = {.fn = (void *) fn, .arg = arg, .name = name};
    return start_daemon(core, &task, &spawn);
}

int
cyi_daemon_handler_start(struct cyi_core *core, struct cyi_task **out, cy_handler_fn *fn,
                         void *state, const char *name)
{
    struct cyi_spawn spawn = {
        .fn = (void *) fn, .arg = state, .name = name, .flags = CYI_TASK_HANDLER};
    return start_daemon(core, out, &spawn);
}
