/*
 * serve.c - a method's server: looks at each call, starts its task and says which it is.
 *
 * It suspends only to start a task on another core; the job is held meanwhile, because the task
 * may have ended, or its caller may be lost, before the server goes on.
 */
#include "invocation.h"
#include <cycos/impl/msg.h>
#include <cycos/impl/node.h>
#include <cycos/mailbox.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 }; /* calls in a row before others may run */

void
cyi_method_wake(struct cyi_core *core, const struct cyi_method *method)
{
    struct cyi_task *server =
        cyi_task_find(core, method->server.slot, method->server.generation);
    if (server != NULL && server->wait == CYI_WAIT_MESSAGE)
        cyi_wake(core, server, -ETIMEDOUT);
}

void
cyi_method_forget(struct cyi_core *core, struct cyi_job *job)
{
    cyi_job_forget(job);
    if (!job->starting)
        cyi_result_forget(core, job->task);
}

void
cyi_method_lost(struct cyi_core *core, struct cyi_method *method, cy_ref peer)
{
    cyi_list_for_each(link, &method->jobs.running) {
        struct cyi_job *job = cyi_container_of(link, struct cyi_job, link);
        if (job->caller.node != peer.node || job->caller.core != peer.core)
            continue;
        if (job->starting)
            job->orphan = true;
        else if (method->options.end_with_node)
            cyi_terminate(core, job->task);
    }
}

static bool
allowed(const struct cyi_core *core, const struct cyi_method *method, cy_ref caller)
{
    if (method->allow == NULL || caller.node == core->home.node)
        return true;
    for (uint32_t i = 0; i < method->options.allow_count; i++) {
        const cy_location *allow = &method->allow[i];
        if (memcmp(allow->address, caller.address, sizeof allow->address) == 0 &&
            (allow->port == 0 || allow->port == caller.port))
            return true;
    }
    return false;
}

static void
answer(struct cyi_core *core, struct cyi_return to, int result, cy_msg *msg)
{
    if (msg != NULL)
        msg->sender = cyi_task_ref(core, core->sched.current);
    cyi_answer(core, to, result, 0, msg);
}

static uint16_t
choose_core(const struct cyi_core *core, struct cyi_method *method)
{
    if (!method->options.spread)
        return core->index;
    return method->next_core++ % core->node->core_count;
}

/* The job that nobody has heard of ends before it has begun. */
static void
discard(struct cyi_job *job)
{
    cyi_job_gone(job);
    cyi_job_started(job, CY_NOBODY);
}

/* Start the task of a job; takes the message if 0. */
static int
spawn(struct cyi_core *core, cy_ref *task, struct cyi_job *job, cy_msg *msg,
      const struct cyi_rti_request *request)
{
    struct cyi_method *method = cyi_method_of(job);
    const struct cy_task_options options = {.name = method->name,
                                            .stack_bytes = method->options.stack_bytes,
                                            .mailbox_max = method->options.mailbox_max,
                                            .daemon = method->options.daemon,
                                            .joinable = request->keep};
    struct cyi_invocation *invocation = cyi_invocation_make(method, job, msg, request);
    if (invocation == NULL)
        return -ENOMEM;
    const struct cyi_owned owned = {cyi_invocation_run, invocation, &invocation->owner,
                                    &options};
    int rc = cyi_spawn_owned(task, choose_core(core, method), &owned);
    if (rc != 0)
        free(invocation);
    return rc;
}

/* A job for this call. Those whose results somebody knows make room for it. */
static int
begin(struct cyi_core *core, struct cyi_method *method, struct cyi_job **job, cy_ref caller,
      const struct cyi_rti_request *request)
{
    struct cyi_job *known;
    while (request->keep && (known = cyi_jobs_excess(&method->jobs, caller.node)) != NULL)
        cyi_method_forget(core, known);
    return cyi_job_begin(&method->jobs, job, caller, request->number, request->keep);
}

/* The caller was lost while the task was being started. */
static void
abandon(struct cyi_core *core, struct cyi_job *job, cy_ref task)
{
    job->keep = false;
    cyi_terminate(core, task);
    if (job->state == CYI_JOB_WAITS) {
        cyi_job_forget(job);
        cyi_result_forget(core, task);
    }
}

/* Takes the message if 0. */
static int
start(struct cyi_core *core, struct cyi_method *method, struct cyi_return to, cy_msg *msg,
      const struct cyi_rti_request *request)
{
    struct cyi_job *job;
    cy_msg *accepted;
    cy_ref task;
    int rc = begin(core, method, &job, msg->sender, request);
    if (rc != 0)
        return rc;
    if ((rc = cyi_rti_answer_make(&accepted)) != 0) {
        discard(job);
        return rc;
    }
    if ((rc = spawn(core, &task, job, msg, request)) != 0) {
        cyi_msg_drop(core, accepted);
        discard(job);
        return rc;
    }
    if (job->orphan) {
        cyi_msg_drop(core, accepted); /* the way back may be somebody else's by now */
        abandon(core, job, task);
    } else {
        cyi_rti_accept(accepted, task);
        answer(core, to, 0, accepted);
    }
    cyi_rti_core(core)->counters.started++;
    cyi_job_started(job, task);
    return 0;
}

static void
count_refusal(struct cyi_core *core, int error)
{
    struct cyi_rti_counters *counters = &cyi_rti_core(core)->counters;
    counters->wrong_arguments += error == -EINVAL;
    counters->not_allowed += error == -EACCES;
    counters->too_many += error == -ENOBUFS;
    counters->not_started += error != -EINVAL && error != -EACCES && error != -ENOBUFS;
}

/* The arguments are wrong: say why, if there is memory to say it. */
static void
refuse(struct cyi_core *core, struct cyi_return to, const char *why)
{
    cy_msg *refusal;
    count_refusal(core, -EINVAL);
    if (cyi_rti_answer_make(&refusal) != 0) {
        answer(core, to, -EINVAL, NULL);
        return;
    }
    cyi_rti_refuse(refusal, why);
    answer(core, to, 0, refusal);
}

/* True when the call needs no more answer. */
static bool
consider(struct cyi_core *core, struct cyi_method *method, struct cyi_return to, cy_msg **msg,
         int *error)
{
    struct cyi_rti_request request;
    *error = method->closed ? -ENOENT : allowed(core, method, (*msg)->sender) ? 0 : -EACCES;
    if (*error != 0)
        return false;
    if (cyi_rti_request_read(&request, cy_msg_body(*msg), cy_msg_size(*msg)) != 0) {
        refuse(core, to, "the call is malformed");
        return true;
    }
    cy_args_reader check = request.args;
    if (method->signature != NULL && cyi_signature_check(method->signature, &check) != 0) {
        refuse(core, to, cy_args_reader_error(&check));
        return true;
    }
    *error = start(core, method, to, *msg, &request);
    if (*error == 0)
        *msg = NULL;
    return *error == 0;
}

static void
take_call(struct cyi_core *core, struct cyi_method *method, cy_msg **msg)
{
    struct cyi_return to;
    int error;
    if (((*msg)->flags & CYI_MSG_CALL) == 0 || !cyi_return_of(core, &to, *msg))
        return; /* nobody would hear of the task */
    if (consider(core, method, to, msg, &error))
        return;
    count_refusal(core, error);
    answer(core, to, error, NULL);
}

static void
take_cancel(struct cyi_core *core, struct cyi_method *method, const cy_msg *msg)
{
    uint64_t number;
    if (cyi_rti_cancel_read(&number, cy_msg_body(msg), cy_msg_size(msg)) != 0)
        return;
    struct cyi_job *job = cyi_job_find(&method->jobs, msg->sender, number);
    if (job == NULL)
        return;
    cyi_rti_core(core)->counters.cancelled++;
    job->keep = false;
    if (job->state == CYI_JOB_RUNS)
        cyi_terminate(core, job->task);
    else
        cyi_method_forget(core, job);
}

static void
take(struct cyi_core *core, struct cyi_method *method, cy_msg **msg)
{
    if (cy_msg_tag(*msg) == CYI_RTI_CALL)
        take_call(core, method, msg);
    else if (cy_msg_tag(*msg) == CYI_RTI_CANCEL)
        take_cancel(core, method, *msg);
    cy_msg_free(msg);
}

static void
forget_expired(struct cyi_core *core, struct cyi_method *method)
{
    struct cyi_job *job;
    cy_time now = cy_now();
    while ((job = cyi_jobs_due(&method->jobs, now)) != NULL)
        cyi_method_forget(core, job);
}

int
cyi_method_serve(void *arg)
{
    struct cyi_method *method = arg;
    struct cyi_core *core = cyi_current();
    int rc = 0;
    for (uint32_t calls = 0; rc != -ECANCELED; calls++) {
        cy_msg *msg = NULL;
        forget_expired(core, method);
        if (method->closed && method->jobs.alive == 0)
            break;
        rc = cy_receive(&msg, cyi_jobs_next(&method->jobs));
        if (rc == 0)
            take(core, method, &msg);
        if (rc == 0 && calls % BATCH == BATCH - 1)
            rc = cy_yield();
    }
    if (!method->closed) /* terminated: its names end with it */
        cyi_node_gone(core, cyi_rti_as(method->server, CY_KIND_METHOD));
    method->ended = true;
    cyi_method_release(method);
    return 0;
}
