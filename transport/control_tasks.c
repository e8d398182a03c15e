/*
 * control_tasks.c - the tasks of a core, for those who ask.
 *
 * Tests: tests/transport/test_control.c
 */
#include "control.h"
#include <cycos/impl/view.h>
#include <stdlib.h>

static void
put_flags(cy_value_writer *w, const struct cyi_task_view *view)
{
    cy_value_put_text(w, "flags");
    cy_value_put_list(w, view->flag_count);
    for (unsigned i = 0; i < view->flag_count; i++)
        cy_value_put_text(w, view->flags[i]);
}

static void
put_wait(cy_value_writer *w, const struct cyi_task_view *view)
{
    cy_value_put_text(w, "wait");
    if (view->wait != NULL)
        cy_value_put_text(w, view->wait);
    else
        cy_value_put_nil(w);
    cyi_control_put_text(w, "object", view->object);
    cyi_control_put_uint(w, "waited_ns", (uint64_t) view->waited);
    cy_value_put_text(w, "timeout_ns");
    if (view->timeout == CY_FOREVER)
        cy_value_put_nil(w);
    else
        cy_value_put_uint(w, view->timeout < 0 ? 0 : (uint64_t) view->timeout);
}

static void
put_task(cy_value_writer *w, const struct cyi_core *core, const struct cyi_task *task,
         cy_time now)
{
    struct cyi_task_view view;
    cyi_task_view(&view, core, task, now);
    cy_value_put_map(w, 13);
    cy_value_put_text(w, "task");
    cy_value_put_ref(w, view.ref);
    cyi_control_put_text(w, "name", view.name);
    cyi_control_put_text(w, "state", view.state);
    put_wait(w, &view);
    cyi_control_put_uint(w, "queued", view.queued);
    cyi_control_put_uint(w, "mailbox_max", view.mailbox_max);
    cyi_control_put_uint(w, "promised", view.promised);
    cyi_control_put_uint(w, "stack_used", view.stack_used);
    cyi_control_put_uint(w, "stack_bytes", view.stack_bytes);
    put_flags(w, &view);
}

/* The cursor is the place in the core's table, where a task stays as long as it lives. */
int
cyi_control_tasks(struct cyi_core *core, const struct cyi_question *question,
                  cy_value_writer *w)
{
    const struct cyi_task **tasks = malloc(question->max * sizeof *tasks);
    uint64_t at = question->from;
    uint32_t count = 0, looks = 0;
    if (tasks == NULL)
        return -ENOMEM;
    for (; at < core->tasks.count && count < question->max && looks < CY_CONTROL_WALK_MAX;
         at++, looks++) {
        const struct cyi_task *task = cyi_task_at(core, (uint32_t) at);
        if (task != NULL)
            tasks[count++] = task;
    }
    cyi_control_begin(w, core, question, 3);
    cyi_control_put_uint(w, "alive", core->tasks.alive);
    cyi_control_put_next(w, at < core->tasks.count ? at : 0);
    cy_value_put_text(w, "tasks");
    cy_value_put_list(w, count);
    for (uint32_t i = 0; i < count; i++)
        put_task(w, core, tasks[i], core->os->now(core->os));
    free(tasks);
    return 0;
}
