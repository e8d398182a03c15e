/* call.c - the caller's side: a request to the method's server, and what became of it. */
#include "monitor.h"
#include "request.h"
#include <cycos/mailbox.h>

/* What a method may answer; anything else is no answer. */
static bool
is_answer(int rc)
{
    static const int known[] = {-EACCES, -EAGAIN, -EINVAL, -ENOBUFS, -ENOENT, -ENOMEM};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (rc == known[i])
            return true;
    }
    return false;
}

/* The task may have been started: nobody wants it. Should the way be full, it stays. */
static void
cancel(cy_ref server, uint64_t number)
{
    cy_msg *msg;
    if (cyi_rti_cancel_make(&msg, number) != 0)
        return;
    if (cy_send(server, &msg) != 0)
        cy_msg_free(&msg);
}

/* A call under way. */
struct calling {
    cy_ref server;
    uint64_t number;
    cy_args *args;
    cy_time deadline;
};

/* The error of a request that was sent, or was not. */
static int
error_of(const struct cyi_core *core, const struct calling *call, int rc, bool sent)
{
    bool away = call->server.node != core->home.node;
    if (rc == -ESRCH)
        return !sent && away ? CY_ENOPEER : -ENOENT;
    if (!sent || rc == -ETIMEDOUT || rc == -ECANCELED || rc == CY_ENOPEER || is_answer(rc))
        return rc;
    return CY_EFRAME;
}

/* Ask the server: 0 and *task, or the call's error. */
static int
ask(struct cyi_core *core, cy_ref *task, const struct calling *call, cy_msg *request)
{
    cy_msg *reply;
    int rc = cy_call(&reply, call->server, &request, call->deadline);
    bool sent = request == NULL;
    if (rc == 0) {
        rc = CY_EFRAME;
        if (cy_msg_tag(reply) == CYI_RTI_ANSWER)
            rc = cyi_rti_answer_read(task, call->args, cy_msg_body(reply), cy_msg_size(reply),
                                     call->server.node);
        cy_msg_free(&reply);
    } else {
        cy_msg_free(&request);
        rc = error_of(core, call, rc, sent);
    }
    if (rc != 0 && sent && !is_answer(rc))
        cancel(call->server, call->number);
    return rc;
}

static int
make_call(struct cyi_core *core, cy_ref *out, cy_ref method, const struct calling *call)
{
    cy_ref task;
    cy_msg *request;
    int rc = cyi_rti_request_make(&request, call->args, call->number, out != NULL);
    if (rc == 0)
        rc = ask(core, &task, call, request);
    if (rc != 0 || out == NULL)
        return rc;
    cy_ref watcher = cyi_rti_monitor_of(core, method);
    if (!cy_ref_is_nobody(watcher) && (rc = cyi_rti_monitor_begin(core, watcher, task)) != 0) {
        cancel(call->server, call->number);
        return rc;
    }
    *out = task;
    return 0;
}

int
cy_rti_call(cy_ref *out, cy_ref method, cy_args *args, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_rti_core *rti = cyi_rti_core(core);
    if (args != NULL)
        args->why[0] = '\0';
    if (cy_ref_kind(method) != CY_KIND_METHOD)
        return -ENOENT;
    if (rti == NULL)
        return -ENOMEM;
    struct calling call = {cyi_rti_as(method, CY_KIND_TASK), ++rti->counters.calls, args,
                           deadline};
    int rc = make_call(core, out, method, &call);
    rti->counters.failed += rc != 0;
    return rc;
}
