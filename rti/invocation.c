/* invocation.c - the task's side of a call. */
#include "invocation.h"
#include <cycos/impl/msg.h>
#include <stdlib.h>

/* What a task's core tells the method's. */
enum word { ENDED, ENDED_TOLD, TOLD, GONE };
struct event {
    struct cyi_job *job;
    size_t value_bytes;
    enum word word;
};
_Static_assert(sizeof(struct event) <= CYI_POST_INLINE, "an event travels in one slot");

static void
job_ended(struct cyi_core *core, const struct event *event)
{
    struct cyi_job *job = event->job;
    struct cyi_method *method = cyi_method_of(job);
    bool first = cyi_list_empty(&method->jobs.results);
    cy_time now = core->os->now(core->os);
    if (!cyi_job_ended(job, now, event->value_bytes, event->word == ENDED_TOLD))
        cyi_method_forget(core, job);
    else if (first)
        cyi_method_wake(core, method);
}

/* On the method's core. */
static void
hear(struct cyi_core *core, const void *args)
{
    const struct event *event = args;
    struct cyi_method *method = cyi_method_of(event->job);
    switch (event->word) {
    case ENDED:
    case ENDED_TOLD:
        job_ended(core, event);
        break;
    case TOLD:
        cyi_job_told(event->job);
        break;
    case GONE:
        cyi_job_gone(event->job);
        cyi_method_wake(core, method);
        cyi_method_release(method);
        break;
    }
}

static void
tell(struct cyi_core *core, const struct cyi_invocation *self, enum word word, size_t bytes)
{
    struct event event = {self->job, bytes, word};
    if (self->home == core->index)
        hear(core, &event);
    else
        cyi_post_answer(core, self->home, hear, &event, sizeof event);
}

static struct cyi_invocation *
of(struct cyi_owner *owner)
{
    return cyi_container_of(owner, struct cyi_invocation, owner);
}

static void
ended(struct cyi_core *core, struct cyi_owner *owner, size_t value_bytes, bool told)
{
    tell(core, of(owner), told ? ENDED_TOLD : ENDED, value_bytes);
}

static void
told(struct cyi_core *core, struct cyi_owner *owner)
{
    tell(core, of(owner), TOLD, 0);
}

static void
gone(struct cyi_core *core, struct cyi_owner *owner)
{
    struct cyi_invocation *self = of(owner);
    tell(core, self, GONE, 0);
    if (self->request != NULL)
        cyi_msg_drop(core, self->request);
    free(self);
}

struct cyi_invocation *
cyi_invocation_make(const struct cyi_method *method, struct cyi_job *job, cy_msg *msg,
                    const struct cyi_rti_request *request)
{
    struct cyi_invocation *self = malloc(sizeof *self);
    if (self == NULL)
        return NULL;
    *self = (struct cyi_invocation){.owner = {ended, told, gone},
                                    .job = job,
                                    .home = method->server.core,
                                    .caller = job->caller,
                                    .fn = method->fn,
                                    .arg = method->options.arg,
                                    .handler = method->options.handler,
                                    .request = msg,
                                    .args = request->args};
    return self;
}

/* The method has failed and has said no more than what was wrong with its arguments. */
static void
explain(struct cyi_core *core, const struct cyi_invocation *self)
{
    cy_value_writer w;
    cy_msg *value;
    if (self->args.why[0] == '\0' || cyi_exit_value_is_set(core))
        return;
    cy_value_writer_init_msg(&w, CYI_RTI_ANSWER);
    cy_value_put_text(&w, self->args.why);
    if (cy_value_finish_msg(&w, &value) == 0 && cy_exit_value(&value) != 0)
        cy_msg_free(&value);
}

int
cyi_invocation_run(void *arg)
{
    struct cyi_invocation *self = arg;
    struct cyi_core *core = cyi_current();
    int code = self->fn(&self->args);
    if (code != 0)
        explain(core, self);
    else if (self->handler != NULL)
        cyi_task_become(core, self->handler, self->state);
    cy_msg_free(&self->request);
    return code;
}

/* Of the running task, or NULL. */
static struct cyi_invocation *
current(void)
{
    struct cyi_owner *owner = cyi_owner_of_current(cyi_current());
    return owner == NULL || owner->gone != gone ? NULL : of(owner);
}

cy_ref
cy_rti_caller(void)
{
    const struct cyi_invocation *self = current();
    return self == NULL ? CY_NOBODY : self->caller;
}

void *
cy_rti_arg(void)
{
    const struct cyi_invocation *self = current();
    return self == NULL ? NULL : self->arg;
}

void
cy_rti_keep(void *state)
{
    struct cyi_invocation *self = current();
    CY_ASSERT(self != NULL);
    self->state = state;
}
